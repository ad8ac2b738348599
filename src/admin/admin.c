#include "admin/admin.h"

#include "admin/call.h"
#include "admin/guard.h"
#include "base/diag.h"
#include "base/json.h"
#include "profile/prof.h"
#include "proxy/address.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { HEADERS_MAX = 16 * 1024, BODY_MAX = 64 * 1024, TIMEOUT_S = 30 };

/* --- a call --------------------------------------------------------------------------------------------------------- */

static void on_client_gone(struct evhttp_connection *connection, void *arg)
{
        struct call *call = arg;
        (void)connection;
        call->request = NULL;
}

static void watch(struct call *call)
{
        evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), on_client_gone, call);
}

static void unwatch(struct call *call)
{
        evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), NULL, NULL);
}

static void discard(struct call *call)
{
        if (call->out != NULL) {
                (void)fclose(call->out);
        }
        free(call->body);
        evhttp_clear_headers(&call->query);
        prof_free(call);
}

void call_reply(struct call *call, int code, const char *type)
{
        if (call->out != NULL) {
                (void)fclose(call->out); /* settles body and its length */
                call->out = NULL;
        }
        if (call->request != NULL) {
                struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
                struct evbuffer *buffer = evhttp_request_get_output_buffer(call->request);
                const char *by_form = call->json ? "application/json" : "text/plain; charset=utf-8";
                (void)evhttp_add_header(headers, "Content-Type", type != NULL ? type : by_form);
                (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
                (void)evhttp_add_header(headers, "Cache-Control", "no-store");
                if (code >= 400) {
                        (void)evhttp_add_header(headers, "X-Go-Pprof", "1");
                }
                unwatch(call);
                if (call->body_len > 0 && evbuffer_add(buffer, call->body, call->body_len) != 0) {
                        code = HTTP_INTERNAL;
                }
                evhttp_send_reply(call->request, code, NULL, NULL);
        }
        discard(call);
}

void call_fail(struct call *call, int code, const char *text)
{
        if (call->out != NULL) {
                (void)fseek(call->out, 0, SEEK_SET);
                if (call->json) {
                        (void)fputs("{\"error\":", call->out);
                        call_json_string(call->out, text);
                        (void)fputs("}\n", call->out);
                } else {
                        (void)fprintf(call->out, "%s\n", text);
                }
        }
        call_reply(call, code, NULL);
}

const char *call_param(const struct call *call, const char *name)
{
        return evhttp_find_header(&call->query, name);
}

static bool parse_number(const char *text, size_t len, uint64_t *out)
{
        uint64_t value = 0;
        for (size_t i = 0; i < len; i++) {
                if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10U, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
                        return false;
                }
        }
        *out = value;
        return len > 0;
}

bool call_number(const struct call *call, const char *name, uint64_t otherwise, uint64_t *out)
{
        const char *text = call_param(call, name);
        *out = otherwise;
        return text == NULL || parse_number(text, strlen(text), out);
}

struct evhttp_request *call_take(struct call *call)
{
        struct evhttp_request *request = call->request;
        if (request != NULL) {
                unwatch(call);
        }
        discard(call);
        return request;
}

void call_json_string(FILE *out, const char *text)
{
        uint8_t room[2048];
        struct writer w = writer_over(room, sizeof room);
        json_string(&w, span_head(span_str(text), sizeof room / 6 - 1));
        (void)fwrite(room, 1, w.at, out);
}

/* --- routing -------------------------------------------------------------------------------------------------------- */

/** Does @p path fit @p pattern, where '*' is a number? */
static bool path_matches(const char *pattern, const char *path, uint64_t *id)
{
        const char *star = strchr(pattern, '*');
        if (star == NULL) {
                return strcmp(pattern, path) == 0;
        }
        size_t head = (size_t)(star - pattern);
        if (strncmp(pattern, path, head) != 0) {
                return false;
        }
        size_t digits = strspn(path + head, "0123456789");
        return parse_number(path + head, digits, id) && strcmp(star + 1, path + head + digits) == 0;
}

