/* The client's side once the login is over: commands enter the FIFO, and leave it as records. */
#include "mysql/dissect/dissect_state.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/handshake.h"
#include "profile/heap/prof.h"

enum {
        BODY_SMALL = 4096,
        POOL_MAX = 256,
        CODE_SIZE = 1,
        STMT_ID_SIZE = 4,
        EXECUTE_MIN = CODE_SIZE + STMT_ID_SIZE + 1 + 4, /* flags, iterations */
        LONG_DATA_HEAD = CODE_SIZE + STMT_ID_SIZE + 2
};

/* --- the FIFO -------------------------------------------------------------------------------------------------- */

void request_free(struct flight *f)
{
        if (f != NULL) {
                prof_free(f->body);
                prof_free(f->text);
                prof_free(f->changes);
                rows_free(f->first_rows);
                prof_free(f);
        }
}

static inline struct flight *new_flight(struct dissect *d)
{
        struct dissect_pool *pool = d->settings->pool;
        struct flight *f = pool->first;
        if (f == NULL) {
                return prof_calloc(STAGE_DISSECT, 1, sizeof *f);
        }
        pool->first = f->next;
        pool->n--;
        uint8_t *body = f->body;
        size_t body_size = f->body_size;
        memset(f, 0, span_unknown(sizeof *f));
        f->body = body;
        f->body_size = body_size;
        return f;
}

/** What is kept of the reply. */
static void drop_reply(struct dissect *d, struct flight *f)
{
        d->held -= f->text_len + f->changes_len + rows_held(f->first_rows);
        prof_free(f->text);
        prof_free(f->changes);
        rows_free(f->first_rows);
        f->text = NULL;
        f->changes = NULL;
        f->first_rows = NULL;
}

void request_pop(struct dissect *d)
{
        struct dissect_pool *pool = d->settings->pool;
        struct flight *f = d->head;
        d->head = f->next;
        if (d->head == NULL) {
                d->tail = NULL;
        }
        d->in_flight--;
        d->held -= f->body_len;
        if (f->text != NULL || f->changes != NULL || f->first_rows != NULL) {
                drop_reply(d, f);
        }
        if (pool->n == POOL_MAX || f->body_size > BODY_SMALL) {
                request_free(f);
                return;
        }
        f->next = pool->first;
        pool->first = f;
        pool->n++;
}

/** Copy what is kept of the request; less where the session's bound is reached. */
static inline bool keep_body(struct dissect *d, struct flight *f, struct span body)
{
        size_t held = d->held + d->statements.held;
        size_t room = d->settings->held_bytes > held ? d->settings->held_bytes - held : 0;
        struct span kept = span_head(body, room);
        if (kept.len > f->body_size) {
                uint8_t *bigger = prof_realloc(STAGE_DISSECT, f->body, kept.len);
                if (bigger == NULL) {
                        return false;
                }
                f->body = bigger;
                f->body_size = kept.len;
        }
        if (kept.len > 0) {
                memcpy(f->body, kept.data, kept.len);
        }
        f->body_len = kept.len;
        d->held += kept.len;
        return true;
}

static void push(struct dissect *d, struct flight *f)
{
        if (d->tail != NULL) {
                d->tail->next = f;
        } else {
                d->head = f;
        }
        d->tail = f;
        d->in_flight++;
}

/* --- a command arrives --------------------------------------------------------------------------------------- */

static void read_stmt_id(struct flight *f, struct span body)
{
        struct reader r = reader_over(span_skip(body, CODE_SIZE));
        f->stmt_id = reader_u32(&r);
        f->has_stmt_id = f->type->has_stmt_id && !r.failed;
}

/** Of a statement that may hold a password, neither its packet nor what it is answered is shown. */
static void note_secret(struct dissect *d, struct flight *f, struct span body)
{
        dissect_note_secret(d, f, body);
        d->packet_secret = d->packet_secret || f->is_secret || d->hides;
}

