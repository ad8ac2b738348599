#include "mysql/dissect.h"

#include "mysql/charset.h"
#include "mysql/dissect_state.h"
#include "mysql/secret.h"
#include "profile/prof.h"

enum {
        SMALL_LIMIT = 64 * 1024, /* of greetings, logins, OK, ERR: more is not looked at */
        ATTRIBUTES_ROOM = 64 * 1024,
        KEPT_SMALL = 4096, /* larger buffers are given back once their message is done */
        VALUES_MAX = 2 * 65536,
        EVIDENCE_BYTES = 32,
};

typedef const char *handler(struct dissect *d, const struct message *m);

/* A missing handler: that side should not talk in this phase. */
static const struct phase_info {
        const char *name;
        handler *from[2];
} phases[PHASE_COUNT] = {
    [PHASE_GREETING] = {"greeting", {[SIDE_SERVER] = login_on_greeting}},
    [PHASE_LOGIN] = {"login", {[SIDE_CLIENT] = login_on_login, [SIDE_SERVER] = login_on_early_reply}},
    [PHASE_AUTH] = {"auth", {[SIDE_CLIENT] = login_on_client, [SIDE_SERVER] = login_on_server}},
    [PHASE_READY] = {"ready", {[SIDE_CLIENT] = request_on_message, [SIDE_SERVER] = result_on_message}},
    [PHASE_OPAQUE] = {"opaque", {NULL, NULL}},
    [PHASE_CLOSED] = {"closed", {NULL, NULL}},
};

struct dissect *dissect_new(const struct dissect_settings *settings, struct dissect_sink sink)
{
        struct dissect *d = prof_calloc(STAGE_DISSECT, 1, sizeof *d);
        if (d != NULL) {
                d->settings = settings;
                d->last_prepared = LAST_PREPARED;
                d->sink = sink;
        }
        return d;
}

static void free_lane(struct lane *lane)
{
        prof_free(lane->kept);
        prof_free(lane->packet);
        lane->kept = NULL;
        lane->packet = NULL;
        lane->kept_size = 0;
}

/** All memory that only following needs. */
static void free_tracking(struct dissect *d)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                compress_free(d->lanes[side].compress);
                d->lanes[side].compress = NULL;
        }
        while (d->head != NULL) {
                request_pop(d);
        }
        request_free(d->spare);
        d->spare = NULL;
        statements_clear(&d->statements);
        prof_free(d->values.at);
        prof_free(d->changes.at);
        d->values = (struct value_room){NULL, 0};
        d->changes = (struct value_room){NULL, 0};
        parts_drop(d);
        prof_free(d->attributes);
        d->attributes = NULL;
        prof_free(d->auth_path);
        d->auth_path = NULL;
        prof_free(d->next_username);
        d->next_username = NULL;
        prof_free(d->next_database);
        d->next_database = NULL;
        free_lane(&d->lanes[SIDE_CLIENT]);
        free_lane(&d->lanes[SIDE_SERVER]);
}

void dissect_free(struct dissect *d)
{
        if (d == NULL) {
                return;
        }
        free_tracking(d);
        prof_free(d->server_version);
        prof_free(d->username);
        prof_free(d->database);
        prof_free(d->auth_plugin);
        prof_free(d);
}

/* --- shared helpers ------------------------------------------------------------------------------------------- */

bool dissect_set_text(char **slot, struct span text)
{
        prof_free(*slot);
        *slot = prof_spandup(STAGE_DISSECT, text);
        return *slot != NULL;
}

void dissect_set_character_set(struct dissect *d, const char *name)
{
        uint8_t charset = charset_of_name(span_str(name));
        d->charsets.client = charset;
        d->charsets.results = charset;
        d->charsets.login = charset;
        d->charsets.username = charset;
        d->charsets.database = charset;
}

struct value *dissect_room(struct value_room *room, size_t n)
{
        if (n > VALUES_MAX) {
                return NULL;
        }
        if (n > room->size) {
                prof_free(room->at);
                room->at = prof_alloc(STAGE_DISSECT, n * sizeof *room->at);
                room->size = room->at != NULL ? n : 0;
        }
        if (room->at != NULL) {
                memset(room->at, 0, n * sizeof *room->at);
        }
        return room->at;
}

struct value *dissect_values(struct dissect *d, size_t n)
{
        return dissect_room(&d->values, n);
}

/* --- losing track ------------------------------------------------------------------------------------------------ */

static void fail_all(struct dissect *d, const char *reason)
{
        for (struct flight *f = d->head; f != NULL; f = f->next) {
                request_emit(d, f, reason); /* freed later: a caller may be at work on it */
        }
}

