#include "journal/format/text.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "capture/hex.h"
#include "journal/format/conflict_lines.h"
#include "journal/format/line.h"
#include "journal/format/sql_line.h"

enum {
        ID_WIDTH = 6,
        WHO_WIDTH = 16,
        OUTCOME_WIDTH = 10,
        SLOW_US = 100000,
        VERY_SLOW_US = 1000000,
        LONG_US = 10000000
};

static void put_time(const struct line *l)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(l->r->wall_ns, when);
        line_paint(l, DIM);
        writer_bytes(l->w, when + 11, 15); /* the time of day; the date is in every other format */
        line_paint(l, PLAIN);
        if (record_has(l->r, FIELD_CONN_ID)) {
                uint64_t before = l->w->wanted;
                line_number(l, " #", l->r->conn_id, "");
                line_pad(l->w, l->w->wanted - before, ID_WIDTH);
        } else {
                writer_text(l->w, "       ");
        }
}

static void put_who(const struct line *l)
{
        size_t before = l->w->at;
        if (record_has(l->r, FIELD_USERNAME)) {
                line_flat(l->w, record_text(l->r, FIELD_USERNAME));
                if (record_has(l->r, FIELD_DATABASE)) {
                        writer_char(l->w, '@');
                        line_flat(l->w, record_text(l->r, FIELD_DATABASE));
                }
        } else if (record_has(l->r, FIELD_CONN_ID)) {
                writer_char(l->w, '-');
        }
        line_pad(l->w, line_width(l->w, before), WHO_WIDTH);
}

static void put_duration(const struct line *l)
{
        uint64_t us = l->r->duration_us;
        line_paint(l, us >= VERY_SLOW_US ? RED : us >= SLOW_US ? YELLOW : GREEN);
        if (us >= LONG_US) {
                writer_format(l->w, "%8.2f s ", (double)us / 1e6);
        } else {
                writer_padded(l->w, us / 1000, 4, ' ');
                writer_char(l->w, '.');
                writer_padded(l->w, us % 1000, 3, '0');
                writer_text(l->w, " ms");
        }
        line_paint(l, PLAIN);
        writer_char(l->w, ' ');
}

/* --- query ---------------------------------------------------------------------------------------------------------- */

/** A reason may also tell of something else than a missing reply. */
static bool has_no_reply(const struct record *r)
{
        return record_has(r, FIELD_REASON) && !record_has(r, FIELD_STATUS_FLAGS);
}

static void put_outcome(const struct line *l)
{
        const struct record *r = l->r;
        char text[32];
        struct writer o = writer_over(text, sizeof text);
        const struct line outcome = {.w = &o, .r = r};
        if (record_has(r, FIELD_ERRNO)) {
                writer_text(&o, "error");
        } else if (record_has(r, FIELD_ROWS)) {
                line_number(&outcome, "", r->rows, r->rows == 1 ? " row" : " rows");
        } else if (record_has(r, FIELD_AFFECTED_ROWS)) {
                line_number(&outcome, "", r->affected_rows, " changed");
        } else if (has_no_reply(r)) {
                writer_text(&o, "no reply");
        } else {
                writer_text(&o, "ok");
        }
        line_paint(l, record_has(r, FIELD_ERRNO) || has_no_reply(r) ? RED : CYAN);
        writer_repeat(l->w, ' ', o.at < OUTCOME_WIDTH ? OUTCOME_WIDTH - o.at : 0);
        writer_put(l->w, writer_span(&o));
        writer_text(l->w, "  ");
        line_paint(l, PLAIN);
}

static void put_values(const struct line *l, struct value_list list)
{
        writer_text(l->w, "  [");
        for (size_t i = 0; i < list.n && !l->w->failed; i++) {
                writer_text(l->w, i > 0 ? ", " : "");
                if (list.at[i].name.len > 0) {
                        line_flat(l->w, list.at[i].name);
                        writer_char(l->w, '=');
                }
                value_print(l->w, &list.at[i], VALUE_AS_SQL);
        }
        writer_char(l->w, ']');
}

