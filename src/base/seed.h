/** @file seed.h  A random number of the process, so that nobody outside can aim at a bucket of a table.
 *
 * What peers choose (ids, texts) may be a key: bucket = seed_bucket(key, bits). With a multiplier that they don't know two keys
 * meet in a bucket as rarely as chance has it, whatever they choose (multiply-shift hashing, a universal family).
 * Threads: any.   Memory: none. */
#ifndef BASE_SEED_H
#define BASE_SEED_H

#include <stdint.h>

/** The same for as long as the process runs; odd. Where the kernel has no random numbers yet it is the same in each process. */
uint64_t seed_of_process(void);

/** One of 2^@p bits buckets for @p key, by @p seed. @p bits from 1 to 63. */
static inline uint64_t seed_bucket(uint64_t seed, uint64_t key, unsigned bits)
{
        return key * seed >> (64 - bits);
}

#endif
