#include "mysql/sql/user_variable.h"

#include "mysql/sql/sql_reader.h"

#include <strings.h>

struct reading {
        struct sql_reader in;
        struct span name;
        struct user_variable_change *out;
};

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/** Is the next token, which follows an @, the name of the variable? */
static bool is_name(const struct reading *r)
{
        struct span text = r->in.token.text;
        bool is_quoted = r->in.token.kind == SQL_QUOTED || r->in.token.kind == SQL_STRING;
        if ((!is_quoted && r->in.token.kind != SQL_HOST) || (is_quoted && text.len < 2)) {
                return false;
        }
        if (is_quoted) {
                text = span_of(text.data + 1, text.len - 2);
        }
        return text.len == r->name.len &&
               strncasecmp((const char *)text.data, (const char *)r->name.data, text.len) == 0;
}

static void set_effect(struct reading *r, enum user_variable_effect effect)
{
        *r->out = (struct user_variable_change){.effect = effect};
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static void put(struct user_variable_change *out, uint8_t c)
{
        if (out->len < USER_VARIABLE_MAX) {
                out->text[out->len++] = c;
        } else {
                out->is_cut = true;
        }
}

static void put_all(struct user_variable_change *out, struct span text)
{
        for (size_t i = 0; i < text.len && !out->is_cut; i++) {
                put(out, text.data[i]);
        }
}

/** The character that a backslash and @p c stand for. */
static uint8_t escaped(uint8_t c)
{
        switch (c) {
        case '0': return '\0';
        case 'b': return '\b';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'Z': return 0x1a;
        default: return c;
        }
}

/** Append the content of the string @p text, with its quotes. */
static void put_string(struct reading *r, struct span text)
{
        size_t at = text.len > 0 && (text.data[0] | 0x20) == 'n' ? 1 : 0; /* N'…' */
        uint8_t quote = at < text.len ? text.data[at] : 0;
        for (at++; at + 1 < text.len && !r->out->is_cut; at++) {
                uint8_t c = text.data[at];
                bool is_escape = c == '\\' && !r->in.lexer.mode.no_backslash_escapes;
                bool keeps_backslash = is_escape && (text.data[at + 1] == '%' || text.data[at + 1] == '_');
                if (is_escape && !keeps_backslash) {
                        c = escaped(text.data[++at]);
                } else if (c == quote) {
                        at++; /* doubled */
                }
                put(r->out, c);
        }
}

/** Is the number @p text, whose value the server prints as it is? */
static bool is_plain_number(struct span text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] < '0' || text.data[i] > '9') {
                        return false;
                }
        }
        return text.len == 1 || text.data[0] != '0';
}

/** Read a constant. @return false if there is something else. */
static bool read_constant(struct reading *r)
{
        bool is_negative = sql_accept_sign(&r->in, "-");
        struct sql_token t = r->in.token;
        if (t.kind == SQL_NUMBER && is_plain_number(t.text)) {
                put_all(r->out, span_str(is_negative ? "-" : ""));
                put_all(r->out, t.text);
                sql_reader_advance(&r->in);
                return true;
        }
        if (is_negative) {
                return false;
        }
        if (sql_is_word(&t, "TRUE") || sql_is_word(&t, "FALSE")) {
                put(r->out, sql_is_word(&t, "TRUE") ? '1' : '0');
                sql_reader_advance(&r->in);
                return true;
        }
        if (t.kind == SQL_INTRODUCER) {
                sql_reader_advance(&r->in);
        }
        if (r->in.token.kind != SQL_STRING) {
                return false;
        }
        for (; r->in.token.kind == SQL_STRING; sql_reader_advance(&r->in)) { /* 'a' 'b' is one string */
                put_string(r, r->in.token.text);
        }
        return true;
}

/* --- statements --------------------------------------------------------------------------------------------------- */

/** What may become of the variable where it is mentioned. */
enum mention { MENTION_IF_ASSIGNED, MENTION_ANY };