static const char *take_command(struct dissect *d, const struct message *m)
{
        if (d->in_flight >= d->settings->pipeline) {
                dissect_lose(d, "more commands in flight than limits.pipeline allows to follow", m,
                             SIDE_CLIENT);
                return "?";
        }
        struct flight *f = new_flight(d);
        if (f == NULL) {
                dissect_lose(d, "out of memory", NULL, SIDE_CLIENT);
                return "?";
        }
        f->code = m->len > 0 ? m->first : COM_SLEEP;
        f->type = command_type(f->code);
        f->seq_num = ++d->seq_num;
        f->start_ns = m->start_ns;
        f->sent_ns = m->end_ns;
        f->last_ns = m->end_ns;
        f->bytes_sent = m->wire;
        f->true_len = m->len;
        f->text_at = CODE_SIZE;
        f->next_seq = (uint8_t)(m->last + 1);
        f->seq_known = m->seq == 0;
        /* a frame that several commands share has one number only */
        f->frame_known = d->lanes[SIDE_CLIENT].frame_starts;
        f->next_frame = (uint8_t)(d->lanes[SIDE_CLIENT].frame_seq + 1);
        d->lanes[SIDE_CLIENT].frame_starts = false;
        push(d, f);
        if (m->seq != 0 && d->lanes[SIDE_CLIENT].compress == NULL) {
                lint_break(&d->lint, LINT_SEQUENCE_START);
        }
        lint_command(&d->lint, f->code, m->len, d->capabilities);
        /* authentication data is not kept any longer than its parsing takes */
        d->packet_secret = f->code == COM_CHANGE_USER || d->phase != PHASE_READY ||
                           (d->head->state == REPLYING_AUTH && d->head != f);
        if (!keep_body(d, f, m->body)) {
                dissect_lose(d, "out of memory", NULL, SIDE_CLIENT);
                return "?";
        }
        if (f->code == COM_QUERY && (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0) {
                f->text_at = execute_attributes(d, span_of(f->body, f->body_len), NULL);
                if (f->text_at == 0) { /* malformed, or larger than what is kept: the reply tells */
                        f->text_at = f->body_len;
                        f->text_lost = true;
                }
        }
        f->is_plain = f->code == COM_QUERY && !f->text_lost &&
                      track_is_plain(span_skip(span_of(f->body, f->body_len), f->text_at));
        read_stmt_id(f, m->body);
        note_secret(d, f, m->body);
        return f->type->name;
}

static uint32_t stmt_id_of(struct span packet)
{
        uint32_t id;
        memcpy(&id, packet.data + FRAME_HEADER_SIZE + CODE_SIZE, sizeof id);
        return le32toh(id);
}

/** One that nothing is odd about. */
static bool is_usual(const struct dissect *d, struct span packet)
{
        if (packet.len <= FRAME_HEADER_SIZE || packet.len > FRAME_HEADER_SIZE + d->settings->query_bytes ||
            frame_seq(frame_header(packet.data)) != 0 || d->phase != PHASE_READY || d->head != NULL ||
            d->draining || d->lint.broken != 0 || d->lanes[SIDE_CLIENT].compress != NULL) {
                return false;
        }
        uint8_t code = packet.data[FRAME_HEADER_SIZE];
        if (code == COM_QUERY) {
                return (d->capabilities & CAP_QUERY_ATTRIBUTES) == 0;
        }
        return code == COM_STMT_EXECUTE && packet.len >= FRAME_HEADER_SIZE + EXECUTE_MIN &&
               stmt_id_of(packet) != LAST_PREPARED;
}

static void begin_usual_execute(const struct dissect *d, struct flight *f, struct span packet)
{
        f->stmt_id = stmt_id_of(packet);
        f->has_stmt_id = true;
        const struct statement *st = statements_find(&d->statements, f->stmt_id);
        f->is_plain = st != NULL && st->is_plain;
}

bool request_take_usual(struct dissect *d, struct span packet, uint64_t now_ns)
{
        struct flight *f = is_usual(d, packet) ? new_flight(d) : NULL;
        struct span body = span_skip(packet, FRAME_HEADER_SIZE);
        if (f == NULL || !keep_body(d, f, body)) {
                request_free(f);
                return false;
        }
        f->code = body.data[0];
        f->type = command_type(f->code);
        f->seq_num = ++d->seq_num;
        f->start_ns = now_ns;
        f->sent_ns = now_ns;
        f->last_ns = now_ns;
        f->bytes_sent = packet.len;
        f->true_len = body.len;
        f->text_at = CODE_SIZE;
        f->next_seq = 1;
        f->seq_known = true;
        f->begun = true; /* it is at the head */
        if (f->code == COM_QUERY) {
                f->is_plain = track_is_plain(span_skip(body, CODE_SIZE));
        } else {
                begin_usual_execute(d, f, packet);
        }
        dissect_note_secret(d, f, body);
        d->head = f;
        d->tail = f;
        d->in_flight = 1;
        d->packet_secret = f->is_secret || d->hides;
        d->packet_name = f->type->name;
        return true;
}

/** Part of a LOCAL INFILE, for @p f. */
static const char *take_file(struct dissect *d, struct flight *f, const struct message *m)
{
        (void)dissect_in_sequence(d, m, &f->next_seq);
        f->bytes_sent += m->wire;
        d->packet_secret = d->packet_secret || f->is_secret;
        if (m->len > 0) {
                return "LOCAL INFILE data";
        }
        f->state = REPLYING_FIRST;
        return "LOCAL INFILE end";
}

/** The rest of a file that the server wants no more. */
static const char *drain_file(struct dissect *d, const struct message *m)
{
        d->drain_seq = (uint8_t)(m->last + 1);
        d->draining = m->len > 0;
        d->packet_secret = d->packet_secret || d->drain_secret;
        return m->len > 0 ? "LOCAL INFILE data" : "LOCAL INFILE end";
}

const char *request_on_message(struct dissect *d, const struct message *m)
{
        enum { ACKNOWLEDGEMENT = 0xef };
        struct flight *head = d->phase == PHASE_READY ? d->head : NULL;
        enum reply_state state = head != NULL ? head->state : REPLYING_FIRST;
        if (d->draining && (m->seq != 0 || d->drain_seq == 0)) {
                return drain_file(d, m);
        }
        d->draining = false;
        if (state == REPLYING_LOCAL_FILE) {
                return take_file(d, head, m);
        }
        if (state == REPLYING_AUTH && m->seq != 0) {
                d->packet_secret = true;
                (void)dissect_in_sequence(d, m, &head->next_seq);
                return "authentication data";
        }
        if (state == REPLYING_STREAM && !(m->len == 1 && m->first == COM_QUIT)) {
                head->acknowledged = true;
                head->bytes_sent += m->wire;
                return m->first == ACKNOWLEDGEMENT ? "replication acknowledgement" : "packet within a stream";
        }
        return take_command(d, m);
}

/* --- a command reaches the head ---------------------------------------------------------------------------- */

static void take_long_data(struct dissect *d, const struct flight *f)
{
        struct statement *st = statements_find(&d->statements, f->stmt_id);
        struct reader r = reader_over(span_skip(span_of(f->body, f->body_len), CODE_SIZE + STMT_ID_SIZE));
        uint16_t param = reader_u16(&r);
        if (st == NULL || r.failed) {
                return; /* of a statement that was never seen */
        }
        size_t held = d->held + d->statements.held;
        size_t room = d->settings->held_bytes > held ? d->settings->value_bytes : 0;
        uint64_t true_len = f->true_len > LONG_DATA_HEAD ? f->true_len - LONG_DATA_HEAD : 0;
        if (statement_long_data(&d->statements, st, param, reader_rest(&r), room, true_len) != STATUS_OK) {
                dissect_lose(d, "out of memory", NULL, SIDE_CLIENT);
        }
}

static void begin_change_user(struct dissect *d, struct flight *f)
{
        struct login login;
        f->state = REPLYING_AUTH;
        login_forget_path(d);
        if (!change_user_parse(span_of(f->body, f->body_len), d->capabilities, &login)) {
                dissect_lose(d, "a malformed COM_CHANGE_USER", NULL, SIDE_CLIENT);
                return;
        }
        d->next_login_charset = charset_of_collation(login.collation_id);
        if (d->next_login_charset == CHARSET_UNKNOWN) {
                d->next_login_charset = d->charsets.server;
        }
        if ((login.auth_plugin.len > 0 && !login_set_plugin(d, login.auth_plugin)) ||
            !dissect_set_text(&d->next_username, login.username) ||
            !track_database(d, login.database, d->next_login_charset)) {
                dissect_lose(d, "out of memory", NULL, SIDE_CLIENT);
                return;
        }
        memset(f->body, 0, f->body_len);
        f->true_len = 0;
}

void request_begin(struct dissect *d, struct flight *f)
{
        static const enum reply_state first_states[] = {
            [SHAPE_FIELDS] = REPLYING_ROWS,
            [SHAPE_ROWS] = REPLYING_ROWS,
            [SHAPE_STREAM] = REPLYING_STREAM,
        };
        if (f->has_stmt_id && f->stmt_id == LAST_PREPARED) {
                f->stmt_id = d->last_prepared;
        }
        f->state = first_states[f->type->shape];
        f->done = f->type->shape == SHAPE_NONE;
        if (f->type->shape == SHAPE_ROWS) {
                rows_begin(d, f);
        }
        if (f->code == COM_STMT_SEND_LONG_DATA) {
                take_long_data(d, f);
        } else if (f->code == COM_CHANGE_USER) {
                begin_change_user(d, f);
        }
}

/* --- a command becomes a record ------------------------------------------------------------------------------ */

static uint64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
        return to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
}

