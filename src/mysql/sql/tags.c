#include "mysql/sql/tags.h"

#include "base/stride.h"
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

/** Take one key and value at the start of @p s. @return their length; 0 if there are none. */
static size_t read_pair(struct tags *t, struct writer *w, struct span s)
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
        if (end == 0 || t->n == TAGS_MAX || (!quoted && !is_key(content))) { /* prose contains colons, too */
                return 0;
        }
        struct value *v = &t->values[t->n];
        *v = (struct value){.name = decode(w, key), .type = VALUE_VAR_STRING, .in_text = true};
        v->bytes = decode(w, content);
        v->true_len = v->bytes.len;
        t->n += w->failed ? 0 : 1;
        return (size_t)(value.data - s.data) + end;
}

static void read_comment(struct tags *t, struct span s)
{
        struct writer w = writer_over(t->room, sizeof t->room);
        s = trim(s);
        while (s.len > 0) {
                size_t len = read_pair(t, &w, s);
                s = trim(span_skip(s, len));
                if (len == 0 || w.failed || (s.len > 0 && s.data[0] != ',')) {
                        t->n = s.len > 0 && !w.failed ? 0 : t->n; /* the comment is something else */
                        return;
                }
                s = span_skip(s, 1);
        }
}

bool tags_may_be_in(struct span sql)
{
        return stride_find_pair(sql.data, sql.len, '*', '/') < sql.len; /* there is the end of a comment */
}

size_t tags_read(struct tags *t, struct span sql)
{
        t->n = 0;
        sql = trim(sql);
        read_comment(t, last_comment(sql));
        if (t->n == 0) {
                read_comment(t, first_comment(sql));
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
