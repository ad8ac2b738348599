#include "journal/format/sql_line.h"

#include "base/shown.h"
#include "base/utf8.h"
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

/** Does the text format show @p s as it is? */
static bool is_shown_as_is(struct span s)
{
        for (s = span_skip(s, shown_plain(s, 0)); s.len > 0; s = span_skip(s, shown_plain(s, 0))) {
                struct shown shown = shown_first(s);
                if (shown.len != shown.taken || memcmp(shown.text, s.data, shown.len) != 0) {
                        return false;
                }
                s = span_skip(s, shown.taken);
        }
        return true;
}

/** Can a string that the server reads by @p mode be shown as a string: does each of its characters stand for itself, or have an escape? */
static bool has_escapes(struct span s, struct sql_mode mode)
{
        while (s.len > 0) {
                if (!mode.no_backslash_escapes && escape_of(s.data[0]) != 0) {
                        s = span_skip(s, 1);
                        continue;
                }
                size_t n = shown_plain(s, 0);
                if (n == 0) {
                        n = shown_first(s).taken;
                        if (!is_shown_as_is(span_head(s, n))) {
                                return false;
                        }
                }
                s = span_skip(s, n);
        }
        return true;
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
                size_t plain = shown_plain(s, '\\');
                if (plain > 0) {
                        writer_put(w, span_head(s, plain));
                        s = span_skip(s, plain);
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

/** Write a comment in slashes and asterisks, the content with @p put. A space in front keeps it from being code for a version, or a hint. */
static void put_comment(struct writer *w, struct span content, void (*put)(struct writer *, struct span))
{
        writer_text(w, "/* ");
        while (content.len > 0 && !w->failed) {
                const uint8_t *end = memmem(content.data, content.len, "*/", 2);
                size_t n = end != NULL ? (size_t)(end - content.data) + 1 : content.len;
                put(w, span_head(content, n));
                writer_text(w, end != NULL ? " " : "");
                content = span_skip(content, n);
        }
        writer_text(w, " */");
}

/** Write the bytes that a string stands for in hexadecimal. */
static void put_content(struct writer *w, struct span s, struct sql_mode mode)
{
        size_t at = s.data[0] == '\'' || s.data[0] == '"' ? 0 : 1; /* behind the n of n'…' */
        uint8_t quote = s.data[at++];
        for (; at < s.len && !w->failed; at++) {
                uint8_t c = s.data[at];
                if (c == quote && (++at == s.len || s.data[at] != quote)) {
                        break;
                }
                if (c == '\\' && !mode.no_backslash_escapes && at + 1 < s.len) {
                        static const char from[] = "0btnrZ";
                        static const char to[] = "\0\b\t\n\r\032";
                        const char *letter = memchr(from, s.data[++at], sizeof from - 1);
                        bool is_kept = s.data[at] == '%' || s.data[at] == '_'; /* \% stays for LIKE */
                        writer_text(w, is_kept ? "5c" : "");
                        c = letter != NULL ? (uint8_t)to[letter - from] : s.data[at];
                }
                writer_hex(w, span_of(&c, 1));
        }
}

/* The strings that the server joins: one, and those that follow it. */
struct strings {
        struct span all; /* from the first to the last */
        bool has_escapes;
};

static struct strings find_strings(const struct sql_lexer *lexer, const struct sql_token *first,
                                   struct sql_mode mode)
{
        struct sql_lexer ahead = *lexer;
        struct strings strings = {first->text, has_escapes(first->text, mode)};
        for (struct sql_token t = sql_next(&ahead); t.kind == SQL_STRING; t = sql_next(&ahead)) {
                strings.all.len = (size_t)(t.text.data + t.text.len - first->text.data);
                strings.has_escapes = strings.has_escapes && has_escapes(t.text, mode);
        }
        return strings;
}

/** Write strings, some characters of which have no escape: their content in hexadecimal, and a comment that shows them. */
static void put_strings_as_hex(struct writer *w, struct span all, struct sql_mode mode, bool is_introduced)
{
        struct sql_lexer lexer = sql_lexer_over(all, mode);
        if (w->at > 0 && w->data[w->at - 1] != ' ') { /* a word may stand directly before a quote */
                writer_char(w, ' ');
        }
        if (!is_introduced) { /* otherwise its character set is given */
                writer_text(w, utf8_valid(all) ? "_utf8mb4 " : "_binary ");
        }
        writer_text(w, "X'");
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END && !w->failed; t = sql_next(&lexer)) {
                put_content(w, t.text, mode);
        }
        writer_char(w, '\'');
        put_comment(w, all, shown_put);
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
        if (t->kind == SQL_STRING && !mode.no_backslash_escapes) {
                put_string(w, t->text);
        } else if (is_to_end_of_line(t) && !is_last) {
                put_comment(w, trim(span_skip(t->text, t->text.data[0] == '#' ? 1 : 2)), line_flat);
        } else if (t->kind == SQL_COMMENT) {
                line_flat(w, t->text);
        } else {
                shown_put(w, t->text);
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

/** Is there a name that can't be written on a line, for example one with a line break? Names have no escapes. */
static bool has_unwritable_name(struct span sql, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                bool is_name = t.kind == SQL_NAME || t.kind == SQL_QUOTED || t.kind == SQL_HOST;
                if (is_name && !is_shown_as_is(t.text)) {
                        return true;
                }
        }
        return false;
}

/** Write the statement as dynamic SQL, behind a comment that shows it. */
static void put_as_dynamic_sql(struct writer *w, struct span sql)
{
        put_comment(w, sql, shown_put);
        writer_text(w, utf8_valid(sql) ? " SET @querytap = _utf8mb4 X'" : " SET @querytap = _binary X'");
        writer_hex(w, sql);
        writer_text(w, "'; PREPARE querytap FROM @querytap; EXECUTE querytap");
}

/* A walk over the tokens of a statement. */
struct walk {
        struct sql_lexer lexer;
        struct sql_token token;
        bool is_introduced; /* the token before gives the character set of a string */
        bool
            is_joined; /* the token before is a string that was written as such, and is joined with this one */
};

/** Write the strings that begin with the token in hexadecimal, unless they can be written as strings. The token becomes the last of
 *  them. @return false if they were not written. */
static bool put_unwritable_strings(struct writer *w, struct walk *walk, struct sql_mode mode)
{
        struct strings strings = find_strings(&walk->lexer, &walk->token, mode);
        const uint8_t *end = strings.all.data + strings.all.len;
        if (strings.has_escapes) {
                return false;
        }
        put_strings_as_hex(w, strings.all, mode, walk->is_introduced);
        while (walk->token.text.data + walk->token.text.len < end) {
                walk->token = sql_next(&walk->lexer);
        }
        return true;
}

/** Write a statement that has control or hidden characters. If it is not @p whole, it can't be copied anyway. */
static void put_tokens(struct writer *w, struct span sql, struct sql_mode mode, bool whole)
{
        struct walk walk = {.lexer = sql_lexer_over(sql, mode)};
        struct span left = sql;
        walk.token = sql_next(&walk.lexer);
        while (walk.token.kind != SQL_END && !w->failed) {
                bool is_string = walk.token.kind == SQL_STRING;
                put_space(w, span_head(left, (size_t)(walk.token.text.data - left.data)));
                bool was_put =
                    is_string && whole && !walk.is_joined && put_unwritable_strings(w, &walk, mode);
                struct sql_token next = sql_next(&walk.lexer);
                if (!was_put) {
                        put_token(w, &walk.token, mode, next.kind == SQL_END);
                }
                walk.is_joined = is_string && !was_put;
                walk.is_introduced = walk.token.kind == SQL_INTRODUCER;
                left = span_skip(sql, (size_t)(walk.token.text.data + walk.token.text.len - sql.data));
                walk.token = next;
        }
        put_space(w, left);
}

void sql_line(struct writer *w, struct span sql, struct sql_mode mode, bool whole)
{
        if (is_shown_as_is(sql)) {
                writer_put(w, sql);
        } else if (whole && has_unwritable_name(sql, mode)) {
                put_as_dynamic_sql(w, sql);
        } else {
                put_tokens(w, sql, mode, whole);
        }
}
