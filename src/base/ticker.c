#include "base/ticker.h"

#if defined __x86_64__ || defined __i386__
#include <cpuid.h>
#endif

enum { MEASURE_MS = 20, CORRECT_MS = 100, DISTRUSTS = 8 };

static const double TWO_32 = 4294967296.0;

static bool counter_is_constant(void)
{
#if defined __x86_64__ || defined __i386__
        static const unsigned advanced_power = 0x80000007;
        static const unsigned invariant_tsc = 1U << 8;
        unsigned a;
        unsigned b;
        unsigned c;
        unsigned d;
        return __get_cpuid(advanced_power, &a, &b, &c, &d) != 0 && (d & invariant_tsc) != 0;
#elif defined __aarch64__
        return true;
#else
        return false; /* clock_cycles reads the clock itself */
#endif
}

/** The closest of a few readings. If the thread was interrupted between the two clocks, the wait would count as a part of the rate, and a
 *  thread that waits for the end of a measurement is interrupted right there. */
static struct ticker_reading read_both(void)
{
        enum { TRIES = 4 };
        struct ticker_reading best = {0, 0};
        uint64_t least = UINT64_MAX;
        for (unsigned i = 0; i < TRIES; i++) {
                uint64_t before = clock_cycles();
                uint64_t ns = clock_mono_ns();
                uint64_t gap = clock_cycles() - before;
                if (gap < least) {
                        least = gap;
                        best = (struct ticker_reading){before + gap / 2, ns};
                }
        }
        return best;
}

struct ticker ticker_begin(bool is_constant, struct ticker_reading now)
{
        return (struct ticker){
            .cycles = now.cycles, .ns = now.ns, .true_ns = now.ns, .is_usable = is_constant};
}

struct ticker ticker_new(void)
{
        bool is_constant = counter_is_constant(); /* this may take long on a virtual machine */
        return ticker_begin(is_constant, read_both());
}

/** Measure from here on. Meanwhile every reading is that of the clock. */
static void measure(struct ticker *t, struct ticker_reading now)
{
        t->cycles = now.cycles;
        t->true_ns = now.ns;
        t->most = 0;
}

/** Use the counter from here on, beginning with t->ns. If that is ahead of the clock, run slower, so that the next correction meets it. */
static void tell(struct ticker *t, struct ticker_reading now)
{
        const double interval_ns = (double)(CORRECT_MS * CLOCK_MS_NS);
        double ahead = (double)(t->ns - now.ns) / interval_ns;
        t->cycles = now.cycles;
        t->true_ns = now.ns;
        t->most = (uint64_t)(interval_ns / t->rate);
        t->scale = ahead < 1 ? (uint64_t)((1 - ahead) * t->rate * TWO_32) : 0;
}

/** Is the rate plausible? Clocks are adjusted by a twentieth of a percent at most: if it differs by more, the counter jumped.
 *  @p before is 0 if no rate is known. */
static bool makes_sense(double rate, double before)
{
        const double fastest = 0.01; /* 100 GHz; and below 100 kHz it would be too coarse */
        const double slowest = 10000;
        return before > 0 ? rate > before * 0.999 && rate < before * 1.001 : rate > fastest && rate < slowest;
}

uint64_t ticker_correct(struct ticker *t, struct ticker_reading now)
{
        enum { SHARE = 8 }; /* the share of a new rate in the one that is used */
        uint64_t gone = now.cycles - t->cycles;
        uint64_t estimate = t->ns + ((gone < t->most ? gone : t->most) * t->scale >> 32);
        double rate = (double)(now.ns - t->true_ns) / (double)gone;
        bool was_telling = t->most > 0;
        t->ns = now.ns > estimate ? now.ns : estimate;
        if (!was_telling && now.ns - t->true_ns < MEASURE_MS * CLOCK_MS_NS) {
                return t->ns;
        }
        if (!makes_sense(rate, was_telling ? t->rate : 0)) {
                t->is_usable = ++t->distrust < DISTRUSTS;
                measure(t, now);
                return t->ns;
        }
        t->distrust = was_telling ? 0 : t->distrust;
        t->rate = was_telling ? t->rate + (rate - t->rate) / SHARE : rate;
        tell(t, now);
        return t->ns;
}

uint64_t ticker_read(struct ticker *t)
{
        if (t->is_usable) {
                return ticker_correct(t, read_both());
        }
        uint64_t ns = clock_mono_ns();
        t->ns = ns > t->ns ? ns : t->ns; /* it may have been ahead when it was abandoned */
        return t->ns;
}