/** Rows as they would be typed: (1, 'a'), (2, 'b'). */
static void put_rows(const struct line *l, struct value_list list)
{
        bool in_row = false;
        bool is_first = true;
        for (size_t i = 0; i < list.n && !l->w->failed; i++) {
                const struct value *v = &list.at[i];
                if (v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW) {
                        writer_text(l->w, in_row ? ")" : "");
                        writer_text(l->w, v->role == VALUE_BEGINS_ROW ? " (" : i > 0 ? " ;" : "");
                        in_row = v->role == VALUE_BEGINS_ROW;
                        is_first = true;
                        continue;
                }
                writer_text(l->w, is_first ? "" : ", ");
                is_first = false;
                value_print(l->w, v, VALUE_AS_SQL);
        }
        writer_text(l->w, in_row ? ")" : "");
}

/** The bulk's rows, of how many, and the result's. */
static void put_all_rows(const struct line *l)
{
        const struct record *r = l->r;
        if (record_has(r, FIELD_BULK_ROWS)) {
                writer_text(l->w, "  VALUES");
                put_rows(l, r->bulk_rows);
                if (record_has(r, FIELD_BULK_COUNT)) {
                        line_number(l, " of ", r->bulk_count, "");
                }
        }
        if (record_has(r, FIELD_FIRST_ROWS)) {
                line_paint(l, DIM);
                writer_text(l->w, "  =>");
                put_rows(l, r->first_rows);
                line_paint(l, PLAIN);
        }
}

static void put_error(const struct line *l)
{
        const struct record *r = l->r;
        if (!record_has(r, FIELD_ERRNO) && !record_has(r, FIELD_ERROR)) {
                return;
        }
        line_paint(l, RED);
        writer_text(l->w, "  ERROR");
        if (record_has(r, FIELD_ERRNO)) {
                line_number(l, " ", r->errno_, "");
        }
        if (record_has(r, FIELD_SQLSTATE)) {
                writer_text(l->w, " (");
                line_flat(l->w, r->sqlstate);
                writer_char(l->w, ')');
        }
        writer_text(l->w, ": ");
        line_flat(l->w, record_text_if_any(r, FIELD_ERROR));
        line_paint(l, PLAIN);
}

static void put_reason(const struct line *l)
{
        if (record_has(l->r, FIELD_REASON)) {
                bool is_normal = span_equal(l->r->reason, span_str(RECORD_REASON_QUIT));
                line_paint(l, is_normal ? PLAIN : RED);
                writer_text(l->w, "  (");
                line_flat(l->w, l->r->reason);
                writer_char(l->w, ')');
                line_paint(l, PLAIN);
        }
}

/** "STMT_EXECUTE 2", "PING" …: what stands before the text, where it is no plain statement. */
static void put_command(const struct line *l)
{
        struct span command = l->r->command;
        bool has_text = record_has(l->r, FIELD_QUERY) || record_has(l->r, FIELD_STMT_PREPARE_QUERY);
        if (span_equal(command, span_str("COM_QUERY"))) {
                return;
        }
        line_paint(l, BOLD);
        line_flat(l->w,
                  command.len > 4 && memcmp(command.data, "COM_", 4) == 0 ? span_skip(command, 4) : command);
        line_paint(l, PLAIN);
        if (record_has(l->r, FIELD_STMT_ID)) {
                line_number(l, " ", l->r->stmt_id, "");
        }
        writer_text(l->w, has_text ? "  " : "");
}

/** @p length is the field that has its full length if it is cut. */
static void put_statement(const struct line *l, struct span text, enum record_field length)
{
        bool is_cut = record_has(l->r, length);
        sql_line(l->w, is_cut ? utf8_trim(text) : text, l->r->sql_mode, !is_cut);
        if (is_cut) {
                line_number(l, "… (", record_uint(l->r, length), " bytes)");
        }
}

