/* How a session begins: a client's arrival, and its connection to the server. */
#include "base/counter.h"
#include "base/diag.h"
#include "profile/heap/leak_injection.h"
#include "proxy/net/tls_context.h"
#include "proxy/session_state.h"

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

static const char self_error[] = "it is an address on which querytap itself listens";

/** None of the servers could be reached; @p error is the failure of the last one. */
static void on_unreachable(struct session *s, const char *error)
{
        char text[512];
        const struct server_group *servers = s->at->servers;
        counter_add(&s->shared->counts.upstream_errors, 1);
        if (servers->n == 1) {
                (void)snprintf(text, sizeof text, "querytap: can't connect to upstream %s: %s", servers->text,
                               error);
        } else {
                (void)snprintf(text, sizeof text, "querytap: can't connect to any upstream (%.200s): %s",
                               servers->text, error);
        }
        session_report_error(s, reason_text(REASON_UPSTREAM_UNREACHABLE), text);
        /* ER_SERVER_SHUTDOWN: clients that wait for a server to come back try again. 2002 or 2003 would say it better, but
         * clients distrust a server that sends a number of their own range. */
        session_refuse_error(s, 0, 1053, NULL, text, REASON_UPSTREAM_UNREACHABLE);
}

/** Is the server that was reached the proxy itself? */
static bool is_self(struct session *s, int fd)
{
        if (!generation_leads_to_self(s->generation, fd)) {
                return false;
        }
        atomic_store_explicit(&s->server->self_until_ns, s->shared->loop.now_ns + CLOCK_S_NS,
                              memory_order_relaxed);
        return true;
}

static enum status report_connected(struct session *s, int fd)
{
        char own[ADDRESS_TEXT_MAX];
        address_own(fd, own);
        return tap_connected(s->tap, own, s->shared->loop.now_ns);
}

/** Tell the server for whom we connect, before anything else. */
static enum status send_header(struct session *s)
{
        uint8_t bytes[PROXY_PROTOCOL_WRITTEN_MAX];
        struct address client;
        struct sockaddr_storage source = {.ss_family = AF_UNSPEC};
        struct sockaddr_storage destination = {.ss_family = AF_UNSPEC};
        socklen_t source_len;
        socklen_t len = sizeof destination;
        struct writer w = writer_over(bytes, sizeof bytes);
        if (s->generation->sends_header == 0) {
                return STATUS_OK;
        }
        if (address_parse(tap_client_addr(s->tap), &client) != STATUS_OK ||
            !address_numeric(&client, &source, &source_len) ||
            getsockname(s->links[SIDE_CLIENT].fd, (struct sockaddr *)&destination, &len) != 0) {
                source.ss_family = AF_UNSPEC;
        }
        proxy_protocol_write(&w, s->generation->sends_header, &source, &destination);
        return link_write(&s->links[SIDE_SERVER], writer_span(&w));
}

/** The server was reached. Within a callback of the session. @return false, with @p fd closed, if it is the proxy itself. */
static bool take_server(struct session *s, int fd)
{
        struct session_shared *shared = s->shared;
        if (is_self(s, fd)) {
                (void)close(fd);
                return false;
        }
        if (link_open(&s->links[SIDE_SERVER], &shared->links, s, fd, 0) != STATUS_OK ||
            send_header(s) != STATUS_OK ||
            link_resume(&s->links[SIDE_CLIENT], PAUSE_CONNECTING) != STATUS_OK ||
            report_connected(s, fd) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        } else {
                session_enter(s, SESSION_GATED);
                session_set_timer(s);
        }
        return true;
}

/** Give a server its share of the time that is left for those that were not tried, so that one that never answers leaves some to the
 *  others. */
static uint64_t share_ms(const struct session *s)
{
        uint64_t now_ns = s->shared->loop.now_ns;
        uint64_t left_ms = now_ns < s->connecting_end_ns ? (s->connecting_end_ns - now_ns) / CLOCK_MS_NS : 0;
        unsigned others = s->at->servers->n - (unsigned)__builtin_popcount(s->tried);
        return left_ms / (others + 1);
}

/** Was the server found to be the proxy itself a moment ago? */
static bool is_known_self(const struct session *s, const struct server *server)
{
        return s->shared->loop.now_ns < atomic_load_explicit(&server->self_until_ns, memory_order_relaxed);
}

