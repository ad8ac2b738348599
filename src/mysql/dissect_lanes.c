/* The two lanes of a session: bytes become packets, packets become messages, and those go to the phase's handler. */
#include "mysql/dissect_state.h"
#include "profile/prof.h"

enum {
        SMALL_LIMIT = 64 * 1024, /* of greetings, logins, OK, ERR: more is not looked at */
        ATTRIBUTES_ROOM = 64 * 1024,
        KEPT_SMALL = 4096, /* larger buffers are given back once their message is done */
        RUN_MAX = 32,
};

/* Packets that are shown together. */
struct run {
        struct span bytes;
        size_t n;
        const char *names[RUN_MAX];
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

static bool shows_packets(const struct dissect *d)
{
        return d->settings->packet_bytes > 0 && d->sink.on_packet != NULL;
}

static void show_packet(struct dissect *d, enum side from, uint8_t seq, uint32_t length, struct span head,
                        uint64_t now_ns)
{
        const struct packet packet = {
            .from = from,
            .seq = seq,
            .secret = d->packet_secret,
            .length = length,
            .name = d->packet_name,
            .mono_ns = now_ns,
            .head = d->packet_secret ? (struct span){NULL, 0} : span_head(head, d->settings->packet_bytes),
        };
        d->sink.on_packet(d->sink.arg, &packet);
}

static void show_run(struct dissect *d, enum side from, struct run *run, uint64_t now_ns)
{
        if (run->n > 0) {
                const struct packet_run shown = {
                    .from = from, .n = run->n, .names = run->names, .bytes = run->bytes, .mono_ns = now_ns};
                run->n = 0;
                d->sink.on_run(d->sink.arg, &shown);
        }
}

static void add_to_run(struct run *run, struct span packet, const char *name)
{
        if (run->n == 0) {
                run->bytes = (struct span){packet.data, 0};
        }
        run->bytes.len += packet.len;
        run->names[run->n++] = name;
}

/** @p packet came whole, its header included. */
static void show_whole(struct dissect *d, enum side from, struct run *run, struct span packet,
                       uint64_t now_ns)
{
        struct span payload = span_skip(packet, FRAME_HEADER_SIZE);
        bool together =
            d->sink.on_run != NULL && !d->packet_secret && payload.len <= d->settings->packet_bytes;
        if (!together || run->n == RUN_MAX) {
                show_run(d, from, run, now_ns);
        }
        if (together) {
                add_to_run(run, packet, d->packet_name);
        } else {
                show_packet(d, from, packet.data[3], (uint32_t)payload.len, payload, now_ns);
        }
}

/** @p n whole rows. */
static void show_rows(struct dissect *d, struct run *run, struct span rows, size_t n, uint64_t now_ns)
{
        const char *name = result_row_name(d->head);
        if (n == 1 && run->n < RUN_MAX) {
                add_to_run(run, rows, name);
                return;
        }
        show_run(d, SIDE_SERVER, run, now_ns);
        const struct packet_run shown = {
            .from = SIDE_SERVER, .n = n, .name = name, .bytes = rows, .mono_ns = now_ns};
        d->sink.on_run(d->sink.arg, &shown);
}

/* --- packets that come whole: nearly all ---------------------------------------------------------------------- */

static void tell_lint(struct dissect *d, enum side from, uint8_t seq, uint32_t length, struct span bytes,
                      uint64_t now_ns)
{
        const struct broken b = {
            .from = from, .seq = seq, .length = length, .mono_ns = now_ns, .bytes = bytes};
        dissect_tell_lint(d, &b);
}

static void settle(struct dissect *d)
{
        if (d->head != NULL && (d->head->done || !d->head->begun)) {
                dissect_settle(d);
        }
}

/** Bytes on the wire that count for a message: of compressed ones, the frames that began with it. */
static uint64_t wire_of(struct lane *lane, size_t len)
{
        if (lane->compress == NULL) {
                return len;
        }
        uint32_t wire = lane->frames_wire;
        lane->frames_wire = 0;
        return wire;
}

static void lose_unexpected(struct dissect *d, enum side from)
{
        dissect_lose(d, "a packet from the side that should wait", NULL, from);
}

static void take_whole(struct dissect *d, enum side from, struct span packet, struct run *run,
                       uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        dissect_handler *handle = dissect_phases[d->phase].from[from];
        struct span payload = span_skip(packet, FRAME_HEADER_SIZE);
        uint8_t seq = packet.data[3];
        if (handle == NULL) {
                lose_unexpected(d, from);
                return;
        }
        struct message m = {
            .body = payload,
            .len = payload.len,
            .wire = wire_of(lane, packet.len),
            .start_ns = now_ns,
            .end_ns = now_ns,
            .seq = seq,
            .last = seq,
            .first = payload.len > 0 ? payload.data[0] : 0,
        };
        if (payload.len > DISSECT_EVIDENCE) {
                m.body = span_head(payload, limit_of(d, from, m.first));
        }
        d->packet_secret = d->settings->hide_packets && d->phase == PHASE_READY;
        d->packet_name = handle(d, &m);
        if (d->lint.broken != 0) {
                tell_lint(d, from, seq, (uint32_t)payload.len, payload, now_ns);
        }
        if (shows_packets(d)) {
                show_whole(d, from, run, packet, now_ns);
        }
        settle(d);
}

/** The packet at the front of @p bytes with its header; empty if it is not all there, or another continues it. */
static struct span whole_packet(struct span bytes)
{
        if (bytes.len >= FRAME_HEADER_SIZE) {
                uint32_t length =
                    (uint32_t)bytes.data[0] | (uint32_t)bytes.data[1] << 8 | (uint32_t)bytes.data[2] << 16;
                if (length < FRAME_MAX_PAYLOAD && length <= bytes.len - FRAME_HEADER_SIZE) {
                        return span_head(bytes, FRAME_HEADER_SIZE + length);
                }
        }
        return (struct span){NULL, 0};
}

/** Rows that nobody wants are counted, not looked at. */
static void hop_rows(struct dissect *d, struct span *bytes, struct run *run, uint64_t now_ns)
{
        const struct flight *f = d->head;
        if (f == NULL || f->state != REPLYING_ROWS || d->phase != PHASE_READY) {
                return;
        }
        bool show = shows_packets(d);
        struct span rows = *bytes;
        if (show && (d->sink.on_run == NULL || d->settings->hide_packets || f->is_secret)) {
                return;
        }
        size_t n =
            result_hop_rows(d, bytes, show ? d->settings->packet_bytes : FRAME_MAX_PAYLOAD - 1, now_ns);
        if (n > 0 && show) {
                show_rows(d, run, span_head(rows, rows.len - bytes->len), n, now_ns);
        }
}

/* --- packets that come in pieces ------------------------------------------------------------------------------ */

/** Keep a piece of a message that does not come whole, as far as its limit goes. */
static bool keep(struct lane *lane, struct span bytes)
{
        struct span more = span_head(bytes, lane->limit - lane->kept_len);
        size_t need = lane->kept_len + more.len;
        if (need > lane->kept_size) {
                size_t size = lane->kept_size * 2 > need ? lane->kept_size * 2 : need;
                uint8_t *bigger = prof_realloc(STAGE_FRAME, lane->kept, size);
                if (bigger == NULL) {
                        return false;
                }
                lane->kept = bigger;
                lane->kept_size = size;
        }
        if (more.len > 0) {
                memcpy(lane->kept + lane->kept_len, more.data, more.len);
                lane->kept_len = need;
        }
        return true;
}

static void release_kept(struct lane *lane)
{
        lane->kept_len = 0;
        if (lane->kept_size > KEPT_SMALL) {
                prof_free(lane->kept);
                lane->kept = NULL;
                lane->kept_size = 0;
        }
}

/** Keep the head of the packet under way for on_packet. */
static bool keep_packet(struct dissect *d, struct lane *lane, const struct frame_piece *piece)
{
        size_t size = d->settings->packet_bytes;
        if (lane->packet == NULL) {
                lane->packet = prof_alloc(STAGE_FRAME, size);
                if (lane->packet == NULL) {
                        return false;
                }
        }
        if (piece->begins) {
                lane->packet_len = 0;
        }
        struct span more = span_head(piece->bytes, size - lane->packet_len);
        if (more.len > 0) {
                memcpy(lane->packet + lane->packet_len, more.data, more.len);
                lane->packet_len += more.len;
        }
        return true;
}

static void begin_message(struct dissect *d, enum side from, const struct frame_piece *piece)
{
        struct lane *lane = &d->lanes[from];
        lane->len = 0;
        lane->wire = 0;
        lane->kept_len = 0;
        lane->seq = piece->seq;
        lane->first = piece->bytes.len > 0 ? piece->bytes.data[0] : 0;
        lane->limit = limit_of(d, from, lane->first);
}

static void handle_message(struct dissect *d, enum side from, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        const struct message m = {span_of(lane->kept, lane->kept_len),
                                  lane->len,
                                  lane->wire,
                                  lane->start_ns,
                                  now_ns,
                                  lane->seq,
                                  lane->last,
                                  lane->first};
        dissect_handler *handle = dissect_phases[d->phase].from[from];
        d->packet_secret = d->settings->hide_packets && d->phase == PHASE_READY;
        d->packet_name = handle != NULL ? handle(d, &m) : "?";
}

/** @return false when memory is out. */
static bool take_piece(struct dissect *d, enum side from, const struct frame_piece *piece, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        bool show = shows_packets(d);
        if (piece->begins_message) {
                begin_message(d, from, piece);
                if (dissect_phases[d->phase].from[from] ==
                    NULL) { /* do not wait for the end of what may be no packet */
                        lose_unexpected(d, from);
                        return true;
                }
        }
        if (piece->begins) {
                if (!piece->begins_message && piece->seq != (uint8_t)(lane->last + 1) &&
                    lane->compress == NULL) {
                        lint_break(&d->lint, LINT_SEQUENCE);
                }
                lane->last = piece->seq;
        }
        lane->len += piece->bytes.len;
        lane->wire += wire_of(lane, piece->bytes.len + (piece->begins ? FRAME_HEADER_SIZE : 0));
        if (!keep(lane, piece->bytes) || (show && !keep_packet(d, lane, piece))) {
                return false;
        }
        d->packet_name = "part of a longer payload";
        d->packet_secret = d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH || d->settings->hide_packets;
        if (piece->ends_message) {
                handle_message(d, from, now_ns);
        }
        if (piece->ends && d->lint.broken != 0) {
                tell_lint(d, from, piece->seq, piece->length, span_of(lane->kept, lane->kept_len), now_ns);
        }
        if (piece->ends && show) {
                show_packet(d, from, piece->seq, piece->length, span_of(lane->packet, lane->packet_len),
                            now_ns);
        }
        if (piece->ends_message) {
                release_kept(lane);
                settle(d);
        }
        return true;
}

/* --- the stream ----------------------------------------------------------------------------------------------- */

/** Take the next whole packet, or piece of one, off the front of *@p bytes. */
static void take_next(struct dissect *d, enum side from, struct span *bytes, struct run *run, uint64_t now_ns)
{
        struct frame_piece piece;
        struct span packet =
            frame_idle(&d->lanes[from].frame) ? whole_packet(*bytes) : (struct span){NULL, 0};
        if (packet.len > 0) {
                *bytes = span_skip(*bytes, packet.len);
                take_whole(d, from, packet, run, now_ns);
        } else if (frame_next(&d->lanes[from].frame, bytes, &piece)) {
                show_run(d, from, run, now_ns);
                if (!take_piece(d, from, &piece, now_ns)) {
                        dissect_lose(d, "out of memory", NULL, from);
                }
        }
}

struct span dissect_packets(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        const struct compress *compress = lane->compress;
        struct run run;
        run.n = 0; /* its names are written before they are read */
        while (bytes.len > 0 && d->phase < PHASE_OPAQUE && lane->compress == compress) {
                size_t before = bytes.len;
                if (frame_idle(&lane->frame)) {
                        lane->start_ns = now_ns;
                        if (from == SIDE_SERVER) {
                                hop_rows(d, &bytes, &run, now_ns);
                        }
                        lane->message_at = lane->offset + before - bytes.len;
                }
                take_next(d, from, &bytes, &run, now_ns);
                lane->offset += before - bytes.len;
        }
        show_run(d, from, &run, now_ns);
        return bytes;
}
