/** @file utf8.h  Checks of UTF-8 text (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 * Threads: any.   Memory: none. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/** Length of the valid sequence at the front of @p s, 1 to 4; 0 if there is none (or @p s is empty). */
unsigned utf8_sequence(struct span s);

bool utf8_valid(struct span s);

/** Not a character. */
#define UTF8_NONE UINT32_MAX
/** The character at the front of @p s; UTF8_NONE if there is none. */
uint32_t utf8_point(struct span s);

/** Is the character at the front of @p s one that controls a terminal: below U+0020, or U+007F to U+009F, or one that ends a
 *  line (U+2028, U+2029) or changes the direction of the text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069)? */
bool utf8_is_control(struct span s);

/** Is it one of these, or one that is not visible: an invisible or formatting character (category Cf, default ignorable characters), or a
 *  noncharacter? A superset of utf8_is_control. */
bool utf8_is_hidden(struct span s);

/** @p s without an incomplete character at its end, which remains when a text is cut. */
struct span utf8_trim(struct span s);

#endif
