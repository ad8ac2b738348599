#include "proxy/net/upstream.h"

#include "base/clock.h"
#include "profile/heap/prof.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UNIX_RETRY_MS = 5 };

struct upstream {
        struct loop *loop;
        const struct address *address;
        upstream_done *done;
        void *arg;
        struct event event; /* of the socket, or to be called by the loop */
        struct event timer; /* of the current attempt */
        uint64_t deadline_ns;
        struct evdns_getaddrinfo_request *lookup;
        bool looking_up;
        bool cancelled;
        bool again;                   /* try the current address once more */
        bool connected;               /* at once: there is nothing to wait for */
        struct evutil_addrinfo *list; /* all addresses of the name; NULL if the address is a number */
        struct evutil_addrinfo *next;
        struct sockaddr_storage numeric;
        socklen_t numeric_len;
        bool numeric_tried;
        const struct sockaddr *sa; /* the current address */
        socklen_t len;
        int fd;
        char error[256];
};

static void discard(struct upstream *u)
{
        (void)event_del(&u->event);
        (void)event_del(&u->timer);
        if (u->list != NULL) {
                evutil_freeaddrinfo(u->list);
        }
        if (u->fd >= 0) {
                (void)close(u->fd);
        }
        prof_free(u);
}

void upstream_cancel(struct upstream *u)
{
        if (u == NULL) {
                return;
        }
        if (u->looking_up) {
                u->cancelled = true; /* its callback is still called, and frees it */
                evdns_getaddrinfo_cancel(u->lookup);
                return;
        }
        discard(u);
}

static void finish(struct upstream *u, int fd)
{
        u->fd = -1;
        u->done(u->arg, fd, fd < 0 ? u->error : NULL);
        discard(u);
}

/* --- trying addresses ----------------------------------------------------------------------------------------------- */

static void try_next(struct upstream *u);

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct upstream *u = arg;
        int error = 0;
        socklen_t len = sizeof error;
        (void)what;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
                error = errno;
        }
        if (error == 0) {
                finish(u, fd);
                return;
        }
        (void)snprintf(u->error, sizeof u->error, "%s", strerror(error));
        try_next(u);
}

/** Make the next address the current one (u->sa). @return false if there is none. */
static bool pick(struct upstream *u)
{
        if (u->list == NULL && !u->numeric_tried) {
                u->numeric_tried = true;
                u->sa = (const struct sockaddr *)&u->numeric;
                u->len = u->numeric_len;
                return true;
        }
        if (u->next == NULL) {
                return false;
        }
        u->sa = u->next->ai_addr;
        u->len = (socklen_t)u->next->ai_addrlen;
        u->next = u->next->ai_next;
        return true;
}

/** Give the current address its share of the time that is left, so that one that never answers leaves some to the others. */
static enum status set_timer(struct upstream *u)
{
        uint64_t now_ns = clock_mono_ns();
        uint64_t share_us = now_ns < u->deadline_ns ? (u->deadline_ns - now_ns) / CLOCK_US_NS : 0;
        uint64_t n = 1;
        for (const struct evutil_addrinfo *ai = u->next; ai != NULL; ai = ai->ai_next) {
                n++;
        }
        share_us /= n;
        const struct timeval timeout = {(time_t)(share_us / 1000000), (suseconds_t)(share_us % 1000000)};
        return loop_add(&u->timer, &timeout);
}

static void drop_socket(struct upstream *u)
{
        /* the event goes first: the loop must forget a descriptor before its number is used again */
        (void)event_del(&u->event);
        if (u->fd >= 0) {
                (void)close(u->fd);
                u->fd = -1;
        }
}

static void on_start(evutil_socket_t fd, short what, void *arg);

/** @return 0 if it is connected, EINPROGRESS if it is being connected, or another errno. */
static int begin_connecting(const struct upstream *u)
{
        if (connect(u->fd, u->sa, u->len) == 0) {
                return 0;
        }
        if (errno != EINPROGRESS || u->sa->sa_family == AF_UNIX) {
                return errno;
        }
        /* A server on this machine has accepted by now; asking again saves a turn of the loop. */
        if (connect(u->fd, u->sa, u->len) == 0 || errno == EISCONN) {
                return 0;
        }
        return errno == EALREADY ? EINPROGRESS : errno;
}

/** Wait for the socket; or, if @p again, wait a little and try once more. @return 0 or errno. */
static int wait_for(struct upstream *u, bool again)
{
        static const struct timeval soon = {0, UNIX_RETRY_MS * 1000};
        u->again = again;
        if (again) {
                (void)evtimer_assign(&u->event, u->loop->base, on_start, u);
        } else {
                (void)event_assign(&u->event, u->loop->base, u->fd, EV_WRITE, on_connected, u);
        }
        return loop_add(&u->event, again ? &soon : NULL) == STATUS_OK ? 0 : ENOMEM;
}

