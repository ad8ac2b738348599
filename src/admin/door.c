#include "admin/door.h"

#include "admin/call.h"
#include "base/clock.h"
#include "base/diag.h"
#include "profile/prof.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <string.h>
#include <unistd.h>

enum {
        UNREAD_MAX_BYTES = 256 * 1024, /* from a client that sends on without being asked */
        BACKLOG = 1024,
        TICK_S = 1,
        TURNS_MAX = 16,           /* newcomers that are turned away before others get their turn */
        IDLE_S = 1,               /* after it, a connection without a request may lose its place */
        READER_S = 60,            /* for a reader to take … */
        READER_BYTES = 16 * 1024, /* … so much, if so much waits */
        SAY_AGAIN_S = 60,
};

enum door_state { DOOR_CLOSED, DOOR_OPEN, DOOR_FULL, DOOR_PAUSED };

/** A connection. We hold a reference to libevent's part of it: where libevent has let go, its callbacks are gone. */
struct guest {
        struct guest *next;
        struct bufferevent *bev;
        struct evbuffer_cb_entry *drain;
        bool is_answered;    /* a request came whole, and its reply is not out yet */
        uint64_t since_ns;   /* it has been without a request */
        uint64_t taken;      /* bytes of replies that went */
        uint64_t look_ns;    /* when the reader was looked at … */
        uint64_t look_taken; /* … what had gone by then */
};

struct door {
        struct event_base *base;
        struct evhttp *http;
        struct evconnlistener *listener; /* http's, once it is serving */
        bool serving;
        enum door_state state;
        struct event *newcomer; /* while FULL: somebody waits at the listener */
        struct event *resume;
        struct event *tick;
        struct guest *guests; /* the newest first */
        unsigned n;
        unsigned max;
        uint64_t said_ns;      /* when failed accepts were said; 0 = never */
        uint64_t full_said_ns; /* … that it is full */
        struct door_counts counts;
        struct door *next; /* of all */
};

/** libevent hands the callback of failed accepts what evhttp has set for its own use. The listener tells whose it is. */
static struct door *all_doors;

static struct door *door_of(const struct evconnlistener *listener)
{
        struct door *d = all_doors;
        while (d != NULL && d->listener != listener) {
                d = d->next;
        }
        return d;
}

/* --- guests --------------------------------------------------------------------------------------------------------- */

static void on_drain(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
        struct guest *g = arg;
        (void)buffer;
        g->taken += info->n_deleted;
}

/** Whether libevent has freed the connection. */
static bool is_gone(const struct guest *g)
{
        bufferevent_data_cb on_read;
        bufferevent_data_cb on_write;
        bufferevent_event_cb on_event;
        void *arg;
        bufferevent_getcb(g->bev, &on_read, &on_write, &on_event, &arg);
        return on_event == NULL;
}

static void forget(struct guest *g)
{
        (void)evbuffer_remove_cb_entry(bufferevent_get_output(g->bev), g->drain);
        (void)bufferevent_decref(g->bev); /* closes its socket */
        prof_free(g);
}

/** Let go of those that are gone; of all, if @p all. */
static void sweep(struct door *d, bool all)
{
        struct guest **at = &d->guests;
        while (*at != NULL) {
                struct guest *g = *at;
                if (all || is_gone(g)) {
                        *at = g->next;
                        forget(g);
                        d->n--;
                } else {
                        at = &g->next;
                }
        }
}

/** End a connection as libevent ends one that times out. */
static void send_off(struct door *d, const struct guest *g, short what)
{
        d->counts.timed_out++;
        bufferevent_trigger_event(g->bev, (short)(BEV_EVENT_TIMEOUT | what), 0);
}

/** Has its reader had its time, and took next to nothing of what waits? */
static bool is_stuck(struct guest *g, uint64_t now_ns)
{
        size_t waits = evbuffer_get_length(bufferevent_get_output(g->bev));
        bool is_time = now_ns - g->look_ns >= READER_S * CLOCK_S_NS;
        bool is_slow = waits > 0 && g->taken - g->look_taken < READER_BYTES;
        if (waits == 0 || is_time) {
                g->look_ns = now_ns;
                g->look_taken = g->taken;
        }
        return is_time && is_slow;
}

