#include "mysql/dissect/emit.h"

#include "base/writer.h"
#include "mysql/dissect/multi_result.h"
#include "mysql/dissect/row_hashing.h"
#include "mysql/dissect/rows.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/handshake.h"

enum { MAX_ATTRIBUTES = 256 };

/** A record that has what is known of the session; dissect_identify gives the values. */
static void begin(const struct dissect *d, enum record_event event, uint64_t mono_ns, struct record *r)
{
        const struct session_vars *vars = &d->vars;
        record_clear(r);
        r->event = event;
        r->mono_ns = mono_ns;
        r->present.words[0] =
            (vars->username.len > 0 ? 1ULL << FIELD_USERNAME : 0) |
            (vars->database.len > 0 ? 1ULL << FIELD_DATABASE : 0) |
            (charset_title(vars->charsets.client) != NULL ? 1ULL << FIELD_CHARACTER_SET : 0) |
            (d->server_conn_id != 0 ? 1ULL << FIELD_SERVER_CONN_ID : 0);
        if (vars->database_unknown) {
                record_set_uint(r, FIELD_DATABASE_UNKNOWN, 1);
        }
}

static void send(const struct dissect *d, struct record *r)
{
        d->sink.on_record(d->sink.arg, r);
}

static void put_err(const struct err *err, struct record *r)
{
        record_set_uint(r, FIELD_ERRNO, err->errnum);
        if (err->sqlstate.len > 0) {
                record_set_text(r, FIELD_SQLSTATE, err->sqlstate);
        }
        record_set_text(r, FIELD_ERROR, err->message);
}

/* --- limits --- */

void emit_held_notice(struct dissect *d, uint64_t mono_ns)
{
        if (!d->held_full) {
                d->held_full = true;
                emit_notice(
                    d, mono_ns,
                    "limits.held_bytes was reached: texts and values for which there is no space are cut");
        }
}

/** @return which limit left something out of the record of @p cmd, and what (static text); NULL: none did.
 *  @p st: the statement that the command refers to, if it is known. */
static const char *limit_reached(const struct dissect *d, const struct command *cmd,
                                 const struct statement *st)
{
        bool executes = cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE;
        if (cmd->body_is_cut) {
                return executes              ? "the values are cut: limits.held_bytes was reached"
                       : cmd->type->has_text ? "the text is cut: limits.held_bytes was reached"
                                             : NULL;
        }
        if (!cmd->has_stmt_id || cmd->type->has_text) {
                return NULL;
        }
        if (executes && cmd->body_len + cmd->dropped < cmd->true_len) {
                return d->has_gaps && cmd->body_len < d->settings->query_bytes
                           ? "the values are cut: the rest was not captured"
                           : "the values are cut: limits.query_bytes was reached";
        }
        if (st == NULL) {
                return d->statements_full
                           ? "the prepared statement is not known: limits.statements was reached"
                       : d->resync.times_opaque > 0
                           ? "the prepared statement is not known: the session was not followed for a while"
                           : NULL;
        }
        if (executes && st->long_data_is_cut) {
                return "the values are cut: limits.held_bytes was reached";
        }
        return st->text_is_cut ? "the text of the prepared statement is cut: limits.held_bytes was reached"
                               : NULL;
}

/** Add the limit that cut the command, if one did. */
static __attribute__((noinline)) void put_limit(struct dissect *d, const struct command *cmd,
                                                const struct statement *st, struct record *r)
{
        const char *reason = limit_reached(d, cmd, st);
        if (reason != NULL) {
                record_set_text(r, FIELD_REASON, span_str(reason));
        }
        if (cmd->body_is_cut || (reason != NULL && st != NULL && (st->text_is_cut || st->long_data_is_cut))) {
                emit_held_notice(d, cmd->last_ns);
        }
}

/* --- commands --------------------------------------------------------------------------------------------------------- */

static uint64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
        return to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
}

static void put_times(const struct command *cmd, struct record *r)
{
        record_set_uint(r, FIELD_DURATION_US, us_between(cmd->start_ns, cmd->last_ns));
        record_set_uint(r, FIELD_REQUEST_US, us_between(cmd->start_ns, cmd->sent_ns));
        if (cmd->first_ns != 0) {
                record_set_uint(r, FIELD_SERVER_US, us_between(cmd->sent_ns, cmd->first_ns));
                record_set_uint(r, FIELD_STREAM_US, us_between(cmd->first_ns, cmd->last_ns));
        }
}

