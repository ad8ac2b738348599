/* Sessions. The workers are asked for them, and answer later: by then the client may have disconnected. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "admin/tables.h"
#include "base/column.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "mysql/wire/charset.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>

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

static void put_user(FILE *out, const struct column *column, const void *row)
{
        char *who = printable_user(row);
        column_put_padded(out, who != NULL ? who : "?", column->width);
        free(who);
}

static void put_age(FILE *out, const struct column *column, const void *row)
{
        (void)fprintf(out, "%*.1f", column->width, (double)column_uint(column, row) / 1e6);
}

/** The command in flight, and why the session is opaque. */
static void put_now(FILE *out, const struct column *column, const void *row)
{
        const struct session_view *v = row;
        if (*v->command != '\0') {
                (void)fprintf(out, "%s%s %.1f ms ", column->before, v->command, (double)v->command_us / 1e3);
                put_plain(out, v->query);
        }
        if (*v->opaque_reason != '\0') {
                (void)fprintf(out, "%sopaque: ", column->before);
                put_plain(out, v->opaque_reason);
        }
}

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct session_view, member)

static const struct column columns[] = {
    {"conn_id", NULL, "Number of the session.", OF(conn_id, COLUMN_U64), .heading = "ID", .width = 6},
    {"worker", NULL, "Number of the worker that serves it, from 0.", OF(worker, COLUMN_U32)},
    {"client_addr", NULL, "Address of the client.", OF(client_addr, COLUMN_CHARS), .heading = "CLIENT",
     .before = "  ", .width = -22},
    {"remote_addr", NULL, "Address of the server.", OF(remote_addr, COLUMN_CHARS)},
    {"username", NULL, "User that logged in.", OF(username, COLUMN_CHARS)},
    {"database", NULL, "Default database.", OF(database, COLUMN_CHARS)},
    {.heading = "USER", .width = -18, .put = put_user},
    {"phase", NULL, "How far the session is in the protocol.", OF(phase, COLUMN_CHARS), .heading = "PHASE",
     .width = -10},
    {"opaque_reason", NULL, "Why the session is opaque; empty if it is not.",
     OF(opaque_reason, COLUMN_CHARS)},
    {"command", NULL, "Command in flight; empty if there is none.", OF(command, COLUMN_CHARS)},
    {"query", NULL, "Beginning of its statement.", OF(query, COLUMN_CHARS)},
    {"age_us", "microseconds", "Time since the client connected.", OF(age_us, COLUMN_U64), .heading = "AGE s",
     .width = 9, .put = put_age},
    {"command_us", "microseconds", "Time since the command in flight began.", OF(command_us, COLUMN_U64)},
    {"records", NULL, "Commands that were recorded.", OF(records, COLUMN_U64), .heading = "COMMANDS",
     .width = 9},
    {"bytes_sent", "bytes", "From the client to the server.", OF(bytes_sent, COLUMN_U64), .heading = "SENT",
     .width = 10},
    {"bytes_received", "bytes", "From the server to the client.", OF(bytes_received, COLUMN_U64),
     .heading = "RECEIVED", .width = 10},
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
        transcode_init(&transcode);
        struct json_writer j = json_writer_to(call->out);
        if (call->json) {
                json_writer_object(&j, NULL);
                json_writer_lines(&j, "sessions");
        } else {
                column_put_headings(&sessions_table, 0, call->out);
        }
        for (size_t i = 0; i < n; i++) {
                struct session_view v = readable(&transcode, &views[i]);
                if (call->json) {
                        json_writer_object(&j, NULL);
                        column_put_json(&sessions_table, &v, &j);
                        json_writer_end(&j);
                } else {
                        column_put_text(&sessions_table, 0, &v, call->out);
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
        proxy_sessions(call->admin->proxy, on_sessions, call);
}

static void on_hex(void *arg, const char *text, size_t len)
{
        struct call *call = arg;
        if (text == NULL && call->id > 0 && call->id <= proxy_counts(call->admin->proxy).accepted) {
                call_fail(call, HTTP_NOTFOUND,
                          "session %" PRIu64 " has ended, and its packets are no longer kept", call->id);
                return;
        }
        if (text == NULL) {
                call_fail(call, HTTP_NOTFOUND, "there is no session %" PRIu64, call->id);
                return;
        }
        (void)fwrite(text, 1, len, call->out);
        if (len == 0) {
                bool off = call->admin->settings->capture.bytes == 0;
                (void)fputs(off ? "packets are not captured: the setting capture.bytes is 0\n"
                                : "no packets captured yet\n",
                            call->out);
        }
        call_reply(call, HTTP_OK, "text/plain; charset=us-ascii");
}

void handle_hex(struct call *call)
{
        proxy_hex(call->admin->proxy, call->id, on_hex, call);
}

static void on_killed(void *arg, bool found)
{
        struct call *call = arg;
        if (!found) {
                call_fail(call, HTTP_NOTFOUND, "there is no session %" PRIu64, call->id);
                return;
        }
        diag(DIAG_INFO, "session %" PRIu64 " was killed through the admin port", call->id);
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_uint(&j, "killed", call->id);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fprintf(call->out, "session %" PRIu64 " is closed\n", call->id);
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_kill(struct call *call)
{
        proxy_kill(call->admin->proxy, call->id, on_killed, call);
}
