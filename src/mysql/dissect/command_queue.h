/** @file command_queue.h  The commands in flight of one session, oldest first.
 *
 *      client -> [ head (the server answers it) ] <- waiting (waiting.h) <- client          head -> pop -> pool
 *
 * Only the head is *begun*: what a command means can depend on those before it (PREPARE, then EXECUTE of the last one). The others
 * wait behind it, in as little memory as possible.
 * Knows: what is kept of a command and of its reply.   Does not know: packets, records.
 * Threads: one owner.   Memory: STAGE_DISSECT; freed commands go to the thread's pool, bodies of up to 4 KiB with them. */
#ifndef MYSQL_DISSECT_COMMAND_QUEUE_H
#define MYSQL_DISSECT_COMMAND_QUEUE_H

#include "mysql/dissect/budget.h"
#include "mysql/dissect/command.h"
#include "mysql/dissect/dissect_settings.h"
#include "mysql/dissect/waiting.h"
#include "profile/heap/prof.h"

#include <string.h>

/** How many commands a pool keeps, and the bytes of a body that is kept with its command. */
enum { COMMAND_POOL_MAX = 256, COMMAND_BODY_SMALL = 4096 };

struct command_queue {
        struct command *head;    /**< the oldest; NULL: no command is in flight */
        struct waiting *waiting; /**< those behind it; NULL: there are none */
        uint32_t count;          /**< all of them */
        struct dissect_pool *pool;
        struct budget *budget;
};

/** @return a command that is in no queue, zeroed but for body and body_size; NULL when memory is out. */
static inline struct command *command_queue_new(struct command_queue *q)
{
        struct command *cmd = q->pool->first;
        if (cmd == NULL) {
                return (struct command *)prof_calloc(STAGE_DISSECT, 1, sizeof *cmd);
        }
        q->pool->first = cmd->next;
        q->pool->n--;
        memset((uint8_t *)cmd + offsetof(struct command, type), 0,
               span_unknown(sizeof *cmd - offsetof(struct command, type)));
        return cmd;
}

/** Copy the beginning of the request, as far as the budget goes. Once for each command. @return false when memory is out. */
static inline bool command_queue_keep_body(struct command_queue *q, struct command *cmd, struct span body)
{
        struct span kept = span_head(body, budget_left(q->budget));
        if (!command_fit_body(cmd, kept.len)) {
                return false;
        }
        if (kept.len > 0) {
                memcpy(cmd->body, kept.data, kept.len);
        }
        cmd->body_len = kept.len;
        if (kept.len < body.len) {
                cmd->body_is_cut = true;
        }
        q->budget->used += kept.len;
        return true;
}

/** Let @p cmd be the head of the queue, which owns it from here on; there must be none. */
static inline void command_queue_put_head(struct command_queue *q, struct command *cmd)
{
        q->head = cmd;
        q->count++;
}

/** Append @p cmd behind the head, with as much of @p body as the budget allows; @p cmd remains the caller's, and its own body is not used.
 *  @return false when memory is out. */
bool command_queue_append(struct command_queue *q, struct command *cmd, struct span body);
/** There is no head, and commands wait: let the oldest of them be the head. @return false when memory is out. */
bool command_queue_promote(struct command_queue *q);
/** @return the newest command, which may be loaded to @p scratch; NULL: no command is in flight. */
const struct command *command_queue_newest(const struct command_queue *q, struct command *scratch);
/** Remove all commands. */
void command_queue_clear(struct command_queue *q);

/** Replace the text of the reply. @return false when memory is out. */
bool command_queue_keep_text(struct command_queue *q, struct command *cmd, struct span text);
/** Free what @p cmd, which is in no queue, keeps of the reply; and all of it if the pool is full or the body is large. */
void command_queue_recycle(struct command_queue *q, struct command *cmd);

/** Leave @p cmd, which is in no queue and keeps nothing but a body, to the pool. */
static inline void command_pool_put(struct dissect_pool *pool, struct command *cmd)
{
        cmd->next = pool->first;
        pool->first = cmd;
        pool->n++;
}

/** Remove the head, of which there is one. */
static inline void command_queue_pop(struct command_queue *q)
{
        struct dissect_pool *pool = q->pool;
        struct command *cmd = q->head;
        q->head = NULL;
        q->count--;
        q->budget->used -= cmd->body_len;
        if (pool->n == COMMAND_POOL_MAX || cmd->body_size > COMMAND_BODY_SMALL || cmd->text != NULL ||
            cmd->changes != NULL || cmd->first_rows != NULL) {
                command_queue_recycle(q, cmd);
                return;
        }
        command_pool_put(pool, cmd);
}

#endif
