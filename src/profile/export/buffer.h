/** @file buffer.h  A growing buffer in the profiler's own memory, so that building a display does not change what it shows.
 *
 *      data [ len written | size - len free ]        doubled when it is full; failed stays set once memory was out
 *
 * Start from a zeroed struct. Threads: one owner. */
#ifndef PROFILE_EXPORT_BUFFER_H
#define PROFILE_EXPORT_BUFFER_H

#include "base/span.h"

struct buffer {
        uint8_t *data;
        size_t len;
        size_t size;
        bool failed; /**< memory was out once; nothing is added any more */
};

/** Append @p n zero bytes. @return where they are, valid until the next addition; NULL if memory is out. */
void *buffer_add(struct buffer *b, size_t n);
/** Append a copy. */
void buffer_put(struct buffer *b, const void *data, size_t n);
/** Free the memory; @p b is empty again. */
void buffer_fini(struct buffer *b);

#endif
