/** @file writer.h  A bounded cursor for building bytes in memory that the caller owns, with a sticky error.
 *
 *      data                     at                size
 *      |------- written --------|----- free -------|
 *      invariant: at <= size
 *
 * An append that does not fit sets `failed` and writes nothing, and neither does any later one; nothing is written in part. `wanted`
 * counts what would have been written in all, so that the caller can see by how much its buffer was too small.
 * Threads: one owner.   Memory: allocates nothing. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/span.h"

struct writer {
        uint8_t *data;
        size_t size;
        size_t at;
        uint64_t wanted;
        bool failed;
};

static inline struct writer writer_over(void *data, size_t size)
{
        return (struct writer){data, size, 0, 0, false};
}

static inline struct span writer_span(const struct writer *w)
{
        return (struct span){w->data, w->at};
}

/** Append @p n bytes. @p data may be NULL if @p n is 0. */
static inline void writer_bytes(struct writer *w, const void *data, size_t n)
{
        w->wanted += n;
        if (w->failed || n > w->size - w->at) {
                w->failed = true;
        } else if (n > 0) {
                memcpy(w->data + w->at, data, n);
                w->at += n;
        }
}

static inline void writer_put(struct writer *w, struct span s)
{
        writer_bytes(w, s.data, s.len);
}

/** Append a NUL-terminated string without its NUL. */
static inline void writer_text(struct writer *w, const char *text)
{
        writer_bytes(w, text, strlen(text));
}

static inline void writer_char(struct writer *w, char c)
{
        writer_bytes(w, &c, 1);
}

/** Append @p value in @p n bytes, little-endian, 1 to 8. */
void writer_uint(struct writer *w, uint64_t value, unsigned n);

enum { DECIMAL_MAX = 20, DECIMAL_SMALL = 1000 };
extern const char decimal_pairs[100][3]; /**< "00" to "99" */
/** The digits of 0 to 999, four bytes each: three for the digits, from the left, then the number of digits. */
extern const char decimal_small[DECIMAL_SMALL * 4 + 1];
uint8_t *decimal_put_long(uint8_t *to, uint64_t value);

/** Write @p value in decimal at @p to, where DECIMAL_MAX bytes must be writable; bytes after the digits may be overwritten, too.
 *  @return the end of the digits. */
static inline uint8_t *decimal_put(uint8_t *to, uint64_t value)
{
        if (value < DECIMAL_SMALL) { /* most values are */
                memcpy(to, decimal_small + 4 * value, 4);
                return to + decimal_small[4 * value + 3];
        }
        return decimal_put_long(to, value);
}

/** Append @p value in decimal. */
void writer_decimal(struct writer *w, uint64_t value);

/** Append @p value in decimal, with @p pad in front of it up to @p width digits. */
void writer_padded(struct writer *w, uint64_t value, unsigned width, char pad);

/** Append @p n times @p c. */
void writer_repeat(struct writer *w, char c, size_t n);

/** Append the bytes of @p s as hex digits. */
void writer_hex(struct writer *w, struct span s);

/** Append as printf does; no NUL is left behind. */
void writer_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