static void put_text(const struct dissect *d, const struct command *cmd, struct record *r)
{
        if (!cmd->type->has_text) {
                return;
        }
        if (cmd->text_lost) {
                record_set_text(
                    r, FIELD_REASON,
                    span_str("the statement's text is not known: the query attributes before it are "
                             "malformed or too large"));
                return;
        }
        struct span text = {NULL, 0};
        if (cmd->body_len > cmd->text_at) {
                text = span_head(span_of(cmd->body + cmd->text_at, cmd->body_len - cmd->text_at),
                                 d->settings->query_bytes);
        }
        uint64_t true_len = cmd->true_len > cmd->text_at ? cmd->true_len - cmd->text_at : 0;
        record_set_text(r, FIELD_QUERY, text);
        if (true_len > text.len) {
                record_set_uint(r, FIELD_QUERY_LENGTH, true_len);
                record_set_text(r, FIELD_REASON,
                                span_str(d->has_gaps && text.len < d->settings->query_bytes
                                             ? "the text is cut: the rest was not captured"
                                             : "the text is cut: limits.query_bytes was reached"));
                field_set_add(&r->cut, FIELD_QUERY);
                r->secret_behind = secret_suspected(command_body(cmd));
        } else {
                r->is_cleared = secret_watch_has_cleared(&d->secrets, cmd);
        }
}

static void put_statement(const struct command *cmd, const struct statement *st, struct record *r)
{
        record_set_uint(r, FIELD_STMT_ID, cmd->stmt_id);
        if (st != NULL && !cmd->type->has_text) {
                record_set_text(r, FIELD_STMT_PREPARE_QUERY, span_of(st->text, st->text_len));
                r->charsets[RECORD_STATEMENT] = st->charset;
                if (st->true_len > st->text_len) {
                        record_set_uint(r, FIELD_STMT_PREPARE_QUERY_LENGTH, st->true_len);
                        record_set_text(
                            r, FIELD_REASON,
                            span_str(
                                "the text of the prepared statement is cut: limits.query_bytes was reached"));
                        field_set_add(&r->cut, FIELD_STMT_PREPARE_QUERY);
                        r->secret_behind = st->is_secret;
                }
        }
}

/** The statement that @p cmd refers to by its id, and the values that it was given. */
static void put_request(struct dissect *d, const struct command *cmd, const struct execution *execution,
                        struct record *r)
{
        put_text(d, cmd, r);
        if (cmd->has_stmt_id) {
                const struct statement *st =
                    execution != NULL ? execution->st : statements_find(&d->statements, cmd->stmt_id);
                put_statement(cmd, st, r);
                if (st == NULL || st->text_is_cut || st->long_data_is_cut || cmd->body_len < cmd->true_len) {
                        put_limit(d, cmd, st, r);
                }
        } else if (cmd->body_is_cut) {
                put_limit(d, cmd, NULL, r);
        }
        if (execution != NULL) {
                execute_put(execution, cmd, r);
        } else if (cmd->code == COM_QUERY && cmd->text_at > 1) {
                (void)execute_attributes(d, command_body(cmd), r);
        }
}

