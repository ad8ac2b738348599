/* The two streams of a session: bytes become packets, packets become messages, and those go to the phase's handler. */
#include "mysql/dissect/fastpath_state.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"

enum {
        SMALL_LIMIT = 64 * 1024, /* of greetings, logins, OK, ERR: more is not looked at */
        ATTRIBUTES_ROOM = 64 * 1024,
        KEPT_SMALL = 4096, /* larger buffers are given back once their message is done */
};

/* --- how much of a message is looked at ----------------------------------------------------------------------- */

static size_t choose_limit(const struct dissect *d, enum side from, uint8_t first)
{
        if (d->phase != PHASE_READY) {
                return SMALL_LIMIT;
        }
        if (from == SIDE_SERVER) {
                return result_limit(d, first);
        }
        if (d->draining || (d->head != NULL && d->head->state == REPLYING_LOCAL_FILE)) {
                return 0;
        }
        return d->settings->query_bytes + 1 + ATTRIBUTES_ROOM;
}

static size_t limit_of(const struct dissect *d, enum side from, uint8_t first)
{
        size_t limit = choose_limit(d, from, first);
        return limit > DISSECT_EVIDENCE ? limit : DISSECT_EVIDENCE;
}

/* --- showing packets ------------------------------------------------------------------------------------------ */

/** @p bytes is what there is of it: more than is shown, and all of it if it came at once. */
static void show_packet(struct parse_context *ctx, uint8_t seq, uint32_t length, struct span bytes)
{
        struct dissect *d = ctx->d;
        struct packet packet = {
            .from = ctx->from,
            .seq = seq,
            .secret = d->packet_secret,
            .length = length,
            .kind = d->packet_kind,
            .mono_ns = ctx->now_ns,
        };
        struct span head = span_head(bytes, d->settings->packet_bytes);
        if (bytes.len > head.len && d->phase == PHASE_READY && secret_is_in_packet(bytes)) {
                packet.secret = true;
        }
        if (!packet.secret) {
                packet.head = d->packet_is_sealed ? span_head(head, DISSECT_EVENT_HEAD) : head;
        } else if (ctx->d->redact_packets && d->phase == PHASE_READY) {
                dissect_redact(&packet, head);
        }
        d->packet_is_sealed = false;
        d->sink.on_packet(d->sink.arg, &packet);
}

/** @p packet came whole, its header included. */
static void show_whole(struct parse_context *ctx, struct span packet)
{
        const struct dissect *d = ctx->d;
        size_t length = packet.len - FRAME_HEADER_SIZE;
        if (ctx->d->batch_packets && !d->packet_secret && !d->packet_is_sealed &&
            length <= d->settings->packet_bytes) {
                parse_context_add_to_run(ctx, packet, d->packet_kind);
        } else {
                parse_context_show_run(ctx);
                show_packet(ctx, packet.data[3], (uint32_t)length, span_skip(packet, FRAME_HEADER_SIZE));
        }
}

/* --- packets that come whole: nearly all ---------------------------------------------------------------------- */

static void tell_lint(struct parse_context *ctx, uint8_t seq, uint32_t length, struct span bytes)
{
        const struct broken b = {
            .from = ctx->from, .seq = seq, .length = length, .mono_ns = ctx->now_ns, .bytes = bytes};
        dissect_tell_lint(ctx->d, &b);
}

static void settle(struct dissect *d)
{
        if (d->head != NULL && (d->head->done || !d->head->begun)) {
                const char *give_up = dissect_settle(d);
                if (give_up != NULL) {
                        dissect_lose(d, give_up, NULL, SIDE_CLIENT);
                }
        }
}

/** The message @p m was handled: note what it was, or stop following. */
static void take_outcome(struct parse_context *ctx, struct outcome outcome, const struct message *m)
{
        struct dissect *d = ctx->d;
        d->packet_kind = outcome.kind;
        d->packet_secret = d->packet_secret || packet_kind_is_secret(outcome.kind);
        if (outcome.give_up != NULL) {
                dissect_lose(d, outcome.give_up, outcome.is_unreadable ? m : NULL, ctx->from);
        }
}

static void lose_unexpected(struct parse_context *ctx)
{
        dissect_lose(ctx->d, "a packet from the side that should be waiting", NULL, ctx->from);
}

