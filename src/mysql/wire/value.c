#include "mysql/wire/value.h"

#include "base/json.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/lenenc.h"
#include "mysql/wire/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_NULL = 0xfb, BIT_MAX = 8 };

/** @return the bytes of a type of fixed size; 0 for types whose length precedes them. */
static unsigned fixed_size(uint8_t type)
{
        static const uint8_t sizes[UINT8_MAX + 1] = {
            [VALUE_BOOL] = 1,  [VALUE_TINY] = 1,  [VALUE_SHORT] = 2,    [VALUE_YEAR] = 2,   [VALUE_LONG] = 4,
            [VALUE_INT24] = 4, [VALUE_FLOAT] = 4, [VALUE_LONGLONG] = 8, [VALUE_DOUBLE] = 8,
        };
        return sizes[type];
}

static bool is_temporal(uint8_t type)
{
        return type == VALUE_DATE || type == VALUE_DATETIME || type == VALUE_TIMESTAMP ||
               type == VALUE_TIME || type == VALUE_NEWDATE;
}

static bool is_real(uint8_t type)
{
        return type == VALUE_FLOAT || type == VALUE_DOUBLE;
}

void value_set_column(struct value *v, uint8_t decimals, uint8_t zerofill)
{
        v->has_decimals = (is_temporal(v->type) && decimals <= VALUE_DECIMALS_MAX) ||
                          (is_real(v->type) && decimals <= REAL_DECIMALS_MAX);
        v->decimals = v->has_decimals ? decimals : 0;
        v->zerofill = fixed_size(v->type) > 0 && v->type != VALUE_YEAR ? zerofill : 0;
}

bool value_is_text(uint8_t type)
{
        return type == VALUE_VARCHAR || type == VALUE_VAR_STRING || type == VALUE_STRING ||
               type == VALUE_ENUM || type == VALUE_SET || type == VALUE_JSON;
}

/** Bits, shapes and vectors are never text, even where their bytes look like it. */
static bool is_binary(uint8_t type)
{
        return type == VALUE_BIT || type == VALUE_GEOMETRY || type == VALUE_VECTOR;
}

/** Is that a length that the protocol has for a date or time? Values of other lengths are shown as bytes. */
static bool is_temporal_len(const struct value *v)
{
        size_t n = v->bytes.len;
        return v->type == VALUE_TIME ? n == 0 || n == 8 || n == 12 : n == 0 || n == 4 || n == 7 || n == 11;
}

/** Read text or bytes that follow their length. If the input ends sooner (only the beginning of a request is kept), the value is cut,
 *  and the reader has failed. */
static void read_counted(struct reader *r, struct value *v, size_t there)
{
        uint64_t length = lenenc_length(r);
        uint64_t n = length < there ? length : there;
        bool ends_sooner = !r->failed && n > reader_left(r);
        v->bytes = ends_sooner ? reader_rest(r) : reader_take(r, n);
        v->true_len = r->failed ? 0 : length;
        r->failed = r->failed || ends_sooner;
}

struct value value_read_text(struct reader *r, uint8_t type, bool is_unsigned, size_t keep)
{
        struct value v = {.type = type, .is_unsigned = is_unsigned, .in_text = true};
        if (reader_peek(r) == TEXT_NULL) {
                (void)reader_u8(r);
                v.is_null = true;
                return v;
        }
        read_counted(r, &v, SIZE_MAX);
        v.bytes = span_head(v.bytes, keep);
        return v;
}

int value_binary_size(uint8_t type)
{
        unsigned size = fixed_size(type);
        if (size > 0 || type == VALUE_NULL) {
                return (int)size;
        }
        return is_temporal(type) ? VALUE_BEHIND_BYTE : VALUE_BEHIND_LENGTH;
}

struct value value_read(struct reader *r, uint8_t type, bool is_unsigned, size_t keep)
{
        return value_read_part(r, type, is_unsigned, keep, SIZE_MAX);
}

struct value value_read_part(struct reader *r, uint8_t type, bool is_unsigned, size_t keep, size_t there)
{
        struct value v = {.type = type, .is_unsigned = is_unsigned};
        unsigned size = fixed_size(type);
        if (type == VALUE_NULL) {
                v.is_null = true;
        } else if (size > 0) {
                v.bytes = reader_take(r, size);
        } else if (is_temporal(type)) {
                v.bytes = reader_take(r, reader_u8(r));
        } else {
                read_counted(r, &v, there);
                v.bytes = span_head(v.bytes, keep);
                return v;
        }
        v.true_len = v.bytes.len;
        return v;
}

/* --- numbers and times as text -------------------------------------------------------------------------------- */

