#include "mysql/dissect/resync.h"

#include "mysql/dissect/emit.h"
#include "mysql/dissect/forget.h"
#include "mysql/dissect/unread_reply.h"
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

/* While the commands before are still followed (is_missing), all of this waits: they may need what is forgotten. */

static void forget_statements(struct dissect *d)
{
        if (d->resync.is_missing) {
                d->resync.forgets_statements = true;
        } else {
                statements_clear(&d->statements);
        }
}

static void forget_user(struct dissect *d)
{
        if (d->resync.is_missing) {
                d->resync.forgets_user = true;
        } else {
                owned_text_drop(&d->vars.username);
                d->vars.identity++;
        }
}

/** @p st is closed (without its long data, executions would be misread, too) or executed. */
static void forget_statement(struct dissect *d, struct statement *st, enum statement_missed missed)
{
        if (d->resync.is_missing) {
                statement_note_missed(&d->statements, st, missed);
        } else {
                statement_forget(&d->statements, st, missed);
        }
}

/** The commands that were followed are answered: do what waited for that. */
static void forget_all_that_waits(struct dissect *d)
{
        struct resync *r = &d->resync;
        r->is_missing = false;
        if (r->forgets_statements) {
                statements_clear(&d->statements);
        } else {
                statements_forget_missed(&d->statements);
        }
        if (r->forgets_user) {
                forget_user(d);
        }
        r->is_possible = r->is_possible && !r->has_stream;
        r->forgets_statements = false;
        r->forgets_user = false;
        r->has_stream = false;
}

/** The session is logged in again, or reset. */
static void note_reset(struct dissect *d, uint8_t code)
{
        forget_statements(d);
        d->resync.may_have_changed = true;
        if (code == COM_CHANGE_USER) {
                forget_user(d);
        }
}

/** A command that refers to a statement. If too little of it is known to tell which one, no statement is known any more. */
static void note_use(struct dissect *d, uint8_t code, struct span head)
{
        struct reader r = reader_over(span_skip(head, 1));
        uint32_t id = reader_u32(&r);
        if (r.failed || (id == LAST_PREPARED && d->resync.is_missing)) {
                forget_statements(d);
        }
        struct statement *st = statements_find(&d->statements, id);
        if (code == COM_STMT_EXECUTE || code == COM_STMT_BULK_EXECUTE) {
                d->resync.may_have_changed = d->resync.may_have_changed || st == NULL || !st->is_plain;
        }
        if (st != NULL) {
                bool is_end = code == COM_STMT_CLOSE || code == COM_STMT_SEND_LONG_DATA;
                forget_statement(d, st, is_end ? MISSED_END : MISSED_EXECUTION);
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
                d->resync.has_stream = d->resync.is_missing; /* its reply does not end */
                d->resync.is_possible = false;
        }
}

/* --- the session becomes opaque -------------------------------------------------------------------------------------- */

/** A command with a reply is missed; @p next is the number behind that of its last packet or, in a compressed session, frame. */
static void owe(struct resync *r, uint8_t next)
{
        r->owed++;
        if (next > 1) {
                r->long_owed++;
                r->long_next = next;
        }
}

void resync_note_unqueued(struct dissect *d, uint8_t code)
{
        d->resync.owed = command_type(code)->shape != SHAPE_NONE ? 1 : 0;
        d->resync.long_owed = 0;
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
        bool is_compressed = d->streams[SIDE_SERVER].compress != NULL;
        if (cmd->type->shape != SHAPE_NONE && !has_begun(cmd)) {
                owe(&d->resync, is_compressed ? cmd->next_frame : cmd->next_seq);
        }
        note_effects(d, cmd->code, command_body(cmd));
}

/** The client's next packet begins a command if its number says so. */
static void begin_counting(struct resync *r, uint64_t now_ns)
{
        r->since_ns = now_ns;
        r->client_last = 0;
        r->client_frame = 0;
}

