/** @file datagram.h  What the sinks that send each record as a datagram to a local daemon have in common.
 * Threads: any.   Memory: allocates nothing. */
#ifndef JOURNAL_SINK_DATAGRAM_H
#define JOURNAL_SINK_DATAGRAM_H

#include "base/span.h"
#include "mysql/record/record.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

/** A socket that does not block, connected to @p path; the `open` of struct sink_ops. @return -1 with errno. */
int datagram_open(const char *path, bool *owns);
/** Send @p n parts as one datagram. @return its length, or -1 with errno. */
ssize_t datagram_send(int fd, struct iovec *parts, size_t n);
/** A part of a datagram; @p data must live until it is sent. */
struct iovec datagram_part(const void *data, size_t len);
/** @p text without the newline at its end. */
struct span datagram_text(struct span text);
/** The severity of a record of @p event, as syslog(3) numbers them. */
unsigned datagram_severity(enum record_event event);

#endif