static void print_integer(struct writer *w, const struct value *v)
{
        struct reader r = reader_over(v->bytes);
        unsigned size = fixed_size(v->type);
        uint64_t bits = reader_uint(&r, size);
        uint64_t sign = size > 0 ? 1ULL << (size * 8 - 1) : 0;
        if (v->is_unsigned || v->type == VALUE_YEAR || (bits & sign) == 0) {
                writer_decimal(w, bits);
        } else {
                writer_char(w, '-');
                writer_decimal(w, (sign << 1) - bits);
        }
}

/** Write a number of 4 or 8 bytes. One that is not finite, which no server sends, is text. */
static void print_real(struct writer *w, struct span bytes, const struct value *v, enum value_style style)
{
        bool is_float = bytes.len == sizeof(float);
        float f = 0;
        double d = 0;
        memcpy(is_float ? (void *)&f : (void *)&d, bytes.data, bytes.len);
        d = is_float ? (double)f : d;
        if (!isfinite(d)) {
                char quote = style == VALUE_AS_JSON ? '"' : '\'';
                writer_char(w, quote);
                writer_text(w, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
                writer_char(w, quote);
        } else if (v->has_decimals) {
                real_put_fixed(w, d, v->decimals);
        } else {
                real_put_shortest(w, d, is_float);
        }
}

/** The fraction of a second: as many digits as the column has, as in the text protocol. The short forms, which leave the fraction
 *  out, mean zero. If the number of digits is not known, all six digits are written, or none for a short form. */
static void print_micros(struct writer *w, struct reader *r, const struct value *v, bool has_micros)
{
        enum { MICROS = 1000000 };
        uint32_t micros = has_micros ? reader_u32(r) : 0;
        bool fits = v->has_decimals && micros < MICROS;
        unsigned digits = fits ? v->decimals : has_micros ? VALUE_DECIMALS_MAX : 0;
        if (digits > 0) {
                char text[16];
                (void)snprintf(text, sizeof text, ".%06u", micros);
                writer_put(w, fits ? span_head(span_str(text), 1 + digits) : span_str(text));
        }
}

static void print_time(struct writer *w, struct reader *r, const struct value *v)
{
        bool negative = reader_u8(r) != 0;
        unsigned long long days = reader_u32(r);
        unsigned long long hours = days * 24 + reader_u8(r);
        unsigned minutes = reader_u8(r);
        unsigned seconds = reader_u8(r);
        writer_format(w, "%s%02llu:%02u:%02u", negative ? "-" : "", hours, minutes, seconds);
        print_micros(w, r, v, v->bytes.len >= 12);
}

static void print_date(struct writer *w, struct reader *r, const struct value *v, bool date_only)
{
        size_t len = v->bytes.len;
        unsigned year = reader_u16(r);
        unsigned month = reader_u8(r);
        unsigned day = reader_u8(r);
        writer_format(w, "%04u-%02u-%02u", year, month, day);
        if (date_only && len <= 4) {
                return;
        }
        unsigned hours = len >= 7 ? reader_u8(r) : 0;
        unsigned minutes = len >= 7 ? reader_u8(r) : 0;
        unsigned seconds = len >= 7 ? reader_u8(r) : 0;
        writer_format(w, " %02u:%02u:%02u", hours, minutes, seconds);
        print_micros(w, r, v, len >= 11);
}

/** Write a date or time without quotes. */
static void print_temporal(struct writer *w, const struct value *v)
{
        struct reader r =
            reader_over(v->bytes); /* of a short form the reader gives zeroes, as the protocol means it */
        if (v->type == VALUE_TIME) {
                print_time(w, &r, v);
        } else {
                print_date(w, &r, v, v->type == VALUE_DATE || v->type == VALUE_NEWDATE);
        }
}

/* --- texts and blobs ------------------------------------------------------------------------------------------------ */

static bool is_cut(const struct value *v)
{
        return v->cut || v->true_len > v->bytes.len;
}

/** A text of another character set that nobody converted is shown by its bytes. */
static bool is_utf8(uint8_t charset, struct span text)
{
        const struct transcode_from *from = charset_from(charset);
        return from == NULL || transcode_is_plain(from, text);
}

/** Can @p text, all or the front of @p v, be shown as such? */
static bool is_text(const struct value *v, struct span text)
{
        return is_utf8(v->charset, text) && !is_binary(v->type) && utf8_valid(text) &&
               (text.len == 0 || memchr(text.data, 0, text.len) == NULL);
}

/** Write a whole text that is printable ASCII, as most are. @return false if it is not: then nothing is written. */
static bool print_plain_json(struct writer *w, const struct value *v)
{
        const struct transcode_from *from = charset_from(v->charset);
        bool is_ascii = from == NULL || from->ascii;
        return !is_cut(v) && !is_binary(v->type) && is_ascii && json_string_plain(w, v->bytes);
}

static void print_bytes_json(struct writer *w, const struct value *v)
{
        if (print_plain_json(w, v)) {
                return;
        }
        struct span text = is_cut(v) ? utf8_trim(v->bytes) : v->bytes;
        bool readable = is_text(v, text);
        if (readable && !is_cut(v)) {
                (void)json_quote(w, text);
                return;
        }
        writer_text(w, readable ? "{\"text\":" : "{\"hex\":");
        if (readable) {
                (void)json_quote(w, text);
        } else {
                json_hex(w, v->bytes);
        }
        if (is_cut(v)) {
                writer_text(w, ",\"length\":");
                writer_decimal(w, v->true_len);
        }
        writer_char(w, '}');
}

/** Write text in quotes; control and invisible characters are escaped. */
static void print_quoted(struct writer *w, struct span s)
{
        writer_char(w, '\'');
        while (s.len > 0 && !w->failed) {
                size_t plain = shown_plain_but(s, '\\', '\'');
                if (plain > 0) {
                        writer_bytes(w, s.data, plain);
                        s = span_skip(s, plain);
                        continue;
                }
                uint8_t c = s.data[0];
                struct shown shown = shown_first(s);
                switch (c) {
                case '\n': writer_text(w, "\\n"); break;
                case '\r': writer_text(w, "\\r"); break;
                case '\t': writer_text(w, "\\t"); break;
                case '\\': writer_text(w, "\\\\"); break;
                case '\'': writer_text(w, "''"); break;
                default: writer_bytes(w, shown.text, shown.len);
                }
                s = span_skip(s, shown.taken);
        }
        writer_char(w, '\'');
}

/** Can @p text be sent to the server between quotes? */
static bool is_quotable(struct span text, enum value_style style)
{
        for (; text.len > 0; text = span_skip(text, utf8_sequence(text))) {
                uint8_t c = text.data[0];
                bool has_escape = style == VALUE_AS_LITERAL && (c == '\n' || c == '\r' || c == '\t');
                if (utf8_is_control(text) && !has_escape) {
                        return false;
                }
        }
        return true;
}

/** Write text in quotes, as the server writes a parameter into its logs. */
static void print_literal(struct writer *w, struct span s, enum value_style style)
{
        bool plain = style == VALUE_AS_PLAIN_LITERAL;
        writer_char(w, '\'');
        for (size_t i = 0; i < s.len && !w->failed; i++) {
                switch (s.data[i]) {
                case '\n': writer_text(w, "\\n"); break;
                case '\r': writer_text(w, "\\r"); break;
                case '\t': writer_text(w, "\\t"); break;
                case '\\': writer_text(w, plain ? "\\" : "\\\\"); break;
                case '\'': writer_text(w, plain ? "''" : "\\'"); break;
                default: writer_bytes(w, s.data + i, 1);
                }
        }
        writer_char(w, '\'');
}

/** Digits as a decimal has them: then it needs no quotes. */
static bool is_decimal(const struct value *v)
{
        if ((v->type != VALUE_NEWDECIMAL && v->type != VALUE_DECIMAL) || v->bytes.len == 0 || is_cut(v)) {
                return false;
        }
        for (size_t i = 0; i < v->bytes.len; i++) {
                uint8_t c = v->bytes.data[i];
                if ((c < '0' || c > '9') && c != '.' && (i > 0 || (c != '-' && c != '+'))) {
                        return false;
                }
        }
        return true;
}

static void print_hex(struct writer *w, struct span bytes)
{
        writer_text(w, "X'");
        writer_hex(w, bytes);
        writer_char(w, '\'');
}

static void print_bytes_sql(struct writer *w, const struct value *v, enum value_style style)
{
        struct span text = is_cut(v) ? utf8_trim(v->bytes) : v->bytes;
        bool for_server = style != VALUE_AS_SQL;
        if (is_decimal(v)) {
                writer_put(w, v->bytes);
        } else if (!is_text(v, text)) {
                print_hex(w, v->bytes);
        } else if (!for_server) {
                print_quoted(w, text);
        } else if (is_quotable(text, style)) {
                print_literal(w, text, style);
        } else {
                writer_text(w, "_utf8mb4 ");
                print_hex(w, text);
        }
        if (is_cut(v)) {
                writer_format(w, for_server ? " /* cut: %llu bytes */" : "… (%llu bytes)",
                              (unsigned long long)v->true_len);
        }
}

static void print_bytes(struct writer *w, const struct value *v, enum value_style style)
{
        if (style == VALUE_AS_JSON) {
                print_bytes_json(w, v);
        } else {
                print_bytes_sql(w, v, style);
        }
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static void print_number(struct writer *w, const struct value *v, enum value_style style)
{
        if (is_real(v->type)) {
                print_real(w, v->bytes, v, style);
        } else if (v->type == VALUE_YEAR && v->bytes.data[0] == 0 && v->bytes.data[1] == 0) {
                writer_text(w, style == VALUE_AS_JSON ? "\"0000\"" : "'0000'"); /* as in text rows */
        } else {
                print_integer(w, v);
        }
}

/** Write a number of a column with ZEROFILL: with zeroes before it, it is text, as in text rows. */
static void print_zerofilled(struct writer *w, const struct value *v, enum value_style style)
{
        char text[REAL_MAX];
        struct writer number = writer_over(text, sizeof text);
        print_number(&number, v, style);
        char quote = style == VALUE_AS_JSON ? '"' : '\'';
        if (number.at >= v->zerofill) {
                writer_put(w, writer_span(&number));
                return;
        }
        writer_char(w, quote);
        for (size_t n = number.at; n < v->zerofill; n++) {
                writer_char(w, '0');
        }
        writer_put(w, writer_span(&number));
        writer_char(w, quote);
}

/** Write the bits as the number that the server shows: the first byte is the highest. */
static void print_bits(struct writer *w, struct span bytes)
{
        uint64_t bits = 0;
        for (size_t i = 0; i < bytes.len; i++) {
                bits = bits << 8 | bytes.data[i];
        }
        writer_decimal(w, bits);
}

/** Write a vector as a list of numbers. */
static void print_vector(struct writer *w, const struct value *v, enum value_style style)
{
        struct span bytes = v->bytes;
        writer_text(w, style == VALUE_AS_JSON ? "[" : "'[");
        for (size_t i = 0; i < bytes.len; i += sizeof(float)) {
                writer_text(w, i > 0 ? "," : "");
                print_real(w, span_head(span_skip(bytes, i), sizeof(float)), v, VALUE_AS_JSON);
        }
        writer_text(w, style == VALUE_AS_JSON ? "]" : "]'");
}

enum form { FORM_BYTES, FORM_NUMBER, FORM_TIME, FORM_DIGITS, FORM_BITS, FORM_VECTOR };

static enum form form_of(const struct value *v)
{
        unsigned size = fixed_size(v->type);
        if (is_cut(v)) {
                return FORM_BYTES;
        }
        if (v->type == VALUE_BIT && v->bytes.len > 0 && v->bytes.len <= BIT_MAX) {
                return FORM_BITS;
        }
        if (v->type == VALUE_VECTOR && v->bytes.len % sizeof(float) == 0) {
                return FORM_VECTOR;
        }
        if (v->in_text) {
                return size > 0 && real_is_json(v->bytes) ? FORM_DIGITS : FORM_BYTES;
        }
        /* what came as long data, for a type of another size, is shown as the bytes that it is */
        if (size > 0) {
                return v->bytes.len == size ? FORM_NUMBER : FORM_BYTES;
        }
        return is_temporal(v->type) && is_temporal_len(v) ? FORM_TIME : FORM_BYTES;
}

static void print_value(struct writer *w, const struct value *v, enum value_style style)
{
        const char *quote = style == VALUE_AS_JSON ? "\"" : "'";
        switch (form_of(v)) {
        case FORM_NUMBER: (v->zerofill > 0 ? print_zerofilled : print_number)(w, v, style); break;
        case FORM_TIME:
                writer_text(w, quote);
                print_temporal(w, v);
                writer_text(w, quote);
                break;
        case FORM_DIGITS: writer_put(w, v->bytes); break;
        case FORM_BITS: print_bits(w, v->bytes); break;
        case FORM_VECTOR: print_vector(w, v, style); break;
        case FORM_BYTES: print_bytes(w, v, style); break;
        }
}

void value_print(struct writer *w, const struct value *v, enum value_style style)
{
        bool json = style == VALUE_AS_JSON;
        if (v->unknown) {
                writer_text(w, json ? "{\"unknown\":true}" : "?");
        } else if (v->role == VALUE_IS_DEFAULT) {
                writer_text(w, json ? "{\"default\":true}" : "DEFAULT");
        } else if (v->role == VALUE_IS_IGNORED) {
                writer_text(w, json ? "{\"ignore\":true}" : "IGNORE");
        } else if (v->is_null) {
                writer_text(w, json ? "null" : "NULL");
        } else {
                print_value(w, v, style);
        }
}
