/** @file parse_context.h  Bytes that came at once, from one side, on their way through the dissector; and the packets among them that
 * wait to be shown together.
 *
 * Knows: who wants packets, and what of them must not be shown.   Does not know: what packets mean.
 * Threads: one owner.   Memory: on the stack of dissect_feed. */
#ifndef MYSQL_DISSECT_PARSE_CONTEXT_H
#define MYSQL_DISSECT_PARSE_CONTEXT_H

#include "mysql/dissect/dissector.h"

enum { PARSE_BATCH_MAX = 32 };

struct parse_context {
        struct dissect *d;
        struct packet_stream *stream;
        uint64_t now_ns;
        enum side from;
        size_t n;          /**< packets that wait to be shown together */
        bool is_cleared;   /**< the packet that is shown next was searched for passwords, and has none */
        bool redacted;     /**< only what identifies them may be shown */
        struct span batch; /**< their bytes */
        uint16_t kinds[PARSE_BATCH_MAX]; /**< enum packet_kind of each; written before they are read */
};

static inline void parse_context_begin(struct parse_context *ctx, struct dissect *d, enum side from,
                                       uint64_t now_ns)
{
        ctx->d = d;
        ctx->stream = &d->streams[from];
        ctx->now_ns = now_ns;
        ctx->from = from;
        ctx->n = 0;
        ctx->is_cleared = false;
}

/** Show the packets that wait. */
void parse_context_flush(struct parse_context *ctx);

/** Let @p packet, complete with its header, wait to be shown. It stands right behind those that wait. */
static inline void parse_context_add(struct parse_context *ctx, struct span packet, enum packet_kind kind,
                                     bool redacted)
{
        if (ctx->n == PARSE_BATCH_MAX || (ctx->n > 0 && ctx->redacted != redacted)) {
                parse_context_flush(ctx);
        }
        if (ctx->n == 0) {
                ctx->batch = (struct span){packet.data, 0};
                ctx->redacted = redacted;
        }
        ctx->batch.len += packet.len;
        ctx->kinds[ctx->n++] = (uint16_t)kind;
}

/** Show the complete packet that was just handled; packets are wanted. @p packet includes its header. */
void parse_context_show(struct parse_context *ctx, struct span packet);
/** Show a packet that came in pieces. @p bytes is what is kept of it. */
void parse_context_show_kept(struct parse_context *ctx, uint8_t seq, uint32_t length, struct span bytes);

/** The length of the packet at the front of @p bytes with its header; 0 if it is incomplete, or another continues it. */
static inline size_t parse_context_whole_packet(struct span bytes)
{
        if (bytes.len >= FRAME_HEADER_SIZE) {
                uint32_t length = frame_length(frame_header(bytes.data));
                if (length < FRAME_MAX_PAYLOAD && length <= bytes.len - FRAME_HEADER_SIZE) {
                        return FRAME_HEADER_SIZE + length;
                }
        }
        return 0;
}

#endif
