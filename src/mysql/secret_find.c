/* Passwords among the tokens of a statement. */
#include "mysql/secret.h"

#include <string.h>
#include <strings.h>

enum { LOOK_AHEAD = 12 };

struct secret_finder secret_finder_begin(struct sql_mode mode)
{
        return (struct secret_finder){.mode = mode};
}

/* --- kinds of tokens --------------------------------------------------------------------------------------------------- */

static bool is_word(const struct sql_token *t)
{
        return t->kind == SQL_KEYWORD || t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_HOST;
}

static bool reads(const struct sql_token *t, const char *word)
{
        return is_word(t) && t->text.len == strlen(word) &&
               strncasecmp((const char *)t->text.data, word, t->text.len) == 0;
}

/** @p words ends in NULL. */
static bool is_one_of(const struct sql_token *t, const char *const *words)
{
        for (size_t i = 0; words[i] != NULL; i++) {
                if (reads(t, words[i])) {
                        return true;
                }
        }
        return false;
}

static bool is_sign(const struct sql_token *t, char sign)
{
        return t->kind == SQL_OPERATOR && t->text.len == 1 && t->text.data[0] == (uint8_t)sign;
}

static bool compares(const struct sql_token *t)
{
        static const char *const words[] = {"LIKE", "IN",      "BETWEEN", "RLIKE", "REGEXP",
                                            "NOT",  "COLLATE", "IS",      NULL};
        return t->kind == SQL_OPERATOR ? memchr("=<>!:", t->text.data[0], 5) != NULL : is_one_of(t, words);
}

/** Where an expression ends. */
static bool ends_expression(const struct sql_token *t)
{
        static const char *const words[] = {
            "FROM", "WHERE", "AND", "OR",   "XOR",  "ORDER", "GROUP",  "LIMIT",  "HAVING",    "UNION", "ON",
            "THEN", "ELSE",  "END", "WHEN", "INTO", "SET",   "VALUES", "SELECT", "RETURNING", NULL};
        return is_one_of(t, words) ||
               (t->kind == SQL_OPERATOR && t->text.len == 2 && memcmp(t->text.data, "&&", 2) == 0);
}

/** Statements whose kind takes passwords: there, all that follows the word is one. */
static bool takes_passwords(const struct sql_token *t)
{
        static const char *const kinds[] = {"CREATE", "ALTER",  "SET",   "GRANT", "CHANGE", "START",
                                            "CLONE",  "REVOKE", "PURGE", "DROP",  "SHOW",   NULL};
        return t->kind == SQL_KEYWORD && is_one_of(t, kinds);
}

/** A function whose arguments are a key: AES_ENCRYPT … */
static bool takes_key(const struct sql_token *t, const struct sql_token *next)
{
        static const char *const names[] = {"AES_ENCRYPT", "AES_DECRYPT", "DES_ENCRYPT",
                                            "DES_DECRYPT", "ENCRYPT",     NULL};
        return is_sign(next, '(') && is_one_of(t, names);
}

static struct span inside(const struct sql_token *t)
{
        struct span inner = span_skip(t->text, 1);
        inner.len -= inner.len > 0 ? 1 : 0;
        return inner;
}

/* --- lists --------------------------------------------------------------------------------------------------------------- */

static bool is_place_of_password(const struct secret_finder *f)
{
        if (f->columns == 0 || f->depth < f->row_depth || f->row_depth >= SECRET_DEPTH) {
                return false;
        }
        return (f->columns >> f->place[f->row_depth] & 1) != 0;
}

static void open_list(struct secret_finder *f)
{
        f->depth++;
        uint32_t bit = f->depth < SECRET_DEPTH ? 1U << f->depth : 0;
        f->calls = f->is_callee ? f->calls | bit : f->calls & ~bit;
        if (f->depth < SECRET_DEPTH) {
                f->place[f->depth] = 0;
                f->named[f->depth] = 0;
        }
}

