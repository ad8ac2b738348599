/** @file json.h  JSON strings (RFC 8259). Whole JSON texts are written with json_writer.h.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/writer.h"

/** Append @p s as a JSON string with its quotes. Hidden characters (base/utf8.h) are escaped as \uHHHH, as JSON may be shown on
 *  a terminal; the value is the same. Each byte that is not valid UTF-8 becomes U+FFFD.
 *  @return false if there was such a byte. */
bool json_quote(struct writer *w, struct span s);

/** The same of a text that is printable ASCII without characters to escape: one look at each byte does for all checks.
 *  @return false if it is not, or may not fit: then nothing is written. */
bool json_string_plain(struct writer *w, struct span s);

/** Copy @p s, which is ASCII without characters to escape, to @p to. Most texts are.
 *  @return false if it is not: then the bytes at @p to are undefined. */
bool json_copy_plain(uint8_t *to, struct span s);

/** Append the bytes of @p s as hex digits, in quotes. */
void json_hex(struct writer *w, struct span s);

#endif
