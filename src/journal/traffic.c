#include "journal/traffic.h"

#include "base/clock.h"

static inline uint64_t get(const _Atomic uint64_t *from)
{
        return atomic_load_explicit(from, memory_order_relaxed);
}

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
