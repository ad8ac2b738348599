/** @file secret_pairs.h  Finds the pairs of letters by which the words that indicate a password are found. For the search for
 * passwords (secret.h), and for a check before it.
 *
 * Every statement, every definition of a column and every value that is kept is searched. Each of the words contains one of a few
 * pairs of letters: see the table in secret_words.c. Most texts have none of them, which takes less than an instruction a byte with
 * the vectors of AVX2, and about 3 without. As many words of a language have such pairs, the byte before a pair is looked at, too, where
 * it is always the same.
 * Knows: pairs of letters.   Does not know: words.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_PAIRS_H
#define MYSQL_SQL_SECRET_PAIRS_H

#include "base/span.h"

enum {
        SECRET_PAIRS_AT_ONCE = 32, /**< bytes that are examined at once */
        SECRET_PAIRS_AROUND = 1,   /**< the byte before them and the byte behind them are read, too */
        SECRET_PAIRS_BLOCK = SECRET_PAIRS_AT_ONCE + 2 * SECRET_PAIRS_AROUND,
};

/** Bit i is set if one of the pairs may begin at byte i of the 32 bytes at @p at. Which other characters are taken for letters depends on
 *  the processor. */
uint32_t secret_pairs_at(const uint8_t *at);
/** Look for pairs in @p text from *@p at on, a multiple of 32. @return the bits of the first 32 bytes that have any, and *@p at is the end of
 *  these; 0 at the end of the text. */
uint32_t secret_pairs_next(struct span text, size_t *at);
/** Is any bit set, anywhere in @p text? If not, secret_suspected is false. */
bool secret_pairs_any(struct span text);

/* Without the vectors of AVX2, as other processors have them; declared for tests. */

uint32_t secret_pairs_at_narrow(const uint8_t *at);
bool secret_pairs_any_narrow(struct span text);
/** Look at 32 bytes after the other from *@p at on, which is not 0, as long as there are 33 and none of them begins a pair. @return the bits of
 *  those at *@p at; 0 if there are fewer than 33. */
uint32_t secret_pairs_next_narrow(struct span text, size_t *at);

#endif
