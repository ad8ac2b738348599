#include "mysql/dissect/row_columns.h"

#include "mysql/wire/lenenc.h"

enum {
        UNSIGNED = 0x40, /* added to the type of an integer, all of which are smaller */
        FIXED = 12,      /* bytes at the end of a definition, and a length before them */
        BINARY_NULL_OFFSET = 2,
        NULL_TEXT = 0xfb,
        UNREADABLE = 0xff, /* in place of the number of columns: a definition could not be read */
};

#define FLAG_KEYS     0x400eu /* primary, unique, multiple, part of one */
#define FLAG_UNSIGNED 0x0020u

static bool is_integer(uint8_t type)
{
        return type == VALUE_TINY || type == VALUE_SHORT || type == VALUE_LONG || type == VALUE_LONGLONG ||
               type == VALUE_INT24 || type == VALUE_YEAR;
}

/** How likely are values of the column to be looked for? */
static uint8_t rank_of(uint8_t type, uint16_t flags)
{
        switch (type) {
        case VALUE_DECIMAL:
        case VALUE_NEWDECIMAL:
        case VALUE_VARCHAR:
        case VALUE_VAR_STRING:
        case VALUE_STRING:
        case VALUE_ENUM: return (flags & FLAG_KEYS) != 0 ? 3 : 1;
        default: return !is_integer(type) ? 0 : (flags & FLAG_KEYS) != 0 ? 3 : 2;
        }
}

/** Choose column @p at, which stands behind all that are chosen, in place of the last one with the lowest rank if necessary. */
static void choose(struct row_columns *c, uint8_t at, uint8_t rank)
{
        if (c->n == ROW_HASHES_COLUMNS) {
                unsigned out = c->n - 1U;
                for (unsigned i = c->n - 1U; i-- > 0;) {
                        out = c->rank[i] < c->rank[out] ? i : out;
                }
                if (c->rank[out] >= rank) {
                        return;
                }
                c->n--;
                memmove(&c->at[out], &c->at[out + 1], c->n - out);
                memmove(&c->rank[out], &c->rank[out + 1], c->n - out);
        }
        c->at[c->n] = at;
        c->rank[c->n++] = rank;
}

void row_columns_add(struct row_columns *c, struct span body)
{
        if (c->seen >= ROW_COLUMNS_SEEN) {
                return;
        }
        if (body.len <= FIXED || body.data[body.len - FIXED - 1] != FIXED) {
                c->seen = UNREADABLE;
                return;
        }
        struct reader r = reader_over(span_skip(body, body.len - FIXED));
        (void)reader_u16(&r); /* collation */
        (void)reader_u32(&r); /* width */
        uint8_t type = reader_u8(&r);
        uint16_t flags = reader_u16(&r);
        uint8_t rank = rank_of(type, flags);
        bool is_unsigned = is_integer(type) && (flags & FLAG_UNSIGNED) != 0;
        c->types[c->seen] = is_unsigned ? type | UNSIGNED : type;
        if (rank > 0) {
                choose(c, c->seen, rank);
        }
        c->seen++;
}

/** The same as row_columns_hash_text, for rows in which no value up to the last chosen column is longer than one byte says, as in nearly
 *  all. @return false: there are others, or the row is incomplete. */
static bool hash_short_values(const struct row_columns *c, struct span body, uint32_t out[ROW_HASHES_COLUMNS])
{
        if (body.len == 0) { /* data may be NULL */
                return false;
        }
        const uint8_t *at = body.data;
        const uint8_t *end = body.data + body.len;
        unsigned column = 0;
        for (unsigned i = 0; i < c->n; column++) {
                size_t len = at < end ? *at++ : (size_t)UINT8_MAX;
                bool is_null = len == NULL_TEXT;
                len = is_null ? 0 : len;
                if (len > NULL_TEXT || len > (size_t)(end - at)) {
                        return false;
                }
                if (column == c->at[i]) {
                        out[i++] = is_null ? 0 : row_hash_text(span_of(at, len));
                }
                at += len;
        }
        return true;
}

void row_columns_hash_text(const struct row_columns *c, struct span body, uint32_t out[ROW_HASHES_COLUMNS])
{
        if (hash_short_values(c, body, out)) {
                return;
        }
        struct reader r = reader_over(body);
        unsigned at = 0;
        for (unsigned i = 0; i < c->n; i++, at++) {
                for (; at < c->at[i]; at++) {
                        if (reader_peek(&r) == NULL_TEXT) {
                                (void)reader_u8(&r);
                        } else {
                                (void)lenenc_span(&r);
                        }
                }
                bool is_null = reader_peek(&r) == NULL_TEXT;
                struct span text = is_null ? reader_take(&r, 1) : lenenc_span(&r);
                out[i] = is_null || r.failed ? 0 : row_hash_text(text);
        }
}

/** The value at the front of @p r, of a column with the type @p type as it is kept. */
static uint32_t hash_next(struct reader *r, uint8_t type)
{
        uint8_t plain = type & (UNSIGNED - 1);
        bool is_unsigned = type == (plain | UNSIGNED) && is_integer(plain);
        struct value v = value_read(r, is_unsigned ? plain : type, is_unsigned, SIZE_MAX);
        return r->failed ? 0 : row_hash_value(&v);
}

void row_columns_hash_binary(const struct row_columns *c, uint64_t columns, struct span body,
                             uint32_t out[ROW_HASHES_COLUMNS])
{
        struct reader r = reader_over(body);
        (void)reader_u8(&r);
        /* in a form that does not overflow: the server can announce any number of columns and leave the definitions out */
        struct span nulls = reader_take(&r, columns / 8 + (columns % 8 + 7 + BINARY_NULL_OFFSET) / 8);
        unsigned i = 0;
        for (unsigned at = 0; i < c->n && at < columns && !r.failed; at++) {
                size_t bit = at + BINARY_NULL_OFFSET;
                bool is_null = (nulls.data[bit / 8] >> (bit % 8) & 1) != 0;
                uint32_t hash = is_null ? 0 : hash_next(&r, c->types[at]);
                if (at == c->at[i]) {
                        out[i++] = hash;
                }
        }
        for (; i < c->n; i++) {
                out[i] = 0;
        }
}
