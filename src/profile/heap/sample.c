#include "profile/heap/sample.h"

#include "base/clock.h"

static uint64_t next_random(struct prof_thread *t)
{
        uint64_t x = t->random;
        if (x == 0) {
                x = (clock_mono_ns() ^ ((uintptr_t)t << 20)) | 1;
        }
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        t->random = x;
        return x * 0x2545f4914f6cdd1dULL;
}

void sample_seed(uint64_t seed)
{
        thread_self()->random = seed;
}

/** Natural logarithm of @p x > 0, to about 1e-9; saves the library of mathematics.
 * x = m 2^e with m in [0.7, 1.4]; ln m = 2 artanh((m - 1) / (m + 1)), whose series is short there. */
static double logarithm(double x)
{
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        int e = (int)(bits >> 52 & 0x7ff) - 1023;
        bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
        double m;
        memcpy(&m, &bits, sizeof m);
        if (m > 1.4142135623730951) {
                m /= 2;
                e++;
        }
        double s = (m - 1) / (m + 1);
        double q = s * s;
        double series = 1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q / 11))));
        return 2 * s * series + e * 0.6931471805599453;
}

/** Bytes to the next sample: exponential, at least 1. It is 0 for a mean of 1, so that every allocation is sampled, empty ones
 * too. */
static int64_t draw_gap(struct prof_thread *t, uint64_t mean)
{
        if (mean <= 1) {
                return mean == 1 ? 0 : INT64_MAX;
        }
        double uniform = (double)((next_random(t) >> 12) + 1) * 0x1p-52; /* in (0, 1] */
        return 1 + (int64_t)(-logarithm(uniform) * (double)mean);
}

/** @p left: what remains of the gap after the allocation of @p size. @return whether it is a sample. */
static bool draw(struct prof_thread *t, uint64_t *mean, int64_t *left, uint64_t mean_now, size_t size)
{
        if (*mean != mean_now) {
                *mean = mean_now;
                *left = draw_gap(t, mean_now) - (int64_t)size;
                if (*left > 0) {
                        return false;
                }
        }
        *left = draw_gap(t, mean_now);
        return mean_now != 0;
}

bool sample_draw(struct prof_thread *t, uint64_t mean, enum prof_stage stage, size_t size)
{
        if (t->shared) {
                return false;
        }
        if (mean != RATE_BY_STAGE) {
                return draw(t, &t->sample_mean, &t->until_sample, mean, size);
        }
        struct thread_gap *gap = &t->gaps[stage];
        uint64_t of_stage = rate_effective(stage);
        t->sample_mean =
            RATE_BY_STAGE;   /* so that the common gap is drawn again when all have one mean again, */
        t->until_sample = 0; /* and each allocation comes here until then */
        gap->left -= (int64_t)size;
        return (gap->left <= 0 || gap->mean != of_stage) && draw(t, &gap->mean, &gap->left, of_stage, size);
}

uint64_t sample_mean_of(const struct prof_thread *t, enum prof_stage stage)
{
        return t->sample_mean != RATE_BY_STAGE ? t->sample_mean : t->gaps[stage].mean;
}
