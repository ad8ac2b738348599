/** @file ring.h  A byte ring of messages between one producer thread and one consumer thread, with a drop count.
 *
 *      tail                         head
 *      |-- [len][drops] message ... --|-- free --|        offsets only grow; memory index = (offset - base) % size
 *      invariant: head - tail <= size
 *
 * While the consumer keeps up, only the front of the memory is used, which stays in the cache: when nothing is left to
 * read, base moves to head, and the next message is at the start again.
 *
 * Long messages leave space for short ones: if messages come faster than they are read, long ones are dropped first.
 * A message that does not fit is dropped and counted, never written in part. Each message carries the number of messages dropped
 * just before it, so that the consumer can mark the exact place of the gap.
 * Threads: exactly one producer and one consumer; no locks.   Memory: the caller's, for as long as the ring lives. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "base/span.h"
#include "base/status.h"

#include <stdatomic.h>

struct ring {
        uint8_t *memory;
        size_t size;    /**< bytes, a power of two */
        size_t longest; /**< see ring_longest */

        char apart[64];        /**< the fields of producer and consumer are on different cache lines */
        _Atomic uint64_t head; /**< producer's: end of the newest message */
        uint64_t tail_seen;    /**< producer's copy of tail, refreshed when space looks short */
        uint64_t base; /**< producer's, moved only while tail == head; the consumer reads it only while not */
        _Atomic uint64_t drops; /**< producer's: messages dropped since the start */

        char apart_too[64];
        _Atomic uint64_t tail;   /**< consumer's: start of the oldest message */
        uint64_t drops_reported; /**< consumer's: drops already handed out */
};

/** The result of ring_peek. The bytes are contiguous and valid until ring_pop. */
struct ring_message {
        struct span bytes;
        uint64_t drops_before; /**< messages dropped between the previous one and this */
};

/** @p size must be a power of two, at least 64; @p memory is aligned to 8. */
void ring_init(struct ring *ring, void *memory, size_t size);

/** Producer: allocate a message of @p len bytes, aligned to 8, which must be filled before ring_commit.
 *  @return NULL if it does not fit; this is counted as a drop. */
uint8_t *ring_reserve(struct ring *ring, size_t len);

/** Producer: count a drop of a message for which ring_reserve was not called. */
void ring_drop(struct ring *ring);

/** Any thread: the length of the longest message that an empty ring accepts. */
static inline size_t ring_longest(const struct ring *ring)
{
        return ring->longest;
}

/** Producer: would ring_reserve for @p len bytes succeed now, or never succeed? This counts no drop. */
bool ring_decides(struct ring *ring, size_t len);

/** Producer: publish the reserved message, cut to @p len (at most what was reserved). */
void ring_commit(struct ring *ring, size_t len);

/** Producer: are at least @p n bytes in use? It reads the consumer's fields only if that is possible. */
static inline bool ring_holds(struct ring *ring, size_t n)
{
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        if (head - ring->tail_seen < n) {
                return false;
        }
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        return head - ring->tail_seen >= n;
}

/** Consumer: the oldest message. @return false if there is none. */
bool ring_peek(struct ring *ring, struct ring_message *out);

/** Consumer: free the message that ring_peek returned. */
void ring_pop(struct ring *ring);

/** Consumer: the number of drops that no message has reported yet, because none came after them. They then count as reported. */
uint64_t ring_take_drops(struct ring *ring);

/** Any thread: messages dropped since the start. */
uint64_t ring_drops(const struct ring *ring);

/** Any thread: bytes in use just now. */
size_t ring_used(const struct ring *ring);

#endif
