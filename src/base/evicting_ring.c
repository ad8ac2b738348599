#include "base/evicting_ring.h"

struct head {
        uint32_t size; /* of the entry, this head and padding included */
        uint32_t len;
};

void keep_init(struct keep *k, void *memory, size_t size)
{
        *k = (struct keep){.memory = memory, .size = size & ~(size_t)7, .oldest = 1};
}

static struct head *head_at(const struct keep *k, size_t at)
{
        return (struct head *)(void *)(k->memory + at);
}

static bool is_empty(const struct keep *k)
{
        return k->oldest > k->added;
}

static void reset(struct keep *k)
{
        k->first = 0;
        k->next = 0;
        k->wrap = 0;
        k->hint = 0;
}

static void evict(struct keep *k)
{
        k->first += head_at(k, k->first)->size;
        k->oldest++;
        if (k->wrap > 0 && k->first >= k->wrap) {
                k->first = 0;
                k->wrap = 0;
        }
        if (is_empty(k)) {
                reset(k);
        }
}

/** Bytes free in one stretch at `next`. */
static size_t room(const struct keep *k)
{
        return k->wrap > 0 ? k->first - k->next : k->size - k->next;
}

void *keep_add(struct keep *k, size_t len)
{
        size_t size = (sizeof(struct head) + len + 7) & ~(size_t)7;
        if (len > UINT32_MAX / 2 || size > k->size) {
                k->added++;
                k->oldest = k->added + 1;
                reset(k);
                return NULL;
        }
        while (room(k) < size) {
                if (k->wrap == 0 && k->first >= size) {
                        k->wrap = k->next;
                        k->next = 0;
                } else {
                        evict(k);
                }
        }
        struct head *head = head_at(k, k->next);
        *head = (struct head){(uint32_t)size, (uint32_t)len};
        k->next += size;
        k->added++;
        return head + 1;
}

struct span keep_get(struct keep *k, uint64_t number)
{
        if (number < k->oldest || number > k->added) {
                return (struct span){NULL, 0};
        }
        bool near = k->hint >= k->oldest && k->hint <= number;
        size_t at = near ? k->hint_at : k->first;
        for (uint64_t i = near ? k->hint : k->oldest; i < number; i++) {
                at += head_at(k, at)->size;
                if (k->wrap > 0 && at >= k->wrap) {
                        at = 0;
                }
        }
        k->hint = number;
        k->hint_at = at;
        return span_of(head_at(k, at) + 1, head_at(k, at)->len);
}
