/** @file request.h  The client's side once the login is over: messages become commands in the queue.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_REQUEST_H
#define MYSQL_DISSECT_REQUEST_H

#include "mysql/dissect/dissector.h"

struct outcome request_on_message(struct dissect *d, const struct message *m);
/** Is the client in the middle of a command that nothing has answered yet? */
bool request_is_under_way(const struct dissect *d);
/** The server answers the command that is under way: queue what has come of it, with the length that its packets announced, as the head
 *  of the empty queue. Its rest is skipped when it comes. */
struct outcome request_take_part(struct dissect *d, uint64_t now_ns);
/** @p cmd has reached the head of the queue: do what it asks for without a reply.
 *  @return why the session can't be followed any further (static text); NULL: it can. */
const char *request_begin(struct dissect *d, struct command *cmd);

#endif
