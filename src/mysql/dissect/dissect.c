#include "mysql/dissect/dissect.h"

#include "mysql/dissect/dissect_state.h"
#include "mysql/sql/secret.h"
#include "mysql/wire/charset.h"
#include "profile/heap/prof.h"

enum {
        VALUES_MAX = 2 * 65536,
        BATCH_MIN = 16 /* an EOF or the OK in its place is shown whole, then */
};

const struct phase_info dissect_phases[PHASE_COUNT] = {
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
                d->want_packets = settings->packet_bytes > 0 && sink.on_packet != NULL;
                d->watch_secrets = d->want_packets || settings->rows > 0;
                d->batch_packets =
                    d->want_packets && sink.on_run != NULL && settings->packet_bytes >= BATCH_MIN;
                d->redact_packets = settings->hide_packets;
        }
        return d;
}

void dissect_pool_drain(struct dissect_pool *pool)
{
        while (pool->first != NULL) {
                struct command *cmd = pool->first;
                pool->first = cmd->next;
                request_free(cmd);
        }
        pool->n = 0;
}

static void free_stream(struct packet_stream *stream)
{
        prof_free(stream->kept);
        prof_free(stream->packet);
        stream->kept = NULL;
        stream->packet = NULL;
        stream->kept_size = 0;
}

void dissect_forget(struct dissect *d)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                compress_free(d->streams[side].compress);
                d->streams[side].compress = NULL;
        }
        while (d->head != NULL) {
                request_pop(d);
        }
        statements_clear(&d->statements);
        prof_free(d->values.at);
        prof_free(d->changes.at);
        d->values = (struct value_room){NULL, 0};
        d->changes = (struct value_room){NULL, 0};
        multi_result_drop(d);
        prof_free(d->attributes);
        d->attributes = NULL;
        prof_free(d->auth_path);
        d->auth_path = NULL;
        dissect_drop_text(&d->next_username);
        dissect_drop_text(&d->next_database);
        free_stream(&d->streams[SIDE_CLIENT]);
        free_stream(&d->streams[SIDE_SERVER]);
}

void dissect_free(struct dissect *d)
{
        if (d == NULL) {
                return;
        }
        dissect_forget(d);
        dissect_drop_text(&d->server_version);
        dissect_drop_text(&d->username);
        dissect_drop_text(&d->database);
        dissect_drop_text(&d->auth_plugin);
        prof_free(d);
}

/* --- shared helpers ------------------------------------------------------------------------------------------- */

bool dissect_set_text(struct own_text *slot, struct span text)
{
        prof_free(slot->at);
        slot->at = prof_spandup(STAGE_DISSECT, text);
        slot->len = slot->at != NULL ? strnlen(slot->at, text.len) : 0; /* a NUL ends a name */
        return slot->at != NULL;
}

void dissect_drop_text(struct own_text *slot)
{
        prof_free(slot->at);
        *slot = (struct own_text){NULL, 0};
}

void dissect_take_text(struct own_text *slot, struct own_text *from)
{
        prof_free(slot->at);
        *slot = *from;
        *from = (struct own_text){NULL, 0};
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
        for (struct command *cmd = d->head; cmd != NULL; cmd = cmd->next) {
                request_emit(d, cmd, reason); /* freed later: a caller may be at work on it */
        }
}

