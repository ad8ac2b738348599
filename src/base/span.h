/** @file span.h  A reference to consecutive bytes that somebody else owns.
 * A span is never freed; every function that returns one documents how long it is valid. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
        const uint8_t *data; /**< may be NULL when len is 0 */
        size_t len;          /**< bytes */
};

/** The @p n bytes at @p data. */
static inline struct span span_of(const void *data, size_t n)
{
        return (struct span){data, n};
}

/** The text of a NUL-terminated string; NULL gives the empty span. */
static inline struct span span_str(const char *text)
{
        return (struct span){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

/** The first @p n bytes of @p s, or all of it if it is shorter. */
static inline struct span span_head(struct span s, size_t n)
{
        return (struct span){s.data, s.len < n ? s.len : n};
}

/** @p s without its first @p n bytes; empty if it is shorter. */
static inline struct span span_skip(struct span s, size_t n)
{
        return n < s.len ? (struct span){s.data + n, s.len - n} : (struct span){NULL, 0};
}

/** @p size, hidden from the compiler: for memcpy and memset of hundreds of bytes. The C library needs half as many instructions as
 *  the code that compilers generate in line for a known size. */
static inline size_t span_unknown(size_t size)
{
        __asm__("" : "+r"(size));
        return size;
}

/** Copy @p n bytes, some hundreds, a number that the compiler knows and that is a multiple of 8. The copy is in line, in words of 16
 *  bytes; a call of the C library would take more instructions, and so would what compilers generate for memcpy. */
static inline __attribute__((always_inline)) void span_copy_fixed(void *to, const void *from, size_t n)
{
        typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));
        size_t at = 0;
#pragma GCC unroll 64
        for (; at + sizeof(pair) <= n; at += sizeof(pair)) {
                *(pair *)(void *)((uint8_t *)to + at) =
                    *(const pair *)(const void *)((const uint8_t *)from + at);
                __asm__(""); /* otherwise compilers make a memcpy of the loop */
        }
        if (at < n) {
                memcpy((uint8_t *)to + at, (const uint8_t *)from + at, n - at);
        }
}

/** Set @p n bytes to 0, as span_copy_fixed copies them. */
static inline __attribute__((always_inline)) void span_zero_fixed(void *to, size_t n)
{
        typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));
        size_t at = 0;
#pragma GCC unroll 64
        for (; at + sizeof(pair) <= n; at += sizeof(pair)) {
                *(pair *)(void *)((uint8_t *)to + at) = (pair){0, 0};
                __asm__("");
        }
        if (at < n) {
                memset((uint8_t *)to + at, 0, n - at);
        }
}

/** Copy the bytes of @p s to @p to. Most spans are short: their first and last bytes are copied without a call, some of them twice.
 *  @return the end of the copy. */
static inline uint8_t *span_copy(uint8_t *to, struct span s)
{
        if (s.len > 64) {
                memcpy(to, s.data, s.len);
        } else if (s.len >= 16) {
                memcpy(to, s.data, 16);
                if (s.len > 32) {
                        memcpy(to + 16, s.data + 16, 16);
                        memcpy(to + s.len - 32, s.data + s.len - 32, 16);
                }
                memcpy(to + s.len - 16, s.data + s.len - 16, 16);
        } else if (s.len >= 8) {
                memcpy(to, s.data, 8);
                memcpy(to + s.len - 8, s.data + s.len - 8, 8);
        } else if (s.len >= 4) {
                memcpy(to, s.data, 4);
                memcpy(to + s.len - 4, s.data + s.len - 4, 4);
        } else {
                for (size_t i = 0; i < s.len; i++) {
                        to[i] = s.data[i];
                }
        }
        return to + s.len;
}

static inline bool span_equal(struct span a, struct span b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/** Is @p s equal to @p text apart from the case of ASCII letters? */
static inline bool span_equal_nocase(struct span s, const char *text)
{
        return s.len == strlen(text) && strncasecmp((const char *)s.data, text, s.len) == 0;
}

/** Is @p s equal to one of @p texts apart from case? The last one is NULL. */
static inline bool span_is_one_of(struct span s, const char *const *texts)
{
        for (; *texts != NULL; texts++) {
                if (span_equal_nocase(s, *texts)) {
                        return true;
                }
        }
        return false;
}

/** Are the @p n bytes at @p a equal to those at @p b? As in span_copy there is no call, and the last bytes are compared twice. For
 *  texts that are nearly always equal. */
static inline bool span_same(const uint8_t *a, const uint8_t *b, size_t n)
{
        if (n >= 16) {
                for (; n > 16; n -= 16, a += 16, b += 16) {
                        if (memcmp(a, b, 16) != 0) {
                                return false;
                        }
                }
                return memcmp(a + n - 16, b + n - 16, 16) == 0;
        }
        if (n >= 8) {
                return memcmp(a, b, 8) == 0 && memcmp(a + n - 8, b + n - 8, 8) == 0;
        }
        size_t i = 0;
        while (i < n && a[i] == b[i]) {
                i++;
        }
        return i == n;
}

#endif
