/** @file scope_records.h  A record of each scope (scope.h) when it has ended: how long it took, and what it sent.
 *
 *      statement of a scope that is not open -> it is opened; if there is no space, the one without statements for longest ends: evicted
 *      nothing for log.scope_idle_ms         -> it ends: idle
 *      every session that was in it is in another scope, or has ended -> it ends: next_scope, disconnect
 *
 * A scope that comes with the statements themselves, in a tag or a query attribute, can go on in any session of a pool: only time ends it.
 * Statements without a scope end none.
 * Knows: records of commands, redacted.   Does not know: which statements are still running.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, one block that is allocated at the start: about 2 KiB for each scope that can be
 * open. */
#ifndef JOURNAL_ENRICH_SCOPE_RECORDS_H
#define JOURNAL_ENRICH_SCOPE_RECORDS_H

#include "base/status.h"
#include "journal/enrich/account.h"

struct settings;
struct open_scope;

/** The scope that a session is in; all zero at first. */
struct scope_member {
        uint64_t serial; /**< of the scope when it was opened; 0 = none. It may have ended. */
        uint32_t place;
        uint64_t trx_id; /**< of the last transaction that was counted */
};

struct scope_records {
        struct open_scope *scopes; /**< NULL: there are no records of scopes */
        uint32_t *buckets;         /**< by the hash of the name: places; 0 = none */
        uint32_t n_buckets;        /**< a power of two */
        uint32_t free;             /**< place; 0 = none */
        uint32_t oldest;           /**< place of the one without statements for longest; 0 = none is open */
        uint32_t newest;
        uint32_t n; /**< how many are open */
        uint32_t most;
        uint64_t serial;
        uint64_t idle_ns;
        struct record record; /**< the one that was returned last, and its texts */
        struct account_times times;
};

enum status scope_records_init(struct scope_records *t, const struct settings *settings);
void scope_records_fini(struct scope_records *t);

/** @p r, the next record of the session of @p m, is about to be written. @return the record of the scope that the session has left, and
 *  that is over with that; valid until the next call. Usually NULL. */
const struct record *scope_records_leave(struct scope_records *t, struct scope_member *m,
                                         const struct record *r);
/** Add @p r to its scope. @return the record of a scope that had to end to make space. */
const struct record *scope_records_add(struct scope_records *t, struct scope_member *m,
                                       const struct record *r);

/** Is a scope open that scope_records_due could end? */
static inline bool scope_records_are_waiting(const struct scope_records *t)
{
        return t->oldest != 0;
}

/** The record of the next scope in which nothing has happened for long enough at @p now_ns (monotonic), or of any that is open if
 *  @p all. @return NULL if there is none. */
const struct record *scope_records_due(struct scope_records *t, uint64_t now_ns, bool all);

#endif
