/** @file utf8.h  Is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.) */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/** Length of the valid sequence at the front of @p s, 1 to 4; 0 if there is none (or @p s is empty). */
unsigned utf8_sequence(struct span s);

bool utf8_valid(struct span s);

/** Is the character at the front of @p s a control character: below U+0020, or U+007F to U+009F, which terminals
 *  obey as well? */
bool utf8_is_control(struct span s);

/** @p s without the character that cutting left unfinished at its end, if there is one. */
struct span utf8_trim(struct span s);

#endif
