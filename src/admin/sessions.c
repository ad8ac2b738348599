/* Sessions. The workers are asked for them, and answer later: by then the client may have disconnected. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "admin/tables.h"
#include "base/column.h"
#include "base/diag.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "mysql/wire/charset.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Convert @p text to UTF-8 in place if possible; it is cut if the result does not fit into @p size bytes. */
static void convert(struct transcode *t, uint8_t charset, char *text, size_t size)
{
        const struct transcode_from *from = charset_from(charset);
        struct span in = span_str(text);
        char buffer[1024];
        struct writer w = writer_over(buffer, sizeof buffer);
        if (from == NULL || transcode_is_plain(from, in) ||
            transcode_put(t, from, in, in.len == size - 1, &w) != TRANSCODE_DONE) {
                return;
        }
        struct span out = writer_span(&w);
        out = out.len < size ? out : utf8_trim(span_head(out, size - 1));
        if (out.len > 0) {
                memcpy(text, out.data, out.len);
        }
        text[out.len] = '\0';
}

static struct session_view readable(struct transcode *t, const struct session_view *v)
{
        struct session_view copy = *v;
        convert(t, v->username_charset, copy.username, sizeof copy.username);
        convert(t, v->database_charset, copy.database, sizeof copy.database);
        convert(t, v->query_charset, copy.query, sizeof copy.query);
        return copy;
}

/** USER@DATABASE without control characters, to be freed by the caller. @return NULL if out of memory. */
static char *printable_user(const struct session_view *v)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        if (out == NULL) {
                return NULL;
        }
        put_plain(out, *v->username != '\0' ? v->username : "-");
        if (*v->database != '\0') {
                (void)fputc('@', out);
                put_plain(out, v->database);
        }
        (void)fclose(out);
        return text;
}

/** What is shown of a session, and in how many columns: 0 = no limit. */
struct row {
        struct session_view view; /* first: the columns refer to it */
        size_t width;
};

enum {
        NARROW = 140, /* a terminal with fewer columns gets VIEW_NARROW */
        VIEW_WIDE = 1 << 0,
        VIEW_NARROW = 1 << 1,
        NOW_AT = 102, /* column where NOW begins in the wide view */
        NARROW_NOW_AT = 62,
        ID_DIGITS = 6,
        NOW_MIN = 8,
        WIDTH_MAX = 1000000,
};

static unsigned view_of(size_t width)
{
        return width > 0 && width < NARROW ? VIEW_NARROW : VIEW_WIDE;
}

/** Write @p text in the cell; where the width is limited, it is shortened in the middle: the port of an address, and the database stay. */
static void put_name(FILE *out, const struct column *column, const struct row *row, const char *text)
{
        (row->width > 0 ? column_put_middle : column_put_padded)(out, text, column->width);
}

/** Unlike a count, the ID is never shortened. */
static void put_id(FILE *out, const struct column *column, const void *row)
{
        (void)fprintf(out, "%*" PRIu64, column->width, ((const struct row *)row)->view.conn_id);
}

/** How far the ID moves what follows it to the right. */
static size_t excess_of_id(const struct session_view *v)
{
        size_t excess = 0;
        uint64_t id = v->conn_id;
        for (size_t digits = 0; id > 0; id /= 10) {
                excess += ++digits > ID_DIGITS ? 1 : 0;
        }
        return excess;
}

static void put_client(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        put_name(out, column, r, r->view.client_addr);
}

static void put_user(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        char *who = printable_user(&r->view);
        put_name(out, column, r, who != NULL ? who : "?");
        free(who);
}

static void put_age(FILE *out, const struct column *column, const void *row)
{
        double s = (double)column_uint(column, row) / 1e6;
        (void)fprintf(out, "%*.*f", column->width, s < 1e5 ? 1 : 0, s);
}

