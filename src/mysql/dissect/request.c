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

void request_free(struct command *cmd)
{
        if (cmd != NULL) {
                prof_free(cmd->body);
                prof_free(cmd->text);
                prof_free(cmd->changes);
                rows_free(cmd->first_rows);
                prof_free(cmd);
        }
}

static inline struct command *new_command(struct dissect *d)
{
        struct dissect_pool *pool = d->settings->pool;
        struct command *cmd = pool->first;
        if (cmd == NULL) {
                return prof_calloc(STAGE_DISSECT, 1, sizeof *cmd);
        }
        pool->first = cmd->next;
        pool->n--;
        uint8_t *body = cmd->body;
        size_t body_size = cmd->body_size;
        memset(cmd, 0, span_unknown(sizeof *cmd));
        cmd->body = body;
        cmd->body_size = body_size;
        return cmd;
}

/** What is kept of the reply. */
static void drop_reply(struct dissect *d, struct command *cmd)
{
        d->held -= cmd->text_len + cmd->changes_len + rows_held(cmd->first_rows);
        prof_free(cmd->text);
        prof_free(cmd->changes);
        rows_free(cmd->first_rows);
        cmd->text = NULL;
        cmd->changes = NULL;
        cmd->first_rows = NULL;
}

void request_pop(struct dissect *d)
{
        struct dissect_pool *pool = d->settings->pool;
        struct command *cmd = d->head;
        d->head = cmd->next;
        if (d->head == NULL) {
                d->tail = NULL;
        }
        d->in_flight--;
        d->held -= cmd->body_len;
        if (cmd->text != NULL || cmd->changes != NULL || cmd->first_rows != NULL) {
                drop_reply(d, cmd);
        }
        if (pool->n == POOL_MAX || cmd->body_size > BODY_SMALL) {
                request_free(cmd);
                return;
        }
        cmd->next = pool->first;
        pool->first = cmd;
        pool->n++;
}

/** Copy what is kept of the request; less where the session's bound is reached. */
static inline bool keep_body(struct dissect *d, struct command *cmd, struct span body)
{
        size_t held = d->held + d->statements.held;
        size_t room = d->settings->held_bytes > held ? d->settings->held_bytes - held : 0;
        struct span kept = span_head(body, room);
        if (kept.len > cmd->body_size) {
                uint8_t *bigger = prof_realloc(STAGE_DISSECT, cmd->body, kept.len);
                if (bigger == NULL) {
                        return false;
                }
                cmd->body = bigger;
                cmd->body_size = kept.len;
        }
        if (kept.len > 0) {
                memcpy(cmd->body, kept.data, kept.len);
        }
        cmd->body_len = kept.len;
        d->held += kept.len;
        return true;
}

static void push(struct dissect *d, struct command *cmd)
{
        if (d->tail != NULL) {
                d->tail->next = cmd;
        } else {
                d->head = cmd;
        }
        d->tail = cmd;
        d->in_flight++;
}

/* --- a command arrives --------------------------------------------------------------------------------------- */

static void read_stmt_id(struct command *cmd, struct span body)
{
        struct reader r = reader_over(span_skip(body, CODE_SIZE));
        cmd->stmt_id = reader_u32(&r);
        cmd->has_stmt_id = cmd->type->has_stmt_id && !r.failed;
}

/** Of a statement that may hold a password, neither its packet nor what it is answered is shown. */
static void note_secret(struct dissect *d, struct command *cmd, struct span body)
{
        dissect_note_secret(d, cmd, body);
        d->packet_secret = d->packet_secret || cmd->is_secret || d->redact_packets;
}

