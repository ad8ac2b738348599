/** @file give_up.h  A session becomes opaque: bytes go on being forwarded, but they are not followed, possibly until resync.h follows
 * them again.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_GIVE_UP_H
#define MYSQL_DISSECT_GIVE_UP_H

#include "mysql/dissect/dissector.h"

/** Make records of @p reason (static text) and of the commands in flight, and enter PHASE_OPAQUE, or PHASE_UNREAD during the
 *  login; no records if the session is opaque or closed. Nothing is freed: callers may be at work on it.
 *  @param m     what could not be followed; NULL: that is not in a message.
 *  @param from  whose bytes were read. */
void give_up(struct dissect *d, const char *reason, const struct message *m, enum side from);

#endif
