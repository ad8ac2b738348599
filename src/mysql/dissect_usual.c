/* Packets of replies that are as nearly all are: a few instructions each. What is otherwise, result.c looks at. */
#include "mysql/capability.h"
#include "mysql/dissect_feed.h"

/* --- several packets shown at once ---------------------------------------------------------------------------------- */

void feed_show_run(struct feed *in)
{
        if (in->n > 0) {
                const struct packet_run run = {.from = in->from,
                                               .n = in->n,
                                               .names = in->names,
                                               .bytes = in->run,
                                               .mono_ns = in->now_ns};
                in->n = 0;
                in->d->sink.on_run(in->d->sink.arg, &run);
        }
}

void feed_add_to_run(struct feed *in, struct span packet, const char *name)
{
        if (in->n == FEED_RUN_MAX) {
                feed_show_run(in);
        }
        if (in->n == 0) {
                in->run = (struct span){packet.data, 0};
        }
        in->run.len += packet.len;
        in->names[in->n++] = name;
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/** What the packets are that are rows to the state. */
static const char *row_name(const struct flight *f)
{
        return f->info->shape == SHAPE_FIELDS ? "column definition" : "row";
}

/** Count the rows at the front of *@p in and skip them; @p most is the longest to be skipped. @return how many. */
static size_t skip_rows(struct dissect *d, struct span *in, size_t most)
{
        struct flight *f = d->head;
        const uint8_t *at = in->data;
        size_t left = in->len;
        size_t rows = 0;
        bool numbered = d->lanes[SIDE_SERVER].compress == NULL;
        uint8_t seq = f->next_seq;
        while (left > FRAME_HEADER_SIZE) {
                size_t length = (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16;
                uint8_t first = at[FRAME_HEADER_SIZE];
                if (length - 1 >= most || length > left - FRAME_HEADER_SIZE || first >= REPLY_EOF ||
                    (numbered && at[3] != seq)) {
                        break; /* to be looked at; so is an empty one, whose length minus one is huge */
                }
                rows++;
                seq++;
                at += FRAME_HEADER_SIZE + length;
                left -= FRAME_HEADER_SIZE + length;
        }
        f->rows += rows;
        f->next_seq = seq;
        *in = span_of(at, left);
        return rows;
}

/* --- what comes before the rows ------------------------------------------------------------------------------------- */

static bool deprecates_eof(const struct dissect *d)
{
        return (d->capabilities & CAP_DEPRECATE_EOF) != 0;
}

static const char *usual_count(const struct dissect *d, struct flight *f, struct span payload)
{
        enum { ONE_BYTE_MAX = 250 };
        static const uint64_t told = CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA;
        bool tells = (d->capabilities & told) != 0; /* whether definitions follow */
        if (payload.len != (tells ? 2 : 1) || payload.data[0] == 0 || payload.data[0] > ONE_BYTE_MAX ||
            f->info->shape != SHAPE_RESULT || (tells && payload.data[1] == 0)) {
                return NULL;
        }
        f->columns = payload.data[0];
        f->defs_left = payload.data[0];
        f->results++;
        f->state = REPLYING_DEFS;
        return "column count";
}

static const char *usual_definition(const struct dissect *d, struct flight *f, struct span payload)
{
        if (f->info->shape != SHAPE_RESULT || f->defs_next > 0 ||
            !lint_is_plain_definition(payload, d->capabilities)) {
                return NULL;
        }
        if (--f->defs_left == 0) {
                f->state = deprecates_eof(d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
        }
        return "column definition";
}

/** An EOF of the usual length and flags. */
static bool is_usual_eof(const struct dissect *d, const struct flight *f, struct span payload)
{
        static const unsigned unusual = STATUS_MORE_RESULTS | STATUS_CURSOR_EXISTS | STATUS_LAST_ROW_SENT |
                                        STATUS_PS_OUT_PARAMS | STATUS_IN_TRANS_READONLY |
                                        STATUS_SESSION_STATE_CHANGED;
        return payload.len == REPLY_EOF_LENGTH && payload.data[0] == REPLY_EOF && d->parts == NULL &&
               (((unsigned)payload.data[3] | (unsigned)payload.data[4] << 8) & unusual) == 0 &&
               f->info->shape == SHAPE_RESULT && !deprecates_eof(d) && !f->out_params;
}

/** Behind the definitions: rows follow. */
static const char *usual_eof(const struct dissect *d, struct flight *f, struct span payload)
{
        if (!is_usual_eof(d, f, payload)) {
                return NULL;
        }
        f->state = REPLYING_ROWS;
        return "EOF";
}

/** It may be "USE name": who answers that with rows is no server that is known, but it is for result.c all the same. */
static bool may_use(const struct flight *f)
{
        return f->code == COM_QUERY && f->body_len > f->text_at && (f->body[f->text_at] | 0x20) == 'u';
}

/** Behind the rows. What it says is all that it does: a command with rows changes nothing in the session. */
static const char *usual_end(const struct dissect *d, struct flight *f, struct span payload)
{
        if (!is_usual_eof(d, f, payload) || may_use(f)) {
                return NULL;
        }
        f->warnings = (uint16_t)(payload.data[1] | payload.data[2] << 8);
        f->status = (uint16_t)(payload.data[3] | payload.data[4] << 8);
        f->has_status = true;
        f->ends++;
        f->done = true;
        return "EOF";
}

/** @return the packet's name; NULL: it is for result_on_message. */
static const char *take_payload(const struct dissect *d, struct flight *f, struct span payload)
{
        switch (f->state) {
        case REPLYING_FIRST: return usual_count(d, f, payload);
        case REPLYING_DEFS: return usual_definition(d, f, payload);
        case REPLYING_DEFS_EOF: return usual_eof(d, f, payload);
        case REPLYING_ROWS: return usual_end(d, f, payload);
        case REPLYING_LOCAL_FILE:
        case REPLYING_AUTH:
        case REPLYING_STREAM:
        case REPLYING_COUNT: break;
        }
        return NULL;
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */

/** @p n whole rows. */
static void show_rows(struct feed *in, struct span rows, size_t n)
{
        const char *name = row_name(in->d->head);
        if (n == 1) {
                feed_add_to_run(in, rows, name);
                return;
        }
        feed_show_run(in);
        const struct packet_run run = {
            .from = SIDE_SERVER, .n = n, .name = name, .bytes = rows, .mono_ns = in->now_ns};
        in->d->sink.on_run(in->d->sink.arg, &run);
}

/** Rows that nobody wants are counted, not looked at. */
static void hop_rows(struct feed *in, struct span *bytes)
{
        struct dissect *d = in->d;
        struct span rows = *bytes;
        size_t n = skip_rows(d, bytes, in->shows ? d->settings->packet_bytes : FRAME_MAX_PAYLOAD - 1);
        if (n > 0 && in->shows) {
                show_rows(in, span_head(rows, rows.len - bytes->len), n);
        }
}

/** One packet of a reply. @return false if it is not as usual. */
static bool take_usual_packet(struct feed *in, struct flight *f, struct span *bytes)
{
        size_t length = feed_whole_packet(*bytes);
        bool numbered = in->lane->compress == NULL;
        if (length == 0 || (numbered && bytes->data[3] != f->next_seq) ||
            (in->shows && length > in->d->settings->packet_bytes + FRAME_HEADER_SIZE)) {
                return false;
        }
        struct span packet = span_head(*bytes, length);
        if (in->shows && f->state == REPLYING_DEFS &&
            dissect_names_secret(span_skip(packet, FRAME_HEADER_SIZE))) {
                return false; /* its rows are not to be shown */
        }
        const char *name = take_payload(in->d, f, span_skip(packet, FRAME_HEADER_SIZE));
        if (name == NULL) {
                return false;
        }
        f->next_seq = (uint8_t)(packet.data[3] + 1);
        if (in->shows) {
                feed_add_to_run(in, packet, name);
        }
        *bytes = span_skip(*bytes, length);
        return true;
}

/** The packets of a reply that are as usual, from the front of @p bytes. @return what is left. */
struct span feed_take_usual(struct feed *in, struct span bytes)
{
        struct flight *f = in->d->head;
        size_t before = bytes.len;
        if (f == NULL || !f->seq_known || !f->begun || in->d->phase != PHASE_READY ||
            in->d->lint.broken != 0 || /* a frame did, and the next packet is told with it */
            (in->shows && (!in->together || in->hides || f->is_secret))) {
                return bytes;
        }
        bool goes_on;
        do {
                if (f->state == REPLYING_ROWS && f->rows_wanted == 0) {
                        hop_rows(in, &bytes);
                }
                /* with log.rows the definitions are wanted */
                goes_on = in->d->settings->rows == 0 && take_usual_packet(in, f, &bytes);
        } while (goes_on && !f->done);
        if (bytes.len < before) {
                f->bytes_received += feed_wire_of(in->lane, before - bytes.len);
                f->first_ns = f->first_ns != 0 ? f->first_ns : in->now_ns;
                f->last_ns = in->now_ns;
        }
        if (f->done) {
                feed_show_run(in);
                dissect_settle(in->d);
        }
        return bytes;
}