static struct call *new_call(struct admin *a, struct evhttp_request *request)
{
        struct call *call = prof_calloc(STAGE_ADMIN, 1, sizeof *call);
        if (call == NULL) {
                return NULL;
        }
        call->admin = a;
        call->request = request;
        TAILQ_INIT(&call->query);
        const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
        if (query != NULL) {
                (void)evhttp_parse_query_str(query, &call->query);
        }
        const char *format = call_param(call, "format");
        call->json = format != NULL && strcmp(format, "json") == 0;
        call->out = open_memstream(&call->body, &call->body_len);
        if (call->out == NULL) {
                discard(call);
                return NULL;
        }
        watch(call);
        return call;
}

static bool is_allowed(const struct evhttp_request *request)
{
        struct evkeyvalq *headers =
            evhttp_request_get_input_headers((struct evhttp_request *)(uintptr_t)request);
        const char *host = evhttp_find_header(headers, "Host");
        return guard_host(host) && guard_origin(evhttp_find_header(headers, "Origin"), host);
}

static void route(struct call *call, const char *method)
{
        const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(call->request));
        bool known = false;
        for (size_t i = 0; i < endpoint_count; i++) {
                if (path == NULL || !path_matches(endpoints[i].path, path, &call->id)) {
                        continue;
                }
                known = true;
                if (strcmp(endpoints[i].method, method) == 0) {
                        endpoints[i].handle(call);
                        return;
                }
        }
        if (known) {
                call_fail(call, HTTP_BADMETHOD,
                          "this endpoint needs the other method: look at GET, actions are POST");
        } else {
                call_fail(call, HTTP_NOTFOUND, "no such endpoint; / lists them");
        }
}

static void on_request(struct evhttp_request *request, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin *a = arg;
        a->requests++;
        struct call *call = new_call(a, request);
        if (call == NULL) {
                evhttp_send_error(request, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        if (!is_allowed(request)) {
                a->refused++;
                call_fail(call, 403,
                          "the Host or Origin of this request is not this port's own: ask by localhost or "
                          "127.0.0.1");
                return;
        }
        route(call, evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET");
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static enum status bind_port(struct admin *a, const struct address *address)
{
        struct evhttp_bound_socket *bound =
            evhttp_bind_socket_with_handle(a->http, address->host, address->port);
        if (bound == NULL) {
                diag(DIAG_ERROR, "the admin port can't listen on %s: %s%s", a->settings->admin,
                     strerror(errno),
                     errno == EADDRINUSE
                         ? " (another program holds it; choose another with --admin, or --admin off)"
                         : "");
                return STATUS_IO;
        }
        address_own(evhttp_bound_socket_get_fd(bound), a->addr);
        return STATUS_OK;
}

enum status admin_new(const struct settings *settings, struct event_base *base, struct proxy *proxy,
                      struct journal *journal, struct admin **out)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct address address;
        *out = NULL;
        if (strcmp(settings->admin, "off") == 0) {
                return STATUS_OK;
        }
        if (address_parse(settings->admin, &address) != STATUS_OK || address.is_unix ||
            !guard_is_loopback(address.host)) {
                diag(DIAG_ERROR,
                     "setting 'admin' must be a loopback address such as 127.0.0.1:6060, or off, not '%s': "
                     "it shows all "
                     "statements to whoever reaches it",
                     settings->admin);
                return STATUS_INVALID;
        }
        struct admin *a = prof_calloc(STAGE_ADMIN, 1, sizeof *a);
        if (a == NULL) {
                return STATUS_NOMEM;
        }
        *a = (struct admin){.settings = settings, .base = base, .proxy = proxy, .journal = journal};
        a->http = evhttp_new(base);
        enum status status = a->http != NULL ? STATUS_OK : STATUS_NOMEM;
        if (status == STATUS_OK) {
                evhttp_set_max_headers_size(a->http, HEADERS_MAX);
                evhttp_set_max_body_size(a->http, BODY_MAX);
                evhttp_set_timeout(a->http, TIMEOUT_S);
                evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD);
                evhttp_set_gencb(a->http, on_request, a);
                status = bind_port(a, &address);
        }
        if (status != STATUS_OK) {
                admin_free(a);
                return status;
        }
        *out = a;
        return STATUS_OK;
}

void admin_free(struct admin *a)
{
        if (a == NULL) {
                return;
        }
        PROF_SCOPE(STAGE_ADMIN);
        stream_end_all(a);
        if (a->http != NULL) {
                evhttp_free(a->http);
        }
        prof_free(a);
}

const char *admin_addr(const struct admin *a)
{
        return a != NULL ? a->addr : "off";
}
