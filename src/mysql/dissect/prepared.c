#include "mysql/dissect/prepared.h"

#include "base/utf8.h"
#include "mysql/dissect/emit.h"
#include "mysql/sql/secret.h"
#include "mysql/wire/charset.h"

bool prepared_add(struct dissect *d, const struct command *cmd, uint16_t n_params)
{
        if (d->statements.count >= d->settings->statements) {
                if (!d->statements_full) {
                        d->statements_full = true;
                        emit_notice(d, cmd->last_ns,
                                    "more prepared statements than limits.statements: the text and values of "
                                    "further statements are not logged");
                }
                return true;
        }
        struct span text = span_head(command_text(cmd), d->settings->query_bytes);
        struct span kept = span_head(text, budget_share_left(&d->budget, BUDGET_STATEMENTS));
        bool held_cut = cmd->body_is_cut || kept.len < text.len;
        text = kept;
        bool cut = cmd->true_len > cmd->text_at + text.len;
        struct statement *st = statements_add(
            &d->statements, cmd->stmt_id,
            cut && charset_is_utf8(d->vars.charsets.client) ? utf8_trim(text) : text); /* no half character */
        if (st == NULL) {
                return false;
        }
        st->true_len = cmd->true_len > cmd->text_at ? cmd->true_len - cmd->text_at : 0;
        st->n_params = n_params;
        st->text_is_cut = held_cut;
        st->charset = d->vars.charsets.client;
        st->is_plain = session_vars_is_plain(span_of(st->text, st->text_len));
        st->is_secret =
            cmd->is_secret || cmd->body_len < cmd->true_len || (cut && secret_suspected(command_body(cmd)));
        if (held_cut) {
                emit_held_notice(d, cmd->last_ns);
        }
        return true;
}
