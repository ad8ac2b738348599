#include "profile/export/intern.h"

#include "profile/heap/thread.h"

enum { FIRST_SLOTS = 4096 };

struct intern_entry {
        size_t at;
        size_t len;
        uint64_t hash;
};

static uint64_t hash_of(struct span key)
{
        uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */
        for (size_t i = 0; i < key.len; i++) {
                h = (h ^ key.data[i]) * 0x100000001b3ULL;
        }
        return h ^ h >> 32;
}

static const struct intern_entry *entry_at(const struct intern *t, uint32_t i)
{
        return (const struct intern_entry *)(const void *)t->entries.data + i;
}

static void place(uint32_t *slots, size_t n_slots, uint64_t hash, uint32_t number)
{
        size_t at = hash & (n_slots - 1);
        while (slots[at] != 0) {
                at = (at + 1) & (n_slots - 1);
        }
        slots[at] = number + 1;
}

/** At most half of the slots are taken. */
static bool reserve(struct intern *t)
{
        if ((size_t)t->count * 2 < t->n_slots) {
                return true;
        }
        size_t n_slots = t->n_slots > 0 ? 2 * t->n_slots : FIRST_SLOTS;
        uint32_t *slots = thread_map(n_slots * sizeof *slots);
        if (slots == NULL) {
                return false;
        }
        for (uint32_t i = 0; i < t->count; i++) {
                place(slots, n_slots, entry_at(t, i)->hash, i);
        }
        if (t->slots != NULL) {
                thread_unmap(t->slots, t->n_slots * sizeof *slots);
        }
        t->slots = slots;
        t->n_slots = n_slots;
        return true;
}

static bool find(const struct intern *t, struct span key, uint64_t hash, uint32_t *number)
{
        for (size_t at = hash & (t->n_slots - 1); t->slots[at] != 0; at = (at + 1) & (t->n_slots - 1)) {
                uint32_t i = t->slots[at] - 1;
                if (entry_at(t, i)->hash == hash && span_equal(intern_key(t, i), key)) {
                        *number = i;
                        return true;
                }
        }
        return false;
}

uint32_t intern_number(struct intern *t, struct span key, bool *fresh)
{
        uint64_t hash = hash_of(key);
        uint32_t number = 0;
        if (fresh != NULL) {
                *fresh = false;
        }
        if (t->failed || !reserve(t)) {
                t->failed = true;
                return 0;
        }
        if (find(t, key, hash, &number)) {
                return number;
        }
        struct intern_entry entry = {t->keys.len, key.len, hash};
        buffer_put(&t->keys, key.data, key.len);
        buffer_put(&t->entries, &entry, sizeof entry);
        if (t->keys.failed || t->entries.failed) {
                t->failed = true;
                return 0;
        }
        place(t->slots, t->n_slots, hash, t->count);
        if (fresh != NULL) {
                *fresh = true;
        }
        return t->count++;
}

struct span intern_key(const struct intern *t, uint32_t i)
{
        const struct intern_entry *e = entry_at(t, i);
        return (struct span){t->keys.data + e->at, e->len};
}

void intern_fini(struct intern *t)
{
        if (t->slots != NULL) {
                thread_unmap(t->slots, t->n_slots * sizeof *t->slots);
        }
        buffer_fini(&t->keys);
        buffer_fini(&t->entries);
        *t = (struct intern){0};
}
