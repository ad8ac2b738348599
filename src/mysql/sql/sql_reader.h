/** @file sql_reader.h  Reads a text token by token, without its comments.
 *
 *      sql_reader_over -> token … sql_reader_advance, sql_accept, sql_accept_sign …
 *
 * Threads: any.   Memory: none; the text must outlive the reader. */
#ifndef MYSQL_SQL_SQL_READER_H
#define MYSQL_SQL_SQL_READER_H

#include "mysql/sql/sql.h"

struct sql_reader {
        struct sql_lexer lexer;
        struct sql_token token; /**< the next one */
        size_t parameters;      /**< the number of parameters up to the next token, which may be one itself */
};

static inline void sql_reader_advance(struct sql_reader *r)
{
        do {
                r->token = sql_next(&r->lexer);
        } while (r->token.kind == SQL_COMMENT);
        r->parameters += r->token.kind == SQL_PARAMETER ? 1 : 0;
}

static inline struct sql_reader sql_reader_over(struct span text, struct sql_mode mode)
{
        struct sql_reader r = {.lexer = sql_lexer_over(text, mode)};
        sql_reader_advance(&r);
        return r;
}

/** Is @p t the operator @p sign, of one or more characters? */
static inline bool sql_is_operator(const struct sql_token *t, const char *sign)
{
        return t->kind == SQL_OPERATOR && span_equal(t->text, span_str(sign));
}

/** Does the next token end the statement? */
static inline bool sql_ends_statement(const struct sql_reader *r)
{
        return r->token.kind == SQL_END || sql_is_sign(&r->token, ';');
}

/** Take @p word if it comes next. @return whether it did. */
static inline bool sql_accept(struct sql_reader *r, const char *word)
{
        bool is_it = sql_is_word(&r->token, word);
        if (is_it) {
                sql_reader_advance(r);
        }
        return is_it;
}

/** The same of the operator @p sign. */
static inline bool sql_accept_sign(struct sql_reader *r, const char *sign)
{
        bool is_it = sql_is_operator(&r->token, sign);
        if (is_it) {
                sql_reader_advance(r);
        }
        return is_it;
}

/** Does a compound statement come next? BEGIN is taken: alone, it begins a transaction. */
static inline bool sql_begins_compound(struct sql_reader *r)
{
        static const char *const words[] = {"CASE", "FOR", "IF", "LOOP", "REPEAT", "WHILE", NULL};
        return sql_accept(r, "BEGIN") ? sql_is_word(&r->token, "NOT") : sql_is_one_of(&r->token, words);
}

#endif
