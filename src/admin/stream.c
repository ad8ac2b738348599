/* GET /records/stream: the journal, followed. A reader that is too slow misses records, and a gap record says so. */
#include "admin/call.h"

#include "profile/prof.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

enum { POLL_MS = 50, BACKLOG_MAX = 1024 * 1024, BATCH_BYTES = 256 * 1024 };

struct stream {
        struct stream *next;
        struct stream **link_here;
        struct admin *admin;
        struct evhttp_request *request;
        struct event *timer;
        struct evbuffer *chunk;
        uint64_t cursor;
        enum format format;
        uint8_t *room;
        size_t room_size;
};

static void discard(struct stream *s)
{
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        if (s->timer != NULL) {
                event_free(s->timer);
        }
        if (s->chunk != NULL) {
                evbuffer_free(s->chunk);
        }
        prof_free(s->room);
        prof_free(s);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct stream *s = arg;
        struct evhttp_request *request = s->request;
        (void)connection;
        discard(s);
        if (evhttp_request_get_connection(request) == NULL) {
                evhttp_send_reply_end(request); /* libevent has let go of it: this frees it */
        }
}

static size_t backlog(const struct stream *s)
{
        struct evhttp_connection *connection = evhttp_request_get_connection(s->request);
        return evbuffer_get_length(bufferevent_get_output(evhttp_connection_get_bufferevent(connection)));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct stream *s = arg;
        bool more = true;
        (void)fd;
        (void)what;
        while (more && backlog(s) < BACKLOG_MAX && evbuffer_get_length(s->chunk) < BATCH_BYTES) {
                struct writer w = writer_over(s->room, s->room_size);
                more = journal_recent(s->admin->journal, &s->cursor, s->format, &w);
                if (w.at > 0 && evbuffer_add(s->chunk, s->room, w.at) != 0) {
                        break;
                }
        }
        if (evbuffer_get_length(s->chunk) > 0) {
                evhttp_send_reply_chunk(s->request, s->chunk);
        }
}

void stream_start(struct call *call)
{
        static const struct timeval interval = {0, POLL_MS * 1000};
        struct admin *a = call->admin;
        const char *color = call_param(call, "color");
        struct stream *s = prof_calloc(STAGE_ADMIN, 1, sizeof *s);
        if (s == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        s->admin = a;
        s->format = call->json ? FORMAT_JSON : color != NULL ? FORMAT_TEXT_COLOR : FORMAT_TEXT;
        uint64_t last = journal_recent_last(a->journal);
        uint64_t n;
        (void)call_number(call, "n", 0, &n); /* how many recent ones first */
        s->cursor = last > n ? last - n : 0;
        s->room_size = 8 * (size_t)a->settings->log.recent_bytes + 64 * 1024;
        s->room = prof_alloc(STAGE_ADMIN, s->room_size);
        s->timer = event_new(a->base, -1, EV_PERSIST, on_timer, s);
        s->chunk = evbuffer_new();
        s->next = a->streams;
        s->link_here = &a->streams;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        a->streams = s;
        if (s->room == NULL || s->timer == NULL || s->chunk == NULL || event_add(s->timer, &interval) != 0) {
                discard(s);
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        bool json = call->json;
        s->request = call_take(call);
        struct evkeyvalq *headers = evhttp_request_get_output_headers(s->request);
        (void)evhttp_add_header(headers, "Content-Type",
                                json ? "application/x-ndjson" : "text/plain; charset=utf-8");
        (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
        (void)evhttp_add_header(headers, "Cache-Control", "no-store");
        evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), on_gone, s);
        evhttp_connection_set_timeout(evhttp_request_get_connection(s->request), 24 * 3600);
        evhttp_send_reply_start(s->request, HTTP_OK, "OK");
}

void stream_end_all(struct admin *a)
{
        while (a->streams != NULL) {
                struct stream *s = a->streams;
                evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), NULL, NULL);
                evhttp_send_reply_end(s->request);
                discard(s);
        }
}
