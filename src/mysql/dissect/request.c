#include "mysql/dissect/request.h"

#include "mysql/dissect/emit.h"
#include "mysql/dissect/execute.h"
#include "mysql/dissect/resync.h"
#include "mysql/dissect/rows.h"
#include "mysql/dissect/value_filter.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/handshake.h"

enum { CODE_SIZE = 1, STMT_ID_SIZE = 4, LONG_DATA_HEAD = CODE_SIZE + STMT_ID_SIZE + 2 };

/* --- a command arrives --------------------------------------------------------------------------------------- */

static void read_stmt_id(struct command *cmd, struct span body)
{
        struct reader r = reader_over(span_skip(body, CODE_SIZE));
        cmd->stmt_id = reader_u32(&r);
        cmd->has_stmt_id = cmd->type->has_stmt_id && !r.failed;
}

/** If a statement may contain a password, neither its packet nor the reply is shown. */
static void note_secret(struct dissect *d, struct command *cmd, struct span body)
{
        secret_watch_on_command(&d->secrets, &d->statements, cmd, body);
        d->packet_secret = d->packet_secret || cmd->is_secret || d->redact_packets;
}

/** The login was not seen: the beginning of a COM_QUERY shows whether attributes stand before the text, and a flag whether they stand
 *  before the parameters of a COM_STMT_EXECUTE. */
static void decide_attributes(struct dissect *d, const struct message *m)
{
        enum { EXECUTE_FLAGS_AT = 5, PARAMETER_COUNT_AVAILABLE = 0x08 };
        bool is_query = m->first == COM_QUERY && m->body.len > CODE_SIZE;
        bool is_execute = m->first == COM_STMT_EXECUTE && m->body.len > EXECUTE_FLAGS_AT;
        if (is_query || (is_execute && (m->body.data[EXECUTE_FLAGS_AT] & PARAMETER_COUNT_AVAILABLE) != 0)) {
                bool has = is_execute || (m->body.len > CODE_SIZE + 1 && m->body.data[CODE_SIZE + 1] == 1);
                d->capabilities &= ~(CAP_ATTRIBUTES_UNDECIDED | CAP_QUERY_ATTRIBUTES);
                d->capabilities |= has ? CAP_QUERY_ATTRIBUTES : 0;
                d->agreed = capability_pack(d->capabilities);
        }
}

/** What the message itself shows. */
static void describe(struct dissect *d, struct command *cmd, const struct message *m)
{
        cmd->code = m->len > 0 ? m->first : COM_SLEEP;
        cmd->type = command_type(cmd->code);
        cmd->seq_num = ++d->seq_num;
        cmd->start_ns = m->start_ns;
        cmd->sent_ns = m->end_ns;
        cmd->last_ns = m->end_ns;
        cmd->bytes_sent = m->wire;
        cmd->true_len = m->len;
        cmd->dropped = m->dropped;
        cmd->counted_params = m->counted_params;
        cmd->text_at = CODE_SIZE;
        cmd->next_seq = (uint8_t)(m->last + 1);
        cmd->seq_known = m->seq == 0 && !d->skips_rest;
        /* several commands in one compressed frame share its number */
        cmd->frame_known = d->streams[SIDE_CLIENT].frame_starts && !d->skips_rest;
        cmd->next_frame = (uint8_t)(d->streams[SIDE_CLIENT].frame_seq + 1);
        d->streams[SIDE_CLIENT].frame_starts = false;
        if ((d->capabilities & CAP_ATTRIBUTES_UNDECIDED) != 0) {
                decide_attributes(d, m);
        }
        if (cmd->code == COM_QUERY && (d->capabilities & CAP_QUERY_ATTRIBUTES) != 0) {
                cmd->text_at = execute_attributes(d, m->body, NULL);
                if (cmd->text_at == 0) { /* malformed, or larger than what is kept: the reply shows which */
                        cmd->text_at = m->body.len;
                        cmd->text_lost = true;
                }
        }
        cmd->is_plain = cmd->code == COM_QUERY && !cmd->text_lost &&
                        session_vars_is_plain(span_skip(m->body, cmd->text_at));
        read_stmt_id(cmd, m->body);
        value_filter_note(d, cmd);
}

/** How many commands can be in flight before further ones are missed. */
static uint64_t most_commands(const struct dissect *d)
{
        uint64_t slack = d->crowding != CROWDING_IGNORED ? d->settings->pipeline_slack : 0;
        return d->settings->pipeline + slack;
}

