/* GET /verdicts: the verdicts and, if clients do not close their prepared statements, the sessions that have most of them. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/put.h"
#include "base/json_writer.h"
#include "profile/export/export.h"
#include "profile/export/growth.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

enum { OWNERS_MAX = 10 };

struct owners {
        const struct session_view *most[OWNERS_MAX]; /* most bytes first */
        size_t n;
        size_t sessions; /* that have any */
        uint64_t statements;
};

static void take(struct owners *h, const struct session_view *v)
{
        size_t at = h->n < OWNERS_MAX ? h->n : OWNERS_MAX - 1;
        h->sessions++;
        h->statements += v->statements;
        if (h->n == OWNERS_MAX && h->most[at]->statement_bytes >= v->statement_bytes) {
                return;
        }
        h->n += h->n < OWNERS_MAX;
        for (; at > 0 && h->most[at - 1]->statement_bytes < v->statement_bytes; at--) {
                h->most[at] = h->most[at - 1];
        }
        h->most[at] = v;
}

static void put_owners_json(struct json_writer *j, const struct owners *h)
{
        json_writer_uint(j, "open_statements", h->statements);
        json_writer_array(j, "holders");
        for (size_t i = 0; i < h->n; i++) {
                const struct session_view *v = h->most[i];
                json_writer_object(j, NULL);
                json_writer_uint(j, "conn_id", v->conn_id);
                json_writer_text(j, "username", v->username);
                json_writer_text(j, "client_addr", v->client_addr);
                json_writer_uint(j, "statements", v->statements);
                json_writer_uint(j, "bytes", v->statement_bytes);
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void put_owners_text(FILE *out, const struct owners *h)
{
        (void)fprintf(out, "\n%" PRIu64 " prepared statements are open, in %zu session%s:\n", h->statements,
                      h->sessions, h->sessions == 1 ? "" : "s");
        for (size_t i = 0; i < h->n; i++) {
                const struct session_view *v = h->most[i];
                (void)fprintf(out, "  session %" PRIu64 ", ", v->conn_id);
                put_plain(out, *v->username != '\0' ? v->username : "-");
                (void)fprintf(out, " from %s: %" PRIu32 " statement%s, %" PRIu64 " bytes\n", v->client_addr,
                              v->statements, v->statements == 1 ? "" : "s", v->statement_bytes);
        }
}

/** Name the first stage whose memory rises in a header, for programs. */
static void name_leak(struct call *call)
{
        for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
                const struct bytes *b = growth_of(stage);
                if (b != NULL && b->kind == BYTES_RISES) {
                        call_add_header(call, "X-Querytap-Rises", prof_stage_name((enum prof_stage)stage));
                        return;
                }
        }
}

static void reply(struct call *call, const struct owners *h)
{
        name_leak(call);
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                export_verdicts_json(&j);
                if (h != NULL) {
                        put_owners_json(&j, h);
                }
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                export_verdicts_text(call->out);
                if (h != NULL) {
                        put_owners_text(call->out, h);
                }
        }
        call_reply(call, HTTP_OK, NULL);
}

/** @p views is NULL if out of memory: the verdicts are sent without the sessions then. */
static void on_sessions(void *arg, const struct session_view *views, size_t n)
{
        struct owners h = {.n = 0};
        for (size_t i = 0; views != NULL && i < n; i++) {
                if (views[i].statements > 0) {
                        take(&h, &views[i]);
                }
        }
        reply(arg, h.n > 0 ? &h : NULL);
}

void handle_verdicts(struct call *call)
{
        const struct bytes *b = growth_of(STAGE_DISSECT);
        struct prof_store_state state;
        if (b != NULL && b->kind == BYTES_FILLING &&
            growth_fullest(STAGE_DISSECT, &state) == STORE_STATEMENTS) {
                proxy_sessions(call->admin->proxy, on_sessions, call);
        } else {
                reply(call, NULL);
        }
}
