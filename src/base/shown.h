/** @file shown.h  Texts of others on a terminal: a person sees each character that is there, and the terminal obeys none.
 *
 * Escaped are control characters (C0, DEL, C1), line and paragraph separators, what changes the direction of the text,
 * what is invisible or only formats (all of Unicode's category Cf, its default ignorable characters, so variation
 * selectors and joiners too), and noncharacters: as \xHH up to U+007F, else as \uHHHH or \UHHHHHHHH. A byte that is no
 * UTF-8 (a lone surrogate's, too) is \xHH. A backslash stands for itself.
 * Everything that is meant for a terminal goes through here. Widths are those of Unicode 14: wide characters take two columns, combining
 * ones none.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include "base/writer.h"

#include <stdio.h>

/** Bytes that one byte of a text becomes at most. */
enum { SHOWN_GROWTH = 4, SHOWN_MAX = 12 };

/** One character as it is shown. */
struct shown {
        uint8_t text[SHOWN_MAX];
        uint8_t len;     /**< of it */
        uint8_t columns; /**< that it takes, 0 to 10 */
        uint8_t taken;   /**< bytes of the text that it stands for, 1 to 4 */
};

/** The first character of @p s, which is not empty. */
struct shown shown_first(struct span s);

/** Append all of @p s. */
void shown_put(struct writer *w, struct span s);
/** The same to a file. */
void shown_print(FILE *out, struct span s);
/** The same, but at most @p columns of it, cut between characters. @return the columns it took. */
size_t shown_print_head(FILE *out, struct span s, size_t columns);

/** Columns that @p s takes. */
size_t shown_columns(struct span s);
/** The front of @p s that takes at most @p columns: whole characters, with what combines with them. */
struct span shown_head(struct span s, size_t columns);

#endif
