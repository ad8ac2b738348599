/* The table of endpoints, and what each answers. */
#include "admin/call.h"

#include "base/clock.h"
#include "base/diag.h"
#include "profile/export.h"
#include "profile/symbol.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS_DEFAULT = 100, SYMBOLS_MAX = 4096 };

/* --- sessions ------------------------------------------------------------------------------------------------------- */

static void print_session_text(FILE *out, const struct session_view *v)
{
        char who[140];
        (void)snprintf(who, sizeof who, "%s%s%s", *v->username != '\0' ? v->username : "-",
                       *v->database != '\0' ? "@" : "", v->database);
        (void)fprintf(out, "%6" PRIu64 "  %-22s %-18s %-10s %9.1f %9" PRIu64 " %10" PRIu64 " %10" PRIu64,
                      v->conn_id, v->client_addr, who, v->phase, (double)v->age_us / 1e6, v->records,
                      v->bytes_sent, v->bytes_received);
        if (*v->command != '\0') {
                (void)fprintf(out, "  %s %.1f ms ", v->command, (double)v->command_us / 1e3);
                for (const char *p = v->query; *p != '\0'; p++) {
                        (void)fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
                }
        }
        (void)fprintf(out, "%s%s\n", *v->opaque_reason != '\0' ? "  opaque: " : "", v->opaque_reason);
}

static void put_text(FILE *out, const char *key, const char *text)
{
        (void)fprintf(out, ",\"%s\":", key);
        call_json_string(out, text);
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
        if (views == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        if (call->json) {
                (void)fputs("{\"sessions\":[", call->out);
                for (size_t i = 0; i < n; i++) {
                        (void)fputs(i > 0 ? ",\n" : "\n", call->out);
                        print_session_json(call->out, &views[i]);
                }
                (void)fputs("]}\n", call->out);
        } else {
                (void)fprintf(call->out, "%6s  %-22s %-18s %-10s %9s %9s %10s %10s  %s\n", "ID", "CLIENT",
                              "USER", "PHASE", "AGE s", "COMMANDS", "SENT", "RECEIVED", "NOW");
                for (size_t i = 0; i < n; i++) {
                        print_session_text(call->out, &views[i]);
                }
                (void)fprintf(call->out, "%zu session%s\n", n, n == 1 ? "" : "s");
        }
        call_reply(call, HTTP_OK, NULL);
}

static void handle_sessions(struct call *call)
{
        proxy_sessions(call->admin->proxy, on_sessions, call);
}

static void on_hex(void *arg, const char *text, size_t len)
{
        struct call *call = arg;
        if (text == NULL) {
                call_fail(call, HTTP_NOTFOUND, "no such session");
                return;
        }
        (void)fwrite(text, 1, len, call->out);
        call_reply(call, HTTP_OK, "text/plain; charset=us-ascii");
}

static void handle_hex(struct call *call)
{
        proxy_hex(call->admin->proxy, call->id, on_hex, call);
}

static void on_killed(void *arg, bool found)
{
        struct call *call = arg;
        if (!found) {
                call_fail(call, HTTP_NOTFOUND, "no such session");
                return;
        }
        diag(DIAG_INFO, "session %" PRIu64 " was killed through the admin port", call->id);
        (void)fprintf(call->out,
                      call->json ? "{\"killed\":%" PRIu64 "}\n" : "session %" PRIu64 " is closed\n",
                      call->id);
        call_reply(call, HTTP_OK, NULL);
}

static void handle_kill(struct call *call)
{
        proxy_kill(call->admin->proxy, call->id, on_killed, call);
}

/* --- records -------------------------------------------------------------------------------------------------------- */

static void handle_records(struct call *call)
{
        struct journal *journal = call->admin->journal;
        uint64_t n;
        if (!call_number(call, "n", RECORDS_DEFAULT, &n)) {
                call_fail(call, HTTP_BADREQUEST, "n must be a number of records");
                return;
        }
        size_t size = 8 * (size_t)call->admin->settings->log.recent_bytes + 64 * 1024;
        uint8_t *room = prof_alloc(STAGE_ADMIN, size);
        uint64_t last = journal_recent_last(journal);
        uint64_t cursor = last > n ? last - n : 0;
        bool more = room != NULL;
        while (more && cursor < last) {
                struct writer w = writer_over(room, size);
                more = journal_recent(journal, &cursor, call->json ? FORMAT_JSON : FORMAT_TEXT, &w);
                (void)fwrite(room, 1, w.at, call->out);
        }
        prof_free(room);
        call_reply(call, HTTP_OK, call->json ? "application/x-ndjson" : NULL);
}

/* --- counters and settings ------------------------------------------------------------------------------------------- */

static void print_counter(struct call *call, const char *name, uint64_t value, bool *first)
{
        if (call->json) {
                (void)fprintf(call->out, "%s\"%s\":%" PRIu64, *first ? "{" : ",", name, value);
        } else {
                (void)fprintf(call->out, "%-32s %" PRIu64 "\n", name, value);
        }
        *first = false;
}

static void handle_counters(struct call *call)
{
        struct proxy_counts p = proxy_counts(call->admin->proxy);
        struct journal_counts j = journal_counts(call->admin->journal);
        const struct {
                const char *name;
                uint64_t value;
        } rows[] = {
            {"sessions", p.sessions},
            {"accepted", p.accepted},
            {"refused", p.refused},
            {"accept_errors", p.accept_errors},
            {"upstream_errors", p.upstream_errors},
            {"opaque", p.opaque},
            {"masked", p.masked_tls},
            {"statements", p.statements},
            {"bytes_sent", p.bytes_sent},
            {"bytes_received", p.bytes_received},
            {"log_records", j.records},
            {"log_dropped", j.dropped},
            {"log_bytes", j.bytes},
            {"log_errors", j.sink_errors},
            {"admin_requests", call->admin->requests},
            {"admin_refused", call->admin->refused},
            {"diag_errors", diag_count(DIAG_ERROR)},
            {"diag_warnings", diag_count(DIAG_WARNING)},
            {"bad_frees", prof_bad_frees()},
        };
        bool first = true;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                print_counter(call, rows[i].name, rows[i].value, &first);
        }
        uint64_t count;
        const char *reason;
        for (size_t i = 0; (reason = proxy_close_reason(i, &count)) != NULL; i++) {
                char name[64];
                (void)snprintf(name, sizeof name, "closed_%s", reason);
                print_counter(call, name, count, &first);
        }
        (void)fputs(call->json ? "}\n" : "", call->out);
        call_reply(call, HTTP_OK, NULL);
}

