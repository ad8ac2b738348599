/** @file thread.h  The profiler's state of each thread: exact counters, and the countdown of its sampling.
 *
 *      head -> block -> block -> ... -> the shared one        (pushed by CAS, never removed or unmapped)
 *
 * A thread that ends leaves its block and the sums in it; the next new thread takes it over. So the list is as long as the
 * greatest number of threads at one time. Only the owner writes a block's counters; the reader sums over all blocks.
 * A thread that gets no memory for a block counts in the shared one, by atomic addition, and is not sampled. */
#ifndef PROFILE_HEAP_THREAD_H
#define PROFILE_HEAP_THREAD_H

#include "profile/heap/stage.h"

#include <stdatomic.h>

/** How many sums of bytes a thread keeps for store.h. */
#define THREAD_STORES 8

/** Exact counters of one library in one stage. */
struct thread_cell {
        _Atomic uint64_t count_alloc;
        _Atomic uint64_t bytes_alloc;
        _Atomic uint64_t count_free;
        _Atomic uint64_t bytes_free;
};

/** Bytes to the next sample. */
struct thread_gap {
        uint64_t mean; /**< for which it was drawn */
        int64_t left;
};

struct prof_thread {
        struct prof_thread *next; /**< set before the block is pushed, never changed */
        atomic_bool taken;        /**< a living thread owns the block */
        bool shared;              /**< many write it: add atomically */
        struct thread_cell cells[STAGE_COUNT][LIB_COUNT];
        _Atomic uint64_t statements;
        _Atomic uint64_t stores[THREAD_STORES]; /**< bytes; the sum of one thread alone may be negative */

        /* Sampling; for the owner only. */
        uint64_t sample_mean; /**< the mean for which until_sample was drawn; UINT64_MAX = none yet */
        int64_t until_sample; /**< bytes */
        uint64_t random;
        uintptr_t stack_low; /**< bounds of the thread's stack; both 0 = not known yet */
        uintptr_t stack_high;
        struct thread_gap gaps[STAGE_COUNT]; /**< in use while stages have rates of their own (sample.h) */
};

/** The block of the calling thread, NULL until it needs one. */
extern _Thread_local struct prof_thread *thread_mine;

/** Give the calling thread a block. Never NULL. */
struct prof_thread *thread_take(void);

static inline struct prof_thread *thread_self(void)
{
        struct prof_thread *t = thread_mine;
        return t != NULL ? t : thread_take();
}

/** The newest block; follow `next` for the others. */
struct prof_thread *thread_first(void);
/** Statements so far, all threads. */
uint64_t thread_statements(void);

static inline void thread_add(const struct prof_thread *t, _Atomic uint64_t *counter, uint64_t n,
                              memory_order order)
{
        if (t->shared) {
                atomic_fetch_add_explicit(counter, n, order);
        } else {
                uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
                atomic_store_explicit(counter, now + n, order);
        }
}

static inline void thread_count_alloc(struct prof_thread *t, enum prof_stage stage, enum prof_lib lib,
                                      uint64_t n)
{
        struct thread_cell *cell = &t->cells[stage][lib];
        thread_add(t, &cell->count_alloc, 1, memory_order_relaxed);
        thread_add(t, &cell->bytes_alloc, n, memory_order_relaxed);
}

/** Released, so that a reader that sees the free also sees the allocation, whichever thread made it. */
static inline void thread_count_free(struct prof_thread *t, enum prof_stage stage, enum prof_lib lib,
                                     uint64_t n)
{
        struct thread_cell *cell = &t->cells[stage][lib];
        thread_add(t, &cell->count_free, 1, memory_order_release);
        thread_add(t, &cell->bytes_free, n, memory_order_release);
}

/** Memory for the profiler itself: zeroed pages, charged to the stage "profile". NULL if memory is out. */
void *thread_map(size_t size);
/** Unmap it. */
void thread_unmap(void *memory, size_t size);
/** The same for a library that works for the profiler. */
void *thread_map_for(enum prof_lib lib, size_t size);
void thread_unmap_for(enum prof_lib lib, void *memory, size_t size);

#endif
