#include "admin/call.h"

#include "admin/admin_listener.h"
#include "admin/put.h"
#include "base/json_writer.h"
#include "profile/heap/prof.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

void call_let_go(struct evhttp_request *request)
{
        if (evhttp_request_get_connection(request) == NULL) {
                evhttp_request_free(request); /* libevent leaves an unanswered request to us */
        }
}

static void on_client_gone(struct evhttp_connection *connection, void *arg)
{
        struct call *call = arg;
        (void)connection;
        call_let_go(call->request);
        call->request = NULL;
        if (call->gone != NULL) {
                call->gone(call->gone_arg);
        }
}

static void watch(struct call *call)
{
        evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), on_client_gone, call);
}

static void unwatch(struct call *call)
{
        evhttp_connection_set_closecb(evhttp_request_get_connection(call->request), NULL, NULL);
}

static struct bufferevent *pipe_of(const struct call *call)
{
        return evhttp_connection_get_bufferevent(evhttp_request_get_connection(call->request));
}

/** While a request has no reply, libevent does not read and so cannot notice a close; it would treat data as an error. So let it read
 * without a read callback, as it does while it sends. */
void call_wait(struct call *call, void (*gone)(void *arg), void *arg)
{
        bufferevent_data_cb on_write;
        bufferevent_event_cb on_event;
        void *connection;
        call->gone = gone;
        call->gone_arg = arg;
        if (call->request == NULL) {
                return; /* an inner call */
        }
        bufferevent_getcb(pipe_of(call), NULL, &on_write, &on_event, &connection);
        bufferevent_setcb(pipe_of(call), NULL, on_write, on_event, connection);
        bufferevent_set_timeouts(pipe_of(call), NULL, NULL);
        (void)bufferevent_enable(pipe_of(call), EV_READ);
}

/** Restore the timeout of the connection. */
static void end_wait(struct call *call)
{
        static const struct timeval limit = {ADMIN_LISTENER_TIMEOUT_S, 0};
        bufferevent_set_timeouts(pipe_of(call), &limit, &limit);
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

void call_headers(const struct call *call, int code, const char *type)
{
        struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
        const char *by_form = call->json ? "application/json" : "text/plain; charset=utf-8";
        (void)evhttp_add_header(headers, "Content-Type", type != NULL ? type : by_form);
        (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
        (void)evhttp_add_header(
            headers, "Content-Security-Policy",
            call->policy != NULL
                ? call->policy
                : "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        (void)evhttp_add_header(headers, "X-Frame-Options", "DENY");
        (void)evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
        (void)evhttp_add_header(headers, "Cross-Origin-Opener-Policy", "same-origin");
        (void)evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
        (void)evhttp_add_header(headers, "Cache-Control", call->tag != NULL ? "no-cache" : "no-store");
        if (call->tag != NULL) {
                (void)evhttp_add_header(headers, "ETag", call->tag);
        }
        if (code >= HTTP_BADREQUEST) {
                (void)evhttp_add_header(headers, "X-Go-Pprof", "1"); /* go tool pprof shows the text then */
        }
}

void call_add_header(const struct call *call, const char *name, const char *value)
{
        if (call->request != NULL) {
                (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), name, value);
        }
}

void call_attach(struct call *call, const char *name)
{
        char text[64];
        (void)snprintf(text, sizeof text, "attachment; filename=\"%s\"", name);
        call_add_header(call, "Content-Disposition", text);
}

/** Move the body to libevent's buffer. The reply to HEAD has only its length. */
static bool fill_body(struct call *call)
{
        struct evbuffer *buffer = evhttp_request_get_output_buffer(call->request);
        if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD) {
                char length[24];
                (void)snprintf(length, sizeof length, "%zu", call->body_len);
                return evhttp_add_header(evhttp_request_get_output_headers(call->request), "Content-Length",
                                         length) == 0;
        }
        return call->body_len == 0 || evbuffer_add(buffer, call->body, call->body_len) == 0;
}

void call_reply(struct call *call, int code, const char *type)
{
        bool whole = call->out == NULL || fclose(call->out) == 0; /* sets body and body_len */
        call->out = NULL;
        if (call->taken != NULL) {
                call->taken(call->taken_arg, whole ? code : HTTP_SERVUNAVAIL,
                            span_of(call->body, whole ? call->body_len : 0));
        }
        if (call->request != NULL) {
                unwatch(call);
                if (call->gone != NULL) {
                        end_wait(call);
                }
                if (!whole || !fill_body(call)) {
                        code = HTTP_SERVUNAVAIL;
                }
                call_headers(call, code, type);
                evhttp_send_reply(call->request, code, NULL, NULL);
        }
        discard(call);
}

void call_fail(struct call *call, int code, const char *format, ...)
{
        char text[256];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                json_writer_text(&j, "error", text);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                put_plain(call->out, text);
                (void)fputc('\n', call->out);
        }
        call_reply(call, code, NULL);
}

const char *call_param(const struct call *call, const char *name)
{
        return evhttp_find_header(&call->query, name);
}

bool call_parse_number(const char *text, size_t len, uint64_t *out)
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

bool call_number(struct call *call, const char *name, uint64_t max, uint64_t otherwise, uint64_t *out)
{
        const char *text = call_param(call, name);
        *out = otherwise;
        if (text == NULL || (call_parse_number(text, strlen(text), out) && *out <= max)) {
                return true;
        }
        call_fail(call, HTTP_BADREQUEST, "%s must be a number from 0 to %llu", name, (unsigned long long)max);
        return false;
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

/** Can the parameters be decoded? libevent leaves a stray % as it is, and ends a value at %00. */
static bool is_well_encoded(const char *query)
{
        static const char hex[] = "0123456789abcdefABCDEF";
        for (const char *p = strchr(query, '%'); p != NULL; p = strchr(p + 1, '%')) {
                if (strspn(p + 1, hex) < 2 || (p[1] == '0' && p[2] == '0')) {
                        return false;
                }
        }
        return true;
}

/** A call with the parameters in @p query, which may be NULL. @return NULL if out of memory. */
static struct call *create(struct admin_context *a, const char *query)
{
        struct call *call = prof_calloc(STAGE_ADMIN, 1, sizeof *call);
        if (call == NULL) {
                return NULL;
        }
        call->admin = a;
        TAILQ_INIT(&call->query);
        if (query != NULL) {
                call->garbled = !is_well_encoded(query) || evhttp_parse_query_str(query, &call->query) != 0;
        }
        const char *format = call_param(call, "format");
        call->json = format != NULL && strcmp(format, "json") == 0;
        call->out = open_memstream(&call->body, &call->body_len);
        if (call->out == NULL) {
                discard(call);
                return NULL;
        }
        return call;
}

struct call *call_new(struct admin_context *a, struct evhttp_request *request)
{
        struct call *call = create(a, evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request)));
        if (call != NULL) {
                const char *accept = evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
                call->request = request;
                call->html = !call->json && accept != NULL && strstr(accept, "text/html") != NULL;
                watch(call);
        }
        return call;
}

struct call *call_new_inner(struct admin_context *a, const char *query,
                            void (*taken)(void *arg, int code, struct span body), void *arg)
{
        struct call *call = create(a, query);
        if (call != NULL) {
                call->taken = taken;
                call->taken_arg = arg;
        }
        return call;
}
