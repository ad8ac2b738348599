/** @file evicting_ring.h  The newest entries in a fixed number of bytes: adding one makes the oldest go.
 *
 *      not wrapped:  |  free  |first ...... next|   free   |        wrapped:  |.. next|  free  |first ....wrap|  |
 *
 * Entries are numbered from 1 in the order of adding, and each is one stretch of bytes.
 * Threads: one owner.   Memory: the caller's, for as long as it lives. */
#ifndef BASE_EVICTING_RING_H
#define BASE_EVICTING_RING_H

#include "base/span.h"

struct keep {
        uint8_t *memory;
        size_t size;
        size_t first;    /**< offset of the oldest entry */
        size_t next;     /**< end of the newest */
        size_t wrap;     /**< end of the entries that stand before the wrap; 0 = none do */
        uint64_t added;  /**< entries so far = number of the newest */
        uint64_t oldest; /**< number of the oldest one kept; added + 1 if there is none */
        uint64_t hint;   /**< number and place of the entry found last */
        size_t hint_at;
};

/** @p memory is aligned to 8. */
void keep_init(struct keep *k, void *memory, size_t size);

/** Room for a new entry of @p len bytes, 8-aligned; older ones go as needed. @return NULL if it can never fit; it is
 *  numbered all the same, and gone at once. */
void *keep_add(struct keep *k, size_t len);

/** Entry @p number, until the next keep_add; empty if it is gone or not there yet. */
struct span keep_get(struct keep *k, uint64_t number);

#endif
