/** @file clock.h  Time in nanoseconds.
 * Monotonic time is for measuring, wall time only for display. Reading either may be a real system call: take one reading per
 * wake-up and pass it on. Threads: any. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_US_NS 1000ULL
#define CLOCK_MS_NS 1000000ULL
#define CLOCK_S_NS  1000000000ULL

/** Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_mono_ns(void);

/** Nanoseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ns(void);

/** The counter of the processor, which never needs a system call. For short and approximate times on one thread: see clock_cycles_ns. */
static inline uint64_t clock_cycles(void)
{
#if defined __x86_64__ || defined __i386__
        return __builtin_ia32_rdtsc();
#elif defined __aarch64__
        uint64_t count;
        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
        return count;
#else
        return clock_mono_ns();
#endif
}

/** Convert @p cycles to nanoseconds. The first call measures the length of a cycle, which takes a fifth of a millisecond. */
uint64_t clock_cycles_ns(uint64_t cycles);

/** Bytes that clock_rfc3339 writes, including the NUL. */
#define CLOCK_RFC3339_SIZE 28

/** Write @p wall_ns as RFC 3339 with microseconds in UTC, such as 2026-01-02T03:04:05.678901Z. */
void clock_rfc3339(uint64_t wall_ns, char out[CLOCK_RFC3339_SIZE]);

#endif
