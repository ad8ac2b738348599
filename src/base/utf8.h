/** @file utf8.h  Is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.) */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/** Length of the valid sequence at the front of @p s, 1 to 4; 0 if there is none (or @p s is empty). */
unsigned utf8_sequence(struct span s);

bool utf8_valid(struct span s);

#endif
