/** @file seed.h  A random number for hash tables, so that no peer can aim at one bucket.
 *
 * Keys may be chosen by peers (ids, texts): bucket = seed_bucket(seed, key, bits). As they don't know the multiplier, two keys collide no
 * more often than by chance, whatever they choose (multiply-shift hashing, a universal family).
 * Threads: any.   Memory: none. */
#ifndef BASE_SEED_H
#define BASE_SEED_H

#include <stdint.h>

/** An odd number that does not change while the process runs. If the kernel has no random numbers yet, it is a constant. */
uint64_t seed_of_process(void);

/** The bucket for @p key among 2^@p bits. @p bits is from 1 to 63. */
static inline uint64_t seed_bucket(uint64_t seed, uint64_t key, unsigned bits)
{
        return key * seed >> (64 - bits);
}

#endif
