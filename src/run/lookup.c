#include "run/lookup.h"

#include "profile/heap/prof.h"

enum { SLOTS_FIRST = 64, ENTRIES_FIRST = 16 };

uint32_t lookup_find(const struct lookup *l, uint64_t hash, lookup_same *same, const void *arg)
{
        for (size_t i = 0; i < l->size; i++) {
                const struct lookup_slot *slot = &l->slots[(hash + i) & (l->size - 1)];
                if (slot->place == 0) {
                        break;
                }
                if (slot->hash == hash && same(arg, slot->place - 1)) {
                        return slot->place - 1;
                }
        }
        return LOOKUP_NONE;
}

/** Put an entry into the first free slot; there is one. */
static void put(struct lookup *l, uint64_t hash, uint32_t place)
{
        size_t at = hash & (l->size - 1);
        while (l->slots[at].place != 0) {
                at = (at + 1) & (l->size - 1);
        }
        l->slots[at] = (struct lookup_slot){hash, place + 1};
        l->n++;
}

bool lookup_add(struct lookup *l, uint64_t hash, uint32_t place)
{
        if (l->n * 2 >= l->size) {
                size_t size = l->size > 0 ? 2 * l->size : SLOTS_FIRST;
                struct lookup bigger = {.slots = prof_calloc(STAGE_JOURNAL, size, sizeof *bigger.slots),
                                        .size = size};
                if (bigger.slots == NULL) {
                        return false;
                }
                for (size_t i = 0; i < l->size; i++) {
                        if (l->slots[i].place != 0) {
                                put(&bigger, l->slots[i].hash, l->slots[i].place - 1);
                        }
                }
                prof_free(l->slots);
                *l = bigger;
        }
        put(l, hash, place);
        return true;
}

void lookup_fini(struct lookup *l)
{
        prof_free(l->slots);
        *l = (struct lookup){.slots = NULL};
}

bool lookup_grow(void **entries, size_t size, size_t n, size_t *room)
{
        if (n < *room) {
                return true;
        }
        size_t more = *room > 0 ? 2 * *room : ENTRIES_FIRST;
        void *bigger = prof_realloc(STAGE_JOURNAL, *entries, more * size);
        if (bigger == NULL) {
                return false;
        }
        *entries = bigger;
        *room = more;
        return true;
}
