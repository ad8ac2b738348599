/** @file early_eof.h  EOF packets after column definitions although DEPRECATE_EOF was negotiated, as some proxies in front of servers
 * send them.
 *
 * If the result has no rows, an EOF after its definitions may also be its end, in place of an OK. The next packet shows which it is:
 * either it continues the sequence numbers of the reply, or it begins another reply. Until then the command is in
 * REPLYING_MAYBE_ENDED.
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_EARLY_EOF_H
#define MYSQL_DISSECT_EARLY_EOF_H

#include "mysql/dissect/dissector.h"

/** Is @p m, which would end the result of @p cmd, possibly such an EOF? Then the command enters REPLYING_MAYBE_ENDED. */
bool early_eof_takes(struct dissect *d, struct command *cmd, const struct message *m);
/** The same between the definitions of parameters and columns, for COM_STMT_PREPARE. */
bool early_eof_is_between(struct dissect *d, const struct command *cmd, const struct message *m);
/** All definitions in reply to the COM_STMT_PREPARE @p cmd have arrived. The command is complete, but such an EOF may follow. */
static inline void early_eof_expect(struct dissect *d, const struct command *cmd)
{
        d->eof_open = dissector_deprecates_eof(d);
        d->eof_seq = cmd->next_seq;
}

/** Before the next message of the server, if d->eof_open: decide what the EOF was. The head of the queue may be another command
 *  afterwards. @return true: @p m is such an EOF itself, or the session can't be followed; see @p out. */
bool early_eof_settle(struct dissect *d, const struct message *m, struct outcome *out);
/** The session has ended, and with it the result. */
void early_eof_end(struct dissect *d);

/** If the server sends nothing more, is the head of the queue complete? */
static inline bool early_eof_may_have_ended(const struct dissect *d)
{
        return d->queue.head != NULL && d->queue.head->state == REPLYING_MAYBE_ENDED;
}

#endif
