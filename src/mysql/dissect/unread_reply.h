/** @file unread_reply.h  Replies that are not read, because the session is opaque: where they begin and end, by the numbers of their
 * packets and compressed frames.
 *
 * A reply begins with packet 1; the reply to a command of several packets, with the number behind the command's last one. In a compressed
 * session the frames are numbered so, and each reply begins a frame. The packets within frames are not numbered in order: when a
 * result ends, the next packet takes its number from the frames, and a command that is not the first one in its frame is answered
 * with packet 0.
 * Knows: numbers, and how a message that ends a reply looks.   Does not know: which command is answered.
 * Threads: one owner.   Memory: embedded; allocates nothing.
 * Source: the servers' net_serv.cc, MariaDB 10.11 and MySQL 9. */
#ifndef MYSQL_DISSECT_UNREAD_REPLY_H
#define MYSQL_DISSECT_UNREAD_REPLY_H

#include "mysql/dissect/message.h"

struct dissect;

/** Does the server's message that is under way, with number @p seq, begin a reply? */
bool unread_reply_begins(const struct dissect *d, uint8_t seq);
/** Does it begin the reply to a command of several packets or frames? Its number is @p next, the one behind the command's last. */
bool unread_reply_begins_long(const struct dissect *d, uint8_t seq, uint8_t next);
/** The server's message @p m is complete. @p is_first: it begins a reply. */
void unread_reply_note(struct dissect *d, const struct message *m, bool is_first);

#endif
