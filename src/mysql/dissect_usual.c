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

/* --- one packet after the other -------------------------------------------------------------------------------------- */

/** Where we are in a reply. */
struct walk {
        const uint8_t *at;
        size_t left;
        size_t most;     /* longer payloads are to be looked at */
        uint8_t seq;     /* of the next packet … */
        bool is_counted; /* … but within compressed frames that goes for nothing */
};

static struct walk walk_over(const struct feed *in, const struct flight *f, struct span bytes)
{
        return (struct walk){.at = bytes.data,
                             .left = bytes.len,
                             .most = in->d->shows ? in->d->settings->packet_bytes : FRAME_MAX_PAYLOAD - 1,
                             .seq = f->next_seq,
                             .is_counted = in->lane->compress == NULL};
}

/** The length of the payload at the front; 0 if it is not all there, not next in order, too long, or empty. */
static inline size_t walk_peek(const struct walk *w)
{
        if (w->left <= FRAME_HEADER_SIZE) {
                return 0;
        }
        uint32_t header = frame_header(w->at);
        size_t length = frame_length(header);
        bool is_next = frame_seq(header) == w->seq || !w->is_counted;
        return is_next && length <= w->left - FRAME_HEADER_SIZE && length <= w->most ? length : 0;
}

static inline struct span walk_payload(const struct walk *w, size_t length)
{
        return span_of(w->at + FRAME_HEADER_SIZE, length);
}

static inline void walk_on(struct walk *w, size_t length)
{
        w->seq = (uint8_t)(w->at[FRAME_HEADER_SIZE - 1] + 1);
        w->at += FRAME_HEADER_SIZE + length;
        w->left -= FRAME_HEADER_SIZE + length;
}

