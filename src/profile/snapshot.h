/** @file snapshot.h  What all records counted at one time, kept under a name: a mark. Two of them make a difference.
 *
 * Memory: mmap, charged to the stage "profile"; at most SNAPSHOT_MARKS marks, the oldest goes first. Threads: the admin
 * thread alone. */
#ifndef PROFILE_SNAPSHOT_H
#define PROFILE_SNAPSHOT_H

#include "profile/record.h"

#define SNAPSHOT_MARKS    64
#define SNAPSHOT_NAME_MAX 64

/** One record's counts. Those before its birth are 0. */
struct snapshot_row {
        uint64_t allocs;
        uint64_t frees;
        uint64_t bytes_alloc;
        uint64_t bytes_free;
};

struct snapshot {
        char name[SNAPSHOT_NAME_MAX]; /**< "" = not kept under a name */
        uint64_t wall_ns;
        uint64_t statements;                    /**< prof_statements() then */
        uint32_t records;                       /**< records then; later ones were born since */
        struct prof_counts stages[STAGE_COUNT]; /**< the exact counters then */
        struct snapshot_row *rows;              /**< [records + 1], by id; owned */
};

/** Take one. @return false when memory is out. snapshot_drop gives it back. */
bool snapshot_take(struct snapshot *s);
void snapshot_drop(struct snapshot *s);

/** Keep one under @p name (printable, no blanks, at most SNAPSHOT_NAME_MAX - 1 bytes), instead of one of that name.
 *  @return NULL if memory is out or the name is none. */
const struct snapshot *snapshot_mark(const char *name);
/** @return NULL if there is none of that name. "start" is always there: nothing had been allocated. */
const struct snapshot *snapshot_find(const char *name);
/** The kept ones in the order of their making. NULL behind the last. */
const struct snapshot *snapshot_at(size_t i);
/** Drop all marks. */
void snapshot_fini(void);

#endif
