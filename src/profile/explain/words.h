/** @file words.h  Splits untrusted text into lines, words and numbers.
 * Pure. Threads: any. */
#ifndef PROFILE_EXPLAIN_WORDS_H
#define PROFILE_EXPLAIN_WORDS_H

#include "base/span.h"

/** Take the next line, without its end. @p ended: whether a newline stood there. */
struct span words_line(struct span *text, bool *ended);
bool words_start(struct span s, const char *prefix);
void words_skip_blanks(struct span *s);
/** @p c, with blanks before it. @return whether it was there. */
bool words_char(struct span *s, char c);
/** A number of base 10 or 16, with blanks before it. @return false if there is none, or it does not fit. */
bool words_number(struct span *s, unsigned base, uint64_t *out);
/** Up to the next tab. */
struct span words_field(struct span *s);
/** The word after @p name, such as "stage="; empty if it is not there. */
struct span words_behind(struct span line, const char *name);
/** What follows the first @p name in @p line. @return false if it is not there. */
bool words_after(struct span line, const char *name, struct span *rest);

#endif
