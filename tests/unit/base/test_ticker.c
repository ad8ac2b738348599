/* The ticker against clocks that are made up: a counter of 2.5 GHz, and a clock that drifts against it, stops, jumps. */
#include "base/ticker.h"

#include "tap.h"

#define CYCLES_A_US 2500ULL

static struct ticker t;
static uint64_t cycles;
static uint64_t true_ns;
static uint64_t last;
static unsigned readings;

/** What ticker_ns does, with a clock that counts how often it is read. */
static uint64_t read_ticker(void)
{
        bool is_read = cycles - t.cycles >= t.most;
        readings += is_read ? 1 : 0;
        if (is_read && !t.is_usable) {
                return true_ns;
        }
        return is_read ? ticker_correct(&t, (struct ticker_reading){cycles, true_ns}) : ticker_ns(&t, cycles);
}

static void begin(bool is_constant)
{
        cycles = 123456789;
        true_ns = 5 * CLOCK_S_NS;
        last = true_ns;
        readings = 0;
        t = ticker_begin(is_constant, (struct ticker_reading){cycles, true_ns});
}

static uint64_t off_by(uint64_t now)
{
        return now > true_ns ? now - true_ns : true_ns - now;
}

/** @p us go by, a reading each; of a clock that is @p ppm faster than the counter. @return by how much it was off at most, in ns. */
static uint64_t run(unsigned us, int ppm)
{
        uint64_t most = 0;
        for (unsigned i = 0; i < us; i++) {
                cycles += CYCLES_A_US;
                true_ns += CLOCK_US_NS;
                true_ns += (uint64_t)(i % 1000 == 0 ? ppm : 0);
                uint64_t now = read_ticker();
                CU_ASSERT_TRUE(now >= last);
                last = now;
                most = off_by(now) > most ? off_by(now) : most;
        }
        return most;
}

enum { SECOND_US = 1000 * 1000 };

static void it_tells_the_time(void)
{
        begin(true);
        CU_ASSERT_EQUAL(run(10000, 0), 0); /* measuring: the clock's own */
        CU_ASSERT_EQUAL(readings, 10000);
        (void)run(20000, 0);
        readings = 0;
        CU_ASSERT_TRUE(run(SECOND_US, 0) <= 1000);
        CU_ASSERT_TRUE(readings >= 9 && readings <= 11);
}

static void it_follows_a_clock_that_is_trimmed(void)
{
        begin(true);
        (void)run(SECOND_US, 0);
        for (int ppm = -500; ppm <= 500; ppm += 250) {
                (void)run(3 * SECOND_US, ppm);
                CU_ASSERT_TRUE(run(SECOND_US, ppm) <= 20000);
        }
        CU_ASSERT_TRUE(t.is_usable);
}

static void a_pause_is_no_rate(void)
{
        begin(true);
        (void)run(SECOND_US, 0);
        cycles += 3600ULL * SECOND_US * CYCLES_A_US; /* nobody asked for an hour */
        true_ns += 3600 * CLOCK_S_NS;
        CU_ASSERT_TRUE(run(SECOND_US, 0) <= 1000);
        true_ns += 60 * CLOCK_S_NS; /* the counter stood still */
        (void)run(SECOND_US, 0);
        CU_ASSERT_TRUE(run(SECOND_US, 0) <= 1000);
        cycles = 17; /* or began anew */
        (void)run(SECOND_US, 0);
        CU_ASSERT_TRUE(run(SECOND_US, 0) <= 1000);
        cycles += 50 * 1000 * CYCLES_A_US; /* or jumped ahead: what was told then must not be taken back */
        (void)run(SECOND_US, 0);
        CU_ASSERT_TRUE(run(SECOND_US, 0) <= 1000);
        CU_ASSERT_TRUE(t.is_usable);
}

static void a_counter_that_makes_no_sense_is_left_alone(void)
{
        begin(true);
        for (unsigned i = 0; i < 1000; i++) {
                cycles += (i % 3) * SECOND_US * CYCLES_A_US;
                true_ns += 50 * CLOCK_MS_NS;
                (void)read_ticker();
        }
        CU_ASSERT_FALSE(t.is_usable);
        CU_ASSERT_EQUAL(read_ticker(), true_ns);
        begin(true);
        for (unsigned i = 0; i < 100; i++) { /* it stands still */
                true_ns += 50 * CLOCK_MS_NS;
                CU_ASSERT_EQUAL(read_ticker(), true_ns);
        }
        CU_ASSERT_FALSE(t.is_usable);
}

static void without_a_constant_rate_the_clock_is_read(void)
{
        begin(false);
        CU_ASSERT_EQUAL(run(1000, 100), 0);
        CU_ASSERT_EQUAL(readings, 1000);
}

/** This machine's. Held up between two readings a test would be wrong: so those that lie far apart say nothing. */
static void the_real_clock_is_met(void)
{
        struct ticker real = ticker_new();
        uint64_t begin_ns = clock_mono_ns();
        uint64_t before = begin_ns;
        uint64_t told_last = 0;
        while (before - begin_ns < 150 * CLOCK_MS_NS) {
                uint64_t told = ticker_ns(&real, clock_cycles());
                uint64_t after = clock_mono_ns();
                if (after - before < 10 * CLOCK_US_NS) {
                        CU_ASSERT_TRUE(told + CLOCK_MS_NS > before && told < after + CLOCK_MS_NS);
                }
                CU_ASSERT_TRUE(told >= told_last);
                told_last = told;
                before = clock_mono_ns();
        }
}

static const struct tap_test tests[] = {
    {"it tells the time", it_tells_the_time},
    {"it follows a clock that is trimmed", it_follows_a_clock_that_is_trimmed},
    {"a pause is no rate", a_pause_is_no_rate},
    {"a counter that makes no sense is left alone", a_counter_that_makes_no_sense_is_left_alone},
    {"without a constant rate the clock is read", without_a_constant_rate_the_clock_is_read},
    {"the real clock is met", the_real_clock_is_met},
};

int main(void)
{
        return TAP_RUN("ticker", tests);
}
