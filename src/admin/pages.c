/* Pages and small answers. HTML for a browser, text for curl, JSON when asked for. */
#include "admin/call.h"

#include "admin/admin_listener.h"
#include "admin/put.h"
#include "base/diag.h"
#include "profile/export/export.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

static void put_head(FILE *out, const char *title)
{
        (void)fprintf(out,
                      "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>%s</title>\n<style>\n"
                      ":root { color-scheme: light dark }\n"
                      "body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; "
                      "padding: 0 1rem }\n"
                      "h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }\n"
                      "table { border-collapse: collapse } td { padding: .15rem 1.2rem .15rem 0; "
                      "vertical-align: top }\n"
                      "td:first-child { font-variant-numeric: tabular-nums }\n"
                      "code, pre { font: 13px/1.45 ui-monospace, monospace } pre { overflow-x: auto }\n"
                      ".dim { opacity: .65 }\n</style>\n<h1>%s</h1>\n",
                      title, title);
}

static bool is_link(const struct endpoint *e)
{
        return strcmp(e->method, "GET") == 0 && strchr(e->path, '*') == NULL;
}

static void put_home_html(FILE *out, const struct admin *a)
{
        put_head(out, "querytap");
        (void)fputs("<p>", out);
        put_html(out, proxy_listen_addr(a->proxy));
        (void)fputs(" &rarr; ", out);
        put_html(out, a->settings->remote);
        (void)fprintf(out, ", %" PRIu64 " sessions open</p>\n<h2>Endpoints</h2>\n<table>\n",
                      proxy_counts(a->proxy).sessions);
        for (size_t i = 0; i < endpoint_count; i++) {
                const struct endpoint *e = &endpoints[i];
                (void)fprintf(out, "<tr><td class=dim>%s<td><code>", e->method);
                (void)fprintf(out, is_link(e) ? "<a href=\"%s\">%s</a>" : "%s%s", is_link(e) ? e->path : "",
                              e->path);
                (void)fprintf(out, "</code><td>%s\n", e->help);
        }
        (void)fputs("</table>\n<p class=dim>Add <code>?format=json</code> for JSON. * stands for a session's "
                    "number.</p>\n"
                    "<h2>Memory by stage</h2>\n<pre>",
                    out);
        export_stages_text(out);
        (void)fputs("</pre>\n", out);
}

static void put_home_text(FILE *out, const struct admin *a)
{
        put_plain(out, proxy_listen_addr(a->proxy));
        (void)fputs(" -> ", out);
        put_plain(out, a->settings->remote);
        (void)fprintf(out, ", %" PRIu64 " sessions open\n\n", proxy_counts(a->proxy).sessions);
        for (size_t i = 0; i < endpoint_count; i++) {
                (void)fprintf(out, "%-5s %-22s %s\n", endpoints[i].method, endpoints[i].path,
                              endpoints[i].help);
        }
        (void)fputs("\nAdd ?format=json for JSON. * stands for a session's number.\n\n", out);
        export_stages_text(out);
}

static void put_home_json(FILE *out, const struct admin *a)
{
        (void)fputs("{\"listen\":", out);
        put_json(out, proxy_listen_addr(a->proxy));
        (void)fputs(",\"remote\":", out);
        put_json(out, a->settings->remote);
        (void)fputs(",\"endpoints\":[", out);
        for (size_t i = 0; i < endpoint_count; i++) {
                (void)fprintf(out, "%s{\"method\":\"%s\",\"path\":\"%s\",\"help\":", i > 0 ? ",\n" : "\n",
                              endpoints[i].method, endpoints[i].path);
                put_json(out, endpoints[i].help);
                (void)fputc('}', out);
        }
        (void)fputs("]}\n", out);
}

void handle_page(struct call *call)
{
        if (call->html) {
                put_home_html(call->out, call->admin);
        } else if (call->json) {
                put_home_json(call->out, call->admin);
        } else {
                put_home_text(call->out, call->admin);
        }
        call_reply(call, HTTP_OK, call->html ? "text/html; charset=utf-8" : NULL);
}

