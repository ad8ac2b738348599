/** @file store.h  Bounded stores: memory that fills up to a bound, how much is in use, and what the bound is.
 *
 * A store that fills for the first time looks like a leak but is not one, so its owner reports what the store contains. It
 * reports what it *believes*, as entries come and go, not what was allocated: what an owner forgets to free is live memory
 * that belongs to no store, and shows as growth beyond the stores (bytes.h).
 *
 *      prof_store_bound(STORE_DIGESTS, 4096 * each, 0);     once, or whenever the bound changes
 *      prof_store_add(STORE_DIGESTS, +1200);                an entry came; negative when it goes
 *
 * What is allocated completely at the start (rings, recorders, column definitions of results) does not grow and needs no store.
 * Units: bytes as asked for, without prefixes. Threads: any may add; prof_store_bound any; the reader sums all. */
#ifndef PROFILE_HEAP_STORE_H
#define PROFILE_HEAP_STORE_H

#include "profile/heap/stage.h"

enum prof_store {
        STORE_DIGESTS,    /**< statistics by statement digest (journal/enrich/digests.c) */
        STORE_SCOPES,     /**< statistics by scope, user and so on (journal/enrich/scope_stats.c) */
        STORE_STATEMENTS, /**< prepared statements that clients have not closed (mysql/dissect/statement.c) */
        STORE_IDENTITIES, /**< past sessions that recent records refer to (journal/recent.c) */
        STORE_RECORDS,    /**< the table of allocation records (table.c) */
        STORE_MARKS,      /**< the marks that were set (profile/export/snapshot.c) */
        STORE_TABLES, /**< libevent's tables by file descriptor; what libevent has allocated counts as theirs up to the bound */
        STORE_COUNT
};

struct prof_store_state {
        const char *name; /**< "digests" */
        uint64_t used;
        uint64_t bound; /**< 0 = not reported yet */
};

/** Set the bound: @p fixed bytes, and @p each for each open session. */
void prof_store_bound(enum prof_store store, uint64_t fixed, uint64_t each);
/** The store has grown by @p bytes; negative if it became smaller. */
void prof_store_add(enum prof_store store, int64_t bytes);
enum prof_stage prof_store_stage(enum prof_store store);
/** @p sessions: how many are open now, for the bound. STORE_TABLES belongs to no single stage, and its use is always 0. */
struct prof_store_state prof_store_read(enum prof_store store, uint64_t sessions);
/** Bytes in use in the stores of @p stage, none counted beyond its bound. */
uint64_t prof_store_in_use(enum prof_stage stage, uint64_t sessions);

#endif