/** Go to the end of the statement, or to the comma after this assignment. */
static void skip(struct reading *r, enum mention mention, bool to_comma)
{
        unsigned depth = 0;
        while (!sql_ends_statement(&r->in)) {
                if (depth == 0 && to_comma && sql_is_operator(&r->in.token, ",")) {
                        return;
                }
                depth += sql_is_operator(&r->in.token, "(") ? 1 : 0;
                depth -= sql_is_operator(&r->in.token, ")") && depth > 0 ? 1 : 0;
                mention = sql_is_word(&r->in.token, "INTO") ? MENTION_ANY : mention;
                bool is_variable = sql_is_operator(&r->in.token, "@");
                sql_reader_advance(&r->in);
                if (is_variable && is_name(r)) {
                        sql_reader_advance(&r->in);
                        if (mention == MENTION_ANY || sql_is_operator(&r->in.token, ":=")) {
                                set_effect(r, USER_VARIABLE_UNKNOWN);
                        }
                }
        }
}

/** Read the value of the variable, up to the next assignment. */
static void read_value(struct reading *r)
{
        set_effect(r, USER_VARIABLE_SETS);
        bool is_known = true;
        if (r->in.token.kind == SQL_PARAMETER) {
                r->out->parameter = r->in.parameters;
                sql_reader_advance(&r->in);
        } else if (sql_accept(&r->in, "NULL")) {
                set_effect(r, USER_VARIABLE_CLEARS);
        } else {
                is_known = read_constant(r);
        }
        if (!is_known || !(sql_ends_statement(&r->in) || sql_is_operator(&r->in.token, ","))) {
                set_effect(r, USER_VARIABLE_UNKNOWN);
        }
        skip(r, MENTION_IF_ASSIGNED, true);
}

static void read_set(struct reading *r)
{
        if (sql_is_word(&r->in.token, "STATEMENT")) { /* SET STATEMENT … FOR another statement */
                skip(r, MENTION_ANY, false);
                return;
        }
        do {
                bool is_ours = sql_accept_sign(&r->in, "@") && is_name(r);
                if (is_ours) {
                        sql_reader_advance(&r->in);
                }
                if (is_ours && (sql_accept_sign(&r->in, "=") || sql_accept_sign(&r->in, ":="))) {
                        read_value(r);
                } else {
                        skip(r, MENTION_IF_ASSIGNED, true);
                }
        } while (sql_accept_sign(&r->in, ","));
}

/** Does @p text contain the name at all? */
static bool mentions(struct span text, struct span name)
{
        uint8_t first = name.data[0] | 0x20;
        for (size_t i = 0; i + name.len <= text.len; i++) {
                if ((text.data[i] | 0x20) == first &&
                    strncasecmp((const char *)text.data + i, (const char *)name.data, name.len) == 0) {
                        return true;
                }
        }
        return false;
}

void user_variable_read(struct span text, const struct user_variable_options *options,
                        struct user_variable_change *out)
{
        *out = (struct user_variable_change){.effect = USER_VARIABLE_KEEPS};
        if (options->name.len == 0 || !mentions(text, options->name)) {
                return;
        }
        struct reading r = {.in = sql_reader_over(text, options->mode), .name = options->name, .out = out};
        for (uint64_t n = 0; n < options->statements && r.in.token.kind != SQL_END; n++) {
                if (sql_accept(&r.in, "SET")) {
                        read_set(&r);
                } else if (sql_begins_compound(&r.in)) {
                        do {
                                skip(&r, MENTION_ANY, false);
                        } while (sql_accept_sign(&r.in, ";"));
                } else {
                        skip(&r, sql_is_word(&r.in.token, "SELECT") ? MENTION_IF_ASSIGNED : MENTION_ANY,
                             false);
                }
                (void)sql_accept_sign(&r.in, ";");
        }
}