static void put_times(const struct flight *f, struct record *r)
{
        RECORD_PUT(r, FIELD_DURATION_US, duration_us, us_between(f->start_ns, f->last_ns));
        RECORD_PUT(r, FIELD_REQUEST_US, request_us, us_between(f->start_ns, f->sent_ns));
        if (f->first_ns != 0) {
                RECORD_PUT(r, FIELD_SERVER_US, server_us, us_between(f->sent_ns, f->first_ns));
                RECORD_PUT(r, FIELD_STREAM_US, stream_us, us_between(f->first_ns, f->last_ns));
        }
}

static void put_text(const struct dissect *d, const struct flight *f, struct record *r)
{
        if (!f->type->has_text) {
                return;
        }
        if (f->text_lost) {
                record_set_text(r, FIELD_REASON,
                                span_str("the statement's text is not known: the query attributes before it "
                                         "are malformed or too large"));
                return;
        }
        struct span text = {NULL, 0};
        if (f->body_len > f->text_at) {
                text = span_head(span_of(f->body + f->text_at, f->body_len - f->text_at),
                                 d->settings->query_bytes);
        }
        uint64_t true_len = f->true_len > f->text_at ? f->true_len - f->text_at : 0;
        RECORD_PUT(r, FIELD_QUERY, query, text);
        if (true_len > text.len) {
                record_set_uint(r, FIELD_QUERY_LENGTH, true_len);
                field_set_add(&r->cut, FIELD_QUERY);
                r->secret_behind = dissect_text_is_secret(span_of(f->body, f->body_len));
        }
}

