#include "journal/traffic.h"

#include "base/clock.h"
#include "mysql/wire/command.h"

/* There is one writer: no addition can get lost. */
static inline void add(_Atomic uint64_t *to, uint64_t n)
{
        atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n, memory_order_relaxed);
}

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

void traffic_count(struct traffic *t, const struct record *r)
{
        if (r->command_id != COM_QUERY && r->command_id != COM_STMT_EXECUTE) {
                return;
        }
        uint64_t second = (r->wall_ns + r->duration_us * CLOCK_US_NS) / CLOCK_S_NS;
        struct traffic_second *s = &t->seconds[second % TRAFFIC_SECONDS];
        if (get(&s->second) < second) {
                begin(s, second);
        }
        add(&s->statements, 1);
        add(&s->time_us, r->duration_us);
        add(&s->rows, r->rows); /* the numbers of the own part are 0 if they are absent */
        add(&s->affected_rows, r->affected_rows);
        if (record_has(r, FIELD_ERRNO)) {
                add(&s->errors, 1);
        }
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
