#include "mysql/record/row_hashes.h"

#include "base/writer.h"

#include <math.h>
#include <xxhash.h>

enum { SHORT = 16 };

/** The product of two numbers, each with the others' bits in all of its own. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
        __uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15U) * (b ^ 0xd6e8feb86659fd93U);
        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/** Hash @p text, which is not empty. Nearly all values that are hashed are short; for these a call would cost more than the hash. */
static inline uint64_t hash_of(struct span text)
{
        uint64_t first = 0;
        uint64_t last = 0;
        if (text.len > SHORT) {
                return XXH3_64bits(text.data, text.len);
        }
        if (text.len >= 8) {
                memcpy(&first, text.data, 8);
                memcpy(&last, text.data + text.len - 8, 8);
        } else if (text.len >= 4) {
                uint32_t half;
                memcpy(&half, text.data, sizeof half);
                first = half;
                memcpy(&half, text.data + text.len - 4, sizeof half);
                last = half;
        } else {
                first = text.data[0];
                last = text.data[text.len / 2] | (uint64_t)text.data[text.len - 1] << 8;
        }
        return mix(first + ((uint64_t)text.len << 56), last);
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/** The number in a text such as tt:74, a name and a number: applications execute statements for the number alone. Any other text as it is. */
static struct span without_name(struct span text)
{
        size_t at = text.len;
        while (at > 0 && is_digit(text.data[at - 1])) {
                at--;
        }
        size_t name = 0;
        while (name < at && (is_letter(text.data[name]) || text.data[name] == '_')) {
                name++;
        }
        bool has_name = name > 0 && name + 1 == at && text.data[name] == ':' && at < text.len;
        return has_name ? span_skip(text, at) : text;
}

uint32_t row_hash_text(struct span text)
{
        if (text.len == 0 || text.len > ROW_HASH_MAX) {
                return 0;
        }
        if (is_letter(text.data[0]) && is_digit(text.data[text.len - 1])) {
                text = without_name(text);
        }
        uint32_t hash = (uint32_t)hash_of(text);
        return hash != 0 ? hash : 1;
}

/** Of an integer in binary form. */
static uint32_t hash_integer(const struct value *v)
{
        uint8_t text[24];
        struct writer w = writer_over(text, sizeof text);
        size_t size = v->bytes.len;
        struct reader r = reader_over(v->bytes);
        uint64_t bits = reader_uint(&r, (unsigned)size);
        uint64_t sign = 1ULL << (size * 8 - 1);
        if (!v->is_unsigned && v->type != VALUE_YEAR && (bits & sign) != 0) {
                writer_char(&w, '-');
                bits = (sign << 1) - bits;
        }
        writer_decimal(&w, bits);
        return row_hash_text(writer_span(&w));
}

/** Of a number with a fraction in binary form: drivers of JavaScript send integers as such. 0 if it is no integer. */
static uint32_t hash_real(const struct value *v)
{
        static const double exact = 9007199254740992.0; /* 2^53: below it doubles have all integers */
        struct reader r = reader_over(v->bytes);
        uint64_t bits = reader_uint(&r, (unsigned)v->bytes.len);
        double number;
        if (v->type == VALUE_FLOAT) {
                uint32_t half = (uint32_t)bits;
                float real;
                memcpy(&real, &half, sizeof real);
                number = (double)real;
        } else {
                memcpy(&number, &bits, sizeof number);
        }
        if (!(number > -exact && number < exact) || (double)(int64_t)number != number) {
                return 0;
        }
        uint8_t text[24];
        struct writer w = writer_over(text, sizeof text);
        if (signbit(number) != 0) {
                writer_char(&w, '-');
        }
        writer_decimal(&w, (uint64_t)(number < 0 ? -number : number));
        return row_hash_text(writer_span(&w));
}

uint32_t row_hash_value(const struct value *v)
{
        if (v->is_null || v->bytes.len == 0 || !value_is_whole(v)) {
                return 0;
        }
        int size = value_binary_size(v->type);
        bool is_text = v->in_text || (size > 0 && v->bytes.len != (size_t)size); /* as long data can be */
        if (is_text) {
                return row_hash_text(v->bytes);
        }
        switch (v->type) {
        case VALUE_BOOL:
        case VALUE_TINY:
        case VALUE_SHORT:
        case VALUE_YEAR:
        case VALUE_LONG:
        case VALUE_INT24:
        case VALUE_LONGLONG: return hash_integer(v);
        case VALUE_FLOAT:
        case VALUE_DOUBLE: return hash_real(v);
        case VALUE_DATE:
        case VALUE_NEWDATE:
        case VALUE_TIME:
        case VALUE_DATETIME:
        case VALUE_TIMESTAMP: return 0;
        default: return row_hash_text(v->bytes);
        }
}
