/** @file request.h  The client's side once the login is over: messages become commands in the queue.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_REQUEST_H
#define MYSQL_DISSECT_REQUEST_H

#include "mysql/dissect/dissector.h"

struct outcome request_on_message(struct dissect *d, const struct message *m);
/** @p cmd has reached the head of the queue: do what it asks for without a reply.
 *  @return why the session can't be followed any further (static text); NULL: it can. */
const char *request_begin(struct dissect *d, struct command *cmd);

#endif
