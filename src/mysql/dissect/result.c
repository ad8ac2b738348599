#include "mysql/dissect/result.h"

#include "mysql/dissect/early_eof.h"
#include "mysql/dissect/effects.h"
#include "mysql/dissect/emit.h"
#include "mysql/dissect/local_file.h"
#include "mysql/dissect/multi_result.h"
#include "mysql/dissect/prepared.h"
#include "mysql/dissect/request.h"
#include "mysql/dissect/resync.h"
#include "mysql/dissect/row_hashing.h"
#include "mysql/dissect/rows.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/result_head.h"

enum { ENDING_LIMIT = 64 * 1024, ROW_LIMIT = 1024 * 1024, EXECUTE_FLAGS_AT = 5, CURSOR_TYPES = 0x07 };

/** Does the packet end rows or definitions? It starts with 0xFE then, as a row can, too, if it is long enough. */
static bool is_ending(const struct dissect *d, uint8_t first, uint64_t len)
{
        return first == REPLY_EOF &&
               len < (dissector_deprecates_eof(d) ? FRAME_MAX_PAYLOAD : REPLY_EOF_LIMIT);
}

/* --- what OK, EOF and ERR do ------------------------------------------------------------------------------- */

/** @return false when memory is out. */
static bool apply_ok(struct dissect *d, struct command *cmd, const struct ok *ok)
{
        cmd->affected_rows += ok->affected_rows;
        cmd->last_insert_id = ok->last_insert_id != 0 ? ok->last_insert_id : cmd->last_insert_id;
        cmd->warnings = ok->warnings;
        cmd->status = ok->status;
        cmd->has_status = true;
        cmd->ends++;
        if (!session_vars_on_ok(&d->vars, &d->queue, cmd, ok)) {
                return false;
        }
        return ok->info.len == 0 || command_queue_keep_text(&d->queue, cmd, ok->info);
}

/** The login was not seen: only an agreement on CAP_SESSION_TRACK lets a server report changes of the session. */
static bool parse_ok(struct dissect *d, struct span body, struct ok *ok)
{
        bool parsed = ok_parse(body, d->capabilities, ok);
        if (parsed && d->is_assumed && (ok->status & STATUS_SESSION_STATE_CHANGED) != 0) {
                d->capabilities |= CAP_SESSION_TRACK;
                parsed = ok_parse(body, d->capabilities, ok);
        }
        return parsed;
}

/** Parse an OK (or, under DEPRECATE_EOF, the OK that replaces EOF), or an EOF. @return false if it is malformed. */
static bool parse_ending(struct dissect *d, const struct command *cmd, const struct message *m, struct ok *ok)
{
        bool is_eof = m->first == REPLY_EOF && (!dissector_deprecates_eof(d) || m->len < REPLY_OK_MIN);
        if (!(is_eof ? eof_parse(m->body, ok) : parse_ok(d, m->body, ok))) {
                return false;
        }
        if (cmd->type->shape != SHAPE_STREAM) { /* a stream ends in an EOF whatever was agreed */
                lint_ending(&d->lint, m->len, is_eof, ok, d->capabilities);
        }
        lint_status(&d->lint, cmd->code, ok->status, d->capabilities);
        return true;
}

/** The command failed: nothing else follows, whatever was announced. */
static struct outcome on_err(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct err err;
        if (!err_parse(m->body, &err)) {
                return outcome_unreadable("a malformed ERR packet");
        }
        if (err.errnum == ERR_PROGRESS) {
                if ((d->capabilities & CAP_MARIADB_PROGRESS) != 0) {
                        return outcome_of(PACKET_PROGRESS_REPORT);
                }
                lint_break(&d->lint, LINT_NOT_AGREED);
        }
        if (cmd->code == COM_STMT_PREPARE) {
                d->statements.last_prepared = LAST_PREPARED;
        }
        d->packet_secret = secret_watch_on_error(&d->secrets, cmd, &err, d->want_packets) || d->packet_secret;
        cmd->failed = true;
        cmd->done = true;
        cmd->errnum = err.errnum;
        effects_of_failure(d, cmd);
        if (err.sqlstate.len == 5) {
                memcpy(cmd->sqlstate, err.sqlstate.data, 5);
        }
        if (!command_queue_keep_text(&d->queue, cmd, err.message)) {
                return outcome_no_memory();
        }
        return outcome_of(PACKET_ERR);
}

