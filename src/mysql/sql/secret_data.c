#include "mysql/sql/secret_data.h"

#include "base/stride.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_labels.h"

#include <string.h>
#include <strings.h>

/* --- values ------------------------------------------------------------------------------------------------------------ */

/** Is it binary data, such as a picture, which contains short words by chance? */
static bool is_binary(struct span bytes)
{
        const stride tab = STRIDE_OF('\t');
        const stride end = STRIDE_OF('\r' + 1);
        const stride space = STRIDE_OF(' ');
        size_t i = 0;
        for (; bytes.len - i >= STRIDE; i += STRIDE) {
                stride at = stride_at(bytes.data + i);
                if (stride_any((stride)((at < tab) | ((at >= end) & (at < space))))) {
                        return true;
                }
        }
        for (; i < bytes.len; i++) {
                if (bytes.data[i] < '\t' || (bytes.data[i] > '\r' && bytes.data[i] < ' ')) {
                        return true;
                }
        }
        return false;
}

/** Does @p text contain a word that arbitrary bytes do not contain by chance? (A hash of caching_sha2_password, for example, has
 *  control characters.) */
static bool has_long_word(struct span text)
{
        static const char *const words[] = {"PASSW", "PASSPHRASE", "IDENTIFIED", "AUTHENTICATION_STRING",
                                            "SST_AUTH"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (secret_has_word(text, words[i])) {
                        return true;
                }
        }
        return false;
}

bool secret_has_quotes(struct span value)
{
        for (size_t i = 0; i < value.len; i++) {
                if (value.data[i] == '\'' || value.data[i] == '"' || value.data[i] == '`') {
                        return true;
                }
        }
        return false;
}

static bool has_constants(struct span value)
{
        return memchr(value.data, '\'', value.len) != NULL || memchr(value.data, '"', value.len) != NULL;
}

/** Is @p t a word with which statements and bodies of stored programs begin? */
static bool is_like_statement(const struct sql_token *t)
{
        static const char *const words[] = {"CREATE", "ALTER",   "SET",      "GRANT",   "CHANGE",  "START",
                                            "SELECT", "INSERT",  "REPLACE",  "UPDATE",  "DELETE",  "CALL",
                                            "DO",     "BEGIN",   "WITH",     "EXECUTE", "PREPARE", "USE",
                                            "LOAD",   "EXPLAIN", "DECLARE",  "CLONE",   "SHOW",    "IF",
                                            "RETURN", "ANALYZE", "DESCRIBE", NULL};
        return span_is_one_of(t->text, words);
}

/** Is @p sql a statement with a password? The mode of the session that would run it is unknown. */
static bool is_secret_statement(struct span sql)
{
        struct sql_mode mode = {.is_mariadb = true};
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct secret_finder finder;
        struct sql_token t = sql_next(&lexer);
        while (t.kind == SQL_COMMENT || t.kind == SQL_OPERATOR) {
                t = sql_next(&lexer);
        }
        if (!is_like_statement(&t)) {
                return false;
        }
        secret_finder_begin(&finder, sql, mode);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                if (secret_find(&finder, &t, &next, &lexer) && t.kind != SQL_PARAMETER) {
                        return true;
                }
                t = next;
        }
        return false;
}

bool secret_is_in_value(struct span value)
{
        if (!secret_suspected(value)) { /* true for nearly all values */
                return false;
        }
        if (is_binary(value)) {
                return has_long_word(value) && has_constants(value);
        }
        if (secret_is_within(value) || (secret_is_mentioned_in_data(value) && has_constants(value))) {
                return true;
        }
        return is_secret_statement(value);
}

