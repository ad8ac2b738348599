/** @file series.h  What each stage held over time: a round-robin series of readings, finest for the newest.
 *
 *      tier 0: every reading, 600 of them; tier 1: 10 readings each, 720; tier 2: 300 each, 576
 *
 * At a reading a second that is the last 10 minutes, 2 hours and 2 days. A point of several readings keeps the one that is
 * fit to compare: of the fewest sessions, and of those of the fewest live bytes. Memory: mmap, charged to the stage
 * "profile". Threads: the one that ticks; it reads too. */
#ifndef PROFILE_EXPORT_SERIES_H
#define PROFILE_EXPORT_SERIES_H

#include "profile/heap/prof.h"
#include "profile/stats/stat.h"

#define SERIES_TIERS       3
#define SERIES_FREQUENCIES 4
#define SERIES_WHOLE       STAGE_COUNT /**< in the place of a stage: all of them together */

/** One stage at the readings of one point. Totals since the start, as of the last reading. */
struct series_point {
        uint64_t wall_ns;
        uint64_t statements;
        uint64_t allocs;
        uint64_t frees;
        uint64_t samples;
        uint64_t rss; /**< of the process, bytes */
        uint32_t records;
        uint32_t readings;
        uint64_t
            since; /**< prof_sample_since(): points that differ in it were caught at other rates, and do not compare */
        uint32_t f[SERIES_FREQUENCIES]; /**< records born under load with 1 … 4 samples */
        uint32_t sessions;              /**< open at the reading that was kept, the fewest */
        uint64_t floor_statements;      /**< statements at that reading */
        int64_t floor_bytes;            /**< live bytes then */
        int64_t floor_count;            /**< live blocks then */
        int64_t max_bytes;
        double sum_bytes; /**< over the readings: for the average */
};

/** Set the memory for readings aside, at the start rather than with the first one. Without memory: then, or later. */
void series_init(void);
/** Take a reading of all stages. @p sessions: open now. */
void series_tick(uint64_t wall_ns, uint64_t sessions);
/** Points of a tier that are there; the newest of a coarse tier may be of fewer readings than its others. */
size_t series_length(unsigned tier);
/** Point @p i, 0 = the oldest. @return false if there is none. */
bool series_get(unsigned tier, unsigned stage, size_t i, struct series_point *out);
/** The finest tier that goes back to the first reading, or else the coarsest. */
unsigned series_tier_of_all(void);
/** What was caught until this point, as far as it is kept. */
struct stat_catch series_catch(const struct series_point *p);
/** Readings so far. */
uint64_t series_readings(void);
void series_fini(void);

#endif
