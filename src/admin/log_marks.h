/** @file log_marks.h  Marks of the log: moments with a name, so that records since then can be asked for. POST /marks sets one together
 * with a mark of the heap (profile/export/snapshot.h), which has a table of its own.
 *
 * A record is since a mark if it ended after it: what a client had been answered before it set the mark is not.
 * Threads: main.   Memory: STAGE_ADMIN, a fixed table of log.marks; the oldest mark is discarded first. */
#ifndef ADMIN_LOG_MARKS_H
#define ADMIN_LOG_MARKS_H

#include "base/json_writer.h"
#include "profile/export/snapshot.h"

struct log_mark {
        char name[SNAPSHOT_NAME_MAX];
        uint64_t wall_ns;
        uint64_t mono_ns; /**< the same by the monotonic clock; 0 for SNAPSHOT_START */
        uint64_t record;  /**< number of the newest recent record at that time */
};

struct log_marks {
        struct log_mark *at; /**< in the order in which they were set */
        size_t n;
        size_t max;
};

/** @return false if memory is out. */
bool log_marks_init(struct log_marks *m, size_t max);
void log_marks_fini(struct log_marks *m);
/** Set the mark @p name, which snapshot_is_name accepts; it replaces one of the same name, and is the newest then. */
void log_marks_set(struct log_marks *m, const char *name, uint64_t record);
/** @return NULL if there is no mark of that name. SNAPSHOT_START always exists. Valid until the next log_marks_set. */
const struct log_mark *log_marks_find(const struct log_marks *m, const char *name);
/** The marks, a line each. */
void log_marks_put_text(const struct log_marks *m, FILE *out);
/** The same as a member of the object that is open. */
void log_marks_put_json(const struct log_marks *m, struct json_writer *j);

#endif
