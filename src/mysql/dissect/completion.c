#include "mysql/dissect/completion.h"

#include "base/specialized.h"
#include "mysql/dissect/default_database.h"
#include "mysql/dissect/emit.h"
#include "mysql/dissect/execute.h"
#include "mysql/dissect/multi_result.h"
#include "mysql/dissect/request.h"
#include "mysql/dissect/row_hashing.h"

/** The statement's long data was for this execution only. A function of its own: what it needs of the stack, the other commands do
 *  not. */
__attribute__((noinline)) static void complete_execution(struct dissect *d, const struct command *cmd,
                                                         struct transaction_point point, const char *reason)
{
        struct execution execution;
        execute_decode(d, cmd, &execution);
        if (execution.odd_length) {
                emit_odd_length(d, cmd);
        }
        emit_command(d, cmd, point, &execution, reason);
        if (execution.st != NULL && execution.st->long_data.n > 0 && cmd->code == COM_STMT_EXECUTE) {
                statement_drop_long_data(&d->statements, execution.st);
        }
}

/** Drop what the statement of @p cmd keeps for this execution, without reading it. */
__attribute__((noinline)) static void skip_execution(struct dissect *d, const struct command *cmd)
{
        struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        if (st != NULL) {
                statement_drop_long_data(&d->statements, st);
        }
}

/** Nobody wants a record. */
static inline void count(struct dissect *d, const struct command *cmd)
{
        d->sink.on_command(d->sink.arg);
        if (cmd->code == COM_STMT_EXECUTE) {
                skip_execution(d, cmd);
        }
}

/** @p reason: why there is no complete reply; NULL if there is one. */
SPECIALIZED void complete(struct dissect *d, const struct command *cmd, const char *reason)
{
        if (d->settings->count_only) {
                count(d, cmd);
        } else {
                struct transaction_point point = transaction_advance(&d->transaction, &d->statements, cmd);
                if (cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE) {
                        complete_execution(d, cmd, point, reason);
                } else {
                        emit_command(d, cmd, point, NULL, reason);
                }
        }
        if (d->multi_result != NULL) {
                multi_result_drop(&d->multi_result);
        }
        if (d->row_hashes != NULL) {
                row_hashing_drop(d);
        }
        value_buffer_shrink(&d->values);
        d->records++;
        if (cmd->code == COM_STMT_CLOSE) {
                statements_remove(&d->statements, cmd->stmt_id);
        }
}

static void fail(struct dissect *d, struct command *cmd, const char *reason, uint64_t end_ns)
{
        cmd->last_ns = end_ns > cmd->last_ns ? end_ns : cmd->last_ns;
        complete(d, cmd, reason);
}

void completion_fail_all(struct dissect *d, const char *reason, uint64_t end_ns)
{
        struct waiting_cursor cursor = waiting_walk(d->queue.waiting);
        struct command cmd;
        if (d->queue.head != NULL) {
                fail(d, d->queue.head, reason, end_ns);
        }
        while (waiting_next(&cursor, &cmd)) {
                fail(d, &cmd, reason, end_ns);
        }
}

/** More commands than the limits allow were in flight: are half of them answered? */
static void relax(struct dissect *d)
{
        const struct budget *budget = &d->budget;
        bool are_few = d->queue.count <= d->settings->pipeline / 2 && budget->used <= budget->limit / 2;
        if (are_few || d->queue.count <= 1) {
                d->crowding = CROWDING_NONE;
                d->has_news = true;
        }
}

const char *completion_advance(struct dissect *d)
{
        while (d->queue.head != NULL && d->phase == PHASE_READY) {
                struct command *cmd = d->queue.head;
                if (!cmd->begun) {
                        cmd->begun = true;
                        const char *give_up = request_begin(d, cmd);
                        if (give_up != NULL) {
                                return give_up;
                        }
                }
                if (!cmd->done) {
                        return NULL;
                }
                struct sql_mode mode = d->transaction.mode;
                complete(d, cmd, cmd->is_part ? "the server answered before the command was complete" : NULL);
                if (!session_vars_are_settled(&d->vars, cmd)) {
                        default_database_note(d, cmd, mode);
                        session_vars_advance(&d->vars, &d->statements, cmd, mode);
                        transaction_set_ansi_quotes(&d->transaction, d->vars.ansi_quotes);
                        value_buffer_shrink(&d->vars.changes);
                }
                command_queue_pop(&d->queue);
                if (d->queue.waiting != NULL && !command_queue_promote(&d->queue)) {
                        return "out of memory";
                }
                if (d->crowding != CROWDING_NONE) {
                        relax(d);
                }
        }
        return d->resync.is_missing && d->queue.head == NULL ? RESYNC_TOO_MANY : NULL;
}
