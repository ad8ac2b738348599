#include "mysql/dissect/fastpath.h"

#include "mysql/wire/capability.h"

#ifdef QT_NO_FASTPATHS
enum { FASTPATHS = false };
#else
enum { FASTPATHS = true };
#endif

enum {
        CODE_SIZE = 1,
        EXECUTE_MIN = CODE_SIZE + 4 + 1 + 4, /* statement id, flags, iterations */
};

/* --- one packet after the other -------------------------------------------------------------------------------------- */

/* In the four bytes of a header the sequence number stands above the length. */
#define ONE_SEQ (1U << 24)

/** A position in the bytes of a reply. */
struct walk {
        const uint8_t *at;
        size_t left;
        uint32_t most; /* longer payloads are left to the handlers */
        uint32_t seq;  /* of the next packet, at its place in a header … */
        uint32_t mask; /* … which within compressed frames means nothing: there only the length is compared */
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

/** @return the length of the payload at the front, or a number above FRAME_MAX_PAYLOAD if the packet is not the next in order. At
 *  least a header must be left. */
static inline uint32_t walk_length(const struct walk *w)
{
        return (frame_header(w->at) ^ w->seq) & w->mask;
}

/** @return the length of the payload at the front; 0 if it is empty, incomplete, too long, or not the next in order. */
static inline size_t walk_peek(const struct walk *w)
{
        if (w->left <= FRAME_HEADER_SIZE) {
                return 0;
        }
        uint32_t length = walk_length(w);
        return length <= w->left - FRAME_HEADER_SIZE && length <= w->most ? length : 0;
}

/** Is there a complete packet of this length, which is short, at the front, and is it the next in order? */
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

/** The packet at the front is taken. */
static inline void pass(struct parse_context *ctx, struct walk *w, size_t length, enum packet_kind kind)
{
        if (ctx->d->want_packets) {
                parse_context_add(ctx, span_of(w->at, FRAME_HEADER_SIZE + length), kind);
        }
        walk_on(w, length);
}

_Static_assert(REPLYING_FIRST < REPLYING_DEFS_EOF && REPLYING_DEFS < REPLYING_DEFS_EOF &&
                   REPLYING_DEFS_EOF < REPLYING_ROWS,
               "take_reply compares states: those before DEFS_EOF await definitions");

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/** Show @p n complete rows. */
static void show_rows(struct parse_context *ctx, struct span rows, size_t n)
{
        /* COM_FIELD_LIST is answered with definitions, which REPLYING_ROWS takes as rows */
        enum packet_kind kind =
            ctx->d->queue.head->type->shape == SHAPE_FIELDS ? PACKET_COLUMN_DEFINITION : PACKET_ROW;
        if (n == 1) {
                parse_context_add(ctx, rows, kind);
                return;
        }
        parse_context_flush(ctx);
        const struct packet_run run = {
            .from = SIDE_SERVER, .n = n, .kind = kind, .bytes = rows, .mono_ns = ctx->now_ns};
        ctx->d->sink.on_run(ctx->d->sink.arg, &run);
}

/** Count rows that are not to be kept, without reading them. */
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

/* --- before and behind the rows -------------------------------------------------------------------------------------- */

static bool take_count(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        enum { ONE_BYTE_MAX = 250 };
        static const uint64_t flagged = CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA;
        bool has_flag = (ctx->d->capabilities & flagged) != 0; /* a byte says whether definitions follow */
        uint32_t length = has_flag ? 2 : 1;
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, length) || payload[0] == 0 || payload[0] > ONE_BYTE_MAX) {
                return false;
        }
        bool follow = !has_flag || payload[1] != 0; /* the client may have them from before */
        cmd->columns = payload[0];
        cmd->defs_left = follow ? payload[0] : 0;
        cmd->results++;
        cmd->state = REPLYING_DEFS;
        pass(ctx, w, length, PACKET_COLUMN_COUNT);
        return true;
}

static bool is_plain(struct span definition, uint64_t agreed)
{
        return lint_is_plain_definition(definition, agreed) && !secret_watch_is_secret_definition(definition);
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

/** Take a result header that was seen before. */
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

/** Take the column count and the definitions. @return false: not all of them are eligible. */
static bool take_header(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        struct result_header_cache *cache = &ctx->d->settings->pool->result_headers;
        bool is_first =
            w->seq == ONE_SEQ && w->mask == UINT32_MAX; /* headers in the cache have such sequence numbers */
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

/** Does @p status report nothing but the state of a transaction and how SQL is read? */
static bool is_plain_status(unsigned status)
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

/** Take the EOF behind the definitions, if it reports nothing special. */
static bool take_definitions_eof(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, REPLY_EOF_LENGTH) || payload[0] != REPLY_EOF ||
            !is_plain_status(two_bytes(payload + 3))) {
                return false;
        }
        cmd->state = REPLYING_ROWS;
        pass(ctx, w, REPLY_EOF_LENGTH, PACKET_EOF);
        return true;
}

/** Take the EOF behind the rows, or the OK in its place, if it reports nothing special. A command with rows changes nothing else in
 *  the session. */
