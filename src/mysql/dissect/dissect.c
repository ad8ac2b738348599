#include "mysql/dissect/dissect.h"

#include "mysql/dissect/completion.h"
#include "mysql/dissect/dissector.h"
#include "mysql/dissect/early_eof.h"
#include "mysql/dissect/emit.h"
#include "mysql/dissect/forget.h"
#include "mysql/dissect/give_up.h"
#include "mysql/dissect/login.h"
#include "mysql/dissect/phase.h"
#include "mysql/dissect/resync.h"
#include "mysql/dissect/row_hashing.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "profile/heap/prof.h"

/* What is assumed of a session whose login was not seen. With CAP_DEPRECATE_EOF, results are read that have an EOF behind their
 * definitions, too (early_eof.h). */
#define CAP_ASSUMED                                                                                          \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_MULTI_STATEMENTS | CAP_MULTI_RESULTS |    \
         CAP_PS_MULTI_RESULTS | CAP_PLUGIN_AUTH | CAP_AUTH_LENENC | CAP_DEPRECATE_EOF |                      \
         CAP_MARIADB_PROGRESS | CAP_ATTRIBUTES_UNDECIDED)

enum { BATCH_MIN = 16 /* an EOF or the OK in its place is shown whole, then */ };

/* dissect_expect fetches the beginning of struct dissect: what each packet needs has to end there. */
_Static_assert(offsetof(struct dissect, streams[SIDE_SERVER]) + PACKET_STREAM_HOT <=
                   DISSECT_HOT_LINES * DISSECT_LINE,
               "both streams' hot parts, and what stands before them");
_Static_assert(offsetof(struct dissect, streams[SIDE_CLIENT]) + PACKET_STREAM_HOT <=
                       (DISSECT_HOT_LINES - 2) * DISSECT_LINE &&
                   offsetof(struct dissect, streams[SIDE_SERVER]) >= (DISSECT_HOT_LINES - 1) * DISSECT_LINE,
               "the last line but one is not fetched, and no line is fetched for nothing");

struct dissect *dissect_new(const struct dissect_settings *settings, struct dissect_sink sink)
{
        struct dissect *d = prof_calloc(STAGE_DISSECT, 1, sizeof *d);
        if (d != NULL) {
                d->settings = settings;
                budget_init(&d->budget, settings->held_bytes);
                d->queue.pool = settings->pool;
                d->queue.budget = &d->budget;
                d->statements.budget = &d->budget;
                d->statements.last_prepared = LAST_PREPARED;
                d->sink = sink;
                d->want_packets = settings->packet_bytes > 0 && sink.on_packet != NULL;
                d->secrets.is_on = d->want_packets || settings->rows > 0;
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
                command_free(cmd);
        }
        pool->n = 0;
        waiting_free(pool->waiting);
        pool->waiting = NULL;
        while (pool->spare_hashes != NULL) {
                prof_free(row_hashing_take(pool));
        }
}

void dissect_free(struct dissect *d)
{
        if (d == NULL) {
                return;
        }
        forget_session(d);
        owned_text_drop(&d->server_version);
        session_vars_fini(&d->vars);
        auth_path_fini(&d->auth_path);
        prof_free(d);
}

void dissect_give_up(struct dissect *d, const char *reason, uint64_t now_ns)
{
        if (frame_idle(&d->streams[SIDE_SERVER].frame)) {
                d->streams[SIDE_SERVER].start_ns = now_ns;
        }
        give_up(d, reason, NULL, SIDE_SERVER);
        resync_end(d, now_ns);
        if (d->phase == PHASE_OPAQUE) {
                forget_session(d);
        }
}

void dissect_miss_replies(struct dissect *d)
{
        if (d->phase == PHASE_READY && d->queue.count > 0) {
                completion_fail_all(d, "the reply was not captured", 0);
                forget_commands(d);
        }
}

bool dissect_is_lost(const struct dissect *d)
{
        return d->phase == PHASE_OPAQUE && !d->resync.is_possible;
}

bool dissect_join(struct dissect *d, enum dissect_packing packing, uint64_t now_ns)
{
        static const enum compress_algorithm algorithms[] = {
            [DISSECT_ZLIB] = COMPRESS_ZLIB, [DISSECT_ZSTD] = COMPRESS_ZSTD};
        struct packet_stream fresh[2] = {0};
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER && packing != DISSECT_PLAIN; side++) {
                if (!packet_stream_compress(&fresh[side], algorithms[packing])) {
                        packet_stream_fini(&fresh[SIDE_CLIENT]);
                        return false;
                }
        }
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                packet_stream_fini(&d->streams[side]);
                fresh[side].offset = d->streams[side].offset;
                d->streams[side] = fresh[side];
        }
        if (d->client_capabilities == 0) {
                d->capabilities = CAP_ASSUMED;
                d->agreed = capability_pack(d->capabilities);
                d->is_assumed = true;
        }
        resync_join(d, now_ns);
        return true;
}

