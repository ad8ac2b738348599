/** @file secret_words.h  Finds words in a text that indicate a password: names such as password and pwd, IDENTIFIED, functions
 * that take a key, URLs. For the files of the search for passwords only.
 * Knows: words.   Does not know: statements.
 * It examines many bytes at once, and looks closer only where one of a few pairs of letters is (secret_pairs.h): linear in the text.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_WORDS_H
#define MYSQL_SQL_SECRET_WORDS_H

#include "base/span.h"

enum secret_word_kind {
        SECRET_WORD_NONE,
        SECRET_WORD_NAME,  /**< a name of a password: PASSWORD, passwd, user_pass, pwd, but not compass */
        SECRET_WORD_SHORT, /**< pw, which arbitrary bytes often contain */
        SECRET_WORD_PASS,  /**< passage, passenger …: only worth a closer look */
        SECRET_WORD_IDENTIFIED, /**< IDENTIFIED */
        SECRET_WORD_CALL,       /**< a function that takes a key */
        SECRET_WORD_URL,        /**< :// with an @ after it */
        SECRET_WORD_CUT_URL,    /**< :// without an @, up to the end of the text */
};

struct secret_word {
        enum secret_word_kind kind;
        size_t at;
        size_t len;
};

struct secret_words {
        struct span text;
        size_t next;     /**< the end of what has been examined */
        size_t base;     /**< the offset of the bytes to which found belongs */
        uint32_t found;  /**< bit i: a pair begins i bytes behind base, and has not been looked at */
        bool has_no_url; /**< a :// had no @ after it, so no later one has */
};

struct secret_words secret_words_of(struct span text);
/** The next word, in the order of the text. @return its kind is SECRET_WORD_NONE at the end. */
struct secret_word secret_words_next(struct secret_words *w);

#endif
