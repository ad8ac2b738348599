/** @file steady.h  Does something rise steadily, as a leak does, or only for a while, as what warms up, fills, or wanders?
 *
 * A trend alone does not tell: a cache that fills, a step, a random walk all have one. A rise is steady if over a window that
 * reaches to the newest reading, and is long enough,
 *  - each fifth of it is above the one before by a like amount, and the newest third goes on;
 *  - no few jumps make it up, and its second half is not slower than its first;
 *  - it is sure: beyond what the readings do besides, even if they remember all before them as a random walk does, and at a
 *    level of significance of which all looks together spend no more than STEADY_ALPHA;
 *  - it goes beyond what was there before the window.
 * A question that is asked again with each reading is many tests: at the k-th reading 8 / (k (k + 1)) of the level is spent,
 * which from the eighth on adds up to one. Pure arithmetic. Source: Kendall (1938), Sen (1968), Lan and DeMets (1983).
 * Threads: any. */
#ifndef PROFILE_STATS_STEADY_H
#define PROFILE_STATS_STEADY_H

#include <stdbool.h>
#include <stddef.h>

#define STEADY_ALPHA  0.01
#define STEADY_LEAST  24  /**< readings; what fills in fewer is not told from what rises for ever */
#define STEADY_POINTS 120 /**< more readings are averaged to so many */

struct steady_ask {
        double bound;  /**< a rise by reading that is none */
        size_t tests;  /**< that are asked at once: they share the level */
        bool believed; /**< something else says that it rises, too: less is asked for */
};

struct steady {
        bool rises;
        size_t window; /**< readings, to the newest */
        double slope;  /**< by reading */
        double low;    /**< 95 % */
        double high;
};

/** Of @p n readings. @p scratch: STEADY_SCRATCH doubles. */
#define STEADY_SCRATCH (3 * STEADY_POINTS * STEADY_POINTS)
struct steady steady_rise(const double *y, size_t n, const struct steady_ask *ask, double *scratch);

/** Does a curve that levels off fit the readings much better than a straight line does? @p scratch as above. */
bool steady_slows(const double *y, size_t n, double *scratch);

#endif
