#include "mysql/sql/setnames.h"

#include "base/stride.h"
#include "mysql/sql/sql_reader.h"
#include "mysql/wire/charset.h"

enum {
        /* of sql_mode as a number: */
        MODES_ANSI_QUOTES =
            1 << 2 | 31 << 8 | 1 << 18, /* and those that include it: POSTGRESQL to MAXDB, ANSI */
        MODE_NO_BACKSLASH_ESCAPES = 1 << 20,
};

/** Does an assignment go on with the next token? */
static bool goes_on(const struct sql_reader *r)
{
        return !sql_ends_statement(r) && !sql_is_sign(&r->token, ',');
}

static bool is_word(uint8_t c)
{
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$' ||
               c >= 0x80;
}

/** Is @p c a character that never matters to skip_expression? */
static bool is_dull(uint8_t c)
{
        return is_word(c) || c == ' ' || (c >= '\t' && c <= '\r') || memchr("=<>.+:%&|!^~", c, 12) != NULL;
}

/** Skip what follows the next token and never matters: words, blanks and most operators. */
static void skip_dull(struct sql_reader *r)
{
        struct span left = r->lexer.left;
        size_t n = 0;
        while (n < left.len && is_dull(left.data[n])) {
                n++;
        }
        r->lexer.left = span_skip(left, n);
}

/** Skip to the comma before the next assignment, or to the end of the statement. @return true if anything was skipped. */
static bool skip_expression(struct sql_reader *r)
{
        unsigned depth = 0;
        bool any = false;
        while (r->token.kind != SQL_END && (depth > 0 || goes_on(r))) {
                if (sql_is_sign(&r->token, '(')) {
                        depth++;
                } else if (sql_is_sign(&r->token, ')') && depth > 0) {
                        depth--;
                }
                any = true;
                skip_dull(r);
                sql_reader_advance(r);
        }
        return any;
}

/** Take a token of the assignment, if there is one. */
static struct sql_token take(struct sql_reader *r)
{
        struct sql_token token = r->token;
        if (goes_on(r)) {
                sql_reader_advance(r);
        }
        return token;
}

/** The name or text of @p t without its quotes; empty if it is something else. */
static struct span plain_text(const struct sql_token *t)
{
        size_t len = t->text.len;
        if ((t->kind == SQL_STRING || t->kind == SQL_QUOTED) && len >= 2) {
                return span_skip(span_head(t->text, len - 1), 1);
        }
        return sql_is_name(t) ? t->text : span_of(NULL, 0);
}

/* --- values ---------------------------------------------------------------------------------------------------------- */

struct choice {
        bool is_default;
        uint8_t charset;
};

/** Take the name of a character set, with or without quotes, or DEFAULT, and what follows it (COLLATE …). The value of an expression is
 *  unknown. */
static struct choice take_charset(struct sql_reader *r, bool may_collate)
{
        struct choice choice = {false, CHARSET_UNKNOWN};
        if (sql_is_sign(&r->token, '(')) {
                (void)skip_expression(r);
                return choice;
        }
        struct sql_token first = take(r);
        struct span name = plain_text(&first);
        if (may_collate && sql_accept(r, "COLLATE")) {
                (void)skip_expression(r);
        } else if (skip_expression(r)) {
                return choice;
        }
        choice.is_default = sql_is_word(&first, "DEFAULT");
        choice.charset = charset_of_name(name);
        return choice;
}

static void set_client(struct setnames *out, struct choice choice)
{
        out->has_client = true;
        out->client = choice.charset;
        out->client_default = choice.is_default;
}

static void set_results(struct setnames *out, struct choice choice)
{
        out->has_results = true;
        out->results = choice.charset;
        out->results_default = choice.is_default;
}

static const char *const ansi_modes[] = {"ANSI_QUOTES", "ANSI",       "ORACLE", "MSSQL",
                                         "DB2",         "POSTGRESQL", "MAXDB",  NULL};