static void handle_settings(struct call *call)
{
        if (!call->json) {
                settings_write(call->admin->settings, call->out);
        } else {
                for (size_t i = 0; i < settings_row_count; i++) {
                        char value[SETTINGS_TEXT_MAX];
                        settings_print(call->admin->settings, &settings_rows[i], value, sizeof value);
                        (void)fprintf(call->out, "%s\"%s\":", i == 0 ? "{" : ",", settings_rows[i].name);
                        call_json_string(call->out, value);
                }
                (void)fputs("}\n", call->out);
        }
        call_reply(call, HTTP_OK, NULL);
}

static void handle_health(struct call *call)
{
        (void)fputs(call->json ? "{\"status\":\"ok\"}\n" : "ok\n", call->out);
        call_reply(call, HTTP_OK, NULL);
}

/* --- memory ---------------------------------------------------------------------------------------------------------- */

static void handle_stages(struct call *call)
{
        (call->json ? export_stages_json : export_stages_text)(call->out);
        call_reply(call, HTTP_OK, NULL);
}

static void handle_heap(struct call *call)
{
        export_heap_text(call->out);
        call_reply(call, HTTP_OK, "text/plain; charset=utf-8");
}

static void handle_cmdline(struct call *call)
{
        char buffer[4096];
        FILE *file = fopen("/proc/self/cmdline", "re");
        size_t n = file != NULL ? fread(buffer, 1, sizeof buffer, file) : 0;
        if (file != NULL) {
                (void)fclose(file);
        }
        (void)fwrite(buffer, 1, n > 0 && buffer[n - 1] == '\0' ? n - 1 : n, call->out);
        call_reply(call, HTTP_OK, "text/plain; charset=utf-8");
}

