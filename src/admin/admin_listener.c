#include "admin/admin_listener.h"

#include "base/clock.h"
#include "base/diag.h"
#include "profile/heap/prof.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
        UNREAD_MAX_BYTES = 256 * 1024, /* that a client may send before its reply is complete */
        BACKLOG = 1024,
        TICK_S = 1,
        TURNS_MAX = 16,           /* clients that are rejected in one callback */
        IDLE_S = 1,               /* then a connection without a request may be closed for a new client */
        READER_S = 60,            /* in which a client must read … */
        READER_BYTES = 16 * 1024, /* … this much, or all there is */
        REPORT_INTERVAL_S = 60,
        DRAIN_TURN_MS = 5,
};

enum admin_listener_state { LISTENER_CLOSED, LISTENER_OPEN, LISTENER_FULL, LISTENER_PAUSED };

/** A connection. It keeps a reference to the bufferevent: when libevent frees the connection, that has no callbacks any more. */
struct connection {
        struct connection *next;
        struct bufferevent *bev;
        struct evbuffer_cb_entry *drain;
        bool is_answered;    /* a request is complete, and its reply is not sent yet */
        uint64_t since_ns;   /* when it became idle */
        uint64_t taken;      /* bytes of replies that were sent */
        uint64_t look_ns;    /* when the current READER_S began … */
        uint64_t look_taken; /* … and `taken` at that time */
};

struct admin_listener {
        struct event_base *base;
        struct evhttp *http;
        struct evconnlistener *listener; /* owned by http unless CLOSED */
        enum admin_listener_state state;
        struct event *waiting; /* while FULL: a client waits to be accepted */
        struct event *resume;
        struct event *tick;
        struct connection *connections; /* newest first */
        unsigned n;
        unsigned max;
        uint64_t reported_ns;      /* when a failed accept was reported; 0 = never */
        uint64_t full_reported_ns; /* when FULL was reported */
        struct admin_listener_counts counts;
        struct admin_listener *next; /* in all_listeners */
};

/** libevent passes evhttp's argument, not ours, to the callback for failed accepts: the listener is looked up here. */
static struct admin_listener *all_listeners;

static struct admin_listener *find_listener(const struct evconnlistener *listener)
{
        struct admin_listener *l = all_listeners;
        while (l != NULL && l->listener != listener) {
                l = l->next;
        }
        return l;
}

/* --- connections --------------------------------------------------------------------------------------------------------- */

static void on_drain(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
        struct connection *c = arg;
        (void)buffer;
        c->taken += info->n_deleted;
}

/** Whether libevent has freed the connection. */
static bool is_gone(const struct connection *c)
{
        bufferevent_data_cb on_read;
        bufferevent_data_cb on_write;
        bufferevent_event_cb on_event;
        void *arg;
        bufferevent_getcb(c->bev, &on_read, &on_write, &on_event, &arg);
        return on_event == NULL;
}

static void forget(struct connection *c)
{
        (void)evbuffer_remove_cb_entry(bufferevent_get_output(c->bev), c->drain);
        (void)bufferevent_decref(c->bev); /* closes its socket */
        prof_free(c);
}

/** Remove the connections that libevent has freed, or, if @p all, every connection. */
static void sweep(struct admin_listener *l, bool all)
{
        struct connection **at = &l->connections;
        while (*at != NULL) {
                struct connection *c = *at;
                if (all || is_gone(c)) {
                        *at = c->next;
                        forget(c);
                        l->n--;
                } else {
                        at = &c->next;
                }
        }
}

/** Close a connection as libevent closes one that timed out. */
static void time_out(struct admin_listener *l, const struct connection *c, short what)
{
        l->counts.timed_out++;
        bufferevent_trigger_event(c->bev, (short)(BEV_EVENT_TIMEOUT | what), 0);
}

/** Write as much as the socket takes. @return whether nothing is left, or can be written any more. */
static bool drain(struct connection *c)
{
        struct evbuffer *out = bufferevent_get_output(c->bev);
        int fd = bufferevent_getfd(c->bev);
        if (fd < 0 || evbuffer_get_length(out) == 0) {
                return true;
        }
        (void)evbuffer_unfreeze(out, 1); /* only the bufferevent takes bytes away otherwise */
        int n = evbuffer_write(out, fd);
        bool is_open = n >= 0 || errno == EAGAIN;
        (void)evbuffer_freeze(out, 1);
        return !is_open || evbuffer_get_length(out) == 0;
}

bool admin_listener_drain(struct admin_listener *l, unsigned ms)
{
        uint64_t until_ns = clock_mono_ns() + ms * CLOCK_MS_NS;
        for (;;) {
                int waits = -1;
                for (struct connection *c = l->connections; c != NULL; c = c->next) {
                        waits = drain(c) ? waits : bufferevent_getfd(c->bev);
                }
                if (waits < 0 || clock_mono_ns() >= until_ns) {
                        return waits < 0;
                }
                struct pollfd p = {.fd = waits, .events = POLLOUT};
                (void)poll(&p, 1, DRAIN_TURN_MS); /* another one may be ready earlier */
        }
}

