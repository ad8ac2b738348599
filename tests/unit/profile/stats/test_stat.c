/* Statistics: figures of textbooks, and simulations with a known truth. */
#include "profile/stats/stat.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>

static bool near(double a, double b, double tolerance)
{
        bool is = fabs(a - b) <= tolerance;
        if (!is) {
                printf("# %g, not %g\n", a, b);
        }
        return is;
}

static uint64_t seed;

/** Uniform in (0, 1). */
static double chance(void)
{
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return ((double)(seed >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
        return sqrt(-2 * log(chance())) * cos(6.283185307179586 * chance());
}

static void poisson(void)
{
        CU_ASSERT_TRUE(near(stat_poisson_at_least(2, 0), 1, 0));
        CU_ASSERT_TRUE(near(stat_poisson_at_least(2, 1), 0.8646647167633873, 1e-12));
        CU_ASSERT_TRUE(near(stat_poisson_at_least(2, 5), 0.052653017343711, 1e-12));
        CU_ASSERT_TRUE(near(stat_poisson_at_least(100, 100), 0.5132987982791487, 1e-9));
        CU_ASSERT_TRUE(near(stat_poisson_at_least(1e-9, 1), 1e-9, 1e-15));
        CU_ASSERT_TRUE(near(stat_poisson_at_least(0, 1), 0, 0));
        CU_ASSERT_TRUE(stat_poisson_at_least(10, 100) < 1e-50);
        CU_ASSERT_TRUE(near(stat_poisson_at_least(1e6, 1), 1, 1e-12));
}

static void the_unseen(void)
{
        struct stat_catch c = {0};
        CU_ASSERT_EQUAL(stat_unseen(&c), 0);
        CU_ASSERT_EQUAL(stat_coverage(&c), 0);
        CU_ASSERT_FALSE(stat_births(&c, 0).known);
        const uint64_t samples[] = {1, 1, 1, 1, 2, 2, 5, 100, 0};
        for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
                stat_catch_add(&c, samples[i]);
        }
        CU_ASSERT_EQUAL(c.records, 8);
        CU_ASSERT_EQUAL(c.samples, 113);
        CU_ASSERT_TRUE(c.f[1] == 4 && c.f[2] == 2 && c.f[5] == 1);
        CU_ASSERT_TRUE(near(stat_unseen(&c), 112.0 / 113 * 4 * 3 / 6, 1e-12));
        CU_ASSERT_TRUE(near(stat_coverage(&c), 1 - 4.0 / 113, 1e-12));
        struct stat_births b = stat_births(&c, 11.3);
        CU_ASSERT_TRUE(b.known && near(b.expected, 0.4 - 0.02 + 1e-5, 1e-4));
        CU_ASSERT_TRUE(b.low == 0 && b.high >= 1 && b.high <= 3);
        CU_ASSERT_FALSE(stat_births(&c, 57).known); /* more than half as many again */
        CU_ASSERT_FALSE(stat_births(&c, -1).known);
        CU_ASSERT_EQUAL(stat_births(&c, 0).expected, 0);
        CU_ASSERT_TRUE(stat_births(&c, 0).high < 1);
        b = stat_births(&c, 0.1); /* next to nothing is expected, but not nothing */
        CU_ASSERT_TRUE(b.low == 0 && b.high == 1);
        /* 100 seen once, 50 twice: 20 - 2 = 18 within 1.96 deviations of 4 + 0.08 + 18 + 0.2, and half a record */
        const struct stat_catch many = {.samples = 1000, .records = 400, .f = {0, 100, 50}};
        b = stat_births(&many, 200);
        CU_ASSERT_TRUE(near(b.expected, 18, 1e-12));
        CU_ASSERT_EQUAL(b.low, 9);   /* 18 - 9.25 + 0.5 */
        CU_ASSERT_EQUAL(b.high, 27); /* 18 + 9.25 - 0.5 */
}

enum { SITES = 400, ROUNDS = 60 };

/** A soak of @p rounds: sites whose frequencies spread over orders of magnitude. @return how many windows (of half as many
 *  samples as there were at most) had births outside of the band. */
static unsigned soak(unsigned *windows)
{
        unsigned seen[SITES] = {0};
        unsigned outside = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
                struct stat_catch before = {0};
                for (unsigned i = 0; i < SITES; i++) {
                        stat_catch_add(&before, seen[i]);
                }
                uint64_t samples = 0;
                uint64_t births = 0;
                for (unsigned i = 0; i < SITES; i++) { /* a Poisson number of samples each */
                        double rate = exp(-0.02 * i) * 2;
                        double at = -log(chance());
                        while (at < rate) {
                                births += seen[i] == 0;
                                seen[i]++;
                                samples++;
                                at -= log(chance());
                        }
                }
                struct stat_births b = stat_births(&before, (double)samples);
                if (b.known) {
                        (*windows)++;
                        outside += (double)births < b.low || (double)births > b.high;
                }
        }
        return outside;
}

