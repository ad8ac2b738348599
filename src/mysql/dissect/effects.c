#include "mysql/dissect/effects.h"

static void forget_secrets(struct dissect *d)
{
        if (d->queue.waiting == NULL) {
                secret_watch_on_reset(&d->secrets);
        }
}

bool effects_apply(struct dissect *d, const struct command *cmd)
{
        struct statement *st;
        switch (cmd->code) {
        case COM_INIT_DB:
                return d->vars.next_database.at != NULL ||
                       session_vars_set_next_database(&d->vars, command_text(cmd), d->vars.charsets.client);
        case COM_RESET_CONNECTION:
                statements_clear(&d->statements);
                forget_secrets(d);
                session_vars_reset(&d->vars, dissector_is_mariadb(d));
                return true;
        case COM_STMT_RESET:
                st = statements_find(&d->statements, cmd->stmt_id);
                if (st != NULL) {
                        statement_drop_long_data(&d->statements, st);
                }
                return true;
        case COM_CHANGE_USER:
                statements_clear(&d->statements);
                forget_secrets(d);
                session_vars_change_user(&d->vars);
                return true;
        default: return true;
        }
}

void effects_of_failure(struct dissect *d, const struct command *cmd)
{
        if (cmd->code == COM_CHANGE_USER) {
                statements_clear(&d->statements);
                session_vars_keep_user(&d->vars);
        }
}
