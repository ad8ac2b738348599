/** @file secret_watch.h  Which packets contain a password, or may, although they do not show it: from a statement to what its reply,
 * later statements and their replies can repeat.
 *
 * Knows: commands, statements and definitions.   Does not know: how secrets look within SQL (sql/secret.h), who shows packets.
 * Threads: one owner.   Memory: embedded; allocates nothing. */
#ifndef MYSQL_DISSECT_SECRET_WATCH_H
#define MYSQL_DISSECT_SECRET_WATCH_H

#include "mysql/dissect/command_queue.h"
#include "mysql/dissect/statement.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/command.h"
#include "mysql/wire/reply.h"

struct secret_watch {
        bool is_on;           /**< packets or rows are shown: each command is examined as it comes */
        bool last_secret;     /**< the last statement may contain a password, and so may its warnings */
        uint8_t left_secret;  /**< enum secrecy: a statement left one in a variable or a prepared statement */
        bool prepared_secret; /**< the statement prepared last may contain one; it may still be in flight */
};

/** Does @p cmd, whose packet is @p body, contain a password or ask for one, or may it? */
bool secret_watch_holds(const struct secret_watch *w, const struct statements *statements,
                        const struct command *cmd, struct span body);
/** The same at any time, by what is kept of @p cmd. While the watch is off, the search is done here: few commands are ever asked
 *  about. */
bool secret_watch_covers(const struct secret_watch *w, const struct statements *statements,
                         const struct command *cmd);
/** Can @p text begin with SHOW, EXECUTE or GET, or with what may stand before them? Hardly any statement does. */
static inline bool secret_watch_may_ask(struct span text)
{
        if (text.len < 4) {
                return false;
        }
        uint8_t first = text.data[0] | 0x20;
        uint8_t second = text.data[1] | 0x20;
        if (first == 's') { /* as SELECT */
                return second == 'h';
        }
        return first < 'a' || (first == 'e' && second == 'x') || (first == 'g' && second == 'e');
}

/** What secret_watch_on_command does if a look at the text does not suffice. */
void secret_watch_examine(struct secret_watch *w, const struct statements *statements, struct command *cmd,
                          struct span body);

/** @p cmd arrives. Sets its is_secret and secrecy. In line, because a look at the text suffices for nearly all statements. */
static inline void secret_watch_on_command(struct secret_watch *w, const struct statements *statements,
                                           struct command *cmd, struct span body)
{
        bool may_repeat = w->last_secret || w->left_secret != SECRECY_NONE;
        if (!w->is_on) {
                return;
        }
        if (cmd->code == COM_QUERY && !may_repeat && !secret_watch_may_ask(span_skip(body, cmd->text_at)) &&
            !secret_suspected(body)) {
                cmd->is_secret = false;
                return;
        }
        secret_watch_examine(w, statements, cmd, body);
}
/** Was the text of @p cmd, which has arrived, searched, and is secret_suspected false for it? */
static inline bool secret_watch_has_cleared(const struct secret_watch *w, const struct command *cmd)
{
        return w->is_on && cmd->code == COM_QUERY && !cmd->is_secret;
}
/** The session was reset: nothing is left of earlier statements. Call it only if no command has arrived since the one that did it: a
 *  later command may already have set what this clears. */
void secret_watch_on_reset(struct secret_watch *w);
/** May a column of that definition be a password? Then the rows of @p cmd are secret. @return true if the packet is, too. */
bool secret_watch_on_definition(struct secret_watch *w, const struct statements *statements,
                                struct command *cmd, struct span definition);
/** An error may quote a statement. @return true if the packet is secret. */
bool secret_watch_on_error(const struct secret_watch *w, const struct command *cmd, const struct err *err,
                           bool is_shown);
/** The same as on_definition, without a command. */
bool secret_watch_is_secret_definition(struct span definition);
/** Is @p event, of a binary log, sealed: does it contain rows or blocks of a file, or is it compressed? Such data has no names by
 *  which it could be searched. */
bool secret_watch_is_sealed_event(struct span event);

#endif