/** @return false when memory is out. */
static bool finish(struct dissect *d, struct command *cmd)
{
        cmd->done = true;
        return effects_apply(d, cmd);
}

/** An OK or EOF ends a result: another result may follow. */
static struct outcome end_result(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct ok ok;
        if (!parse_ending(d, cmd, m, &ok)) {
                return outcome_unreadable("a malformed OK or EOF packet");
        }
        if (!apply_ok(d, cmd, &ok)) {
                return outcome_no_memory();
        }
        bool more = (ok.status & STATUS_MORE_RESULTS) != 0 || cmd->out_params;
        cmd->out_params = false;
        if (more || d->multi_result != NULL) {
                multi_result_add(&d->multi_result, cmd, ok.affected_rows);
        }
        if (more) {
                transaction_on_result(&d->transaction, ok.status);
        }
        if (cmd->type->shape == SHAPE_RESULT && more) {
                cmd->state = REPLYING_FIRST;
                cmd->rows_before = cmd->rows;
                cmd->had_early_eof = false;
        } else {
                if (!finish(d, cmd)) {
                        return outcome_no_memory();
                }
        }
        bool is_ok = m->first == REPLY_OK || (dissector_deprecates_eof(d) && m->len >= REPLY_OK_MIN);
        return outcome_of(is_ok ? PACKET_OK : PACKET_EOF);
}

/* --- the first packet of a reply, by its shape ----------------------------------------------------------------- */

/** All definitions of the group came: the next group, the rows or the end follow. @return false when memory is out. */
static bool after_definitions(struct dissect *d, struct command *cmd)
{
        if (cmd->defs_next > 0) {
                cmd->defs_left = cmd->defs_next;
                cmd->defs_next = 0;
                cmd->state = cmd->without_defs ? REPLYING_DEFS_EOF : REPLYING_DEFS;
        } else if (cmd->type->shape == SHAPE_PREPARE) {
                rows_prepared(d, cmd);
                row_hashing_keep_columns(d, cmd);
                early_eof_expect(d, cmd);
                return finish(d, cmd);
        } else {
                cmd->state = REPLYING_ROWS;
        }
        return true;
}

