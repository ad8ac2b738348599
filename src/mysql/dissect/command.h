/** @file command.h  A command in flight: what is kept of its request, and of its reply so far.
 * Knows: what a command consists of.   Does not know: queues, packets, records.
 * Threads: one owner.   Memory: STAGE_DISSECT. */
#ifndef MYSQL_DISSECT_COMMAND_H
#define MYSQL_DISSECT_COMMAND_H

#include "mysql/dissect/row_store.h"
#include "mysql/wire/command.h"
#include "mysql/wire/packet_kind.h"
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

/** What the packets are that follow the head of its reply, or all of them for a command that has no such head. */
static inline enum packet_kind command_row_kind(const struct command *cmd)
{
        if (cmd->type->shape == SHAPE_FIELDS) {
                return PACKET_COLUMN_DEFINITION;
        }
        return cmd->type->has_stmt_id ? PACKET_BINARY_ROW : PACKET_ROW;
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