void resync_begin(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        const struct command *head = d->queue.head;
        struct waiting_cursor cursor = waiting_walk(d->queue.waiting);
        struct command cmd;
        r->times_opaque++;
        r->is_possible = d->phase == PHASE_READY;
        r->wait = wait_after(d);
        if (r->is_missing) {
                forget_all_that_waits(d);
        } else {
                begin_counting(r, now_ns);
        }
        if (!d->skips_rest) { /* else all is still known: the server is sending an earlier reply */
                r->reply.frame = d->streams[SIDE_SERVER].frame_seq;
                r->reply.definitions = 0;
                r->reply.last = head != NULL ? (uint8_t)(head->next_seq - 1) : SEQ_MAX;
                r->reply.has_ended = head == NULL || !has_begun(head);
        }
        if (head != NULL) {
                note_in_flight(d, head);
        }
        while (waiting_next(&cursor, &cmd)) {
                note_in_flight(d, &cmd);
        }
        r->is_recorded = d->answered_early;
        r->is_answered = false;
}

void resync_end(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        if (r->is_missing) {
                forget_all_that_waits(d);
                d->opaque_reason = RESYNC_TOO_MANY;
                r->is_possible = true;
        }
        if (r->is_possible && r->missed > 0) {
                emit_resync(d, now_ns, "the session ended before it was followed again");
        }
        r->missed_before += r->missed;
        r->missed = 0;
        r->is_possible = false;
}

/* --- packets are counted --------------------------------------------------------------------------------------------- */

/** The message of @p stream that is complete. */
static struct message message_of(const struct packet_stream *stream)
{
        return (struct message){.body = span_of(stream->kept, stream->kept_len),
                                .len = stream->len,
                                .seq = stream->seq,
                                .last = stream->last,
                                .first = stream->first};
}

/** Does the client's message with number @p seq begin a command? If it begins a compressed frame, the frame's number shows that: servers
 *  do not look at the other. */
static bool begins_request(const struct dissect *d, uint8_t seq)
{
        const struct packet_stream *client = &d->streams[SIDE_CLIENT];
        if (packet_stream_begins_frame(client)) {
                return client->start_frame == 0 && d->resync.client_frame != SEQ_MAX;
        }
        return seq == 0 && d->resync.client_last != SEQ_MAX;
}

/** Is the client sending a command of which a part has come? */
static bool is_command_under_way(const struct dissect *d)
{
        const struct packet_stream *client = &d->streams[SIDE_CLIENT];
        return d->resync.owed == 0 && !frame_idle(&client->frame) && client->len > 0 &&
               begins_request(d, client->seq);
}

/** A message of the server is complete. */
static void count_reply(struct dissect *d, const struct packet_stream *stream)
{
        struct resync *r = &d->resync;
        bool begins_long = r->long_owed > 0 && unread_reply_begins_long(d, stream->seq, r->long_next);
        bool begins = begins_long || unread_reply_begins(d, stream->seq);
        if (r->owed > 0 && begins) {
                r->owed--;
                r->long_owed = r->owed > 0 ? r->long_owed - (begins_long ? 1 : 0) : 0;
        } else if (stream->first == REPLY_ERR && is_command_under_way(d)) {
                r->is_answered = true;
        }
        const struct message m = message_of(stream);
        unread_reply_note(d, &m, begins);
}

/** The message @p m of the client is complete. */
static void count_command(struct dissect *d, const struct message *m)
{
        struct resync *r = &d->resync;
        const struct packet_stream *stream = &d->streams[SIDE_CLIENT];
        bool begins = begins_request(d, m->seq);
        bool is_recorded = r->is_recorded;
        bool is_answered = r->is_answered;
        r->client_last = m->last;
        r->client_frame = stream->frame_seq;
        r->is_recorded = false;
        r->is_answered = false;
        if (!begins || is_recorded) {
                return; /* of an authentication, a file, or the end of a message that began before */
        }
        r->missed++;
        if (command_type(m->first)->shape != SHAPE_NONE && !is_answered) {
                owe(r, (uint8_t)((stream->compress != NULL ? stream->frame_seq : m->last) + 1));
        }
        d->quit = d->quit || (m->first == COM_QUIT && m->len == 1);
        note_effects(d, m->first, m->body);
}

