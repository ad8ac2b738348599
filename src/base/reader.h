/** @file reader.h  A bounded cursor over bytes, with a sticky error.
 *
 *      data                          at              len
 *      |----- already taken ---------|-- still left --|
 *      invariant: at <= len
 *
 * Reading past the end sets `failed`; from then on every read returns zeroes and takes nothing. A parser reads to the end without
 * checks, and checks once. A loop whose count comes from the wire checks `failed` in every iteration.
 * Threads: one owner.   Memory: allocates nothing; spans handed out point into the input. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/span.h"

struct reader {
        const uint8_t *data;
        size_t len;
        size_t at;
        bool failed;
        bool odd_length; /**< a length had more than 32 bits: lenenc_length (mysql/wire/lenenc.h) */
};

static inline struct reader reader_over(struct span in)
{
        return (struct reader){in.data, in.len, 0, false, false};
}

/** Bytes not yet taken; 0 after a failure. */
static inline size_t reader_left(const struct reader *r)
{
        return r->failed ? 0 : r->len - r->at;
}

/** Nothing failed and nothing is left. */
static inline bool reader_done(const struct reader *r)
{
        return !r->failed && r->at == r->len;
}

/** The next @p n bytes; empty, and failed, if there are fewer. */
static inline struct span reader_take(struct reader *r, uint64_t n)
{
        if (r->failed || n > r->len - r->at) {
                r->failed = true;
                return (struct span){NULL, 0};
        }
        if (n == 0) {
                return (struct span){r->data, 0}; /* data may be NULL: nothing is added to it */
        }
        struct span s = {r->data + r->at, (size_t)n};
        r->at += (size_t)n;
        return s;
}

/** All that is left; empty after a failure. */
static inline struct span reader_rest(struct reader *r)
{
        return reader_take(r, reader_left(r));
}

/** The next byte without taking it; 0 if there is none (which is no failure). */
static inline uint8_t reader_peek(const struct reader *r)
{
        return reader_left(r) > 0 ? r->data[r->at] : 0;
}

/** A little-endian unsigned integer of @p n bytes, 1 to 8. */
uint64_t reader_uint(struct reader *r, unsigned n);

/* The small ones, of which packets are made, without a call. */

static inline uint8_t reader_u8(struct reader *r)
{
        if (r->failed || r->at == r->len) {
                r->failed = true;
                return 0;
        }
        return r->data[r->at++];
}

static inline uint16_t reader_u16(struct reader *r)
{
        const uint8_t *p = reader_take(r, 2).data;
        return p != NULL ? (uint16_t)(p[0] | p[1] << 8) : 0;
}

static inline uint32_t reader_u32(struct reader *r)
{
        const uint8_t *p = reader_take(r, 4).data;
        return p != NULL ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
                         : 0;
}

/** Text up to a NUL; the NUL is taken and not part of the result. Fails if there is no NUL. */
struct span reader_nul(struct reader *r);

#endif
