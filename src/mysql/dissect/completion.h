/** @file completion.h  Commands begin when they reach the head of the queue, and leave it as records when their reply is complete.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_COMPLETION_H
#define MYSQL_DISSECT_COMPLETION_H

#include "mysql/dissect/dissector.h"

/** Begin and complete commands at the head of the queue, as far as they are done; the client can send the next command or the server
 *  answer one. @return why the session can't be followed any further (static text); NULL: it can. */
const char *completion_advance(struct dissect *d);
/** Make a record for each command in flight, for @p reason. They stay in the queue: a caller may be at work on one.
 *  @param end_ns  when they ended, unless they were sent after that; 0: when the last bytes for them came. */
void completion_fail_all(struct dissect *d, const char *reason, uint64_t end_ns);

#endif