void resync_miss(struct dissect *d, const struct message *m)
{
        struct resync *r = &d->resync;
        if (!r->is_missing) {
                r->is_missing = true;
                r->missed_at = d->streams[SIDE_CLIENT].message_at;
                begin_counting(r, m->start_ns);
        }
        count_command(d, m);
}

/* --- the session is followed again ------------------------------------------------------------------------------------ */

/** Is there a command at the front of @p bytes that can be followed? Its header may have begun in earlier bytes. */
static bool begins_command(const struct dissect *d, struct span bytes)
{
        const struct resync *r = &d->resync;
        const struct frame *frame = &d->streams[SIDE_CLIENT].frame;
        bool at_header = !frame->continues && frame->have < FRAME_HEADER_SIZE;
        if (r->owed > 0 || r->missed < r->wait || !at_header || frame->have + bytes.len < FRAME_HEADER_SIZE) {
                return false;
        }
        return begins_request(d, bytes.data[FRAME_HEADER_SIZE - 1 - frame->have]);
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
        d->transaction.between = (struct transaction_between){.any = false};
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

void resync_lose(struct dissect *d, enum side from)
{
        struct resync *r = &d->resync;
        if (from == SIDE_CLIENT) { /* any command may be missing */
                r->may_have_changed = true;
                statements_forget_executions(&d->statements);
        }
        r->is_possible = false;
        r->missed_before += r->missed;
        r->missed = 0;
        r->owed = 0;
        r->long_owed = 0;
        forget_commands(d);
}

void resync_join(struct dissect *d, uint64_t now_ns)
{
        struct resync *r = &d->resync;
        bool is_first = d->phase == PHASE_GREETING;
        forget_commands(d);
        r->may_have_changed = r->may_have_changed || is_first;
        doubt_session(d);
        emit_join(d, now_ns, is_first);
        r->is_possible = false;
        r->is_missing = false;
        r->may_have_changed = false;
        r->times_followed += is_first ? 0 : 1;
        r->followed_from = d->records;
        d->opaque_reason = NULL;
        d->lint.broken = 0;
        d->skips_rest = false;
        d->phase = PHASE_READY;
        d->has_news = true;
}

bool resync_skips_message(struct dissect *d, const struct message *m)
{
        const struct resync *r = &d->resync;
        const struct command *followed = d->queue.head;
        bool is_compressed = d->streams[SIDE_SERVER].compress != NULL;
        bool is_long = is_compressed && followed != NULL && followed->next_frame > 1 &&
                       unread_reply_begins_long(d, m->seq, followed->next_frame);
        bool is_out_of_order = !is_compressed && m->seq != (uint8_t)(r->reply.last + 1);
        if (is_long || is_out_of_order || unread_reply_begins(d, m->seq)) {
                d->skips_rest = false;
                return false;
        }
        unread_reply_note(d, m, false);
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
                stream->wire = 0;
                stream->kept_len = 0;
                stream->limit = HEAD_SIZE;
                stream->seq = piece.seq;
                stream->first = piece.bytes.len > 0 ? piece.bytes.data[0] : 0;
        }
        if (piece.begins) {
                stream->last = piece.seq;
        }
        stream->len += piece.bytes.len;
        stream->wire += packet_stream_wire(stream, piece.bytes.len + (piece.begins ? FRAME_HEADER_SIZE : 0));
        (void)packet_stream_keep(stream, piece.bytes); /* without memory less is known of the command */
        stream->packet_len = 0;                        /* packets are not shown */
        if (piece.ends_message && from == SIDE_CLIENT) {
                const struct message m = message_of(stream);
                count_command(d, &m);
        } else if (piece.ends_message) {
                count_reply(d, stream);
        }
        if (piece.ends_message) {
                packet_stream_end_message(stream);
        }
        return bytes;
}
