#include "mysql/dissect/command_queue.h"

enum { BODY_SMALL = 4096, POOL_MAX = 256, TEXT_MAX = 4096 };

void command_free(struct command *cmd)
{
        if (cmd != NULL) {
                prof_free(cmd->body);
                prof_free(cmd->text);
                prof_free(cmd->changes);
                row_store_free(cmd->first_rows);
                prof_free(cmd);
        }
}

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

void command_queue_pop(struct command_queue *q)
{
        struct dissect_pool *pool = q->pool;
        struct command *cmd = q->head;
        q->head = cmd->next;
        q->count--;
        q->budget->used -= cmd->body_len;
        if (cmd->text != NULL || cmd->changes != NULL || cmd->first_rows != NULL) {
                drop_reply(q, cmd);
        }
        if (pool->n == POOL_MAX || cmd->body_size > BODY_SMALL) {
                command_free(cmd);
                return;
        }
        cmd->next = pool->first;
        pool->first = cmd;
        pool->n++;
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
