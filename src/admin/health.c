/* GET /healthz: does the process respond? A client may wait for the stop of the proxy: by that it can distinguish a stop from a crash.
 * GET /readyz: would a client be served now? */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/json_writer.h"
#include "profile/heap/prof.h"

#include <event2/http.h>

enum {
        WAITERS_MAX = 16,
};

/** A call that is answered when the proxy stops. */
struct waiter {
        struct waiter *next;
        struct waiter **link_here;
        struct call *call;
};

static void reply(struct call *call, int code, const char *status)
{
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_text(&j, "status", status);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                (void)fprintf(call->out, "%s\n", status);
        }
        call_reply(call, code, NULL);
}

/** Remove the waiter, and reply to its client, if that is still there. */
static void answer(struct waiter *w)
{
        struct call *call = w->call;
        *w->link_here = w->next;
        if (w->next != NULL) {
                w->next->link_here = w->link_here;
        }
        call->admin->n_waiters--;
        prof_free(w);
        reply(call, HTTP_OK, "stopping");
}

static void on_gone(void *arg)
{
        answer(arg);
}

static void wait_for_stop(struct call *call)
{
        struct admin_context *a = call->admin;
        if (a->n_waiters >= WAITERS_MAX) {
                call_fail(call, HTTP_SERVUNAVAIL,
                          "there are already %u requests waiting for the stop, the maximum", a->n_waiters);
                return;
        }
        struct waiter *w = prof_calloc(STAGE_ADMIN, 1, sizeof *w);
        if (w == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        w->call = call;
        w->next = a->waiters;
        w->link_here = &a->waiters;
        if (w->next != NULL) {
                w->next->link_here = &w->next;
        }
        a->waiters = w;
        a->n_waiters++;
        call_wait(call, on_gone, w);
}

void handle_health(struct call *call)
{
        uint64_t wait;
        if (!call_number(call, "wait", 1, 0, &wait)) {
                return;
        }
        if (wait != 0) {
                wait_for_stop(call);
        } else {
                reply(call, HTTP_OK, "ok");
        }
}

void handle_ready(struct call *call)
{
        const struct proxy_counts c = proxy_counts(call->admin->proxy);
        const char *cut_off = proxy_cut_off(call->admin->proxy);
        if (cut_off != NULL) {
                char text[256];
                (void)snprintf(text, sizeof text, "the server can't be reached: clients of %s", cut_off);
                reply(call, HTTP_SERVUNAVAIL, text);
        } else if (c.sessions >= call->admin->settings->limits.sessions) {
                reply(call, HTTP_SERVUNAVAIL, "limits.sessions is reached");
        } else {
                reply(call, HTTP_OK, "ready");
        }
}

void health_end(struct admin_context *a)
{
        while (a->waiters != NULL) {
                answer(a->waiters);
        }
}
