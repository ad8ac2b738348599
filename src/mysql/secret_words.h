/** @file secret_words.h  Where a text has words that tell of a password: names such as password and pwd, IDENTIFIED, functions
 * that take a key, URLs. For the files of the search for passwords only.
 * Knows: words.   Does not know: statements.
 * Sixteen bytes at a stride, and a look at the few places where one of a few pairs of letters stands: linear in the text.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SECRET_WORDS_H
#define MYSQL_SECRET_WORDS_H

#include "base/span.h"
#include "base/stride.h"

enum secret_word_kind {
        SECRET_WORD_NONE,
        SECRET_WORD_NAME,       /**< of a password: PASSWORD, passwd, user_pass, pwd … but no compass */
        SECRET_WORD_SHORT,      /**< pw alone: any bytes may have it */
        SECRET_WORD_PASS,       /**< passage, passenger …: suspect, and no more than that */
        SECRET_WORD_IDENTIFIED, /**< IDENTIFIED */
        SECRET_WORD_CALL,       /**< a function that takes a key */
        SECRET_WORD_URL,        /**< :// with an @ behind it */
};

struct secret_word {
        enum secret_word_kind kind;
        size_t at;
        size_t len;
};

struct secret_words {
        struct span text;
        size_t next;           /**< what has been loaded ends here */
        size_t base;           /**< where the stride in found begins */
        unsigned i;            /**< of found, what is next */
        bool has_no_url;       /**< one :// has no @ behind it, so none has */
        uint8_t found[STRIDE]; /**< places where a pair begins */
};

/** Is there none for sure? Needs few registers, and takes 1.5 instructions a byte. */
bool secret_words_may_be_in(struct span text);
struct secret_words secret_words_of(struct span text);
/** The next word, in the order of the text. @return its kind is SECRET_WORD_NONE at the end. */
struct secret_word secret_words_next(struct secret_words *w);

#endif