static struct outcome first_of_result(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct column_count count;
        if (m->first == REPLY_LOCAL_FILE) {
                cmd->state = REPLYING_LOCAL_FILE;
                if (!local_file_is_named(d, cmd, span_skip(m->body, 1))) {
                        lint_break(&d->lint, LINT_FILE_NOT_NAMED);
                }
                if ((d->client_capabilities & CAP_LOCAL_FILES) == 0) {
                        lint_break(&d->lint, LINT_NOT_AGREED);
                }
                if (d->queue.waiting != NULL) {
                        return outcome_unreadable("LOCAL INFILE while another command is in flight");
                }
                return outcome_of(PACKET_LOCAL_INFILE_REQUEST);
        }
        if (m->first == REPLY_OK || m->first == REPLY_EOF) {
                return end_result(d, cmd, m);
        }
        /* where the login was not seen, a byte behind the count can only be the flag */
        uint64_t agreed = d->capabilities | (d->is_assumed ? CAP_OPTIONAL_METADATA : 0);
        if (!column_count_parse(m->body, agreed, &count) || count.columns == 0) {
                return outcome_unreadable("a reply that is neither OK, ERR nor a column count");
        }
        cmd->columns = count.columns;
        cmd->results++;
        row_columns_begin(&d->row_columns);
        cmd->defs_left = count.has_definitions ? count.columns : 0;
        cmd->state = REPLYING_DEFS;
        rows_expect(d, cmd, cmd->defs_left);
        if (!count.has_definitions) {
                cmd->state = dissector_deprecates_eof(d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
                rows_begin(d, cmd);
        }
        return outcome_of(PACKET_COLUMN_COUNT);
}

static struct outcome first_of_prepare(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct prepared prepared;
        if (!prepared_parse(m->body, d->capabilities, &prepared)) {
                return outcome_unreadable("a reply to COM_STMT_PREPARE that is neither OK nor ERR");
        }
        cmd->stmt_id = prepared.stmt_id;
        cmd->warnings = prepared.warnings;
        uint16_t columns = prepared.columns;
        uint16_t params = prepared.params;
        bool metadata = prepared.has_definitions;
        lint_prepared(&d->lint, m->len, d->capabilities);
        cmd->has_stmt_id = true;
        cmd->columns = columns;
        d->statements.last_prepared = cmd->stmt_id;
        if (!prepared_add(d, cmd, params)) {
                return outcome_no_memory();
        }
        cmd->without_defs = !metadata;
        d->row_columns = (struct row_columns){0};
        if ((params > 0 || columns > 0) && (metadata || !dissector_deprecates_eof(d))) {
                rows_expect(d, cmd, metadata ? columns : 0);
                cmd->defs_left = params > 0 ? params : columns;
                cmd->defs_next = params > 0 ? columns : 0;
                cmd->state =
                    metadata ? REPLYING_DEFS
                             : REPLYING_DEFS_EOF; /* the definitions are left out, but their EOFs are sent */
                return outcome_of(PACKET_PREPARED);
        }
        return finish(d, cmd) ? outcome_of(PACKET_PREPARED) : outcome_no_memory();
}

static struct outcome first_of_text(struct dissect *d, struct command *cmd, const struct message *m)
{
        bool ok = command_queue_keep_text(&d->queue, cmd, m->body) && finish(d, cmd);
        return ok ? outcome_of(PACKET_STRING) : outcome_no_memory();
}

static struct outcome on_first(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        switch (cmd->type->shape) {
        case SHAPE_RESULT: return first_of_result(d, cmd, m);
        case SHAPE_PREPARE: return first_of_prepare(d, cmd, m);
        case SHAPE_TEXT: return first_of_text(d, cmd, m);
        case SHAPE_OK:
        case SHAPE_NONE: /* these begin in other states, or are complete before a reply can come */
        case SHAPE_FIELDS:
        case SHAPE_ROWS:
        case SHAPE_AUTH:
        case SHAPE_STREAM: break;
        }
        if (m->first == REPLY_OK || is_ending(d, m->first, m->len)) {
                return end_result(d, cmd, m);
        }
        return outcome_unreadable("a reply that is neither OK, EOF nor ERR");
}

/* --- what follows --------------------------------------------------------------------------------------------------- */

static struct outcome on_definition(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        if (m->first == REPLY_EOF && early_eof_is_between(d, cmd, m)) {
                return outcome_of(PACKET_EOF);
        }
        bool is_parameter = cmd->type->shape == SHAPE_PREPARE && cmd->defs_next > 0;
        struct outcome outcome =
            outcome_of(is_parameter ? PACKET_PARAMETER_DEFINITION : PACKET_COLUMN_DEFINITION);
        if (secret_watch_on_definition(&d->secrets, &d->statements, cmd, m->body)) {
                d->packet_secret = true;
        }
        if (cmd->first_rows != NULL && (cmd->type->shape == SHAPE_RESULT || cmd->defs_next == 0)) {
                rows_definition(d, cmd, m->body);
        }
        row_hashing_definition(d, cmd, m->body);
        if (m->body.len == m->len) {
                lint_definition(&d->lint, m->body, d->capabilities);
        }
        if (--cmd->defs_left == 0) {
                if (cmd->type->shape == SHAPE_RESULT) {
                        rows_begin(d, cmd);
                }
                if (dissector_deprecates_eof(d)) {
                        return after_definitions(d, cmd) ? outcome : outcome_no_memory();
                }
                cmd->state = REPLYING_DEFS_EOF;
        }
        return outcome;
}

/** Do the rows wait for COM_STMT_FETCH? The status alone does not show that: MariaDB also sets it in results within a procedure
 *  that has a cursor open. The client must have asked for a cursor, and the cursor's result is the only one. If the request is not
 *  kept (limits.held_bytes), assume that it asked. */
static bool opens_cursor(const struct command *cmd, uint16_t status)
{
        bool asked = cmd->body_len <= EXECUTE_FLAGS_AT || (cmd->body[EXECUTE_FLAGS_AT] & CURSOR_TYPES) != 0;
        return cmd->code == COM_STMT_EXECUTE && asked && (status & STATUS_CURSOR_EXISTS) != 0 &&
               (status & STATUS_MORE_RESULTS) == 0;
}

static struct outcome on_definitions_eof(struct dissect *d, struct command *cmd, const struct message *m)
{
        struct ok eof;
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        if (m->first == REPLY_OK && m->len >= REPLY_OK_MIN && cmd->type->shape == SHAPE_RESULT) {
                lint_break(&d->lint, LINT_OK_FOR_EOF);
                return end_result(d, cmd, m); /* MySQL 9 does so if a cursor was open before */
        }
        if (!is_ending(d, m->first, m->len) || !eof_parse(m->body, &eof)) {
                return outcome_unreadable("no EOF after the column definitions");
        }
        if (opens_cursor(cmd, eof.status)) {
                return end_result(d, cmd, m); /* the rows wait for COM_STMT_FETCH */
        }
        /* only here, not in the EOF behind the rows, does MySQL announce that an OK follows a result of OUT parameters */
        cmd->out_params = (eof.status & STATUS_PS_OUT_PARAMS) != 0 && (eof.status & STATUS_MORE_RESULTS) != 0;
        lint_ending(&d->lint, m->len, true, &eof, d->capabilities);
        lint_status(&d->lint, cmd->code, eof.status, d->capabilities);
        return after_definitions(d, cmd) ? outcome_of(PACKET_EOF) : outcome_no_memory();
}

static struct outcome on_row(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        if (is_ending(d, m->first, m->len)) {
                return early_eof_takes(d, cmd, m) ? outcome_of(PACKET_EOF) : end_result(d, cmd, m);
        }
        uint64_t row = cmd->rows++;
        if (row_hashing_wants(d, cmd, row)) {
                row_hashing_add(d, cmd, row, m->body);
        }
        if (cmd->rows_wanted > 0) {
                rows_add(d, cmd, m->body);
        }
        return outcome_of(command_row_kind(cmd));
}

/** The server awaits data from the client, whose commands are too many: it must be read all the same. */
static void wait_for_client(struct dissect *d)
{
        if (d->crowding == CROWDING_COMMANDS || d->crowding == CROWDING_TEXTS) {
                d->crowding = CROWDING_IGNORED;
                d->has_news = true;
        }
}

/** Is @p m what caching_sha2_password sends before its OK, which the client only takes note of? */
static bool is_fast_login(const struct message *m)
{
        return m->len == 2 && m->first == REPLY_MORE_DATA && m->body.data[1] == 3;
}

static struct outcome on_change_user(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        if (m->first == REPLY_OK) {
                return end_result(d, cmd, m);
        }
        d->packet_secret = true;
        if (!is_fast_login(m)) {
                wait_for_client(d);
        }
        return auth_path_on_server(&d->auth_path, &d->lint, d->capabilities, false, m);
}

static struct outcome on_stream(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first == REPLY_ERR) {
                return on_err(d, cmd, m);
        }
        if (m->first == REPLY_EOF && m->len < REPLY_EOF_LIMIT) {
                return end_result(d, cmd, m);
        }
        cmd->rows++;
        d->packet_is_sealed = secret_watch_is_sealed_event(m->body);
        return outcome_of(PACKET_EVENT);
}

