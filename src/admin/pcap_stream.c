/* Packets as they are recorded, as a capture file that does not end: of all sessions, of one, or of those with a record that a filter lets
 * pass. The workers are asked for news several times a second: recording costs no more than without a reader. What the recorder has
 * replaced by then is reported in the file as dropped packets. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "capture/session_pcap.h"
#include "profile/heap/prof.h"
#include "tap/tap_copy.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>

enum {
        STREAMS_MAX = 4,
        TURN_US = 200000,
        BUCKETS = 1024,
        FLOWS_MAX =
            65536, /* sessions of a stream that are followed or remembered; further ones are not written */
        PATIENCE_S = 60,
        BACKLOG_MAX_BYTES = 1 << 20, /* with more, the client has to read before it gets more */
};

/** A session of a stream. */
struct flow {
        struct flow *next;
        uint64_t conn_id;
        uint64_t seen; /* packets */
        bool done;
        struct session_pcap *pcap; /* NULL = not begun, or done */
};

struct pcap_stream {
        struct pcap_stream *next;
        struct pcap_stream **link_here;
        struct admin_context *admin;
        struct evhttp_request *request; /* NULL = it has ended */
        struct event *timer;
        struct filter *filter;  /* NULL = all sessions, or one */
        uint64_t record_cursor; /* the filter has seen the records up to here */
        uint64_t session;       /* the only one; 0 = there are others */
        bool is_asking;         /* the workers look at it: it must not change */
        struct evbuffer *chunk;
        struct pcapng out;
        struct proxy_news news;
        unsigned n_flows;
        struct flow *flows[BUCKETS];
};

/* --- sessions ------------------------------------------------------------------------------------------------------- */

static struct flow *find(const struct pcap_stream *s, uint64_t conn_id)
{
        struct flow *flow = s->flows[conn_id % BUCKETS];
        while (flow != NULL && flow->conn_id != conn_id) {
                flow = flow->next;
        }
        return flow;
}

/** @return NULL if there are too many, or memory is out. */
static struct flow *find_or_add(struct pcap_stream *s, uint64_t conn_id)
{
        struct flow *flow = find(s, conn_id);
        if (flow != NULL || s->n_flows >= FLOWS_MAX) {
                return flow;
        }
        flow = prof_calloc(STAGE_ADMIN, 1, sizeof *flow);
        if (flow != NULL) {
                flow->conn_id = conn_id;
                flow->next = s->flows[conn_id % BUCKETS];
                s->flows[conn_id % BUCKETS] = flow;
                s->n_flows++;
        }
        return flow;
}

static void remove_flow(struct pcap_stream *s, uint64_t conn_id)
{
        struct flow **here = &s->flows[conn_id % BUCKETS];
        while ((*here)->conn_id != conn_id) {
                here = &(*here)->next;
        }
        struct flow *flow = *here;
        *here = flow->next;
        s->n_flows--;
        prof_free(flow);
}

/** For struct tap_wanted, on the workers' threads. */
static uint64_t seen(const void *arg, uint64_t conn_id)
{
        const struct pcap_stream *s = arg;
        const struct flow *flow = find(s, conn_id);
        if (flow != NULL) {
                return flow->done ? UINT64_MAX : flow->seen;
        }
        return s->filter == NULL && s->session == 0 ? 0 : UINT64_MAX;
}

