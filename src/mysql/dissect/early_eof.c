#include "mysql/dissect/early_eof.h"

#include "mysql/dissect/completion.h"
#include "mysql/dissect/effects.h"
#include "mysql/dissect/multi_result.h"

static bool is_eof(const struct dissect *d, const struct message *m)
{
        return dissector_deprecates_eof(d) && m->first == REPLY_EOF && m->len <= REPLY_EOF_LENGTH;
}

bool early_eof_takes(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct ok eof;
        bool is_behind_definitions = cmd->type->shape == SHAPE_RESULT && cmd->rows == cmd->rows_before;
        if (!is_behind_definitions || cmd->had_early_eof || !is_eof(d, m) || !eof_parse(m->body, &eof)) {
                return false;
        }
        if (cmd->code == COM_STMT_EXECUTE && (eof.status & STATUS_CURSOR_EXISTS) != 0) {
                return false; /* the rows wait for COM_STMT_FETCH */
        }
        lint_break(&d->lint, LINT_EOF_BEHIND_COLUMNS);
        lint_status(&d->lint, cmd->code, eof.status, d->capabilities);
        cmd->had_early_eof = true;
        cmd->status = eof.status;
        cmd->warnings = eof.warnings;
        cmd->has_status = true;
        cmd->state = REPLYING_MAYBE_ENDED;
        d->eof_open = true;
        return true;
}

bool early_eof_is_between(struct dissect *d, const struct command *cmd, const struct message *m)
{
        if (cmd->type->shape != SHAPE_PREPARE || !is_eof(d, m)) {
                return false;
        }
        lint_break(&d->lint, LINT_EOF_BEHIND_COLUMNS);
        return true;
}

/** The EOF was the end of the result, and of the reply. @return why the session can't be followed; NULL: it can. */
static const char *end_reply(struct dissect *d, struct command *cmd)
{
        const struct ok eof = {.status = cmd->status, .warnings = (uint16_t)cmd->warnings};
        cmd->ends++;
        cmd->done = true;
        if (d->multi_result != NULL) {
                multi_result_add(&d->multi_result, cmd, 0);
        }
        bool ok = session_vars_on_ok(&d->vars, &d->queue, cmd, &eof) && effects_apply(d, cmd);
        return ok ? completion_advance(d) : outcome_no_memory().give_up;
}

bool early_eof_settle(struct dissect *d, const struct message *m, struct outcome *out)
{
        struct command *cmd = d->queue.head;
        bool is_compressed = d->streams[SIDE_SERVER].compress != NULL; /* packets are not numbered in order */
        d->eof_open = false;
        if (early_eof_may_have_ended(d)) {
                bool goes_on = is_compressed ? d->queue.waiting == NULL : m->seq == cmd->next_seq;
                const char *reason = NULL;
                if (goes_on) {
                        cmd->state = REPLYING_ROWS;
                } else {
                        reason = end_reply(d, cmd);
                }
                *out = outcome_unreadable(reason);
                return reason != NULL;
        }
        /* behind the reply to a COM_STMT_PREPARE */
        bool is_next =
            is_compressed ? cmd == NULL : m->seq == d->eof_seq && (cmd == NULL || cmd->first_ns == 0);
        if (!is_next || !is_eof(d, m)) {
                return false;
        }
        lint_break(&d->lint, LINT_EOF_BEHIND_COLUMNS);
        *out = outcome_of(PACKET_EOF);
        return true;
}

void early_eof_end(struct dissect *d)
{
        if (early_eof_may_have_ended(d)) {
                (void)end_reply(d, d->queue.head);
        }
}
