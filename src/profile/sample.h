/** @file sample.h  Which allocations are sampled: a countdown of bytes for each thread.
 * Each byte is a sample with probability 1/R, whatever the sizes: the gaps are exponential with mean R. An allocation
 * of b bytes is sampled with probability 1 - e^(-b/R), which is what readers of heap profiles scale by.
 * Threads: any; each has its own countdown. */
#ifndef PROFILE_SAMPLE_H
#define PROFILE_SAMPLE_H

#include "profile/thread.h"

extern _Atomic uint64_t sample_mean_bytes;

/** The countdown ran out, or the mean was changed: draw anew. @return whether the allocation is a sample. */
bool sample_draw(struct prof_thread *t, uint64_t mean, size_t size);

/** Count an allocation of @p size. @return whether it is a sample. */
static inline bool sample_hits(struct prof_thread *t, size_t size)
{
        uint64_t mean = atomic_load_explicit(&sample_mean_bytes, memory_order_relaxed);
        t->until_sample -= (int64_t)size;
        return (t->until_sample <= 0 || t->sample_mean != mean) && sample_draw(t, mean, size);
}

#endif
