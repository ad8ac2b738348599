/** @file scale.h  Estimates the totals of all allocations from samples.
 * Source: Go's runtime/pprof (scaleHeapSample). Threads: any. */
#ifndef PROFILE_HEAP_SCALE_H
#define PROFILE_HEAP_SCALE_H

#include <stdint.h>

struct scaled {
        int64_t objects;
        int64_t bytes;
};

/** @p objects of @p bytes together, sampled at a rate of one in @p sample_bytes. Unchanged if that is 1 or 0. */
struct scaled scale_samples(uint64_t objects, uint64_t bytes, uint64_t sample_bytes);

#endif
