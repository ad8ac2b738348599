/** @file sql_words.h  The words that SQL's lexer knows, of both servers, and which of them are one token.
 * Threads: any.   Memory: static. */
#ifndef MYSQL_SQL_SQL_WORDS_H
#define MYSQL_SQL_SQL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        SQL_WORD_KEYWORD = 1,  /**< wherever no name must stand */
        SQL_WORD_FUNCTION = 2, /**< a keyword only where a parenthesis follows at once */
        SQL_WORD_HINT = 4,     /**< a keyword within an optimizer hint */
        SQL_WORD_STARTS = 8,   /**< an expression begins after it */
        SQL_WORD_HINTED = 16,  /**< an optimizer hint may stand after it */
};

struct sql_word {
        const char *text; /**< upper case; not terminated */
        uint8_t len;
        uint8_t flags;
        uint16_t stands_for;
};

/** In any case of letters. @return NULL if it is no such word. */
const struct sql_word *sql_word_find(const char *word, size_t len);
/** The word that MySQL's digests show for it: DATABASE and SCHEMA are both SCHEMA. */
const struct sql_word *sql_word_canonical(const struct sql_word *word);

#endif
