/** @file forget.h  Free what a dissector keeps of its session when it does not follow the session any longer.
 *
 * Threads: one owner.   Memory: frees; allocates nothing. */
#ifndef MYSQL_DISSECT_FORGET_H
#define MYSQL_DISSECT_FORGET_H

#include "mysql/dissect/dissector.h"

/** Free the commands in flight, and what is kept of them and of packets. */
void forget_commands(struct dissect *d);
/** Free all memory that is needed only to follow the session. */
void forget_session(struct dissect *d);

#endif
