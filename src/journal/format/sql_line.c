#include "journal/format/sql_line.h"

#include "base/shown.h"
#include "journal/format/line.h"
#include "mysql/sql/sql.h"

/** The letter by which a string literal has @p c behind a backslash; 0 if it has none. */
static char escape_of(uint8_t c)
{
        switch (c) {
        case '\0': return '0';
        case '\b': return 'b';
        case '\t': return 't';
        case '\n': return 'n';
        case '\r': return 'r';
        case 0x1a: return 'Z';
        default: return 0;
        }
}

static bool has_control(struct span s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] < ' ') {
                        return true;
                }
        }
        return false;
}

/** Write a string, with its quotes, of a mode in which the backslash escapes. A control character behind a backslash stands for itself. */
static void put_string(struct writer *w, struct span s)
{
        while (s.len > 0 && !w->failed) {
                bool is_pair = s.data[0] == '\\' && s.len > 1;
                char letter = escape_of(s.data[is_pair ? 1 : 0]);
                if (letter != 0) {
                        writer_char(w, '\\');
                        writer_char(w, letter);
                        s = span_skip(s, is_pair ? 2 : 1);
                        continue;
                }
                if (is_pair) {
                        writer_char(w, '\\');
                        s = span_skip(s, 1);
                }
                struct shown shown = shown_first(s);
                writer_bytes(w, shown.text, shown.len);
                s = span_skip(s, shown.taken);
        }
}

/** Write a string with control characters, which has no escapes for them: its content in hexadecimal. */
static void put_string_as_hex(struct writer *w, struct span s)
{
        size_t at = s.data[0] == '\'' || s.data[0] == '"' ? 0 : 1; /* behind the n of n'…' */
        uint8_t quote = s.data[at++];
        writer_text(w, "_utf8mb4 X'");
        while (at < s.len && !w->failed) {
                if (s.data[at] == quote && (++at == s.len || s.data[at] != quote)) {
                        break;
                }
                writer_hex(w, span_of(s.data + at, 1));
                at++;
        }
        writer_char(w, '\'');
}

/** Write the content of a comment in slashes and asterisks. A space in front keeps it from being code for a version, or a hint. */
static void put_comment(struct writer *w, struct span content)
{
        writer_text(w, "/* ");
        while (content.len > 0 && !w->failed) {
                const uint8_t *end = memmem(content.data, content.len, "*/", 2);
                size_t n = end != NULL ? (size_t)(end - content.data) + 1 : content.len;
                line_flat(w, span_head(content, n));
                writer_text(w, end != NULL ? " " : "");
                content = span_skip(content, n);
        }
        writer_text(w, " */");
}

static struct span trim(struct span s)
{
        while (s.len > 0 && s.data[0] <= ' ') {
                s = span_skip(s, 1);
        }
        while (s.len > 0 && s.data[s.len - 1] <= ' ') {
                s.len--;
        }
        return s;
}

static bool is_to_end_of_line(const struct sql_token *t)
{
        return t->kind == SQL_COMMENT && (t->text.data[0] == '#' || t->text.data[0] == '-');
}

static void put_token(struct writer *w, const struct sql_token *t, struct sql_mode mode, bool is_last)
{
        if (t->kind == SQL_STRING && has_control(t->text)) {
                if (mode.no_backslash_escapes) {
                        put_string_as_hex(w, t->text);
                } else {
                        put_string(w, t->text);
                }
        } else if (is_to_end_of_line(t) && !is_last) {
                put_comment(w, trim(span_skip(t->text, t->text.data[0] == '#' ? 1 : 2)));
        } else if (t->kind == SQL_QUOTED) {
                shown_put(w, t->text); /* a name has no escapes */
        } else {
                line_flat(w, t->text);
        }
}

/** Write the white space between two tokens: spaces as they are, anything else as one space. */
static void put_space(struct writer *w, struct span s)
{
        if (has_control(s)) {
                writer_char(w, ' ');
        } else {
                writer_put(w, s);
        }
}

void sql_line(struct writer *w, struct span sql, struct sql_mode mode)
{
        if (!has_control(sql)) {
                line_flat(w, sql);
                return;
        }
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct span left = sql;
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END && !w->failed) {
                struct sql_token next = sql_next(&lexer);
                put_space(w, span_head(left, (size_t)(t.text.data - left.data)));
                put_token(w, &t, mode, next.kind == SQL_END);
                left = span_skip(sql, (size_t)(t.text.data + t.text.len - sql.data));
                t = next;
        }
        put_space(w, left);
}
