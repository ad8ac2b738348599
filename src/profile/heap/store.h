/** @file store.h  Bounded stores: who owns memory that fills up to a bound, how much of it, and what the bound is.
 *
 * A store that fills for the first time looks like a leak, but is none: so its owner tells what it holds. It tells what it
 * *believes*, as its entries come and go, and not what was allocated: what an owner forgets to free is live memory that
 * no store holds, and shows as growth beyond them (bytes.h).
 *
 *      prof_store_bound(STORE_DIGESTS, 4096 * each, 0);     once, or whenever the bound changes
 *      prof_store_add(STORE_DIGESTS, +1200);                an entry came; negative when it goes
 *
 * What is allocated whole at the start (rings, recorders, heads of results) does not grow and needs no store.
 * Units: bytes as asked for, without prefixes. Threads: any may add; prof_store_bound any; the reader sums all. */
#ifndef PROFILE_HEAP_STORE_H
#define PROFILE_HEAP_STORE_H

#include "profile/heap/stage.h"

enum prof_store {
        STORE_DIGESTS,    /**< statistics by shape (journal/enrich/digests.c) */
        STORE_SHAPES,     /**< texts seen before (journal/enrich/template_cache.c) */
        STORE_STATEMENTS, /**< prepared statements that clients have not closed (mysql/dissect/statement.c) */
        STORE_RECORDS,    /**< the table of allocation records (record.c) */
        STORE_MARKS,      /**< the marks that were set (snapshot.c) */
        STORE_TABLES, /**< libevent's, by file descriptor: it owns them, so they are what libevent holds up to that */
        STORE_COUNT
};

struct prof_store_state {
        const char *name; /**< "digests" */
        uint64_t used;
        uint64_t bound; /**< 0 = not told yet */
};

/** @p fixed bytes, and @p each for each open session. */
void prof_store_bound(enum prof_store store, uint64_t fixed, uint64_t each);
/** The store holds @p bytes more. */
void prof_store_add(enum prof_store store, int64_t bytes);
enum prof_stage prof_store_stage(enum prof_store store);
/** @p sessions: for the bound, open now. STORE_TABLES, which belongs to no one stage, has no use of its own. */
struct prof_store_state prof_store_read(enum prof_store store, uint64_t sessions);
/** What the stores of @p stage hold, none counted beyond its bound. */
uint64_t prof_store_in_use(enum prof_stage stage, uint64_t sessions);

#endif
