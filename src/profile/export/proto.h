/** @file proto.h  Writes protobuf messages into a buffer.
 * Source: the encoding of protocol buffers (varints, little groups of 7 bits; fields of wire types 0 and 2).
 *
 *      size_t at = proto_open(b);  proto_number(b, 1, …); …  proto_close(b, FIELD, at);
 *
 * A message within another is written first; its tag and length are put before it when it is closed.
 * Threads: one owner. Errors: buffer->failed; what was written then is of no use. */
#ifndef PROFILE_EXPORT_PROTO_H
#define PROFILE_EXPORT_PROTO_H

#include "profile/export/buffer.h"

/** A number, also of a signed field (two's complement). A 0 is left out: it is what readers assume. */
void proto_number(struct buffer *b, unsigned field, uint64_t value);
/** A text or bytes. An empty one is written: in a repeated field it has its place. */
void proto_text(struct buffer *b, unsigned field, struct span text);
/** A packed list of numbers; zeroes are written. An empty list is left out. */
void proto_packed(struct buffer *b, unsigned field, const uint64_t *values, size_t n);
/** Begin a message. @return for proto_close. */
size_t proto_open(const struct buffer *b);
/** All since @p open is a message in field @p field. */
void proto_close(struct buffer *b, unsigned field, size_t open);

#endif
