#include "mysql/sql/tags.h"

#include "base/writer.h"

#include <string.h>

static struct span trim(struct span s)
{
        while (s.len > 0 && memchr(" \t\r\n;", s.data[0], 5) != NULL) {
                s = span_skip(s, 1);
        }
        while (s.len > 0 && memchr(" \t\r\n;", s.data[s.len - 1], 5) != NULL) {
                s.len--;
        }
        return s;
}

/** The content of the comment at the end of @p s. It is empty if the end of another comment is in it, since the comment then begins
 *  elsewhere. */
static struct span last_comment(struct span s)
{
        if (s.len < 4 || memcmp(s.data + s.len - 2, "*/", 2) != 0) {
                return span_str(NULL);
        }
        size_t end = s.len - 2;
        for (size_t at = end; at >= 2; at--) {
                if (s.data[at - 2] == '/' && s.data[at - 1] == '*') {
                        return span_of(s.data + at, end - at);
                }
                if (at < end && s.data[at - 2] == '*' && s.data[at - 1] == '/') {
                        break;
                }
        }
        return span_str(NULL);
}

/** The content of the comment at the beginning of @p s. */
static struct span first_comment(struct span s)
{
        if (s.len < 4 || memcmp(s.data, "/*", 2) != 0) {
                return span_str(NULL);
        }
        const uint8_t *end = memmem(s.data + 2, s.len - 2, "*/", 2);
        return end != NULL ? span_of(s.data + 2, (size_t)(end - s.data) - 2) : span_str(NULL);
}

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9') {
                return c - '0';
        }
        uint8_t upper = c & 0xdf;
        return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

/** Decode URL-encoding and backslashes before quotes. */
static struct span decode(struct writer *w, struct span s)
{
        size_t begin = w->at;
        for (size_t i = 0; i < s.len && !w->failed; i++) {
                int high = s.data[i] == '%' && i + 2 < s.len ? hex_digit(s.data[i + 1]) : -1;
                int low = high >= 0 ? hex_digit(s.data[i + 2]) : -1;
                if (low >= 0) {
                        writer_char(w, (char)(high * 16 + low));
                        i += 2;
                } else if (s.data[i] != '\\' || i + 1 == s.len) {
                        writer_char(w, (char)s.data[i]);
                }
        }
        return span_of(w->data + begin, w->at - begin);
}

/** The end of the value at the start of @p s: after a quote that is not escaped, or at the next comma. */
static size_t value_end(struct span s)
{
        if (s.len == 0 || s.data[0] != '\'') {
                const uint8_t *comma = s.len > 0 ? memchr(s.data, ',', s.len) : NULL;
                return comma != NULL ? (size_t)(comma - s.data) : s.len;
        }
        for (size_t i = 1; i < s.len; i++) {
                if (s.data[i] == '\\') {
                        i++;
                } else if (s.data[i] == '\'') {
                        return i + 1;
                }
        }
        return 0;
}

static bool is_key(struct span key)
{
        for (size_t i = 0; i < key.len; i++) {
                uint8_t c = key.data[i];
                if (c <= ' ' || c == '\'' || c == '*' || c == '/' || c == '(') {
                        return false;
                }
        }
        return key.len > 0;
}

/** A key and its value as they stand in a comment. */
struct pair {
        struct span key;
        struct span value;
};

/** Take one key and value at the start of @p s. @return their length; 0 if there are none. */
static size_t read_pair(struct pair *pair, struct span s)
{
        size_t at = 0;
        while (at < s.len && s.data[at] != '=' && s.data[at] != ':') {
                at++;
        }
        struct span key = trim(span_head(s, at));
        struct span value = trim(span_skip(s, at + 1));
        bool quoted = at < s.len && s.data[at] == '=' && value.len > 0 && value.data[0] == '\'';
        if (at >= s.len || !is_key(key) || (s.data[at] == '=' && !quoted)) {
                return 0;
        }
        size_t end = value_end(value);
        struct span content =
            quoted && end >= 2 ? span_of(value.data + 1, end - 2) : trim(span_head(value, end));
        if (end == 0 || (!quoted && !is_key(content))) { /* prose contains colons, too */
                return 0;
        }
        *pair = (struct pair){key, content};
        return (size_t)(value.data - s.data) + end;
}

