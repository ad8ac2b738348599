/** @file ticker.h  The monotonic clock for a thread that reads it at each wake-up: computed from the processor's counter, and corrected by
 * CLOCK_MONOTONIC ten times a second.
 *
 *      measuring -> running -> (corrected) -> running -> …          the counter is implausible: measuring again
 *
 * It saves a system call, or a few instructions where the C library reads the clock without one.
 * If the counter has no constant rate, or was implausible several times, each reading is that of CLOCK_MONOTONIC.
 * Readings never go back. They are off by as much as the two clocks drift apart in a tenth of a second: microseconds.
 * Source: Intel's Software Developer's Manual, "Invariant TSC"; Arm's Architecture Reference Manual, CNTVCT_EL0.
 * Threads: one owner.   Memory: embedded. */
#ifndef BASE_TICKER_H
#define BASE_TICKER_H

#include "base/clock.h"

#include <stdbool.h>

struct ticker {
        uint64_t cycles;   /**< a reading of the counter */
        uint64_t ns;       /**< the time that was returned for it */
        uint64_t most;     /**< how many cycles later a correction is due; 0 = measuring */
        uint64_t scale;    /**< nanoseconds in 2^32 cycles */
        uint64_t true_ns;  /**< CLOCK_MONOTONIC at `cycles` */
        double rate;       /**< nanoseconds in a cycle */
        unsigned distrust; /**< how often in a row the counter was implausible */
        bool is_usable;
};

/** Both clocks, read at the same time. */
struct ticker_reading {
        uint64_t cycles;
        uint64_t ns;
};

struct ticker ticker_new(void);
/** Read CLOCK_MONOTONIC and correct the ticker. @return the time in nanoseconds. */
uint64_t ticker_read(struct ticker *t);

/* The same with given readings, for tests. @p is_constant: the counter has a constant rate. */
struct ticker ticker_begin(bool is_constant, struct ticker_reading now);
uint64_t ticker_correct(struct ticker *t, struct ticker_reading now);

/** The time of CLOCK_MONOTONIC in nanoseconds. @p cycles is the current value of clock_cycles. */
static inline uint64_t ticker_ns(struct ticker *t, uint64_t cycles)
{
        uint64_t gone = cycles - t->cycles;
        if (gone >= t->most) { /* also if the counter went back */
                return ticker_read(t);
        }
        return t->ns + (gone * t->scale >> 32);
}

#endif