/** The one that has been without a request for the longest time, and long enough. NULL = none. */
static const struct guest *idlest(const struct door *d)
{
        const struct guest *found = NULL;
        uint64_t until_ns = clock_mono_ns() - IDLE_S * CLOCK_S_NS;
        for (const struct guest *g = d->guests; g != NULL; g = g->next) {
                if (!g->is_answered && !is_gone(g) && g->since_ns <= until_ns) {
                        found = g;
                        until_ns = g->since_ns;
                }
        }
        return found;
}

static void on_answered(struct evhttp_request *request, void *arg)
{
        struct guest *g = arg;
        (void)request;
        g->is_answered = false;
        g->since_ns = clock_mono_ns();
}

void door_on_request(struct door *d, struct evhttp_request *request)
{
        const struct bufferevent *bev =
            evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
        struct guest *g = d->guests;
        while (g != NULL && g->bev != bev) {
                g = g->next;
        }
        if (g != NULL) {
                g->is_answered = true;
                g->look_ns = clock_mono_ns();
                g->look_taken = g->taken;
                evhttp_request_set_on_complete_cb(request, on_answered, g);
        }
}

/* --- states --------------------------------------------------------------------------------------------------------- */

static void enter(struct door *d, enum door_state state)
{
        static const struct timeval pause = {TICK_S, 0};
        d->state = state;
        if (state == DOOR_OPEN) {
                (void)evconnlistener_enable(d->listener);
        } else {
                (void)evconnlistener_disable(d->listener);
        }
        if (state == DOOR_FULL) {
                (void)event_add(d->newcomer, NULL);
        } else {
                (void)event_del(d->newcomer);
        }
        if (state == DOOR_PAUSED) {
                (void)event_add(d->resume, &pause);
        }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct door *d = arg;
        (void)fd;
        (void)what;
        sweep(d, false);
        enter(d, d->n < d->max ? DOOR_OPEN : DOOR_FULL);
}

static bool is_due(uint64_t *said_ns)
{
        uint64_t now_ns = clock_mono_ns();
        if (*said_ns != 0 && now_ns - *said_ns < SAY_AGAIN_S * CLOCK_S_NS) {
                return false;
        }
        *said_ns = now_ns;
        return true;
}

/** Out of file descriptors, most likely: wait, rather than be called again at once and for ever. */
static void pause_accepting(struct door *d, int error)
{
        d->counts.accept_errors++;
        if (is_due(&d->said_ns)) {
                diag(DIAG_WARNING,
                     "the admin port can't accept a connection: %s; trying again every second (said once a "
                     "minute)",
                     strerror(error));
        }
        sweep(d, false);
        enter(d, DOOR_PAUSED);
}

static void on_accept_error(struct evconnlistener *listener, void *http)
{
        PROF_SCOPE(STAGE_ADMIN);
        int error = errno;
        struct door *d = door_of(listener);
        (void)http;
        if (d != NULL) {
                pause_accepting(d, error);
        }
}

/* --- newcomers ------------------------------------------------------------------------------------------------------ */

/** What it has asked by now is taken out first, for closing with bytes unread would take the answer back. */
static void turn_away(struct door *d, int fd)
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
        d->counts.turned_away++;
        if (is_due(&d->full_said_ns)) {
                diag(DIAG_WARNING,
                     "the admin port turns connections away: %u are open (limits.admin_connections; said "
                     "once a minute)",
                     d->n);
        }
}

static void on_newcomer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct door *d = arg;
        (void)what;
        sweep(d, false);
        const struct guest *idle = d->n >= d->max ? idlest(d) : NULL;
        if (idle != NULL) {
                send_off(d, idle, BEV_EVENT_READING);
                sweep(d, false);
        }
        if (d->n < d->max) {
                enter(d, DOOR_OPEN);
                return;
        }
        for (int i = 0; i < TURNS_MAX; i++) {
                int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client >= 0) {
                        turn_away(d, client);
                } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                        pause_accepting(d, errno);
                        return;
                } else {
                        return;
                }
        }
}