void dissect_lose(struct dissect *d, const char *reason, const struct message *m, enum side from)
{
        if (d->phase == PHASE_OPAQUE || d->phase == PHASE_CLOSED) {
                return;
        }
        const struct packet_stream *stream = &d->streams[from];
        char info[160];
        struct writer w = writer_over(info, sizeof info);
        uint64_t now_ns = m != NULL ? m->end_ns : stream->start_ns;
        struct record r;
        dissect_record(d, EVENT_NOTICE, now_ns, &r);
        writer_format(&w, "the session is opaque from here on: phase %s, %s byte %llu",
                      dissect_phases[d->phase].name, from == SIDE_CLIENT ? "client" : "server",
                      (unsigned long long)stream->message_at);
        if (m != NULL) {
                writer_format(&w, ", packet seq %u length %llu", m->seq, (unsigned long long)m->len);
                bool hide = d->redact_packets || d->packet_secret || secret_suspected(m->body) ||
                            (d->head != NULL && dissect_is_secret(d, d->head));
                if (!hide && (d->phase == PHASE_READY || d->phase == PHASE_GREETING)) {
                        record_set_text(&r, FIELD_PACKET_BYTES, span_head(m->body, DISSECT_EVIDENCE));
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
        if (frame_idle(&d->streams[SIDE_SERVER].frame)) {
                d->streams[SIDE_SERVER].start_ns = now_ns;
        }
        dissect_lose(d, reason, NULL, SIDE_SERVER);
        dissect_forget(d);
}

/* --- commands come and go ------------------------------------------------------------------------------------- */

const char *dissect_settle(struct dissect *d)
{
        while (d->head != NULL && d->phase == PHASE_READY) {
                struct command *cmd = d->head;
                if (!cmd->begun) {
                        cmd->begun = true;
                        const char *give_up = request_begin(d, cmd);
                        if (give_up != NULL) {
                                return give_up;
                        }
                }
                if (!cmd->done) {
                        return NULL;
                }
                request_emit(d, cmd, NULL);
                if (!session_vars_is_settled(d, cmd)) {
                        session_vars_settle(d, cmd);
                }
                request_pop(d);
        }
        return NULL;
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
                for (struct command *cmd = d->head; cmd != NULL; cmd = cmd->next) {
                        cmd->last_ns = now_ns;
                }
                fail_all(d, "the connection ended before the reply did");
        }
        d->phase = PHASE_CLOSED;
        dissect_forget(d);
}

struct dissect_verdict dissect_verdict(const struct dissect *d)
{
        return (struct dissect_verdict){d->opaque_reason != NULL, d->lint.count};
}

/** The text of the command @p cmd, and what it is in. */
static struct span text_of(const struct dissect *d, const struct command *cmd, uint8_t *charset)
{
        if (cmd->type->has_text && cmd->body_len > cmd->text_at) {
                return span_of(cmd->body + cmd->text_at, cmd->body_len - cmd->text_at);
        }
        const struct statement *st = cmd->has_stmt_id ? statements_find(&d->statements, cmd->stmt_id) : NULL;
        if (st == NULL) {
                return (struct span){NULL, 0};
        }
        *charset = st->charset;
        return span_of(st->text, st->text_len);
}

struct dissect_now dissect_now(const struct dissect *d)
{
        const struct command *cmd = d->head;
        uint8_t charset;
        if (cmd == NULL) {
                return (struct dissect_now){.command = NULL};
        }
        return (struct dissect_now){cmd->type->name, text_of(d, cmd, &charset),
                                    d->redact_packets || dissect_is_secret(d, cmd)};
}

struct dissect_view dissect_view(const struct dissect *d)
{
        struct dissect_view v = {
            .phase = dissect_phases[d->phase].name,
            .opaque_reason = d->opaque_reason,
            .username = dissect_text(&d->username),
            .database = dissect_text(&d->database),
            .server_conn_id = d->server_conn_id,
            .idle = d->phase == PHASE_READY && d->head == NULL && frame_idle(&d->streams[SIDE_CLIENT].frame),
            .username_charset = d->charsets.username,
            .database_charset = d->charsets.database,
            .query_charset = d->charsets.client,
            .pipelined = d->in_flight,
            .statements = d->statements.count,
            .statement_bytes = d->statements.held,
            .records = d->records,
        };
        const struct command *cmd = d->head;
        if (cmd != NULL) {
                v.command = cmd->type->name;
                v.command_mono_ns = cmd->start_ns;
                v.query_hidden = d->redact_packets || dissect_is_secret(d, cmd);
                v.query = text_of(d, cmd, &v.query_charset);
        }
        return v;
}
