/* Bytes become packets, packets become messages, and messages go to the handler of the phase. */
#include "mysql/dissect/completion.h"
#include "mysql/dissect/dissect.h"
#include "mysql/dissect/emit.h"
#include "mysql/dissect/fastpath.h"
#include "mysql/dissect/forget.h"
#include "mysql/dissect/give_up.h"
#include "mysql/dissect/phase.h"
#include "mysql/dissect/result.h"
#include "mysql/dissect/resync.h"
#include "mysql/dissect/value_filter.h"

enum {
        SMALL_LIMIT = 64 * 1024, /* of a greeting, login, OK or ERR: the rest is not parsed */
        ATTRIBUTES_ROOM = 64 * 1024,
        REFUSAL_MAX = 4 * 1024, /* of an ERR in answer to a login; texts have at most 512 characters */
};

/* --- how much of a message is parsed ----------------------------------------------------------------------- */

static size_t choose_limit(const struct dissect *d, enum side from, uint8_t first)
{
        if (d->phase != PHASE_READY) {
                return SMALL_LIMIT;
        }
        if (from == SIDE_SERVER) {
                return result_limit(d, first);
        }
        if (d->draining || (d->queue.head != NULL && d->queue.head->state == REPLYING_LOCAL_FILE)) {
                return 0;
        }
        return d->settings->query_bytes + 1 + ATTRIBUTES_ROOM;
}

static size_t limit_of(const struct dissect *d, enum side from, uint8_t first)
{
        size_t limit = choose_limit(d, from, first);
        return limit > DISSECT_EVIDENCE ? limit : DISSECT_EVIDENCE;
}

/* --- complete packets, which nearly all are ---------------------------------------------------------------------- */

static void report_lint(struct parse_context *ctx, uint8_t seq, uint32_t length, struct span bytes)
{
        const struct lint_evidence e = {
            .from = ctx->from, .seq = seq, .length = length, .mono_ns = ctx->now_ns, .bytes = bytes};
        emit_lint(ctx->d, &e);
}

/** Go on with the commands at the head of the queue, if there is something to do. */
static inline void advance(struct dissect *d)
{
        const struct command *head = d->queue.head;
        if (head != NULL && (head->done || !head->begun)) {
                const char *reason = completion_advance(d);
                if (reason != NULL) {
                        give_up(d, reason, NULL, SIDE_CLIENT);
                }
        }
}

/** The message @p m was handled: note what it was, or stop following. */
static inline void take_outcome(struct parse_context *ctx, struct outcome outcome, const struct message *m)
{
        struct dissect *d = ctx->d;
        d->packet_kind = outcome.kind;
        if (outcome.give_up != NULL) {
                give_up(d, outcome.give_up, outcome.is_unreadable ? m : NULL, ctx->from);
        }
}

static void give_up_unexpected(struct parse_context *ctx)
{
        give_up(ctx->d, "a packet from the side that should be waiting", NULL, ctx->from);
}

static void take_whole(struct parse_context *ctx, struct span packet)
{
        struct dissect *d = ctx->d;
        phase_handler *handle = phase_table[d->phase].from[ctx->from];
        struct span payload = span_skip(packet, FRAME_HEADER_SIZE);
        if (handle == NULL) {
                give_up_unexpected(ctx);
                return;
        }
        struct message m = {
            .body = payload,
            .len = payload.len,
            .wire = packet_stream_wire(ctx->stream, packet.len),
            .start_ns = ctx->now_ns,
            .end_ns = ctx->now_ns,
            .seq = packet.data[3],
            .last = packet.data[3],
            .first = payload.len > 0 ? payload.data[0] : 0,
        };
        if (payload.len > DISSECT_EVIDENCE) {
                m.body = span_head(payload, limit_of(d, ctx->from, m.first));
        }
        d->packet_secret = d->redact_packets && d->phase == PHASE_READY;
        take_outcome(ctx, handle(d, &m), &m);
        if (d->lint.broken != 0) {
                report_lint(ctx, m.seq, (uint32_t)payload.len, m.body);
        }
        if (d->want_packets) {
                parse_context_show(ctx, packet);
        }
        advance(d);
}

/* --- packets that come in pieces ------------------------------------------------------------------------------ */

static void begin_message(struct dissect *d, enum side from, const struct frame_piece *piece)
{
        struct packet_stream *stream = &d->streams[from];
        stream->len = 0;
        stream->wire = 0;
        stream->kept_len = 0;
        stream->seq = piece->seq;
        stream->first = piece->bytes.len > 0 ? piece->bytes.data[0] : 0;
        stream->limit = limit_of(d, from, stream->first);
        if (from == SIDE_CLIENT) {
                value_filter_begin(d, stream, piece->seq);
        }
}

