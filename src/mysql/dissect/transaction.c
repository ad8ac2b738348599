#include "mysql/dissect/transaction.h"

#include "mysql/sql/trx_verb.h"
#include "mysql/wire/capability.h"

enum {
        STATUS_NO_BACKSLASH_ESCAPES = 0x0200,
        STATUS_ANSI_QUOTES = 0x8000, /* only MariaDB has it */
        ERR_DEADLOCK = 1213,         /* the server has rolled the transaction back, and an ERR has no flags */
};

void transaction_on_greeting(struct transaction *t, struct span server_version)
{
        t->mode = sql_mode_of_server(server_version);
}

/* --- one transaction right behind another ----------------------------------------------------------------------------
 *
 * The flag stays set when COMMIT AND CHAIN, or BEGIN within a transaction, ends one transaction and begins the next, and when
 * nothing of the kind happens. Only the statement shows which. */

enum restart { GOES_ON, ENDS_HERE, BEGINS_HERE };

/** What a statement did to the transaction that it ran in, if it succeeded and a transaction is open after it. Of @p several statements, the
 *  last that did something counts. */
static enum restart restart_of(struct span text, struct sql_mode mode, bool several)
{
        if (!several && !trx_verb_may_restart(text)) {
                return GOES_ON;
        }
        enum trx_verb verb = several ? trx_verb_of_last(text, mode) : trx_verb_of(text, mode);
        switch ((int)verb) {
        case TRX_COMMIT:
        case TRX_ROLLBACK: return ENDS_HERE;
        case TRX_BEGIN: return BEGINS_HERE;
        default: return GOES_ON;
        }
}

/** The same for a prepared statement. Many short packets may execute it: its text is read once. */
static enum restart restart_of_statement(struct statement *st, struct sql_mode mode)
{
        if (!st->was_read || st->read_as != sql_mode_bits(mode)) {
                st->restart = (uint8_t)restart_of(span_of(st->text, st->text_len), mode, false);
                st->read_as = sql_mode_bits(mode);
                st->was_read = true;
        }
        return (enum restart)st->restart;
}

static enum restart restart_of_command(const struct statements *statements, const struct command *cmd,
                                       struct sql_mode mode)
{
        if (cmd->code == COM_QUERY) {
                return restart_of(command_text(cmd), mode, cmd->ends > 1);
        }
        struct statement *st =
            cmd->code == COM_STMT_EXECUTE ? statements_find(statements, cmd->stmt_id) : NULL;
        return st != NULL ? restart_of_statement(st, mode) : GOES_ON;
}

/* --- the end of a command ---------------------------------------------------------------------------------------------- */

/** A login: the session starts over. */
static void start_over(struct transaction *t)
{
        t->is_open = false;
        t->mode.ansi_quotes = false;
        t->mode.no_backslash_escapes = false;
}

void transaction_set_ansi_quotes(struct transaction *t, bool ansi_quotes)
{
        if (!t->mode.is_mariadb) {
                t->mode.ansi_quotes = ansi_quotes;
        }
}

void transaction_on_result(struct transaction *t, uint16_t status)
{
        struct transaction_between *b = &t->between;
        bool was_open = b->any ? b->is_open : t->is_open;
        b->any = true;
        b->is_open = (status & STATUS_IN_TRANS) != 0;
        b->begun += b->is_open && !was_open ? 1 : 0;
        b->ended = b->ended || (was_open && !b->is_open);
}

/** Apply the status flags, or the lack of them. */
static void apply_status(struct transaction *t, const struct command *cmd)
{
        if (cmd->has_status && !cmd->failed) {
                t->is_open = (cmd->status & STATUS_IN_TRANS) != 0;
                t->mode.no_backslash_escapes = (cmd->status & STATUS_NO_BACKSLASH_ESCAPES) != 0;
                if (t->mode.is_mariadb) {
                        t->mode.ansi_quotes = (cmd->status & STATUS_ANSI_QUOTES) != 0;
                }
        } else if (cmd->failed && cmd->errnum == ERR_DEADLOCK) {
                t->is_open = false;
        }
}

struct transaction_point transaction_advance(struct transaction *t, const struct statements *statements,
                                             const struct command *cmd)
{
        bool was_open = t->is_open;
        struct transaction_point point = {.mode = t->mode};
        bool is_new = cmd->code == COM_CHANGE_USER || cmd->code == COM_RESET_CONNECTION;
        if (is_new && (!cmd->failed || cmd->code == COM_CHANGE_USER)) {
                start_over(t); /* MariaDB keeps a session whose COM_CHANGE_USER failed, but resets it */
        }
        struct transaction_between between = t->between;
        if (between.any) {
                t->is_open = between.is_open;
                t->between = (struct transaction_between){.any = false};
        }
        bool was_open_last = t->is_open;
        apply_status(t, cmd);
        bool stays = was_open && t->is_open && cmd->has_status && !cmd->failed && !between.ended;
        enum restart restart = stays ? restart_of_command(statements, cmd, point.mode) : GOES_ON;
        if ((t->is_open && !was_open_last) || restart == BEGINS_HERE) {
                t->id++;
        }
        t->id += between.begun;
        point.id = t->is_open || was_open || between.begun > 0 ? t->id : 0;
        t->id += restart == ENDS_HERE ? 1 : 0;
        return point;
}
