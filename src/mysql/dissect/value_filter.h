/** @file value_filter.h  The kept beginning of a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE that comes in pieces, without the middle
 *  and the end of its long values: so that a long value does not take the place of those behind it.
 *
 * Knows: how such a request is laid out.   Does not know: what its values mean (execute.h reads them).
 * If the statement is not known yet, because its PREPARE is still in flight, the parameters in its text are counted; the reply shows
 * whether that was right. If commands in flight will change where the values stand, all bytes are kept as far as the limit of a message
 * goes.
 * Threads: one owner.   Memory: none of its own; keeps in the packet stream.
 * Source: as of execute.h. */
#ifndef MYSQL_DISSECT_VALUE_FILTER_H
#define MYSQL_DISSECT_VALUE_FILTER_H

#include "mysql/dissect/packet_stream.h"

struct command;
struct dissect;
struct dissect_settings;

/** A message of the client's begins: is it one that is filtered? @p seq is that of its first packet. */
void value_filter_begin(struct dissect *d, struct packet_stream *stream, uint8_t seq);
/** @p cmd arrives, and is not in the queue yet. */
void value_filter_note(struct dissect *d, const struct command *cmd);
/** @return struct message's counted_params of the message that is complete. */
uint16_t value_filter_counted(const struct dissect *d);
/** Keep what is to be kept of the next @p bytes of the message. @return false when memory is out. */
bool value_filter_keep(struct dissect *d, struct packet_stream *stream, struct span bytes);
/** @return how many bytes of each value are kept, in the request of which others were dropped. */
size_t value_filter_kept_of(const struct dissect_settings *settings);

#endif