static void handle_message(struct parse_context *ctx)
{
        struct dissect *d = ctx->d;
        const struct packet_stream *stream = ctx->stream;
        const struct message m = {span_of(stream->kept, stream->kept_len),
                                  stream->len,
                                  stream->wire,
                                  stream->start_ns,
                                  ctx->now_ns,
                                  stream->seq,
                                  stream->last,
                                  stream->first,
                                  ctx->from == SIDE_CLIENT ? d->filter.dropped : 0,
                                  ctx->from == SIDE_CLIENT ? value_filter_counted(d) : 0};
        phase_handler *handle = phase_table[d->phase].from[ctx->from];
        d->packet_secret = d->redact_packets && d->phase == PHASE_READY;
        d->packet_kind = PACKET_UNKNOWN;
        if (handle != NULL) {
                take_outcome(ctx, handle(d, &m), &m);
        }
}

/** A payload in several packets: examine each packet by itself. A password may be in any of them, and what identifies it in another. */
static void hide_part(struct parse_context *ctx, bool is_last)
{
        struct dissect *d = ctx->d;
        const struct packet_stream *stream = ctx->stream;
        bool is_first = stream->len <= FRAME_MAX_PAYLOAD;
        bool is_looked_into = is_first || stream->len == stream->kept_len;
        if (d->phase != PHASE_READY || (is_first && is_last)) {
                return;
        }
        if (!is_last) {
                d->packet_secret =
                    d->packet_secret ||
                    dissector_hides_part(d, ctx->from, span_of(stream->kept, stream->kept_len));
        }
        d->packet_secret = d->packet_secret || (ctx->from == SIDE_CLIENT && !is_looked_into);
}

/** @return false when memory is out. */
static bool take_piece(struct parse_context *ctx, const struct frame_piece *piece)
{
        struct dissect *d = ctx->d;
        struct packet_stream *stream = ctx->stream;
        if (piece->begins_message) {
                begin_message(d, ctx->from, piece);
                bool is_refusal = d->phase != PHASE_UNREAD || piece->length <= REFUSAL_MAX;
                if (phase_table[d->phase].from[ctx->from] == NULL || !is_refusal) {
                        give_up_unexpected(
                            ctx); /* these bytes may not be a packet: do not wait for its end */
                        return true;
                }
        }
        if (piece->begins) {
                if (!piece->begins_message && piece->seq != (uint8_t)(stream->last + 1) &&
                    stream->compress == NULL) {
                        lint_break(&d->lint, LINT_SEQUENCE);
                }
                stream->last = piece->seq;
        }
        stream->len += piece->bytes.len;
        stream->wire +=
            packet_stream_wire(stream, piece->bytes.len + (piece->begins ? FRAME_HEADER_SIZE : 0));
        bool is_filtered = ctx->from == SIDE_CLIENT && d->filter.step != FILTER_OFF;
        if (!(is_filtered ? value_filter_keep(d, stream, piece->bytes)
                          : packet_stream_keep(stream, piece->bytes)) ||
            (d->want_packets && !packet_stream_keep_packet(stream, piece, d->settings->packet_bytes))) {
                return false;
        }
        d->packet_kind = PACKET_PART;
        d->packet_secret = d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH || d->redact_packets;
        if (piece->ends_message) {
                handle_message(ctx);
        }
        if (piece->ends && d->want_packets) {
                hide_part(ctx, piece->ends_message);
        }
        if (piece->ends && d->lint.broken != 0) {
                report_lint(ctx, piece->seq, piece->length, span_of(stream->kept, stream->kept_len));
        }
        if (piece->ends && d->want_packets) {
                parse_context_show_kept(
                    ctx, piece->seq, piece->length,
                    packet_stream_packet(stream, ctx->from == SIDE_CLIENT && d->filter.dropped > 0));
        }
        if (piece->ends_message) {
                packet_stream_end_message(stream);
                advance(d);
        }
        return true;
}

/* --- packets ------------------------------------------------------------------------------------------------------------ */

/** Between two messages: take what is eligible for a shortcut. @return what is left of @p bytes. */
static inline struct span take_fast(struct parse_context *ctx, struct span bytes)
{
        bytes = fastpath_take(ctx, bytes);
        if (ctx->from == SIDE_SERVER) { /* a request that was taken is at the head and has begun */
                advance(ctx->d);
        }
        return bytes;
}

/** Must the complete packet @p packet be taken as one that comes in pieces, because not all of it will be kept and its values may be
 *  filtered? */
static bool is_filtered_whole(const struct parse_context *ctx, struct span packet)
{
        uint8_t first = packet.data[FRAME_HEADER_SIZE];
        return (first == COM_STMT_EXECUTE || first == COM_STMT_BULK_EXECUTE) &&
               packet.len - FRAME_HEADER_SIZE > limit_of(ctx->d, ctx->from, first);
}