/** @return 0 if it is connected or under way, else errno. */
static int start(struct upstream *u)
{
        int one = 1;
        u->again = false;
        drop_socket(u);
        u->fd = socket(u->sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (u->fd < 0) {
                return errno;
        }
        (void)setsockopt(u->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
        if (u->sa->sa_family != AF_UNIX) {
                (void)setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
        int result = begin_connecting(u);
        /* the queue of a UNIX socket is full: a blocking client would wait for its turn */
        bool again = result == EAGAIN && u->sa->sa_family == AF_UNIX;
        u->connected = result == 0;
        return result == EINPROGRESS || again ? wait_for(u, again) : result;
}

static bool note_error(struct upstream *u, int error)
{
        if (error != 0) {
                (void)snprintf(u->error, sizeof u->error, "%s", strerror(error));
        }
        return error == 0;
}

/** @return true if the current address is connected, or may become so. */
static bool try_this(struct upstream *u)
{
        return note_error(u, start(u));
}

static bool give_time(struct upstream *u)
{
        return note_error(u, set_timer(u) == STATUS_OK ? 0 : ENOMEM);
}

/** Try addresses until one is connected or being connected. */
static void try_next(struct upstream *u)
{
        bool goes_on = u->again && try_this(u);
        while (!goes_on && pick(u)) {
                goes_on = give_time(u) && try_this(u);
        }
        if (!goes_on) {
                drop_socket(u);
                finish(u, -1);
        } else if (u->connected) {
                finish(u, u->fd);
        }
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct upstream *u = arg;
        (void)fd;
        (void)what;
        (void)snprintf(u->error, sizeof u->error,
                       "no answer from the server within limits.connect_timeout_ms");
        if (u->looking_up) {
                evdns_getaddrinfo_cancel(u->lookup);
                return;
        }
        u->again = false;
        try_next(u);
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        (void)fd;
        (void)what;
        try_next(arg);
}

/* --- names ----------------------------------------------------------------------------------------------------------- */

static void on_addresses(int result, struct evutil_addrinfo *list, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct upstream *u = arg;
        u->looking_up = false;
        u->list = list;
        u->next = list;
        u->numeric_tried = true;
        if (u->cancelled) {
                discard(u);
                return;
        }
        if (list == NULL && u->error[0] == '\0') {
                (void)snprintf(u->error, sizeof u->error, "%s", evutil_gai_strerror(result));
        }
        /* from the loop, since the caller may still be within upstream_connect */
        event_active(&u->event, EV_TIMEOUT, 1);
}

static void look_up(struct upstream *u)
{
        struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        char port[8];
        (void)snprintf(port, sizeof port, "%u", u->address->port);
        u->looking_up = true;
        u->lookup = evdns_getaddrinfo(u->loop->dns, u->address->host, port, &hints, on_addresses, u);
}

/** @return a socket that is connected at once, or -1: then the outcome is reported later. */
static int try_at_once(struct upstream *u)
{
        (void)pick(u);
        bool goes_on = try_this(u);
        if (goes_on && u->connected) {
                int fd = u->fd;
                u->fd = -1;
                return fd;
        }
        if (!goes_on || !give_time(u)) {
                u->again = false;
                drop_socket(u);
                (void)event_assign(&u->event, u->loop->base, -1, 0, on_start, u);
                event_active(&u->event, EV_TIMEOUT, 1);
        }
        return -1;
}

struct upstream_try upstream_connect(struct loop *loop, const struct address *address, uint64_t timeout_ms,
                                     upstream_done *done, void *arg)
{
        struct upstream *u = prof_calloc(STAGE_SESSION, 1, sizeof *u);
        int fd = -1;
        if (u == NULL) {
                return (struct upstream_try){NULL, -1};
        }
        u->loop = loop;
        u->address = address;
        u->done = done;
        u->arg = arg;
        u->fd = -1;
        u->deadline_ns = clock_mono_ns() + timeout_ms * CLOCK_MS_NS;
        (void)event_assign(&u->event, loop->base, -1, 0, on_start, u);
        (void)evtimer_assign(&u->timer, loop->base, on_timeout, u);
        if (address_numeric(address, &u->numeric, &u->numeric_len)) {
                fd = try_at_once(u);
        } else if (loop_dns(loop) != NULL && set_timer(u) == STATUS_OK) {
                look_up(u);
        } else {
                discard(u);
                return (struct upstream_try){NULL, -1};
        }
        if (fd >= 0) {
                discard(u);
        }
        return (struct upstream_try){fd < 0 ? u : NULL, fd};
}
