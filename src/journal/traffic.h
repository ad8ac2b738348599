/** @file traffic.h  How many statements there were in each of the last seconds, with their errors, time and rows; and since the start, with
 * their findings and a histogram of their durations.
 * Threads: the journal thread counts; any thread reads, without a lock: a second that is being counted may be read in part.
 * Memory: fixed. */
#ifndef JOURNAL_TRAFFIC_H
#define JOURNAL_TRAFFIC_H

#include "base/clock.h"
#include "mysql/record/record.h"
#include "mysql/wire/command.h"

#include <stdatomic.h>

enum { TRAFFIC_SECONDS = 900, TRAFFIC_BUCKETS = 16 };

/** Upper bounds of the buckets for durations; the longest have one more bucket without a bound. */
extern const uint64_t traffic_bounds_us[TRAFFIC_BUCKETS];

/** A second, or the sum of several. */
struct traffic_sums {
        uint64_t statements; /**< that were executed: COM_QUERY and COM_STMT_EXECUTE */
        uint64_t errors;     /**< those of them that failed */
        uint64_t time_us;    /**< their durations */
        uint64_t rows;       /**< that they returned */
        uint64_t affected_rows;
};

struct traffic {
        struct traffic_second {
                _Atomic uint64_t second; /**< since 1970, at which they ended; 0 = never used */
                _Atomic uint64_t statements;
                _Atomic uint64_t errors;
                _Atomic uint64_t time_us;
                _Atomic uint64_t rows;
                _Atomic uint64_t affected_rows;
        } seconds[TRAFFIC_SECONDS];
        struct {
                _Atomic uint64_t buckets[TRAFFIC_BUCKETS + 1];
                _Atomic uint64_t errors;
                _Atomic uint64_t time_us;
                _Atomic uint64_t rows;
                _Atomic uint64_t affected_rows;
                _Atomic uint64_t findings[FINDING_COUNT];
        } totals;
        /* The journal thread's own: the second that was counted last, and when it begins. */
        struct traffic_second *current; /**< NULL: none yet */
        uint64_t current_ns;
};

/** All statements since the start. */
struct traffic_totals {
        uint64_t buckets[TRAFFIC_BUCKETS + 1]; /**< statements by duration; the sum is their number */
        uint64_t errors;
        uint64_t time_us;
        uint64_t rows;
        uint64_t affected_rows;
        uint64_t findings[FINDING_COUNT]; /**< statements that have the finding */
};

/** The second of @p wall_ns, which becomes the current one; if it is new, all its sums are 0. */
struct traffic_second *traffic_second_at(struct traffic *t, uint64_t wall_ns);

/** There is one writer: no addition can get lost. */
static inline void traffic_sum(_Atomic uint64_t *to, uint64_t n)
{
        atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n, memory_order_relaxed);
}

/** Add @p r, except whether it failed, to the totals since the start. */
void traffic_count_total(struct traffic *t, const struct record *r);

/** Count @p r, a query record. */
static inline void traffic_count(struct traffic *t, const struct record *r)
{
        if (r->command_id != COM_QUERY && r->command_id != COM_STMT_EXECUTE) {
                return;
        }
        uint64_t end_ns = r->wall_ns + r->duration_us * CLOCK_US_NS;
        struct traffic_second *s = t->current;
        if (s == NULL || end_ns - t->current_ns >= CLOCK_S_NS) {
                s = traffic_second_at(t, end_ns);
        }
        traffic_sum(&s->statements, 1);
        traffic_sum(&s->time_us, r->duration_us);
        traffic_sum(&s->rows, r->rows); /* the numbers of the own part are 0 if they are absent */
        traffic_sum(&s->affected_rows, r->affected_rows);
        traffic_count_total(t, r);
        if (record_has(r, FIELD_ERRNO)) {
                traffic_sum(&s->errors, 1);
                traffic_sum(&t->totals.errors, 1);
        }
}

/** Add the second @p second since 1970 to @p sums. @return false if it is too long ago, or nothing ended in it. */
bool traffic_add(const struct traffic *t, uint64_t second, struct traffic_sums *sums);
/** All statements so far. */
struct traffic_totals traffic_totals(const struct traffic *t);

#endif