/** Make the next server the current one. @return false, with *@p error, if there is none. */
static bool next_server(struct session *s, const char **error)
{
        const struct server_group *servers = s->at->servers;
        int i;
        session_drop_server(s);
        while ((i = server_group_choose(servers, s->tried)) >= 0) {
                s->tried |= 1U << (unsigned)i;
                if (!is_known_self(s, servers->at[i])) {
                        s->server = servers->at[i];
                        atomic_fetch_add_explicit(&s->server->sessions, 1, memory_order_relaxed);
                        return true;
                }
                *error = self_error;
        }
        return false;
}

/** The gate must know whether the client and the server are local. So far it has seen nothing. */
static enum status make_gate(struct session *s)
{
        gate_free(s->gate);
        s->gate = gate_new(
            tls_context_policy(s->generation->tls, s->at->address.is_unix, s->server->address.is_unix));
        return s->gate != NULL ? STATUS_OK : STATUS_NOMEM;
}

static void on_upstream(void *arg, int fd, const char *error);

/** Connect to the current server. @p reached becomes its socket if the connection is there at once, else -1. @return STATUS_NOMEM if
 *  there is no memory for the attempt. */
static enum status begin_connecting(struct session *s, int *reached)
{
        *reached = -1;
        if (make_gate(s) != STATUS_OK) {
                return STATUS_NOMEM;
        }
        tap_set_remote(s->tap, span_str(s->server->text));
        const struct upstream_try server =
            upstream_connect(&s->shared->loop, &s->server->address, share_ms(s), on_upstream, s);
        s->connecting = server.under_way;
        *reached = server.fd;
        return server.under_way != NULL || server.fd >= 0 ? STATUS_OK : STATUS_NOMEM;
}

/** Try servers until one is reached or being connected. The current one, if there is one, has failed for @p error. Within a callback of
 *  the session. */
static void try_servers(struct session *s, const char *error)
{
        int reached;
        for (;;) {
                if (s->server != NULL) {
                        server_failed(s->server, error, s->shared->loop.now_ns);
                }
                if (!next_server(s, &error)) {
                        on_unreachable(s, error);
                        return;
                }
                if (begin_connecting(s, &reached) != STATUS_OK) {
                        session_close(s, REASON_OUT_OF_MEMORY);
                        return;
                }
                if (reached < 0 || take_server(s, reached)) {
                        return;
                }
                error = self_error;
        }
}

static void on_upstream(void *arg, int fd, const char *error)
{
        struct session *s = arg;
        s->connecting = NULL;
        loop_tick(&s->shared->loop);
        session_begin(s);
        if (fd < 0) {
                try_servers(s, error);
        } else if (!take_server(s, fd)) {
                try_servers(s, self_error);
        }
        session_drained_finish(s);
}

static void enter_connecting(struct session *s)
{
        session_enter(s, SESSION_CONNECTING);
        s->connecting_end_ns =
            s->shared->loop.now_ns + s->generation->limits.connect_timeout_ms * CLOCK_MS_NS;
}

/** The client is known: its PROXY header has come, or it needs none. */
static void on_known(struct session *s)
{
        session_drop_timer(s);
        if (!session_admit(s)) {
                return;
        }
        enter_connecting(s);
        try_servers(s, NULL);
}

static enum status set_up(struct session *s, int fd, const char *client_addr)
{
        struct session_shared *shared = s->shared;
        const struct generation *g = s->generation;
        if (link_open(&s->links[SIDE_CLIENT], &shared->links, s, fd, PAUSE_CONNECTING) != STATUS_OK) {
                return STATUS_NOMEM;
        }
        s->tap = tap_new(&shared->tap, s->id, client_addr, &s->times, shared->loop.now_ns);
        if (s->tap == NULL) {
                return STATUS_NOMEM;
        }
        tap_set_listen(s->tap, span_str(s->at->addr));
        tap_set_remote(s->tap, span_str(s->at->servers->text));
        if (generation_wants_header(g, client_addr)) {
                session_enter(s, SESSION_HEADER);
        } else {
                s->watches_opening = g->refuses_headers;
        }
        return STATUS_OK;
}

static struct session *new_session(struct session_shared *shared, const struct session_client *client)
{
        struct session *s = prof_calloc(STAGE_SESSION, 1, sizeof *s);
        if (s != NULL) {
                s->shared = shared;
                s->generation = client->generation;
                s->at = &client->generation->listeners[client->listener];
                s->id = client->conn_id;
                link_init(&s->links[SIDE_CLIENT], &s->links[SIDE_SERVER], SIDE_CLIENT);
                link_init(&s->links[SIDE_SERVER], &s->links[SIDE_CLIENT], SIDE_SERVER);
        }
        return s;
}

