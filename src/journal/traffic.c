#include "journal/traffic.h"

#include "base/clock.h"

static inline uint64_t get(const _Atomic uint64_t *from)
{
        return atomic_load_explicit(from, memory_order_relaxed);
}

const uint64_t traffic_bounds_us[TRAFFIC_BUCKETS] = {100,     250,     500,     1000,    2500,   5000,
                                                     10000,   25000,   50000,   100000,  250000, 500000,
                                                     1000000, 2500000, 5000000, 10000000};

static void begin(struct traffic_second *s, uint64_t second)
{
        atomic_store_explicit(&s->second, 0, memory_order_release);
        atomic_store_explicit(&s->statements, 0, memory_order_relaxed);
        atomic_store_explicit(&s->errors, 0, memory_order_relaxed);
        atomic_store_explicit(&s->time_us, 0, memory_order_relaxed);
        atomic_store_explicit(&s->rows, 0, memory_order_relaxed);
        atomic_store_explicit(&s->affected_rows, 0, memory_order_relaxed);
        atomic_store_explicit(&s->second, second, memory_order_release);
}

/* The first bucket for durations of so many binary digits: at most two bounds lie between two powers of two. */
static const uint8_t first_bucket[] = {0, 0, 0, 0, 0, 0,  0,  0,  1,  2,  3,  4, 4,
                                       5, 6, 7, 8, 9, 10, 11, 12, 13, 13, 14, 15};

static size_t bucket_of(uint64_t duration_us)
{
        unsigned digits = duration_us != 0 ? 64 - (unsigned)__builtin_clzll(duration_us) : 0;
        size_t bucket = first_bucket[digits < sizeof first_bucket ? digits : sizeof first_bucket - 1];
        while (bucket < TRAFFIC_BUCKETS && duration_us > traffic_bounds_us[bucket]) {
                bucket++;
        }
        return bucket;
}

void traffic_count_total(struct traffic *t, const struct record *r)
{
        traffic_sum(&t->totals.buckets[bucket_of(r->duration_us)], 1);
        traffic_sum(&t->totals.time_us, r->duration_us);
        traffic_sum(&t->totals.rows, r->rows);
        traffic_sum(&t->totals.affected_rows, r->affected_rows);
        for (uint64_t rest = r->findings; rest != 0; rest &= rest - 1) {
                traffic_sum(&t->totals.findings[__builtin_ctzll(rest)], 1);
        }
}

struct traffic_second *traffic_second_at(struct traffic *t, uint64_t wall_ns)
{
        uint64_t second = wall_ns / CLOCK_S_NS;
        struct traffic_second *s = &t->seconds[second % TRAFFIC_SECONDS];
        if (get(&s->second) < second) {
                begin(s, second);
        }
        t->current = s;
        t->current_ns = second * CLOCK_S_NS;
        return s;
}

bool traffic_add(const struct traffic *t, uint64_t second, struct traffic_sums *sums)
{
        const struct traffic_second *s = &t->seconds[second % TRAFFIC_SECONDS];
        if (atomic_load_explicit(&s->second, memory_order_acquire) != second) {
                return false;
        }
        sums->statements += get(&s->statements);
        sums->errors += get(&s->errors);
        sums->time_us += get(&s->time_us);
        sums->rows += get(&s->rows);
        sums->affected_rows += get(&s->affected_rows);
        return true;
}

struct traffic_totals traffic_totals(const struct traffic *t)
{
        struct traffic_totals sums = {
            .errors = get(&t->totals.errors),
            .time_us = get(&t->totals.time_us),
            .rows = get(&t->totals.rows),
            .affected_rows = get(&t->totals.affected_rows),
        };
        for (size_t i = 0; i <= TRAFFIC_BUCKETS; i++) {
                sums.buckets[i] = get(&t->totals.buckets[i]);
        }
        for (size_t i = 0; i < FINDING_COUNT; i++) {
                sums.findings[i] = get(&t->totals.findings[i]);
        }
        return sums;
}
