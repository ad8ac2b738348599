/** @file prof_state.h  What the profiler's own files share. Nobody else includes it.
 *
 *      prof.c    heaps, block prefix, current stage          counts.c   per-thread counters and their sums
 *      sample.c  which allocations are sampled, stacks       table.c    the table of records
 *      fault.c   failing the n-th allocation */
#ifndef PROFILE_PROF_STATE_H
#define PROFILE_PROF_STATE_H

#include "profile/record.h"

#include <stdatomic.h>

/** The heap functions stand in a section of their own, so that a sampled stack can leave them out by address. */
#define PROF_SEAM __attribute__((section("prof_seam")))
extern const char __start_prof_seam[]; /* the linker makes these two */
extern const char __stop_prof_seam[];

/** Counters of one (stage, library) pair. Written by the owning thread alone, with plain relaxed stores. */
struct cell {
        _Atomic uint64_t count_alloc;
        _Atomic uint64_t count_free;
        _Atomic uint64_t bytes_alloc;
        _Atomic uint64_t bytes_free;
};

/** One thread's part of the profiler; from mmap, reused when its thread has ended, never unmapped. */
struct prof_thread {
        struct prof_thread *next;
        _Atomic bool used;
        struct cell cells[STAGE_COUNT][LIB_COUNT];
        _Atomic uint64_t statements;
        enum prof_stage stage;
        const struct prof_wire *wire;
        int64_t countdown;       /**< bytes to the next sample */
        uint64_t countdown_mean; /**< the mean it was drawn for */
        uint64_t random;
        uintptr_t stack_low; /**< bounds of the thread's stack; 0 = not asked yet */
        uintptr_t stack_high;
};

/** The calling thread's part. NULL when mmap fails: then nothing is counted for it, which prof_alloc treats as out of
 *  memory. */
struct prof_thread *prof_self(void);
/** Memory for the profiler itself, counted as stage "profile". NULL when there is none. */
void *prof_own_memory(size_t bytes);

static inline void cell_add(_Atomic uint64_t *counter, uint64_t n)
{
        /* the owner alone writes: no read-modify-write instruction is needed */
        atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                              memory_order_release);
}

/** Take @p size bytes off the countdown. @return the record that counts this allocation, 0 if it is not sampled. */
uint32_t sample_alloc(struct prof_thread *self, enum prof_stage stage, enum prof_lib lib, size_t size);

/** The record of that key, made if need be; one more sampled allocation is counted in it. @return its id. */
uint32_t table_count_alloc(enum prof_stage stage, enum prof_lib lib, size_t size, const uintptr_t *stack,
                           unsigned depth, const struct prof_wire *wire);
void table_count_free(uint32_t id);
/** Set the newest second, for last_wall_ns. */
void table_tick(uint64_t wall_ns);

/** @return true if this allocation is to fail. */
bool fault_hits(enum prof_stage stage);

#endif
