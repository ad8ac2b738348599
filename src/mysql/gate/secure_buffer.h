/** @file secure_buffer.h  A byte queue that wipes its memory: bytes are added at the end and removed from the front.
 *
 *      data       from         len        size
 *      |-removed--|--content---|---free---|
 *
 * The content may be a password. Memory is wiped before it is freed, and also when the buffer moves because it grows.
 * Threads: one owner.   Memory: STAGE_FRAME; embedded in its owner, all zero means empty. Offsets and sizes are in bytes. */
#ifndef MYSQL_GATE_SECURE_BUFFER_H
#define MYSQL_GATE_SECURE_BUFFER_H

#include "base/span.h"

struct secure_buffer {
        uint8_t *data;
        size_t from;
        size_t len;
        size_t size;
};

/** Append a copy of @p bytes. @return false when memory is out; the content is then unchanged. */
bool secure_buffer_add(struct secure_buffer *b, struct span bytes);
/** The content; valid until the next change of the buffer. */
static inline struct span secure_buffer_span(const struct secure_buffer *b)
{
        return b->data != NULL ? span_of(b->data + b->from, b->len - b->from) : (struct span){NULL, 0};
}
/** Remove @p n bytes from the front; @p n must not exceed the length of the content. */
void secure_buffer_skip(struct secure_buffer *b, size_t n);
/** Wipe and remove the content; the memory stays allocated. */
void secure_buffer_clear(struct secure_buffer *b);
/** Wipe and free. */
void secure_buffer_fini(struct secure_buffer *b);

#endif
