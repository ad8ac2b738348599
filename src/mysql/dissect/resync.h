/** @file resync.h  Follow an opaque session again as soon as none of its replies is outstanding.
 *
 * While a session is opaque, its packets are only counted. A packet of the client with sequence number 0 begins a command; in a
 * compressed session, so does a packet at the beginning of a frame with number 0. Where replies begin, unread_reply.h tells. When as
 * many replies have begun as commands that have one, the next command is followed; what the server still sends of the reply before
 * it is skipped.
 *
 *      READY -> resync_begin -> OPAQUE: resync_skip … -> READY
 *      READY: resync_miss … until the queue has drained -> resync_begin
 *
 * A session whose login was not followed, or whose packets cannot be found any more, stays opaque.
 * Knows: packets, and which commands change the session.   Does not know: replies.
 * Threads: one owner.   Memory: embedded; allocates nothing.
 * Source: sequence numbers as of mysql/wire/frame.h; the servers' net_serv.cc. */
#ifndef MYSQL_DISSECT_RESYNC_H
#define MYSQL_DISSECT_RESYNC_H

#include "mysql/dissect/dissector.h"

/** The session becomes opaque at @p now_ns; the phase is still the one before, and the queue still has the commands in flight, of which
 *  there are records. */
void resync_begin(struct dissect *d, uint64_t now_ns);
/** A command that begins with @p code could not be added to the queue; resync_begin follows. */
void resync_note_unqueued(struct dissect *d, uint8_t code);
/** The queue takes no more commands: @p m, and what the client sends behind it, is missed. The commands in the queue are followed to
 *  their ends; then resync_begin follows. */
void resync_miss(struct dissect *d, const struct message *m);
/** The packets cannot be found any more, or the session has ended at @p now_ns: it will not be followed again. */
void resync_end(struct dissect *d, uint64_t now_ns);
/** Bytes from @p from are missing, so that packets can't be found any more: nothing is counted until resync_join. */
void resync_lose(struct dissect *d, enum side from);
/** The next bytes of each side begin a command and its reply: follow the session from @p now_ns on. */
void resync_join(struct dissect *d, uint64_t now_ns);
/** Take some of @p bytes, of which there are any, while the session is opaque and is_possible is set.
 *  @return what is left; if the phase is READY then, they are to be followed. */
struct span resync_skip(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns);
/** Followed again: does @p m still belong to the reply before the first command that is followed? */
bool resync_skips_message(struct dissect *d, const struct message *m);

#endif