/** The command in flight and why the session is opaque; in the narrow view also its phase, unless it just waits for a command. */
static void describe(FILE *out, const struct session_view *v, bool with_phase)
{
        const char *command = v->command;
        if (with_phase && strcmp(v->phase, "ready") != 0) {
                (void)fprintf(out, "%s%s", v->phase, *command != '\0' ? ": " : "");
        }
        if (*command != '\0') {
                (void)fprintf(out, "%s %.1f ms ",
                              with_phase && strncmp(command, "COM_", 4) == 0 ? command + 4 : command,
                              (double)v->command_us / 1e3);
                put_plain(out, v->query);
        }
        if (*v->opaque_reason != '\0') {
                (void)fprintf(out, "%sopaque: ", *command != '\0' ? "  " : "");
                put_plain(out, v->opaque_reason);
        }
}

static void put_now(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        bool narrow = view_of(r->width) == VIEW_NARROW;
        size_t at = (narrow ? NARROW_NOW_AT : NOW_AT) + excess_of_id(&r->view);
        size_t columns_left = r->width == 0 ? SIZE_MAX : r->width > at + NOW_MIN ? r->width - at : NOW_MIN;
        char *text = NULL;
        size_t len = 0;
        FILE *now = open_memstream(&text, &len);
        if (now == NULL) {
                return;
        }
        describe(now, &r->view, narrow);
        (void)fclose(now);
        if (text != NULL && len > 0) {
                (void)fputs(column->before, out);
                shown_print_cut(out, span_of(text, len), columns_left);
        }
        free(text);
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, view.member)

static const struct column columns[] = {
    {"conn_id", NULL, "Number of the session.", OF(conn_id, COLUMN_U64), .heading = "ID", .width = ID_DIGITS,
     .put = put_id},
    {"worker", NULL, "Number of the worker that serves it, from 0.", OF(worker, COLUMN_U32)},
    {"client_addr", NULL, "Address of the client.", OF(client_addr, COLUMN_CHARS), .heading = "CLIENT",
     .before = "  ", .width = -22, .put = put_client, .views = VIEW_WIDE},
    {.heading = "CLIENT", .before = "  ", .width = -17, .put = put_client, .views = VIEW_NARROW},
    {"remote_addr", NULL, "Address of the server.", OF(remote_addr, COLUMN_CHARS)},
    {"username", NULL, "User that logged in.", OF(username, COLUMN_CHARS)},
    {"database", NULL, "Default database.", OF(database, COLUMN_CHARS)},
    {.heading = "USER", .width = -18, .put = put_user, .views = VIEW_WIDE},
    {.heading = "USER", .width = -16, .put = put_user, .views = VIEW_NARROW},
    {"phase", NULL, "How far the session is in the protocol.", OF(phase, COLUMN_CHARS), .heading = "PHASE",
     .width = -10, .views = VIEW_WIDE},
    {"opaque_reason", NULL, "Why the session is opaque; empty if it is not.",
     OF(opaque_reason, COLUMN_CHARS)},
    {"command", NULL, "Command in flight; empty if there is none.", OF(command, COLUMN_CHARS)},
    {"query", NULL, "Beginning of its statement.", OF(query, COLUMN_CHARS)},
    {"age_us", "microseconds", "Time since the client connected.", OF(age_us, COLUMN_U64), .heading = "AGE s",
     .width = 8, .put = put_age},
    {"command_us", "microseconds", "Time since the command in flight began.", OF(command_us, COLUMN_U64)},
    {"records", NULL, "Commands that were recorded.", OF(records, COLUMN_U64), .heading = "COMMANDS",
     .width = 8},
    {"bytes_sent", "bytes", "From the client to the server.", OF(bytes_sent, COLUMN_U64), .heading = "SENT",
     .width = 10, .views = VIEW_WIDE},
    {"bytes_received", "bytes", "From the server to the client.", OF(bytes_received, COLUMN_U64),
     .heading = "RECEIVED", .width = 10, .views = VIEW_WIDE},
    {"backlog_bytes", "bytes", "Read from one side and not yet written to the other.",
     OF(backlog_bytes, COLUMN_U64)},
    {"statements", NULL, "Prepared statements that are open.", OF(statements, COLUMN_U32)},
    {"pipelined", NULL, "Commands in flight.", OF(pipelined, COLUMN_U32)},
    {.heading = "NOW", .before = "  ", .put = put_now},
};

