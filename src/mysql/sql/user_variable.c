#include "mysql/sql/user_variable.h"

#include <strings.h>

struct reading {
        struct sql_lexer lexer;
        struct sql_token token; /* the next one */
        struct span name;
        size_t parameters; /* up to the next token */
        struct user_variable_change *out;
};

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static void advance(struct reading *r)
{
        do {
                r->token = sql_next(&r->lexer);
        } while (r->token.kind == SQL_COMMENT);
        r->parameters += r->token.kind == SQL_PARAMETER ? 1 : 0;
}

static bool accept(struct reading *r, const char *word)
{
        bool is_it = sql_is_word(&r->token, word);
        if (is_it) {
                advance(r);
        }
        return is_it;
}

static bool is_sign(const struct sql_token *t, const char *sign)
{
        return t->kind == SQL_OPERATOR && span_equal(t->text, span_str(sign));
}

static bool accept_sign(struct reading *r, const char *sign)
{
        bool is_it = is_sign(&r->token, sign);
        if (is_it) {
                advance(r);
        }
        return is_it;
}

static bool ends_statement(const struct reading *r)
{
        return r->token.kind == SQL_END || is_sign(&r->token, ";");
}

/** Is the next token, which follows an @, the name of the variable? */
static bool is_name(const struct reading *r)
{
        struct span text = r->token.text;
        bool is_quoted = r->token.kind == SQL_QUOTED || r->token.kind == SQL_STRING;
        if ((!is_quoted && r->token.kind != SQL_HOST) || (is_quoted && text.len < 2)) {
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
                bool is_escape = c == '\\' && !r->lexer.mode.no_backslash_escapes;
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
        bool is_negative = accept_sign(r, "-");
        struct sql_token t = r->token;
        if (t.kind == SQL_NUMBER && is_plain_number(t.text)) {
                put_all(r->out, span_str(is_negative ? "-" : ""));
                put_all(r->out, t.text);
                advance(r);
                return true;
        }
        if (is_negative) {
                return false;
        }
        if (sql_is_word(&t, "TRUE") || sql_is_word(&t, "FALSE")) {
                put(r->out, sql_is_word(&t, "TRUE") ? '1' : '0');
                advance(r);
                return true;
        }
        if (t.kind == SQL_INTRODUCER) {
                advance(r);
        }
        if (r->token.kind != SQL_STRING) {
                return false;
        }
        for (; r->token.kind == SQL_STRING; advance(r)) { /* 'a' 'b' is one string */
                put_string(r, r->token.text);
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
        while (!ends_statement(r)) {
                if (depth == 0 && to_comma && is_sign(&r->token, ",")) {
                        return;
                }
                depth += is_sign(&r->token, "(") ? 1 : 0;
                depth -= is_sign(&r->token, ")") && depth > 0 ? 1 : 0;
                mention = sql_is_word(&r->token, "INTO") ? MENTION_ANY : mention;
                bool is_variable = is_sign(&r->token, "@");
                advance(r);
                if (is_variable && is_name(r)) {
                        advance(r);
                        if (mention == MENTION_ANY || is_sign(&r->token, ":=")) {
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
        if (r->token.kind == SQL_PARAMETER) {
                r->out->parameter = r->parameters;
                advance(r);
        } else if (accept(r, "NULL")) {
                set_effect(r, USER_VARIABLE_CLEARS);
        } else {
                is_known = read_constant(r);
        }
        if (!is_known || !(ends_statement(r) || is_sign(&r->token, ","))) {
                set_effect(r, USER_VARIABLE_UNKNOWN);
        }
        skip(r, MENTION_IF_ASSIGNED, true);
}

static void read_set(struct reading *r)
{
        if (sql_is_word(&r->token, "STATEMENT")) { /* SET STATEMENT … FOR another statement */
                skip(r, MENTION_ANY, false);
                return;
        }
        do {
                bool is_ours = accept_sign(r, "@") && is_name(r);
                if (is_ours) {
                        advance(r);
                }
                if (is_ours && (accept_sign(r, "=") || accept_sign(r, ":="))) {
                        read_value(r);
                } else {
                        skip(r, MENTION_IF_ASSIGNED, true);
                }
        } while (accept_sign(r, ","));
}

/** Does a compound statement begin, which goes on behind a semicolon? */
static bool is_compound(struct reading *r)
{
        static const char *const words[] = {"IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR"};
        if (accept(r, "BEGIN")) {
                return sql_is_word(&r->token, "NOT");
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (sql_is_word(&r->token, words[i])) {
                        return true;
                }
        }
        return false;
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
        struct reading r = {.lexer = sql_lexer_over(text, options->mode), .name = options->name, .out = out};
        advance(&r);
        for (uint64_t n = 0; n < options->statements && r.token.kind != SQL_END; n++) {
                if (accept(&r, "SET")) {
                        read_set(&r);
                } else if (is_compound(&r)) {
                        do {
                                skip(&r, MENTION_ANY, false);
                        } while (accept_sign(&r, ";"));
                } else {
                        skip(&r, sql_is_word(&r.token, "SELECT") ? MENTION_IF_ASSIGNED : MENTION_ANY, false);
                }
                (void)accept_sign(&r, ";");
        }
}