static void take_whole(struct parse_context *ctx, struct span packet)
{
        struct dissect *d = ctx->d;
        dissect_handler *handle = dissect_phases[d->phase].from[ctx->from];
        struct span payload = span_skip(packet, FRAME_HEADER_SIZE);
        if (handle == NULL) {
                lose_unexpected(ctx);
                return;
        }
        struct message m = {
            .body = payload,
            .len = payload.len,
            .wire = parse_context_wire_of(ctx->stream, packet.len),
            .start_ns = ctx->now_ns,
            .end_ns = ctx->now_ns,
            .seq = packet.data[3],
            .last = packet.data[3],
            .first = payload.len > 0 ? payload.data[0] : 0,
        };
        if (payload.len > DISSECT_EVIDENCE) {
                m.body = span_head(payload, limit_of(d, ctx->from, m.first));
        }
        d->packet_secret = ctx->d->redact_packets && d->phase == PHASE_READY;
        take_outcome(ctx, handle(d, &m), &m);
        if (d->lint.broken != 0) {
                tell_lint(ctx, m.seq, (uint32_t)payload.len, payload);
        }
        if (ctx->d->want_packets) {
                show_whole(ctx, packet);
        }
        settle(d);
}

/* --- packets that come in pieces ------------------------------------------------------------------------------ */

/** Keep a piece of a message that does not come whole, as far as its limit goes. */
static bool keep(struct packet_stream *stream, struct span bytes)
{
        struct span more = span_head(bytes, stream->limit - stream->kept_len);
        size_t need = stream->kept_len + more.len;
        if (need > stream->kept_size) {
                size_t size = stream->kept_size * 2 > need ? stream->kept_size * 2 : need;
                uint8_t *bigger = prof_realloc(STAGE_FRAME, stream->kept, size);
                if (bigger == NULL) {
                        return false;
                }
                stream->kept = bigger;
                stream->kept_size = size;
        }
        if (more.len > 0) {
                memcpy(stream->kept + stream->kept_len, more.data, more.len);
                stream->kept_len = need;
        }
        return true;
}

static void release_kept(struct packet_stream *stream)
{
        stream->kept_len = 0;
        if (stream->kept_size > KEPT_SMALL) {
                prof_free(stream->kept);
                stream->kept = NULL;
                stream->kept_size = 0;
        }
}

/** Keep the head of the packet under way for on_packet. */
static bool keep_packet(struct dissect *d, struct packet_stream *stream, const struct frame_piece *piece)
{
        size_t size = d->settings->packet_bytes;
        if (stream->packet == NULL) {
                stream->packet = prof_alloc(STAGE_FRAME, size);
                if (stream->packet == NULL) {
                        return false;
                }
        }
        if (piece->begins) {
                stream->packet_len = 0;
        }
        struct span more = span_head(piece->bytes, size - stream->packet_len);
        if (more.len > 0) {
                memcpy(stream->packet + stream->packet_len, more.data, more.len);
                stream->packet_len += more.len;
        }
        return true;
}

static void begin_message(struct dissect *d, enum side from, const struct frame_piece *piece)
{
        struct packet_stream *stream = &d->streams[from];
        stream->len = 0;
        stream->wire = 0;
        stream->kept_len = 0;
        stream->seq = piece->seq;
        stream->first = piece->bytes.len > 0 ? piece->bytes.data[0] : 0;
        stream->limit = limit_of(d, from, stream->first);
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
                                  stream->first};
        dissect_handler *handle = dissect_phases[d->phase].from[ctx->from];
        d->packet_secret = ctx->d->redact_packets && d->phase == PHASE_READY;
        d->packet_kind = PACKET_UNKNOWN;
        if (handle != NULL) {
                take_outcome(ctx, handle(d, &m), &m);
        }
}

/** Of a payload in several packets, each is looked at by itself: a password may be in any of them, and the name in another. */
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
                d->packet_secret = d->packet_secret ||
                                   dissect_hides_part(d, ctx->from, span_of(stream->kept, stream->kept_len));
        }
        d->packet_secret = d->packet_secret || (ctx->from == SIDE_CLIENT && !is_looked_into);
}

/** The packet that ends here, as far as it is kept: of one that is a whole message more than is shown. */
static struct span seen_of(const struct packet_stream *stream)
{
        if (stream->len <= FRAME_MAX_PAYLOAD && stream->kept_len > stream->packet_len) {
                return span_of(stream->kept, stream->kept_len);
        }
        return span_of(stream->packet, stream->packet_len);
}