static bool take_end(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        bool is_ok = dissector_deprecates_eof(ctx->d);
        uint32_t length = is_ok ? REPLY_OK_MIN : REPLY_EOF_LENGTH;
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, length) || payload[0] != REPLY_EOF || ctx->d->multi_result != NULL ||
            cmd->out_params) {
                return false;
        }
        unsigned warnings = two_bytes(payload + (is_ok ? 5 : 1));
        unsigned status = two_bytes(payload + 3); /* at the same place in both */
        if (!is_plain_status(status) ||
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

/* --- replies ----------------------------------------------------------------------------------------------------------- */

/** May packets go to @p cmd, the command at the head of the queue, without a closer look? */
static bool is_reply_eligible(const struct parse_context *ctx, const struct command *cmd)
{
        const struct dissect *d = ctx->d;
        return cmd != NULL && cmd->seq_known && cmd->begun && d->phase == PHASE_READY &&
               d->lint.broken == 0 && /* a frame broke a rule, and the next packet is reported with it */
               !(d->want_packets && (!d->batch_packets || d->redact_packets || cmd->is_secret));
}

/** Take what is eligible from where the reply stands. */
static void take_reply(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        bool wanted = ctx->d->settings->rows > 0; /* with log.rows definitions and rows are kept */
        bool goes_on = cmd->type->shape == SHAPE_RESULT && !wanted;
        if (goes_on && cmd->state < REPLYING_DEFS_EOF) {
                bool is_all = cmd->state == REPLYING_FIRST
                                  ? take_header(ctx, cmd, w)
                                  : cmd->state == REPLYING_DEFS && take_definitions(ctx, cmd, w);
                if (!is_all) {
                        return;
                }
                cmd->state = dissector_deprecates_eof(ctx->d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
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

struct span fastpath_take_reply(struct parse_context *ctx, struct span bytes)
{
        struct command *cmd = ctx->d->queue.head;
        if (!FASTPATHS || !is_reply_eligible(ctx, cmd)) {
                return bytes;
        }
        struct walk w = walk_over(ctx, cmd, bytes);
        take_reply(ctx, cmd, &w);
        cmd->next_seq = (uint8_t)(w.seq / ONE_SEQ);
        if (w.left < bytes.len) {
                cmd->bytes_received += packet_stream_wire(ctx->stream, bytes.len - w.left);
                cmd->first_ns = cmd->first_ns != 0 ? cmd->first_ns : ctx->now_ns;
                cmd->last_ns = ctx->now_ns;
        }
        if (cmd->done) {
                parse_context_flush(ctx);
        }
        return span_of(w.at, w.left);
}

/* --- requests ---------------------------------------------------------------------------------------------------------- */

static uint32_t stmt_id_of(struct span packet)
{
        uint32_t id;
        memcpy(&id, packet.data + FRAME_HEADER_SIZE + CODE_SIZE, sizeof id);
        return le32toh(id);
}

/** Is @p packet, complete with its header, a command that needs no closer look? */
static bool is_request_eligible(const struct dissect *d, struct span packet)
{
        if (packet.len <= FRAME_HEADER_SIZE || packet.len > FRAME_HEADER_SIZE + d->settings->query_bytes ||
            frame_seq(frame_header(packet.data)) != 0 || d->phase != PHASE_READY || d->queue.head != NULL ||
            d->draining || d->skips_rest || d->lint.broken != 0 || d->streams[SIDE_CLIENT].compress != NULL) {
                return false;
        }
        uint8_t code = packet.data[FRAME_HEADER_SIZE];
        if (code == COM_QUERY) {
                return (d->capabilities & CAP_QUERY_ATTRIBUTES) == 0;
        }
        return code == COM_STMT_EXECUTE && packet.len >= FRAME_HEADER_SIZE + EXECUTE_MIN &&
               stmt_id_of(packet) != LAST_PREPARED;
}

static void begin_execute(const struct dissect *d, struct command *cmd, struct span packet)
{
        cmd->stmt_id = stmt_id_of(packet);
        cmd->has_stmt_id = true;
        const struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        cmd->is_plain = st != NULL && st->is_plain;
}

/** @return false: the packet was not taken, or memory is out; nothing was done. */
static bool take_request(struct dissect *d, struct span packet, uint64_t now_ns)
{
        struct command *cmd = is_request_eligible(d, packet) ? command_queue_new(&d->queue) : NULL;
        struct span body = span_skip(packet, FRAME_HEADER_SIZE);
        if (cmd == NULL || !command_queue_keep_body(&d->queue, cmd, body)) {
                command_free(cmd);
                return false;
        }
        cmd->code = body.data[0];
        cmd->type = command_type(cmd->code);
        cmd->seq_num = ++d->seq_num;
        cmd->start_ns = now_ns;
        cmd->sent_ns = now_ns;
        cmd->last_ns = now_ns;
        cmd->bytes_sent = packet.len;
        cmd->true_len = body.len;
        cmd->text_at = CODE_SIZE;
        cmd->next_seq = 1;
        cmd->seq_known = true;
        cmd->begun = true; /* it is at the head */
        if (cmd->code == COM_QUERY) {
                cmd->is_plain = session_vars_is_plain(span_skip(body, CODE_SIZE));
        } else {
                begin_execute(d, cmd, packet);
        }
        secret_watch_on_command(&d->secrets, &d->statements, cmd, body);
        command_queue_put_head(&d->queue, cmd);
        d->packet_secret = cmd->is_secret || d->redact_packets;
        d->packet_kind = packet_kind_of(cmd->code);
        return true;
}

struct span fastpath_take_request(struct parse_context *ctx, struct span bytes)
{
        struct span packet = span_head(bytes, parse_context_whole_packet(bytes));
        if (!FASTPATHS || !take_request(ctx->d, packet, ctx->now_ns)) {
                return bytes;
        }
        if (ctx->d->want_packets) {
                parse_context_show(ctx, packet);
        }
        return span_skip(bytes, packet.len);
}
