/** @file datagram.h  Records as messages to syslog or journald: a record is a datagram.
 *
 * syslog: <PRI>Mmm dd hh:mm:ss TAG[PID]: TEXT, as the C library writes to /dev/log, which all its daemons read.
 * journald: its native protocol, with the fields MESSAGE, PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER, SYSLOG_PID and
 * QUERYTAP_EVENT.
 * Threads: the writer's.   Memory: allocates nothing. */
#ifndef JOURNAL_SINK_DATAGRAM_H
#define JOURNAL_SINK_DATAGRAM_H

#include "base/span.h"
#include "mysql/record/record.h"

#include <sys/types.h>

struct settings_sink;

/** The socket that @p file ("syslog:", "journald:/run/other") names; NULL if it names none of the two. */
const char *datagram_path(const char *file);
/** A socket that does not block, connected to @p path. @return -1 with errno. */
int datagram_open(const char *path);
/** Send one record's @p text (with its newline). @return its length, or -1 with errno; EMSGSIZE if it is too long. */
ssize_t datagram_send(int fd, const struct settings_sink *settings, struct span text,
                      enum record_event event);

#endif
