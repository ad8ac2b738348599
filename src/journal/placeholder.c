#include "journal/placeholder.h"

static uint8_t char_at(struct span s, size_t i)
{
        return i < s.len ? s.data[i] : 0;
}

/** Behind the quoted text that begins at @p at. A doubled quote is a second text right behind it: no matter. */
static size_t skip_quoted(struct span s, size_t at, bool no_backslashes)
{
        uint8_t quote = s.data[at];
        bool escapes = !no_backslashes && quote != '`';
        for (at++; at < s.len && s.data[at] != quote; at++) {
                at += escapes && s.data[at] == '\\' ? 1 : 0;
        }
        return at < s.len ? at + 1 : s.len;
}

static size_t skip_line(struct span s, size_t at)
{
        const uint8_t *end = memchr(s.data + at, '\n', s.len - at);
        return end != NULL ? (size_t)(end - s.data) + 1 : s.len;
}

/** The inside of an executable comment is part of the statement. */
static size_t skip_comment(struct span s, size_t at)
{
        if (char_at(s, at + 2) == '!' || (char_at(s, at + 2) == 'M' && char_at(s, at + 3) == '!')) {
                return at + 3;
        }
        const uint8_t *end = s.len - at > 2 ? memmem(s.data + at + 2, s.len - at - 2, "*/", 2) : NULL;
        return end != NULL ? (size_t)(end - s.data) + 2 : s.len;
}

size_t placeholder_find(struct span sql, bool no_backslashes)
{
        size_t at = 0;
        while (at < sql.len && sql.data[at] != '?') {
                uint8_t c = sql.data[at];
                uint8_t next = char_at(sql, at + 1);
                if (c == '\'' || c == '"' || c == '`') {
                        at = skip_quoted(sql, at, no_backslashes);
                } else if (c == '#' || (c == '-' && next == '-' && char_at(sql, at + 2) <= ' ')) {
                        at = skip_line(sql, at);
                } else if (c == '/' && next == '*') {
                        at = skip_comment(sql, at);
                } else {
                        at++;
                }
        }
        return at < sql.len ? at : sql.len;
}

size_t placeholder_count(struct span sql, bool no_backslashes)
{
        size_t n = 0;
        for (;;) {
                size_t at = placeholder_find(sql, no_backslashes);
                if (at == sql.len) {
                        return n;
                }
                n++;
                sql = span_skip(sql, at + 1);
        }
}