/** Between two messages: take the next one if it is complete, and what is eligible for a shortcut before it. *@p in_pieces: the packet
 *  at the front of what is left is for take_part.
 *  @return what is left of @p bytes. */
static struct span take_message(struct parse_context *ctx, struct span bytes, bool *in_pieces)
{
        struct packet_stream *stream = ctx->stream;
        struct span left = take_fast(ctx, bytes);
        if (ctx->d->phase == PHASE_OPAQUE) { /* since now: what is left is to be counted */
                stream->offset += bytes.len - left.len;
                return left;
        }
        size_t length = parse_context_whole_packet(left);
        if (ctx->from == SIDE_CLIENT && length > ctx->d->settings->query_bytes + FRAME_HEADER_SIZE &&
            is_filtered_whole(ctx, span_head(left, length))) {
                length = 0;
        }
        stream->start_ns = ctx->now_ns;
        stream->message_at = stream->offset + bytes.len - left.len;
        stream->offset = stream->message_at + length;
        *in_pieces = length == 0;
        if (length > 0) {
                take_whole(ctx, span_head(left, length));
        }
        return span_skip(left, length);
}

/** Take a piece of a packet that comes in pieces. @return what is left of @p bytes. */
static struct span take_part(struct parse_context *ctx, struct span bytes)
{
        struct frame_piece piece;
        size_t before = bytes.len;
        bool got = frame_next(&ctx->stream->frame, &bytes, &piece);
        ctx->stream->offset += before - bytes.len;
        if (got) {
                parse_context_flush(ctx);
                if (!take_piece(ctx, &piece)) {
                        give_up(ctx->d, "out of memory", NULL, ctx->from);
                }
        }
        return bytes;
}

/** Are bytes from @p from looked at: is the session followed, or may it be followed again? */
static bool is_read(const struct dissect *d, enum side from)
{
        return d->phase < PHASE_UNREAD || (d->phase == PHASE_UNREAD && from == SIDE_SERVER) ||
               d->resync.is_possible;
}

/** Take all of @p bytes, as long as they are looked at and compression does not begin. @return what is left. */
static struct span take_packets(struct parse_context *ctx, struct span bytes)
{
        struct dissect *d = ctx->d;
        struct packet_stream *stream = ctx->stream;
        const struct compress *compress = stream->compress;
        bool in_pieces = false;
        while (bytes.len > 0 && is_read(d, ctx->from) && stream->compress == compress) {
                size_t before = bytes.len;
                if (d->phase == PHASE_OPAQUE) {
                        parse_context_flush(ctx);
                        bytes = resync_skip(d, ctx->from, bytes, ctx->now_ns);
                        continue;
                }
                if (frame_idle(&stream->frame) && !in_pieces) {
                        bytes = take_message(ctx, bytes, &in_pieces);
                }
                if (bytes.len == before && d->phase != PHASE_OPAQUE) {
                        bytes = take_part(ctx, bytes);
                        in_pieces = false;
                }
        }
        return bytes;
}

/* --- compressed packets ------------------------------------------------------------------------------------------------ */

/** A compressed frame begins: its bytes count for the message that its first byte belongs to; its number has to be the next one. */
static void begin_frame(struct dissect *d, enum side from, const struct compress_output *out)
{
        struct packet_stream *stream = &d->streams[from];
        struct command *cmd = d->phase == PHASE_READY ? d->queue.head : NULL;
        uint8_t following = (uint8_t)(stream->frame_seq + 1);
        /* a frame may be empty: what follows it belongs to the same message */
        bool was_empty = stream->offset == stream->frame_at && out->seq == following;
        bool idle = frame_idle(&stream->frame) && !was_empty;
        bool continues = cmd != NULL && (cmd->state == REPLYING_LOCAL_FILE || cmd->state == REPLYING_AUTH);
        uint8_t next = following;
        bool known = d->phase != PHASE_OPAQUE;
        stream->frames_wire += out->wire;
        if (from == SIDE_CLIENT && idle && !continues) {
                next = 0;
                known = known && !d->draining && (cmd == NULL || cmd->state != REPLYING_STREAM);
        } else if (from == SIDE_SERVER || idle) {
                /* while a file is sent, both sides may be sending */
                bool is_awaited = cmd != NULL && (from == SIDE_CLIENT || cmd->state != REPLYING_LOCAL_FILE);
                known = is_awaited && cmd->frame_known && !cmd->acknowledged && !d->skips_rest;
                next = cmd != NULL ? cmd->next_frame : 0;
        }
        if (known && out->seq != next) {
                lint_break(&d->lint,
                           LINT_SEQUENCE_FRAME); /* reported with the packet that the frame contains */
        }
        stream->frame_seq = out->seq;
        stream->frame_starts = idle || was_empty;
        if (idle) {
                stream->start_frame = out->seq;
                stream->frame_at = stream->offset;
        }
        if (cmd != NULL && !d->skips_rest && (from == SIDE_SERVER || continues)) {
                cmd->next_frame = (uint8_t)(out->seq + 1);
                cmd->frame_known = true;
        }
}

