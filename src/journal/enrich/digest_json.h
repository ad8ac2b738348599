/** @file digest_json.h  The members digest and digest_text of a record's JSON line, which are the same for all statements of a digest.
 * Threads: any.   Memory: the caller's. */
#ifndef JOURNAL_ENRICH_DIGEST_JSON_H
#define JOURNAL_ENRICH_DIGEST_JSON_H

#include "base/span.h"

/** Bytes of both members, for a text of @p len bytes that needs no escapes. */
size_t digest_json_size(size_t len);
/** Format them at @p to, which has digest_json_size bytes. @p hex has DIGEST_HEX bytes. @return nothing if @p text needs escapes. */
struct span digest_json_put(uint8_t *to, const char *hex, struct span text);

#endif
