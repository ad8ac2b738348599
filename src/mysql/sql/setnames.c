#include "mysql/sql/setnames.h"

#include "base/stride.h"
#include "mysql/sql/sql_reader.h"
#include "mysql/wire/charset.h"

enum {
        /* of sql_mode as a number: */
        MODE_ANSI_QUOTES = 1 << 2,
        MODE_ANSI = 1 << 18, /* it includes ANSI_QUOTES */
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

/** Is ANSI_QUOTES, or ANSI, which includes it, one of the modes in the list @p modes? */
static bool has_ansi_quotes(struct span modes)
{
        while (modes.len > 0) {
                const uint8_t *comma = memchr(modes.data, ',', modes.len);
                size_t len = comma != NULL ? (size_t)(comma - modes.data) : modes.len;
                struct span mode = span_head(modes, len);
                if (span_equal_nocase(mode, "ANSI_QUOTES") || span_equal_nocase(mode, "ANSI")) {
                        return true;
                }
                modes = span_skip(modes, len < modes.len ? len + 1 : len);
        }
        return false;
}

static enum setnames_ansi ansi_of_number(struct span text)
{
        uint64_t number = 0;
        for (size_t i = 0; i < text.len && i < 18; i++) {
                if (text.data[i] < '0' || text.data[i] > '9') {
                        return SETNAMES_ANSI_KEPT;
                }
                number = number * 10 + (uint64_t)(text.data[i] - '0');
        }
        return (number & (MODE_ANSI_QUOTES | MODE_ANSI)) != 0 ? SETNAMES_ANSI_ON : SETNAMES_ANSI_OFF;
}

static enum setnames_ansi ansi_of_constant(const struct sql_token *t)
{
        if (t->kind == SQL_NUMBER) {
                return ansi_of_number(t->text);
        }
        if (t->kind != SQL_STRING && t->kind != SQL_QUOTED && !sql_is_name(t)) {
                return SETNAMES_ANSI_KEPT;
        }
        return has_ansi_quotes(plain_text(t)) ? SETNAMES_ANSI_ON : SETNAMES_ANSI_OFF;
}

/** Take the value of sql_mode. An expression changes ANSI_QUOTES if it names it: REPLACE removes it, any other function adds it. */
static enum setnames_ansi take_mode(struct sql_reader *r)
{
        struct sql_reader begin = *r;
        struct sql_token first = take(r);
        if (!goes_on(r)) {
                return ansi_of_constant(&first);
        }
        *r = begin;
        enum setnames_ansi ansi = SETNAMES_ANSI_KEPT;
        bool removes = false;
        unsigned depth = 0;
        while (r->token.kind != SQL_END && (depth > 0 || goes_on(r))) {
                depth += sql_is_sign(&r->token, '(') ? 1 : 0;
                depth -= sql_is_sign(&r->token, ')') && depth > 0 ? 1 : 0;
                removes = removes || sql_is_word(&r->token, "REPLACE");
                if (r->token.kind == SQL_STRING && has_ansi_quotes(plain_text(&r->token))) {
                        ansi = removes ? SETNAMES_ANSI_OFF : SETNAMES_ANSI_ON;
                }
                sql_reader_advance(r);
        }
        return ansi;
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
                        enum setnames_ansi ansi = take_mode(r);
                        out->ansi = ansi != SETNAMES_ANSI_KEPT ? ansi : out->ansi;
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

bool setnames_scan(struct span sql, const struct setnames_options *options, struct setnames *out)
{
        *out = (struct setnames){0};
        bool is_one = options->succeeded && options->results <= 1;
        if (is_one ? begins_otherwise(sql) : !may_set(sql)) {
                return false; /* the usual case */
        }
        struct sql_reader r = sql_reader_over(sql, options->mode);
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
                if (out->ansi !=
                    SETNAMES_ANSI_KEPT) { /* the server reads the next statement after this one */
                        r.lexer.mode.ansi_quotes = out->ansi == SETNAMES_ANSI_ON;
                }
                (void)sql_accept_sign(&r, ";");
        }
        return out->has_client || out->has_results || out->global || out->ansi != SETNAMES_ANSI_KEPT;
}
