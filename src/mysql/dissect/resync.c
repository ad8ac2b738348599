#include "mysql/dissect/resync.h"

#include "mysql/dissect/emit.h"
#include "mysql/dissect/forget.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/charset.h"

enum {
        HEAD_SIZE = 16, /* bytes of each message that are looked at */
        SEQ_MAX = 255,
        FEW_RECORDS = 16, /* a session that becomes opaque again within so many commands waits longer … */
        WAIT_MAX = 4095,  /* … but for no more commands than this */
};

/* --- what a command that is missed may change ------------------------------------------------------------------------ */

/** May the COM_QUERY @p head, of which only the beginning is known, change the database or a character set? */
static bool may_change(const struct dissect *d, struct span head)
{
        static const uint8_t no_attributes[] = {0, 1};
        struct span text = span_skip(head, 1);
        if ((d->capabilities & CAP_QUERY_ATTRIBUTES) != 0) {
                if (text.len < sizeof no_attributes ||
                    memcmp(text.data, no_attributes, sizeof no_attributes) != 0) {
                        return true;
                }
                text = span_skip(text, sizeof no_attributes);
        }
        return (d->capabilities & CAP_MULTI_STATEMENTS) != 0 || !session_vars_is_plain(text);
}

/** The session is logged in again, or reset. */
static void note_reset(struct dissect *d, uint8_t code)
{
        statements_clear(&d->statements);
        d->resync.may_have_changed = true;
        if (code == COM_CHANGE_USER) {
                owned_text_drop(&d->vars.username);
                d->vars.identity++;
        }
}

/** A command that refers to a statement. If too little of it is known to tell which one, no statement is known any more. */
static void note_use(struct dissect *d, uint8_t code, struct span head)
{
        struct reader r = reader_over(span_skip(head, 1));
        uint32_t id = reader_u32(&r);
        if (r.failed) {
                statements_clear(&d->statements);
        }
        struct statement *st = statements_find(&d->statements, id);
        if (code == COM_STMT_EXECUTE || code == COM_STMT_BULK_EXECUTE) {
                d->resync.may_have_changed = d->resync.may_have_changed || st == NULL || !st->is_plain;
        }
        if (st == NULL) {
                return;
        }
        if (code == COM_STMT_CLOSE || code == COM_STMT_SEND_LONG_DATA) {
                statements_remove(&d->statements, id); /* without its data, executions would be misread */
        } else {
                statement_forget_execution(&d->statements, st);
        }
}

/** @p head: the beginning of the command, from its code on. */
static void note_effects(struct dissect *d, uint8_t code, struct span head)
{
        const struct command_type *type = command_type(code);
        if (code == COM_CHANGE_USER || code == COM_RESET_CONNECTION) {
                note_reset(d, code);
        } else if (type->has_stmt_id) {
                note_use(d, code, head);
        } else if (code == COM_INIT_DB || (code == COM_QUERY && may_change(d, head))) {
                d->resync.may_have_changed = true;
        }
        if (type->shape == SHAPE_STREAM) {
                d->resync.is_possible = false; /* its reply does not end */
        }
}

/* --- the session becomes opaque -------------------------------------------------------------------------------------- */

void resync_note_unqueued(struct dissect *d, uint8_t code)
{
        d->resync.owed = command_type(code)->shape != SHAPE_NONE ? 1 : 0;
        d->resync.missed = 1;
        d->resync.may_have_changed = true; /* no more is known of it than its code */
}

/** A session that became opaque again at once may do so each time: let it wait. */
static uint64_t wait_after(const struct dissect *d)
{
        const struct resync *r = &d->resync;
        uint64_t followed = d->records - d->queue.count - r->followed_from;
        if (r->times_followed == 0 || followed > FEW_RECORDS) {
                return 0;
        }
        return r->wait < WAIT_MAX ? 2 * r->wait + 1 : WAIT_MAX;
}

/** Has the server begun to answer @p cmd? */
static bool has_begun(const struct command *cmd)
{
        return cmd->first_ns != 0 || cmd->bytes_received > 0;
}

/** A command that will not be followed to its end. */
static void note_in_flight(struct dissect *d, const struct command *cmd)
{
        d->resync.owed += cmd->type->shape != SHAPE_NONE && !has_begun(cmd) ? 1 : 0;
        note_effects(d, cmd->code, command_body(cmd));
}

void resync_begin(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        const struct command *head = d->queue.head;
        struct waiting_cursor cursor = waiting_walk(d->queue.waiting);
        struct command cmd;
        r->times_opaque++;
        r->is_possible = d->phase == PHASE_READY;
        r->since_ns = now_ns;
        r->wait = wait_after(d);
        r->client_last = 0;
        if (!d->skips_rest) { /* else both are still known: the server is sending an earlier reply */
                r->server_last = head != NULL ? (uint8_t)(head->next_seq - 1) : SEQ_MAX;
                r->server_ended = head == NULL || !has_begun(head);
        }
        if (head != NULL) {
                note_in_flight(d, head);
        }
        while (waiting_next(&cursor, &cmd)) {
                note_in_flight(d, &cmd);
        }
        if (d->answered_early) {
                d->streams[SIDE_CLIENT].seq =
                    1; /* the rest of the message that arrives is no command of its own */
        }
}

void resync_end(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        if (r->is_possible && r->missed > 0) {
                emit_resync(d, now_ns, "the session ended before it was followed again");
        }
        r->missed_before += r->missed;
        r->missed = 0;
        r->is_possible = false;
}

