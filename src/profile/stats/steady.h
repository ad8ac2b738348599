/** @file steady.h  Does something rise steadily, as a leak does, or only for a while, as what warms up, fills, or fluctuates?
 *
 * A trend alone cannot tell these apart: a cache that fills, a step, and a random walk all have one. A rise is steady if, over
 * a window that reaches to the newest reading and is long enough,
 *  - each fifth of it is above the one before by a similar amount, and the newest third still rises;
 *  - no few jumps make it up, and its second half is not slower than its first;
 *  - it is significant: it exceeds what a random walk with such readings would do, at a level of which all tests together spend
 *    no more than STEADY_ALPHA;
 *  - it exceeds the level before the window.
 * A test that is repeated with each reading is many tests: the k-th reading spends 8 / (k (k + 1)) of the level, which from the
 * eighth on adds up to one. Pure arithmetic. Sources: Kendall (1938), Sen (1968), Lan and DeMets (1983).
 * Threads: any. */
#ifndef PROFILE_STATS_STEADY_H
#define PROFILE_STATS_STEADY_H

#include <stdbool.h>
#include <stddef.h>

#define STEADY_ALPHA 0.01
#define STEADY_LEAST                                                                                         \
        24 /**< least number of readings; with fewer, what fills cannot be distinguished from what rises for ever */
#define STEADY_POINTS 120 /**< more readings than this are averaged */

struct steady_ask {
        double bound;  /**< a slope up to this, per reading, does not count as a rise */
        size_t tests;  /**< number of tests made together: they share the level */
        bool believed; /**< there is other evidence of a rise, so that less is required */
};

struct steady {
        bool rises;
        size_t window; /**< number of readings, up to the newest */
        double slope;  /**< per reading */
        double low;    /**< of the 95 % interval */
        double high;
};

/** Test @p n readings. @p scratch: STEADY_SCRATCH doubles. */
#define STEADY_SCRATCH (3 * STEADY_POINTS * STEADY_POINTS)
struct steady steady_rise(const double *y, size_t n, const struct steady_ask *ask, double *scratch);

/** Does a curve that levels off fit the readings much better than a straight line does? @p scratch as above. */
bool steady_slows(const double *y, size_t n, double *scratch);

#endif
