#include "proxy/server_check.h"

#include "profile/heap/prof.h"
#include "proxy/net/proxy_protocol.h"
#include "proxy/net/upstream.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/** One connection, from its beginning until the greeting. */
struct check {
        struct server_checks *checks;
        struct check *next;
        struct check **link_here;
        struct generation *generation; /* a reference */
        struct server *server;
        struct upstream *connecting;
        struct event *event; /* of the socket; NULL = not connected */
        int fd;
};

struct server_checks {
        struct loop *loop;
        struct generation *const *generation;
        /* A timer of the kernel: with one of libevent, the loop of this worker would look at the clock whenever it has forwarded something. */
        int timer_fd;
        struct event *timer;
        struct check *first;
};

static void end(struct check *c)
{
        *c->link_here = c->next;
        if (c->next != NULL) {
                c->next->link_here = c->link_here;
        }
        c->server->checked = false;
        upstream_cancel(c->connecting);
        if (c->event != NULL) {
                event_free(c->event);
        }
        if (c->fd >= 0) {
                (void)close(c->fd);
        }
        generation_release(c->generation);
        prof_free(c);
}

static void fail(struct check *c, const char *error)
{
        server_failed(c->server, error, c->checks->loop->now_ns);
        end(c);
}

/** The server has sent something, or has not in time. An error packet in place of the greeting shows, too, that it is there. */
static void on_greeting(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_WORKER);
        struct check *c = arg;
        char greeting[512]; /* what is not read would make the server see a reset connection */
        loop_tick(c->checks->loop);
        if ((what & EV_TIMEOUT) != 0) {
                fail(c, "no greeting within limits.connect_timeout_ms");
                return;
        }
        ssize_t n = recv(fd, greeting, sizeof greeting, MSG_DONTWAIT);
        if (n > 0) {
                server_reached(c->server, c->checks->loop->now_ns);
                end(c);
        } else if (n == 0) {
                fail(c, "it closed the connection without a greeting");
        } else if (errno == EAGAIN || errno == EINTR) {
                return; /* the event is persistent */
        } else {
                fail(c, strerror(errno));
        }
}

/** A server that expects PROXY headers waits for one before it sends a greeting. This one says that the connection is our own. */
static bool send_header(const struct check *c)
{
        uint8_t bytes[PROXY_PROTOCOL_WRITTEN_MAX];
        const struct sockaddr_storage none = {.ss_family = AF_UNSPEC};
        struct writer w = writer_over(bytes, sizeof bytes);
        if (c->generation->sends_header == 0) {
                return true;
        }
        proxy_protocol_write(&w, c->generation->sends_header, &none, &none);
        return send(c->fd, w.data, w.at, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.at;
}

static void await_greeting(struct check *c, int fd)
{
        const uint64_t ms = c->generation->limits.connect_timeout_ms;
        const struct timeval timeout = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        c->fd = fd;
        if (generation_leads_to_self(c->generation, fd)) {
                fail(c, "it is an address on which querytap itself listens");
        } else if (!send_header(c)) {
                fail(c, "it does not accept a PROXY header");
        } else {
                c->event = event_new(c->checks->loop->base, fd, EV_READ | EV_PERSIST, on_greeting, c);
                if (c->event == NULL || loop_add(c->event, &timeout) != STATUS_OK) {
                        end(c); /* the next one may have memory */
                }
        }
}

static void on_connected(void *arg, int fd, const char *error)
{
        PROF_SCOPE(STAGE_WORKER);
        struct check *c = arg;
        loop_tick(c->checks->loop);
        c->connecting = NULL;
        if (fd < 0) {
                fail(c, error);
        } else {
                await_greeting(c, fd);
        }
}

static void begin(struct server_checks *checks, struct server *server)
{
        struct check *c = prof_calloc(STAGE_WORKER, 1, sizeof *c);
        if (c == NULL) {
                return;
        }
        *c = (struct check){.checks = checks,
                            .next = checks->first,
                            .link_here = &checks->first,
                            .generation = generation_hold(*checks->generation),
                            .server = server,
                            .fd = -1};
        if (c->next != NULL) {
                c->next->link_here = &c->next;
        }
        checks->first = c;
        server->checked = true;
        const struct upstream_try t = upstream_connect(
            checks->loop, &server->address, c->generation->limits.connect_timeout_ms, on_connected, c);
        c->connecting = t.under_way;
        if (t.fd >= 0) {
                await_greeting(c, t.fd);
        } else if (t.under_way == NULL) {
                end(c);
        }
}

static bool set_timer(struct server_checks *checks)
{
        const uint64_t ms = (*checks->generation)->check_ms;
        const struct itimerspec once = {.it_value = {(time_t)(ms / 1000), (long)(ms % 1000 * 1000 * 1000)}};
        return timerfd_settime(checks->timer_fd, 0, &once, NULL) == 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_WORKER);
        struct server_checks *checks = arg;
        const struct generation *g = *checks->generation;
        uint64_t expired;
        (void)what;
        (void)!read(fd, &expired, sizeof expired);
        loop_tick(checks->loop);
        for (unsigned i = 0; i < g->n_listeners; i++) {
                const struct server_group *servers = g->listeners[i].servers;
                for (unsigned k = 0; k < servers->n; k++) {
                        if (!server_is_up(servers->at[k]) && !servers->at[k]->checked) {
                                begin(checks, servers->at[k]);
                        }
                }
        }
        (void)set_timer(checks); /* with a valid time it can't fail */
}

struct server_checks *server_checks_new(struct loop *loop, struct generation *const *generation)
{
        PROF_SCOPE(STAGE_WORKER);
        struct server_checks *checks = prof_calloc(STAGE_WORKER, 1, sizeof *checks);
        if (checks == NULL) {
                return NULL;
        }
        *checks = (struct server_checks){.loop = loop, .generation = generation};
        checks->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (checks->timer_fd >= 0) {
                checks->timer =
                    event_new(loop->base, checks->timer_fd, EV_READ | EV_PERSIST, on_timer, checks);
        }
        if (checks->timer == NULL || loop_add(checks->timer, NULL) != STATUS_OK || !set_timer(checks)) {
                server_checks_free(checks);
                return NULL;
        }
        return checks;
}

void server_checks_free(struct server_checks *checks)
{
        PROF_SCOPE(STAGE_WORKER);
        if (checks == NULL) {
                return;
        }
        while (checks->first != NULL) {
                end(checks->first);
        }
        if (checks->timer != NULL) {
                event_free(checks->timer);
        }
        if (checks->timer_fd >= 0) {
                (void)close(checks->timer_fd);
        }
        prof_free(checks);
}
