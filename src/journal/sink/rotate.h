/** @file rotate.h  Decides when a log file is full or old, and renames it.
 *
 * A rotated file is FILE.20261124T180405.123456Z (UTC), with .gz once it is compressed. Names sort by time and are unique.
 * Knows: one file, its size, age and path.   Does not know: records, what is done with rotated files (journal/sink/retention.h).
 * Threads: the journal thread's.   Memory: embedded; allocates nothing. */
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
        const struct settings_sink *settings; /**< NULL: not a regular file of ours, which is never rotated */
        bool is_file;                         /**< a regular file, ours or not */
        uint64_t bytes;                       /**< size of a regular file */
        uint64_t period;   /**< number of the interval of rotate_seconds in which the file was begun */
        uint64_t last_us;  /**< time in the newest name */
        uint64_t retry_ns; /**< monotonic: after a failure, no rotation before this */
        uint64_t look_ns;  /**< monotonic: when rotate_look looks next */
};

/** @p fd was opened for @p settings (NULL: not to be rotated): read its size and age. */
void rotate_begin(struct rotate *r, const struct settings_sink *settings, int fd);
/** Bytes that may be written before the file is full. */
size_t rotate_bytes_left(const struct rotate *r);
/** Has its interval ended? An empty file is never old. */
bool rotate_is_old(const struct rotate *r, uint64_t wall_ns);
/** Milliseconds until rotate_is_old may be true, at most a minute; -1 = never. */
int rotate_wait_ms(const struct rotate *r, uint64_t wall_ns);
/** Rename the file to @p name, which does not exist yet, and the file @p fresh to what was its name. @return false with errno; then nothing
 *  has changed, and no rotation is due for a second. */
bool rotate_move(struct rotate *r, const char *fresh, char *name, size_t size);
/** The same wait after a failure to make a fresh file. */
void rotate_put_off(struct rotate *r);
/** Give no name before @p stamp, that of the newest file in the folder: the clock may have been set back since. "" does nothing. */
void rotate_after(struct rotate *r, const char *stamp);
/** Does the size of @p fd differ from what was written to it? The new size is taken over. */
bool rotate_is_changed(struct rotate *r, int fd);
/** Look whether @p fd is still the file of that name, at most once a second. */
enum rotate_look rotate_look(struct rotate *r, int fd);
/** Milliseconds until rotate_look would look again; -1 if it never does. */
int rotate_look_ms(const struct rotate *r);

/** Does @p stamp have the form that rotate_move appends to the name? */
bool rotate_is_stamp(const char *stamp);

#endif
