/** @file snapshot.h  What all records counted at one time, kept under a name: a mark. Two of them make a difference.
 *
 *      rows[1 … records]: by id      a record with a greater id was born since: it had counted nothing
 *
 * Memory: mmap, charged to the stage "profile"; at most SNAPSHOT_MARKS marks, the oldest goes first. Threads: the admin
 * thread alone. */
#ifndef PROFILE_EXPORT_SNAPSHOT_H
#define PROFILE_EXPORT_SNAPSHOT_H

#include "profile/heap/counts.h"
#include "profile/heap/record.h"

#define SNAPSHOT_MARKS    64
#define SNAPSHOT_NAME_MAX 64
/** Name of the mark that is always there: nothing had been allocated. No other can have it. */
#define SNAPSHOT_START "start"

/** One record's counts. Those before its birth are 0. */
struct snapshot_row {
        uint64_t allocs;
        uint64_t frees;
        uint64_t bytes_alloc;
        uint64_t bytes_free;
};

struct snapshot {
        char name[SNAPSHOT_NAME_MAX];           /**< "" = not kept under a name */
        uint64_t wall_ns;                       /**< of "start" 0 */
        uint64_t mono_ns;                       /**< the same by a clock that nobody sets */
        uint64_t statements;                    /**< prof_statements() then */
        uint32_t records;                       /**< records then; later ones were born since */
        struct prof_counts stages[STAGE_COUNT]; /**< the exact counters then */
        struct snapshot_row *rows;              /**< [records + 1], by id; owned */
};

/** Take one. @return false when memory is out. snapshot_drop gives it back. */
bool snapshot_take(struct snapshot *s);
void snapshot_drop(struct snapshot *s);
/** What record @p id had counted then. */
struct snapshot_row snapshot_row(const struct snapshot *s, uint32_t id);

/** Whether a mark can have this name: printable, no blanks, 1 to SNAPSHOT_NAME_MAX - 1 bytes, not "start". */
bool snapshot_is_name(const char *name);
/** Keep one under @p name, instead of one of that name, as the newest.
 *  @return NULL if memory is out or the name is none. Valid until the mark goes. */
const struct snapshot *snapshot_mark(const char *name);
/** @return NULL if there is none of that name. "start" is always there. */
const struct snapshot *snapshot_find(const char *name);
/** What stands for the moment @p since: a time in UTC as the profile prints it, or its beginning (2026-01-02T03:04), or a
 *  number of statements. @p s gets a name and the number of records that were born before, no rows.
 *  @return false if @p since is neither. */
bool snapshot_at_moment(const char *since, struct snapshot *s);
/** The kept ones in the order of their making, without "start". NULL behind the last. */
const struct snapshot *snapshot_at(size_t i);
/** Drop all marks. */
void snapshot_fini(void);

#endif
