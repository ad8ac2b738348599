/** @file nearest.h  Find the word that was probably meant, for "did you mean …?".
 *
 *      struct nearest n = nearest_to(word);
 *      for each candidate: nearest_try(&n, candidate);
 *      if (nearest_found(&n) != NULL) …
 *
 * Knows: words.   Does not know: what they name.
 * Threads: any.   Memory: none; words and candidates must live as long as the struct. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
        const char *word;
        const char *best; /**< NULL: no candidate yet */
        size_t edits;     /**< nearest_edits of word and best */
        const char
            *part; /**< a candidate that begins with the word, or with which the word begins; NULL: none */
};

/** The number of characters to insert, delete or replace to get from @p a to @p b. Letters of either case are
 *  equal; only the first 64 bytes are compared. */
size_t nearest_edits(const char *a, const char *b);

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *n, const char *candidate);
/** @return the candidate with the fewest edits or, if that is not similar, one that is a beginning of the word or continues it; NULL if
 *  there is neither. */
const char *nearest_found(const struct nearest *n);

#endif
