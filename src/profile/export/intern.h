/** @file intern.h  Numbers byte strings: each different one gets the next number, from 0.
 *
 *      slots: hash -> number + 1 -> entries: where in keys -> keys
 *
 * Start from a zeroed struct. Threads: one owner. Memory: the profiler's own, by buffer.h. */
#ifndef PROFILE_EXPORT_INTERN_H
#define PROFILE_EXPORT_INTERN_H

#include "profile/export/buffer.h"

struct intern {
        struct buffer keys;
        struct buffer entries; /**< of struct intern_entry */
        uint32_t *slots;
        size_t n_slots; /**< a power of two, or 0 */
        uint32_t count;
        bool failed; /**< memory was out; all numbers since then are 0 */
};

/** The number of @p key. *@p fresh (if not NULL): whether it is new. */
uint32_t intern_number(struct intern *t, struct span key, bool *fresh);
/** The key with number @p i, less than count. Valid until the next key is added. */
struct span intern_key(const struct intern *t, uint32_t i);
void intern_fini(struct intern *t);

#endif