static void take_compressed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        uint8_t piece[COMPRESS_PIECE];
        struct compress_output out;
        while (is_read(d, from) && compress_next(d->streams[from].compress, &bytes, piece, &out)) {
                struct parse_context ctx;
                parse_context_begin(&ctx, d, from, now_ns);
                if (out.begins_frame) {
                        begin_frame(d, from, &out);
                }
                (void)take_packets(&ctx, out.bytes);
                parse_context_flush(&ctx);
                if (out.give_up != NULL) {
                        struct packet_stream *stream = &d->streams[from];
                        stream->message_at = frame_idle(&stream->frame) ? stream->offset : stream->message_at;
                        give_up(d, out.give_up, NULL, from);
                        resync_end(d, now_ns);
                }
        }
}

/** The session is opaque: free what is not needed to count its packets. */
static void forget(struct dissect *d)
{
        if (!d->resync.is_possible) {
                forget_session(d);
        } else if (d->queue.count > 0) {
                forget_commands(d);
        }
}

/** Take @p bytes, of which there are some: the shortcuts have left them, or they can't be taken that way. A function of its own: nearly
 *  all traffic does without it, and what it needs of the stack and the registers. */
__attribute__((noinline)) static void feed_rest(struct parse_context *ctx, struct span bytes)
{
        if (ctx->stream->compress == NULL) {
                bytes = take_packets(ctx, bytes);
                parse_context_flush(ctx);
        }
        if (bytes.len > 0 && ctx->stream->compress != NULL) {
                take_compressed(ctx->d, ctx->from, bytes, ctx->now_ns);
        }
}

/* --- bytes that are missing -------------------------------------------------------------------------------------------- */

/** Can the next @p n bytes be left out, because they belong to a packet whose length is known, and whose kind is? */
static bool is_within_packet(const struct dissect *d, enum side from, uint64_t n)
{
        const struct packet_stream *stream = &d->streams[from];
        bool is_known = d->phase == PHASE_READY && stream->compress == NULL &&
                        stream->frame.have == FRAME_HEADER_SIZE && stream->frame.left < stream->frame.length;
        bool is_plain = from == SIDE_SERVER || d->filter.step == FILTER_OFF;
        bool is_shown = d->want_packets && n < stream->frame.left;
        return is_known && is_plain && !is_shown && n <= stream->frame.left;
}

static void leave_out(struct parse_context *ctx, uint64_t n)
{
        struct packet_stream *stream = ctx->stream;
        stream->limit = stream->kept_len;
        ctx->d->has_gaps = ctx->d->has_gaps || ctx->from == SIDE_CLIENT;
        stream->frame.left -= (uint32_t)n;
        stream->len += n;
        stream->wire += n;
        stream->offset += n;
        if (stream->frame.left == 0) {
                (void)take_part(ctx, (struct span){NULL, 0});
                parse_context_flush(ctx);
        }
}

bool dissect_miss(struct dissect *d, enum side from, uint64_t n, uint64_t now_ns)
{
        struct parse_context ctx;
        parse_context_begin(&ctx, d, from, now_ns);
        if (is_within_packet(d, from, n)) {
                leave_out(&ctx, n);
                return !dissect_is_lost(d);
        }
        ctx.stream->start_ns = frame_idle(&ctx.stream->frame) ? now_ns : ctx.stream->start_ns;
        give_up(d, "bytes are missing in the capture", NULL, from); /* unless it was done before */
        d->phase = d->phase == PHASE_UNREAD ? PHASE_OPAQUE : d->phase;
        resync_lose(d, from);
        return false;
}

bool dissect_feed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct parse_context ctx;
        parse_context_begin(&ctx, d, from, now_ns);
        if (bytes.len > 0 && ctx.stream->compress == NULL && frame_idle(&ctx.stream->frame)) {
                struct span left = take_fast(&ctx, bytes);
                ctx.stream->offset += bytes.len - left.len;
                bytes = left;
        }
        if (bytes.len > 0) {
                feed_rest(&ctx, bytes);
        } else if (ctx.n > 0) {
                parse_context_flush(&ctx);
        }
        if (d->phase == PHASE_OPAQUE) {
                forget(d);
        }
        bool has_news = d->has_news;
        d->has_news = false;
        return has_news;
}
