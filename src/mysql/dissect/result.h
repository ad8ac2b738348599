/** @file result.h  The server's side once the login is over: replies, matched with the command at the head of the queue.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_RESULT_H
#define MYSQL_DISSECT_RESULT_H

#include "mysql/dissect/dissector.h"

struct outcome result_on_message(struct dissect *d, const struct message *m);
/** How many bytes of the server's message that begins with @p first are looked at. */
size_t result_limit(const struct dissect *d, uint8_t first);

#endif
