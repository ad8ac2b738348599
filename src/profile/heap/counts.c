#include "profile/heap/counts.h"

#include "base/clock.h"
#include "profile/heap/table.h"

#include <assert.h>

/** Least and greatest readings so far of one stage. */
struct extremes {
        _Atomic int64_t low_count;
        _Atomic int64_t high_count;
        _Atomic int64_t low_bytes;
        _Atomic int64_t high_bytes;
};

static struct extremes extremes[STAGE_COUNT] = {
    [0 ... STAGE_COUNT - 1] = {INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN},
};

static void lower(_Atomic int64_t *least, int64_t value)
{
        int64_t now = atomic_load_explicit(least, memory_order_relaxed);
        while (value < now && !atomic_compare_exchange_weak_explicit(least, &now, value, memory_order_relaxed,
                                                                     memory_order_relaxed)) {
        }
}

static void raise(_Atomic int64_t *greatest, int64_t value)
{
        int64_t now = atomic_load_explicit(greatest, memory_order_relaxed);
        while (value > now && !atomic_compare_exchange_weak_explicit(
                                  greatest, &now, value, memory_order_relaxed, memory_order_relaxed)) {
        }
}

/** Reads the frees of all threads before any allocations: the live figures can then be too high, by what happens
 * meanwhile, but never negative. */
static struct prof_counts sum_cells(enum prof_stage stage, enum prof_lib first, enum prof_lib end)
{
        struct prof_counts c = {0};
        for (const struct prof_thread *t = thread_first(); t != NULL; t = t->next) {
                for (enum prof_lib lib = first; lib < end; lib++) {
                        const struct thread_cell *cell = &t->cells[stage][lib];
                        c.count_free += atomic_load_explicit(&cell->count_free, memory_order_acquire);
                        c.bytes_free += atomic_load_explicit(&cell->bytes_free, memory_order_acquire);
                }
        }
        for (const struct prof_thread *t = thread_first(); t != NULL; t = t->next) {
                for (enum prof_lib lib = first; lib < end; lib++) {
                        const struct thread_cell *cell = &t->cells[stage][lib];
                        c.count_alloc += atomic_load_explicit(&cell->count_alloc, memory_order_relaxed);
                        c.bytes_alloc += atomic_load_explicit(&cell->bytes_alloc, memory_order_relaxed);
                }
        }
        c.current_count_used = (int64_t)(c.count_alloc - c.count_free);
        c.current_bytes_used = (int64_t)(c.bytes_alloc - c.bytes_free);
        return c;
}

struct prof_counts prof_read(enum prof_stage stage, enum prof_lib lib)
{
        assert(stage < STAGE_COUNT && lib <= LIB_COUNT);
        if (lib != LIB_COUNT) {
                return sum_cells(stage, lib, lib + 1);
        }
        struct prof_counts c = sum_cells(stage, LIB_OWN, LIB_COUNT);
        struct extremes *e = &extremes[stage];
        lower(&e->low_count, c.current_count_used);
        raise(&e->high_count, c.current_count_used);
        lower(&e->low_bytes, c.current_bytes_used);
        raise(&e->high_bytes, c.current_bytes_used);
        c.low_count_used = atomic_load_explicit(&e->low_count, memory_order_relaxed);
        c.high_count_used = atomic_load_explicit(&e->high_count, memory_order_relaxed);
        c.low_bytes_used = atomic_load_explicit(&e->low_bytes, memory_order_relaxed);
        c.high_bytes_used = atomic_load_explicit(&e->high_bytes, memory_order_relaxed);
        return c;
}

uint64_t prof_live_bytes(void)
{
        uint64_t live = 0;
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                live += (uint64_t)sum_cells(stage, LIB_OWN, LIB_COUNT).current_bytes_used;
        }
        return live;
}

void prof_tick(void)
{
        table_set_time(clock_wall_ns());
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                (void)prof_read(stage, LIB_COUNT);
        }
}

uint64_t prof_statements(void)
{
        return thread_statements();
}