const struct column_table sessions_table = {"/sessions", columns, sizeof columns / sizeof columns[0]};

static void on_sessions(void *arg, const struct session_view *views, size_t n)
{
        struct call *call = arg;
        struct transcode transcode;
        if (views == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        uint64_t width = 0; /* handle_sessions has checked it */
        const char *text = call_param(call, "width");
        if (text != NULL) {
                (void)call_parse_number(text, strlen(text), &width);
        }
        unsigned view = view_of(width);
        transcode_init(&transcode);
        struct json_writer j = json_writer_to(call->out);
        if (call->json) {
                json_writer_object(&j, NULL);
                json_writer_lines(&j, "sessions");
        } else {
                column_put_headings(&sessions_table, view, call->out);
        }
        for (size_t i = 0; i < n; i++) {
                const struct row row = {readable(&transcode, &views[i]), width};
                if (call->json) {
                        json_writer_object(&j, NULL);
                        column_put_json(&sessions_table, &row, &j);
                        json_writer_end(&j);
                } else {
                        column_put_text(&sessions_table, view, &row, call->out);
                }
        }
        if (call->json) {
                json_writer_end(&j);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fprintf(call->out, "%zu session%s\n", n, n == 1 ? "" : "s");
        }
        transcode_fini(&transcode);
        call_reply(call, HTTP_OK, NULL);
}

void handle_sessions(struct call *call)
{
        uint64_t width; /* maximum width of a line; 0 = no limit */
        if (call_number(call, "width", WIDTH_MAX, 0, &width)) {
                proxy_sessions(call->admin->proxy, on_sessions, call);
        }
}

void call_fail_session(struct call *call)
{
        uint64_t id = call->place.number;
        if (id > 0 && id <= proxy_counts(call->admin->proxy).accepted) {
                call_fail(call, HTTP_NOTFOUND,
                          "session %" PRIu64 " has ended, and its packets are no longer kept", id);
        } else {
                call_fail(call, HTTP_NOTFOUND, "there is no session %" PRIu64, id);
        }
}

const char *sessions_annotate(size_t i)
{
        static const char *const words[] = {"0", "1", "table", "text2pcap"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

/** The form that the parameter annotate asks for, which was checked. */
static enum tap_dump hex_form(const struct call *call)
{
        const char *word = call_param(call, "annotate");
        if (word == NULL || strcmp(word, "0") == 0) {
                return TAP_DUMP_HEX;
        }
        if (call->json) {
                return TAP_DUMP_JSON;
        }
        return strcmp(word, "1") == 0       ? TAP_DUMP_FIELDS
               : strcmp(word, "table") == 0 ? TAP_DUMP_TABLE
                                            : TAP_DUMP_PLAIN;
}

static void on_hex(void *arg, const char *text, size_t len)
{
        struct call *call = arg;
        if (text == NULL) {
                call_fail_session(call);
                return;
        }
        if (len == 0) {
                bool off = call->admin->settings->capture.bytes == 0;
                text = off ? "packets are not captured: the setting capture.bytes is 0\n"
                           : "no packets captured yet\n";
                len = strlen(text);
        }
        if (call->json && hex_form(call) == TAP_DUMP_HEX) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "conn_id", call->place.number);
                json_writer_span(&j, "hex", span_of(text, len));
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fwrite(text, 1, len, call->out);
        }
        call_reply(call, HTTP_OK, call->json ? NULL : "text/plain; charset=us-ascii");
}

void handle_hex(struct call *call)
{
        proxy_hex(call->admin->proxy, call->place.number, hex_form(call), on_hex, call);
}

static void on_killed(void *arg, bool found)
{
        struct call *call = arg;
        if (!found) {
                call_fail(call, HTTP_NOTFOUND, "there is no session %" PRIu64, call->place.number);
                return;
        }
        diag(DIAG_INFO, "session %" PRIu64 " was killed through the admin port", call->place.number);
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "killed", call->place.number);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fprintf(call->out, "session %" PRIu64 " is closed\n", call->place.number);
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_kill(struct call *call)
{
        proxy_kill(call->admin->proxy, call->place.number, on_killed, call);
}
