/** @file sample.h  Decides which allocations are sampled, by a countdown of bytes in each thread.
 * Each byte is a sample with probability 1/R, whatever the sizes: the gaps are exponential with mean R. An allocation
 * of b bytes is sampled with probability 1 - e^(-b/R), which is what readers of heap profiles scale by (scale.h).
 * All stages share the countdown while they have the same rate (rate.h). Otherwise each has its own, and every allocation
 * calls sample_draw. Threads: any; each has its own countdowns. */
#ifndef PROFILE_HEAP_SAMPLE_H
#define PROFILE_HEAP_SAMPLE_H

#include "profile/heap/rate.h"
#include "profile/heap/thread.h"

/** For when the countdown ran out, the rate was changed, or stages have rates of their own.
 *  @return whether the allocation is a sample. */
bool sample_draw(struct prof_thread *t, uint64_t mean, enum prof_stage stage, size_t size);
/** The rate at which the calling thread has just taken a sample in @p stage. */
uint64_t sample_mean_of(const struct prof_thread *t, enum prof_stage stage);

/** Count an allocation of @p size. @return whether it is a sample. */
static inline bool sample_hits(struct prof_thread *t, enum prof_stage stage, size_t size)
{
        uint64_t mean = atomic_load_explicit(&rate_mean_bytes, memory_order_relaxed);
        t->until_sample -= (int64_t)size;
        return (t->until_sample <= 0 || t->sample_mean != mean) && sample_draw(t, mean, stage, size);
}

/** For tests whose outcome depends on chance: the calling thread's draws follow from @p seed (not 0) from now on. */
void sample_seed(uint64_t seed);

#endif
