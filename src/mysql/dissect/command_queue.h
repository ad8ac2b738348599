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
#include "mysql/dissect/dissect_settings.h"
#include "mysql/dissect/row_store.h"
#include "mysql/dissect/waiting.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <string.h>

/** What the server is expected to send next for the command at the head. */
enum reply_state {
        REPLYING_FIRST,
        REPLYING_DEFS,
        REPLYING_DEFS_EOF,
        REPLYING_ROWS,
        REPLYING_MAYBE_ENDED, /**< rows, or nothing more; see early_eof.h */
        REPLYING_LOCAL_FILE,  /**< nothing: the client sends the file */
        REPLYING_AUTH,
        REPLYING_STREAM,
        REPLYING_COUNT
};

struct command {
        struct command *next; /**< in the pool */
        uint8_t *body;        /**< the beginning of the request, from the command's code on */
        size_t body_size;     /**< allocated; what follows is zeroed for each command */
        const struct command_type *type;
        uint8_t code;
        bool begun;
        bool done;
        bool is_part;      /**< the server answered before all of it was sent; begun without request_begin */
        bool acknowledged; /**< in a stream: the client has sent packets meanwhile */
        bool seq_known;    /**< next_seq holds; it does not after a rule of sequence was broken */
        uint8_t next_seq;  /**< of the exchange's next packet, of either side */
        bool frame_known;  /**< the same for compressed frames */
        uint8_t next_frame;
        enum reply_state state;
        uint64_t seq_num;  /**< 1 is the session's first command */
        uint64_t start_ns; /**< first byte of the request */
        uint64_t sent_ns;  /**< its last byte */
        uint64_t first_ns; /**< first byte of the reply; 0 = none came */
        uint64_t last_ns;
        uint64_t bytes_sent;
        uint64_t bytes_received;

        size_t body_len; /**< of body, in use */
        uint64_t true_len;
        uint64_t dropped;        /**< bytes of long values that are missing within body (value_filter.h) */
        uint16_t counted_params; /**< see struct message */
        size_t text_at;          /**< where the text begins in body; attributes may stand before it */
        uint32_t stmt_id;
        bool has_stmt_id;
        bool is_secret;  /**< contains a password, or may; see secret_watch_covers */
        uint8_t secrecy; /**< enum secrecy: what the reply may repeat of earlier statements */
        bool
            is_plain; /**< a SELECT or the like, which changes nothing in the session; see session_vars_is_plain */

        uint64_t defs_left; /**< column definitions to come */
        uint64_t defs_next; /**< of the group after (PREPARE: columns after parameters) */
        uint64_t columns;
        uint64_t rows;
        uint64_t rows_before; /**< rows of the results before the current one */
        uint64_t results;
        uint64_t affected_rows;
        uint64_t last_insert_id;
        uint64_t warnings;
        uint64_t ends; /**< results that ended well */
        uint32_t
            rows_wanted; /**< rows of the current result that are still to be kept; 0: they are only counted */
        uint16_t status;
        uint16_t errnum;
        char sqlstate[6];
        bool has_status;    /**< an OK or EOF came */
        bool failed;        /**< an ERR came */
        bool out_params;    /**< the current result has OUT parameters, and another one follows */
        bool without_defs;  /**< the server leaves definitions out */
        bool had_early_eof; /**< in the current result: see early_eof.h */
        bool text_lost;     /**< it is not known where the statement's text begins */
        bool body_is_cut;   /**< by limits.held_bytes */
        bool changes_cut;   /**< session tracking reported more than is kept */
        uint8_t *text;      /**< the ERR's message or the OK's info */
        size_t text_len;
        uint8_t *changes; /**< what session tracking reported, as on the wire */
        size_t changes_len;
        struct row_store *first_rows; /**< NULL unless settings->rows */
};

_Static_assert(sizeof(struct command) - offsetof(struct command, type) <= 272,
               "each command is zeroed: up to here in a few stores");

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

/** Let @p cmd have space for a body of @p len bytes. @return false when memory is out. */
static inline bool command_fit_body(struct command *cmd, size_t len)
{
        if (len > cmd->body_size) {
                uint8_t *bigger = (uint8_t *)prof_realloc(STAGE_DISSECT, cmd->body, len);
                if (bigger == NULL) {
                        return false;
                }
                cmd->body = bigger;
                cmd->body_size = len;
        }
        return true;
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

/** Free a command that is in no queue. NULL is allowed. */
void command_free(struct command *cmd);

static inline struct span command_body(const struct command *cmd)
{
        return span_of(cmd->body, cmd->body_len);
}

/** The text of the statement, or the name, as far as it is kept. */
static inline struct span command_text(const struct command *cmd)
{
        return span_skip(command_body(cmd), cmd->text_at);
}

#endif
