/** @file rotate.h  When a log file is full or old, and its move to a name of its own.
 *
 * A rotated file is FILE.20261124T180405.123456Z (UTC), later maybe with .gz: names sort by time, and none is given twice.
 * Knows: one file, its size and age.   Does not know: records, what becomes of rotated files (journal/sink/retention.h).
 * Threads: the writer's.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_SINK_ROTATE_H
#define JOURNAL_SINK_ROTATE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings_sink;

/** ".20261124T180405.123456Z" */
enum { ROTATE_STAMP_LEN = 24 };

enum rotate_look {
        ROTATE_NOT_LOOKED, /**< it is not time yet, or no regular file */
        ROTATE_IN_PLACE,
        ROTATE_RENAMED, /**< its name is another file's now, or nobody's */
        ROTATE_REMOVED, /**< it has no name any more: what is written to it is lost */
};

struct rotate {
        const struct settings_sink *settings; /**< NULL: no regular file, so nothing of this */
        bool is_file;                         /**< a regular one */
        uint64_t bytes;                       /**< of the file, if it is a regular one */
        uint64_t period;   /**< number of the stretch of rotate_seconds that it was begun in */
        uint64_t last_us;  /**< of the newest name */
        uint64_t retry_ns; /**< not before, after a failure */
        uint64_t look_ns;  /**< when to look next whether the file is still there */
};

/** @p fd was opened for @p settings: take its size and age. */
void rotate_begin(struct rotate *r, const struct settings_sink *settings, int fd);
/** Bytes that may be written before the file is full. */
size_t rotate_bytes_left(const struct rotate *r);
/** Whether its time is over (an empty file's never is). */
bool rotate_is_old(const struct rotate *r, uint64_t wall_ns);
/** Milliseconds until then, at most a minute; -1 = never. */
int rotate_wait_ms(const struct rotate *r, uint64_t wall_ns);
/** Rename the file to @p name, which does not exist yet. @return false with errno. */
bool rotate_move(struct rotate *r, char *name, size_t size);
/** Take the move back, when no new file can be opened. */
void rotate_move_back(struct rotate *r, const char *name);
/** No name is to come before @p stamp, of the newest file that is there: the clock may have been set back since. "" does nothing. */
void rotate_after(struct rotate *r, const char *stamp);
/** Whether the size of the file at @p fd is another than what was written to it; it is taken over. */
bool rotate_is_changed(struct rotate *r, int fd);
/** Look whether @p fd is still the file of that name, at most once a second. */
enum rotate_look rotate_look(struct rotate *r, int fd);
/** Milliseconds until rotate_look would look again; -1 if it never does. */
int rotate_look_ms(const struct rotate *r);

/** Whether @p stamp has the form of what rotate_move puts behind the name. */
bool rotate_is_stamp(const char *stamp);

#endif
