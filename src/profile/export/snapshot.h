/** @file snapshot.h  The counts of all allocation records at one time, kept under a name (a mark). Two of them give a difference.
 *
 *      rows[1 ... records]: by id      a record with a greater id was created later, and had counted nothing
 *
 * Memory: mmap, charged to the stage "profile"; a number of marks that is set at the start, and the oldest is dropped first. Threads: the admin
 * thread alone. */
#ifndef PROFILE_EXPORT_SNAPSHOT_H
#define PROFILE_EXPORT_SNAPSHOT_H

#include "profile/heap/counts.h"
#include "profile/heap/record.h"

#define SNAPSHOT_MARKS     64 /**< that are kept if snapshot_limit is not called */
#define SNAPSHOT_MARKS_MAX 1000
#define SNAPSHOT_NAME_MAX  64
/** Name of the mark that always exists, when nothing had been allocated. No other mark can have this name. */
#define SNAPSHOT_START "start"

/** One record's counts; 0 before it was created. */
struct snapshot_row {
        uint64_t allocs;
        uint64_t frees;
        uint64_t bytes_alloc;
        uint64_t bytes_free;
};

struct snapshot {
        char name[SNAPSHOT_NAME_MAX];           /**< "" = not a mark */
        uint64_t wall_ns;                       /**< 0 for "start" */
        uint64_t mono_ns;                       /**< the same by the monotonic clock */
        uint64_t statements;                    /**< prof_statements() at that time */
        uint32_t records;                       /**< number of records at that time */
        struct prof_counts stages[STAGE_COUNT]; /**< the exact counters at that time */
        struct snapshot_row *rows;              /**< [records + 1], by id; owned */
};

/** Take a snapshot. @return false when memory is out. snapshot_drop frees it. */
bool snapshot_take(struct snapshot *s);
void snapshot_drop(struct snapshot *s);
/** The counts of record @p id in the snapshot. */
struct snapshot_row snapshot_row(const struct snapshot *s, uint32_t id);

/** Keep at most @p max marks, 1 to SNAPSHOT_MARKS_MAX. */
void snapshot_limit(size_t max);
/** Whether a mark can have this name: printable, no blanks, 1 to SNAPSHOT_NAME_MAX - 1 bytes, not "start". */
bool snapshot_is_name(const char *name);
/** Set a mark: take a snapshot and keep it under @p name, replacing a mark of that name. It is the newest then.
 *  @return NULL if memory is out or the name is not allowed. Valid until the mark is dropped. */
const struct snapshot *snapshot_mark(const char *name);
/** @return NULL if there is no mark of that name. "start" always exists. */
const struct snapshot *snapshot_find(const char *name);
/** A stand-in for the moment @p since: a time in UTC as the profile prints it, or the first part of one (2026-01-02T03:04), or
 *  a number of statements. @p s gets a name and the number of records that existed before, but no rows.
 *  @return false if @p since is neither. */
bool snapshot_at_moment(const char *since, struct snapshot *s);
/** Mark number @p i in the order in which they were set, without "start"; NULL after the last. */
const struct snapshot *snapshot_at(size_t i);
/** Drop all marks. */
void snapshot_fini(void);

#endif
