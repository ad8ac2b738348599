/* The lists of the endpoints and of the profiles: text for curl, JSON when asked for, and for a browser the page, or HTML. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "admin/web.h"
#include "base/json_writer.h"
#include "profile/export/export.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

static void put_home_text(FILE *out, const struct admin_context *a)
{
        put_plain(out, proxy_listen_addr(a->proxy));
        (void)fputs(" -> ", out);
        put_plain(out, a->settings->remote);
        (void)fprintf(out, ", %" PRIu64 " sessions open\n\n", proxy_counts(a->proxy).sessions);
        for (size_t i = 0; i < a->n_endpoints; i++) {
                (void)fprintf(out, "%-5s %-22s %s\n", a->endpoints[i].method, a->endpoints[i].path,
                              a->endpoints[i].help);
        }
        (void)fputs("\nAdd ?format=json for JSON. * stands for a session or record ID, or a file.\n\n", out);
        export_stages_text(out);
}

static void put_home_json(FILE *out, const struct admin_context *a)
{
        struct json_writer j = json_writer_to(out);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "listen", proxy_listen_addr(a->proxy));
        json_writer_text(&j, "remote", a->settings->remote);
        json_writer_lines(&j, "endpoints");
        for (size_t i = 0; i < a->n_endpoints; i++) {
                json_writer_object(&j, NULL);
                json_writer_text(&j, "method", a->endpoints[i].method);
                json_writer_text(&j, "path", a->endpoints[i].path);
                json_writer_text(&j, "help", a->endpoints[i].help);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}

void handle_page(struct call *call)
{
        if (call->html) {
                web_send(call, "index.html");
                return;
        }
        if (call->json) {
                put_home_json(call->out, call->admin);
        } else {
                put_home_text(call->out, call->admin);
        }
        call_reply(call, HTTP_OK, NULL);
}

/* --- the index of profiles ------------------------------------------------------------------------------------------ */

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

static void put_profile(struct call *call, struct json_writer *j, const struct endpoint *e)
{
        uint64_t count = e->count(call->admin);
        if (call->json) {
                json_writer_object(j, NULL);
                json_writer_uint(j, "count", count);
                json_writer_text(j, "name", e->count_name);
                json_writer_text(j, "path", e->path);
                json_writer_end(j);
        } else if (call->html) {
                (void)fprintf(call->out,
                              "<tr><td>%" PRIu64 "<td>%s<td><a href=\"%s?debug=1\">%s</a><td class=dim>%s\n",
                              count, e->count_name, e->path, e->path, e->help);
        } else {
                (void)fprintf(call->out, "%8" PRIu64 " %-9s %-24s %s\n", count, e->count_name, e->path,
                              e->help);
        }
}

/** An explanation of the numbers on the page. */
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
        const struct admin_context *a = call->admin;
        struct json_writer j = json_writer_to(call->out);
        if (call->json) {
                json_writer_object(&j, NULL);
                json_writer_array(&j, "profiles");
        } else if (call->html) {
                call->policy =
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'";
                put_head(call->out, "/debug/pprof/");
                (void)fputs("<table>\n", call->out);
        }
        for (size_t i = 0; i < a->n_endpoints; i++) {
                if (a->endpoints[i].count_name != NULL) {
                        put_profile(call, &j, &a->endpoints[i]);
                }
        }
        if (call->json) {
                json_writer_end(&j);
                json_writer_end(&j);
                json_writer_finish(&j);
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
