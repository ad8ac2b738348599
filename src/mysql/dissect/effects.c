#include "mysql/dissect/effects.h"

#include "mysql/wire/capability.h"

#include <strings.h>

/** Apply "USE name", which servers report only to clients that track the session. @return false when memory is out. */
static bool apply_use(struct dissect *d, const struct command *cmd)
{
        struct span text = command_text(cmd);
        if (text.len < 5 || (text.data[0] | 0x20) != 'u' ||
            strncasecmp((const char *)text.data, "use ", 4) != 0) {
                return true;
        }
        text = span_skip(text, 4);
        while (text.len > 0 && strchr(" \t\r\n;`", text.data[text.len - 1]) != NULL) {
                text.len--;
        }
        while (text.len > 0 && strchr(" \t\r\n`", text.data[0]) != NULL) {
                text = span_skip(text, 1);
        }
        return text.len == 0 || session_vars_set_next_database(&d->vars, text, d->vars.charsets.client);
}

bool effects_apply(struct dissect *d, const struct command *cmd)
{
        struct statement *st;
        switch (cmd->code) {
        case COM_INIT_DB:
                return d->vars.next_database.at != NULL ||
                       session_vars_set_next_database(&d->vars, command_text(cmd), d->vars.charsets.client);
        case COM_QUERY: return (d->capabilities & CAP_SESSION_TRACK) != 0 || apply_use(d, cmd);
        case COM_RESET_CONNECTION:
                statements_clear(&d->statements);
                secret_watch_on_reset(&d->secrets, cmd);
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
                secret_watch_on_reset(&d->secrets, cmd);
                session_vars_change_user(&d->vars);
                return true;
        default: return true;
        }
}
