/** @file sample.h  Which allocations are sampled: a countdown of bytes for each thread.
 * Each byte is a sample with probability 1/R, whatever the sizes: the gaps are exponential with mean R. An allocation
 * of b bytes is sampled with probability 1 - e^(-b/R), which is what readers of heap profiles scale by (scale.h).
 * All stages share the countdown while they have one rate. Else each has its own, and every allocation takes the slow way.
 * Threads: any; each has its own countdowns. */
#ifndef PROFILE_HEAP_SAMPLE_H
#define PROFILE_HEAP_SAMPLE_H

#include "profile/heap/rate.h"
#include "profile/heap/thread.h"

/** The countdown ran out, or the mean was changed, or stages have their own. @return whether the allocation is a sample. */
bool sample_draw(struct prof_thread *t, uint64_t mean, enum prof_stage stage, size_t size);
/** The mean by which the calling thread has just found a sample in @p stage. */
uint64_t sample_mean_of(const struct prof_thread *t, enum prof_stage stage);

/** Count an allocation of @p size. @return whether it is a sample. */
static inline bool sample_hits(struct prof_thread *t, enum prof_stage stage, size_t size)
{
        uint64_t mean = atomic_load_explicit(&rate_mean_bytes, memory_order_relaxed);
        t->until_sample -= (int64_t)size;
        return (t->until_sample <= 0 || t->sample_mean != mean) && sample_draw(t, mean, stage, size);
}

/** The calling thread's draws follow from @p seed (not 0) from now on: a test that looks at what chance brings must get the same
 *  each time. */
void sample_seed(uint64_t seed);

#endif