/** @return false when memory is out. */
static bool take_piece(struct parse_context *ctx, const struct frame_piece *piece)
{
        struct dissect *d = ctx->d;
        struct packet_stream *stream = ctx->stream;
        if (piece->begins_message) {
                begin_message(d, ctx->from, piece);
                if (dissect_phases[d->phase].from[ctx->from] ==
                    NULL) { /* do not wait for the end of what may be no packet */
                        lose_unexpected(ctx);
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
            parse_context_wire_of(stream, piece->bytes.len + (piece->begins ? FRAME_HEADER_SIZE : 0));
        if (!keep(stream, piece->bytes) || (ctx->d->want_packets && !keep_packet(d, stream, piece))) {
                return false;
        }
        d->packet_kind = PACKET_PART;
        d->packet_secret = d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH || ctx->d->redact_packets;
        if (piece->ends_message) {
                handle_message(ctx);
        }
        if (piece->ends && ctx->d->want_packets) {
                hide_part(ctx, piece->ends_message);
        }
        if (piece->ends && d->lint.broken != 0) {
                tell_lint(ctx, piece->seq, piece->length, span_of(stream->kept, stream->kept_len));
        }
        if (piece->ends && ctx->d->want_packets) {
                show_packet(ctx, piece->seq, piece->length, seen_of(stream));
        }
        if (piece->ends_message) {
                release_kept(stream);
                settle(d);
        }
        return true;
}

/* --- the stream ----------------------------------------------------------------------------------------------- */

/** Between two messages: take what is as usual. @return what is left of @p bytes. */
static inline struct span take_usual(struct parse_context *ctx, struct span bytes)
{
        if (ctx->from == SIDE_SERVER) {
                return parse_context_take_usual(ctx, bytes);
        }
        struct span packet = span_head(bytes, parse_context_whole_packet(bytes));
        if (!request_take_usual(ctx->d, packet, ctx->now_ns)) {
                return bytes;
        }
        if (ctx->d->want_packets) {
                show_whole(ctx, packet);
        }
        return span_skip(bytes, packet.len);
}

/** Between two messages: take the next one if it is whole, and what is as usual before it. @return what is left of @p bytes. */
static struct span take_message(struct parse_context *ctx, struct span bytes)
{
        struct packet_stream *stream = ctx->stream;
        struct span left = take_usual(ctx, bytes);
        size_t length = parse_context_whole_packet(left);
        stream->start_ns = ctx->now_ns;
        stream->message_at = stream->offset + bytes.len - left.len;
        stream->offset = stream->message_at + length;
        if (length > 0) {
                take_whole(ctx, span_head(left, length));
        }
        return span_skip(left, length);
}

/** A piece of a packet that does not come whole. @return what is left of @p bytes. */
static struct span take_part(struct parse_context *ctx, struct span bytes)
{
        struct frame_piece piece;
        size_t before = bytes.len;
        bool got = frame_next(&ctx->stream->frame, &bytes, &piece);
        ctx->stream->offset += before - bytes.len;
        if (got) {
                parse_context_show_run(ctx);
                if (!take_piece(ctx, &piece)) {
                        dissect_lose(ctx->d, "out of memory", NULL, ctx->from);
                }
        }
        return bytes;
}

/** All of @p bytes, or as far as they are neither compressed nor opaque. @return what is left. */
static struct span follow(struct parse_context *ctx, struct span bytes)
{
        struct dissect *d = ctx->d;
        struct packet_stream *stream = ctx->stream;
        const struct compress *compress = stream->compress;
        while (bytes.len > 0 && d->phase < PHASE_OPAQUE && stream->compress == compress) {
                size_t before = bytes.len;
                if (frame_idle(&stream->frame)) {
                        bytes = take_message(ctx, bytes);
                }
                if (bytes.len == before) {
                        bytes = take_part(ctx, bytes);
                }
        }
        return bytes;
}

static inline void begin_feed(struct parse_context *ctx, struct dissect *d, enum side from, uint64_t now_ns)
{
        ctx->d = d; /* the names are written before they are read */
        ctx->stream = &d->streams[from];
        ctx->now_ns = now_ns;
        ctx->from = from;
        ctx->n = 0;
}

struct span dissect_packets(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct parse_context ctx;
        begin_feed(&ctx, d, from, now_ns);
        bytes = follow(&ctx, bytes);
        parse_context_show_run(&ctx);
        return bytes;
}

/** What is left of @p bytes is compressed, or the session is opaque. */
static void feed_rest(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct packet_stream *stream = &d->streams[from];
        if (stream->compress != NULL && d->phase < PHASE_OPAQUE) {
                PROF_SCOPE(STAGE_FRAME);
                d->now_ns = now_ns;
                const char *lost = compress_feed(stream->compress, bytes);
                if (lost != NULL) {
                        dissect_lose(d, lost, NULL, from);
                }
        }
}

bool dissect_feed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        uint64_t lint = d->lint.count;
        struct parse_context ctx;
        begin_feed(&ctx, d, from, now_ns);
        if (bytes.len > 0 && ctx.stream->compress == NULL &&
            frame_idle(&ctx.stream->frame)) { /* nearly all is taken here */
                struct span left = take_usual(&ctx, bytes);
                ctx.stream->offset += bytes.len - left.len;
                bytes = left;
        }
        if (bytes.len > 0 && ctx.stream->compress == NULL) {
                bytes = follow(&ctx, bytes);
        }
        if (ctx.n > 0) {
                parse_context_show_run(&ctx);
        }
        if (bytes.len > 0) {
                feed_rest(d, from, bytes, now_ns);
        }
        if (d->phase == PHASE_OPAQUE) {
                dissect_forget(d);
        }
        return d->opaque_reason != NULL || d->lint.count != lint;
}
