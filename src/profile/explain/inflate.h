/** @file inflate.h  Reads gzip (RFC 1952) from untrusted sources, within a bound.
 * Memory: the result is the caller's (prof_free); zlib's own is from the stage main. Threads: any. */
#ifndef PROFILE_EXPLAIN_INFLATE_H
#define PROFILE_EXPLAIN_INFLATE_H

#include "base/span.h"
#include "base/status.h"

/** Inflate the gzip member at the start of @p in. @p used: its compressed length in bytes, if it is complete.
 *  @p work: how many bytes may be inflated; reduced by those that were.
 *  @return STATUS_PROTOCOL if it is damaged or cut, STATUS_LIMIT if it is larger than @p most or @p work, STATUS_NOMEM. */
enum status inflate_member(struct span in, size_t most, size_t *work, uint8_t **out, size_t *len,
                           size_t *used);

#endif
