/* What the server's status flags tell from one reply to the next: transactions, and how it reads statements. */
#include "mysql/dissect_state.h"

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

void transaction_put(struct dissect *d, const struct flight *f, struct record *r)
{
        r->sql_mode = d->sql_mode;
        if (transaction_see(d, f)) {
                RECORD_PUT(r, FIELD_TRX_ID, trx_id, d->trx_id);
        }
}

bool transaction_see(struct dissect *d, const struct flight *f)
{
        bool was_open = d->in_trans;
        bool is_new = f->code == COM_CHANGE_USER || f->code == COM_RESET_CONNECTION;
        if (is_new && !f->failed) {
                transaction_on_login(d);
        }
        if (f->has_status && !f->failed) {
                d->in_trans = (f->status & STATUS_IN_TRANS) != 0;
                d->sql_mode.no_backslash_escapes = (f->status & STATUS_NO_BACKSLASH_ESCAPES) != 0;
                d->sql_mode.ansi_quotes = d->sql_mode.is_mariadb && (f->status & STATUS_ANSI_QUOTES) != 0;
        } else if (f->failed && f->errnum == ERR_DEADLOCK) {
                d->in_trans = false;
        }
        if (d->in_trans && !was_open) {
                d->trx_id++;
        }
        return d->in_trans || was_open;
}
