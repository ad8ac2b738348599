/** @file growth.h  What each stage holds beyond its bounded stores, read again and again, and judged (bytes.h).
 *
 * growth_tick takes a reading of every stage and lets the judgements follow; a stage that may leak is sampled at every allocation
 * (suspect.h) until the place is known. Memory: mmap, charged to the stage "profile". Threads: the one that ticks; it reads too. */
#ifndef PROFILE_EXPORT_GROWTH_H
#define PROFILE_EXPORT_GROWTH_H

#include "profile/heap/store.h"
#include "profile/stats/bytes.h"

/** Totals since the start; statements are counted by counts.h. */
struct growth_traffic {
        uint64_t open;     /**< sessions now */
        uint64_t begun;    /**< sessions */
        uint64_t requests; /**< of the admin port */
};

/** Set the memory aside, at the start. Without memory: with the first reading, or later. */
void growth_init(void);
void growth_tick(uint64_t wall_ns, const struct growth_traffic *traffic);
/** NULL without memory, and before the first reading. */
const struct bytes *growth_of(enum prof_stage stage);
/** The store of @p stage that holds most, with its bound for the sessions that are open; STORE_COUNT: none holds anything. */
enum prof_store growth_fullest(enum prof_stage stage, struct prof_store_state *state);
void growth_fini(void);

#endif
