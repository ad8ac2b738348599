/** @file proto.h  Writes protobuf messages into a buffer.
 * Source: the encoding of protocol buffers (varints, little groups of 7 bits; fields of wire types 0 and 2).
 *
 *      size_t at = proto_open(b);  proto_number(b, 1, …); …  proto_close(b, FIELD, at);
 *
 * A message within another is written first; its tag and length are put before it when it is closed.
 * Threads: one owner. Errors: buffer->failed; then the output is useless. */
#ifndef PROFILE_EXPORT_PROTO_H
#define PROFILE_EXPORT_PROTO_H

#include "profile/export/buffer.h"

/** A number, also of a signed field (two's complement). A 0 is omitted, because readers assume it. */
void proto_number(struct buffer *b, unsigned field, uint64_t value);
/** A text or bytes. An empty one is written, for in a repeated field it counts. */
void proto_text(struct buffer *b, unsigned field, struct span text);
/** A packed list of numbers; zeroes are written. An empty list is omitted. */
void proto_packed(struct buffer *b, unsigned field, const uint64_t *values, size_t n);
/** Begin a message. @return for proto_close. */
size_t proto_open(const struct buffer *b);
/** End the message: all since @p open becomes field @p field. */
void proto_close(struct buffer *b, unsigned field, size_t open);

#endif
