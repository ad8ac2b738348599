/** @file stride.h  Sixteen bytes at once, as the compilers' vectors have them: on any processor, quick on most. */
#ifndef BASE_STRIDE_H
#define BASE_STRIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t stride __attribute__((vector_size(16)));
enum { STRIDE = sizeof(stride) };

/** Sixteen times @p c; also of other vectors of sixteen bytes. */
#define STRIDE_OF(c)                                                                                         \
        {                                                                                                    \
                c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c                                               \
        }

/** The sixteen bytes at @p at, wherever that is. */
static inline stride stride_at(const uint8_t *at)
{
        stride bytes;
        memcpy(&bytes, at, sizeof bytes);
        return bytes;
}

/** Is any bit of them set? */
static inline bool stride_any(stride s)
{
        uint64_t halves[2];
        memcpy(halves, &s, sizeof halves);
        return (halves[0] | halves[1]) != 0;
}

#endif