void dissect_lose(struct dissect *d, const char *reason, const struct message *m, enum side from)
{
        if (d->phase == PHASE_OPAQUE || d->phase == PHASE_CLOSED) {
                return;
        }
        const struct lane *lane = &d->lanes[from];
        char info[160];
        struct writer w = writer_over(info, sizeof info);
        uint64_t now_ns = m != NULL ? m->end_ns : lane->start_ns;
        struct record r = dissect_record(d, EVENT_NOTICE, now_ns);
        writer_format(&w, "the session is opaque from here on: phase %s, %s byte %llu", phases[d->phase].name,
                      from == SIDE_CLIENT ? "client" : "server", (unsigned long long)lane->message_at);
        if (m != NULL) {
                writer_format(&w, ", packet seq %u length %llu", m->seq, (unsigned long long)m->len);
                bool hide = d->settings->hide_packets || d->packet_secret || secret_suspected(m->body);
                if (!hide && (d->phase == PHASE_READY || d->phase == PHASE_GREETING)) {
                        record_set_text(&r, FIELD_PACKET_BYTES, span_head(m->body, EVIDENCE_BYTES));
                }
        }
        record_set_text(&r, FIELD_REASON, span_str(reason));
        record_set_text(&r, FIELD_INFO, writer_span(&w));
        fail_all(d, "not followed to its end");
        d->opaque_reason = reason;
        d->phase = PHASE_OPAQUE;
        d->sink.on_record(d->sink.arg, &r);
}

void dissect_give_up(struct dissect *d, const char *reason, uint64_t now_ns)
{
        if (frame_idle(&d->lanes[SIDE_SERVER].frame)) {
                d->lanes[SIDE_SERVER].start_ns = now_ns;
        }
        dissect_lose(d, reason, NULL, SIDE_SERVER);
        free_tracking(d);
}

/* --- the lanes ----------------------------------------------------------------------------------------------------- */

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

static void show_packet(struct dissect *d, enum side from, const struct frame_piece *piece, uint64_t now_ns)
{
        const struct lane *lane = &d->lanes[from];
        bool whole = piece->begins && piece->ends;
        struct packet packet = {
            .from = from,
            .seq = piece->seq,
            .secret = d->packet_secret,
            .length = piece->length,
            .name = d->packet_name,
            .mono_ns = now_ns,
        };
        struct span head = whole ? span_head(piece->bytes, d->settings->packet_bytes)
                                 : span_of(lane->packet, lane->packet_len);
        if (!packet.secret) {
                packet.head = head;
        } else if (d->settings->hide_packets && d->phase == PHASE_READY) {
                dissect_redact(&packet, head);
        }
        d->sink.on_packet(d->sink.arg, &packet);
}

static void tell_lint(struct dissect *d, enum side from, const struct frame_piece *piece, uint64_t now_ns)
{
        const struct lane *lane = &d->lanes[from];
        bool whole = piece->begins_message && piece->ends_message;
        const struct broken b = {
            .from = from,
            .seq = piece->seq,
            .length = piece->length,
            .mono_ns = now_ns,
            .bytes = whole ? piece->bytes : span_of(lane->kept, lane->kept_len),
        };
        dissect_tell_lint(d, &b);
}

static void begin_message(struct dissect *d, enum side from, const struct frame_piece *piece)
{
        struct lane *lane = &d->lanes[from];
        lane->len = 0;
        lane->wire = 0;
        lane->kept_len = 0;
        lane->seq = piece->seq;
        lane->first = piece->bytes.len > 0 ? piece->bytes.data[0] : 0;
        size_t limit = choose_limit(d, from, lane->first);
        lane->limit = limit > EVIDENCE_BYTES ? limit : EVIDENCE_BYTES;
}

static void handle_message(struct dissect *d, enum side from, struct span body, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        const struct message m = {body,   lane->len, lane->wire, lane->start_ns,
                                  now_ns, lane->seq, lane->last, lane->first};
        handler *handle = phases[d->phase].from[from];
        d->packet_name = handle != NULL ? handle(d, &m) : "?";
}

