/* What rises steadily, and what only looks like it. */
#include "profile/stats/steady.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>

enum { ROUNDS = 60 };

static double scratch[STEADY_SCRATCH];
static uint64_t state;

/** Uniform in 0 to 1, the same in each run. */
static double uniform(void)
{
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (double)(state >> 11) / 9007199254740992.0;
}

/** Nearly normal, mean 0, deviation 1. */
static double noise(void)
{
        double sum = -6;
        for (int i = 0; i < 12; i++) {
                sum += uniform();
        }
        return sum;
}

enum kind { FLAT, WALK, WAVERS, FILLS, FILLS_LATE, SATURATES, STEP, WAVE, LEAK, SMALL_LEAK, LATE_LEAK, TINY };

static void make(enum kind kind, uint64_t seed, double y[ROUNDS])
{
        double level = 0;
        state = seed * 77 + kind;
        for (int k = 0; k < ROUNDS; k++) {
                double value = 0;
                level = kind == WALK     ? level + 40e3 * noise()
                        : kind == WAVERS ? 0.9 * level + 40e3 * noise()
                                         : 0;
                switch (kind) {
                case FLAT: break;
                case WALK:
                case WAVERS: value = level; break;
                case FILLS: value = 2e6 * fmin(k, 18) / 18; break;
                case FILLS_LATE: value = 2e6 * fmin(fmax(k - 25, 0), 15) / 15; break;
                case SATURATES: value = 2e6 * (1 - exp(-k / 12.0)); break;
                case STEP: value = k >= 30 ? 5e6 : 0; break;
                case WAVE: value = 1e6 * sin(k / 40.0 * 6.2832 - 1.57); break;
                case LEAK: value = 65536.0 * k; break;
                case SMALL_LEAK: value = 4096.0 * k; break;
                case LATE_LEAK: value = 32768.0 * fmax(k - 36, 0); break;
                case TINY: value = 300.0 * k; break;
                default: break;
                }
                y[k] = 3e6 + value + 8192 * noise();
        }
}

static bool rises(const double *y, size_t n)
{
        const struct steady_ask ask = {.bound = 1024, .tests = 2};
        struct steady s = steady_rise(y, n, &ask, scratch);
        CU_ASSERT_TRUE(!s.rises || (s.low > 1024 && s.low <= s.slope && s.slope <= s.high && s.window <= n));
        return s.rises;
}

/** At no look, from the eighth round on. A random walk may fool it once in a hundred looks. */
static void innocents(void)
{
        static const enum kind kinds[] = {FLAT, WAVERS, FILLS, FILLS_LATE, SATURATES, STEP, WAVE, TINY, WALK};
        double y[ROUNDS];
        unsigned looks = 0;
        unsigned walks = 0;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                for (uint64_t seed = 1; seed <= 12; seed++) {
                        make(kinds[k], seed, y);
                        for (size_t n = 8; n <= ROUNDS; n++) {
                                bool is = rises(y, n);
                                looks += kinds[k] == WALK;
                                walks += kinds[k] == WALK && is;
                                CU_ASSERT_FALSE(kinds[k] != WALK && is);
                        }
                }
        }
        CU_ASSERT_TRUE(walks * 100 <= looks);
}

static void leaks(void)
{
        static const enum kind kinds[] = {LEAK, SMALL_LEAK, LATE_LEAK};
        double y[ROUNDS];
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                for (uint64_t seed = 1; seed <= 12; seed++) {
                        make(kinds[k], seed, y);
                        CU_ASSERT_TRUE(rises(y, ROUNDS));
                        CU_ASSERT_FALSE(rises(y, STEADY_LEAST - 1)); /* what fills looks the same */
                }
        }
}

/** What the line leaves remembers the reading before, but is little beside the rise. */
static void almost_straight(void)
{
        double y[72];
        for (int i = 0; i < 72; i++) {
                y[i] = 25e6 + 19000.0 * i + 9000 * sin(i / 9.0);
        }
        CU_ASSERT_TRUE(rises(y, 72));
}

/** Many readings are averaged, and the slope is by reading all the same. */
static void many_readings(void)
{
        static double y[5000];
        state = 1;
        for (int i = 0; i < 5000; i++) {
                y[i] = 1e6 + 2048.0 * i + 8192 * noise();
        }
        const struct steady_ask ask = {.bound = 1024, .tests = 1};
        struct steady s = steady_rise(y, 5000, &ask, scratch);
        CU_ASSERT_TRUE(s.rises && fabs(s.slope - 2048) < 50 && s.window > 1700);
        CU_ASSERT_FALSE(steady_slows(y, 5000, scratch));
        for (int i = 0; i < 5000; i++) {
                y[i] = 1e6 * log(i + 1);
        }
        CU_ASSERT_TRUE(steady_slows(y, 5000, scratch));
}

static const struct tap_test tests[] = {
    {"innocents", innocents},
    {"leaks", leaks},
    {"a leak that is almost straight", almost_straight},
    {"many readings", many_readings},
};

int main(void)
{
        return TAP_RUN("steady", tests);
}