static void births_are_within_the_band(void)
{
        unsigned windows = 0;
        unsigned outside = 0;
        for (seed = 1; windows < 4000;) {
                outside += soak(&windows);
        }
        printf("# %u of %u windows outside\n", outside, windows);
        CU_ASSERT_TRUE(outside * 20 <= windows); /* at most 5 % */
        CU_ASSERT_TRUE(outside * 60 >= windows); /* and no barn door */
}

enum { READINGS = 40, PAIRS = READINGS * (READINGS + 1) / 2 };

static struct stat_trend trend_of(double slope, double noise, double memory)
{
        static double scratch[PAIRS];
        double x[READINGS];
        double y[READINGS];
        double rest = 0;
        for (size_t i = 0; i < READINGS; i++) {
                rest = memory * rest + noise * normal();
                x[i] = (double)i * 100;
                y[i] = 5000 + slope * x[i] + rest;
        }
        return stat_trend(x, y, READINGS, 0.95, scratch);
}

static void a_straight_line(void)
{
        seed = 7;
        struct stat_trend t = trend_of(3, 0, 0);
        CU_ASSERT_TRUE(t.known && near(t.slope, 3, 1e-9) && near(t.slope_low, 3, 1e-9) &&
                       near(t.slope_high, 3, 1e-9));
        CU_ASSERT_TRUE(t.p < 1e-9);
        t = trend_of(-3, 0, 0);
        CU_ASSERT_TRUE(near(t.slope, -3, 1e-9) && t.p == 1);
        t = trend_of(0, 0, 0); /* all readings equal */
        CU_ASSERT_TRUE(t.known && t.slope == 0 && t.slope_low == 0 && t.slope_high == 0 && t.p == 1);
        double x[5] = {1, 1, 1, 1, 1};
        double scratch[15];
        CU_ASSERT_FALSE(stat_trend(x, x, 5, 0.95, scratch).known); /* no two with different x */
        CU_ASSERT_FALSE(stat_trend(x, x, 3, 0.95, scratch).known);
}

/** How often the interval misses the truth, and how often a rise is seen where there is none. */
static void trends_with_noise(void)
{
        enum { TIMES = 600 };
        const double memories[] = {0, 0.5};
        for (size_t m = 0; m < 2; m++) {
                unsigned missed = 0;
                unsigned seen = 0;
                unsigned found = 0;
                seed = 11;
                for (int i = 0; i < TIMES; i++) {
                        struct stat_trend none = trend_of(0, 100, memories[m]);
                        missed += none.slope_low > 0 || none.slope_high < 0;
                        seen += none.p < 0.01;
                        found += trend_of(1, 100, memories[m]).p < 0.01;
                }
                printf("# memory %g: interval missed %u, rise seen wrongly %u, rightly %u of %d\n",
                       memories[m], missed, seen, found, TIMES);
                CU_ASSERT_TRUE(missed < (m == 0 ? 0.08 : 0.1) * TIMES);
                CU_ASSERT_TRUE(seen < 0.03 * TIMES);
                CU_ASSERT_TRUE(found > 0.99 * TIMES);
        }
}

static const struct tap_test tests[] = {
    {"Poisson's tail", poisson},
    {"what was not seen yet", the_unseen},
    {"births are within the band", births_are_within_the_band},
    {"a straight line", a_straight_line},
    {"trends with noise", trends_with_noise},
};

int main(void)
{
        return TAP_RUN("stat", tests);
}