/** "no_index, n_plus_one 7" */
static void put_findings(const struct line *l)
{
        static const uint64_t counted = 1U << FINDING_N_PLUS_ONE | 1U << FINDING_IN_WRITE_LOOP |
                                        1U << FINDING_CONNECTION_PER_STATEMENT | 1U << FINDING_REPEATED_SETUP;
        const struct record *r = l->r;
        if (!record_has(r, FIELD_FINDINGS) || l->brief) {
                return;
        }
        line_paint(l, YELLOW);
        const char *before = "  ";
        for (uint64_t bits = r->findings & ((1U << FINDING_COUNT) - 1); bits != 0; bits &= bits - 1) {
                unsigned i = (unsigned)__builtin_ctzll(bits);
                writer_text(l->w, before);
                writer_text(l->w, record_flag_name(FIELD_FINDINGS, i));
                before = ", ";
                if ((counted >> i & 1) != 0 && record_has(r, FIELD_REPEATED)) {
                        line_number(l, " ", r->repeated, "");
                }
                if (i == FINDING_TRANSACTION_IDLE && record_has(r, FIELD_TRX_IDLE_US)) {
                        writer_format(l->w, " %.3f s", (double)r->trx_idle_us / 1e6);
                }
        }
        line_paint(l, PLAIN);
}

static void put_query(const struct line *l)
{
        const struct record *r = l->r;
        put_duration(l);
        put_outcome(l);
        put_command(l);
        if (record_has(r, FIELD_QUERY)) {
                put_statement(l, r->query, FIELD_QUERY_LENGTH);
        } else if (record_has(r, FIELD_STMT_PREPARE_QUERY)) {
                put_statement(l, r->stmt_prepare_query, FIELD_STMT_PREPARE_QUERY_LENGTH);
        }
        if (record_has(r, FIELD_STMT_EXECUTE_VALUES) && !l->brief) {
                put_values(l, r->stmt_execute_values);
        }
        if (record_has(r, FIELD_QUERY_ATTRIBUTES) && !l->brief) {
                put_values(l, r->query_attributes);
        }
        if (!l->brief) {
                put_all_rows(l);
        }
        put_error(l);
        put_reason(l);
        if (record_has(r, FIELD_WARNINGS)) {
                line_paint(l, YELLOW);
                line_number(l, "  ", r->warnings, r->warnings == 1 ? " warning" : " warnings");
                line_paint(l, PLAIN);
        }
        put_findings(l);
}

/* --- the other events --------------------------------------------------------------------------------------------- */

static void put_connect(const struct line *l)
{
        line_flat(l->w, record_text_if_any(l->r, FIELD_CLIENT_ADDR));
        writer_text(l->w, " -> ");
        line_flat(l->w, record_text_if_any(l->r, FIELD_REMOTE_ADDR));
        put_error(l);
}

/** A text behind its @p name, if the record has it. */
static void put_named(const struct line *l, enum record_field field, const char *name)
{
        if (record_has(l->r, field)) {
                writer_text(l->w, name);
                line_flat(l->w, record_text(l->r, field));
        }
}

static void put_auth(const struct line *l)
{
        const struct record *r = l->r;
        if (record_has(r, FIELD_SERVER_VERSION)) {
                writer_text(l->w, "server ");
                line_flat(l->w, r->server_version);
        }
        if (record_has(r, FIELD_AUTH_PLUGIN)) {
                writer_text(l->w, record_has(r, FIELD_SERVER_VERSION) ? ", plugin " : "plugin ");
                line_flat(l->w, record_has(r, FIELD_AUTH_PATH) ? r->auth_path : r->auth_plugin);
        }
        put_named(l, FIELD_TLS, ", client ");
        put_named(l, FIELD_REMOTE_TLS, ", server ");
        put_named(l, FIELD_COMPRESSION, ", ");
        if (record_has(r, FIELD_CONNECT_ATTRIBUTES) && !l->brief) {
                put_values(l, r->connect_attributes);
        }
        put_error(l);
        put_reason(l);
        if (record_has(r, FIELD_REASON)) {
                put_named(l, FIELD_INFO, ": ");
        }
}

static void put_disconnect(const struct line *l)
{
        const struct record *r = l->r;
        writer_format(l->w, "after %.3f s, %llu bytes sent, %llu received", (double)r->duration_us / 1e6,
                      (unsigned long long)r->bytes_sent, (unsigned long long)r->bytes_received);
        put_error(l);
        put_reason(l);
        put_findings(l);
}