/* --- packets are counted --------------------------------------------------------------------------------------------- */

static bool begins_reply(const struct resync *r, uint8_t seq)
{
        /* the numbers of a long reply start over: 255, 0, 1 */
        return seq == 1 && (r->server_last != 0 || r->server_ended);
}

static void note_server_message(struct resync *r, uint8_t last, uint8_t first, uint64_t len)
{
        r->server_last = last;
        r->server_ended = first == REPLY_ERR || (first == REPLY_EOF && len < FRAME_MAX_PAYLOAD);
}

/** A message of the server is complete. */
static void count_reply(struct dissect *d, const struct packet_stream *stream)
{
        struct resync *r = &d->resync;
        /* a command of several packets is answered with the number behind its last one */
        bool answers_long = r->owed == 1 && r->client_last > 0 && stream->seq == r->client_last + 1;
        if (r->owed > 0 && (begins_reply(r, stream->seq) || answers_long)) {
                r->owed--;
        }
        note_server_message(r, stream->last, stream->first, stream->len);
}

/** A message of the client is complete. */
static void count_command(struct dissect *d, const struct packet_stream *stream)
{
        struct resync *r = &d->resync;
        bool begins = stream->seq == 0 && r->client_last != SEQ_MAX;
        r->client_last = stream->last;
        if (!begins) {
                return; /* of an authentication, a file, or the end of a message that began before */
        }
        r->missed++;
        r->owed += command_type(stream->first)->shape != SHAPE_NONE ? 1 : 0;
        d->quit = d->quit || (stream->first == COM_QUIT && stream->len == 1);
        note_effects(d, stream->first, span_of(stream->kept, stream->kept_len));
}

/* --- the session is followed again ------------------------------------------------------------------------------------ */

/** Is there a command at the front of @p bytes that can be followed? Its header may have begun in earlier bytes. */
static bool begins_command(const struct dissect *d, struct span bytes)
{
        const struct resync *r = &d->resync;
        const struct frame *frame = &d->streams[SIDE_CLIENT].frame;
        bool at_header = !frame->continues && frame->have < FRAME_HEADER_SIZE;
        if (r->owed > 0 || r->missed < r->wait || r->client_last == SEQ_MAX || !at_header ||
            frame->have + bytes.len < FRAME_HEADER_SIZE) {
                return false;
        }
        return bytes.data[FRAME_HEADER_SIZE - 1 - frame->have] == 0;
}

/** Nothing is known of what the commands that were missed have done. */
static void doubt_session(struct dissect *d)
{
        struct session_vars *vars = &d->vars;
        if (d->resync.may_have_changed) {
                owned_text_drop(&vars->database);
                vars->database_unknown = true;
                vars->charsets.client = CHARSET_UNKNOWN;
                vars->charsets.results = CHARSET_UNKNOWN;
                vars->identity++;
        }
        d->transaction.is_open = false; /* if one is open, it is not known to be the same */
        d->secrets.last_secret = true;
        d->secrets.prepared_secret = true;
        d->secrets.left_secret = SECRECY_ALL;
        d->statements.last_prepared = LAST_PREPARED;
}

static void follow(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        forget_commands(d);
        emit_resync(d, now_ns, "the session is followed again");
        doubt_session(d);
        r->is_possible = false;
        r->may_have_changed = false;
        r->missed_before += r->missed;
        r->missed = 0;
        r->times_followed++;
        r->followed_from = d->records;
        d->opaque_reason = NULL;
        d->lint.broken = 0;
        d->skips_rest = true;
        d->phase = PHASE_READY;
        d->has_news = true;
}

bool resync_skips_message(struct dissect *d, const struct message *m)
{
        struct resync *r = &d->resync;
        if (begins_reply(r, m->seq) || m->seq != (uint8_t)(r->server_last + 1)) {
                d->skips_rest = false;
                return false;
        }
        note_server_message(r, m->last, m->first, m->len);
        return true;
}

struct span resync_skip(struct dissect *d, enum side from, struct span bytes, uint64_t now_ns)
{
        struct packet_stream *stream = &d->streams[from];
        struct frame_piece piece;
        size_t before = bytes.len;
        if (frame_idle(&stream->frame)) {
                stream->start_ns = now_ns;
                stream->message_at = stream->offset;
        }
        if (from == SIDE_CLIENT && begins_command(d, bytes)) {
                follow(d, now_ns);
                return bytes;
        }
        bool got = frame_next(&stream->frame, &bytes, &piece);
        stream->offset += before - bytes.len;
        if (!got) {
                return bytes;
        }
        if (piece.begins_message) {
                stream->len = 0;
                stream->kept_len = 0;
                stream->limit = HEAD_SIZE;
                stream->seq = piece.seq;
                stream->first = piece.bytes.len > 0 ? piece.bytes.data[0] : 0;
        }
        if (piece.begins) {
                stream->last = piece.seq;
        }
        stream->len += piece.bytes.len;
        (void)packet_stream_wire(stream, piece.bytes.len);
        (void)packet_stream_keep(stream, piece.bytes); /* without memory less is known of the command */
        if (piece.ends_message && from == SIDE_CLIENT) {
                count_command(d, stream);
        } else if (piece.ends_message) {
                count_reply(d, stream);
        }
        if (piece.ends_message) {
                packet_stream_end_message(stream);
        }
        return bytes;
}
