#include "mysql/dissect/command_queue.h"

enum { TEXT_MAX = 4096 };

/** Free what is kept of the reply. */
static void drop_reply(struct command_queue *q, struct command *cmd)
{
        q->budget->used -= cmd->text_len + cmd->changes_len;
        prof_free(cmd->text);
        prof_free(cmd->changes);
        row_store_free(cmd->first_rows);
        cmd->text = NULL;
        cmd->changes = NULL;
        cmd->first_rows = NULL;
}

void command_queue_recycle(struct command_queue *q, struct command *cmd)
{
        struct dissect_pool *pool = q->pool;
        drop_reply(q, cmd);
        if (pool->n == COMMAND_POOL_MAX || cmd->body_size > COMMAND_BODY_SMALL) {
                command_free(cmd);
                return;
        }
        command_pool_put(pool, cmd);
}

/* --- behind the head --------------------------------------------------------------------------------------------------- */

/** No command waits any more: keep one list for the thread. */
static void leave_waiting(struct command_queue *q)
{
        if (q->pool->waiting == NULL) {
                q->pool->waiting = q->waiting;
        } else {
                waiting_free(q->waiting);
        }
        q->waiting = NULL;
}

bool command_queue_append(struct command_queue *q, struct command *cmd, struct span body)
{
        struct dissect_pool *pool = q->pool;
        struct span kept = span_head(body, budget_left(q->budget));
        if (q->waiting == NULL) {
                q->waiting = pool->waiting != NULL ? pool->waiting : waiting_new();
                pool->waiting = NULL;
        }
        cmd->body_is_cut = kept.len < body.len;
        if (q->waiting == NULL) {
                return false;
        }
        if (!waiting_push(q->waiting, cmd, kept)) {
                if (q->waiting->n == 0) {
                        leave_waiting(q); /* there is a list only while commands wait */
                }
                return false;
        }
        q->budget->used += kept.len;
        q->count++;
        return true;
}

bool command_queue_promote(struct command_queue *q)
{
        struct command *cmd = command_queue_new(q);
        if (cmd == NULL || !waiting_pop(q->waiting, cmd)) {
                command_free(cmd);
                return false;
        }
        q->head = cmd;
        if (q->waiting->n == 0) {
                leave_waiting(q);
        }
        return true;
}

const struct command *command_queue_newest(const struct command_queue *q, struct command *scratch)
{
        if (q->waiting == NULL) {
                return q->head;
        }
        waiting_newest(q->waiting, scratch);
        return scratch;
}

void command_queue_clear(struct command_queue *q)
{
        struct waiting_cursor cursor = waiting_walk(q->waiting);
        struct command cmd;
        while (waiting_next(&cursor, &cmd)) {
                q->budget->used -= cmd.body_len;
                q->count--;
        }
        waiting_free(q->waiting);
        q->waiting = NULL;
        if (q->head != NULL) {
                command_queue_pop(q);
        }
}

bool command_queue_keep_text(struct command_queue *q, struct command *cmd, struct span text)
{
        struct span kept = span_head(text, TEXT_MAX);
        if (cmd->text == NULL && kept.len == 0) {
                return true;
        }
        prof_free(cmd->text);
        q->budget->used -= cmd->text_len;
        cmd->text_len = 0;
        cmd->text = NULL;
        if (kept.len == 0) {
                return true;
        }
        cmd->text = prof_alloc(STAGE_DISSECT, kept.len);
        if (cmd->text == NULL) {
                return false;
        }
        memcpy(cmd->text, kept.data, kept.len);
        cmd->text_len = kept.len;
        q->budget->used += kept.len;
        return true;
}