bool secret_is_in_packet(struct span bytes)
{
        return secret_suspected(bytes) && (secret_is_mentioned_in_data(bytes) || secret_is_within(bytes));
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

bool secret_is_column(struct span name)
{
        uint8_t narrow[256];
        size_t n = 0;
        if (name.len == 0 || memchr(name.data, '\0', name.len) == NULL) {
                return secret_is_name(name);
        }
        for (size_t i = 0; i < name.len && n < sizeof narrow; i++) {
                if (name.data[i] != '\0') {
                        narrow[n++] = name.data[i];
                }
        }
        return secret_is_name(span_of(narrow, n));
}

/* --- columns of a result --------------------------------------------------------------------------------------------------
 *
 * A walk over the statement finds, in every list of a SELECT at any depth, the items that mention a password or a name that stands for
 * one, and adds the names of these items to those that stand for passwords. Outer lists precede inner ones: hence several walks. */

enum { DEPTH_MAX = 32, WALKS_MAX = 4 };

struct item {
        bool is_query;      /**< it belongs to a SELECT, not to the arguments of a function, for example */
        bool in_list;       /**< it is between SELECT and FROM */
        bool list_mentions; /**< an earlier item of the list mentions a password */
        bool mentions;      /**< this item does */
        bool ends_in_name;  /**< the last token may be its name */
        bool is_long;       /**< it has more than one token */
        struct span last;
};

struct walk {
        struct secret_columns *found;
        struct item items[DEPTH_MAX];
        unsigned depth;
        bool mentions; /**< an item within parentheses mentions a password */
        bool changed;
        bool unclear; /**< columns are named by their place, so names can't be followed */
        bool is_select;
};

static bool reads(const struct sql_token *t, const char *word)
{
        return t->kind != SQL_STRING && span_equal_nocase(t->text, word);
}

static struct span bare(struct span name)
{
        if (name.len > 1 && strchr("`\"'", name.data[0]) != NULL) {
                return span_of(name.data + 1, name.len - 2);
        }
        return name;
}

static bool is_name(const struct sql_token *t)
{
        return sql_is_name(t) || t->kind == SQL_STRING;
}

bool secret_columns_has(const struct secret_columns *c, struct span name)
{
        for (unsigned i = 0; i < c->n; i++) {
                if (c->aliases[i].len == name.len &&
                    strncasecmp((const char *)c->aliases[i].data, (const char *)name.data, name.len) == 0) {
                        return true;
                }
        }
        return false;
}

static void end_item(struct walk *w, struct item *i)
{
        if (i->in_list && i->mentions && i->is_long && i->ends_in_name && !secret_is_name(i->last) &&
            !secret_columns_has(w->found, i->last)) {
                w->changed = true;
                if (w->found->n < SECRET_ALIASES) {
                        w->found->aliases[w->found->n++] = i->last;
                } else {
                        w->unclear = true;
                }
        }
        bool mentions = i->list_mentions || (i->mentions && (i->in_list || !i->is_query));
        w->mentions = w->mentions || (mentions && w->depth > 0);
        *i = (struct item){.is_query = i->is_query, .in_list = i->in_list, .list_mentions = mentions};
}

static void close_depth(struct walk *w)
{
        struct item *inner = &w->items[w->depth];
        end_item(w, inner);
        if (w->depth > 0) {
                w->depth--;
                struct item *outer = &w->items[w->depth];
                outer->mentions = outer->mentions || inner->list_mentions;
                outer->is_long = true;
                outer->ends_in_name = false;
        }
}

static void take_operator(struct walk *w, const struct sql_token *t)
{
        struct item *i = &w->items[w->depth];
        switch (t->text.len == 1 ? t->text.data[0] : 0) {
        case '(':
                if (w->depth + 1 < DEPTH_MAX) {
                        w->depth++;
                        w->items[w->depth] = (struct item){.in_list = false};
                } else {
                        w->unclear = true;
                }
                return;
        case ')': close_depth(w); return;
        case ',':
                if (i->in_list) {
                        end_item(w, i);
                }
                return;
        case ';':
                end_item(w, i);
                *i = (struct item){.in_list = false};
                return;
        default: i->is_long = true; i->ends_in_name = false;
        }
}

static void take_token(struct walk *w, const struct sql_token *t)
{
        static const char *const ends[] = {"FROM",   "INTO",  "UNION",     "INTERSECT", "EXCEPT",
                                           "WHERE",  "GROUP", "HAVING",    "ORDER",     "LIMIT",
                                           "WINDOW", "FOR",   "PROCEDURE", NULL};
        struct item *i = &w->items[w->depth];
        if (t->kind == SQL_OPERATOR) {
                take_operator(w, t);
        } else if (reads(t, "SELECT")) {
                *i = (struct item){.is_query = true, .in_list = true, .list_mentions = i->list_mentions};
                w->is_select = true;
        } else if (i->in_list && t->kind == SQL_KEYWORD && span_is_one_of(t->text, ends)) {
                end_item(w, i);
                i->in_list = false;
        } else if (is_name(t) || t->kind == SQL_HOST) {
                bool is_alias = !reads(t, "AS") && !reads(t, "END");
                struct span name = bare(t->text);
                i->is_long = i->is_long || i->last.len > 0;
                i->mentions = i->mentions || secret_is_name(name) || secret_columns_has(w->found, name);
                i->last = is_alias ? name : (struct span){NULL, 0};
                i->ends_in_name = is_alias;
        } else if (t->kind != SQL_COMMENT) {
                i->is_long = true;
                i->ends_in_name = false;
        }
}

/** Note what names columns by their place: WITH t (p) AS (…), (…) AS t (p), JSON_TABLE(…). */
static void note_unclear(struct walk *w, const struct sql_token *before, const struct sql_token *t,
                         const struct sql_token *next)
{
        static const char *const no_names[] = {"IN", "AND", "OR", "ON", "UNION", "VALUES", "USING", NULL};
        static const char *const sets[] = {"UNION", "INTERSECT", "EXCEPT", NULL};
        bool is_list = sql_is_sign(before, ')') && is_name(t) && sql_is_sign(next, '(');
        w->unclear = w->unclear || (is_list && !sql_is_one_of(t, no_names)) || sql_is_word(t, "JSON_TABLE") ||
                     (w->depth > 0 && sql_is_one_of(t, sets));
}

/** Walk over @p sql once. @return whether another name was found. */
static bool walk(struct walk *w, struct span sql, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct sql_token before = {.kind = SQL_END};
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                note_unclear(w, &before, &t, &next);
                take_token(w, &t);
                before = reads(&t, "AS") ? before : t;
                t = next;
        }
        while (w->depth > 0) {
                close_depth(w);
        }
        end_item(w, &w->items[0]);
        return w->changed;
}

struct secret_columns secret_columns_of(struct span sql, struct sql_mode mode)
{
        struct secret_columns found = {.secrecy = SECRECY_QUOTES};
        bool again = true;
        for (unsigned i = 0; again && i < WALKS_MAX; i++) {
                struct walk w = {.found = &found};
                again = walk(&w, sql, mode);
                if (w.is_select && found.secrecy < SECRECY_DERIVED) {
                        found.secrecy = SECRECY_DERIVED;
                }
                if (w.unclear && w.mentions) {
                        found.secrecy = SECRECY_ALL;
                }
        }
        if (again) { /* there are more names than fit */
                found.secrecy = SECRECY_ALL;
        }
        return found;
}
