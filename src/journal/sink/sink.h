/** @file sink.h  A log: its filter, its format, a bounded queue of formatted records, and the destination they are written to.
 *
 *                     stuck: the reader of a pipe or socket does not keep up
 *                    /  ^
 *      closed <--> open |            failing: the disk is full, the daemon is gone, the file was removed
 *                    \  v
 *                     failing        both end with the next write that succeeds
 *
 * A stuck or failing sink keeps what fits its queue and counts the rest as dropped. That is reported once, and so is the
 * recovery; a gap record then takes the place of what is missing. None of this cuts lines, nor does a rotation.
 * A file that was removed (and not only renamed) is closed as soon as that is noticed, and created again for the next record.
 * A log file that another process hands over (takes_over) is failing, too, until that process has closed it.
 * A pipe or standard output that has no reader any more is closed until sink_reopen.
 *
 * Threads: the journal thread (after sink_open); the counters are for any.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_SINK_H
#define JOURNAL_SINK_SINK_H

#include "base/status.h"
#include "journal/format/format.h"
#include "journal/sink/destination.h"
#include "journal/sink/output_queue.h"

/** Nothing waits longer than this for a reader that does not read. */
#define SINK_STUCK_MS 200

struct filter;
struct retention;
struct settings_sink;

enum sink_state { SINK_CLOSED, SINK_OPEN, SINK_STUCK, SINK_FAILING };

struct sink {
        const struct settings_sink *settings; /**< the caller's */
        struct filter *filter;                /**< NULL: all pass */
        enum format format;
        enum sink_state state;
        struct destination destination;
        struct output_queue queue;
        uint64_t missing;     /**< records that would stand behind the queue's last one but were dropped */
        uint64_t deadline_ns; /**< monotonic: wait for no reader after it; 0 = none */
        bool takes_over; /**< set before sink_open: a file to which another process writes is waited for */
        bool awaited;    /**< this one is */
        unsigned logged; /**< bits of what was reported and is not to be reported again */
        struct sink_counters counters;
};

/** @p settings and @p retention (NULL: nothing is rotated) must outlive it. Errors are reported; @p sink is closed then. */
enum status sink_open(struct sink *sink, const struct settings_sink *settings, struct retention *retention);
/** Format @p r into the queue, flushing first if need be. Dropped and counted if it can't be kept. @p json as for output_queue_add. */
void sink_put(struct sink *sink, const struct record *r, struct span json);
/** Will sink_put surely keep a record of @p len bytes (packed)? */
bool sink_has_space(const struct sink *sink, size_t len);
/** Write out what can be written now, including the gap record for what is missing.
 *  @return true if nothing is left to write. */
bool sink_flush(struct sink *sink);
/** Whether it is stuck or failing: flush it again later. */
bool sink_is_blocked(const struct sink *sink);
/** Milliseconds until sink_flush has something to do although no record came: a rotation by time, a look at the path; -1 = never. */
int sink_wait_ms(const struct sink *sink);
/** The descriptor to wait on for a stuck reader; -1 if there is nothing to wait for. */
int sink_wait_fd(const struct sink *sink);
/** The descriptor of a reader that may still take what is left in the queue; -1 if there is none. */
int sink_unfinished_fd(const struct sink *sink);
/** Open the path again. The old file stays open if that fails, or if it is still at its path. */
void sink_reopen(struct sink *sink);
/** Close. What is still in the queue is lost and counted. The counters stay. */
void sink_close(struct sink *sink);

#endif