/** evhttp has accepted a connection. If this gives none, it makes one of its own, which closes nothing when it ends. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct door *d = arg;
        struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
        struct guest *g = bev != NULL ? prof_calloc(STAGE_ADMIN, 1, sizeof *g) : NULL;
        if (g == NULL) {
                return bev;
        }
        /* while a reply is under way libevent reads on, to see a close, and looks at nothing */
        bufferevent_setwatermark(bev, EV_READ, 0, UNREAD_MAX_BYTES);
        g->drain = evbuffer_add_cb(bufferevent_get_output(bev), on_drain, g);
        if (g->drain == NULL) {
                prof_free(g);
                return bev;
        }
        bufferevent_incref(bev);
        sweep(d, false);
        *g = (struct guest){.next = d->guests, .bev = bev, .drain = g->drain, .since_ns = clock_mono_ns()};
        d->guests = g;
        d->n++;
        if (d->n >= d->max) {
                enter(d, DOOR_FULL);
        }
        return bev;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct door *d = arg;
        uint64_t now_ns = clock_mono_ns();
        (void)fd;
        (void)what;
        for (struct guest *g = d->guests; g != NULL; g = g->next) {
                if (is_gone(g)) {
                        continue;
                }
                if (!g->is_answered && now_ns - g->since_ns >= CALL_TIMEOUT_S * CLOCK_S_NS) {
                        send_off(d, g, BEV_EVENT_READING);
                } else if (g->is_answered && is_stuck(g, now_ns)) {
                        send_off(d, g, BEV_EVENT_WRITING);
                }
        }
        sweep(d, false);
        if (d->state == DOOR_FULL && d->n < d->max) {
                enter(d, DOOR_OPEN);
        }
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

struct door *door_new(struct event_base *base, struct evhttp *http, unsigned max)
{
        static const struct timeval interval = {TICK_S, 0};
        struct door *d = prof_calloc(STAGE_ADMIN, 1, sizeof *d);
        if (d == NULL) {
                evhttp_free(http);
                return NULL;
        }
        *d = (struct door){.base = base, .http = http, .max = max, .next = all_doors};
        all_doors = d;
        d->resume = event_new(base, -1, 0, on_resume, d);
        d->tick = event_new(base, -1, EV_PERSIST, on_tick, d);
        if (d->resume == NULL || d->tick == NULL || event_add(d->tick, &interval) != 0) {
                door_free(d);
                return NULL;
        }
        evhttp_set_bevcb(http, on_connection, d);
        return d;
}

enum status door_open(struct door *d, const struct sockaddr *where, socklen_t len)
{
        /* our own listener, so that we hear of failed accepts: evhttp would spin on them */
        d->listener = evconnlistener_new_bind(
            d->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
            where, (int)len);
        if (d->listener == NULL) {
                return STATUS_IO;
        }
        evconnlistener_set_error_cb(d->listener, on_accept_error);
        d->newcomer =
            event_new(d->base, evconnlistener_get_fd(d->listener), EV_READ | EV_PERSIST, on_newcomer, d);
        if (d->newcomer == NULL || evhttp_bind_listener(d->http, d->listener) == NULL) {
                return STATUS_NOMEM;
        }
        d->serving = true;
        d->state = DOOR_OPEN;
        return STATUS_OK;
}

void door_free(struct door *d)
{
        if (d == NULL) {
                return;
        }
        struct door **at = &all_doors;
        while (*at != d) {
                at = &(*at)->next;
        }
        *at = d->next;
        if (d->newcomer != NULL) {
                event_free(d->newcomer); /* while its socket is there */
        }
        evhttp_free(d->http); /* with its listener and its connections */
        sweep(d, true);
        if (d->listener != NULL && !d->serving) {
                evconnlistener_free(d->listener);
        }
        if (d->resume != NULL) {
                event_free(d->resume);
        }
        if (d->tick != NULL) {
                event_free(d->tick);
        }
        prof_free(d);
}

int door_fd(const struct door *d)
{
        return evconnlistener_get_fd(d->listener);
}

struct door_counts door_counts(const struct door *d)
{
        struct door_counts c = d->counts;
        c.connections = 0;
        for (const struct guest *g = d->guests; g != NULL; g = g->next) {
                c.connections += is_gone(g) ? 0 : 1;
        }
        return c;
}
