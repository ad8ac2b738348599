#include "journal/overflow.h"

#include "profile/heap/prof.h"

struct overflow_record {
        struct overflow_record *next;
        size_t size;
        uint8_t packed[]; /* aligned to 8, as a ring's messages are */
};

_Static_assert(offsetof(struct overflow_record, packed) % 8 == 0, "a packed record is aligned to 8");

bool overflow_add(struct overflow *o, const struct record *r, size_t size)
{
        if (size > o->max_bytes || o->bytes > o->max_bytes - size) {
                return false;
        }
        struct overflow_record *kept = prof_alloc(STAGE_JOURNAL, sizeof *kept + size);
        if (kept == NULL) {
                return false;
        }
        kept->next = NULL;
        kept->size = size;
        record_pack(r, kept->packed);
        if (o->first == NULL) {
                o->first = kept;
        } else {
                o->newest->next = kept;
        }
        o->newest = kept;
        o->bytes += size;
        return true;
}

struct record_packed *overflow_oldest(struct overflow *o)
{
        return o->first != NULL ? (struct record_packed *)(void *)o->first->packed : NULL;
}

void overflow_pop(struct overflow *o)
{
        struct overflow_record *gone = o->first;
        o->first = gone->next;
        o->bytes -= gone->size;
        prof_free(gone);
}

bool overflow_move(struct overflow *o, struct ring *ring)
{
        while (o->first != NULL) {
                size_t size = o->first->size;
                /* an empty ring starts over in ring_reserve: half of it is free in one stretch then */
                if (ring_used(ring) > 0 && !ring_decides(ring, size)) {
                        return false;
                }
                uint8_t *to = ring_reserve(ring, size);
                if (to != NULL) {
                        memcpy(to, o->first->packed, size);
                        ring_commit(ring, size);
                }
                overflow_pop(o);
        }
        return true;
}