/** GET tells that there are symbols; POST of 0xA+0xB gives a line "0xA name" for each. Source: Go's net/http/pprof. */
static void handle_symbol(struct call *call)
{
        struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
        size_t len = evbuffer_get_length(input);
        char *text = len > 0 ? malloc(len + 1) : NULL;
        (void)fputs("num_symbols: 1\n", call->out);
        if (text != NULL) {
                (void)evbuffer_copyout(input, text, len);
                text[len] = '\0';
        }
        char *at = text;
        for (int i = 0; at != NULL && i < SYMBOLS_MAX; i++) {
                char *end = NULL;
                unsigned long long pc = strtoull(at, &end, 0);
                if (end == at) {
                        break;
                }
                struct symbol s = symbol_find((uintptr_t)pc);
                if (s.function != NULL) {
                        (void)fprintf(call->out, "0x%llx\t%s\n", pc, s.function);
                }
                at = *end == '+' ? end + 1 : NULL;
        }
        free(text);
        call_reply(call, HTTP_OK, "text/plain; charset=utf-8");
}

static uint64_t count_records(const struct admin *a)
{
        (void)a;
        return prof_record_count();
}

static uint64_t count_sessions(const struct admin *a)
{
        return proxy_counts(a->proxy).sessions;
}

static uint64_t count_stages(const struct admin *a)
{
        (void)a;
        return STAGE_COUNT;
}

static uint64_t count_one(const struct admin *a)
{
        (void)a;
        return 1;
}

static void handle_pprof_index(struct call *call)
{
        FILE *out = call->out;
        bool first = true;
        (void)fputs(
            call->json
                ? "{\"profiles\":["
                : "<!doctype html><html lang=\"en\"><head><meta "
                  "charset=\"utf-8\"><title>/debug/pprof/</title>"
                  "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em;max-width:50em}"
                  "td{padding:.15em 1.2em .15em 0}td:first-child{text-align:right}</style></head><body>"
                  "<h1>/debug/pprof/</h1><table><tr><th>Count<th>Profile<th></tr>\n",
            out);
        for (size_t i = 0; i < endpoint_count; i++) {
                const struct endpoint *e = &endpoints[i];
                if (e->count_name == NULL) {
                        continue;
                }
                (void)fprintf(out,
                              call->json ? "%s{\"count\":%" PRIu64 ",\"name\":\"%s\",\"path\":\"%s\"}"
                                         : "%s<tr><td>%" PRIu64 "<td>%s<td><a href=\"%s?debug=1\">",
                              call->json && !first ? "," : "", e->count(call->admin), e->count_name, e->path);
                if (!call->json) {
                        (void)fprintf(out, "%s</a> %s</tr>\n", e->path, e->help);
                }
                first = false;
        }
        (void)fputs(
            call->json
                ? "]}\n"
                : "</table><p>The count beside heap is of allocation <em>records</em> (stage, size class, "
                  "stack), not of memory: a record stays when its memory is freed.</p></body></html>\n",
            out);
        call_reply(call, HTTP_OK, call->json ? NULL : "text/html; charset=utf-8");
}

/* --- faults ----------------------------------------------------------------------------------------------------------- */

static void print_faults(struct call *call)
{
        (void)fprintf(call->out,
                      call->json ? "{\"seen\":%" PRIu64 ",\"fired\":%" PRIu64 "}\n"
                                 : "allocations since armed %" PRIu64 ", faults so far %" PRIu64 "\n",
                      prof_fail_seen(), prof_fail_fired());
        call_reply(call, HTTP_OK, NULL);
}

static void handle_fault_get(struct call *call)
{
        print_faults(call);
}

