/** @file lookup.h  Finds entries of an array by a hash of their keys.
 *
 * The array is the caller's; the table keeps the place of each entry in it. Keys can be chosen by peers: the hash must depend on
 * seed_of_process (base/seed.h).
 * Threads: one owner.   Memory: STAGE_JOURNAL, 16 bytes and some spare for each entry. */
#ifndef RUN_LOOKUP_H
#define RUN_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
        uint64_t hash;
        uint32_t place; /**< of the entry, plus 1; 0 = the slot is free */
};

/** All zero: empty. */
struct lookup {
        struct lookup_slot *slots;
        size_t size; /**< a power of two; 0 at first */
        size_t n;
};

enum { LOOKUP_NONE = UINT32_MAX };

/** Whether the entry at @p place has the key that is looked for. */
typedef bool lookup_same(const void *arg, uint32_t place);

/** @return the place of the entry; LOOKUP_NONE if there is none. */
uint32_t lookup_find(const struct lookup *l, uint64_t hash, lookup_same *same, const void *arg);
/** Add an entry that is not there yet. @return false if memory is out. */
bool lookup_add(struct lookup *l, uint64_t hash, uint32_t place);
void lookup_fini(struct lookup *l);

/** Make room for one more entry of @p size bytes in the array *@p entries, which has @p n of *@p room. @return false if memory is out. */
bool lookup_grow(void **entries, size_t size, size_t n, size_t *room);

#endif