static void see_record(void *arg, const struct recent_item *item)
{
        struct pcap_stream *s = arg;
        if (item->record != NULL && item->record->conn_id != 0 && filter_pass(s->filter, item->record)) {
                (void)find_or_add(s, item->record->conn_id);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void discard(struct pcap_stream *s)
{
        for (size_t i = 0; i < BUCKETS; i++) {
                while (s->flows[i] != NULL) {
                        prof_free(s->flows[i]->pcap);
                        remove_flow(s, s->flows[i]->conn_id);
                }
        }
        if (s->chunk != NULL) {
                evbuffer_free(s->chunk);
        }
        filter_free(s->filter);
        prof_free(s);
}

/** Nothing more is sent: free it, or let the answer of the workers do so. */
static void leave(struct pcap_stream *s)
{
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        s->admin->n_pcap_streams--;
        if (s->timer != NULL) {
                event_free(s->timer);
        }
        s->request = NULL;
        if (!s->is_asking) {
                discard(s);
        }
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct pcap_stream *s = arg;
        (void)connection;
        call_let_go(s->request);
        leave(s);
}

static void finish(struct pcap_stream *s)
{
        struct evhttp_request *request = s->request;
        evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
        evhttp_send_reply_end(request);
        leave(s);
}

void pcap_end_streams(struct admin_context *a)
{
        while (a->pcap_streams != NULL) {
                finish(a->pcap_streams);
        }
}

/* --- sending ------------------------------------------------------------------------------------------------------------- */

static bool put(void *arg, struct span bytes)
{
        struct pcap_stream *s = arg;
        return evbuffer_add(s->chunk, bytes.data, bytes.len) == 0;
}

/** For struct proxy_news: a session has new packets. */
static void on_copy(void *arg, const struct tap_copy *copy)
{
        struct pcap_stream *s = arg;
        struct flow *flow = s->request != NULL ? find_or_add(s, tap_copy_conn_id(copy)) : NULL;
        if (flow != NULL && flow->pcap == NULL && !flow->done) {
                flow->pcap = prof_alloc(STAGE_ADMIN, sizeof *flow->pcap);
        }
        if (flow == NULL || flow->pcap == NULL) {
                return;
        }
        tap_copy_continue(copy, flow->pcap, &flow->seen, &s->out);
        if (tap_copy_has_ended(copy)) {
                prof_free(flow->pcap);
                flow->pcap = NULL;
                flow->done = true;
                if (s->news.only_new_ends) {
                        remove_flow(s, flow->conn_id);
                }
        }
}

/** For struct proxy_news: that was all. */
static void on_done(void *arg)
{
        struct pcap_stream *s = arg;
        s->is_asking = false;
        if (s->request == NULL) {
                discard(s);
                return;
        }
        if (evbuffer_get_length(s->chunk) > 0) {
                evhttp_send_reply_chunk(s->request, s->chunk);
        }
        const struct flow *only = s->session != 0 ? find(s, s->session) : NULL;
        if (s->out.failed || (only != NULL && only->done)) {
                finish(s); /* out of memory: half a block may have been sent */
        }
}

static void ask(struct pcap_stream *s)
{
        struct bufferevent *pipe =
            evhttp_connection_get_bufferevent(evhttp_request_get_connection(s->request));
        if (s->is_asking || evbuffer_get_length(bufferevent_get_output(pipe)) > BACKLOG_MAX_BYTES) {
                return;
        }
        while (s->filter != NULL && journal_visit(s->admin->journal, &s->record_cursor, see_record, s)) {
        }
        s->is_asking = proxy_ask_news(s->admin->proxy, &s->news, s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        (void)fd;
        (void)what;
        ask(arg);
}

/* --- the beginning ---------------------------------------------------------------------------------------------------- */

static bool read_filter(struct call *call, struct filter **filter)
{
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec = {.text = {[FILTER_EXPRESSION] = call_param(call, "q")}};
        enum status status = filter_new(&spec, filter, error);
        if (status != STATUS_OK) {
                call_fail(call, status == STATUS_INVALID ? HTTP_BADREQUEST : HTTP_SERVUNAVAIL, "%s", error);
        }
        return status == STATUS_OK;
}

/** Link a new stream; it takes over @p filter. @return NULL if memory is out. */
static struct pcap_stream *new_stream(struct admin_context *a, struct filter *filter, uint64_t session)
{
        static const struct timeval turn = {0, TURN_US};
        struct pcap_stream *s = prof_calloc(STAGE_ADMIN, 1, sizeof *s);
        if (s == NULL) {
                filter_free(filter);
                return NULL;
        }
        s->admin = a;
        s->filter = filter;
        s->session = session;
        s->record_cursor = journal_recent_last(a->journal);
        s->out = (struct pcapng){.put = put, .arg = s};
        s->news.wanted = (struct tap_wanted){s, seen};
        s->news.only_new_ends = filter == NULL && session == 0;
        s->news.each = on_copy;
        s->news.done = on_done;
        for (size_t i = 0; i < PROXY_WORKERS_MAX; i++) {
                s->news.ends[i] = s->news.only_new_ends ? UINT64_MAX : 0;
        }
        s->next = a->pcap_streams;
        s->link_here = &a->pcap_streams;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        a->pcap_streams = s;
        a->n_pcap_streams++;
        s->chunk = evbuffer_new();
        s->timer = event_new(a->base, -1, EV_PERSIST, on_timer, s);
        if (s->chunk == NULL || s->timer == NULL || event_add(s->timer, &turn) != 0 ||
            (session != 0 && find_or_add(s, session) == NULL)) {
                leave(s);
                return NULL;
        }
        return s;
}

/** @return false if the stream can't be; then the call was answered. */
static bool is_possible(struct call *call, uint64_t session)
{
        struct admin_context *a = call->admin;
        if (a->settings->capture.bytes == 0) {
                call_fail(call, HTTP_NOTFOUND, "packets are not captured: the setting capture.bytes is 0");
        } else if (a->n_pcap_streams >= STREAMS_MAX) {
                call_fail(call, HTTP_SERVUNAVAIL, "there are already %u streams of packets, the maximum",
                          a->n_pcap_streams);
        } else if (session > proxy_counts(a->proxy).accepted) {
                call_fail(call, HTTP_NOTFOUND, "there is no session %" PRIu64, session);
        } else {
                return true;
        }
        return false;
}

void handle_pcap_stream(struct call *call)
{
        static const char type[] = "application/x-pcapng";
        static const struct timeval patience = {PATIENCE_S, 0};
        struct admin_context *a = call->admin;
        struct filter *filter = NULL;
        uint64_t session;
        if (!call_number(call, "session", UINT64_MAX, 0, &session) || !is_possible(call, session) ||
            !read_filter(call, &filter)) {
                return;
        }
        if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD) {
                filter_free(filter);
                call_reply(call, HTTP_OK, type); /* only the headers */
                return;
        }
        struct pcap_stream *s = new_stream(a, filter, session);
        if (s == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        call_headers(call, HTTP_OK, type);
        s->request = call_take(call);
        struct evhttp_connection *connection = evhttp_request_get_connection(s->request);
        evhttp_connection_set_closecb(connection, on_gone, s);
        bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), NULL, &patience);
        evhttp_send_reply_start(s->request, HTTP_OK, "OK");
        tap_copy_head(span_str(proxy_listen_addr(a->proxy)), &s->out);
        evhttp_send_reply_chunk(s->request, s->chunk);
        ask(s); /* at once, so that sessions that end from now on are new ones */
}
