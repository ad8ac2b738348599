/** @file json.h  Pieces of JSON text (RFC 8259). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/writer.h"

/** Append @p s as a JSON string with its quotes. Hidden characters (base/utf8.h) are \uHHHH: JSON is shown on terminals, too,
 *  and its value is the same. What is no UTF-8 becomes U+FFFD, one for each byte.
 *  @return false if there was any. */
bool json_string(struct writer *w, struct span s);

/** Copy @p s to @p to if it needs no escape: nearly all do not.
 *  @return false if something is to be escaped, or is not ASCII; what was copied is of no use then. */
bool json_copy_plain(uint8_t *to, struct span s);

/** Append @p s as hex digits in quotes. */
void json_hex(struct writer *w, struct span s);

#endif
