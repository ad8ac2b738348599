/* Packets of replies that are as nearly all are: a few instructions each. What is otherwise, result.c looks at. */
#include "mysql/dissect/fastpath_state.h"
#include "mysql/wire/capability.h"

/* --- several packets shown at once ---------------------------------------------------------------------------------- */

void parse_context_show_run(struct parse_context *ctx)
{
        if (ctx->n > 0) {
                const struct packet_run run = {.from = ctx->from,
                                               .n = ctx->n,
                                               .kinds = ctx->kinds,
                                               .bytes = ctx->run,
                                               .mono_ns = ctx->now_ns};
                ctx->n = 0;
                ctx->d->sink.on_run(ctx->d->sink.arg, &run);
        }
}

void parse_context_add_to_run(struct parse_context *ctx, struct span packet, enum packet_kind kind)
{
        if (ctx->n == PARSE_RUN_MAX) {
                parse_context_show_run(ctx);
        }
        if (ctx->n == 0) {
                ctx->run = (struct span){packet.data, 0};
        }
        ctx->run.len += packet.len;
        ctx->kinds[ctx->n++] = (uint16_t)kind;
}

/* --- one packet after the other -------------------------------------------------------------------------------------- */

/* Within a header the sequence number stands above the length. */
#define ONE_SEQ (1U << 24)

/** Where we are in a reply. */
struct walk {
        const uint8_t *at;
        size_t left;
        uint32_t most; /* longer payloads are to be looked at */
        uint32_t seq;  /* of the next packet, at its place in a header … */
        uint32_t mask; /* … but within compressed frames that goes for nothing, and only the length counts */
};

static inline struct walk walk_over(const struct parse_context *ctx, const struct command *cmd,
                                    struct span bytes)
{
        return (struct walk){.at = bytes.data,
                             .left = bytes.len,
                             .most = ctx->d->want_packets ? (uint32_t)ctx->d->settings->packet_bytes
                                                          : FRAME_MAX_PAYLOAD - 1,
                             .seq = cmd->next_seq * ONE_SEQ,
                             .mask = ctx->stream->compress == NULL ? UINT32_MAX : ONE_SEQ - 1};
}

/** The length of the payload at the front; more than there may be if the packet is not next in order. There are more bytes than a
 *  header. */
static inline uint32_t walk_length(const struct walk *w)
{
        return (frame_header(w->at) ^ w->seq) & w->mask;
}

/** The length of the payload at the front; 0 if it is not all there, not next in order, too long, or empty. */
static inline size_t walk_peek(const struct walk *w)
{
        if (w->left <= FRAME_HEADER_SIZE) {
                return 0;
        }
        uint32_t length = walk_length(w);
        return length <= w->left - FRAME_HEADER_SIZE && length <= w->most ? length : 0;
}

/** Is at the front a whole packet, next in order, of this length? It is short. */
static inline bool walk_is(const struct walk *w, uint32_t length)
{
        return w->left >= FRAME_HEADER_SIZE + length && walk_length(w) == length;
}

static inline struct span walk_payload(const struct walk *w, size_t length)
{
        return span_of(w->at + FRAME_HEADER_SIZE, length);
}

static inline void walk_on(struct walk *w, size_t length)
{
        w->seq += ONE_SEQ;
        w->at += FRAME_HEADER_SIZE + length;
        w->left -= FRAME_HEADER_SIZE + length;
}