static void put_gap(const struct line *l)
{
        uint64_t n = record_uint_if_any(l->r, FIELD_DROPPED);
        line_number(l, "", n, n == 1 ? " record is missing here" : " records are missing here");
        put_reason(l);
}

/** An error or a notice: "reason: detail". */
static void put_story(const struct line *l)
{
        const struct record *r = l->r;
        line_flat(l->w, record_text_if_any(r, FIELD_REASON));
        put_named(l, FIELD_INFO, record_has(r, FIELD_REASON) ? ": " : "");
        put_error(l);
}

/** A rule that was broken: "rule: sentence (server packet 3 column definition, COM_QUERY)". */
static void put_lint(const struct line *l)
{
        const struct record *r = l->r;
        line_flat(l->w, record_text_if_any(r, FIELD_RULE));
        writer_text(l->w, ": ");
        line_flat(l->w, record_text_if_any(r, FIELD_REASON));
        writer_text(l->w, "  (");
        line_flat(l->w, record_text_if_any(r, FIELD_DIRECTION));
        line_number(l, " packet ", record_uint_if_any(r, FIELD_PACKET_SEQ), " ");
        line_flat(l->w, record_text_if_any(r, FIELD_PACKET_NAME));
        if (record_has(r, FIELD_COMMAND)) {
                writer_text(l->w, ", ");
                line_flat(l->w, r->command);
        }
        writer_char(l->w, ')');
}

/** "20 times one statement, 12.3 ms: SELECT …  after 20 rows of …" */
static void put_run(const struct line *l)
{
        const struct record *r = l->r;
        line_number(l, "", r->repeated, " statements of one shape, ");
        writer_format(l->w, "%.3f ms: ", (double)r->duration_us / 1e3);
        line_flat(l->w, r->digest_text);
        writer_text(l->w, "  ");
        line_flat(l->w, r->info);
        line_code(l);
}

/** "20 statements of one shape, prepared, executed once and closed, 12.3 ms: SELECT …" */
static void put_prepare_once(const struct line *l)
{
        const struct record *r = l->r;
        line_number(l, "", r->repeated, " statements of one shape, prepared, executed once and closed, ");
        writer_format(l->w, "%.3f ms: ", (double)r->duration_us / 1e3);
        line_flat(l->w, r->digest_text);
        line_code(l);
}

/** A number behind its @p name, if the record has it. */
static void put_count(const struct line *l, enum record_field field, const char *one, const char *several)
{
        uint64_t n = record_uint_if_any(l->r, field);
        if (n > 0) {
                line_number(l, ", ", n, " ");
                writer_text(l->w, n == 1 ? one : several);
        }
}

/** "commit after 12.345 ms: 5 statements, busy 3.210 ms, idle 9.135 ms, 10 rows, 3 changed, 1 error" */
static void put_account(const struct line *l)
{
        const struct record *r = l->r;
        uint64_t n = record_uint_if_any(r, FIELD_STATEMENT_COUNT);
        if (record_has(r, FIELD_SCOPE)) {
                line_flat(l->w, record_text(r, FIELD_SCOPE));
                writer_text(l->w, ": ");
        }
        line_paint(l, record_has(r, FIELD_ERRNO) ? RED : BOLD);
        line_flat(l->w, record_text_if_any(r, FIELD_ENDED));
        line_paint(l, PLAIN);
        writer_format(l->w, " after %.3f ms: %llu statement%s, busy %.3f ms, idle %.3f ms",
                      (double)r->duration_us / 1e3, (unsigned long long)n, n == 1 ? "" : "s",
                      (double)record_uint_if_any(r, FIELD_BUSY_US) / 1e3,
                      (double)record_uint_if_any(r, FIELD_IDLE_US) / 1e3);
        put_count(l, FIELD_SESSION_COUNT, "session", "sessions");
        put_count(l, FIELD_TRANSACTION_COUNT, "transaction", "transactions");
        put_count(l, FIELD_ROWS, "row", "rows");
        put_count(l, FIELD_AFFECTED_ROWS, "changed", "changed");
        put_count(l, FIELD_ERROR_COUNT, "error", "errors");
        put_count(l, FIELD_LOCK_WAITS, "lock wait", "lock waits");
        if (record_has(r, FIELD_TAGS) && !l->brief) {
                put_values(l, r->tags);
        }
        put_reason(l);
        put_findings(l);
}

