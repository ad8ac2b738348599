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
        static const char replication_prefix[] = "5.5.5-"; /* MariaDB's, for old replicas */
        struct span v = server_version;
        size_t prefix = sizeof replication_prefix - 1;
        d->sql_mode = (struct sql_mode){.is_mariadb = memmem(v.data, v.len, "MariaDB", 7) != NULL};
        if (v.len > prefix && memcmp(v.data, replication_prefix, prefix) == 0) {
                v = span_skip(v, prefix);
                d->sql_mode.is_mariadb = true;
        }
        uint32_t parts[3] = {0, 0, 0};
        size_t part = 0;
        for (size_t i = 0; i < v.len && part < 3; i++) {
                uint8_t c = v.data[i];
                if (c >= '0' && c <= '9' && parts[part] < 100) {
                        parts[part] = parts[part] * 10 + (uint32_t)(c - '0');
                } else if (c == '.') {
                        part++;
                } else {
                        break;
                }
        }
        d->sql_mode.version = parts[0] * 10000 + parts[1] * 100 + parts[2];
}

void transaction_on_login(struct dissect *d)
{
        d->in_trans = false;
        d->sql_mode.ansi_quotes = false;
        d->sql_mode.no_backslash_escapes = false;
}

void transaction_put(struct dissect *d, const struct flight *f, struct record *r)
{
        bool was_open = d->in_trans;
        bool is_new = f->code == COM_CHANGE_USER || f->code == COM_RESET_CONNECTION;
        r->sql_mode = d->sql_mode;
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
        if (d->in_trans || was_open) {
                record_set_uint(r, FIELD_TRX_ID, d->trx_id);
        }
}
