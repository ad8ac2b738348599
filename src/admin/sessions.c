/* Sessions: the workers are asked, and the answer comes later, maybe after the client has gone. */
#include "admin/call.h"

#include "admin/put.h"
#include "base/diag.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "mysql/wire/charset.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>

enum { CLIENT_COLUMNS = 23, USER_COLUMNS = 18 };

/** Convert @p text, in @p size bytes, to UTF-8 where that is possible; what does not fit goes. */
static void convert(struct transcode *t, uint8_t charset, char *text, size_t size)
{
        const struct transcode_from *from = charset_from(charset);
        struct span in = span_str(text);
        char room[1024];
        struct writer w = writer_over(room, sizeof room);
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

/** USER@DATABASE without control bytes, as one text, so that the column can be padded. NULL when memory is out. */
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

/** @p text and what its column has left. */
static void put_padded(FILE *out, const char *text, size_t columns)
{
        put_plain(out, text);
        for (size_t used = shown_columns(span_str(text)); used < columns; used++) {
                (void)fputc(' ', out);
        }
}

static void print_session_text(FILE *out, const struct session_view *v)
{
        char *who = printable_user(v);
        (void)fprintf(out, "%6" PRIu64 "  ", v->conn_id);
        put_padded(out, v->client_addr, CLIENT_COLUMNS);
        put_padded(out, who != NULL ? who : "?", USER_COLUMNS);
        (void)fprintf(out, " %-10s %9.1f %9" PRIu64 " %10" PRIu64 " %10" PRIu64, v->phase,
                      (double)v->age_us / 1e6, v->records, v->bytes_sent, v->bytes_received);
        free(who);
        if (*v->command != '\0') {
                (void)fprintf(out, "  %s %.1f ms ", v->command, (double)v->command_us / 1e3);
                put_plain(out, v->query);
        }
        if (*v->opaque_reason != '\0') {
                (void)fputs("  opaque: ", out);
                put_plain(out, v->opaque_reason);
        }
        (void)fputc('\n', out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
        (void)fprintf(out, ",\"%s\":", key);
        put_json(out, text);
}

static void put_number(FILE *out, const char *key, uint64_t value)
{
        (void)fprintf(out, ",\"%s\":%" PRIu64, key, value);
}

static void print_session_json(FILE *out, const struct session_view *v)
{
        (void)fprintf(out, "{\"conn_id\":%" PRIu64, v->conn_id);
        put_number(out, "worker", v->worker);
        put_text(out, "client_addr", v->client_addr);
        put_text(out, "remote_addr", v->remote_addr);
        put_text(out, "username", v->username);
        put_text(out, "database", v->database);
        put_text(out, "phase", v->phase);
        put_text(out, "opaque_reason", v->opaque_reason);
        put_text(out, "command", v->command);
        put_text(out, "query", v->query);
        put_number(out, "age_us", v->age_us);
        put_number(out, "command_us", v->command_us);
        put_number(out, "records", v->records);
        put_number(out, "bytes_sent", v->bytes_sent);
        put_number(out, "bytes_received", v->bytes_received);
        put_number(out, "backlog_bytes", v->backlog_bytes);
        put_number(out, "statements", v->statements);
        put_number(out, "pipelined", v->pipelined);
        (void)fputc('}', out);
}

static void on_sessions(void *arg, const struct session_view *views, size_t n)
{
        struct call *call = arg;
        struct transcode transcode;
        if (views == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        transcode_init(&transcode);
        if (call->json) {
                (void)fputs("{\"sessions\":[", call->out);
                for (size_t i = 0; i < n; i++) {
                        (void)fputs(i > 0 ? ",\n" : "\n", call->out);
                        struct session_view v = readable(&transcode, &views[i]);
                        print_session_json(call->out, &v);
                }
                (void)fputs("]}\n", call->out);
        } else {
                (void)fprintf(call->out, "%6s  %-22s %-18s %-10s %9s %9s %10s %10s  %s\n", "ID", "CLIENT",
                              "USER", "PHASE", "AGE s", "COMMANDS", "SENT", "RECEIVED", "NOW");
                for (size_t i = 0; i < n; i++) {
                        struct session_view v = readable(&transcode, &views[i]);
                        print_session_text(call->out, &v);
                }
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
        (void)fprintf(call->out,
                      call->json ? "{\"killed\":%" PRIu64 "}\n" : "session %" PRIu64 " is closed\n",
                      call->id);
        call_reply(call, HTTP_OK, NULL);
}

void handle_kill(struct call *call)
{
        proxy_kill(call->admin->proxy, call->id, on_killed, call);
}
