/** @file growth.h  The live bytes of each stage beyond its bounded stores: read at intervals, and judged (bytes.h).
 *
 * growth_tick takes a reading of every stage and makes the judgements that are due; a stage that may leak is sampled at every
 * allocation (suspect.h) until the place is known. Memory: mmap, charged to the stage "profile". Threads: the one that ticks; it reads too. */
#ifndef PROFILE_EXPORT_GROWTH_H
#define PROFILE_EXPORT_GROWTH_H

#include "profile/heap/store.h"
#include "profile/stats/bytes.h"

/** Totals since the start; statements are counted by counts.h. */
struct growth_traffic {
        uint64_t open;     /**< sessions open now */
        uint64_t begun;    /**< sessions begun */
        uint64_t requests; /**< requests to the admin port */
};

/** Reserve the memory, at the start. If there is none, growth_tick tries again. */
void growth_init(void);
void growth_tick(uint64_t wall_ns, const struct growth_traffic *traffic);
/** @return NULL without memory, and before the first reading. */
const struct bytes *growth_of(enum prof_stage stage);
/** The largest store of @p stage, with its bound for the sessions that are open; STORE_COUNT if all are empty. */
enum prof_store growth_fullest(enum prof_stage stage, struct prof_store_state *state);
void growth_fini(void);

#endif
