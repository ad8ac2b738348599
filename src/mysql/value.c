#include "mysql/value.h"

#include "base/json.h"
#include "base/utf8.h"
#include "mysql/lenenc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/** Bytes of a type of fixed size; 0 for those with a length before them. */
static unsigned fixed_size(uint8_t type)
{
        switch (type) {
        case VALUE_TINY: return 1;
        case VALUE_SHORT:
        case VALUE_YEAR: return 2;
        case VALUE_LONG:
        case VALUE_INT24:
        case VALUE_FLOAT: return 4;
        case VALUE_LONGLONG:
        case VALUE_DOUBLE: return 8;
        default: return 0;
        }
}

static bool is_temporal(uint8_t type)
{
        return type == VALUE_DATE || type == VALUE_DATETIME || type == VALUE_TIMESTAMP || type == VALUE_TIME;
}

struct value value_read(struct reader *r, uint8_t type, bool is_unsigned, size_t keep)
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
                v.bytes = lenenc_span(r);
        }
        v.true_len = v.bytes.len;
        v.bytes = span_head(v.bytes, size > 0 || is_temporal(type) ? v.bytes.len : keep);
        return v;
}

/* --- numbers and times as text -------------------------------------------------------------------------------- */

static void print_integer(struct writer *w, const struct value *v)
{
        struct reader r = reader_over(v->bytes);
        unsigned size = (unsigned)v->bytes.len;
        uint64_t bits = size > 0 ? reader_uint(&r, size) : 0;
        uint64_t sign = size > 0 ? 1ULL << (size * 8 - 1) : 0;
        if (v->is_unsigned || v->type == VALUE_YEAR || (bits & sign) == 0) {
                writer_decimal(w, bits);
        } else {
                writer_char(w, '-');
                writer_decimal(w, (sign << 1) - bits);
        }
}

/** The shortest text that reads back as the same number. */
static void print_real(struct writer *w, const struct value *v)
{
        char text[40] = "0";
        bool is_float = v->type == VALUE_FLOAT;
        float f = 0;
        double d = 0;
        if (is_float && v->bytes.len == sizeof f) {
                memcpy(&f, v->bytes.data, sizeof f);
                d = (double)f;
        } else if (!is_float && v->bytes.len == sizeof d) {
                memcpy(&d, v->bytes.data, sizeof d);
        }
        if (!isfinite(d)) {
                writer_text(w, isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
                return;
        }
        for (int digits = is_float ? 6 : 15; digits <= (is_float ? 9 : 17); digits++) {
                (void)snprintf(text, sizeof text, "%.*g", digits, d);
                bool same = is_float ? (float)atof(text) == f : atof(text) == d; /* NOLINT(cert-err34-c) */
                if (same) {
                        break;
                }
        }
        writer_text(w, text);
}

static void print_micros(struct writer *w, struct reader *r, bool has_micros)
{
        if (has_micros) {
                writer_format(w, ".%06u", reader_u32(r));
        }
}

static void print_time(struct writer *w, struct reader *r, size_t len)
{
        bool negative = reader_u8(r) != 0;
        uint64_t days = reader_u32(r);
        unsigned hours = reader_u8(r);
        unsigned minutes = reader_u8(r);
        unsigned seconds = reader_u8(r);
        writer_format(w, "%s%02llu:%02u:%02u", negative ? "-" : "", (unsigned long long)(days * 24 + hours),
                      minutes, seconds);
        print_micros(w, r, len >= 12);
}

static void print_date(struct writer *w, struct reader *r, size_t len, bool date_only)
{
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
        print_micros(w, r, len >= 11);
}

/** Without quotes. A length that the protocol does not know leaves zeroes, as the reader does. */
static void print_temporal(struct writer *w, const struct value *v)
{
        struct reader r = reader_over(v->bytes);
        if (v->type == VALUE_TIME) {
                print_time(w, &r, v->bytes.len);
        } else {
                print_date(w, &r, v->bytes.len, v->type == VALUE_DATE);
        }
}

/* --- texts and blobs ------------------------------------------------------------------------------------------------ */

/** Cut at a character's end, where cutting left half of one. */
static struct span trim_cut(const struct value *v)
{
        struct span s = v->bytes;
        for (unsigned back = 1; v->true_len > s.len && back <= 3 && back < s.len; back++) {
                if (s.data[s.len - back] >= 0xc0) {
                        return utf8_sequence(span_skip(s, s.len - back)) == 0 ? span_head(s, s.len - back)
                                                                              : s;
                }
                if (s.data[s.len - back] < 0x80) {
                        break;
                }
        }
        return s;
}

static bool is_text(struct span s)
{
        return utf8_valid(s) && (s.len == 0 || memchr(s.data, 0, s.len) == NULL);
}

static void print_bytes_json(struct writer *w, const struct value *v)
{
        struct span text = trim_cut(v);
        bool readable = is_text(text);
        if (readable && v->true_len == v->bytes.len) {
                json_string(w, text);
                return;
        }
        writer_text(w, readable ? "{\"text\":" : "{\"hex\":");
        if (readable) {
                json_string(w, text);
        } else {
                json_hex(w, v->bytes);
        }
        if (v->true_len > v->bytes.len) {
                writer_text(w, ",\"length\":");
                writer_decimal(w, v->true_len);
        }
        writer_char(w, '}');
}

static void print_quoted(struct writer *w, struct span s)
{
        writer_char(w, '\'');
        for (size_t i = 0; i < s.len && !w->failed; i++) {
                uint8_t c = s.data[i];
                switch (c) {
                case '\n': writer_text(w, "\\n"); break;
                case '\r': writer_text(w, "\\r"); break;
                case '\t': writer_text(w, "\\t"); break;
                case '\\': writer_text(w, "\\\\"); break;
                case '\'': writer_text(w, "''"); break;
                default:
                        if (c < 0x20 || c == 0x7f) {
                                writer_format(w, "\\x%02x", c);
                        } else {
                                writer_char(w, (char)c);
                        }
                }
        }
        writer_char(w, '\'');
}

static void print_bytes_sql(struct writer *w, const struct value *v)
{
        struct span text = trim_cut(v);
        if (is_text(text)) {
                print_quoted(w, text);
        } else {
                writer_text(w, "X'");
                for (size_t i = 0; i < v->bytes.len && !w->failed; i++) {
                        writer_format(w, "%02x", v->bytes.data[i]);
                }
                writer_char(w, '\'');
        }
        if (v->true_len > v->bytes.len) {
                writer_format(w, "… (%llu bytes)", (unsigned long long)v->true_len);
        }
}

void value_print(struct writer *w, const struct value *v, enum value_style style)
{
        bool json = style == VALUE_AS_JSON;
        if (v->unknown) {
                writer_text(w, json ? "{\"unknown\":true}" : "?");
        } else if (v->is_null) {
                writer_text(w, json ? "null" : "NULL");
        } else if (v->type == VALUE_FLOAT || v->type == VALUE_DOUBLE) {
                if (v->bytes.len == fixed_size(v->type)) {
                        print_real(w, v);
                } else {
                        (json ? print_bytes_json : print_bytes_sql)(w, v); /* long data: sent as text */
                }
        } else if (fixed_size(v->type) > 0 && v->bytes.len == fixed_size(v->type)) {
                print_integer(w, v);
        } else if (is_temporal(v->type)) {
                writer_char(w, json ? '"' : '\'');
                print_temporal(w, v);
                writer_char(w, json ? '"' : '\'');
        } else {
                (json ? print_bytes_json : print_bytes_sql)(w, v);
        }
}
