/* What the server's status flags tell from one reply to the next: transactions, and how it reads statements. */
#include "mysql/dissect/dissect_state.h"

enum {
        STATUS_IN_TRANS = 0x0001,
        STATUS_NO_BACKSLASH_ESCAPES = 0x0200,
        STATUS_ANSI_QUOTES = 0x8000, /* MariaDB's alone */
        ERR_DEADLOCK = 1213,         /* it has rolled the transaction back, and an ERR has no flags */
};

void transaction_on_greeting(struct dissect *d, struct span server_version)
{
        d->sql_mode = sql_mode_of_server(server_version);
}

void transaction_on_login(struct dissect *d)
{
        d->in_trans = false;
        d->sql_mode.ansi_quotes = false;
        d->sql_mode.no_backslash_escapes = false;
}

/* --- one transaction right behind another ----------------------------------------------------------------------------
 *
 * The flag stays set where COMMIT AND CHAIN, or BEGIN within a transaction, ends one and begins the next; and where nothing of
 * the kind happens. Only the statement tells. */

enum restart { GOES_ON, ENDS_HERE, BEGINS_HERE };

/** A quick look at the first letters: is it worth the lexer? */
static bool may_restart(struct span text)
{
        static const char *const heads[] = {"CO", "RO", "BE", "ST"};
        while (text.len > 0 && (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r'))) {
                text = span_skip(text, 1);
        }
        if (text.len < 2) {
                return false;
        }
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
                if ((text.data[0] & 0xdf) == heads[i][0] && (text.data[1] & 0xdf) == heads[i][1]) {
                        return true;
                }
        }
        return memchr("/-#", text.data[0], 3) != NULL;
}

static struct sql_token next_word(struct sql_lexer *lexer)
{
        struct sql_token t = sql_next(lexer);
        while (t.kind == SQL_COMMENT) {
                t = sql_next(lexer);
        }
        return t;
}

/** What a statement that worked within a transaction, and left one open, does to it. */
static enum restart restart_of(struct span text, struct sql_mode mode)
{
        if (!may_restart(text)) {
                return GOES_ON;
        }
        struct sql_lexer lexer = sql_lexer_over(text, mode);
        struct sql_token first = next_word(&lexer);
        struct sql_token second = next_word(&lexer);
        if (sql_is(&second, "WORK")) {
                second = next_word(&lexer);
        }
        if (sql_is(&first, "COMMIT") || (sql_is(&first, "ROLLBACK") && !sql_is(&second, "TO"))) {
                return ENDS_HERE;
        }
        bool begins = sql_is(&first, "BEGIN") && !sql_is(&second, "NOT"); /* NOT ATOMIC: a block */
        bool starts = sql_is(&first, "START") && sql_is(&second, "TRANSACTION");
        return begins || starts ? BEGINS_HERE : GOES_ON;
}

/** The same of a prepared statement, which many short packets may execute: its text is not read for each of them. */
static enum restart restart_of_statement(struct statement *st, struct sql_mode mode)
{
        if (!st->was_read || st->read_as != sql_mode_bits(mode)) {
                st->restart = (uint8_t)restart_of(span_of(st->text, st->text_len), mode);
                st->read_as = sql_mode_bits(mode);
                st->was_read = true;
        }
        return (enum restart)st->restart;
}

static enum restart restart_of_command(struct dissect *d, const struct command *cmd, struct sql_mode mode)
{
        if (cmd->code == COM_QUERY) {
                return restart_of(span_skip(span_of(cmd->body, cmd->body_len), cmd->text_at), mode);
        }
        struct statement *st =
            cmd->code == COM_STMT_EXECUTE ? statements_find(&d->statements, cmd->stmt_id) : NULL;
        return st != NULL ? restart_of_statement(st, mode) : GOES_ON;
}

/* --- the end of a command ---------------------------------------------------------------------------------------------- */

void transaction_put(struct dissect *d, const struct command *cmd, struct record *r)
{
        r->sql_mode = d->sql_mode;
        uint64_t trx_id = transaction_see(d, cmd);
        if (trx_id > 0) {
                record_set_uint(r, FIELD_TRX_ID, trx_id);
        }
}

uint64_t transaction_see(struct dissect *d, const struct command *cmd)
{
        bool was_open = d->in_trans;
        struct sql_mode mode = d->sql_mode; /* which it was read in */
        bool is_new = cmd->code == COM_CHANGE_USER || cmd->code == COM_RESET_CONNECTION;
        if (is_new && !cmd->failed) {
                transaction_on_login(d);
        }
        if (cmd->has_status && !cmd->failed) {
                d->in_trans = (cmd->status & STATUS_IN_TRANS) != 0;
                d->sql_mode.no_backslash_escapes = (cmd->status & STATUS_NO_BACKSLASH_ESCAPES) != 0;
                d->sql_mode.ansi_quotes = d->sql_mode.is_mariadb && (cmd->status & STATUS_ANSI_QUOTES) != 0;
        } else if (cmd->failed && cmd->errnum == ERR_DEADLOCK) {
                d->in_trans = false;
        }
        bool stays = was_open && d->in_trans && cmd->has_status && !cmd->failed;
        enum restart restart = stays ? restart_of_command(d, cmd, mode) : GOES_ON;
        if ((d->in_trans && !was_open) || restart == BEGINS_HERE) {
                d->trx_id++;
        }
        uint64_t told = d->in_trans || was_open ? d->trx_id : 0;
        d->trx_id += restart == ENDS_HERE ? 1 : 0;
        return told;
}
