/** @file sql.h  Splits SQL into tokens, in the same way as the lexers of MySQL and MariaDB.
 *
 * Knows: quotes by sql_mode, escapes, all kinds of comments (those for a version are code), numbers, hex, bit, introducers of
 * character sets, names after a dot, variables.   Does not know: grammar.
 * The text may be any bytes: a byte that no lexer accepts becomes an SQL_OPERATOR of one byte, and a quote or comment that is not closed
 * extends to the end of the text. Each byte is in exactly one token, or is white space between two tokens.
 * Source: the MySQL 9 manual, "Language Structure"; checked against STATEMENT_DIGEST_TEXT.
 * Threads: one owner.   Memory: none; tokens point into the text. */
#ifndef MYSQL_SQL_SQL_H
#define MYSQL_SQL_SQL_H

#include "base/span.h"
#include "mysql/sql/sql_words.h"
#include "mysql/wire/sql_mode.h"

enum sql_kind {
        SQL_END,
        SQL_KEYWORD,    /**< a keyword; `word` is set */
        SQL_NAME,       /**< a name without quotes */
        SQL_QUOTED,     /**< a name with its quotes */
        SQL_HOST,       /**< the name of a variable or host after @, without quotes */
        SQL_STRING,     /**< with its quotes and the n that may precede them */
        SQL_NUMBER,     /**< decimal, hex, bit: 1, .5, 1e5, 0x1f, x'1f', 0b1, b'1' */
        SQL_PARAMETER,  /**< ? */
        SQL_INTRODUCER, /**< _utf8mb4 */
        SQL_OPERATOR,   /**< one to three characters */
        SQL_COMMENT,    /**< a whole comment; or the begin or end of a comment whose content is code */
        SQL_HINT,       /**< the begin or end of an optimizer hint */
};

struct sql_token {
        enum sql_kind kind;
        struct span text;
        const struct sql_word *word;
};

/** What the next token must be because of the one before it. */
enum sql_expected { SQL_NEXT_ANY, SQL_NEXT_NAME, SQL_NEXT_HOST, SQL_NEXT_VARIABLE };

/** Change @p mode to that in which the server reads what follows @p statement, which may be SET sql_mode = … (setnames.c).
 * @return false if the mode stays as it is from then on: the statement has only begun, because it contains others. */
bool sql_mode_behind(struct span statement, struct sql_mode *mode);

struct sql_lexer {
        struct span left;
        struct sql_mode mode;
        const uint8_t *begin;                                         /**< of the statement */
        bool (*behind)(struct span statement, struct sql_mode *mode); /**< NULL: the mode stays as it is */
        unsigned versions; /**< nesting depth of open comments for a version */
        bool in_hint;
        bool may_hint; /**< the token before is a word that a hint may follow */
        enum sql_expected next;
};

/** For a text whose mode does not change within. */
static inline struct sql_lexer sql_lexer_of_statement(struct span text, struct sql_mode mode)
{
        return (struct sql_lexer){.left = text, .mode = mode, .begin = text.data};
}

/** For a text that may have several statements: each is read in the mode that those before it have set. */
static inline struct sql_lexer sql_lexer_over(struct span text, struct sql_mode mode)
{
        struct sql_lexer l = sql_lexer_of_statement(text, mode);
        l.behind = sql_mode_behind;
        return l;
}

/** The next token. At the end it is SQL_END with an empty text, however often this is called. */
struct sql_token sql_next(struct sql_lexer *l);

/** Is @p t a constant, that is, a string or a number? */
static inline bool sql_is_literal(const struct sql_token *t)
{
        return t->kind == SQL_STRING || t->kind == SQL_NUMBER;
}

/** Is @p t the keyword @p keyword, which is given in upper case? In line, since the length of most keywords is known there. */
static inline bool sql_is(const struct sql_token *t, const char *keyword)
{
        if (t->kind != SQL_KEYWORD) {
                return false;
        }
        size_t len = strlen(keyword);
        return len == t->word->len && memcmp(t->word->text, keyword, len) == 0;
}

/** May @p t be a name: quoted or not, or a keyword, which can be a name in some places? */
static inline bool sql_is_name(const struct sql_token *t)
{
        return t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_KEYWORD;
}

/** Is @p t the word @p word without quotes, whether the lexer knows it as a keyword or not? */
static inline bool sql_is_word(const struct sql_token *t, const char *word)
{
        return (t->kind == SQL_KEYWORD || t->kind == SQL_NAME) && span_equal_nocase(t->text, word);
}

/** Is @p t one of the words @p words in the same sense? The last one is NULL. */
static inline bool sql_is_one_of(const struct sql_token *t, const char *const *words)
{
        return (t->kind == SQL_KEYWORD || t->kind == SQL_NAME) && span_is_one_of(t->text, words);
}

/** Is @p t the operator @p sign, which has one character? */
static inline bool sql_is_sign(const struct sql_token *t, char sign)
{
        return t->kind == SQL_OPERATOR && t->text.len == 1 && t->text.data[0] == (uint8_t)sign;
}

#endif
