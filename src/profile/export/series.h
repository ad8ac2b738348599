/** @file series.h  The memory of each stage over time: a round-robin series of readings, finest for the newest.
 *
 *      tier 0: every reading, 600 of them; tier 1: 10 readings each, 720; tier 2: 300 each, 576
 *
 * With one reading a second these are the last 10 minutes, 2 hours and 2 days. A point that joins several readings keeps the
 * figures of the most comparable one: that with the fewest sessions, and among those the one with the fewest live bytes.
 * Memory: mmap, charged to the stage "profile". Threads: the one that ticks; it reads too. */
#ifndef PROFILE_EXPORT_SERIES_H
#define PROFILE_EXPORT_SERIES_H

#include "profile/heap/prof.h"
#include "profile/stats/stat.h"

#define SERIES_TIERS       3
#define SERIES_FREQUENCIES 4
#define SERIES_WHOLE       STAGE_COUNT /**< instead of a stage: all of them together */

/** One stage in the readings of one point. Totals since the start, as of the last reading. */
struct series_point {
        uint64_t wall_ns;
        uint64_t statements;
        uint64_t allocs;
        uint64_t frees;
        uint64_t samples;
        uint64_t rss; /**< resident size of the process, bytes */
        uint32_t records;
        uint32_t readings;
        uint64_t
            since; /**< prof_sample_since(): points that differ in it were sampled at different rates, and cannot be compared */
        uint32_t f[SERIES_FREQUENCIES]; /**< records born under load with 1 … 4 samples */
        uint32_t sessions; /**< the fewest that were open at a reading; the next three are of that reading */
        uint64_t floor_statements; /**< statements so far */
        int64_t floor_bytes;       /**< live bytes */
        int64_t floor_count;       /**< live blocks */
        int64_t max_bytes;
        double sum_bytes; /**< sum over the readings, for the average */
};

/** Reserve the memory, at the start. If there is none, series_tick tries again. */
void series_init(void);
/** Take a reading of all stages. @p sessions: open now. */
void series_tick(uint64_t wall_ns, uint64_t sessions);
/** Number of points in a tier; the newest point of a coarse tier may have fewer readings than the others. */
size_t series_length(unsigned tier);
/** Point @p i, 0 = the oldest. @return false if there is none. */
bool series_get(unsigned tier, unsigned stage, size_t i, struct series_point *out);
/** The finest tier that still has the first reading; if none has, the coarsest. */
unsigned series_tier_of_all(void);
/** The samples up to this point, as far as a point keeps them. */
struct stat_catch series_catch(const struct series_point *p);
/** Readings so far. */
uint64_t series_readings(void);
void series_fini(void);

#endif
