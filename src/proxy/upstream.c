#include "proxy/upstream.h"

#include "profile/prof.h"
#include "proxy/worker.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct upstream {
        struct event_base *base;
        const struct address *address;
        upstream_done *done;
        void *arg;
        struct event *event; /* the socket's, or an immediate call */
        struct event *timer;
        struct evdns_getaddrinfo_request *lookup;
        bool looking_up;
        bool cancelled;
        struct evutil_addrinfo *list; /* all addresses of the name; NULL for a number */
        struct evutil_addrinfo *next;
        struct sockaddr_storage numeric;
        socklen_t numeric_len;
        bool numeric_tried;
        int fd;
        char error[256];
};

static void discard(struct upstream *u)
{
        if (u->event != NULL) {
                event_free(u->event);
        }
        if (u->timer != NULL) {
                event_free(u->timer);
        }
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
                u->cancelled = true; /* its callback still comes, and frees */
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
        (void)close(u->fd);
        u->fd = -1;
        try_next(u);
}

static bool pick(struct upstream *u, const struct sockaddr **sa, socklen_t *len)
{
        if (u->list == NULL && !u->numeric_tried) {
                u->numeric_tried = true;
                *sa = (const struct sockaddr *)&u->numeric;
                *len = u->numeric_len;
                return true;
        }
        if (u->next == NULL) {
                return false;
        }
        *sa = u->next->ai_addr;
        *len = (socklen_t)u->next->ai_addrlen;
        u->next = u->next->ai_next;
        return true;
}

/** @return 0 if it is connected or under way, else errno. */
static int start(struct upstream *u, const struct sockaddr *sa, socklen_t len)
{
        int one = 1;
        u->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (u->fd < 0) {
                return errno;
        }
        if (sa->sa_family != AF_UNIX) {
                (void)setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
        if (connect(u->fd, sa, len) != 0 && errno != EINPROGRESS) {
                int error = errno;
                (void)close(u->fd);
                u->fd = -1;
                return error;
        }
        if (u->event != NULL) {
                event_free(u->event);
        }
        u->event = event_new(u->base, u->fd, EV_WRITE, on_connected, u);
        if (u->event == NULL || worker_event_add(u->event, NULL) != STATUS_OK) {
                (void)close(u->fd);
                u->fd = -1;
                return ENOMEM;
        }
        return 0;
}

static void try_next(struct upstream *u)
{
        const struct sockaddr *sa;
        socklen_t len;
        while (pick(u, &sa, &len)) {
                int error = start(u, sa, len);
                if (error == 0) {
                        return;
                }
                (void)snprintf(u->error, sizeof u->error, "%s", strerror(error));
        }
        finish(u, -1);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct upstream *u = arg;
        (void)fd;
        (void)what;
        (void)snprintf(u->error, sizeof u->error, "no answer within limits.connect_timeout_ms");
        if (u->looking_up) {
                evdns_getaddrinfo_cancel(u->lookup);
                return;
        }
        if (u->fd >= 0) {
                (void)close(u->fd);
        }
        finish(u, -1);
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
        if (result != 0 && u->error[0] == '\0') {
                (void)snprintf(u->error, sizeof u->error, "%s", evutil_gai_strerror(result));
        }
        /* not from here: the caller may still be within upstream_connect */
        event_active(u->event, EV_TIMEOUT, 1);
}

static void look_up(struct upstream *u, struct evdns_base *dns)
{
        struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        char port[8];
        (void)snprintf(port, sizeof port, "%u", u->address->port);
        u->looking_up = true;
        if (dns != NULL) {
                u->lookup = evdns_getaddrinfo(dns, u->address->host, port, &hints, on_addresses, u);
                return;
        }
        struct evutil_addrinfo *list = NULL;
        int result = evutil_getaddrinfo(u->address->host, port, &hints, &list);
        on_addresses(result, list, u);
}

struct upstream *upstream_connect(struct event_base *base, struct evdns_base *dns,
                                  const struct address *address, uint64_t timeout_ms, upstream_done *done,
                                  void *arg)
{
        struct upstream *u = prof_calloc(STAGE_SESSION, 1, sizeof *u);
        if (u == NULL) {
                return NULL;
        }
        *u = (struct upstream){.base = base, .address = address, .done = done, .arg = arg, .fd = -1};
        const struct timeval timeout = {(time_t)(timeout_ms / 1000), (suseconds_t)(timeout_ms % 1000 * 1000)};
        u->event = event_new(base, -1, 0, on_start, u);
        u->timer = evtimer_new(base, on_timeout, u);
        if (u->event == NULL || u->timer == NULL || worker_event_add(u->timer, &timeout) != STATUS_OK) {
                discard(u);
                return NULL;
        }
        if (address_numeric(address, &u->numeric, &u->numeric_len)) {
                event_active(u->event, EV_TIMEOUT, 1);
        } else {
                look_up(u, dns);
        }
        return u;
}
