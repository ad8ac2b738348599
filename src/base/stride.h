/** @file stride.h  Sixteen bytes at once, with the vectors of gcc and clang: correct on any processor, fast on most.
 * Threads: any.   Memory: none. */
#ifndef BASE_STRIDE_H
#define BASE_STRIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t stride __attribute__((vector_size(16)));
enum { STRIDE = sizeof(stride) };

/** Sixteen times @p c; also for other vectors of sixteen bytes. */
#define STRIDE_OF(c)                                                                                         \
        {                                                                                                    \
                c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c                                               \
        }

/** The sixteen bytes at @p at, which need not be aligned. */
static inline stride stride_at(const uint8_t *at)
{
        stride bytes;
        memcpy(&bytes, at, sizeof bytes);
        return bytes;
}

/** Is any bit of @p s set? */
static inline bool stride_any(stride s)
{
        uint64_t halves[2];
        memcpy(halves, &s, sizeof halves);
        return (halves[0] | halves[1]) != 0;
}

/** The offset of the first @p a that is followed by @p b in the @p n bytes at @p data; @p n if there is none. */
static inline size_t stride_find_pair(const uint8_t *data, size_t n, uint8_t a, uint8_t b)
{
        const stride as = STRIDE_OF(a);
        const stride bs = STRIDE_OF(b);
        size_t at = 0;
        while (n - at > STRIDE) {
                if (stride_any((stride)((stride_at(data + at) == as) & (stride_at(data + at + 1) == bs)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at + 1 < n) {
                if (data[at] == a && data[at + 1] == b) {
                        return at;
                }
                at++;
        }
        return n;
}

#endif
