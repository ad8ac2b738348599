/** @file sink_message.h  A sink that is syslog or journald: each record is a message.
 * Threads: the writer's.   Memory: none. */
#ifndef JOURNAL_SINK_SINK_MESSAGE_H
#define JOURNAL_SINK_SINK_MESSAGE_H

#include "journal/sink/sink.h"

#include <sys/types.h>

/** Send the oldest record, which there is. @return the bytes of it; -1 with errno. */
ssize_t sink_message_send(struct sink *sink);
/** After its daemon went away: maybe there is a new one. @return false with errno. */
bool sink_message_connect(struct sink *sink);

#endif
