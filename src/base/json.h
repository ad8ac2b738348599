/** @file json.h  Pieces of JSON text (RFC 8259). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/writer.h"

/** Append @p s as a JSON string with its quotes. Hidden characters (base/utf8.h) are written as \uHHHH, which does not change the value,
 *  since JSON is shown on terminals, too. Every byte that is not part of valid UTF-8 becomes U+FFFD.
 *  @return false if there were such bytes. */
bool json_string(struct writer *w, struct span s);

/** Copy @p s to @p to if nothing in it must be escaped, which is so for nearly all texts.
 *  @return false if something must be escaped or is not ASCII; the copy is then not valid. */
bool json_copy_plain(uint8_t *to, struct span s);

/** Append @p s as hex digits in quotes. */
void json_hex(struct writer *w, struct span s);

#endif
