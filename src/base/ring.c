#include "base/ring.h"

#include <assert.h>

/* A message is contiguous. If it does not fit before the end of the memory, a filler header there says "skip to the start". Headers and
 * lengths are multiples of 8. */
struct header {
        uint32_t len;         /* of the message, without this header and padding */
        uint32_t reserved;    /* what was set aside for it, a multiple of 8; FILLER marks the skip */
        uint64_t drops_total; /* dropped since the start when the message was published */
};

#define FILLER UINT32_MAX

/* Bytes of the memory to use before it is worth reading the consumer's fields in order to start over. */
enum { FRONT = 256 * 1024 };

/* A message of LONG bytes or more must leave LONG_LEAVES times its length free, but together with the messages before it may always use
 * LONG_FOURTHS fourths of the ring. */
enum { LONG = 4096, LONG_LEAVES = 16, LONG_FOURTHS = 3 };

static size_t padded(size_t len)
{
        return (len + 7) & ~(size_t)7;
}

void ring_init(struct ring *ring, void *memory, size_t size)
{
        assert(size >= 64 && (size & (size - 1)) == 0);
        memset(ring, 0, sizeof *ring);
        ring->memory = memory;
        ring->size = size;
        ring->longest = size / 2 < UINT32_MAX / 2 ? size / 2 : UINT32_MAX / 2;
}

static size_t index_of(const struct ring *ring, uint64_t offset)
{
        return (size_t)(offset - ring->base) & (ring->size - 1);
}

static struct header *header_at(const struct ring *ring, uint64_t offset)
{
        return (struct header *)(void *)(ring->memory + index_of(ring, offset));
}

static bool has_space(struct ring *ring, uint64_t head, size_t need)
{
        if (ring->size - (size_t)(head - ring->tail_seen) >= need) {
                return true;
        }
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        return ring->size - (size_t)(head - ring->tail_seen) >= need;
}

static uint8_t *drop(struct ring *ring)
{
        atomic_fetch_add_explicit(&ring->drops, 1, memory_order_release);
        return NULL;
}

void ring_drop(struct ring *ring)
{
        (void)drop(ring);
}

/** Is a message of @p len bytes too large even for an empty ring? */
static bool is_too_large(const struct ring *ring, size_t len)
{
        return len > ring_longest(ring);
}

/** How many bytes must stay free after a message of @p len bytes: long messages leave space for short ones. */
static size_t to_leave(const struct ring *ring, size_t len)
{
        if (len < LONG) {
                return 0;
        }
        size_t most =
            ring->size / 4 * LONG_FOURTHS - len; /* not negative, since the message is not too large */
        return len < most / LONG_LEAVES ? len * LONG_LEAVES : most;
}

/** How many bytes a message of @p len bytes takes at @p head, including those that are skipped at the end of the memory. */
static size_t need_at(const struct ring *ring, uint64_t head, size_t len)
{
        size_t need = sizeof(struct header) + padded(len);
        size_t to_end = ring->size - index_of(ring, head);
        return need + (to_end < need ? to_end : 0);
}

/** How many bytes must be free for a message: those that it takes, and those that it must leave. An empty ring accepts every message
 *  that is not too large. */
static size_t space_for(const struct ring *ring, size_t need, size_t len)
{
        size_t space = need + to_leave(ring, len);
        return space > ring->size && need <= ring->size ? ring->size : space;
}

/** Start over at the front of the memory if everything has been read. */
static void start_over(struct ring *ring, uint64_t head)
{
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->tail_seen == head) {
                ring->base = head;
        }
}

bool ring_decides(struct ring *ring, size_t len)
{
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        return is_too_large(ring, len) ||
               has_space(ring, head, space_for(ring, need_at(ring, head, len), len));
}

uint8_t *ring_reserve(struct ring *ring, size_t len)
{
        if (is_too_large(ring, len)) {
                return drop(ring);
        }
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        if (index_of(ring, head) >= FRONT) {
                start_over(ring, head);
        }
        size_t need = sizeof(struct header) + padded(len);
        size_t skip = need_at(ring, head, len) - need;
        if (!has_space(ring, head, space_for(ring, need + skip, len))) {
                return drop(ring);
        }
        if (skip > 0) {
                /* a header needs 16 bytes; if only 8 are left, the consumer skips them without one */
                if (skip >= sizeof(struct header)) {
                        header_at(ring, head)->reserved = FILLER;
                }
                head += skip;
                atomic_store_explicit(&ring->head, head, memory_order_release);
        }
        struct header *header = header_at(ring, head);
        header->reserved = (uint32_t)padded(len);
        return (uint8_t *)(header + 1);
}

void ring_commit(struct ring *ring, size_t len)
{
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        struct header *header = header_at(ring, head);
        assert(len <= header->reserved);
        header->len = (uint32_t)len;
        header->reserved = (uint32_t)padded(len);
        header->drops_total = atomic_load_explicit(&ring->drops, memory_order_relaxed);
        atomic_store_explicit(&ring->head, head + sizeof *header + padded(len), memory_order_release);
}

bool ring_peek(struct ring *ring, struct ring_message *out)
{
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        for (;;) {
                uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
                if (head == tail) {
                        return false;
                }
                size_t to_end = ring->size - index_of(ring, tail);
                struct header *header = header_at(ring, tail);
                if (to_end >= sizeof *header && header->reserved != FILLER) {
                        out->bytes = span_of(header + 1, header->len);
                        out->drops_before = header->drops_total > ring->drops_reported
                                                ? header->drops_total - ring->drops_reported
                                                : 0;
                        return true;
                }
                tail += to_end;
                atomic_store_explicit(&ring->tail, tail, memory_order_release);
        }
}

void ring_pop(struct ring *ring)
{
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        struct header *header = header_at(ring, tail);
        if (header->drops_total > ring->drops_reported) {
                ring->drops_reported = header->drops_total;
        }
        atomic_store_explicit(&ring->tail, tail + sizeof *header + header->reserved, memory_order_release);
}

uint64_t ring_take_drops(struct ring *ring)
{
        struct ring_message message;
        uint64_t drops = atomic_load_explicit(&ring->drops, memory_order_acquire);
        if (ring_peek(ring, &message)) {
                return 0;
        }
        uint64_t fresh = drops - ring->drops_reported;
        ring->drops_reported = drops;
        return fresh;
}

uint64_t ring_drops(const struct ring *ring)
{
        return atomic_load_explicit(&ring->drops, memory_order_relaxed);
}

size_t ring_used(const struct ring *ring)
{
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        return head > tail ? (size_t)(head - tail) : 0;
}
