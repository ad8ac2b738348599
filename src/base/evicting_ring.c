#include "base/evicting_ring.h"

struct header {
        uint32_t size; /* of the entry in bytes, including this header and padding */
        uint32_t len;
};

void evicting_ring_init(struct evicting_ring *r, void *memory, size_t size)
{
        *r = (struct evicting_ring){.memory = memory, .size = size & ~(size_t)7, .oldest = 1};
}

static struct header *header_at(const struct evicting_ring *r, size_t at)
{
        return (struct header *)(void *)(r->memory + at);
}

static bool is_empty(const struct evicting_ring *r)
{
        return r->oldest > r->added;
}

static void reset(struct evicting_ring *r)
{
        r->first = 0;
        r->next = 0;
        r->wrap = 0;
        r->hint = 0;
}

static void evict(struct evicting_ring *r)
{
        r->first += header_at(r, r->first)->size;
        r->oldest++;
        if (r->wrap > 0 && r->first >= r->wrap) {
                r->first = 0;
                r->wrap = 0;
        }
        if (is_empty(r)) {
                reset(r);
        }
}

/** Contiguous free bytes at `next`. */
static size_t free_bytes(const struct evicting_ring *r)
{
        return r->wrap > 0 ? r->first - r->next : r->size - r->next;
}

void *evicting_ring_add(struct evicting_ring *r, size_t len)
{
        size_t size = (sizeof(struct header) + len + 7) & ~(size_t)7;
        if (len > UINT32_MAX / 2 || size > r->size) {
                r->added++;
                r->oldest = r->added + 1;
                reset(r);
                return NULL;
        }
        while (free_bytes(r) < size) {
                if (r->wrap == 0 && r->first >= size) {
                        r->wrap = r->next;
                        r->next = 0;
                } else {
                        evict(r);
                }
        }
        struct header *header = header_at(r, r->next);
        *header = (struct header){(uint32_t)size, (uint32_t)len};
        r->next += size;
        r->added++;
        return header + 1;
}

struct span evicting_ring_get(struct evicting_ring *r, uint64_t number)
{
        if (number < r->oldest || number > r->added) {
                return (struct span){NULL, 0};
        }
        bool near = r->hint >= r->oldest && r->hint <= number;
        size_t at = near ? r->hint_at : r->first;
        for (uint64_t i = near ? r->hint : r->oldest; i < number; i++) {
                at += header_at(r, at)->size;
                if (r->wrap > 0 && at >= r->wrap) {
                        at = 0;
                }
        }
        r->hint = number;
        r->hint_at = at;
        return span_of(header_at(r, at) + 1, header_at(r, at)->len);
}
