/** @file sink.h  Where formatted records go: standard output, a file, syslog or journald, through a bounded buffer.
 *
 * A sink that can't be written to is *blocked*: it keeps what fits its buffer and counts the rest as dropped. It says so
 * once, and once when it recovers; then a gap record stands in the place of what is missing. Lines are never cut by
 * that, nor by a rotation. A file that somebody took away is opened anew. To syslog and journald a record is a message. What nobody will ever read again (a closed pipe) is closed for good, or until sink_reopen.
 *
 *                     full disk, error                    reader of a pipe too slow
 *      healthy ------------------------> failing          healthy -----------------> stuck
 *              <----- a write succeeds --                         <-- it reads again --
 *
 * Threads: the writer thread (after sink_open); the counters are for any.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_SINK_H
#define JOURNAL_SINK_SINK_H

#include "base/status.h"
#include "journal/format/format.h"
#include "journal/sink/output_queue.h"
#include "journal/sink/rotate.h"

#include <stdatomic.h>

/** Nothing waits longer than this for a reader that does not read. */
#define SINK_STUCK_MS 200

struct filter;
struct retention;
struct settings_sink;

struct sink {
        const struct settings_sink *settings; /**< the caller's */
        const char *path;                     /**< "-" = standard output, or a file or socket */
        struct filter *filter;                /**< NULL: all pass */
        struct retention *retention; /**< of its rotated files, or NULL; the caller's, set before sink_open */
        struct rotate rotate;
        bool torn; /**< the file ends within a line: that must be ended first */
        bool torn_logged;
        bool is_messages;    /**< syslog, journald: a record is a message */
        bool has_rotated;    /**< whoever looks takes it back */
        bool reopen_logged;  /**< opening anew failed */
        bool trouble_logged; /**< a rotation failed, or a message was too long */
        enum format format;
        struct output_queue queue;
        uint64_t deadline_ns; /**< monotonic: wait for no reader after it; 0 = none */
        int fd;               /**< -1 = closed */
        bool owns_fd;
        bool is_stream; /**< a pipe, socket or terminal: whether it can be written to depends on its reader */
        bool may_block; /**< a stream without O_NONBLOCK: poll first, then write no more than surely fits */
        bool failing;   /**< the last write failed; said */
        bool stuck;     /**< the reader does not read */
        bool stuck_logged; /**< records were dropped for that; said */
        uint64_t missing;  /**< records that would stand behind the buffer's last one but were dropped */
        _Atomic uint64_t records;
        _Atomic uint64_t dropped;
        _Atomic uint64_t bytes;
        _Atomic uint64_t errors;
        _Atomic uint64_t filtered;
        _Atomic uint64_t undecided; /**< the filter's count, which outlives it */
        _Atomic uint64_t rotations;
        _Atomic uint64_t torn_lines; /**< files found that ended within a line */
};

/** @p settings must outlive it. Errors are said; @p sink is closed then. */
enum status sink_open(struct sink *sink, const struct settings_sink *settings);
/** Format @p r into the buffer, flushing first if need be. Dropped and counted if it can't be kept. */
void sink_put(struct sink *sink, const struct record *r);
/** Will sink_put surely keep a record of @p len bytes (packed)? */
bool sink_has_space(const struct sink *sink, size_t len);
/** Write out what can be written now, the gap record for what is missing included.
 *  @return true if nothing is left to write. */
bool sink_flush(struct sink *sink);
/** It can't be written to just now: flush again later. */
bool sink_is_blocked(const struct sink *sink);
/** Milliseconds until a rotation is due by time; -1 = none. */
int sink_wait_ms(const struct sink *sink);
/** The descriptor to wait on for a stuck reader; -1 if there is nothing to wait for. */
int sink_wait_fd(const struct sink *sink);
/** Open the path anew. The old file stays if that fails, or if it still is there. */
void sink_reopen(struct sink *sink);
/** Close. What is still in the buffer is lost and counted. The counts stay. */
void sink_close(struct sink *sink);

#endif
