#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { COMPARED_MAX = 64 };

size_t nearest_edits(const char *a, const char *b)
{
        size_t row[COMPARED_MAX + 1];
        size_t a_len = strnlen(a, COMPARED_MAX);
        size_t b_len = strnlen(b, COMPARED_MAX);
        for (size_t j = 0; j <= b_len; j++) {
                row[j] = j;
        }
        for (size_t i = 1; i <= a_len; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j <= b_len; j++) {
                        size_t best =
                            diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
                        diagonal = row[j];
                        best = best < row[j] + 1 ? best : row[j] + 1;
                        row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
                }
        }
        return row[b_len];
}

struct nearest nearest_to(const char *word)
{
        return (struct nearest){.word = word, .best = NULL, .edits = SIZE_MAX, .part = NULL};
}

/** Whether one of the words begins with the other. A single letter is too little to be the beginning of a name that was meant. */
static bool is_part(const char *word, const char *candidate)
{
        size_t len = strlen(word);
        size_t candidate_len = strlen(candidate);
        return (len > 1 && strncasecmp(word, candidate, len) == 0) ||
               (candidate_len > 0 && strncasecmp(word, candidate, candidate_len) == 0);
}

void nearest_try(struct nearest *n, const char *candidate)
{
        size_t edits = nearest_edits(n->word, candidate);
        if (edits < n->edits) {
                n->edits = edits;
                n->best = candidate;
        }
        if (n->part == NULL && is_part(n->word, candidate)) {
                n->part = candidate;
        }
}

const char *nearest_found(const struct nearest *n)
{
        size_t len = strlen(n->word);
        return n->edits < len && n->edits <= 1 + len / 4 ? n->best : n->part;
}
