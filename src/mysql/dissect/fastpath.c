/* Shortcuts for replies. */
#include "mysql/dissect/fastpath.h"

#include "base/specialized.h"
#include "mysql/dissect/row_hashing.h"
#include "mysql/wire/capability.h"

/* The functions for nearly all replies are SPECIALIZED: compiled once for each case, so that they keep no more in registers than
 * the case needs. */

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
        bool is_shown; /* packets are */
};

SPECIALIZED struct walk walk_over(const struct parse_context *ctx, const struct command *cmd,
                                  struct span bytes, bool is_shown, bool is_numbered)
{
        return (struct walk){.at = bytes.data,
                             .left = bytes.len,
                             .most = is_shown && !ctx->d->redact_packets
                                         ? (uint32_t)ctx->d->settings->packet_bytes
                                         : FRAME_MAX_PAYLOAD - 1,
                             .seq = cmd->next_seq * ONE_SEQ,
                             .mask = is_numbered ? UINT32_MAX : ONE_SEQ - 1,
                             .is_shown = is_shown};
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
        bool is_eligible =
            length - 1 < w->most && length <= w->left - FRAME_HEADER_SIZE; /* 0 - 1 is not less */
        return is_eligible ? length : 0;
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
SPECIALIZED void pass(struct parse_context *ctx, struct walk *w, size_t length, enum packet_kind kind)
{
        if (w->is_shown) {
                parse_context_add(ctx, span_of(w->at, FRAME_HEADER_SIZE + length), kind,
                                  ctx->d->redact_packets);
        }
        walk_on(w, length);
}

_Static_assert(REPLYING_FIRST < REPLYING_DEFS_EOF && REPLYING_DEFS < REPLYING_DEFS_EOF &&
                   REPLYING_DEFS_EOF < REPLYING_ROWS,
               "take_any compares states: those before DEFS_EOF await definitions");

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/** Show @p n packets of @p bytes, a result or a part of it; the rows that are in it are of @p kind. */
static inline void show_part(struct parse_context *ctx, struct span bytes, size_t n, unsigned layout,
                             unsigned definitions, enum packet_kind kind)
{
        const struct packet_run run = {.from = SIDE_SERVER,
                                       .n = n,
                                       .kind = kind,
                                       .layout = (uint8_t)layout,
                                       .definitions = (uint8_t)definitions,
                                       .agreed = ctx->d->agreed,
                                       .redacted = ctx->d->redact_packets,
                                       .bytes = bytes,
                                       .mono_ns = ctx->now_ns};
        ctx->d->sink.on_run(ctx->d->sink.arg, &run);
}

/** Count rows that are not to be kept, without reading them. */
SPECIALIZED void hop_rows(struct parse_context *ctx, struct command *cmd, struct walk *from)
{
        struct walk w = *from;
        size_t n = 0;
        size_t length;
        while ((length = walk_peek(&w)) > 0 && w.at[FRAME_HEADER_SIZE] < REPLY_EOF) {
                walk_on(&w, length);
                n++;
        }
        if (n == 1 && w.is_shown) {
                parse_context_add(ctx, span_of(from->at, from->left - w.left), command_row_kind(cmd),
                                  ctx->d->redact_packets);
        } else if (n > 0 && w.is_shown) {
                parse_context_flush(ctx);
                show_part(ctx, span_of(from->at, from->left - w.left), n, 0, 0, command_row_kind(cmd));
        }
        cmd->rows += n;
        *from = w;
}

/** Hash the first of the rows from @p begin on, which were hopped over when the command had @p before rows. @p known: the header that the
 *  result has just begun with, if it is one of the cache. */
static __attribute__((noinline)) void hash_rows(struct parse_context *ctx, const struct command *cmd,
                                                const uint8_t *begin, uint64_t before,
                                                const struct result_header *known)
{
        if (known != NULL) {
                ctx->d->row_columns = known->columns;
        }
        for (uint64_t row = before; row < cmd->rows && row_hashing_wants(ctx->d, cmd, row); row++) {
                size_t length = frame_length(frame_header(begin));
                row_hashing_add(ctx->d, cmd, row, span_of(begin + FRAME_HEADER_SIZE, length));
                begin += FRAME_HEADER_SIZE + length;
        }
}

/* --- before and behind the rows -------------------------------------------------------------------------------------- */

/* With one of these agreed, a byte behind the column count says whether definitions follow: the client may have them from before. */
#define METADATA_FLAGGED (CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA)

enum { COUNT_MAX = 250 /* in one byte */ };

SPECIALIZED bool take_count(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        bool has_flag = (ctx->d->capabilities & METADATA_FLAGGED) != 0;
        uint32_t length = has_flag ? 2 : 1;
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (!walk_is(w, length) || payload[0] == 0 || payload[0] > COUNT_MAX) {
                return false;
        }
        bool follow = !has_flag || payload[1] != 0;
        row_columns_begin(&ctx->d->row_columns);
        cmd->columns = payload[0];
        cmd->defs_left = follow ? payload[0] : 0;
        cmd->results++;
        cmd->state = REPLYING_DEFS;
        pass(ctx, w, length, PACKET_COLUMN_COUNT);
        return true;
}

/** Is the header of the reply @p bytes a column count, and no definitions follow? */
static inline bool is_count_alone(const struct parse_context *ctx, struct span bytes)
{
        const uint8_t *payload = bytes.data + FRAME_HEADER_SIZE;
        return bytes.len >= FRAME_HEADER_SIZE + 2 && payload[1] == 0 &&
               frame_header(bytes.data) == (ONE_SEQ | 2) && payload[0] > 0 && payload[0] <= COUNT_MAX &&
               (ctx->d->capabilities & METADATA_FLAGGED) != 0;
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
                if (ctx->d->settings->hash_rows > 0) {
                        row_columns_add(&ctx->d->row_columns, walk_payload(w, length));
                }
                pass(ctx, w, length, PACKET_COLUMN_DEFINITION);
        }
        return true;
}

