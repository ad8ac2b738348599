/* POST /mcp: the Model Context Protocol over HTTP ("Streamable HTTP", without a stream of the server's own and without sessions: each message
 * has its reply in the response). What a message asks for is taken from the other endpoints.
 *
 *      handle_mcp -> exchange_new -> go_on -> ask -> route -> … -> on_answer -> exchange_give -> … -> finish -> call_reply */
#include "admin/handlers.h"

#include "admin/call.h"
#include "config.h"
#include "journal/format/schema.h"
#include "mcp/exchange.h"
#include "profile/heap/prof.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
        QUERY_SIZE = 16 * 1024,
        ACCEPTED = 202,
        UNSUPPORTED_TYPE = 415,
        TYPE_LEN = sizeof "application/json" - 1
};

/** A message, until its reply is complete. */
struct message {
        struct call *call;
        struct exchange *exchange;
        struct mcp_options options;
        bool is_missing; /* an endpoint has not answered yet */
        bool is_waiting; /* handle_mcp has returned since */
};

static void go_on(struct message *m);

static void on_answer(void *arg, int code, struct span body)
{
        struct message *m = arg;
        m->is_missing = false;
        exchange_give(m->exchange, code, body);
        if (m->is_waiting) {
                go_on(m);
        }
}

/** The client has disconnected: the reply is discarded once it is complete. */
static void on_gone(void *arg)
{
        (void)arg;
}

static void finish(struct message *m)
{
        struct call *call = m->call;
        const char *reply = exchange_reply(m->exchange);
        if (reply != NULL) {
                (void)fputs(reply, call->out);
        }
        exchange_free(m->exchange);
        prof_free(m);
        call_reply(call, reply != NULL ? HTTP_OK : ACCEPTED, reply != NULL ? "application/json" : NULL);
}

/** Ask the endpoint that is wanted. */
static void ask(struct message *m, const struct exchange_want *want)
{
        char path[64];
        char parameters[QUERY_SIZE];
        const char *query = strchr(want->path, '?');
        size_t len = query != NULL ? (size_t)(query - want->path) : strlen(want->path);
        m->is_missing = true;
        (void)snprintf(path, sizeof path, "%.*s", (int)len, want->path);
        int n = snprintf(parameters, sizeof parameters, "%s%sformat=%s", query != NULL ? query + 1 : "",
                         query != NULL ? "&" : "", want->format);
        struct call *inner =
            (size_t)n < sizeof parameters ? call_new_inner(m->call->admin, parameters, on_answer, m) : NULL;
        if (inner == NULL) {
                on_answer(m, HTTP_SERVUNAVAIL, span_str("out of memory"));
                return;
        }
        m->call->admin->route(inner, want->method, path);
}

static void go_on(struct message *m)
{
        struct exchange_want want;
        m->is_waiting = false;
        while (exchange_wants(m->exchange, &want)) {
                ask(m, &want);
                if (m->is_missing) {
                        m->is_waiting = true;
                        call_wait(m->call, on_gone, m);
                        return;
                }
        }
        finish(m);
}

static bool is_json(const struct call *call)
{
        const char *type =
            evhttp_find_header(evhttp_request_get_input_headers(call->request), "Content-Type");
        return type != NULL && strncasecmp(type, "application/json", TYPE_LEN) == 0;
}

static struct message *new_message(struct call *call)
{
        static bool is_started;
        struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
        size_t len = evbuffer_get_length(input);
        const char *actions = call_param(call, "allow_actions");
        const uint8_t *body = evbuffer_pullup(input, -1);
        struct message *m = prof_calloc(STAGE_ADMIN, 1, sizeof *m);
        if (!is_started) {
                exchange_start();
                is_started = true;
        }
        if (m == NULL || (body == NULL && len > 0)) {
                prof_free(m);
                return NULL;
        }
        m->call = call;
        m->options = (struct mcp_options){.allow_actions = actions != NULL && strcmp(actions, "1") == 0,
                                          .where = call->admin->settings->admin,
                                          .version = PACKAGE_VERSION,
                                          .schema = schema_write};
        m->exchange = exchange_new(&m->options, span_of(body, len));
        if (m->exchange == NULL) {
                prof_free(m);
                return NULL;
        }
        return m;
}

void handle_mcp(struct call *call)
{
        const char *version =
            evhttp_find_header(evhttp_request_get_input_headers(call->request), "MCP-Protocol-Version");
        if (!is_json(call)) {
                call_fail(call, UNSUPPORTED_TYPE, "the Content-Type must be application/json");
                return;
        }
        if (version != NULL && !exchange_knows_version(version)) {
                call_fail(call, HTTP_BADREQUEST, "the MCP-Protocol-Version %.30s is not known here", version);
                return;
        }
        struct message *m = new_message(call);
        if (m == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        go_on(m);
}