/** Whether the client had READER_S to read what waits for it, and read less than READER_BYTES. */
static bool is_stuck(struct connection *c, uint64_t now_ns)
{
        size_t waits = evbuffer_get_length(bufferevent_get_output(c->bev));
        bool is_time = now_ns - c->look_ns >= READER_S * CLOCK_S_NS;
        bool is_slow = waits > 0 && c->taken - c->look_taken < READER_BYTES;
        if (waits == 0 || is_time) {
                c->look_ns = now_ns;
                c->look_taken = c->taken;
        }
        return is_time && is_slow;
}

/** The connection that has been idle longest, if that is at least IDLE_S; NULL if there is none. */
static const struct connection *idlest(const struct admin_listener *l)
{
        const struct connection *found = NULL;
        uint64_t until_ns = clock_mono_ns() - IDLE_S * CLOCK_S_NS;
        for (const struct connection *c = l->connections; c != NULL; c = c->next) {
                if (!c->is_answered && !is_gone(c) && c->since_ns <= until_ns) {
                        found = c;
                        until_ns = c->since_ns;
                }
        }
        return found;
}

static void on_answered(struct evhttp_request *request, void *arg)
{
        struct connection *c = arg;
        (void)request;
        c->is_answered = false;
        c->since_ns = clock_mono_ns();
}

void admin_listener_on_request(struct admin_listener *l, struct evhttp_request *request)
{
        const struct bufferevent *bev =
            evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
        struct connection *c = l->connections;
        while (c != NULL && c->bev != bev) {
                c = c->next;
        }
        if (c != NULL) {
                c->is_answered = true;
                c->look_ns = clock_mono_ns();
                c->look_taken = c->taken;
                evhttp_request_set_on_complete_cb(request, on_answered, c);
        }
}

/* --- states --------------------------------------------------------------------------------------------------------- */

static void enter(struct admin_listener *l, enum admin_listener_state state)
{
        static const struct timeval pause = {TICK_S, 0};
        l->state = state;
        if (state == LISTENER_OPEN) {
                (void)evconnlistener_enable(l->listener);
        } else {
                (void)evconnlistener_disable(l->listener);
        }
        if (state == LISTENER_FULL) {
                (void)event_add(l->waiting, NULL);
        } else {
                (void)event_del(l->waiting);
        }
        if (state == LISTENER_PAUSED) {
                (void)event_add(l->resume, &pause);
        }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin_listener *l = arg;
        (void)fd;
        (void)what;
        sweep(l, false);
        enter(l, l->n < l->max ? LISTENER_OPEN : LISTENER_FULL);
}

static bool is_due(uint64_t *reported_ns)
{
        uint64_t now_ns = clock_mono_ns();
        if (*reported_ns != 0 && now_ns - *reported_ns < REPORT_INTERVAL_S * CLOCK_S_NS) {
                return false;
        }
        *reported_ns = now_ns;
        return true;
}

/** Accepting failed, most likely because no file descriptor is left: wait, so that this is not called again at once. */
static void pause_accepting(struct admin_listener *l, int error)
{
        l->counts.accept_errors++;
        if (is_due(&l->reported_ns)) {
                diag(DIAG_WARNING,
                     "the admin port can't accept a connection: %s; retrying every second (reported once a "
                     "minute)",
                     strerror(error));
        }
        sweep(l, false);
        enter(l, LISTENER_PAUSED);
}

static void on_accept_error(struct evconnlistener *listener, void *http)
{
        PROF_SCOPE(STAGE_ADMIN);
        int error = errno;
        struct admin_listener *l = find_listener(listener);
        (void)http;
        if (l != NULL) {
                pause_accepting(l, error);
        }
}

/* --- newcomers ------------------------------------------------------------------------------------------------------ */

/** Read what has arrived of the request first: closing a socket with unread bytes would reset it, and the answer would be lost. */
static void reject(struct admin_listener *l, int fd)
{
        static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Connection: close\r\n\r\n"
                                     "the admin port serves as many connections as it may "
                                     "(limits.admin_connections)\n";
        char asked[4096];
        (void)recv(fd, asked, sizeof asked, MSG_DONTWAIT);
        (void)send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
        l->counts.turned_away++;
        if (is_due(&l->full_reported_ns)) {
                diag(DIAG_WARNING,
                     "the admin port rejects connections: %u are open (limits.admin_connections; reported "
                     "once a minute)",
                     l->n);
        }
}

static void on_waiting(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin_listener *l = arg;
        (void)what;
        sweep(l, false);
        const struct connection *idle = l->n >= l->max ? idlest(l) : NULL;
        if (idle != NULL) {
                time_out(l, idle, BEV_EVENT_READING);
                sweep(l, false);
        }
        if (l->n < l->max) {
                enter(l, LISTENER_OPEN);
                return;
        }
        for (int i = 0; i < TURNS_MAX; i++) {
                int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client >= 0) {
                        reject(l, client);
                } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                        pause_accepting(l, errno);
                        return;
                } else {
                        return;
                }
        }
}