/** A list with such a name ends, and rows follow. */
static void close_list(struct secret_finder *f, const struct sql_token *next)
{
        static const char *const rows[] = {"VALUES", "VALUE", NULL};
        uint64_t named = f->depth < SECRET_DEPTH ? f->named[f->depth] : 0;
        f->depth -= f->depth > 0 ? 1 : 0;
        if (named == 0) {
                return;
        }
        if (is_one_of(next, rows) || is_sign(next, '=') || is_sign(next, '(')) {
                f->row_depth = f->depth + 1;
        } else if (reads(next, "IN")) {
                f->row_depth = f->depth + 2;
        } else if (reads(next, "SELECT")) {
                f->row_depth = f->depth;
        } else {
                return;
        }
        f->columns = named;
}

static void next_place(struct secret_finder *f)
{
        if (f->depth < SECRET_DEPTH && f->place[f->depth] < 63) {
                f->place[f->depth]++;
        }
}

/** Words that begin or end the rows. */
static void on_list_word(struct secret_finder *f, const struct sql_token *t)
{
        if (f->depth >= SECRET_DEPTH) {
                return;
        }
        if (reads(t, "UNION") && f->named[f->depth] != 0 && f->columns == 0) {
                f->columns = f->named[f->depth];
                f->row_depth = f->depth;
        }
        if (reads(t, "SELECT")) {
                f->place[f->depth] = 0;
        } else if (f->columns != 0 && f->depth < f->row_depth && ends_expression(t) && !reads(t, "VALUES")) {
                f->columns = 0;
        } else if (f->columns != 0 && f->depth == f->row_depth && reads(t, "FROM")) {
                f->columns = 0;
        }
}

static bool is_in_call(const struct secret_finder *f)
{
        return f->depth < SECRET_DEPTH && (f->calls >> f->depth & 1) != 0;
}

/** A name of a password: which place of its list, and of the result, it has. */
static void note_name(struct secret_finder *f, const struct sql_token *next)
{
        if (f->depth < SECRET_DEPTH && !is_sign(next, '(')) {
                f->named[f->depth] |= 1ULL << f->place[f->depth];
        }
        if (f->in_list) {
                f->reply |= f->has_star ? UINT64_MAX : 1ULL << f->place[0];
        }
}

/** Where the columns of the result are named: SELECT … FROM, not within parentheses. */
static void follow_list(struct secret_finder *f, const struct sql_token *t)
{
        if (f->depth == 0 && reads(t, "SELECT")) {
                f->in_list = true;
        } else if (f->depth == 0 && reads(t, "FROM")) {
                f->in_list = false;
        }
}

/* --- tokens -------------------------------------------------------------------------------------------------------------- */

static void arm(struct secret_finder *f, bool once, bool wide)
{
        f->armed = true;
        f->once = once;
        f->wide = wide;
        f->armed_depth = f->depth;
}

static void on_word(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        static const char *const makers[] = {"VIA", "WITH", NULL};
        static const char *const no_callees[] = {"IN", "AS", "VALUE", "NOT", "USING", "ANY", "ALL", NULL};
        bool is_identified = reads(t, "IDENTIFIED");
        if (!f->begun) {
                f->begun = true;
                f->is_change = takes_passwords(t);
                f->is_run = reads(t, "EXECUTE");
                f->is_set = reads(t, "SET");
        }
        on_list_word(f, t);
        follow_list(f, t);
        f->is_callee = !ends_expression(t) && !is_one_of(t, no_callees);
        if (reads(t, "RANDOM") && f->armed && !f->once) {
                f->reply = UINT64_MAX;
        }
        f->by = f->armed && !f->once && reads(t, "BY");
        if (is_identified || secret_is_name(t->text) || takes_key(t, next)) {
                arm(f, !is_identified && !f->is_change, !f->is_change && is_in_call(f));
                note_name(f, next);
        } else if (f->armed && f->once && f->depth == f->armed_depth && ends_expression(t)) {
                f->armed = f->between && reads(t, "AND");
                f->between = false;
        }
        f->between = f->between || reads(t, "BETWEEN");
        f->is_plugin = f->armed && !f->once && is_one_of(t, makers);
}