/** A command was added behind others: are they too many? */
static void note_crowding(struct dissect *d)
{
        enum { FREE_PART = 8 };
        const struct budget *budget = &d->budget;
        bool is_full = budget_left(budget) < budget->limit / FREE_PART;
        if (d->crowding != CROWDING_NONE) {
                return;
        }
        if (d->queue.count > d->settings->pipeline) {
                d->crowding = CROWDING_COMMANDS;
        } else if (is_full && !d->settings->count_only) {
                d->crowding = CROWDING_TEXTS;
        }
        d->has_news = d->has_news || d->crowding != CROWDING_NONE;
}

/** Add @p cmd to the queue: a head belongs to the queue then. @return false when memory is out; a head is freed. */
static bool enqueue(struct dissect *d, struct command *cmd, struct span body)
{
        if (d->queue.head != NULL) {
                bool is_added = command_queue_append(&d->queue, cmd, body);
                note_crowding(d);
                return is_added;
        }
        if (!command_queue_keep_body(&d->queue, cmd, body)) {
                command_free(cmd);
                return false;
        }
        command_queue_put_head(&d->queue, cmd);
        return true;
}

static struct outcome take_command(struct dissect *d, const struct message *m)
{
        const struct command *head = d->queue.head;
        struct command waiting = {.next = NULL};
        if (d->resync.is_missing || d->queue.count >= most_commands(d)) {
                d->packet_secret = true; /* nobody looks what is in it */
                resync_miss(d, m);
                return outcome_of(packet_kind_of(m->len > 0 ? m->first : COM_SLEEP));
        }
        struct command *cmd = head != NULL ? &waiting : command_queue_new(&d->queue);
        if (cmd == NULL) {
                resync_note_unqueued(d, m->first);
                return outcome_no_memory();
        }
        describe(d, cmd, m);
        enum packet_kind kind = packet_kind_of(cmd->code);
        if (m->seq != 0 && d->streams[SIDE_CLIENT].compress == NULL) {
                lint_break(&d->lint, LINT_SEQUENCE_START);
        }
        lint_command(&d->lint, cmd->code, m->len, d->capabilities);
        /* authentication data is kept only until it is parsed */
        d->packet_secret = cmd->code == COM_CHANGE_USER || d->phase != PHASE_READY ||
                           (head != NULL && head->state == REPLYING_AUTH);
        note_secret(d, cmd, m->body);
        if (!enqueue(d, cmd, m->body)) {
                resync_note_unqueued(d, m->first);
                return outcome_no_memory();
        }
        return outcome_of(kind);
}

/** The client sends a part of the file that @p cmd, a LOAD DATA LOCAL INFILE, loads. */
static struct outcome take_file(struct dissect *d, struct command *cmd, const struct message *m)
{
        dissector_check_sequence(d, m, &cmd->next_seq);
        cmd->bytes_sent += m->wire;
        d->packet_secret = d->packet_secret || cmd->is_secret;
        if (m->len > 0) {
                return outcome_of(PACKET_LOCAL_INFILE_DATA);
        }
        cmd->state = REPLYING_FIRST;
        return outcome_of(PACKET_LOCAL_INFILE_END);
}

/** The client sends the rest of a file after the server gave up on it. */
static struct outcome drain_file(struct dissect *d, const struct message *m)
{
        d->drain_seq = (uint8_t)(m->last + 1);
        d->draining = m->len > 0;
        d->packet_secret = d->packet_secret || d->drain_secret;
        return outcome_of(m->len > 0 ? PACKET_LOCAL_INFILE_DATA : PACKET_LOCAL_INFILE_END);
}

bool request_is_under_way(const struct dissect *d)
{
        const struct packet_stream *stream = &d->streams[SIDE_CLIENT];
        return stream->kept_len > 0 && !frame_idle(&stream->frame) && !d->draining && !d->answered_early;
}

struct outcome request_take_part(struct dissect *d, uint64_t now_ns)
{
        const struct packet_stream *stream = &d->streams[SIDE_CLIENT];
        const struct message m = {
            .body = span_of(stream->kept, stream->kept_len),
            .len = stream->len + stream->frame.left,
            .wire = stream->wire,
            .start_ns = stream->start_ns,
            .end_ns = now_ns,
            .seq = stream->seq,
            .last = stream->last,
            .first = stream->first,
            .dropped = d->filter.dropped,
            .counted_params = value_filter_counted(d),
        };
        struct outcome outcome = take_command(d, &m);
        d->answered_early = true;
        if (outcome.give_up == NULL) {
                struct command *cmd = d->queue.head;
                cmd->begun = true;
                cmd->is_part = true;
                cmd->seq_known = false; /* which packet of the command the server refused is not known */
        } else {
                d->resync.owed = 0; /* its reply is the message that was to be handled */
        }
        return outcome;
}

