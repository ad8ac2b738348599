/** @file secret_pairs.h  Finds the pairs of letters by which the words that indicate a password are found. For the search for
 * passwords (secret.h), and for a check before it.
 *
 * Every statement, every definition of a column and every value that is kept is searched. Each of the words contains one of a few
 * pairs of letters: see the table in secret_words.c. Most texts have none of them, which takes less than an instruction a byte with
 * the vectors of AVX2, and about 3 without.
 * Knows: pairs of letters.   Does not know: words.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_PAIRS_H
#define MYSQL_SQL_SECRET_PAIRS_H

#include "base/span.h"

enum {
        SECRET_PAIRS_AT_ONCE = 32, /**< bytes that are examined at once */
        SECRET_PAIRS_AHEAD = 1,    /**< the byte behind them is read, too */
};

/** Bit i is set if one of the pairs may begin at byte i of the 32 bytes at @p at, behind which there is another byte. Which other
 *  characters are taken for letters depends on the processor. */
uint32_t secret_pairs_at(const uint8_t *at);
/** Is any bit set, anywhere in @p text? If not, secret_suspected is false. */
bool secret_pairs_any(struct span text);

/** The same two without the vectors of AVX2, as other processors have them: for tests. */
uint32_t secret_pairs_at_narrow(const uint8_t *at);
bool secret_pairs_any_narrow(struct span text);

#endif
