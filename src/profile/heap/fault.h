/** @file fault.h  Decides whether an allocation is made to fail. The controls are prof_fault_arm and its like (prof.h).
 * Threads: any. Costs one relaxed load while nothing is armed; a lock, and a stack for a record, while something is. */
#ifndef PROFILE_HEAP_FAULT_H
#define PROFILE_HEAP_FAULT_H

#include "profile/heap/seam.h"

#include <stdatomic.h>

extern atomic_bool fault_armed;

/** Count an allocation. @return whether it has to fail. */
bool fault_count(enum prof_stage stage, enum prof_lib lib, size_t size, const struct seam_site *site);

static inline bool fault_hits(enum prof_stage stage, enum prof_lib lib, size_t size,
                              const struct seam_site *site)
{
        return atomic_load_explicit(&fault_armed, memory_order_relaxed) &&
               fault_count(stage, lib, size, site);
}

#endif