/** Read the pairs of the comment @p s. @return how many there are; 0 if the comment is something else, or has too many of them. */
static size_t read_pairs(struct pair *pairs, struct span s)
{
        size_t n = 0;
        s = trim(s);
        while (s.len > 0) {
                size_t len = n < TAGS_MAX ? read_pair(&pairs[n], s) : 0;
                s = trim(span_skip(s, len));
                if (len == 0 || (s.len > 0 && s.data[0] != ',')) {
                        return 0;
                }
                n++;
                s = span_skip(s, 1);
        }
        return n;
}

/** The tag called @p name, or the place for it: t->n. */
static size_t place_of(const struct tags *t, struct span name)
{
        size_t i = 0;
        while (i < t->n && !span_equal(t->values[i].name, name)) {
                i++;
        }
        return i;
}

/** Add @p pair if it fits. It replaces a tag of the same name, but for the first @p settled ones, which take precedence. */
static void put(struct tags *t, struct writer *w, const struct pair *pair, size_t settled)
{
        size_t begin = w->at;
        struct value v = {.name = decode(w, pair->key), .type = VALUE_VAR_STRING, .in_text = true};
        size_t at = place_of(t, v.name);
        v.bytes = decode(w, pair->value);
        v.true_len = v.bytes.len;
        if (w->failed || at == TAGS_MAX || at < settled) {
                w->at = begin;
                w->failed = false;
                return;
        }
        t->values[at] = v;
        t->n += at == t->n ? 1 : 0;
}

static void read_comment(struct tags *t, struct writer *w, struct span s, size_t settled)
{
        struct pair pairs[TAGS_MAX];
        size_t n = read_pairs(pairs, s);
        for (size_t i = 0; i < n; i++) {
                put(t, w, &pairs[i], settled);
        }
}

bool tags_may_be_in(struct span sql)
{
        sql = trim(sql);
        return sql.len >= 4 &&
               (memcmp(sql.data, "/*", 2) == 0 || memcmp(sql.data + sql.len - 2, "*/", 2) == 0);
}

size_t tags_read(struct tags *t, struct span sql)
{
        struct writer w = writer_over(t->room, sizeof t->room);
        struct span comment;
        t->n = 0;
        sql = trim(sql);
        while ((comment = last_comment(sql)).data != NULL) {
                read_comment(t, &w, comment, t->n);
                sql = trim(span_head(sql, (size_t)(comment.data - sql.data) - 2));
        }
        size_t settled = t->n;
        while ((comment = first_comment(sql)).data != NULL) {
                read_comment(t, &w, comment, settled);
                sql = trim(span_skip(sql, comment.len + 4));
        }
        return t->n;
}

/** 00-<32 hex digits>-<16>-<2>, of the W3C's Trace Context. */
static bool is_traceparent(struct span s)
{
        static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
        if (s.len != sizeof form - 1) {
                return false;
        }
        for (size_t i = 0; i < s.len; i++) {
                if (form[i] == '-' ? s.data[i] != '-' : hex_digit(s.data[i]) < 0) {
                        return false;
                }
        }
        return true;
}

static struct span named(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (span_equal(list.at[i].name, span_str("traceparent")) &&
                    is_traceparent(list.at[i].bytes)) {
                        return list.at[i].bytes;
                }
        }
        return span_str(NULL);
}

struct span tags_traceparent(const struct tags *t, const struct value_list *attributes)
{
        struct span found = attributes != NULL ? named(*attributes) : span_str(NULL);
        return found.len > 0 ? found : named((struct value_list){t->values, t->n});
}