static void on_close(struct secret_finder *f, const struct sql_token *next)
{
        bool is_tuple = f->depth < SECRET_DEPTH && f->place[f->depth] > 0 && !is_in_call(f);
        close_list(f, next);
        if (!f->armed || f->depth > f->armed_depth || (!f->once && f->depth == f->armed_depth)) {
                return;
        }
        f->armed = f->once && compares(next) && !is_tuple; /* of a tuple the place counts */
        f->armed_depth = f->depth;
}

static void on_operator(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        if (is_sign(t, '(')) {
                open_list(f);
        } else if (is_sign(t, ')')) {
                on_close(f, next);
        } else if (is_sign(t, ',')) {
                next_place(f);
                f->armed = f->armed && (f->depth > f->armed_depth || (f->wide && f->depth > 0) || f->is_run);
        } else if (is_sign(t, ';')) {
                uint64_t reply = f->reply;
                *f = secret_finder_begin(f->mode);
                f->reply = reply;
        } else if (is_sign(t, '*') && f->in_list && f->depth == 0) {
                f->has_star = true;
        } else if (f->once && ends_expression(t) && f->depth == f->armed_depth) {
                f->armed = false;
        }
}

/** 'x' = password, 'x' AS password: the name comes behind it. */
static bool is_named_behind(const struct secret_finder *f, struct sql_token t, const struct sql_lexer *rest)
{
        struct sql_lexer lexer = *rest;
        for (unsigned i = 0; i < LOOK_AHEAD && !f->is_change; i++) {
                if (t.kind == SQL_END || ends_expression(&t) || is_sign(&t, ',') || is_sign(&t, ')') ||
                    is_sign(&t, ';')) {
                        return false;
                }
                if (is_word(&t) && secret_is_name(t.text)) {
                        return true;
                }
                t = sql_next(&lexer);
        }
        return false;
}

static bool on_literal(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                       const struct sql_lexer *rest)
{
        bool is_user = f->before == SECRET_AT || is_sign(next, '@');
        bool is_plugin = f->is_plugin;
        bool is_bare = f->by;
        bool armed = f->armed;
        f->is_plugin = false;
        f->by = false;
        if (t->kind == SQL_STRING && !armed && secret_is_mentioned(inside(t))) {
                arm(f, true,
                    !f->is_change ||
                        f->is_set); /* CONCAT('… IDENTIFIED BY ', 'x'), JSON_OBJECT('password', 'x') */
        }
        if (t->kind == SQL_STRING && secret_is_within(inside(t))) {
                return true;
        }
        if (is_place_of_password(f) || (!armed && is_named_behind(f, *next, rest))) {
                return true;
        }
        if (!armed || is_user || is_plugin) {
                return false;
        }
        return t->kind != SQL_NUMBER || f->once || is_bare || t->text.data[0] == 'x' ||
               t->text.data[0] == 'X' || t->text.data[0] == '0';
}

bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                 const struct sql_lexer *rest)
{
        bool found = false;
        if (t->kind == SQL_COMMENT) {
                return t->text.len > 2 && (secret_is_mentioned(t->text) || secret_is_within(t->text));
        }
        if (is_word(t) && f->by && !secret_is_name(t->text) && !reads(t, "RANDOM")) {
                f->by = false;
                found = true;
        } else if (is_word(t)) {
                on_word(f, t, next);
        } else if (t->kind == SQL_OPERATOR) {
                on_operator(f, t, next);
                f->is_callee = false;
        } else if (sql_is_literal(t) || t->kind == SQL_PARAMETER) {
                found = on_literal(f, t, next, rest);
        }
        f->before = t->kind == SQL_OPERATOR && t->text.data[0] == '@' ? SECRET_AT
                    : is_word(t)                                      ? SECRET_NAME
                                                                      : SECRET_OTHER;
        return found;
}

size_t secret_bare_at(struct span sql, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct secret_finder finder = secret_finder_begin(mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool after_by = finder.by;
                bool secret = secret_find(&finder, &t, &next, &lexer);
                if (secret && (is_word(&t) || (after_by && t.kind == SQL_NUMBER))) {
                        return (size_t)(t.text.data - sql.data);
                }
                t = next;
        }
        return sql.len;
}