static struct outcome on_local_file(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (m->first != REPLY_ERR) {
                return outcome_unreadable("a reply before the end of LOCAL INFILE");
        }
        d->drain_secret = cmd->is_secret;
        d->draining =
            true; /* the server gave up before the end of the file, and the client goes on sending */
        d->drain_seq = cmd->next_seq;
        return on_err(d, cmd, m);
}

/** An ERR that no command asked for: shutdown, KILL, wait_timeout. */
static struct outcome on_unsolicited(struct dissect *d, const struct message *m)
{
        struct err err;
        if (m->first != REPLY_ERR || !err_parse(m->body, &err)) {
                return outcome_unreadable("a reply without a command");
        }
        emit_unsolicited_error(d, m->start_ns, &err);
        return outcome_of(PACKET_ERR);
}

typedef struct outcome reply_handler(struct dissect *d, struct command *cmd, const struct message *m);

static reply_handler *const handlers[REPLYING_COUNT] = {
    [REPLYING_FIRST] = on_first,
    [REPLYING_DEFS] = on_definition,
    [REPLYING_DEFS_EOF] = on_definitions_eof,
    [REPLYING_ROWS] = on_row,
    [REPLYING_MAYBE_ENDED] = on_row, /* never: early_eof_settle decides before */
    [REPLYING_LOCAL_FILE] = on_local_file,
    [REPLYING_AUTH] = on_change_user,
    [REPLYING_STREAM] = on_stream,
};

