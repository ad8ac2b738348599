#include "profile/sample.h"

#include "base/clock.h"

#define MEAN_MAX (1ULL << 50)

_Atomic uint64_t sample_mean_bytes = 524288;
static _Atomic uint64_t sample_since_statement;

void prof_set_sample_bytes(uint64_t mean)
{
        uint64_t now = mean < MEAN_MAX ? mean : MEAN_MAX;
        if (atomic_exchange_explicit(&sample_mean_bytes, now, memory_order_relaxed) != now) {
                atomic_store_explicit(&sample_since_statement, prof_statements(), memory_order_relaxed);
        }
}

uint64_t prof_sample_since(void)
{
        return atomic_load_explicit(&sample_since_statement, memory_order_relaxed);
}

uint64_t prof_sample_bytes(void)
{
        return atomic_load_explicit(&sample_mean_bytes, memory_order_relaxed);
}

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

/** Bytes to the next sample: exponential, at least 1. 0 for a mean of 1: every allocation, the empty ones too. */
static int64_t draw_gap(struct prof_thread *t, uint64_t mean)
{
        if (mean <= 1) {
                return mean == 1 ? 0 : INT64_MAX;
        }
        double uniform = (double)((next_random(t) >> 12) + 1) * 0x1p-52; /* in (0, 1] */
        return 1 + (int64_t)(-logarithm(uniform) * (double)mean);
}

bool sample_draw(struct prof_thread *t, uint64_t mean, size_t size)
{
        if (t->shared) {
                return false;
        }
        if (t->sample_mean != mean) {
                t->sample_mean = mean;
                t->until_sample = draw_gap(t, mean) - (int64_t)size;
                if (t->until_sample > 0) {
                        return false;
                }
        }
        t->until_sample = draw_gap(t, mean);
        return mean != 0;
}
