/** @file shown.h  Foreign text on a terminal: every character is visible, and none of them controls the terminal.
 *
 * These are escaped: control characters (C0, DEL, C1), line and paragraph separators, characters that change the direction of the
 * text, invisible and formatting characters (Unicode's category Cf and its default ignorable characters, so variation
 * selectors and joiners, too), and noncharacters. Up to U+007F they become \xHH, else \uHHHH or \UHHHHHHHH. A byte that is not
 * part of valid UTF-8 (a lone surrogate is not) becomes \xHH. A backslash stands for itself.
 * All output for a terminal goes through here. Widths are those of Unicode 14: wide characters take two columns, combining
 * ones none.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include "base/writer.h"

#include <stdio.h>

/** The largest number of bytes that one byte becomes, and that one character becomes. */
enum { SHOWN_GROWTH = 4, SHOWN_MAX = 12 };

/** One character as it is displayed. */
struct shown {
        uint8_t text[SHOWN_MAX];
        uint8_t len;     /**< bytes of text */
        uint8_t columns; /**< columns on the terminal, 0 to 10 */
        uint8_t taken;   /**< bytes of the original text, 1 to 4 */
};

/** For shown_plain_but: the same where there are some, mostly many. */
size_t shown_plain_run(struct span s, uint8_t a, uint8_t b);

/** How many bytes at the front of @p s are printable ASCII, which is shown as it is, other than @p a and @p b? */
static inline size_t shown_plain_but(struct span s, uint8_t a, uint8_t b)
{
        uint8_t c = s.len > 0 ? s.data[0] : 0;
        return c >= 0x20 && c < 0x7f && c != a && c != b ? shown_plain_run(s, a, b) : 0;
}

/** The same with one exception; 0: none. */
static inline size_t shown_plain(struct span s, uint8_t except)
{
        return shown_plain_but(s, except, except);
}

/** The first character of @p s, which is not empty. */
struct shown shown_first(struct span s);

/** Append @p s. */
void shown_put(struct writer *w, struct span s);
/** Write @p s to a file. */
void shown_print(FILE *out, struct span s);
/** Write at most @p columns of @p s, cut between characters. @return the columns that were written. */
size_t shown_print_head(FILE *out, struct span s, size_t columns);

/** Write @p s, in at most @p columns (at least 1): if it is longer, its beginning and an ellipsis. */
void shown_print_cut(FILE *out, struct span s, size_t columns);
/** The same, but with the ellipsis in the middle, so that the end stays, too. */
void shown_print_middle(FILE *out, struct span s, size_t columns);

/** The number of columns that @p s takes. */
size_t shown_columns(struct span s);
/** The longest front of @p s that takes at most @p columns: whole characters, with their combining characters. */
struct span shown_head(struct span s, size_t columns);

#endif