static const char *const escape_modes[] = {"NO_BACKSLASH_ESCAPES", NULL};

/** Is one of @p names in the list @p modes? */
static bool has_mode(struct span modes, const char *const *names)
{
        while (modes.len > 0) {
                const uint8_t *comma = memchr(modes.data, ',', modes.len);
                size_t len = comma != NULL ? (size_t)(comma - modes.data) : modes.len;
                if (span_is_one_of(span_head(modes, len), names)) {
                        return true;
                }
                modes = span_skip(modes, len < modes.len ? len + 1 : len);
        }
        return false;
}

static void set_modes(struct setnames *out, bool ansi, bool no_escapes)
{
        out->ansi = ansi ? SETNAMES_ON : SETNAMES_OFF;
        out->no_escapes = no_escapes ? SETNAMES_ON : SETNAMES_OFF;
}

static void take_number(struct span text, struct setnames *out)
{
        uint64_t number = 0;
        for (size_t i = 0; i < text.len && i < 18; i++) {
                if (text.data[i] < '0' || text.data[i] > '9') {
                        return;
                }
                number = number * 10 + (uint64_t)(text.data[i] - '0');
        }
        set_modes(out, (number & MODES_ANSI_QUOTES) != 0, (number & MODE_NO_BACKSLASH_ESCAPES) != 0);
}

static void take_constant(const struct sql_token *t, struct setnames *out)
{
        if (t->kind == SQL_NUMBER) {
                take_number(t->text, out);
        } else if (t->kind == SQL_STRING || t->kind == SQL_QUOTED || sql_is_name(t)) {
                set_modes(out, has_mode(plain_text(t), ansi_modes), has_mode(plain_text(t), escape_modes));
        }
}

/** Take the value of sql_mode. An expression changes a mode if it names it: REPLACE removes it, any other function adds it. */
static void take_mode(struct sql_reader *r, struct setnames *out)
{
        struct sql_reader begin = *r;
        struct sql_token first = take(r);
        if (!goes_on(r)) {
                take_constant(&first, out);
                return;
        }
        *r = begin;
        bool removes = false;
        unsigned depth = 0;
        while (r->token.kind != SQL_END && (depth > 0 || goes_on(r))) {
                depth += sql_is_sign(&r->token, '(') ? 1 : 0;
                depth -= sql_is_sign(&r->token, ')') && depth > 0 ? 1 : 0;
                removes = removes || sql_is_word(&r->token, "REPLACE");
                enum setnames_mode change = removes ? SETNAMES_OFF : SETNAMES_ON;
                bool is_list = r->token.kind == SQL_STRING;
                if (is_list && has_mode(plain_text(&r->token), ansi_modes)) {
                        out->ansi = change;
                }
                if (is_list && has_mode(plain_text(&r->token), escape_modes)) {
                        out->no_escapes = change;
                }
                sql_reader_advance(r);
        }
}

/* --- SET ----------------------------------------------------------------------------------------------------------------- */

/** Whose variable is set. */
enum scope { SCOPE_SESSION, SCOPE_GLOBAL, SCOPE_STORED /* for the next start of the server */ };

static bool accept_equals(struct sql_reader *r)
{
        return sql_accept_sign(r, "=") || sql_accept_sign(r, ":=");
}

/** Take a scope. @return true if there was one; then it is in *@p scope. */
static bool take_scope(struct sql_reader *r, enum scope *scope)
{
        static const struct {
                const char *word;
                enum scope scope;
        } scopes[] = {{"SESSION", SCOPE_SESSION},
                      {"LOCAL", SCOPE_SESSION},
                      {"GLOBAL", SCOPE_GLOBAL},
                      {"PERSIST", SCOPE_GLOBAL},
                      {"PERSIST_ONLY", SCOPE_STORED}};
        for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
                if (sql_accept(r, scopes[i].word)) {
                        *scope = scopes[i].scope;
                        return true;
                }
        }
        return false;
}

