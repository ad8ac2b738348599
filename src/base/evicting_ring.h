/** @file evicting_ring.h  A queue of the newest entries in a fixed amount of memory: adding an entry evicts the oldest ones.
 *
 *      not wrapped:  |  free  |first ...... next|   free   |        wrapped:  |.. next|  free  |first ....wrap|  |
 *
 * Entries are numbered from 1 in the order in which they were added, and each one is contiguous.
 * Threads: one owner.   Memory: the caller's, for as long as it lives. Offsets and sizes are in bytes. */
#ifndef BASE_EVICTING_RING_H
#define BASE_EVICTING_RING_H

#include "base/span.h"

struct evicting_ring {
        uint8_t *memory;
        size_t size;
        size_t first;    /**< offset of the oldest entry */
        size_t next;     /**< end of the newest */
        size_t wrap;     /**< end of the entries before the wrap; 0 = not wrapped */
        uint64_t added;  /**< entries added so far, which is the number of the newest */
        uint64_t oldest; /**< number of the oldest entry; added + 1 if the ring is empty */
        uint64_t hint;   /**< number of the entry that was looked up last, and its offset in hint_at */
        size_t hint_at;
};

/** Use @p size bytes at @p memory, which must be aligned to 8 bytes. */
void evicting_ring_init(struct evicting_ring *r, void *memory, size_t size);

/** Allocate a new entry of @p len bytes, aligned to 8, evicting older ones as needed. @return NULL if it can never fit: then the
 *  ring is emptied, and the entry is numbered but can't be read. */
void *evicting_ring_add(struct evicting_ring *r, size_t len);

/** The bytes of entry @p number, valid until the next evicting_ring_add; empty if it was evicted or does not exist yet. */
struct span evicting_ring_get(struct evicting_ring *r, uint64_t number);

#endif
