/** @file secure_buffer.h  Bytes that are held for a while: they grow at the end, go from the front, and leave no trace.
 *
 *      data     from          len        size
 *      |--gone--|----held-----|---free---|
 *
 * What is held may be a password: memory is wiped before it is given back, also when it grows.
 * Threads: one owner.   Memory: STAGE_FRAME; embedded, all zero is empty. */
#ifndef MYSQL_GATE_SECURE_BUFFER_H
#define MYSQL_GATE_SECURE_BUFFER_H

#include "base/span.h"

struct hold {
        uint8_t *data;
        size_t from;
        size_t len;
        size_t size;
};

/** @return false when memory is out; what is held stays. */
bool hold_add(struct hold *h, struct span bytes);
/** What is held; valid until the next change. */
static inline struct span hold_span(const struct hold *h)
{
        return h->data != NULL ? span_of(h->data + h->from, h->len - h->from) : (struct span){NULL, 0};
}
/** Let @p n bytes go from the front. */
void hold_skip(struct hold *h, size_t n);
/** Wipe, and hold nothing; the memory is kept. */
void hold_clear(struct hold *h);
/** Wipe and free. */
void hold_fini(struct hold *h);

#endif