/** Take the name of a variable, "=" and its value. */
static void take_variable(struct sql_reader *r, enum scope scope, struct setnames *out)
{
        struct sql_token token = take(r);
        struct span name = plain_text(&token);
        bool is_client = span_equal_nocase(name, "character_set_client");
        bool is_results = span_equal_nocase(name, "character_set_results");
        bool is_mode = span_equal_nocase(name, "sql_mode");
        if (scope == SCOPE_GLOBAL && (is_client || is_results)) {
                out->global = true;
        }
        if (scope == SCOPE_SESSION && (is_client || is_results || is_mode) && accept_equals(r)) {
                if (is_mode) {
                        take_mode(r, out);
                } else if (is_client) {
                        set_client(out, take_charset(r, false));
                } else {
                        set_results(out, take_charset(r, false));
                }
                return;
        }
        (void)skip_expression(r);
}

/** Take one of "a = 1, @@session.b = 2, NAMES x". @p last is the last scope that was given without "@@". */
static void take_assignment(struct sql_reader *r, enum scope *last, struct setnames *out)
{
        bool is_names = sql_accept(r, "NAMES");
        if (is_names || sql_accept(r, "CHARSET") || (sql_accept(r, "CHARACTER") && sql_accept(r, "SET"))) {
                struct choice choice = take_charset(r, is_names);
                set_client(out, choice);
                set_results(out, choice);
                return;
        }
        enum scope scope = SCOPE_SESSION;
        if (sql_accept_sign(r, "@")) {
                if (!sql_accept_sign(r, "@")) {
                        (void)skip_expression(r); /* a user variable */
                        return;
                }
                if (take_scope(r, &scope)) {
                        (void)sql_accept_sign(r, ".");
                }
        } else {
                (void)take_scope(r, last);
                scope = *last;
        }
        take_variable(r, scope, out);
}

/** Take the assignments after SET. */
static void take_set(struct sql_reader *r, struct setnames *out)
{
        enum scope last = SCOPE_SESSION;
        if (sql_is_word(&r->token, "STATEMENT")) {
                return; /* MariaDB: it applies to one statement only */
        }
        do {
                take_assignment(r, &last, out);
        } while (sql_accept_sign(r, ","));
}

/* --- the text ------------------------------------------------------------------------------------------------------------- */

/** Does @p sql begin with SET and something that follows it? */
static bool is_set_at(struct span sql, size_t i)
{
        const uint8_t *p = sql.data + i;
        return sql.len - i > 3 && (p[0] | 0x20) == 's' && (p[1] | 0x20) == 'e' && (p[2] | 0x20) == 't' &&
               !is_word(p[3]);
}

/** Is the first word another one? (If a blank or comment precedes it, the scanner decides.) */
static bool begins_otherwise(struct span sql)
{
        return sql.len == 0 || (is_word(sql.data[0]) && !is_set_at(sql, 0));
}

/** The offset of the first "se" in upper or lower case, or the length of @p sql. Some other characters are taken for these letters. */
static size_t find_se(struct span sql)
{
        static const stride lower = STRIDE_OF(0x20);
        static const stride s = STRIDE_OF('s');
        static const stride e = STRIDE_OF('e');
        size_t at = 0;
        while (sql.len - at > STRIDE) {
                stride first = stride_at(sql.data + at) | lower;
                stride second = stride_at(sql.data + at + 1) | lower;
                if (stride_any((stride)((first == s) & (second == e)))) {
                        break;
                }
                at += STRIDE;
        }
        while (at + 1 < sql.len && ((sql.data[at] | 0x20) != 's' || (sql.data[at + 1] | 0x20) != 'e')) {
                at++;
        }
        return at + 1 < sql.len ? at : sql.len;
}

/** Does @p sql contain the word SET? */
static bool may_set(struct span sql)
{
        for (size_t i = 0; i + 1 < sql.len;) {
                i += find_se(span_skip(sql, i));
                if (i + 1 < sql.len && is_set_at(sql, i)) {
                        return true;
                }
                i++;
        }
        return false;
}

