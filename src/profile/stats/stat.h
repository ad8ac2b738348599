/** @file stat.h  Statistics of growth: how many records have not been seen yet, and whether live bytes rise. Pure arithmetic.
 *
 * Records are like species, and samples like the animals caught: the same work is repeated, and each round looks at another
 * random part of it. Sources: Chao (1984) for the unseen, Good and Toulmin (1956) for what comes next, Efron and
 * Thisted (1976) for the variance of that; Kendall (1938) and Sen (1968) for the trend, Hamed and Rao (1998) for
 * autocorrelated readings. Threads: any. */
#ifndef PROFILE_STATS_STAT_H
#define PROFILE_STATS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAT_FREQUENCIES 8

/** What was caught so far. */
struct stat_catch {
        uint64_t samples;             /**< n */
        uint64_t records;             /**< S */
        uint64_t f[STAT_FREQUENCIES]; /**< f[k]: records with exactly k samples; f[0] is not used */
};

/** Count a record with @p samples samples. */
void stat_catch_add(struct stat_catch *c, uint64_t samples);
/** A lower bound of the records not seen yet (Chao1, bias-corrected). */
double stat_unseen(const struct stat_catch *c);
/** The share of *samples* that come from records seen already (Good-Turing); not a share of records. */
double stat_coverage(const struct stat_catch *c);

/** What the next samples will bring. */
struct stat_births {
        bool
            known; /**< false: no samples so far, or the prediction is for more than half as many samples as there were */
        double expected; /**< new records */
        double low;      /**< the 95 % prediction band; whole numbers */
        double high;
        double spread; /**< the standard deviation behind it */
};
struct stat_births stat_births(const struct stat_catch *c, double more_samples);
/** The prediction with @p factor times the spread, at least 1, for births that come in clumps. */
struct stat_births stat_births_wider(struct stat_births b, double factor);
/** P(X >= @p k) of a Poisson variable with mean @p mean. */
double stat_poisson_at_least(double mean, uint64_t k);

/** A straight line through readings, robust against outliers. */
struct stat_trend {
        bool known;       /**< at least four readings with different x */
        double slope;     /**< Theil-Sen: y by x */
        double slope_low; /**< two-sided, at the given confidence */
        double slope_high;
        double p; /**< Mann-Kendall, one-sided: the probability of such a rise by chance */
};
/** @p scratch: of @p n * (@p n + 1) / 2 doubles. */
struct stat_trend stat_trend(const double *x, const double *y, size_t n, double confidence, double *scratch);

#endif
