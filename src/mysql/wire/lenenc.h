/** @file lenenc.h  Length-encoded integers and strings, read through a cursor.
 * Source: MySQL's protocol documentation (Basic Data Types). */
#ifndef MYSQL_WIRE_LENENC_H
#define MYSQL_WIRE_LENENC_H

#include "base/reader.h"

/** Read an integer. 0xFB (NULL) and 0xFF are not integers, and fail. */
static inline uint64_t lenenc_uint(struct reader *r)
{
        uint8_t first = reader_u8(r);
        switch (first) {
        case 0xfc: return reader_uint(r, 2);
        case 0xfd: return reader_uint(r, 3);
        case 0xfe: return reader_uint(r, 8);
        case 0xfb:
        case 0xff: r->failed = true; return 0;
        default: return first;
        }
}

/** Read the length of something. Servers and clients read only the lower four of its eight bytes, and clients in use send rubbish in the
 *  others: that sets odd_length. */
static inline uint64_t lenenc_length(struct reader *r)
{
        uint64_t n = lenenc_uint(r);
        if (n > UINT32_MAX) {
                r->odd_length = true;
        }
        return n & UINT32_MAX;
}

/** Read a string that follows its length. */
static inline struct span lenenc_span(struct reader *r)
{
        uint64_t n = lenenc_length(r);
        return reader_take(r, n);
}

#endif