static bool is_pushed_error(const struct message *m)
{
        struct err err;
        return m->first == REPLY_ERR && err_parse(m->body, &err) && err_is_pushed(&err);
}

static void check_sequence(struct dissect *d, struct command *cmd, const struct message *m)
{
        if (cmd->state == REPLYING_LOCAL_FILE || (cmd->state == REPLYING_STREAM && cmd->acknowledged)) {
                return; /* both sides are sending */
        }
        if (m->seq == cmd->next_seq &&
            cmd->seq_known) { /* nearly always; a pushed error with this number is right, too */
                cmd->next_seq = (uint8_t)(m->last + 1);
                return;
        }
        if (!cmd->seq_known || is_pushed_error(m)) {
                cmd->next_seq = m->seq;
                cmd->seq_known = true;
        }
        dissector_check_sequence(d, m, &cmd->next_seq);
}

/** The server answers while the client is still sending the command: it is too long (1153), say, or the session is killed. Nothing but
 *  an error makes sense. */
static __attribute__((noinline)) struct outcome on_early_answer(struct dissect *d, const struct message *m)
{
        struct outcome outcome = request_take_part(d, m->start_ns);
        struct command *cmd = d->queue.head;
        if (outcome.give_up != NULL) {
                return outcome;
        }
        d->packet_secret = d->packet_secret || cmd->is_secret;
        cmd->first_ns = m->start_ns;
        cmd->last_ns = m->end_ns;
        cmd->bytes_received = m->wire;
        if (m->first == REPLY_ERR) {
                outcome = on_err(d, cmd, m);
        }
        return outcome.give_up != NULL || cmd->done
                   ? outcome
                   : outcome_unreadable("a reply before the end of the command that is no error");
}

struct outcome result_on_message(struct dissect *d, const struct message *m)
{
        struct outcome settled;
        if (d->eof_open && early_eof_settle(d, m, &settled)) {
                return settled;
        }
        struct command *cmd = d->queue.head;
        if (d->skips_rest && resync_skips_message(d, m)) {
                d->packet_secret = true; /* the command is not known: it may have asked for passwords */
                return outcome_of(PACKET_PART);
        }
        if (cmd == NULL) {
                return request_is_under_way(d) ? on_early_answer(d, m) : on_unsolicited(d, m);
        }
        d->packet_secret = d->packet_secret || cmd->is_secret;
        if (cmd->first_ns == 0) {
                cmd->first_ns = m->start_ns;
        }
        cmd->last_ns = m->end_ns;
        cmd->bytes_received += m->wire;
        check_sequence(d, cmd, m);
        return handlers[cmd->state](d, cmd, m);
}

size_t result_limit(const struct dissect *d, uint8_t first)
{
        const struct command *cmd = d->queue.head;
        bool bulk = cmd != NULL && (cmd->state == REPLYING_ROWS || cmd->state == REPLYING_DEFS ||
                                    cmd->state == REPLYING_STREAM);
        bool maybe = cmd != NULL && cmd->state == REPLYING_MAYBE_ENDED && cmd->rows_wanted > 0;
        if ((!bulk && !maybe) || first == REPLY_EOF || first == REPLY_ERR) {
                return ENDING_LIMIT;
        }
        if (cmd->rows_wanted > 0) {
                return ROW_LIMIT;
        }
        /* a row may contain a password behind the part that is shown */
        bool is_read = cmd->state == REPLYING_DEFS || row_hashing_wants(d, cmd, cmd->rows);
        return is_read || (d->want_packets && !d->redact_packets) ? ENDING_LIMIT : 0;
}
