#include "run/json_reader.h"

#include <ctype.h>

enum { DEPTH_MAX = 32 };

struct json_reader json_reader_over(struct span text)
{
        return (struct json_reader){.left = text};
}

static bool fail(struct json_reader *r)
{
        r->failed = true;
        r->left = (struct span){NULL, 0};
        return false;
}

/** The next character that is no white space; '\0' at the end. */
static char peek(struct json_reader *r)
{
        while (r->left.len > 0 && memchr(" \t\r\n", r->left.data[0], 4) != NULL) {
                r->left = span_skip(r->left, 1);
        }
        return r->left.len > 0 ? (char)r->left.data[0] : '\0';
}

static bool take(struct json_reader *r, char c)
{
        if (r->failed || peek(r) != c) {
                return fail(r);
        }
        r->left = span_skip(r->left, 1);
        return true;
}

bool json_reader_begin(struct json_reader *r, char bracket)
{
        r->is_first = true;
        return take(r, bracket);
}

/** Go to the next member or item, before @p end. @return false if @p end is there, which is taken, or if something is wrong. */
static bool next(struct json_reader *r, char end)
{
        bool is_first = r->is_first;
        r->is_first = false;
        if (!r->failed && peek(r) == end) {
                (void)take(r, end);
                return false;
        }
        return !r->failed && (is_first || take(r, ','));
}

bool json_reader_item(struct json_reader *r)
{
        return next(r, ']');
}

/** Append the character @p point as UTF-8. */
static void put_point(struct writer *w, uint32_t point)
{
        if (point < 0x80) {
                writer_char(w, (char)point);
        } else if (point < 0x800) {
                writer_char(w, (char)(0xc0 | point >> 6));
                writer_char(w, (char)(0x80 | (point & 0x3f)));
        } else if (point < 0x10000) {
                writer_char(w, (char)(0xe0 | point >> 12));
                writer_char(w, (char)(0x80 | (point >> 6 & 0x3f)));
                writer_char(w, (char)(0x80 | (point & 0x3f)));
        } else {
                writer_char(w, (char)(0xf0 | point >> 18));
                writer_char(w, (char)(0x80 | (point >> 12 & 0x3f)));
                writer_char(w, (char)(0x80 | (point >> 6 & 0x3f)));
                writer_char(w, (char)(0x80 | (point & 0x3f)));
        }
}

/** Read four hexadecimal digits behind the first @p skip bytes. @return UINT32_MAX if they are not there. */
static uint32_t read_unit(struct span s, size_t skip)
{
        uint32_t unit = 0;
        for (size_t i = skip; i < skip + 4; i++) {
                if (i >= s.len || isxdigit(s.data[i]) == 0) {
                        return UINT32_MAX;
                }
                uint8_t c = s.data[i];
                unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c & 0xdf) - 'A' + 10);
        }
        return unit;
}

/** Append the character of the escape at the front of @p s. @return the bytes that it takes; 0 if it is wrong. */
static size_t put_escape(struct writer *w, struct span s)
{
        static const char from[] = "\"\\/bfnrt";
        static const char to[] = "\"\\/\b\f\n\r\t";
        const char *simple = s.len > 1 && s.data[1] != '\0' ? strchr(from, s.data[1]) : NULL;
        if (simple != NULL) {
                writer_char(w, to[simple - from]);
                return 2;
        }
        uint32_t unit = s.len > 1 && s.data[1] == 'u' ? read_unit(s, 2) : UINT32_MAX;
        uint32_t low = unit >= 0xd800 && unit < 0xdc00 && s.len > 7 && s.data[6] == '\\' && s.data[7] == 'u'
                           ? read_unit(s, 8)
                           : UINT32_MAX;
        if (unit == UINT32_MAX) {
                return 0;
        }
        if (low >= 0xdc00 && low < 0xe000) {
                put_point(w, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                return 12;
        }
        put_point(w, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        return 6;
}

bool json_reader_text(struct json_reader *r, struct writer *w)
{
        if (!take(r, '"')) {
                return false;
        }
        while (r->left.len > 0 && r->left.data[0] != '"') {
                size_t n = 1;
                if (r->left.data[0] == '\\') {
                        n = put_escape(w, r->left);
                } else {
                        writer_char(w, (char)r->left.data[0]);
                }
                if (n == 0) {
                        return fail(r);
                }
                r->left = span_skip(r->left, n);
        }
        return take(r, '"');
}

bool json_reader_member(struct json_reader *r, char *key, size_t size)
{
        struct writer w = writer_over(key, size - 1);
        if (!next(r, '}') || !json_reader_text(r, &w)) {
                return false;
        }
        key[w.at] = '\0';
        return take(r, ':');
}

bool json_reader_uint(struct json_reader *r, uint64_t *out)
{
        *out = 0;
        if (r->failed || isdigit((unsigned char)peek(r)) == 0) {
                return fail(r);
        }
        while (r->left.len > 0 && isdigit(r->left.data[0]) != 0) {
                unsigned digit = r->left.data[0] - '0';
                if (*out > (UINT64_MAX - digit) / 10) {
                        return fail(r);
                }
                *out = *out * 10 + digit;
                r->left = span_skip(r->left, 1);
        }
        return true;
}

bool json_reader_skip(struct json_reader *r)
{
        unsigned depth = 0;
        do {
                char c = peek(r);
                struct writer nowhere = writer_over(NULL, 0);
                if (r->failed || c == '\0') {
                        return fail(r);
                }
                if (c == '"') {
                        (void)json_reader_text(r, &nowhere);
                        continue;
                }
                depth += c == '{' || c == '[' ? 1 : 0;
                depth -= (c == '}' || c == ']') && depth > 0 ? 1 : 0;
                if (depth > DEPTH_MAX) {
                        return fail(r);
                }
                bool is_word = isalnum((unsigned char)c) != 0 || c == '-';
                size_t n = 1;
                while (is_word && n < r->left.len &&
                       (isalnum(r->left.data[n]) != 0 || memchr("+-.", r->left.data[n], 3) != NULL)) {
                        n++;
                }
                r->left = span_skip(r->left, n);
        } while (depth > 0);
        return !r->failed;
}