/* --- the index of profiles ------------------------------------------------------------------------------------------ */

static void put_profile(struct call *call, const struct endpoint *e, bool first)
{
        uint64_t count = e->count(call->admin);
        if (call->json) {
                (void)fprintf(call->out, "%s{\"count\":%" PRIu64 ",\"name\":\"%s\",\"path\":\"%s\"}",
                              first ? "" : ",", count, e->count_name, e->path);
        } else if (call->html) {
                (void)fprintf(call->out,
                              "<tr><td>%" PRIu64 "<td>%s<td><a href=\"%s?debug=1\">%s</a><td class=dim>%s\n",
                              count, e->count_name, e->path, e->path, e->help);
        } else {
                (void)fprintf(call->out, "%8" PRIu64 " %-9s %-24s %s\n", count, e->count_name, e->path,
                              e->help);
        }
}

/** What people ask about this page. */
static void put_note(FILE *out)
{
        (void)fputs("The count next to heap is the number of allocation records, not an amount of memory: ",
                    out);
        export_counts_text(out);
        (void)fputs(
            ".\nAn allocation record stays when its memory is freed. /verdicts shows whether memory grows.",
            out);
}

void handle_pprof_index(struct call *call)
{
        bool first = true;
        if (call->html) {
                put_head(call->out, "/debug/pprof/");
                (void)fputs("<table>\n", call->out);
        }
        (void)fputs(call->json ? "{\"profiles\":[" : "", call->out);
        for (size_t i = 0; i < endpoint_count; i++) {
                if (endpoints[i].count_name != NULL) {
                        put_profile(call, &endpoints[i], first);
                        first = false;
                }
        }
        if (call->json) {
                (void)fputs("]}\n", call->out);
        } else if (call->html) {
                (void)fputs("</table>\n<p>", call->out);
                put_note(call->out);
                (void)fputs("</p>\n<p><a href=\"/\">All endpoints</a></p>\n", call->out);
        } else {
                (void)putc('\n', call->out);
                put_note(call->out);
                (void)putc('\n', call->out);
        }
        call_reply(call, HTTP_OK, call->html ? "text/html; charset=utf-8" : NULL);
}

/* --- counters and settings ------------------------------------------------------------------------------------------ */

static void print_counter(struct call *call, const char *name, uint64_t value, bool *first)
{
        if (call->json) {
                (void)fprintf(call->out, "%s\"%s\":%" PRIu64, *first ? "{" : ",", name, value);
        } else {
                (void)fprintf(call->out, "%-32s %" PRIu64 "\n", name, value);
        }
        *first = false;
}

/** Each log by itself: a list in JSON, a line in text. */
static void put_sinks(struct call *call)
{
        struct journal_counts c;
        (void)fputs(call->json ? ",\"logs\":[" : "", call->out);
        for (unsigned i = 0; journal_sink_counts(call->admin->journal, i, &c); i++) {
                if (call->json) {
                        (void)fputs(i > 0 ? ",{\"file\":" : "{\"file\":", call->out);
                        put_json(call->out, c.file);
                        (void)fprintf(call->out,
                                      ",\"records\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"filtered\":%" PRIu64
                                      ",\"undecided\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"errors\":%" PRIu64
                                      ",\"rotations\":%" PRIu64 ",\"torn\":%" PRIu64 "}",
                                      c.records, c.dropped, c.filtered, c.undecided, c.bytes, c.sink_errors,
                                      c.rotations, c.torn);
                } else {
                        (void)fputs("log ", call->out);
                        put_plain(call->out, c.file);
                        (void)fprintf(call->out,
                                      ": %" PRIu64 " records, %" PRIu64 " dropped, %" PRIu64
                                      " filtered, %" PRIu64 " undecided, %" PRIu64 " bytes, %" PRIu64
                                      " errors, %" PRIu64 " rotations, %" PRIu64 " torn\n",
                                      c.records, c.dropped, c.filtered, c.undecided, c.bytes, c.sink_errors,
                                      c.rotations, c.torn);
                }
        }
        (void)fputs(call->json ? "]" : "", call->out);
}

