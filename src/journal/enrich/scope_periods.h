/** @file scope_periods.h  Scopes that somebody declares from outside (POST /scopes), one at a time: a statement that begins between the
 * beginning and the end of one, and that has no scope of its own, belongs to it.
 *
 *      main thread:    scope_periods_begin, scope_periods_end -> the last periods
 *      journal thread: scope_periods_put, for each command without a scope, in the order of the journal, which may be late
 *
 * A record that is more periods late than are kept has no scope.
 * Knows: times by the monotonic clock.   Does not know: sessions, which may work for somebody else meanwhile.
 * Threads: see above; a lock is taken only if there was a period.   Memory: STAGE_JOURNAL, one block, from the first period on. */
#ifndef JOURNAL_ENRICH_SCOPE_PERIODS_H
#define JOURNAL_ENRICH_SCOPE_PERIODS_H

#include "base/lock.h"
#include "base/status.h"
#include "journal/enrich/scope.h"

enum { SCOPE_PERIODS = 1024 /**< that are kept */ };

struct scope_period {
        uint64_t begin_ns;
        uint64_t end_ns; /**< UINT64_MAX while it is open */
        size_t len;
        char name[SCOPE_NAME_MAX];
};

/** All zero: there was no period. */
struct scope_periods {
        struct lock lock;
        _Atomic bool any;
        struct scope_period *at;   /**< a ring */
        uint64_t n;                /**< how many there were; the last is at[(n - 1) % SCOPE_PERIODS] */
        char name[SCOPE_NAME_MAX]; /**< of the record that scope_periods_put saw last */
};

void scope_periods_fini(struct scope_periods *p);

/** Begin the period @p name, of 1 to SCOPE_NAME_MAX bytes, at @p now_ns. @return STATUS_LIMIT if one is open, STATUS_NOMEM. */
enum status scope_periods_begin(struct scope_periods *p, struct span name, uint64_t now_ns);
/** End the one that is open. @return STATUS_NOTFOUND if none is; STATUS_INVALID if it has another name than @p name. */
enum status scope_periods_end(struct scope_periods *p, struct span name, uint64_t now_ns);
/** The name of the open period; empty if none is open. Main thread; valid until the next period begins. */
struct span scope_periods_open(const struct scope_periods *p);

static inline bool scope_periods_any(const struct scope_periods *p)
{
        return atomic_load_explicit(&p->any, memory_order_relaxed);
}

/** Give @p r, a command without a scope, that of the period in which it began, if there is one. Its name is valid until the next call. */
void scope_periods_put(struct scope_periods *p, struct record *r);

#endif