/** The packet at the front was as usual. */
static inline void pass(struct parse_context *ctx, struct walk *w, size_t length, enum packet_kind kind)
{
        if (ctx->d->want_packets) {
                parse_context_add_to_run(ctx, span_of(w->at, FRAME_HEADER_SIZE + length), kind);
        }
        walk_on(w, length);
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/** @p n whole rows. */
static void show_rows(struct parse_context *ctx, struct span rows, size_t n)
{
        /* what the packets are that are rows to the state */
        enum packet_kind kind =
            ctx->d->head->type->shape == SHAPE_FIELDS ? PACKET_COLUMN_DEFINITION : PACKET_ROW;
        if (n == 1) {
                parse_context_add_to_run(ctx, rows, kind);
                return;
        }
        parse_context_show_run(ctx);
        const struct packet_run run = {
            .from = SIDE_SERVER, .n = n, .kind = kind, .bytes = rows, .mono_ns = ctx->now_ns};
        ctx->d->sink.on_run(ctx->d->sink.arg, &run);
}

/** Rows that nobody wants are counted, not looked at. */
static void hop_rows(struct parse_context *ctx, struct command *cmd, struct walk *from)
{
        struct walk w = *from;
        size_t n = 0;
        size_t length;
        while ((length = walk_peek(&w)) > 0 && w.at[FRAME_HEADER_SIZE] < REPLY_EOF) {
                walk_on(&w, length);
                n++;
        }
        if (n > 0 && ctx->d->want_packets) {
                show_rows(ctx, span_of(from->at, from->left - w.left), n);
        }
        cmd->rows += n;
        *from = w;
}

/* --- what stands around the rows -------------------------------------------------------------------------------------- */

static bool deprecates_eof(const struct dissect *d)
{
        return (d->capabilities & CAP_DEPRECATE_EOF) != 0;
}

static bool take_count(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        enum { ONE_BYTE_MAX = 250 };
        static const uint64_t told = CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA;
        bool tells = (ctx->d->capabilities & told) != 0; /* whether definitions follow */
        uint32_t length = tells ? 2 : 1;
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, length) || payload[0] == 0 || payload[0] > ONE_BYTE_MAX) {
                return false;
        }
        bool follow = !tells || payload[1] != 0; /* the client may have kept them */
        cmd->columns = payload[0];
        cmd->defs_left = follow ? payload[0] : 0;
        cmd->results++;
        cmd->state = REPLYING_DEFS;
        pass(ctx, w, length, PACKET_COLUMN_COUNT);
        return true;
}

static bool is_plain(struct span definition, uint64_t agreed)
{
        return lint_is_plain_definition(definition, agreed) && !dissect_names_secret(definition);
}

static bool take_definitions(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        while (cmd->defs_left > 0) {
                size_t length = walk_peek(w);
                if (length == 0 || !is_plain(walk_payload(w, length), ctx->d->capabilities)) {
                        return false;
                }
                cmd->defs_left--;
                pass(ctx, w, length, PACKET_COLUMN_DEFINITION);
        }
        return true;
}

/** One that was seen before. */
static void pass_header(struct parse_context *ctx, struct command *cmd, struct walk *w,
                        const struct result_header *header)
{
        cmd->columns = header->packets - 1;
        cmd->results++;
        if (!ctx->d->want_packets) {
                w->seq += header->packets * ONE_SEQ;
                w->at += header->len;
                w->left -= header->len;
                return;
        }
        enum packet_kind kind = PACKET_COLUMN_COUNT;
        for (unsigned n = header->packets; n > 0; n--) {
                pass(ctx, w, frame_length(frame_header(w->at)), kind);
                kind = PACKET_COLUMN_DEFINITION;
        }
}

/** The column count, and the definitions from there on. */
static bool take_header(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        struct result_header_cache *cache = &ctx->d->settings->pool->result_headers;
        bool is_first =
            w->seq == ONE_SEQ && w->mask == UINT32_MAX; /* numbers within a head that is known begin so */
        const uint8_t *begin = w->at;
        const struct result_header *known =
            is_first ? result_header_cache_find(cache, span_of(begin, w->left), ctx->d->capabilities) : NULL;
        if (known != NULL) {
                pass_header(ctx, cmd, w, known);
                return true;
        }
        if (!take_count(ctx, cmd, w) || !take_definitions(ctx, cmd, w)) {
                return false;
        }
        if (is_first) {
                result_header_cache_add(cache, span_of(begin, (size_t)(w->at - begin)), cmd->columns + 1,
                                        ctx->d->capabilities);
        }
        return true;
}

/** Flags that say more than a transaction's state, or how SQL is read. */
static bool is_usual_status(unsigned status)
{
        static const unsigned unusual = STATUS_MORE_RESULTS | STATUS_CURSOR_EXISTS | STATUS_LAST_ROW_SENT |
                                        STATUS_PS_OUT_PARAMS | STATUS_IN_TRANS_READONLY |
                                        STATUS_SESSION_STATE_CHANGED;
        return (status & unusual) == 0;
}

static unsigned two_bytes(const uint8_t *at)
{
        return at[0] | (unsigned)at[1] << 8;
}