/** Take a result header that was seen before. */
SPECIALIZED void pass_header(struct command *cmd, struct walk *w, const struct result_header *header)
{
        cmd->columns = header->packets - 1;
        cmd->results++;
        w->seq += header->packets * ONE_SEQ;
        w->at += header->len;
        w->left -= header->len;
}

/** Does the reply begin with packet 1, as the headers in the cache do? */
SPECIALIZED bool is_first(const struct walk *w)
{
        return w->seq == ONE_SEQ && w->mask == UINT32_MAX;
}

/** Take the column count and the definitions, and remember them. @return false: not all of them are eligible. */
static bool learn_header(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        const uint8_t *begin = w->at;
        bool is_kept = is_first(w);
        if (!take_count(ctx, cmd, w) || !take_definitions(ctx, cmd, w)) {
                return false;
        }
        if (is_kept) {
                result_header_cache_add(&ctx->d->settings->pool->result_headers,
                                        span_of(begin, (size_t)(w->at - begin)), cmd->columns + 1,
                                        ctx->d->capabilities, &ctx->d->row_columns);
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
SPECIALIZED bool take_definitions_eof(struct parse_context *ctx, struct command *cmd, struct walk *w)
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
SPECIALIZED bool take_end(struct parse_context *ctx, struct command *cmd, struct walk *w)
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
               !(d->want_packets && (!d->batch_packets || cmd->is_secret));
}

/** Take the header, of which nothing or a part was taken. @return false: not all of it is eligible. */
static bool take_header(struct parse_context *ctx, struct command *cmd, struct walk *w)
{
        return cmd->state == REPLYING_FIRST ? learn_header(ctx, cmd, w)
                                            : cmd->state == REPLYING_DEFS && take_definitions(ctx, cmd, w);
}

/** Take what is eligible behind the header. @p is_result: what is not a row, too. @p known: see hash_rows. */
SPECIALIZED void take_rest(struct parse_context *ctx, struct command *cmd, struct walk *w, bool is_result,
                           const struct result_header *known)
{
        bool goes_on = is_result;
        if (cmd->state == REPLYING_DEFS_EOF) {
                goes_on = goes_on && take_definitions_eof(ctx, cmd, w);
        }
        const uint8_t *begin = w->at;
        uint64_t before = cmd->rows;
        if (cmd->state == REPLYING_ROWS && cmd->rows_wanted == 0) {
                hop_rows(ctx, cmd, w);
                if (goes_on) {
                        (void)take_end(ctx, cmd, w);
                }
        }
        bool is_one = cmd->done && cmd->rows < 2 && ctx->d->single_rows == 0; /* as most results are */
        if (!is_one && before < ctx->d->settings->hash_rows) {
                hash_rows(ctx, cmd, begin, before, known);
        }
}

SPECIALIZED void enter_rest(const struct parse_context *ctx, struct command *cmd)
{
        cmd->state = dissector_deprecates_eof(ctx->d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
}

/* Longer results are shown in parts, of which a recorder keeps the ends. */
enum { RESULT_AT_ONCE = 16 * 1024 };

/** Show @p run, a result with @p rows rows that is too long to be shown at once. */
static __attribute__((noinline)) void show_long_result(struct parse_context *ctx,
                                                       const struct packet_run *run, size_t rows)
{
        unsigned end = run->layout & (LAYOUT_END_EOF | LAYOUT_END_OK);
        size_t n_ends = end != 0 ? 1 : 0;
        size_t n_header = run->n - rows - n_ends;
        size_t header_len = 0;
        size_t end_len = 0;
        for (size_t i = 0; i < n_header; i++) {
                header_len += FRAME_HEADER_SIZE + frame_length(frame_header(run->bytes.data + header_len));
        }
        if (end != 0) {
                end_len = FRAME_HEADER_SIZE + ((end & LAYOUT_END_OK) != 0 ? REPLY_OK_MIN : REPLY_EOF_LENGTH);
        }
        struct span part = span_skip(run->bytes, header_len);
        show_part(ctx, span_head(run->bytes, header_len), n_header, run->layout - end, run->definitions,
                  run->kind);
        if (rows > 0) {
                show_part(ctx, span_head(part, part.len - end_len), rows, 0, 0, run->kind);
        }
        if (end != 0) {
                show_part(ctx, span_skip(part, part.len - end_len), 1, end, 0, run->kind);
        }
}

/** Show what take_known took: @p taken, with @p rows rows. @p has_eof: with the EOF behind the definitions. */
SPECIALIZED void show_known(struct parse_context *ctx, const struct command *cmd, struct span taken,
                            const struct result_header *known, bool has_eof, size_t rows)
{
        unsigned definitions = known != NULL ? known->packets - 1U : 0;
        unsigned end = dissector_deprecates_eof(ctx->d) ? LAYOUT_END_OK : LAYOUT_END_EOF;
        const struct packet_run run = {
            .from = SIDE_SERVER,
            .n = 1 + definitions + (has_eof ? 1 : 0) + rows + (cmd->done ? 1 : 0),
            .kind = command_row_kind(cmd),
            .layout = (uint8_t)(LAYOUT_COUNT | (has_eof ? LAYOUT_EOF : 0U) | (cmd->done ? end : 0U)),
            .definitions = (uint8_t)definitions,
            .agreed = ctx->d->agreed,
            .redacted = ctx->d->redact_packets,
            .bytes = taken,
            .mono_ns = ctx->now_ns};
        if (ctx->n > 0) {
                parse_context_flush(ctx);
        }
        if (taken.len > RESULT_AT_ONCE) {
                show_long_result(ctx, &run, rows);
        } else {
                ctx->d->sink.on_run(ctx->d->sink.arg, &run);
        }
}

/** Of @p bytes, what is behind @p w was taken. @return what is left. */
SPECIALIZED struct span note_taken(struct parse_context *ctx, struct command *cmd, struct span bytes,
                                   const struct walk *w)
{
        cmd->next_seq = (uint8_t)(w->seq / ONE_SEQ);
        if (w->left < bytes.len) {
                cmd->bytes_received += packet_stream_wire(ctx->stream, bytes.len - w->left);
                cmd->first_ns = cmd->first_ns != 0 ? cmd->first_ns : ctx->now_ns;
                cmd->last_ns = ctx->now_ns;
                ctx->d->eof_open = false; /* the packet was another one */
        }
        if (w->is_shown && cmd->done && ctx->n > 0) {
                parse_context_flush(ctx);
        }
        return span_of(w->at, w->left);
}

/** A reply that begins with the header @p known, or, if that is NULL, with a column count alone: what nearly all replies are. If packets
 *  are shown, the whole reply is shown at once. */
SPECIALIZED struct span take_known(struct parse_context *ctx, struct command *cmd, struct span bytes,
                                   const struct result_header *known, bool is_shown)
{
        struct walk w = walk_over(ctx, cmd, bytes, is_shown, true);
        uint64_t rows = cmd->rows;
        w.is_shown = false;
        if (known != NULL) {
                pass_header(cmd, &w, known);
        } else {
                (void)take_count(ctx, cmd, &w);
        }
        enter_rest(ctx, cmd);
        bool awaits_eof = cmd->state == REPLYING_DEFS_EOF;
        take_rest(ctx, cmd, &w, true, known);
        if (is_shown) {
                show_known(ctx, cmd, span_of(bytes.data, bytes.len - w.left), known,
                           awaits_eof && cmd->state == REPLYING_ROWS, cmd->rows - rows);
        }
        return note_taken(ctx, cmd, bytes, &w);
}

__attribute__((noinline)) static struct span take_known_shown(struct parse_context *ctx, struct command *cmd,
                                                              struct span bytes,
                                                              const struct result_header *known)
{
        return take_known(ctx, cmd, bytes, known, true);
}

/** Take what is eligible from where the reply stands. */
__attribute__((noinline)) static struct span take_any(struct parse_context *ctx, struct command *cmd,
                                                      struct span bytes, bool is_result)
{
        struct walk w = walk_over(ctx, cmd, bytes, ctx->d->want_packets, ctx->stream->compress == NULL);
        bool is_behind_header = !is_result || cmd->state >= REPLYING_DEFS_EOF;
        if (!is_behind_header && take_header(ctx, cmd, &w)) {
                enter_rest(ctx, cmd);
                is_behind_header = true;
        }
        if (is_behind_header) {
                take_rest(ctx, cmd, &w, is_result, NULL);
        }
        return note_taken(ctx, cmd, bytes, &w);
}

struct span fastpath_take_reply(struct parse_context *ctx, struct span bytes)
{
        struct command *cmd = ctx->d->queue.head;
        if (!FASTPATHS || !is_reply_eligible(ctx, cmd)) {
                return bytes;
        }
        /* with log.rows definitions and rows are kept */
        bool is_result = cmd->type->shape == SHAPE_RESULT && ctx->d->settings->rows == 0;
        if (is_result && cmd->state == REPLYING_FIRST && cmd->next_seq == 1 &&
            ctx->stream->compress == NULL) {
                bool is_alone = is_count_alone(ctx, bytes);
                const struct result_header *known =
                    is_alone ? NULL
                             : result_header_cache_find(&ctx->d->settings->pool->result_headers, bytes,
                                                        ctx->d->capabilities);
                if (known != NULL || is_alone) {
                        return ctx->d->want_packets ? take_known_shown(ctx, cmd, bytes, known)
                                                    : take_known(ctx, cmd, bytes, known, false);
                }
        }
        return take_any(ctx, cmd, bytes, is_result);
}
