/** @file stride.h  Sixteen bytes at once, with the vectors of gcc and clang: correct on any processor, fast on most.
 * Threads: any.   Memory: none. */
#ifndef BASE_STRIDE_H
#define BASE_STRIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

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

/** Which of the sixteen places at @p at may begin a word of @p len bytes that begins with @p first and ends in @p last, in either case? */
static inline stride stride_candidates(const uint8_t *at, size_t len, stride first, stride last)
{
        const stride small = STRIDE_OF(0x20);
        return (stride)(((stride_at(at) | small) == first) & ((stride_at(at + len - 1) | small) == last));
}

/** The offset of the first @p word, of ASCII in either case, in the @p n bytes at @p data; @p n if there is none. */
static inline size_t stride_find_word(const uint8_t *data, size_t n, const char *word)
{
        size_t len = strlen(word);
        const stride first = STRIDE_OF((uint8_t)(word[0] | 0x20));
        const stride last = STRIDE_OF((uint8_t)(word[len - 1] | 0x20));
        size_t at = 0;
        while (n >= len && at <= n - len) {
                if (n - len - at >= STRIDE && !stride_any(stride_candidates(data + at, len, first, last))) {
                        at += STRIDE;
                        continue;
                }
                size_t end = n - len - at >= STRIDE ? at + STRIDE : n - len + 1;
                for (; at < end; at++) {
                        if ((data[at] | 0x20) == first[0] && (data[at + len - 1] | 0x20) == last[0] &&
                            strncasecmp((const char *)data + at, word, len) == 0) {
                                return at;
                        }
                }
        }
        return n;
}

/** Which bytes of @p s are decimal digits? */
static inline stride stride_digits(stride s)
{
        const stride zero = STRIDE_OF('0');
        const stride ten = STRIDE_OF(10);
        return (stride)((stride)(s - zero) < ten);
}

/** How many of the @p n bytes at @p data are digits, commas and spaces, up to the first other one? */
static inline size_t stride_skip_numbers(const uint8_t *data, size_t n)
{
        const stride comma = STRIDE_OF(',');
        const stride space = STRIDE_OF(' ');
        size_t at = 0;
        while (n - at >= STRIDE) {
                stride s = stride_at(data + at);
                if (stride_any(~(stride)(stride_digits(s) | (s == comma) | (s == space)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at < n && ((uint8_t)(data[at] - '0') <= 9 || data[at] == ',' || data[at] == ' ')) {
                at++;
        }
        return at;
}

#endif