static void put_result(const struct command *cmd, struct record *r)
{
        if (cmd->results > 0) {
                record_set_uint(r, FIELD_ROWS, cmd->rows);
                record_set_uint(r, FIELD_COLUMNS, cmd->columns);
                if (cmd->results > 1) {
                        record_set_uint(r, FIELD_RESULTS, cmd->results);
                }
        } else if ((cmd->has_status && cmd->type->shape == SHAPE_ROWS) ||
                   (cmd->rows > 0 && cmd->type->shape == SHAPE_STREAM)) {
                record_set_uint(r, FIELD_ROWS, cmd->rows);
        } else if (cmd->has_status && cmd->type->shape == SHAPE_FIELDS) {
                record_set_uint(r, FIELD_COLUMNS, cmd->rows);
        } else if (cmd->has_status && cmd->type->shape == SHAPE_RESULT) {
                record_set_uint(r, FIELD_AFFECTED_ROWS, cmd->affected_rows);
        }
        if (cmd->last_insert_id > 0) {
                record_set_uint(r, FIELD_LAST_INSERT_ID, cmd->last_insert_id);
        }
        if (cmd->has_status && !cmd->failed) {
                record_set_uint(r, FIELD_STATUS_FLAGS, cmd->status);
                if (cmd->warnings > 0) {
                        record_set_uint(r, FIELD_WARNINGS, cmd->warnings);
                }
        }
        struct span text = span_of(cmd->text, cmd->text_len);
        if (cmd->failed) {
                record_set_uint(r, FIELD_ERRNO, cmd->errnum);
                if (cmd->sqlstate[0] != '\0') {
                        record_set_text(r, FIELD_SQLSTATE, span_of(cmd->sqlstate, 5));
                }
                record_set_text(r, FIELD_ERROR, text);
        } else if (text.len > 0) {
                record_set_text(r, FIELD_INFO, text);
        }
}

void emit_command(struct dissect *d, const struct command *cmd, struct transaction_point point,
                  const struct execution *execution, const char *reason)
{
        struct record r;
        begin(d, EVENT_QUERY, cmd->start_ns, &r);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, cmd->seq_num);
        record_set_uint(&r, FIELD_COMMAND_ID, cmd->code);
        record_set_text(&r, FIELD_COMMAND, span_of(cmd->type->name, cmd->type->name_len));
        r.secrecy = cmd->secrecy;
        r.charsets[RECORD_CLIENT] = d->vars.charsets.client;
        r.charsets[RECORD_RESULTS] = session_vars_results_charset(&d->vars);
        r.sql_mode = point.mode;
        if (point.id > 0) {
                record_set_uint(&r, FIELD_TRX_ID, point.id);
        }
        put_times(cmd, &r);
        put_request(d, cmd, execution, &r);
        put_result(cmd, &r);
        if (cmd->code == COM_CHANGE_USER && cmd->begun) {
                auth_path_put(&d->auth_path, &r);
        }
        if (d->multi_result != NULL && cmd == d->queue.head) {
                multi_result_put(d->multi_result, &r);
        }
        if (cmd->first_rows != NULL) {
                rows_put(cmd, &r);
        }
        if (d->row_hashes != NULL) {
                row_hashing_put(d, cmd, &r);
        }
        if (cmd->changes_len > 0 || cmd->changes_cut) {
                session_vars_put(&d->vars, cmd, &r);
        }
        record_set_uint(&r, FIELD_BYTES_SENT, cmd->bytes_sent);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, cmd->bytes_received);
        if (reason != NULL) {
                record_set_text(&r, FIELD_REASON, span_str(reason));
        }
        send(d, &r);
}

/* --- logins ------------------------------------------------------------------------------------------------------------ */

static void put_capabilities(const struct dissect *d, struct record *r)
{
        if (d->server_conn_id != 0) {
                record_set_uint(r, FIELD_SERVER_CAPABILITIES, d->server_capabilities);
        }
        if (d->client_capabilities != 0) {
                record_set_uint(r, FIELD_CLIENT_CAPABILITIES, d->client_capabilities);
                record_set_uint(r, FIELD_CAPABILITIES, d->capabilities);
        }
}

static void put_attributes(struct dissect *d, struct record *r)
{
        struct reader names = reader_over(span_of(d->attributes, d->attributes_len));
        struct value *values = d->attributes_len > 0 ? value_buffer_take(&d->values, MAX_ATTRIBUTES) : NULL;
        size_t n = 0;
        while (values != NULL && n < MAX_ATTRIBUTES &&
               attribute_next(&names, &values[n].name, &values[n].bytes)) {
                values[n].type = VALUE_VAR_STRING;
                values[n].charset = d->vars.charsets.login;
                values[n].true_len = values[n].bytes.len;
                n++;
        }
        if (n > 0) {
                record_set_list(r, FIELD_CONNECT_ATTRIBUTES, (struct value_list){values, n});
        }
}