void handle_counters(struct call *call)
{
        struct proxy_counts p = proxy_counts(call->admin->proxy);
        struct journal_counts j = journal_counts(call->admin->journal);
        struct admin_listener_counts listener = admin_listener_counts(call->admin->listener);
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
            {"lint", p.lint},
            {"tls_sessions", p.tls_sessions},
            {"tls_errors", p.tls_errors},
            {"statements", p.statements},
            {"bytes_sent", p.bytes_sent},
            {"bytes_received", p.bytes_received},
            {"log_records", j.records},
            {"log_dropped", j.dropped},
            {"log_filtered", j.filtered},
            {"log_undecided", j.undecided},
            {"log_bytes", j.bytes},
            {"log_errors", j.sink_errors},
            {"log_rotations", j.rotations},
            {"log_torn", j.torn},
            {"admin_requests", call->admin->requests},
            {"admin_refused", call->admin->refused},
            {"admin_connections", listener.connections},
            {"admin_turned_away", listener.turned_away},
            {"admin_timed_out", listener.timed_out},
            {"admin_accept_errors", listener.accept_errors},
            {"admin_streams", call->admin->streams_served},
            {"diag_errors", diag_count(DIAG_ERROR)},
            {"diag_warnings", diag_count(DIAG_WARNING)},
            {"diag_unsaid", diag_unsaid()},
            {"bad_frees", prof_bad_frees()},
            {"faults_fired", prof_fail_fired()},
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
        put_sinks(call);
        (void)fputs(call->json ? "}\n" : "", call->out);
        call_reply(call, HTTP_OK, NULL);
}

static void put_setting_json(FILE *out, const struct settings *s, const struct settings_row *row)
{
        char text[SETTINGS_TEXT_MAX];
        uint64_t number;
        settings_print(s, row, text, sizeof text);
        put_json(out, row->name);
        (void)fputc(':', out);
        switch (row->type) {
        case SETTINGS_UINT:
        case SETTINGS_SIZE:
        case SETTINGS_MS:
                memcpy(&number, (const char *)s + row->offset, sizeof number);
                (void)fprintf(out, "%" PRIu64, number);
                break;
        case SETTINGS_BOOL: (void)fputs(text, out); break;
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_CHOICE: put_json(out, text); break;
        }
}

/** ,"logs":[{…}, …]: names as in the table. */
static void put_further_sinks(FILE *out, const struct settings *s)
{
        (void)fputs(",\"logs\":[", out);
        for (uint64_t i = 1; i < s->n_sinks; i++) {
                const char *before = i > 1 ? ",{" : "{";
                for (size_t k = 0; k < settings_row_count; k++) {
                        if (settings_row_is_of_sink(&settings_rows[k])) {
                                const struct settings_row own = settings_row_of(&settings_rows[k], i);
                                (void)fputs(before, out);
                                put_setting_json(out, s, &own);
                                before = ",";
                        }
                }
                (void)fputs("}", out);
        }
        (void)fputs("]", out);
}

void handle_settings(struct call *call)
{
        const struct settings *s = call->admin->settings;
        if (!call->json) {
                settings_write(s, call->out);
        } else {
                for (size_t i = 0; i < settings_row_count; i++) {
                        (void)fputs(i == 0 ? "{" : ",", call->out);
                        put_setting_json(call->out, s, &settings_rows[i]);
                }
                put_further_sinks(call->out, s);
                (void)fputs("}\n", call->out);
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_health(struct call *call)
{
        (void)fputs(call->json ? "{\"status\":\"ok\"}\n" : "ok\n", call->out);
        call_reply(call, HTTP_OK, NULL);
}
