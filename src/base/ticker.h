/** @file ticker.h  The monotonic clock for a thread that reads it at each wake-up: told by the processor's counter, and put right by
 * CLOCK_MONOTONIC ten times a second.
 *
 *      measuring -> telling -> (put right) -> telling -> …          the counter makes no sense: measuring again
 *
 * Where the C library can read the clock without a system call this saves a few instructions; where it can't, the system call.
 * Without a counter of constant rate, or once it makes no sense over and over, each reading is CLOCK_MONOTONIC's.
 * What it tells never goes back. It is off by what the two drift apart in a tenth of a second: microseconds.
 * Source: Intel's Software Developer's Manual, "Invariant TSC"; Arm's Architecture Reference Manual, CNTVCT_EL0.
 * Threads: one owner.   Memory: embedded. */
#ifndef BASE_TICKER_H
#define BASE_TICKER_H

#include "base/clock.h"

#include <stdbool.h>

struct ticker {
        uint64_t cycles;   /**< what the counter said when … */
        uint64_t ns;       /**< … this was told */
        uint64_t most;     /**< cycles from there on that may be told of; 0 = measuring */
        uint64_t scale;    /**< nanoseconds in 2^32 of them */
        uint64_t true_ns;  /**< what CLOCK_MONOTONIC said at `cycles` */
        double rate;       /**< nanoseconds in a cycle */
        unsigned distrust; /**< how often in a row the counter made no sense */
        bool is_usable;
};

/** Both clocks, read at once. */
struct ticker_reading {
        uint64_t cycles;
        uint64_t ns;
};

struct ticker ticker_new(void);
/** Put right by a reading of the clock. @return what it is now. */
uint64_t ticker_put_right(struct ticker *t);

/* The same with readings that are given, for tests. @p is_constant: the counter's rate is. */
struct ticker ticker_begin(bool is_constant, struct ticker_reading now);
uint64_t ticker_correct(struct ticker *t, struct ticker_reading now);

/** Nanoseconds of CLOCK_MONOTONIC. @p cycles is clock_cycles just now. */
static inline uint64_t ticker_ns(struct ticker *t, uint64_t cycles)
{
        uint64_t gone = cycles - t->cycles;
        if (gone >= t->most) { /* so it is if the counter went back */
                return ticker_put_right(t);
        }
        return t->ns + (gone * t->scale >> 32);
}

#endif