static bool is_odd(const struct setnames_options *options, struct span text)
{
        if (!charset_hides_ascii(options->charset)) {
                return false;
        }
        size_t i = 0;
        stride bytes = STRIDE_OF(0);
        for (; text.len - i >= STRIDE; i += STRIDE) {
                bytes |= stride_at(text.data + i);
        }
        uint8_t any = 0;
        for (; i < text.len; i++) {
                any |= text.data[i];
        }
        return (any & 0x80) != 0 || stride_any(bytes & (stride)STRIDE_OF(0x80));
}

static struct sql_reader read_statement(struct span sql, struct sql_mode mode)
{
        struct sql_reader r = {.lexer = sql_lexer_of_statement(sql, mode)};
        sql_reader_advance(&r);
        return r;
}

/** The server reads the next statement after this one. */
static void change_mode(const struct setnames *found, struct sql_mode *mode)
{
        mode->ansi_quotes = found->ansi != SETNAMES_KEPT ? found->ansi == SETNAMES_ON : mode->ansi_quotes;
        mode->no_backslash_escapes = found->no_escapes != SETNAMES_KEPT ? found->no_escapes == SETNAMES_ON
                                                                        : mode->no_backslash_escapes;
}

bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out)
{
        *out = (struct setnames){0};
        bool is_one = options->succeeded && options->results <= 1;
        if (is_one ? begins_otherwise(sql) : !may_set(sql)) {
                return false; /* the usual case */
        }
        struct sql_reader r = read_statement(sql, options->mode);
        struct span left = sql; /* from the end of the last statement on */
        for (uint64_t n = 0; r.token.kind != SQL_END && n < (is_one ? 1 : options->results); n++) {
                bool is_set = sql_accept(&r, "SET");
                if (is_set) {
                        take_set(&r, out);
                } else if (is_one || (!options->succeeded && !sql_ends_statement(&r))) {
                        break; /* the number of its results is unknown */
                }
                while (!sql_ends_statement(&r)) {
                        skip_dull(&r);
                        sql_reader_advance(&r);
                }
                if (is_odd(options, span_head(left, left.len - r.lexer.left.len))) {
                        break; /* its end is unknown: a character may contain the byte of a quote or backslash */
                }
                left = r.lexer.left;
                change_mode(out, &r.lexer.mode);
                (void)sql_accept_sign(&r, ";");
        }
        return out->has_client || out->has_results || out->global || out->ansi != SETNAMES_KEPT;
}

/** Does a statement that begins with @p first, the token before that of @p r, contain others, which the server reads before it executes any? */
static bool has_body(const struct sql_token *first, struct sql_reader *r)
{
        static const char *const blocks[] = {"CASE", "DECLARE", "FOR", "IF", "LOOP", "REPEAT", "WHILE", NULL};
        static const char *const stored[] = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", NULL};
        if (sql_is_word(first, "BEGIN")) {
                return r->token.kind != SQL_END && !sql_is_word(&r->token, "WORK");
        }
        if (sql_is_word(first, "CREATE") || sql_is_word(first, "ALTER")) {
                while (r->token.kind != SQL_END && !sql_is_one_of(&r->token, stored)) {
                        sql_reader_advance(r);
                }
                return r->token.kind != SQL_END;
        }
        bool has_label = sql_is_sign(&r->token, ':') || sql_is_operator(first, "<<");
        return has_label || sql_is_one_of(first, blocks);
}

bool sql_mode_behind(struct span statement, struct sql_mode *mode)
{
        struct sql_reader r = read_statement(statement, *mode);
        struct sql_token first = r.token;
        struct setnames found = {0};
        sql_reader_advance(&r);
        if (sql_is_word(&first, "SET")) {
                take_set(&r, &found);
                change_mode(&found, mode);
                return true;
        }
        return !has_body(&first, &r);
}
