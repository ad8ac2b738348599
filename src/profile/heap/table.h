/** @file table.h  The table of allocation records, as the allocating threads fill it (record.h is what readers use).
 *
 *      slots: hash of (stage, lib, size class, rate, stack) -> id        open addressing, filled by CAS
 *      by_id: id -> entry                                               in the order of creation
 *
 * An entry's key and what is known of its creation are written before it is published and never change; its counters are
 * atomic. Threads: any. Memory: mmap, in pieces as it fills; never given back. */
#ifndef PROFILE_HEAP_TABLE_H
#define PROFILE_HEAP_TABLE_H

#include "profile/heap/alloc_site.h"
#include "profile/heap/stack.h"
#include "profile/heap/thread.h"

/** Greatest number of entries besides the overflow entries. */
#define TABLE_RECORDS 16384

/** What makes two samples count for the same entry. */
struct table_key {
        enum prof_stage stage;
        enum prof_lib lib;
        uint64_t sample_bytes; /**< the rate at which it is sampled; unused in an overflow entry */
        uint64_t size;         /**< upper bound of the size class, bytes */
        const char
            *file; /**< compared by its address; the text is copied, because a module may be unloaded */
        int line;
        uint16_t depth;
        uintptr_t stack[PROF_STACK_MAX];
};

struct table_entry {
        struct table_key key;
        uint32_t id;
        bool overflow;
        uint64_t born_wall_ns;
        uint64_t born_statement;
        uint64_t session;
        const char *command;
        char text[PROF_TEXT_MAX];
        char site[PROF_SITE_MAX];
        _Atomic uint64_t last_wall_ns;
        _Atomic uint64_t last_statement;
        _Atomic uint64_t allocs;
        _Atomic uint64_t frees;
        _Atomic uint64_t bytes_alloc; /**< used in overflow entries only: their blocks differ in size */
        _Atomic uint64_t bytes_free;
};

/** Upper bound of the size class of @p size: 8, multiples of 16 to 128, from there on four classes a doubling. */
uint64_t table_size_class(uint64_t size);

/** Set how many entries there may be: 1 to TABLE_RECORDS. Existing entries stay. */
void table_set_limit(uint32_t most);
/** Set the time that samples are stamped with from now on. */
void table_set_time(uint64_t wall_ns);

/** An allocation of @p size was sampled. @return the entry's id for the block's prefix, 0 if there is no memory for
 *  the table at all. */
uint16_t table_sample(struct prof_thread *t, enum prof_stage stage, enum prof_lib lib, uint64_t size,
                      const struct alloc_site *site);
/** A block of @p size that counts for @p id was freed. */
void table_free(uint16_t id, uint64_t size);
/** Whether an allocation would count for entry @p id. */
bool table_matches(struct prof_thread *t, uint32_t id, enum prof_stage stage, enum prof_lib lib,
                   uint64_t size, const struct alloc_site *site);

/** The entry @p id, or NULL if there is none (yet). It is never freed. */
const struct table_entry *table_entry(uint32_t id);
/** Entries created so far (overflow entries included). Ids run from 1 to this. */
uint32_t table_count(void);
uint32_t table_count_of(enum prof_stage stage);
/** Different stacks among the entries. */
uint32_t table_stacks(void);
/** Samples that went to an overflow entry. */
uint64_t table_overflowed(void);

#endif