static struct outcome take_command(struct dissect *d, const struct message *m)
{
        if (d->in_flight >= d->settings->pipeline) {
                return outcome_unreadable("more commands in flight than limits.pipeline allows to follow");
        }
        struct command *cmd = new_command(d);
        if (cmd == NULL) {
                return outcome_no_memory();
        }
        cmd->code = m->len > 0 ? m->first : COM_SLEEP;
        cmd->type = command_type(cmd->code);
        cmd->seq_num = ++d->seq_num;
        cmd->start_ns = m->start_ns;
        cmd->sent_ns = m->end_ns;
        cmd->last_ns = m->end_ns;
        cmd->bytes_sent = m->wire;
        cmd->true_len = m->len;
        cmd->text_at = CODE_SIZE;
        cmd->next_seq = (uint8_t)(m->last + 1);
        cmd->seq_known = m->seq == 0;
        /* a frame that several commands share has one number only */
        cmd->frame_known = d->streams[SIDE_CLIENT].frame_starts;
        cmd->next_frame = (uint8_t)(d->streams[SIDE_CLIENT].frame_seq + 1);
        d->streams[SIDE_CLIENT].frame_starts = false;
        push(d, cmd);
        if (m->seq != 0 && d->streams[SIDE_CLIENT].compress == NULL) {
                lint_break(&d->lint, LINT_SEQUENCE_START);
        }
        lint_command(&d->lint, cmd->code, m->len, d->capabilities);
        /* authentication data is not kept any longer than its parsing takes */
        d->packet_secret = cmd->code == COM_CHANGE_USER || d->phase != PHASE_READY ||
                           (d->head->state == REPLYING_AUTH && d->head != cmd);
        if (!keep_body(d, cmd, m->body)) {
                return outcome_no_memory();
        }
        if (cmd->code == COM_QUERY && (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0) {
                cmd->text_at = execute_attributes(d, span_of(cmd->body, cmd->body_len), NULL);
                if (cmd->text_at == 0) { /* malformed, or larger than what is kept: the reply tells */
                        cmd->text_at = cmd->body_len;
                        cmd->text_lost = true;
                }
        }
        cmd->is_plain = cmd->code == COM_QUERY && !cmd->text_lost &&
                        session_vars_is_plain(span_skip(span_of(cmd->body, cmd->body_len), cmd->text_at));
        read_stmt_id(cmd, m->body);
        note_secret(d, cmd, m->body);
        return outcome_of(packet_kind_of(cmd->code));
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
            d->draining || d->lint.broken != 0 || d->streams[SIDE_CLIENT].compress != NULL) {
                return false;
        }
        uint8_t code = packet.data[FRAME_HEADER_SIZE];
        if (code == COM_QUERY) {
                return (d->capabilities & CAP_QUERY_ATTRIBUTES) == 0;
        }
        return code == COM_STMT_EXECUTE && packet.len >= FRAME_HEADER_SIZE + EXECUTE_MIN &&
               stmt_id_of(packet) != LAST_PREPARED;
}

static void begin_usual_execute(const struct dissect *d, struct command *cmd, struct span packet)
{
        cmd->stmt_id = stmt_id_of(packet);
        cmd->has_stmt_id = true;
        const struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        cmd->is_plain = st != NULL && st->is_plain;
}

bool request_take_usual(struct dissect *d, struct span packet, uint64_t now_ns)
{
        struct command *cmd = is_usual(d, packet) ? new_command(d) : NULL;
        struct span body = span_skip(packet, FRAME_HEADER_SIZE);
        if (cmd == NULL || !keep_body(d, cmd, body)) {
                request_free(cmd);
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
                begin_usual_execute(d, cmd, packet);
        }
        dissect_note_secret(d, cmd, body);
        d->head = cmd;
        d->tail = cmd;
        d->in_flight = 1;
        d->packet_secret = cmd->is_secret || d->redact_packets;
        d->packet_kind = packet_kind_of(cmd->code);
        return true;
}

/** Part of a LOCAL INFILE, for @p cmd. */
static struct outcome take_file(struct dissect *d, struct command *cmd, const struct message *m)
{
        (void)dissect_in_sequence(d, m, &cmd->next_seq);
        cmd->bytes_sent += m->wire;
        d->packet_secret = d->packet_secret || cmd->is_secret;
        if (m->len > 0) {
                return outcome_of(PACKET_LOCAL_INFILE_DATA);
        }
        cmd->state = REPLYING_FIRST;
        return outcome_of(PACKET_LOCAL_INFILE_END);
}

/** The rest of a file that the server wants no more. */
static struct outcome drain_file(struct dissect *d, const struct message *m)
{
        d->drain_seq = (uint8_t)(m->last + 1);
        d->draining = m->len > 0;
        d->packet_secret = d->packet_secret || d->drain_secret;
        return outcome_of(m->len > 0 ? PACKET_LOCAL_INFILE_DATA : PACKET_LOCAL_INFILE_END);
}

struct outcome request_on_message(struct dissect *d, const struct message *m)
{
        enum { ACKNOWLEDGEMENT = 0xef };
        struct command *head = d->phase == PHASE_READY ? d->head : NULL;
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
                return outcome_of(PACKET_AUTH_DATA);
        }
        if (state == REPLYING_STREAM && !(m->len == 1 && m->first == COM_QUIT)) {
                head->acknowledged = true;
                head->bytes_sent += m->wire;
                return outcome_of(m->first == ACKNOWLEDGEMENT ? PACKET_REPLICATION_ACK
                                                              : PACKET_WITHIN_STREAM);
        }
        return take_command(d, m);
}

static const char no_memory[] = "out of memory";

/* --- a command reaches the head ---------------------------------------------------------------------------- */

/** @return why the session can't be followed; NULL: it goes on. */
static const char *take_long_data(struct dissect *d, const struct command *cmd)
{
        struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        struct reader r = reader_over(span_skip(span_of(cmd->body, cmd->body_len), CODE_SIZE + STMT_ID_SIZE));
        uint16_t param = reader_u16(&r);
        if (st == NULL || r.failed) {
                return NULL; /* of a statement that was never seen */
        }
        size_t held = d->held + d->statements.held;
        size_t room = d->settings->held_bytes > held ? d->settings->value_bytes : 0;
        uint64_t true_len = cmd->true_len > LONG_DATA_HEAD ? cmd->true_len - LONG_DATA_HEAD : 0;
        enum status status = statement_long_data(&d->statements, st, param, reader_rest(&r), room, true_len);
        return status == STATUS_OK ? NULL : no_memory;
}

