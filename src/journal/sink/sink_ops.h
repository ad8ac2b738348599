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
        /** "NAME:", which a path follows, or all of log.file; NULL: any other text. */
        const char *scheme;
        /** The path if nothing follows the scheme; NULL: none. */
        const char *default_path;
        /** Its name in messages; NULL: log.file as it is set. */
        const char *label;
        /** log.file is the path of a file, which can be rotated and which no two logs may share. */
        bool is_file;
        /** Each record is written by one call, whole or not at all. Else a call writes what it can of any number of records. */
        bool is_message;
        /** A record must be one line: the format slow is refused. */
        bool is_one_line;
        /** After an error it is opened again before the next write. Else EPIPE and EBADF close it until SIGUSR1. */
        bool reconnects;
        /** It is opened again on SIGUSR1. */
        bool reopens;
        /** Open it, without waiting. @return a descriptor, which is closed later unless *@p owns (true before) was set to false; -1
         *  with errno. */
        int (*open)(const char *path, bool *owns);
        /** Write what can be written of @p bytes, without waiting. @p event is that of the record, if it is a message.
         *  @return how many bytes were written; -1 with errno: EAGAIN if the reader does not keep up, EMSGSIZE for a message that is
         *  too long (a gap record takes its place), anything else if the sink fails. */
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