/** What the server did, and below it the transactions and their statements. */
static void put_conflict(const struct line *l)
{
        put_story(l);
        if (record_has(l->r, FIELD_TRANSACTIONS_OMITTED)) {
                line_number(l, "  ", l->r->transactions_omitted, " transactions omitted");
        }
        conflict_lines(l);
}

static bool is_warning(enum record_event event)
{
        return event == EVENT_NOTICE || event == EVENT_LINT || event == EVENT_N_PLUS_ONE ||
               event == EVENT_WRITE_LOOP || event == EVENT_PREPARE_ONCE || event == EVENT_DEADLOCK ||
               event == EVENT_LOCK_WAIT;
}

static void put_event(const struct line *l)
{
        static void (*const bodies[EVENT_COUNT])(const struct line *) = {
            [EVENT_CONNECT] = put_connect,   [EVENT_AUTH] = put_auth,
            [EVENT_QUERY] = put_query,       [EVENT_ERROR] = put_story,
            [EVENT_NOTICE] = put_story,      [EVENT_DISCONNECT] = put_disconnect,
            [EVENT_GAP] = put_gap,           [EVENT_LINT] = put_lint,
            [EVENT_N_PLUS_ONE] = put_run,    [EVENT_PREPARE_ONCE] = put_prepare_once,
            [EVENT_DEADLOCK] = put_conflict, [EVENT_LOCK_WAIT] = put_conflict,
            [EVENT_WRITE_LOOP] = put_run,    [EVENT_TRANSACTION] = put_account,
            [EVENT_SCOPE] = put_account,
        };
        enum record_event event = l->r->event;
        if (event != EVENT_QUERY) {
                line_paint(l, event == EVENT_ERROR || event == EVENT_GAP ? RED
                              : is_warning(event)                        ? YELLOW
                                                                         : CYAN);
                writer_format(l->w, "%-10s  ", record_event_name(event));
                line_paint(l, PLAIN);
        }
        bodies[event](l);
}

static void put_packet(struct writer *w, const struct record *r)
{
        bool from_client = span_equal(record_text_if_any(r, FIELD_DIRECTION), span_str("client"));
        char name[48] = "";
        struct span text = span_head(record_text_if_any(r, FIELD_PACKET_NAME), sizeof name - 1);
        for (size_t i = 0; i < text.len; i++) { /* a dump is ASCII */
                name[i] = '?';
                if (text.data[i] >= 0x20 && text.data[i] < 0x7f) {
                        name[i] = (char)text.data[i];
                }
        }
        struct packet p = {
            .from = from_client ? SIDE_CLIENT : SIDE_SERVER,
            .seq = (uint8_t)record_uint_if_any(r, FIELD_PACKET_SEQ),
            .secret = !record_has(r, FIELD_PACKET_BYTES),
            .cut_off = record_has(r, FIELD_REASON),
            .redacted = record_has(r, FIELD_REDACTED),
            .length = (uint32_t)record_uint_if_any(r, FIELD_PACKET_LENGTH),
            .head = record_text_if_any(r, FIELD_PACKET_BYTES),
        };
        hex_packet(w, r->conn_id, r->wall_ns, &p, name);
}

size_t text_line(const struct line *l)
{
        size_t from = l->w->at;
        if (l->r->event == EVENT_PACKET) {
                put_packet(l->w, l->r);
                return 0;
        }
        put_time(l);
        put_who(l);
        size_t event_at = l->w->at - from;
        put_event(l);
        put_named(l, FIELD_PACKETS_FILE, "  packets in ");
        writer_char(l->w, '\n');
        return event_at;
}

size_t text_record(struct writer *w, const struct record *r, bool color)
{
        const struct line l = {w, r, .color = color};
        return text_line(&l);
}