static void put_statement(struct dissect *d, const struct flight *f, struct record *r)
{
        if (f->has_stmt_id) {
                record_set_uint(r, FIELD_STMT_ID, f->stmt_id);
                const struct statement *st =
                    f->type->has_text ? NULL : statements_find(&d->statements, f->stmt_id);
                if (st != NULL) {
                        record_set_text(r, FIELD_STMT_PREPARE_QUERY, span_of(st->text, st->text_len));
                        r->charsets[RECORD_STATEMENT] = st->charset;
                        if (st->true_len > st->text_len) {
                                record_set_uint(r, FIELD_STMT_PREPARE_QUERY_LENGTH, st->true_len);
                                field_set_add(&r->cut, FIELD_STMT_PREPARE_QUERY);
                                r->secret_behind = st->is_secret;
                        }
                }
        }
        if (f->code == COM_STMT_EXECUTE || f->code == COM_STMT_BULK_EXECUTE) {
                execute_decode(d, f, r);
        } else if (f->code == COM_QUERY && f->text_at > CODE_SIZE) {
                (void)execute_attributes(d, span_of(f->body, f->body_len), r);
        }
}

static void put_result(const struct flight *f, struct record *r)
{
        if (f->results > 0) {
                RECORD_PUT(r, FIELD_ROWS, rows, f->rows);
                RECORD_PUT(r, FIELD_COLUMNS, columns, f->columns);
                if (f->results > 1) {
                        record_set_uint(r, FIELD_RESULTS, f->results);
                }
        } else if ((f->has_status && f->type->shape == SHAPE_ROWS) ||
                   (f->rows > 0 && f->type->shape == SHAPE_STREAM)) {
                record_set_uint(r, FIELD_ROWS, f->rows);
        } else if (f->has_status && f->type->shape == SHAPE_FIELDS) {
                record_set_uint(r, FIELD_COLUMNS, f->rows);
        } else if (f->has_status && f->type->shape == SHAPE_RESULT) {
                RECORD_PUT(r, FIELD_AFFECTED_ROWS, affected_rows, f->affected_rows);
        }
        if (f->last_insert_id > 0) {
                record_set_uint(r, FIELD_LAST_INSERT_ID, f->last_insert_id);
        }
        if (f->has_status && !f->failed) {
                RECORD_PUT(r, FIELD_STATUS_FLAGS, status_flags, f->status);
                if (f->warnings > 0) {
                        record_set_uint(r, FIELD_WARNINGS, f->warnings);
                }
        }
        struct span text = span_of(f->text, f->text_len);
        if (f->failed) {
                record_set_uint(r, FIELD_ERRNO, f->errnum);
                if (f->sqlstate[0] != '\0') {
                        record_set_text(r, FIELD_SQLSTATE, span_of(f->sqlstate, 5));
                }
                record_set_text(r, FIELD_ERROR, text);
        } else if (text.len > 0) {
                record_set_text(r, FIELD_INFO, text);
        }
}