/** The packet at the front was as usual. */
static inline void pass(struct feed *in, struct walk *w, size_t length, const char *name)
{
        if (in->d->shows) {
                feed_add_to_run(in, span_of(w->at, FRAME_HEADER_SIZE + length), name);
        }
        walk_on(w, length);
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/** @p n whole rows. */
static void show_rows(struct feed *in, struct span rows, size_t n)
{
        /* what the packets are that are rows to the state */
        const char *name = in->d->head->info->shape == SHAPE_FIELDS ? "column definition" : "row";
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
static void hop_rows(struct feed *in, struct flight *f, struct walk *from)
{
        struct walk w = *from;
        size_t n = 0;
        size_t length;
        while ((length = walk_peek(&w)) > 0 && w.at[FRAME_HEADER_SIZE] < REPLY_EOF) {
                walk_on(&w, length);
                n++;
        }
        if (n > 0 && in->d->shows) {
                show_rows(in, span_of(from->at, from->left - w.left), n);
        }
        f->rows += n;
        *from = w;
}

/* --- what stands around the rows -------------------------------------------------------------------------------------- */

static bool deprecates_eof(const struct dissect *d)
{
        return (d->capabilities & CAP_DEPRECATE_EOF) != 0;
}

static bool take_count(struct feed *in, struct flight *f, struct walk *w)
{
        enum { ONE_BYTE_MAX = 250 };
        static const uint64_t told = CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA;
        bool tells = (in->d->capabilities & told) != 0; /* whether definitions follow */
        size_t length = walk_peek(w);
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (length != (tells ? 2 : 1) || payload[0] == 0 || payload[0] > ONE_BYTE_MAX ||
            (tells && payload[1] == 0)) {
                return false;
        }
        f->columns = payload[0];
        f->defs_left = payload[0];
        f->results++;
        f->state = REPLYING_DEFS;
        pass(in, w, length, "column count");
        return true;
}

static bool take_definitions(struct feed *in, struct flight *f, struct walk *w)
{
        struct dissect *d = in->d;
        struct definitions *known = &d->settings->pool->definitions;
        while (f->defs_left > 0) {
                size_t length = walk_peek(w);
                if (length == 0 || !definitions_are_plain(known, walk_payload(w, length), d->capabilities)) {
                        return false;
                }
                f->defs_left--;
                pass(in, w, length, "column definition");
        }
        f->state = deprecates_eof(d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
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
static bool take_definitions_eof(struct feed *in, struct flight *f, struct walk *w)
{
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (walk_peek(w) != REPLY_EOF_LENGTH || payload[0] != REPLY_EOF ||
            !is_usual_status(two_bytes(payload + 3))) {
                return false;
        }
        f->state = REPLYING_ROWS;
        pass(in, w, REPLY_EOF_LENGTH, "EOF");
        return true;
}

/** It may be "USE name": who answers that with rows is no server that is known, but it is for result.c all the same. */
static bool may_use(const struct flight *f)
{
        return f->code == COM_QUERY && f->body_len > f->text_at && (f->body[f->text_at] | 0x20) == 'u';
}

/** Behind the rows: an EOF, or the OK in its place. What it says is all that it does: a command with rows changes nothing in the
 *  session. */
static bool take_end(struct feed *in, struct flight *f, struct walk *w)
{
        bool is_ok = deprecates_eof(in->d);
        size_t length = walk_peek(w);
        const uint8_t *payload = w->at + FRAME_HEADER_SIZE;
        if (length != (is_ok ? REPLY_OK_MIN : REPLY_EOF_LENGTH) || payload[0] != REPLY_EOF ||
            in->d->parts != NULL || f->out_params || may_use(f)) {
                return false;
        }
        unsigned warnings = two_bytes(payload + (is_ok ? 5 : 1));
        unsigned status = two_bytes(payload + 3); /* in both */
        if (!is_usual_status(status) ||
            (is_ok && two_bytes(payload + 1) != 0)) { /* nothing affected, no id */
                return false;
        }
        f->warnings = (uint16_t)warnings;
        f->status = (uint16_t)status;
        f->has_status = true;
        f->ends++;
        f->done = true;
        pass(in, w, length, is_ok ? "OK" : "EOF");
        return true;
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */

/** May packets go to @p f, the command at the head, without a closer look? */
static bool is_usual(const struct feed *in, const struct flight *f)
{
        const struct dissect *d = in->d;
        return f != NULL && f->seq_known && f->begun && d->phase == PHASE_READY &&
               d->lint.broken == 0 && /* a frame did, and the next packet is told with it */
               !(in->d->shows && (!in->d->together || in->d->hides || f->is_secret));
}

/** From where the reply stands, as far as its packets are as usual. */
static void take_reply(struct feed *in, struct flight *f, struct walk *w)
{
        bool wanted = in->d->settings->rows > 0; /* with log.rows definitions and rows are */
        bool goes_on = f->info->shape == SHAPE_RESULT && !wanted;
        if (f->state == REPLYING_FIRST) {
                goes_on = goes_on && take_count(in, f, w);
        }
        if (f->state == REPLYING_DEFS) {
                goes_on = goes_on && take_definitions(in, f, w);
        }
        if (f->state == REPLYING_DEFS_EOF) {
                goes_on = goes_on && take_definitions_eof(in, f, w);
        }
        if (f->state == REPLYING_ROWS && f->rows_wanted == 0) {
                hop_rows(in, f, w);
                if (goes_on) {
                        (void)take_end(in, f, w);
                }
        }
}

struct span feed_take_usual(struct feed *in, struct span bytes)
{
        struct flight *f = in->d->head;
        if (!is_usual(in, f)) {
                return bytes;
        }
        struct walk w = walk_over(in, f, bytes);
        take_reply(in, f, &w);
        f->next_seq = w.seq;
        if (w.left < bytes.len) {
                f->bytes_received += feed_wire_of(in->lane, bytes.len - w.left);
                f->first_ns = f->first_ns != 0 ? f->first_ns : in->now_ns;
                f->last_ns = in->now_ns;
        }
        if (f->done) {
                feed_show_run(in);
                dissect_settle(in->d);
        }
        return span_of(w.at, w.left);
}
