/** @file buffer.h  Bytes that grow, in the profiler's own memory: what a display is built in must not show up in it.
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
        bool failed; /**< something was not added, and nothing will be */
};

/** Room for @p n more bytes, counted in len; zeroed. @return NULL if memory is out. Valid until the next addition. */
void *buffer_add(struct buffer *b, size_t n);
/** Append a copy. */
void buffer_put(struct buffer *b, const void *data, size_t n);
/** Give the memory back; @p b is empty again. */
void buffer_fini(struct buffer *b);

#endif