void emit_login(struct dissect *d, uint64_t end_ns, const struct err *err, const char *compression,
                const char *reason)
{
        struct record r;
        begin(d, EVENT_AUTH, d->login_start_ns, &r);
        r.charsets[RECORD_RESULTS] = d->vars.charsets.results;
        put_attributes(d, &r);
        put_capabilities(d, &r);
        if (compression != NULL) {
                record_set_text(&r, FIELD_COMPRESSION, span_str(compression));
        }
        if (d->server_version.at != NULL) {
                record_set_text(&r, FIELD_SERVER_VERSION, owned_text_span(&d->server_version));
        }
        auth_path_put(&d->auth_path, &r);
        record_set_uint(&r, FIELD_DURATION_US, (end_ns - d->login_start_ns) / 1000);
        if (err != NULL) {
                put_err(err, &r);
        }
        if (reason != NULL) {
                record_set_text(&r, FIELD_REASON, span_str(reason));
        }
        send(d, &r);
}

/* --- the rest ---------------------------------------------------------------------------------------------------------- */

void emit_unsolicited_error(const struct dissect *d, uint64_t mono_ns, const struct err *err)
{
        struct record r;
        begin(d, EVENT_ERROR, mono_ns, &r);
        put_err(err, &r);
        record_set_text(&r, FIELD_REASON, span_str("the server sent an error that no command asked for"));
        send(d, &r);
}

void emit_notice(const struct dissect *d, uint64_t mono_ns, const char *reason)
{
        struct record r;
        begin(d, EVENT_NOTICE, mono_ns, &r);
        record_set_text(&r, FIELD_REASON, span_str(reason));
        send(d, &r);
}

void emit_opaque(const struct dissect *d, uint64_t mono_ns, const char *reason, const char *info,
                 const struct span *packet_bytes)
{
        struct record r;
        begin(d, EVENT_NOTICE, mono_ns, &r);
        r.is_trouble = true;
        if (packet_bytes != NULL) {
                record_set_text(&r, FIELD_PACKET_BYTES, *packet_bytes);
        }
        record_set_text(&r, FIELD_REASON, span_str(reason));
        record_set_text(&r, FIELD_INFO, span_str(info));
        send(d, &r);
}

void emit_resync(const struct dissect *d, uint64_t now_ns, const char *what)
{
        const struct resync *s = &d->resync;
        char info[256];
        struct record r;
        begin(d, EVENT_NOTICE, s->since_ns, &r);
        uint64_t us = us_between(s->since_ns, now_ns);
        struct writer w = writer_over(info, sizeof info);
        writer_format(&w, "%llu commands of %llu.%06llu s are not logged, because of: %s",
                      (unsigned long long)s->missed, (unsigned long long)(us / 1000000),
                      (unsigned long long)(us % 1000000), d->opaque_reason);
        record_set_uint(&r, FIELD_DURATION_US, us);
        record_set_text(&r, FIELD_REASON, span_str(what));
        record_set_text(&r, FIELD_INFO, writer_span(&w));
        record_set_uint(&r, FIELD_DROPPED, s->missed);
        send(d, &r);
}

void emit_join(const struct dissect *d, uint64_t now_ns, bool is_first)
{
        struct record r;
        begin(d, EVENT_NOTICE, now_ns, &r);
        record_set_text(&r, FIELD_REASON,
                        span_str(is_first ? "the session is followed from here on, not from its beginning"
                                          : "the session is followed again"));
        record_set_text(&r, FIELD_INFO,
                        span_str(d->is_assumed
                                     ? "the login is not known: neither user, database and character set nor "
                                       "what was agreed on, which is assumed until packets show it; "
                                       "statements that were prepared before are not known either"
                                     : "commands before this one may be missing; the database and the "
                                       "character set may have changed"));
        send(d, &r);
}