void dissect_end(struct dissect *d, uint64_t now_ns)
{
        if (d->phase < PHASE_UNREAD) {
                early_eof_end(d);
                emit_cut_off(d, SIDE_CLIENT, now_ns);
                emit_cut_off(d, SIDE_SERVER, now_ns);
                if (d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH) {
                        login_cut_off(d, now_ns);
                }
                completion_fail_all(d, "the connection ended before the reply did", now_ns);
        }
        resync_end(d, now_ns);
        d->phase = PHASE_CLOSED;
        forget_session(d);
}

/* --- what is known just now ------------------------------------------------------------------------------------------- */

struct dissect_verdict dissect_verdict(const struct dissect *d)
{
        const struct resync *r = &d->resync;
        return (struct dissect_verdict){r->times_opaque, r->times_followed, r->missed_before, d->lint.count};
}

const char *dissect_crowding(const struct dissect *d)
{
        static const char *const limits[] = {[CROWDING_COMMANDS] = "limits.pipeline",
                                             [CROWDING_TEXTS] = "limits.held_bytes",
                                             [CROWDING_IGNORED] = NULL};
        return limits[d->crowding];
}

void dissect_ignore_crowding(struct dissect *d)
{
        if (d->crowding != CROWDING_NONE) {
                d->crowding = CROWDING_IGNORED;
        }
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
        const struct command *cmd = d->queue.head;
        uint8_t charset;
        if (cmd == NULL) {
                return (struct dissect_now){.command = NULL};
        }
        return (struct dissect_now){cmd->type->name, text_of(d, cmd, &charset),
                                    d->redact_packets || dissector_is_secret(d, cmd)};
}

void dissect_identify(const struct dissect *d, struct record *r)
{
        struct field_set present = r->present;
        record_set_text(r, FIELD_USERNAME, owned_text_span(&d->vars.username));
        record_set_text(r, FIELD_DATABASE, owned_text_span(&d->vars.database));
        record_set_text(r, FIELD_CHARACTER_SET, span_str(charset_title(d->vars.charsets.client)));
        record_set_uint(r, FIELD_SERVER_CONN_ID, d->server_conn_id);
        r->charsets[RECORD_USERNAME] = d->vars.charsets.username;
        r->charsets[RECORD_DATABASE] = d->vars.charsets.database;
        r->present = present;
}

uint32_t dissect_identity(const struct dissect *d)
{
        return d->vars.identity;
}

struct dissect_view dissect_view(const struct dissect *d)
{
        bool may_have_ended = early_eof_may_have_ended(d);
        struct command scratch;
        const struct command *newest = may_have_ended ? command_queue_newest(&d->queue, &scratch) : NULL;
        struct dissect_view v = {
            .phase = phase_table[d->phase].name,
            .opaque_reason = d->opaque_reason,
            .username = owned_text_span(&d->vars.username),
            .database = owned_text_span(&d->vars.database),
            .mode = d->transaction.mode,
            .capabilities = d->capabilities,
            .server_conn_id = d->server_conn_id,
            .quit = d->quit || (newest != NULL && newest->code == COM_QUIT),
            .idle = d->phase == PHASE_READY &&
                    (d->queue.head == NULL || (may_have_ended && d->queue.count == 1)) &&
                    frame_idle(&d->streams[SIDE_CLIENT].frame),
            .username_charset = d->vars.charsets.username,
            .database_charset = d->vars.charsets.database,
            .query_charset = d->vars.charsets.client,
            .pipelined = d->queue.count,
            .statements = d->statements.count,
            .statement_bytes = d->statements.held,
            .records = d->records,
        };
        const struct command *cmd = d->queue.head;
        bool frames_idle =
            frame_idle(&d->streams[SIDE_CLIENT].frame) && frame_idle(&d->streams[SIDE_SERVER].frame);
        v.between_commands = v.idle && frames_idle && !d->skips_rest && !d->answered_early && !d->draining;
        v.authenticates = d->phase == PHASE_AUTH && frame_idle(&d->streams[SIDE_CLIENT].frame);
        v.reply_seq = d->next_seq;
        v.transaction = d->transaction.id;
        v.in_transaction = d->transaction.is_open;
        v.compressed = d->streams[SIDE_SERVER].compress != NULL;
        v.is_unanswered = d->phase == PHASE_READY && d->queue.count == 1 && frames_idle && !d->skips_rest &&
                          cmd->begun && cmd->first_ns == 0 && cmd->state == REPLYING_FIRST &&
                          cmd->seq_known && (cmd->frame_known || !v.compressed);
        if (cmd != NULL) {
                v.reply_seq = cmd->next_seq;
                v.reply_frame = cmd->next_frame;
                v.command = cmd->type->name;
                v.command_mono_ns = cmd->start_ns;
                v.query_hidden = d->redact_packets || dissector_is_secret(d, cmd);
                v.query = text_of(d, cmd, &v.query_charset);
        }
        return v;
}
