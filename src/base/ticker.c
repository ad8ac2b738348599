#include "base/ticker.h"

#if defined __x86_64__ || defined __i386__
#include <cpuid.h>
#endif

enum { MEASURE_MS = 20, CORRECT_MS = 100, DISTRUSTS = 8 };

static const double TWO_32 = 4294967296.0;

bool ticker_is_constant(void)
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
        return false; /* clock_cycles is the clock itself */
#endif
}

struct ticker ticker_begin(bool is_constant, uint64_t cycles, uint64_t true_ns)
{
        return (struct ticker){.cycles = cycles, .ns = true_ns, .true_ns = true_ns, .is_usable = is_constant};
}

/** Measure from here on, telling nothing that the clock did not say. */
static void measure(struct ticker *t, uint64_t cycles, uint64_t true_ns)
{
        t->cycles = cycles;
        t->true_ns = true_ns;
        t->most = 0;
}

/** Tell by the counter from here on, beginning with t->ns. If that is ahead of the clock, slower: the next reading is to meet it. */
static void tell(struct ticker *t, uint64_t cycles, uint64_t true_ns)
{
        const double interval_ns = (double)(CORRECT_MS * CLOCK_MS_NS);
        double ahead = (double)(t->ns - true_ns) / interval_ns;
        t->cycles = cycles;
        t->true_ns = true_ns;
        t->most = (uint64_t)(interval_ns / t->rate);
        t->scale = ahead < 1 ? (uint64_t)((1 - ahead) * t->rate * TWO_32) : 0;
}

/** Clocks are trimmed by a twentieth of a percent at the most. What differs by more is no rate: the thread was held up between
 *  the two readings, or the counter jumped. @p before is 0 if nothing is known. */
static bool makes_sense(double rate, double before)
{
        const double fastest = 0.01; /* 100 GHz; and below 100 kHz it would be too coarse */
        const double slowest = 10000;
        return before > 0 ? rate > before * 0.999 && rate < before * 1.001 : rate > fastest && rate < slowest;
}

uint64_t ticker_correct(struct ticker *t, uint64_t cycles, uint64_t true_ns)
{
        enum { SHARE = 8 }; /* of a measured rate in the one that is used */
        uint64_t gone = cycles - t->cycles;
        uint64_t told = t->ns + ((gone < t->most ? gone : t->most) * t->scale >> 32);
        double rate = (double)(true_ns - t->true_ns) / (double)gone;
        bool was_telling = t->most > 0;
        t->ns = true_ns > told ? true_ns : told;
        if (!t->is_usable || (!was_telling && true_ns - t->true_ns < MEASURE_MS * CLOCK_MS_NS)) {
                return t->ns;
        }
        if (!makes_sense(rate, was_telling ? t->rate : 0)) {
                t->is_usable = ++t->distrust < DISTRUSTS;
                measure(t, cycles, true_ns);
                return t->ns;
        }
        t->distrust = was_telling ? 0 : t->distrust;
        t->rate = was_telling ? t->rate + (rate - t->rate) / SHARE : rate;
        tell(t, cycles, true_ns);
        return t->ns;
}
