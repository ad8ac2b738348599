/** @file destination.h  The descriptor that a sink writes to: opening, repairing, rotating and reopening it.
 *
 * A file of the name that was set is kept at the end of the descriptor: what somebody else renamed or removed is noticed, a
 * line that a crash left unfinished is ended, and a full or old file is rotated.
 * Knows: kinds of sinks, files, where records end in the queue.   Does not know: formats, states, retries (journal/sink/sink.h).
 * Threads: the journal thread's.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_SINK_DESTINATION_H
#define JOURNAL_SINK_DESTINATION_H

#include "base/span.h"
#include "journal/sink/output_queue.h"
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
        bool is_torn;        /**< the file ends within a line, which must be ended before the next record */
        bool has_rotated;    /**< since whoever looks at it set it to false */
        uint64_t unverified; /**< records written since the file was last seen at its path */
        unsigned logged;     /**< bits of what was reported and is not to be reported again */
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

/** @p n bytes, which end @p records records, were written. */
void destination_wrote(struct destination *d, size_t n, uint64_t records);

/** What of @p q is to be written next: with rotation by size no more than fits the file, up to the end of a record. Rotates a full
 *  file; a failure is reported and counted, and the old file then grows. */
struct span destination_next(struct destination *d, const struct output_queue *q);
/** Has somebody renamed the file since, so that it must be opened again for what is in @p q? Looks once a second. A file that
 *  was removed is closed instead, and records that were lost with it are reported. */
bool destination_is_renamed(struct destination *d, const struct output_queue *q);
/** Somebody may have truncated the file (copytruncate), or written to it as well: a record of which it has a part is then written
 *  again. */
void destination_look_at_end(struct destination *d, struct output_queue *q);
/** destination_look_at_end before a write, and the rotation of a file whose time is over. */
void destination_look_after(struct destination *d, struct output_queue *q);
/** Milliseconds until destination_look_after or destination_is_renamed has something to do although nothing is to be written; -1 =
 *  never. */
int destination_wait_ms(const struct destination *d);
/** Is it still the file that its path names? */
bool destination_is_at_path(const struct destination *d);

#endif