enum status session_open(struct session_shared *shared, const struct session_client *client)
{
        PROF_SCOPE(STAGE_SESSION);
        struct session *s = new_session(shared, client);
        loop_tick(&shared->loop);
        leak_injection_on_event(LEAK_INJECTION_SESSION);
        if (s == NULL) {
                (void)close(client->fd);
                generation_release(client->generation);
        }
        if (s == NULL || set_up(s, client->fd, client->addr) != STATUS_OK) {
                diag(DIAG_ERROR, "session %llu can't be opened: out of memory",
                     (unsigned long long)client->conn_id);
                reason_count(REASON_OUT_OF_MEMORY);
                atomic_fetch_sub_explicit(&shared->counts.sessions, 1, memory_order_relaxed);
                if (s != NULL) {
                        session_discard(s);
                }
                return STATUS_NOMEM;
        }
        s->next = shared->first;
        s->link_here = &shared->first;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        shared->first = s;
        session_begin(s);
        if (s->state == SESSION_HEADER && session_await_header(s, on_known) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        } else if (s->state == SESSION_ACCEPTED) {
                on_known(s);
        }
        session_drained_finish(s); /* the proxy may have begun to stop when the client was on its way */
        return STATUS_OK;
}

/* --- what sessions share --------------------------------------------------------------------------------------------- */

static void on_no_memory(void *arg)
{
        session_close(arg, REASON_OUT_OF_MEMORY);
}

static const struct link_owner link_owner = {
    .begin = session_begin,
    .finish = session_drained_finish,
    .on_bytes = session_on_bytes,
    .on_end = session_on_end,
    .on_secured = session_on_secured,
    .on_tls_failed = session_on_tls_failed,
    .on_drained = session_on_drained,
    .on_no_memory = on_no_memory,
};

static void on_time_check(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_WORKER);
        struct session_shared *shared = arg;
        (void)fd;
        (void)what;
        loop_tick(&shared->loop);
        session_shared_check_time(shared);
}

/** Look at the times of sessions often enough for the limits of @p g. Once it has begun, it goes on: older sessions have limits, too.
 *  @return false when memory is out. */
static bool watch_time(struct session_shared *shared, const struct generation *g)
{
        enum { PARTS = 4, MS_LEAST = 10, MS_MOST = 1000 };
        const uint64_t idle = g->limits.idle_timeout_ms;
        const uint64_t transaction = g->limits.transaction_timeout_ms;
        uint64_t ms = (idle > 0 && (transaction == 0 || idle < transaction) ? idle : transaction) / PARTS;
        ms = ms < MS_LEAST ? MS_LEAST : ms > MS_MOST ? MS_MOST : ms;
        const struct timeval interval = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        if (idle == 0 && transaction == 0) {
                return true;
        }
        if (shared->time_check == NULL) {
                shared->time_check = event_new(shared->loop.base, -1, EV_PERSIST, on_time_check, shared);
        }
        return shared->time_check != NULL && loop_add(shared->time_check, &interval) == STATUS_OK;
}

enum status session_shared_init(struct session_shared *shared, const struct session_config *config,
                                struct generation *generation)
{
        *shared = (struct session_shared){.config = *config, .generation = generation_hold(generation)};
        bool ok = tap_shared_init(&shared->tap, &config->tap, &shared->loop.wall_offset_ns) == STATUS_OK &&
                  loop_init(&shared->loop) == STATUS_OK &&
                  link_shared_init(&shared->links, &link_owner, &shared->loop, config->backlog_bytes / 2) ==
                      STATUS_OK &&
                  watch_time(shared, generation);
        return ok ? STATUS_OK : STATUS_NOMEM;
}

void session_shared_reload(struct session_shared *shared, struct generation *generation)
{
        struct generation *old = shared->generation;
        if (!watch_time(shared, generation)) {
                diag(DIAG_ERROR, "the timeouts of sessions can't be watched: out of memory");
        }
        shared->generation = generation_hold(generation);
        generation_release(old);
}

void session_shared_fini(struct session_shared *shared)
{
        generation_release(shared->generation);
        if (shared->time_check != NULL) {
                event_free(shared->time_check);
        }
        if (shared->young_check != NULL) {
                event_free(shared->young_check);
        }
        loop_fini(&shared->loop);
        link_shared_fini(&shared->links);
        tap_shared_fini(&shared->tap);
}