/** The record of one broken rule, but for which rule it is. */
static void begin_lint(const struct dissect *d, const struct lint_evidence *e, struct record *r)
{
        begin(d, EVENT_LINT, e->mono_ns, r);
        /* a command's own packet has just been queued; the server answers the oldest */
        struct command scratch;
        const struct command *cmd = e->cmd != NULL           ? e->cmd
                                    : e->from == SIDE_CLIENT ? command_queue_newest(&d->queue, &scratch)
                                                             : d->queue.head;
        enum packet_kind kind = e->cmd != NULL ? packet_kind_of(e->cmd->code) : d->packet_kind;
        bool is_hidden = e->cmd != NULL ? d->redact_packets : d->packet_secret || d->packet_is_sealed;
        if (cmd != NULL) {
                record_set_uint(r, FIELD_CONN_SEQ_NUM, cmd->seq_num);
                record_set_text(r, FIELD_COMMAND, span_str(cmd->type->name));
        }
        record_set_text(r, FIELD_DIRECTION, span_str(e->from == SIDE_CLIENT ? "client" : "server"));
        record_set_uint(r, FIELD_PACKET_SEQ, e->seq);
        record_set_uint(r, FIELD_PACKET_LENGTH, e->length);
        record_set_text(r, FIELD_PACKET_NAME, span_str(packet_kind_name(kind)));
        bool hide =
            is_hidden || (cmd != NULL && dissector_is_secret(d, cmd)) || secret_is_in_packet(e->bytes);
        if (!hide && e->bytes.len > 0) {
                record_set_text(r, FIELD_PACKET_BYTES, span_head(e->bytes, DISSECT_EVIDENCE));
        }
}

void emit_lint(struct dissect *d, const struct lint_evidence *evidence)
{
        if (d->is_assumed) { /* what was agreed on is not known */
                d->lint.broken = 0;
                return;
        }
        for (enum lint_rule rule = 0; rule < LINT_RULES; rule++) {
                if ((d->lint.broken >> rule & 1) == 0) {
                        continue;
                }
                d->lint.count++;
                if (d->lint.reported < d->settings->lint) {
                        d->lint.reported++;
                        struct record r;
                        begin_lint(d, evidence, &r);
                        record_set_text(&r, FIELD_RULE, span_str(lint_name(rule)));
                        record_set_text(&r, FIELD_REASON, span_str(lint_sentence(rule)));
                        if (d->lint.reported == d->settings->lint) {
                                record_set_text(&r, FIELD_INFO,
                                                span_str("limits.lint was reached: further violations in "
                                                         "this session are only counted"));
                        }
                        send(d, &r);
                }
        }
        d->lint.broken = 0;
        d->has_news = true;
}

void emit_odd_length(struct dissect *d, const struct command *cmd)
{
        const struct lint_evidence e = {.from = SIDE_CLIENT,
                                        .length =
                                            cmd->true_len < UINT32_MAX ? (uint32_t)cmd->true_len : UINT32_MAX,
                                        .mono_ns = cmd->start_ns,
                                        .bytes = command_body(cmd),
                                        .cmd = cmd};
        uint32_t of_this_packet = d->lint.broken;
        d->lint.broken = 0;
        lint_break(&d->lint, LINT_ODD_LENGTH);
        emit_lint(d, &e);
        d->lint.broken = of_this_packet;
}

void emit_cut_off(const struct dissect *d, enum side side, uint64_t now_ns)
{
        const struct packet_stream *stream = &d->streams[side];
        if (frame_idle(&stream->frame)) {
                return; /* a compressed frame that is cut off between two packets takes nothing with it */
        }
        const struct frame *frame = &stream->frame;
        char text[160];
        struct writer w = writer_over(text, sizeof text);
        const char *name = side == SIDE_CLIENT ? "client" : "server";
        if (frame->have < FRAME_HEADER_SIZE) {
                writer_format(&w, "the last packet of the %s is truncated within its header", name);
        } else {
                writer_format(&w, "the last packet of the %s is truncated: %u of %u bytes arrived", name,
                              frame->length - frame->left, frame->length);
        }
        struct record r;
        begin(d, EVENT_ERROR, now_ns, &r);
        record_set_text(&r, FIELD_REASON, writer_span(&w));
        send(d, &r);
        if (d->want_packets && frame->have == FRAME_HEADER_SIZE) {
                struct span head = span_of(stream->packet, stream->packet_len);
                bool secret = dissector_hides_part(d, side, head);
                struct packet packet = {.from = side,
                                        .seq = frame->seq,
                                        .secret = secret,
                                        .cut_off = true,
                                        .length = frame->length,
                                        .kind = PACKET_CUT_OFF,
                                        .mono_ns = now_ns};
                if (!secret && stream->packet != NULL && frame->left < frame->length) {
                        packet.head = head;
                }
                d->sink.on_packet(d->sink.arg, &packet);
        }
}