/** @return false when memory is out. */
static bool take_piece(struct dissect *d, enum side from, const struct frame_piece *piece, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        bool show = d->settings->packet_bytes > 0 && d->sink.on_packet != NULL;
        bool whole = piece->begins_message && piece->ends_message;
        if (piece->begins_message) {
                begin_message(d, from, piece);
                if (phases[d->phase].from[from] ==
                    NULL) { /* do not wait for the end of what may be no packet */
                        dissect_lose(d, "a packet from the side that should wait", NULL, from);
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
        if (lane->compress == NULL) {
                lane->wire += piece->bytes.len + (piece->begins ? FRAME_HEADER_SIZE : 0);
        } else {
                lane->wire += lane->frames_wire;
                lane->frames_wire = 0;
        }
        if ((!whole && !keep(lane, piece->bytes)) ||
            (show && !(piece->begins && piece->ends) && !keep_packet(d, lane, piece))) {
                return false;
        }
        d->packet_name = "part of a longer payload";
        d->packet_secret = d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH || d->settings->hide_packets;
        if (piece->ends_message) {
                d->packet_secret = d->settings->hide_packets && d->phase == PHASE_READY;
                handle_message(d, from,
                               whole ? span_head(piece->bytes, lane->limit)
                                     : span_of(lane->kept, lane->kept_len),
                               now_ns);
        }
        if (piece->ends && d->lint.broken != 0) {
                tell_lint(d, from, piece, now_ns);
        }
        if (piece->ends_message) {
                release_kept(lane);
        }
        if (piece->ends && show) {
                show_packet(d, from, piece, now_ns);
        }
        if (piece->ends_message) {
                dissect_settle(d);
        }
        return true;
}

struct span dissect_packets(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        const struct compress *compress = lane->compress;
        struct frame_piece piece;
        while (bytes.len > 0 && d->phase < PHASE_OPAQUE && lane->compress == compress) {
                size_t before = bytes.len;
                if (frame_idle(&lane->frame)) {
                        lane->start_ns = now_ns;
                        if (from == SIDE_SERVER) {
                                result_hop_rows(d, &bytes, now_ns);
                        }
                        lane->message_at = lane->offset + before - bytes.len;
                }
                bool got = frame_next(&lane->frame, &bytes, &piece);
                lane->offset += before - bytes.len;
                if (got && !take_piece(d, from, &piece, now_ns)) {
                        dissect_lose(d, "out of memory", NULL, from);
                }
        }
        return bytes;
}

void dissect_feed(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct lane *lane = &d->lanes[from];
        if (lane->compress == NULL) {
                bytes = dissect_packets(d, from, bytes, now_ns);
        }
        if (bytes.len > 0 && lane->compress != NULL && d->phase < PHASE_OPAQUE) {
                d->now_ns = now_ns;
                const char *lost = compress_feed(lane->compress, bytes);
                if (lost != NULL) {
                        dissect_lose(d, lost, NULL, from);
                }
        }
        if (d->phase == PHASE_OPAQUE) {
                free_tracking(d);
        }
}

void dissect_settle(struct dissect *d)
{
        while (d->head != NULL && d->phase == PHASE_READY) {
                struct flight *f = d->head;
                if (!f->begun) {
                        f->begun = true;
                        request_begin(d, f);
                }
                if (!f->done || d->phase != PHASE_READY) {
                        return;
                }
                request_emit(d, f, NULL);
                track_settle(d, f);
                request_pop(d);
        }
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

void dissect_end(struct dissect *d, uint64_t now_ns)
{
        if (d->phase < PHASE_OPAQUE) {
                dissect_tell_cut_off(d, SIDE_CLIENT, now_ns);
                dissect_tell_cut_off(d, SIDE_SERVER, now_ns);
                if (d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH) {
                        login_cut_off(d, now_ns);
                }
                for (struct flight *f = d->head; f != NULL; f = f->next) {
                        f->last_ns = now_ns;
                }
                fail_all(d, "the connection ended before the reply did");
        }
        d->phase = PHASE_CLOSED;
        free_tracking(d);
}

static struct span view_text(const char *text)
{
        return span_str(text);
}

struct dissect_verdict dissect_verdict(const struct dissect *d)
{
        return (struct dissect_verdict){d->opaque_reason != NULL, d->lint.count};
}

struct dissect_view dissect_view(const struct dissect *d)
{
        struct dissect_view v = {
            .phase = phases[d->phase].name,
            .opaque_reason = d->opaque_reason,
            .username = view_text(d->username),
            .database = view_text(d->database),
            .server_version = view_text(d->server_version),
            .server_conn_id = d->server_conn_id,
            .idle = d->phase == PHASE_READY && d->head == NULL && frame_idle(&d->lanes[SIDE_CLIENT].frame),
            .username_charset = d->charsets.username,
            .database_charset = d->charsets.database,
            .query_charset = d->charsets.client,
            .pipelined = d->in_flight,
            .statements = d->statements.count,
            .records = d->records,
        };
        const struct flight *f = d->head;
        if (f != NULL) {
                v.command = f->info->name;
                v.command_mono_ns = f->start_ns;
                v.query_hidden = f->is_secret || d->settings->hide_packets;
                if (f->info->has_text && f->body_len > f->text_at) {
                        v.query = span_of(f->body + f->text_at, f->body_len - f->text_at);
                } else if (f->has_stmt_id) {
                        const struct statement *st = statements_find(&d->statements, f->stmt_id);
                        v.query = st != NULL ? span_of(st->text, st->text_len) : v.query;
                        v.query_charset = st != NULL ? st->charset : v.query_charset;
                }
        }
        return v;
}
