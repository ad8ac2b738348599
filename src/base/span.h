/** @file span.h  A stretch of bytes that somebody else owns.
 * A span never owns and never frees; how long it lives is said where it is handed over. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static inline bool span_equal(struct span a, struct span b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