struct outcome request_on_message(struct dissect *d, const struct message *m)
{
        enum { ACKNOWLEDGEMENT = 0xef };
        struct command *head = d->phase == PHASE_READY ? d->queue.head : NULL;
        enum reply_state state = head != NULL ? head->state : REPLYING_FIRST;
        if (d->answered_early) { /* the rest of a command whose record is made */
                d->answered_early = false;
                return outcome_of(PACKET_PART);
        }
        if (d->draining && (m->seq != 0 || d->drain_seq == 0)) {
                return drain_file(d, m);
        }
        d->draining = false;
        if (d->is_assumed && head == NULL && m->seq != 0 && d->streams[SIDE_CLIENT].compress == NULL) {
                return outcome_of(
                    PACKET_PART); /* of a file or a login, whose command or request was not captured */
        }
        if (state == REPLYING_LOCAL_FILE) {
                return take_file(d, head, m);
        }
        if (state == REPLYING_AUTH && m->seq != 0) {
                dissector_check_sequence(d, m, &head->next_seq);
                return dissector_hide_secret_kind(d, PACKET_AUTH_DATA);
        }
        if (state == REPLYING_STREAM && !(m->len == 1 && m->first == COM_QUIT)) {
                head->acknowledged = true;
                head->bytes_sent += m->wire;
                return outcome_of(m->first == ACKNOWLEDGEMENT ? PACKET_REPLICATION_ACK
                                                              : PACKET_WITHIN_STREAM);
        }
        d->quit = d->quit || state == REPLYING_STREAM; /* which has no end that COM_QUIT could wait for */
        return take_command(d, m);
}

static const char no_memory[] = "out of memory";

/* --- a command reaches the head ---------------------------------------------------------------------------- */

/** @return why the session can't be followed; NULL: it goes on. */
static const char *take_long_data(struct dissect *d, const struct command *cmd)
{
        struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        struct reader r = reader_over(span_skip(command_body(cmd), CODE_SIZE + STMT_ID_SIZE));
        uint16_t param = reader_u16(&r);
        if (st == NULL || r.failed) {
                return NULL; /* the statement was never seen */
        }
        size_t room = budget_share_left(&d->budget, BUDGET_LONG_DATA) > 0 ? d->settings->value_bytes : 0;
        st->long_data_is_cut = st->long_data_is_cut || room == 0 || cmd->body_is_cut;
        uint64_t true_len = cmd->true_len > LONG_DATA_HEAD ? cmd->true_len - LONG_DATA_HEAD : 0;
        enum status status = statement_long_data(&d->statements, st, param, reader_rest(&r), room, true_len);
        return status == STATUS_OK ? NULL : no_memory;
}

/** @return why the session can't be followed; NULL: it goes on. */
static const char *begin_change_user(struct dissect *d, struct command *cmd)
{
        struct login login;
        cmd->state = REPLYING_AUTH;
        auth_path_forget(&d->auth_path);
        if (!change_user_parse(command_body(cmd), d->capabilities, &login)) {
                return "a malformed COM_CHANGE_USER";
        }
        if (login.odd_length) {
                emit_odd_length(d, cmd);
        }
        d->vars.next_login_charset = charset_of_collation(login.collation_id);
        if (d->vars.next_login_charset == CHARSET_UNKNOWN) {
                d->vars.next_login_charset = d->vars.charsets.server;
        }
        if ((login.auth_plugin.len > 0 && !auth_path_add_plugin(&d->auth_path, login.auth_plugin)) ||
            !owned_text_set(&d->vars.next_username, login.username) ||
            !session_vars_set_next_database(&d->vars, login.database, d->vars.next_login_charset)) {
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
                cmd->stmt_id = d->statements.last_prepared;
        }
        cmd->state = first_states[cmd->type->shape];
        cmd->done = cmd->type->shape == SHAPE_NONE;
        if (cmd->type->shape == SHAPE_ROWS) {
                rows_begin(d, cmd);
        }
        if (cmd->state == REPLYING_STREAM && d->crowding != CROWDING_NONE) {
                d->crowding = CROWDING_IGNORED; /* the commands behind it will get no replies */
                d->has_news = true;
        }
        d->quit = d->quit || cmd->code == COM_QUIT;
        if (cmd->code == COM_STMT_SEND_LONG_DATA) {
                return take_long_data(d, cmd);
        }
        return cmd->code == COM_CHANGE_USER ? begin_change_user(d, cmd) : NULL;
}
