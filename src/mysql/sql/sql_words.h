/** @file sql_words.h  The words that the SQL lexer knows, those of both servers, and which of them are the same token.
 * Threads: any.   Memory: static. */
#ifndef MYSQL_SQL_SQL_WORDS_H
#define MYSQL_SQL_SQL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        SQL_WORD_KEYWORD = 1,  /**< wherever a name is not required */
        SQL_WORD_FUNCTION = 2, /**< a keyword only directly before a parenthesis */
        SQL_WORD_HINT = 4,     /**< a keyword within an optimizer hint */
        SQL_WORD_STARTS = 8,   /**< an expression begins after it */
        SQL_WORD_HINTED = 16,  /**< an optimizer hint may follow it */
};

struct sql_word {
        const char *text; /**< upper case; not terminated */
        uint8_t len;
        uint8_t flags;
        uint16_t stands_for;
};

/** Find a word in upper or lower case, of characters that names may have. @return NULL if it is not one of these. */
const struct sql_word *sql_word_find(const char *word, size_t len);
/** The word that MySQL's digests show in its place: DATABASE and SCHEMA are both SCHEMA. */
const struct sql_word *sql_word_canonical(const struct sql_word *word);

#endif