/** @return why the session can't be followed; NULL: it goes on. */
static const char *begin_change_user(struct dissect *d, struct command *cmd)
{
        struct login login;
        cmd->state = REPLYING_AUTH;
        login_forget_path(d);
        if (!change_user_parse(span_of(cmd->body, cmd->body_len), d->capabilities, &login)) {
                return "a malformed COM_CHANGE_USER";
        }
        d->next_login_charset = charset_of_collation(login.collation_id);
        if (d->next_login_charset == CHARSET_UNKNOWN) {
                d->next_login_charset = d->charsets.server;
        }
        if ((login.auth_plugin.len > 0 && !login_set_plugin(d, login.auth_plugin)) ||
            !dissect_set_text(&d->next_username, login.username) ||
            !session_vars_database(d, login.database, d->next_login_charset)) {
                return no_memory;
        }
        memset(cmd->body, 0, cmd->body_len);
        cmd->true_len = 0;
        return NULL;
}

const char *request_begin(struct dissect *d, struct command *cmd)
{
        static const enum reply_state first_states[] = {
            [SHAPE_FIELDS] = REPLYING_ROWS,
            [SHAPE_ROWS] = REPLYING_ROWS,
            [SHAPE_STREAM] = REPLYING_STREAM,
        };
        if (cmd->has_stmt_id && cmd->stmt_id == LAST_PREPARED) {
                cmd->stmt_id = d->last_prepared;
        }
        cmd->state = first_states[cmd->type->shape];
        cmd->done = cmd->type->shape == SHAPE_NONE;
        if (cmd->type->shape == SHAPE_ROWS) {
                rows_begin(d, cmd);
        }
        if (cmd->code == COM_STMT_SEND_LONG_DATA) {
                return take_long_data(d, cmd);
        }
        return cmd->code == COM_CHANGE_USER ? begin_change_user(d, cmd) : NULL;
}

/* --- a command becomes a record ------------------------------------------------------------------------------ */

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
                record_set_text(r, FIELD_REASON,
                                span_str("the statement's text is not known: the query attributes before it "
                                         "are malformed or too large"));
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
                field_set_add(&r->cut, FIELD_QUERY);
                r->secret_behind = dissect_text_is_secret(span_of(cmd->body, cmd->body_len));
        }
}

static void put_statement(struct dissect *d, const struct command *cmd, struct record *r)
{
        if (cmd->has_stmt_id) {
                record_set_uint(r, FIELD_STMT_ID, cmd->stmt_id);
                const struct statement *st =
                    cmd->type->has_text ? NULL : statements_find(&d->statements, cmd->stmt_id);
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
        if (cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE) {
                execute_decode(d, cmd, r);
        } else if (cmd->code == COM_QUERY && cmd->text_at > CODE_SIZE) {
                (void)execute_attributes(d, span_of(cmd->body, cmd->body_len), r);
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

static void tell(struct dissect *d, struct command *cmd, const char *reason)
{
        struct record r;
        dissect_record(d, EVENT_QUERY, cmd->start_ns, &r);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, cmd->seq_num);
        record_set_uint(&r, FIELD_COMMAND_ID, cmd->code);
        record_set_text(&r, FIELD_COMMAND, span_of(cmd->type->name, cmd->type->name_len));
        r.secrecy = cmd->secrecy;
        r.charsets[RECORD_CLIENT] = d->charsets.client;
        r.charsets[RECORD_RESULTS] = session_vars_results_charset(d);
        transaction_put(d, cmd, &r);
        put_times(cmd, &r);
        put_text(d, cmd, &r);
        put_statement(d, cmd, &r);
        put_result(cmd, &r);
        if (cmd->code == COM_CHANGE_USER && cmd->begun) {
                login_tell_path(d, &r);
        }
        if (d->multi_result != NULL && cmd == d->head) {
                multi_result_put(d, &r);
        }
        if (cmd->first_rows != NULL) {
                rows_put(cmd, &r);
        }
        if (cmd->changes_len > 0 || cmd->changes_cut) {
                session_vars_put(d, cmd, &r);
        }
        record_set_uint(&r, FIELD_BYTES_SENT, cmd->bytes_sent);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, cmd->bytes_received);
        if (reason != NULL) {
                record_set_text(&r, FIELD_REASON, span_str(reason));
        }
        d->sink.on_record(d->sink.arg, &r);
}

void request_emit(struct dissect *d, struct command *cmd, const char *reason)
{
        if (d->settings->count_only) {
                d->sink.on_command(d->sink.arg);
        } else {
                tell(d, cmd, reason);
        }
        if (d->multi_result != NULL) {
                multi_result_drop(d);
        }
        d->records++;
        if (cmd->code == COM_STMT_CLOSE) {
                statements_remove(&d->statements, cmd->stmt_id);
        } else if (cmd->code == COM_STMT_EXECUTE) {
                struct statement *st = statements_find(&d->statements, cmd->stmt_id);
                if (st != NULL) {
                        statement_drop_long_data(&d->statements, st); /* it was for this execution only */
                }
        }
}
