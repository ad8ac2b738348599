/** @file destination.h  The descriptor that a sink writes to: opening, repairing, rotating and reopening it.
 *
 * A file of the name that was set is kept at the end of the descriptor: what somebody else renamed or removed is noticed, a
 * line that a crash left unfinished is ended, and a full or old file is rotated.
 * Knows: kinds of sinks, files.   Does not know: formats, queues, retries (journal/sink/sink.h).
 * Threads: the journal thread's.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_SINK_DESTINATION_H
#define JOURNAL_SINK_DESTINATION_H

#include "base/span.h"
#include "journal/sink/rotate.h"
#include "journal/sink/sink_counters.h"
#include "journal/sink/sink_ops.h"

struct retention;

struct destination {
        const struct sink_ops *ops;
        const struct settings_sink *settings; /**< the caller's */
        const char *path;
        struct sink_counters *counters; /**< the caller's */
        struct retention *retention;    /**< of its rotated files, or NULL; the caller's */
        struct rotate rotate;
        const char *record_end; /**< how a record ends; set before destination_begin */
        int fd;                 /**< -1 = closed */
        bool owns_fd;
        bool is_stream; /**< a pipe, socket or terminal: whether it can be written to depends on its reader */
        bool
            may_block; /**< a stream without O_NONBLOCK: it is polled first, and gets no more than surely fits */
        bool is_torn;     /**< the file ends within a line, which must be ended before the next record */
        bool has_rotated; /**< since whoever looks at it set it to false */
        unsigned logged;  /**< bits of what was reported and is not to be reported again */
};

/** Prepare @p d for @p settings, closed. */
void destination_init(struct destination *d, const struct settings_sink *settings,
                      struct sink_counters *counters, struct retention *retention);
/** Its name in messages. */
const char *destination_name(const struct destination *d);
/** Open it; what was open is closed if that succeeds. @return false with errno; it is as it was then. */
bool destination_open(struct destination *d);
/** After each destination_open, once record_end is known: look at what is in the file. */
void destination_begin(struct destination *d);
void destination_close(struct destination *d);

/** Write some of @p bytes without waiting. @return bytes written; -1 with errno. */
ssize_t destination_write(struct destination *d, struct span bytes, enum record_event event);
/** Wait at most @p wait_ms until it can be written to. @return as poll(2) does. */
int destination_wait(const struct destination *d, int wait_ms);
/** End the line that the file ends within. @return false with errno; is_torn then stays. */
bool destination_mend(struct destination *d);

/** Rename the file and begin a new one, which will have @p need bytes at least. No record may be half written.
 *  @return false (reported, counted) if the old file stays. */
bool destination_rotate(struct destination *d, uint64_t need);
/** Somebody truncated the file (copytruncate), or writes to it as well: a half-written record must be written again. */
bool destination_is_changed(struct destination *d);
/** Is it still the file that its path names? */
bool destination_is_at_path(const struct destination *d);

#endif
