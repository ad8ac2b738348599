/** @file sink.h  Where formatted records go: standard output or a file, through a bounded buffer.
 * A sink that can't be written to keeps what fits its buffer, counts the rest, says it once, and puts a gap record in
 * the place of what is missing as soon as it can write again. Lines are never cut by that.
 * Threads: the writer thread (after sink_open).   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_H
#define JOURNAL_SINK_H

#include "base/status.h"
#include "journal/format.h"

#include <stdatomic.h>

struct sink {
        const char *path; /**< "-" = standard output; the caller's */
        int fd;           /**< -1 = closed for good */
        bool
            is_stream; /**< a pipe, socket or terminal: written in small pieces, and never waited for for long */
        bool failing; /**< said already */
        enum format format;
        uint8_t *buffer;
        size_t size;
        size_t len;
        uint64_t missing; /**< records dropped since the last one that fitted */
        _Atomic uint64_t records;
        _Atomic uint64_t dropped;
        _Atomic uint64_t bytes;
        _Atomic uint64_t errors;
};

/** @p wanted is what the user set: FORMAT_COUNT = text on a terminal, JSON else. Errors are said. */
enum status sink_open(struct sink *sink, const char *path, enum format wanted);
/** Format @p r into the buffer, flushing first if need be. */
void sink_put(struct sink *sink, const struct record *r);
/** Write out what can be written now. @return true if nothing is left in the buffer. */
bool sink_flush(struct sink *sink);
/** Open the path anew. The old file stays if that fails. */
void sink_reopen(struct sink *sink);
/** What is still in the buffer is lost; returns how many bytes that is. */
size_t sink_close(struct sink *sink);

#endif