static void tell(struct dissect *d, struct flight *f, const char *reason)
{
        struct record r;
        dissect_record(d, EVENT_QUERY, f->start_ns, &r);
        RECORD_PUT(&r, FIELD_CONN_SEQ_NUM, conn_seq_num, f->seq_num);
        RECORD_PUT(&r, FIELD_COMMAND_ID, command_id, f->code);
        RECORD_PUT(&r, FIELD_COMMAND, command, span_of(f->type->name, f->type->name_len));
        field_set_add(&r.lasting, FIELD_COMMAND);
        r.secrecy = f->secrecy;
        r.charsets[RECORD_CLIENT] = d->charsets.client;
        r.charsets[RECORD_RESULTS] = track_results_charset(d);
        transaction_put(d, f, &r);
        put_times(f, &r);
        put_text(d, f, &r);
        put_statement(d, f, &r);
        put_result(f, &r);
        if (f->code == COM_CHANGE_USER && f->begun) {
                login_tell_path(d, &r);
        }
        if (d->parts != NULL && f == d->head) {
                parts_put(d, &r);
        }
        if (f->first_rows != NULL) {
                rows_put(f, &r);
        }
        if (f->changes_len > 0 || f->changes_cut) {
                track_put(d, f, &r);
        }
        RECORD_PUT(&r, FIELD_BYTES_SENT, bytes_sent, f->bytes_sent);
        RECORD_PUT(&r, FIELD_BYTES_RECEIVED, bytes_received, f->bytes_received);
        if (reason != NULL) {
                record_set_text(&r, FIELD_REASON, span_str(reason));
        }
        d->sink.on_record(d->sink.arg, &r);
}

void request_emit(struct dissect *d, struct flight *f, const char *reason)
{
        if (d->settings->count_only) {
                d->sink.on_command(d->sink.arg);
        } else {
                tell(d, f, reason);
        }
        if (d->parts != NULL) {
                parts_drop(d);
        }
        d->records++;
        if (f->code == COM_STMT_CLOSE) {
                statements_remove(&d->statements, f->stmt_id);
        } else if (f->code == COM_STMT_EXECUTE) {
                struct statement *st = statements_find(&d->statements, f->stmt_id);
                if (st != NULL) {
                        statement_drop_long_data(&d->statements, st); /* it was for this execution only */
                }
        }
}
