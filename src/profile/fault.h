/** @file fault.h  Decides whether an allocation is made to fail. The controls are prof_fail_nth and its like (prof.h).
 * Threads: any. Costs one relaxed load while nothing is armed. */
#ifndef PROFILE_FAULT_H
#define PROFILE_FAULT_H

#include "profile/prof.h"

#include <stdatomic.h>

extern atomic_bool fault_armed;

/** Count an allocation in @p stage. @return whether it has to fail. */
bool fault_count(enum prof_stage stage);

static inline bool fault_hits(enum prof_stage stage)
{
        return atomic_load_explicit(&fault_armed, memory_order_relaxed) && fault_count(stage);
}

#endif
