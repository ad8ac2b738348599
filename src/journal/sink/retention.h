/** @file retention.h  Compresses rotated log files, hands them to the hook and removes the oldest, on a thread of its own, so that the
 * journal thread never waits for that.
 *
 * The folder is the list of what is to be done. So work that a crash left undone is done after the next start, and there is no queue
 * of rotations that could fill. One hook runs at a time, for at most a minute.
 *
 * log.disk_bytes is kept at all times, however slow hooks and compression are: the journal thread itself frees space with each
 * rotation, and compression does before each piece. The oldest files are removed first, even if the hook has not run for them yet or
 * is running. If a file is being compressed, its unfinished compressed form is removed before the file itself.
 *
 * Threads: retention_wake, retention_free_space and retention_errors from any; the rest from the owner's.
 * Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_RETENTION_H
#define JOURNAL_SINK_RETENTION_H

#include "base/status.h"
#include "journal/sink/rotate.h"

#include <stdint.h>

struct settings;
struct settings_sink;
struct retention;

/** Start the thread; *@p out is NULL if no log is rotated. Errors are reported. */
enum status retention_new(const struct settings *settings, struct retention **out);
/** Begin to take care of the old files of the log of @p settings: once it is open, so that no other process does. NULL does nothing. */
void retention_begin(struct retention *r, const struct settings_sink *settings);
/** Call after a file was rotated. NULL does nothing. */
void retention_wake(struct retention *r);
/** Call when the log of @p settings begins a file, with the bytes that it will have at least: removes the oldest files so that all,
 *  and a current file of @p need or log.rotate_bytes, fit log.disk_bytes. Does nothing if that is not set, or @p r is NULL. */
void retention_free_space(struct retention *r, const struct settings_sink *settings, uint64_t need);
/** The stamp of the newest rotated file; "" if there is none. */
void retention_newest(struct retention *r, const struct settings_sink *settings,
                      char stamp[ROTATE_STAMP_LEN + 1]);
/** How often compressing, removing or a hook failed for the log of @p settings. 0 for NULL. */
uint64_t retention_errors(const struct retention *r, const struct settings_sink *settings);
/** End the thread. A running hook is killed at @p deadline_ns (monotonic); a file that is being compressed stays uncompressed. The
 *  counters can still be read. NULL does nothing. */
void retention_stop(struct retention *r, uint64_t deadline_ns);
/** After retention_stop. */
void retention_free(struct retention *r);

#endif