/** Behind the definitions: rows follow. */
static bool take_definitions_eof(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, REPLY_EOF_LENGTH) || payload[0] != REPLY_EOF ||
            !is_usual_status(two_bytes(payload + 3))) {
                return false;
        }
        cmd->state = REPLYING_ROWS;
        pass(ctx, w, REPLY_EOF_LENGTH, PACKET_EOF);
        return true;
}

/** It may be "USE name": who answers that with rows is no server that is known, but it is for result.c all the same. */
static bool may_use(const struct command *cmd)
{
        return !cmd->is_plain && cmd->code == COM_QUERY && cmd->body_len > cmd->text_at &&
               (cmd->body[cmd->text_at] | 0x20) == 'u';
}

/** Behind the rows: an EOF, or the OK in its place. What it says is all that it does: a command with rows changes nothing in the
 *  session. */
static bool take_end(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        bool is_ok = deprecates_eof(ctx->d);
        uint32_t length = is_ok ? REPLY_OK_MIN : REPLY_EOF_LENGTH;
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, length) || payload[0] != REPLY_EOF || ctx->d->multi_result != NULL ||
            cmd->out_params || may_use(cmd)) {
                return false;
        }
        unsigned warnings = two_bytes(payload + (is_ok ? 5 : 1));
        unsigned status = two_bytes(payload + 3); /* in both */
        if (!is_usual_status(status) ||
            (is_ok && two_bytes(payload + 1) != 0)) { /* nothing affected, no id */
                return false;
        }
        cmd->warnings = (uint16_t)warnings;
        cmd->status = (uint16_t)status;
        cmd->has_status = true;
        cmd->ends++;
        cmd->done = true;
        pass(ctx, w, length, is_ok ? PACKET_OK : PACKET_EOF);
        return true;
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */

/** May packets go to @p cmd, the command at the head, without a closer look? */
static bool is_usual(const struct parse_context *ctx, const struct command *cmd)
{
        const struct dissect *d = ctx->d;
        return cmd != NULL && cmd->seq_known && cmd->begun && d->phase == PHASE_READY &&
               d->lint.broken == 0 && /* a frame did, and the next packet is told with it */
               !(ctx->d->want_packets &&
                 (!ctx->d->batch_packets || ctx->d->redact_packets || cmd->is_secret));
}

/** From where the reply stands, as far as its packets are as usual. */
static void take_reply(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        bool wanted = ctx->d->settings->rows > 0; /* with log.rows definitions and rows are */
        bool goes_on = cmd->type->shape == SHAPE_RESULT && !wanted;
        if (goes_on && cmd->state < REPLYING_DEFS_EOF) {
                bool is_all = cmd->state == REPLYING_FIRST
                                  ? take_header(ctx, cmd, w)
                                  : cmd->state == REPLYING_DEFS && take_definitions(ctx, cmd, w);
                if (!is_all) {
                        return;
                }
                cmd->state = deprecates_eof(ctx->d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
        }
        if (cmd->state == REPLYING_DEFS_EOF) {
                goes_on = goes_on && take_definitions_eof(ctx, cmd, w);
        }
        if (cmd->state == REPLYING_ROWS && cmd->rows_wanted == 0) {
                hop_rows(ctx, cmd, w);
                if (goes_on) {
                        (void)take_end(ctx, cmd, w);
                }
        }
}

struct span parse_context_take_usual(struct parse_context *ctx, struct span bytes)
{
        struct command *cmd = ctx->d->head;
        if (!is_usual(ctx, cmd)) {
                return bytes;
        }
        struct walk w = walk_over(ctx, cmd, bytes);
        take_reply(ctx, cmd, &w);
        cmd->next_seq = (uint8_t)(w.seq / ONE_SEQ);
        if (w.left < bytes.len) {
                cmd->bytes_received += parse_context_wire_of(ctx->stream, bytes.len - w.left);
                cmd->first_ns = cmd->first_ns != 0 ? cmd->first_ns : ctx->now_ns;
                cmd->last_ns = ctx->now_ns;
        }
        if (cmd->done) {
                parse_context_show_run(ctx);
                const char *give_up = dissect_settle(ctx->d);
                if (give_up != NULL) {
                        dissect_lose(ctx->d, give_up, NULL, SIDE_CLIENT);
                }
        }
        return span_of(w.at, w.left);
}
