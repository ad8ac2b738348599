/** @file retention.h  What becomes of rotated log files: compressed, handed to the hook, removed. A thread of its own, so that
 * the writer never waits for that.
 *
 * It looks at what is in the folder and not at what it was told: what a crash left undone is done after the next start,
 * and any number of rotations makes no queue. One hook runs at a time, for at most a minute.
 *
 * log.disk_bytes holds all the while, however slow hooks and compression are: the writer itself makes room with each rotation, and
 * compression before each piece. What gives way are the oldest files: one that waits for the hook, or that it has, too; of
 * one that is being compressed first the part of it that is packed.
 * Threads: retention_wake, retention_free_space and retention_errors from any; the rest from the owner's.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_RETENTION_H
#define JOURNAL_SINK_RETENTION_H

#include "base/status.h"
#include "journal/sink/rotate.h"

#include <stdint.h>

struct settings;
struct settings_sink;
struct retention;

/** Start it; *@p out is NULL if no log is rotated. Errors are said. */
enum status retention_new(const struct settings *settings, struct retention **out);
/** A file was rotated. NULL does nothing. */
void retention_wake(struct retention *r);
/** The log of @p settings begins a file, which will have @p need bytes if that is more than log.rotate_bytes: remove the
 *  oldest files so that all fit log.disk_bytes. Nothing to do without it, or if @p r is NULL. */
void retention_free_space(struct retention *r, const struct settings_sink *settings, uint64_t need);
/** The stamp of the newest rotated file; "" if there is none. */
void retention_newest(struct retention *r, const struct settings_sink *settings,
                      char stamp[ROTATE_STAMP_LEN + 1]);
/** What failed for the log of @p settings: compressing, removing, hooks. NULL has none. */
uint64_t retention_errors(const struct retention *r, const struct settings_sink *settings);
/** End it: a hook that runs is killed at @p deadline_ns (monotonic); what is being compressed stays as it was. Its counts
 *  stay. NULL does nothing. */
void retention_stop(struct retention *r, uint64_t deadline_ns);
/** After retention_stop. */
void retention_free(struct retention *r);

#endif