static void handle_fault_post(struct call *call)
{
        uint64_t nth;
        if (!call->admin->settings->profile.fault_injection) {
                call_fail(call, 403, "fault injection is off: start with --profile-fault-injection");
        } else if (!call_number(call, "nth", 0, &nth)) {
                call_fail(call, HTTP_BADREQUEST,
                          "nth must be a number: fail the nth next allocation, 0 = none");
        } else {
                prof_fail_nth(nth);
                print_faults(call);
        }
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static void handle_page(struct call *call)
{
        FILE *out = call->out;
        (void)fputs(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>querytap</title><style>"
            "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:64em;padding:0 1em;color:#222}"
            "pre{background:#f6f7f9;border:1px solid #e2e5ea;padding:1em;overflow:auto;font-size:13px}"
            "td{padding:.15em 1.2em .15em 0;vertical-align:top}code{font-size:14px}"
            "h1{margin-bottom:0}p.sub{margin-top:0;color:#667}</style></head><body><h1>querytap</h1>",
            out);
        (void)fprintf(out, "<p class=\"sub\">%s &rarr; %s, %" PRIu64 " sessions open</p>",
                      proxy_listen_addr(call->admin->proxy), call->admin->settings->remote,
                      proxy_counts(call->admin->proxy).sessions);
        (void)fputs("<h2>Memory by stage</h2><pre>", out);
        export_stages_text(out);
        (void)fputs("</pre><h2>Endpoints</h2><table>", out);
        for (size_t i = 0; i < endpoint_count; i++) {
                const struct endpoint *e = &endpoints[i];
                bool link = strcmp(e->method, "GET") == 0 && strchr(e->path, '*') == NULL;
                (void)fprintf(out, "<tr><td><code>%s</code><td><code>", e->method);
                (void)fprintf(out, link ? "<a href=\"%s\">%s</a>" : "%s%s", link ? e->path : "", e->path);
                (void)fprintf(out, "</code><td>%s</tr>\n", e->help);
        }
        (void)fputs("</table><p>Add <code>?format=json</code> for JSON. * stands for a session's "
                    "number.</p></body></html>\n",
                    out);
        call_reply(call, HTTP_OK, "text/html; charset=utf-8");
}

const struct endpoint endpoints[] = {
    {"GET", "/", "This page.", handle_page, NULL, NULL},
    {"GET", "/healthz", "ok while the proxy runs.", handle_health, NULL, NULL},
    {"GET", "/sessions", "Open sessions and what each is doing.", handle_sessions, "sessions",
     count_sessions},
    {"GET", "/sessions/*/hex", "Hex dump of a session's last packets.", handle_hex, NULL, NULL},
    {"POST", "/sessions/*/kill", "Close a session.", handle_kill, NULL, NULL},
    {"GET", "/records", "The last records; ?n= says how many.", handle_records, NULL, NULL},
    {"GET", "/records/stream", "Records as they come.", stream_start, NULL, NULL},
    {"GET", "/stages", "Memory by stage, with performance_schema's column names.", handle_stages, "stages",
     count_stages},
    {"GET", "/counters", "Counts since the start.", handle_counters, NULL, NULL},
    {"GET", "/settings", "The settings in force.", handle_settings, NULL, NULL},
    {"GET", "/debug/pprof/", "Index of the profiles, with counts.", handle_pprof_index, NULL, NULL},
    {"GET", "/debug/pprof/heap", "Allocation records as text (debug=1), for go tool pprof.", handle_heap,
     "heap", count_records},
    {"GET", "/debug/pprof/allocs", "The same.", handle_heap, "allocs", count_records},
    {"GET", "/debug/pprof/cmdline", "The command line, with NULs between its words.", handle_cmdline,
     "cmdline", count_one},
    {"GET", "/debug/pprof/symbol", "Says that there are symbols.", handle_symbol, NULL, NULL},
    {"POST", "/debug/pprof/symbol", "Names of the addresses 0xA+0xB in the body.", handle_symbol, NULL, NULL},
    {"GET", "/fault", "Allocations counted and faults injected so far.", handle_fault_get, NULL, NULL},
    {"POST", "/fault", "Fail the ?nth= next allocation (needs profile.fault_injection).", handle_fault_post,
     NULL, NULL},
};

const size_t endpoint_count = sizeof endpoints / sizeof endpoints[0];
