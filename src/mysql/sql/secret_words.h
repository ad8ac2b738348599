/** @file secret_words.h  Finds words in a text that indicate a password: names such as password and pwd, IDENTIFIED, functions
 * that take a key, URLs. For the files of the search for passwords only.
 * Knows: words.   Does not know: statements.
 * It looks at sixteen bytes at once, and closer only where one of a few pairs of letters is: linear in the text.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_WORDS_H
#define MYSQL_SQL_SECRET_WORDS_H

#include "base/span.h"
#include "base/stride.h"

enum { SECRET_AHEAD = 1 };

/* --- pairs --------------------------------------------------------------------------------------------------------------
 *
 * Every statement and every definition of a column is searched, sixteen bytes at once. Each word contains one of a few pairs of
 * letters, by which it is found: see the table in secret_words.c. */

#define SECRET_EACH(c) ((stride)STRIDE_OF(c))

/** Sixteen bytes in lower case. Characters that are not letters may change, too, which only costs a closer look. */
static inline stride secret_load(const uint8_t *at)
{
        return stride_at(at) | SECRET_EACH(0x20);
}

/** Which of the sixteen bytes at @p at begin one of the pairs? (With SECRET_AHEAD bytes behind them.) */
static inline stride secret_pairs(const uint8_t *at)
{
        stride first = secret_load(at);
        stride next = secret_load(at + 1);
        stride line = first == SECRET_EACH('_' | 0x20);
        /* r and s, k and o differ by one bit each */
        stride of_s =
            (line | (first == SECRET_EACH('s'))) & ((next | SECRET_EACH('r' ^ 's')) == SECRET_EACH('s'));
        stride of_d = ((first | SECRET_EACH('k' ^ 'o')) == SECRET_EACH('o')) & (next == SECRET_EACH('d'));
        stride of_m = (line | (first == SECRET_EACH('m'))) & (next == SECRET_EACH('m'));
        stride of_p = (first == SECRET_EACH('p')) & ((next == SECRET_EACH('w')) | (next == SECRET_EACH('t')));
        return (stride)(of_s | of_m | of_d | of_p |
                        ((first == SECRET_EACH('i')) & (next == SECRET_EACH('f'))) |
                        ((first == SECRET_EACH(':')) & (next == SECRET_EACH('/'))));
}

/** A quick check: false only if @p text has no such word. It needs few registers and 3 instructions a byte. */
static inline bool secret_words_may_be_in(struct span text)
{
        if (text.len < STRIDE + SECRET_AHEAD) {
                return true;
        }
        const uint8_t *last = text.data + (text.len - STRIDE - SECRET_AHEAD);
        stride found = secret_pairs(last); /* some bytes are looked at twice */
        for (const uint8_t *at = text.data; at < last; at += STRIDE) {
                found |= secret_pairs(at);
        }
        return stride_any(found);
}

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
        size_t next;           /**< the end of what has been loaded */
        size_t base;           /**< the offset of the bytes to which found belongs */
        unsigned i;            /**< the next index of found */
        bool has_no_url;       /**< a :// had no @ after it, so no later one has */
        uint8_t found[STRIDE]; /**< non-zero where a pair begins */
};

struct secret_words secret_words_of(struct span text);
/** The next word, in the order of the text. @return its kind is SECRET_WORD_NONE at the end. */
struct secret_word secret_words_next(struct secret_words *w);

#endif
