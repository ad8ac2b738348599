#include "base/clock.h"

#include "base/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static uint64_t read_ns(clockid_t id)
{
        struct timespec ts = {0};
        (void)clock_gettime(id, &ts);
        return (uint64_t)ts.tv_sec * CLOCK_S_NS + (uint64_t)ts.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
        return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
        return read_ns(CLOCK_REALTIME);
}

static _Atomic uint64_t ns_per_2_20_cycles; /* 0: not measured yet, or it could not be */

static void measure_cycle(void)
{
        uint64_t cycles = clock_cycles();
        uint64_t begin = clock_mono_ns();
        uint64_t now = begin;
        while (now - begin < CLOCK_MS_NS / 5) {
                now = clock_mono_ns();
        }
        cycles = clock_cycles() - cycles;
        atomic_store_explicit(&ns_per_2_20_cycles, cycles > 0 ? ((now - begin) << 20) / cycles : 0,
                              memory_order_relaxed);
}

static __attribute__((noinline)) uint64_t measured_cycle(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        (void)pthread_once(&once, measure_cycle);
        return atomic_load_explicit(&ns_per_2_20_cycles, memory_order_relaxed);
}

uint64_t clock_cycles_ns(uint64_t cycles)
{
        uint64_t ns = atomic_load_explicit(&ns_per_2_20_cycles, memory_order_relaxed);
        ns = ns > 0 ? ns : measured_cycle();
        /* the high part alone would lose short times, the product alone long ones */
        return (cycles >> 20) * ns + (((cycles & 0xfffff) * ns) >> 20);
}

/** Days since 1970 to year, month, day (proleptic Gregorian, from the era arithmetic of 400-year cycles).
 * gmtime_r takes a lock in the C library, and the journal writes many of these. */
static void civil_from_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
        uint64_t z = days + 719468;
        uint64_t era = z / 146097;
        unsigned doe = (unsigned)(z - era * 146097);
        unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        unsigned mp = (5 * doy + 2) / 153;
        *day = doy - (153 * mp + 2) / 5 + 1;
        *month = mp < 10 ? mp + 3 : mp - 9;
        *year = (unsigned)(yoe + era * 400) + (*month <= 2 ? 1 : 0);
}

static char *put_digits(char *to, uint64_t value, unsigned width)
{
        for (unsigned i = width; i > 0; i--) {
                to[i - 1] = (char)('0' + value % 10);
                value /= 10;
        }
        return to + width;
}

enum { DATE_AND_TIME = sizeof "2026-01-02T03:04:05." - 1 };

__attribute__((noinline)) static void put_second(uint64_t seconds, char *out)
{
        uint64_t of_day = seconds % 86400;
        unsigned year;
        unsigned month;
        unsigned day;
        civil_from_days(seconds / 86400, &year, &month, &day);
        char *p = put_digits(out, year, 4);
        *p++ = '-';
        p = put_digits(p, month, 2);
        *p++ = '-';
        p = put_digits(p, day, 2);
        *p++ = 'T';
        p = put_digits(p, of_day / 3600, 2);
        *p++ = ':';
        p = put_digits(p, of_day / 60 % 60, 2);
        *p++ = ':';
        p = put_digits(p, of_day % 60, 2);
        *p = '.';
}

void clock_rfc3339(uint64_t wall_ns, char out[CLOCK_RFC3339_SIZE])
{
        static _Thread_local struct {
                uint64_t begin_ns;
                char text[DATE_AND_TIME + 1];
        } second = {0, "1970-01-01T00:00:00."};
        if (wall_ns - second.begin_ns >= CLOCK_S_NS) { /* many times are in the same second */
                put_second(wall_ns / CLOCK_S_NS, second.text);
                second.begin_ns = wall_ns - wall_ns % CLOCK_S_NS;
        }
        uint32_t us = (uint32_t)(wall_ns - second.begin_ns) / (uint32_t)CLOCK_US_NS;
        memcpy(out, second.text, DATE_AND_TIME);
        char *p = out + DATE_AND_TIME;
        memcpy(p, decimal_pairs[us / 10000], 2);
        memcpy(p + 2, decimal_pairs[us / 100 % 100], 2);
        memcpy(p + 4, decimal_pairs[us % 100], 2);
        memcpy(p + 6, "Z", 2);
}
