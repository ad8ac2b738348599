/** @file fault.h  Allocations that are made to fail, for tests: which ones, and how many did.
 * Threads: any. Costs one relaxed load while nothing is armed; a lock, and a stack for a record, while something is. */
#ifndef PROFILE_HEAP_FAULT_H
#define PROFILE_HEAP_FAULT_H

#include "profile/heap/alloc_site.h"
#include "profile/heap/stage.h"

#include <stdatomic.h>

enum prof_fault_kind {
        FAULT_NONE,
        FAULT_NTH, /**< the nth next allocation (1 = the next), once */
        FAULT_RANDOM, /**< each with a probability; the same seed and the same order of allocations give the same faults */
        FAULT_RECORD, /**< the next allocation that counts for an allocation record, once */
};

/** Which allocations are made to fail. */
struct prof_fault {
        enum prof_fault_kind kind;
        /** Only there; STAGE_COUNT = in all but main, settings, admin and profile. FAULT_RECORD does not look at it. */
        enum prof_stage stage;
        uint64_t nth;
        double probability; /**< from 0 to 1 */
        uint64_t seed;
        uint32_t record; /**< id of the allocation record */
};

/** Make allocations fail from now on, counting all threads, instead of those that were to fail before. FAULT_NONE disarms.
 *  @return false if there is no such record, or it cannot be made to fail (an overflow record, which stands for many, or one of
 *  libevent's in the admin port, which does not survive that): nothing has changed. */
bool prof_fault_arm(const struct prof_fault *fault);
/** What is armed. */
struct prof_fault prof_fault_now(void);
/** FAULT_NTH in all stages; 0 disarms. */
void prof_fail_nth(uint64_t nth);
/** Allocations counted, in the stages meant, since the last fault was armed. */
uint64_t prof_fail_seen(void);
/** Faults that were injected since the start. */
uint64_t prof_fail_fired(void);

/* --- for the allocation functions (prof.c) ------------------------------------------------------------------------ */

extern atomic_bool fault_armed;

/** Count an allocation while something is armed. @return whether it has to fail. */
bool fault_count(enum prof_stage stage, enum prof_lib lib, size_t size, const struct alloc_site *site);

static inline bool fault_hits(enum prof_stage stage, enum prof_lib lib, size_t size,
                              const struct alloc_site *site)
{
        return atomic_load_explicit(&fault_armed, memory_order_relaxed) &&
               fault_count(stage, lib, size, site);
}

#endif
