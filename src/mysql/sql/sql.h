/** @file sql.h  SQL cut into tokens, as MySQL's and MariaDB's own lexers cut it.
 *
 * Knows: quotes by sql_mode, escapes, comments of all kinds (those of a version are code), numbers, hex, bit, introducers of
 * character sets, names behind a dot, variables.   Does not know: grammar.
 * Any bytes are a text: what no lexer would take comes as SQL_OPERATOR of one byte, what is not closed ends at the end.
 * Each byte is in exactly one token or is white space between two.
 * Source: the MySQL 9 manual, "Language Structure"; checked against STATEMENT_DIGEST_TEXT.
 * Threads: one owner.   Memory: none; tokens point into the text. */
#ifndef MYSQL_SQL_SQL_H
#define MYSQL_SQL_SQL_H

#include "base/span.h"
#include "mysql/sql/sql_words.h"
#include "mysql/wire/sql_mode.h"

enum sql_kind {
        SQL_END,
        SQL_KEYWORD,    /**< word is set */
        SQL_NAME,       /**< a name without quotes */
        SQL_QUOTED,     /**< a name in quotes, which are in the text */
        SQL_HOST,       /**< what follows @ without quotes: a variable's or host's name */
        SQL_STRING,     /**< with its quotes, and an n before them */
        SQL_NUMBER,     /**< decimal, hex, bit: 1, .5, 1e5, 0x1f, x'1f', 0b1, b'1' */
        SQL_PARAMETER,  /**< ? */
        SQL_INTRODUCER, /**< _utf8mb4 */
        SQL_OPERATOR,   /**< one to three characters */
        SQL_COMMENT,    /**< whole, or the ends of one whose content is code */
        SQL_HINT,       /**< the beginning of an optimizer hint, or its end */
};

struct sql_token {
        enum sql_kind kind;
        struct span text;
        const struct sql_word *word;
};

/** What the token before makes of the next one. */
enum sql_expected { SQL_NEXT_ANY, SQL_NEXT_NAME, SQL_NEXT_HOST, SQL_NEXT_VARIABLE };

struct sql_lexer {
        struct span left;
        struct sql_mode mode;
        unsigned versions; /**< comments of a version that are open */
        bool in_hint;
        bool may_hint; /**< the token before is a word after which hints stand */
        enum sql_expected next;
};

struct sql_lexer sql_lexer_over(struct span text, struct sql_mode mode);
/** The next token; SQL_END with an empty text at the end, again and again. */
struct sql_token sql_next(struct sql_lexer *l);

/** Is it a constant: a string or number? */
static inline bool sql_is_literal(const struct sql_token *t)
{
        return t->kind == SQL_STRING || t->kind == SQL_NUMBER;
}

/** Is it this keyword, in upper case? */
bool sql_is(const struct sql_token *t, const char *keyword);

#endif
