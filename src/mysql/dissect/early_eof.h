/** @file early_eof.h  EOF packets behind column definitions, although DEPRECATE_EOF was negotiated: some proxies in front of servers
 * send them all the same.
 *
 * An EOF behind the definitions of a result may also be its end, in place of an OK, if it has no rows. The next packet shows which:
 * it continues the reply's sequence numbers, or begins another reply. Until then the command is in REPLYING_MAYBE_ENDED.
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_EARLY_EOF_H
#define MYSQL_DISSECT_EARLY_EOF_H

#include "mysql/dissect/dissector.h"

/** Is @p m, which would end the result of @p cmd, such an EOF? Then it is noted, and the command may have ended or not. */
bool early_eof_takes(struct dissect *d, struct command *cmd, const struct message *m);
/** The same between the definitions of parameters and columns, for COM_STMT_PREPARE. */
bool early_eof_is_between(struct dissect *d, const struct command *cmd, const struct message *m);
/** All definitions in reply to the COM_STMT_PREPARE @p cmd came: such an EOF may follow, though the command is complete. */
static inline void early_eof_expect(struct dissect *d, const struct command *cmd)
{
        d->eof_open = dissector_deprecates_eof(d);
        d->eof_seq = cmd->next_seq;
}

/** Before the next message of the server, if d->eof_open: decide what the EOF was. The head of the queue may be another command
 *  afterwards. @return true: @p m is such an EOF itself, or the session can't be followed; see @p out. */
bool early_eof_settle(struct dissect *d, const struct message *m, struct outcome *out);
/** The session ended: so did the result. */
void early_eof_end(struct dissect *d);

/** Did the head of the queue end if the server sends nothing more? */
static inline bool early_eof_may_have_ended(const struct dissect *d)
{
        return d->queue.head != NULL && d->queue.head->state == REPLYING_MAYBE_ENDED;
}

#endif
