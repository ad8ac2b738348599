/** @file counts.h  Exact counters: what each stage has allocated and freed, and how many statements there were.
 * Kept per thread (thread.h) and summed by the reader. Names follow performance_schema.memory_summary_* of MySQL's
 * reference manual. Units: bytes as asked for, without prefixes. Threads: any. */
#ifndef PROFILE_HEAP_COUNTS_H
#define PROFILE_HEAP_COUNTS_H

#include "profile/heap/leak_injection.h"
#include "profile/heap/thread.h"

/** Totals since the start. CURRENT_COUNT_USED = allocs - frees; LOW and HIGH are of the readings taken (one a
 *  second by prof_tick, and each prof_read). */
struct prof_counts {
        uint64_t count_alloc;
        uint64_t count_free;
        uint64_t bytes_alloc;
        uint64_t bytes_free;
        int64_t low_count_used;
        int64_t current_count_used;
        int64_t high_count_used;
        int64_t low_bytes_used;
        int64_t current_bytes_used;
        int64_t high_bytes_used;
};

/** Counters of a stage, all libraries together (@p lib = LIB_COUNT) or one of them (no LOW/HIGH then). */
struct prof_counts prof_read(enum prof_stage stage, enum prof_lib lib);
/** Live bytes of all stages. */
uint64_t prof_live_bytes(void);
/** Take the once-a-second reading for LOW and HIGH. Call from one thread. */
void prof_tick(void);

/** Count a statement of the calling thread. */
static inline void prof_count_statement(void)
{
        struct prof_thread *t = thread_self();
        thread_add(t, &t->statements, 1, memory_order_relaxed);
        leak_injection_on_event(LEAK_INJECTION_STATEMENT);
}
/** Statements so far, all threads. The age of an allocation record is measured in this unit too. */
uint64_t prof_statements(void);

#endif
