/** @file sink_ops.h  The operations of a kind of sink, and the list of all kinds.
 *
 * The beginning of log.file selects the kind: "syslog:/run/other" has the scheme "syslog:". To add a kind, write sink_NAME.c, which
 * defines `const struct sink_ops sink_NAME_ops`, and add NAME to SINK_KINDS. Everything else is common to all kinds: formats,
 * filters, the queue, counters, retries and the wait for slow readers (journal/sink/sink.h).
 * Knows: descriptors.   Does not know: records' contents, queues, retries.
 * Threads: the journal thread's.   Memory: a kind allocates nothing; an open descriptor is all of its state. */
#ifndef JOURNAL_SINK_SINK_OPS_H
#define JOURNAL_SINK_SINK_OPS_H

#include "base/span.h"
#include "mysql/record/record.h"

#include <stdbool.h>
#include <sys/types.h>

struct settings_sink;

struct sink_ops {
        const char *scheme; /**< "NAME:" with a path behind it, or all of log.file; NULL: any other text */
        const char *default_path; /**< used if nothing follows the scheme; NULL: the path may be empty */
        const char *label;        /**< its name in messages; NULL: log.file as it is set */
        bool is_file;     /**< log.file is a path that can be rotated and that no two logs may share */
        bool is_message;  /**< each record is sent by one write, whole or not at all */
        bool is_one_line; /**< a record of several lines can't be sent (the format slow has them) */
        bool
            reconnects; /**< opened again before the next write after an error; else EPIPE and EBADF close it */
        bool reopens;   /**< opened again on SIGUSR1 */
        /** @return a descriptor, which is closed later only if *@p owns (true before the call); -1 with errno. */
        int (*open)(const char *path, bool *owns);
        /** Write @p bytes, without waiting. @p event is that of the record, if it is a message.
         *  @return how many bytes were written; -1 with errno (a message that is too long: EMSGSIZE). */
        ssize_t (*write)(int fd, const struct settings_sink *settings, struct span bytes,
                         enum record_event event);
};

/** All kinds; log.file is compared with their schemes in this order. */
#define SINK_KINDS(KIND)                                                                                     \
        KIND(stdout)                                                                                         \
        KIND(syslog)                                                                                         \
        KIND(journald)                                                                                       \
        KIND(file)

#define SINK_DECLARE(name) extern const struct sink_ops sink_##name##_ops;
SINK_KINDS(SINK_DECLARE)
#undef SINK_DECLARE

#endif
