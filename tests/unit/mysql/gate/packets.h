/** @file packets.h  Packets for tests, built in memory that the caller owns. */
#ifndef TESTS_PACKETS_H
#define TESTS_PACKETS_H

#include "base/writer.h"

/** A packet around @p payload, behind what @p w holds already. */
static inline void packets_add(struct writer *w, uint8_t seq, struct span payload)
{
        writer_uint(w, payload.len, 3);
        writer_uint(w, seq, 1);
        writer_put(w, payload);
}

/** A packet alone. */
static inline struct span packets_one(uint8_t *room, size_t size, uint8_t seq, struct span payload)
{
        struct writer w = writer_over(room, size);
        packets_add(&w, seq, payload);
        return writer_span(&w);
}

#endif