/** evhttp has accepted a connection. Where this returns NULL, evhttp creates a bufferevent that does not close the socket. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin_listener *l = arg;
        struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
        struct connection *c = bev != NULL ? prof_calloc(STAGE_ADMIN, 1, sizeof *c) : NULL;
        if (c == NULL) {
                return bev;
        }
        /* while a reply is being sent libevent keeps reading, to notice a close, and discards nothing */
        bufferevent_setwatermark(bev, EV_READ, 0, UNREAD_MAX_BYTES);
        c->drain = evbuffer_add_cb(bufferevent_get_output(bev), on_drain, c);
        if (c->drain == NULL) {
                prof_free(c);
                return bev;
        }
        bufferevent_incref(bev);
        sweep(l, false);
        *c = (struct connection){
            .next = l->connections, .bev = bev, .drain = c->drain, .since_ns = clock_mono_ns()};
        l->connections = c;
        l->n++;
        if (l->n >= l->max) {
                enter(l, LISTENER_FULL);
        }
        return bev;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin_listener *l = arg;
        uint64_t now_ns = clock_mono_ns();
        (void)fd;
        (void)what;
        for (struct connection *c = l->connections; c != NULL; c = c->next) {
                if (is_gone(c)) {
                        continue;
                }
                if (!c->is_answered && now_ns - c->since_ns >= ADMIN_LISTENER_TIMEOUT_S * CLOCK_S_NS) {
                        time_out(l, c, BEV_EVENT_READING);
                } else if (c->is_answered && is_stuck(c, now_ns)) {
                        time_out(l, c, BEV_EVENT_WRITING);
                }
        }
        sweep(l, false);
        if (l->state == LISTENER_FULL && l->n < l->max) {
                enter(l, LISTENER_OPEN);
        }
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

struct admin_listener *admin_listener_new(struct event_base *base, struct evhttp *http, unsigned max)
{
        static const struct timeval interval = {TICK_S, 0};
        struct admin_listener *l = prof_calloc(STAGE_ADMIN, 1, sizeof *l);
        if (l == NULL) {
                evhttp_free(http);
                return NULL;
        }
        *l = (struct admin_listener){.base = base, .http = http, .max = max, .next = all_listeners};
        all_listeners = l;
        l->resume = event_new(base, -1, 0, on_resume, l);
        l->tick = event_new(base, -1, EV_PERSIST, on_tick, l);
        if (l->resume == NULL || l->tick == NULL || event_add(l->tick, &interval) != 0) {
                admin_listener_free(l);
                return NULL;
        }
        evhttp_set_bevcb(http, on_connection, l);
        return l;
}

enum status admin_listener_open(struct admin_listener *l, const struct sockaddr *where, socklen_t len,
                                int inherited)
{
        const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
        /* a listener of our own, to handle failed accepts: evhttp would retry at once, for ever */
        l->listener = inherited >= 0
                          ? evconnlistener_new(l->base, NULL, NULL, flags, 0, inherited)
                          : evconnlistener_new_bind(l->base, NULL, NULL, flags, BACKLOG, where, (int)len);
        if (l->listener == NULL) {
                return STATUS_IO;
        }
        evconnlistener_set_error_cb(l->listener, on_accept_error);
        l->waiting =
            event_new(l->base, evconnlistener_get_fd(l->listener), EV_READ | EV_PERSIST, on_waiting, l);
        if (l->waiting == NULL || evhttp_bind_listener(l->http, l->listener) == NULL) {
                return STATUS_NOMEM;
        }
        enter(l, LISTENER_OPEN);
        return STATUS_OK;
}

void admin_listener_free(struct admin_listener *l)
{
        if (l == NULL) {
                return;
        }
        struct admin_listener **at = &all_listeners;
        while (*at != l) {
                at = &(*at)->next;
        }
        *at = l->next;
        if (l->waiting != NULL) {
                event_free(l->waiting); /* before its socket is closed */
        }
        evhttp_free(l->http); /* frees its listener and its connections too */
        sweep(l, true);
        if (l->listener != NULL && l->state == LISTENER_CLOSED) {
                evconnlistener_free(l->listener);
        }
        if (l->resume != NULL) {
                event_free(l->resume);
        }
        if (l->tick != NULL) {
                event_free(l->tick);
        }
        prof_free(l);
}

int admin_listener_fd(const struct admin_listener *l)
{
        return evconnlistener_get_fd(l->listener);
}

struct admin_listener_counts admin_listener_counts(const struct admin_listener *l)
{
        struct admin_listener_counts counts = l->counts;
        counts.connections = 0;
        for (const struct connection *c = l->connections; c != NULL; c = c->next) {
                counts.connections += is_gone(c) ? 0 : 1;
        }
        return counts;
}
