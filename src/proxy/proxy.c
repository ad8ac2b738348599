#include "proxy/proxy.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/diag.h"
#include "mysql/gate/gate.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"
#include "proxy/proxy_state.h"
#include "proxy/reason.h"
#include "proxy/session.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes that libevent keeps for each file descriptor in each of its loops, at most; file descriptors besides the sessions'. */
enum { FILE_BYTES = 32, OTHER_FILES = 64 };

/* --- clients ------------------------------------------------------------------------------------------------------- */

/** A client on its way to its worker. */
struct arrival {
        struct message message;
        struct worker *worker;
        struct session_client client;
        char addr[];
};

static void on_arrival(struct message *message)
{
        struct arrival *a = (struct arrival *)message;
        if (worker_postpone(a->worker, message)) {
                return;
        }
        (void)session_open(&a->worker->sessions, &a->client);
        prof_free(a);
}

static uint64_t sessions_now(const struct proxy *p)
{
        uint64_t n = 0;
        for (unsigned i = 0; i < p->n_workers; i++) {
                n += counter_read(&p->workers[i]->sessions.counts.sessions);
        }
        return n;
}

static struct worker *least_busy(const struct proxy *p)
{
        struct worker *best = p->workers[0];
        for (unsigned i = 1; i < p->n_workers; i++) {
                if (counter_read(&p->workers[i]->sessions.counts.sessions) <
                    counter_read(&best->sessions.counts.sessions)) {
                        best = p->workers[i];
                }
        }
        return best;
}

/** Send a client the reason why it can't be served, and close. The client has sent nothing yet, so the packet arrives before the close. */
static void reject(struct proxy *p, const struct session_client *client, enum reason reason)
{
        uint8_t packet[256];
        char text[128];
        struct writer w = writer_over(packet, sizeof packet);
        if (reason == REASON_TOO_MANY_SESSIONS) {
                counter_add(&p->refused, 1);
                (void)snprintf(text, sizeof text, "querytap: Too many connections: %s (%llu)",
                               reason_text(reason), (unsigned long long)client->generation->sessions);
                gate_error_packet(&w, 0, 1040, NULL, text);
        } else if (reason == REASON_SHUTDOWN) {
                (void)snprintf(text, sizeof text, "querytap: Server shutdown in progress: %s",
                               reason_text(reason));
                gate_error_packet(&w, 0, 1053, NULL, text);
        } else {
                (void)snprintf(text, sizeof text, "querytap: %s", reason_text(reason));
                gate_error_packet(&w, 0, 1041, NULL, text); /* ER_OUT_OF_RESOURCES */
        }
        ssize_t n = send(client->fd, packet, w.at, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)n;
        (void)shutdown(client->fd, SHUT_WR);
        (void)close(client->fd);
        reason_count(reason);
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_ERROR;
        r.wall_ns = clock_wall_ns();
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str(client->addr));
        record_set_text(&r, FIELD_PROXY_LISTEN_ADDR,
                        span_str(client->generation->listeners[client->listener].addr));
        record_set_text(&r, FIELD_REASON, span_str(reason_text(reason)));
        (void)journal_put(journal_port(p->journal, p->n_workers),
                          record_raw_of(&r)); /* a port that never waits */
}

/** @return false when memory is out. */
static bool send_arrival(struct worker *w, const struct session_client *client)
{
        size_t text_size = strlen(client->addr) + 1;
        struct arrival *a = prof_alloc(STAGE_LISTENER, sizeof *a + text_size);
        if (a == NULL) {
                return false;
        }
        *a = (struct arrival){.message.run = on_arrival, .worker = w, .client = *client};
        memcpy(a->addr, client->addr, text_size);
        a->client.addr = a->addr;
        (void)generation_hold(client->generation);
        atomic_fetch_add_explicit(&w->sessions.counts.sessions, 1, memory_order_relaxed);
        worker_post(w, &a->message);
        return true;
}

/** On the first worker's thread. */
static void on_accepted(void *arg, int fd, const char *client_addr)
{
        const struct entrance *entrance = arg;
        struct proxy *p = entrance->proxy;
        struct session_client client = {.generation = p->workers[0]->sessions.generation,
                                        .listener = entrance->index,
                                        .fd = fd,
                                        .conn_id = p->next_id + 1,
                                        .addr = client_addr};
        if (worker_log_is_full(p->workers[0])) {
                worker_hold_listeners(p->workers[0], true); /* this client is still served */
        }
        counter_add(&p->accepted, 1);
        if (p->workers[0]->sessions.draining) {
                reject(p, &client, REASON_SHUTDOWN);
                return;
        }
        if (sessions_now(p) >= client.generation->sessions) {
                reject(p, &client, REASON_TOO_MANY_SESSIONS);
                return;
        }
        struct worker *w = least_busy(p);
        if (w == p->workers[0]) { /* this is its thread */
                p->next_id++;
                (void)generation_hold(client.generation);
                atomic_fetch_add_explicit(&w->sessions.counts.sessions, 1, memory_order_relaxed);
                (void)session_open(&w->sessions, &client);
        } else if (!send_arrival(w, &client)) {
                reject(p, &client, REASON_OUT_OF_MEMORY);
        } else {
                p->next_id++;
        }
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

unsigned proxy_workers(const struct settings *settings)
{
        cpu_set_t allowed; /* may be fewer than the machine has, in a container or under taskset */
        if (settings->workers > 0) {
                return (unsigned)settings->workers;
        }
        long n = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed)
                                                                     : sysconf(_SC_NPROCESSORS_ONLN);
        return n < 1 ? 1 : n > PROXY_WORKERS_MAX ? PROXY_WORKERS_MAX : (unsigned)n;
}

/** Bind all of them, or none. */
static enum status bind_listeners(struct proxy *p)
{
        struct generation *g = p->generation;
        size_t at = 0;
        for (; p->n_listeners < g->n_listeners; p->n_listeners++) {
                const unsigned i = p->n_listeners;
                p->entrances[i] = (struct entrance){p, i};
                const struct listener_config config = {.address = &g->listeners[i].address,
                                                       .text = g->listeners[i].text,
                                                       .mode = g->listeners[i].mode,
                                                       .is_only = g->n_listeners == 1,
                                                       .accepted = on_accepted,
                                                       .arg = &p->entrances[i]};
                enum status status = listener_new(&config, &p->listeners[i]);
                if (status != STATUS_OK) {
                        return status;
                }
                const char *addr = listener_addr(p->listeners[i]);
                generation_bound(g, i, addr);
                at += (size_t)snprintf(p->listen_addr + at, sizeof p->listen_addr - at, "%s%s",
                                       i > 0 ? ", " : "", addr);
        }
        return STATUS_OK;
}

static enum status make_workers(struct proxy *p)
{
        unsigned n = proxy_workers(p->settings);
        p->workers = prof_calloc(STAGE_WORKER, n, sizeof(struct worker *));
        while (p->workers != NULL && p->n_workers < n) {
                const struct worker_config config = {
                    .index = p->n_workers,
                    .workers = n,
                    .settings = p->settings,
                    .generation = p->generation,
                    .quota = p->quota,
                    .count_only = !journal_is_read(p->journal),
                    .port = journal_port(p->journal, p->n_workers),
                };
                p->workers[p->n_workers] = worker_new(&config);
                if (p->workers[p->n_workers] == NULL) {
                        return STATUS_NOMEM;
                }
                p->n_workers++;
        }
        if (p->workers == NULL) {
                diag(DIAG_ERROR, "the workers can't be created: out of memory");
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

/** The first worker accepts clients: those that it serves itself need no message to get there. */
static enum status start_workers(struct proxy *p)
{
        enum status status = make_workers(p);
        if (status == STATUS_OK) {
                status = packet_saver_new(p->settings, p->journal, p->workers, p->n_workers, &p->saver);
        }
        if (status == STATUS_OK) {
                p->workers[0]->listeners = p->listeners;
                p->workers[0]->n_listeners = p->n_listeners;
        }
        for (unsigned i = 0; i < p->n_listeners && status == STATUS_OK; i++) {
                status = listener_start(p->listeners[i], p->workers[0]->sessions.loop.base);
        }
        if (status == STATUS_OK) {
                struct session_shared *shared = &p->workers[0]->sessions;
                p->checks = server_checks_new(&shared->loop, &shared->generation);
                if (p->checks == NULL) {
                        diag(DIAG_ERROR, "the workers can't be created: out of memory");
                        status = STATUS_NOMEM;
                }
        }
        for (unsigned i = 0; i < p->n_workers && status == STATUS_OK; i++) {
                status = worker_start(p->workers[i]);
        }
        return status;
}

/** Bound what may grow here: prepared statements of the sessions, and libevent's tables of file descriptors, of which each loop has one
 *  (main's too). */
static void bound_stores(const struct settings *settings)
{
        const uint64_t loops = proxy_workers(settings) + 1;
        prof_store_bound(STORE_STATEMENTS, 0,
                         settings->limits.held_bytes + 2 * settings->limits.statements * sizeof(void *));
        prof_store_bound(STORE_TABLES, loops * OTHER_FILES * FILE_BYTES, loops * 2 * FILE_BYTES);
}

enum status proxy_new(const struct settings *settings, struct event_base *main_base, struct journal *journal,
                      struct proxy **out)
{
        enum status status;
        struct proxy *p = prof_calloc(STAGE_MAIN, 1, sizeof *p);
        if (p == NULL) {
                diag(DIAG_ERROR, "the proxy can't be created: out of memory");
                return STATUS_NOMEM;
        }
        p->settings = settings;
        p->journal = journal;
        bound_stores(settings);
        p->quota = quota_new();
        if ((status = p->quota != NULL ? STATUS_OK : STATUS_NOMEM) != STATUS_OK ||
            (status = generation_new(settings, &p->servers, &p->generation)) != STATUS_OK ||
            (status = mailbox_init(&p->mailbox, main_base)) != STATUS_OK ||
            (status = bind_listeners(p)) != STATUS_OK || (status = start_workers(p)) != STATUS_OK) {
                proxy_free(p);
                return status;
        }
        *out = p;
        return STATUS_OK;
}

void proxy_drain(struct proxy *p)
{
        if (!p->draining) {
                bool hands_over = false;
                p->draining = true;
                for (unsigned i = 0; i < p->n_listeners; i++) {
                        hands_over = hands_over || listener_is_inherited(p->listeners[i]);
                }
                for (unsigned i = 0; i < p->n_workers; i++) {
                        worker_drain(p->workers[i], hands_over);
                }
        }
}

void proxy_free(struct proxy *p)
{
        if (p == NULL) {
                return;
        }
        p->stopping = true;
        packet_saver_detach(p->saver);
        for (unsigned i = 0; i < p->n_workers; i++) {
                worker_stop(p->workers[i]);
        }
        if (p->mailbox.event != NULL) {
                mailbox_drain(
                    &p->mailbox); /* answers that came meanwhile: those who asked may still read the counts */
        }
        packet_saver_free(p->saver);
        server_checks_free(p->checks);
        for (unsigned i = 0; i < p->n_listeners; i++) {
                listener_free(p->listeners[i]);
        }
        for (unsigned i = 0; i < p->n_workers; i++) {
                worker_free(p->workers[i]);
        }
        generation_release(p->generation);
        servers_free(&p->servers);
        quota_free(p->quota);
        mailbox_fini(&p->mailbox);
        prof_free(p->workers);
        prof_free(p);
}

const char *proxy_listen_addr(const struct proxy *p)
{
        return p->listen_addr;
}

const char *proxy_listener_addr(const struct proxy *p, unsigned i)
{
        return listener_addr(p->listeners[i]);
}

struct proxy_counts proxy_counts(const struct proxy *p)
{
        const struct packet_saver_counts saver = packet_saver_counts(p->saver);
        struct proxy_counts c = {
            .accepted = counter_read(&p->accepted),
            .refused = counter_read(&p->refused),
            .sessions = sessions_now(p),
            .packets_saved = saver.saved,
            .packets_unsaved = saver.failed,
        };
        for (unsigned i = 0; i < p->n_listeners; i++) {
                c.accept_errors += listener_errors(p->listeners[i]);
        }
        for (unsigned i = 0; i < p->n_workers; i++) {
                const struct session_counts *w = &p->workers[i]->sessions.counts;
                const struct tap_counts *tap = &p->workers[i]->sessions.tap.counts;
                c.upstream_errors += counter_read(&w->upstream_errors);
                c.opaque += counter_read(&tap->opaque);
                c.followed_again += counter_read(&tap->followed_again);
                c.missed += counter_read(&tap->missed);
                c.lint += counter_read(&tap->lint);
                c.tls_sessions += counter_read(&w->tls_sessions);
                c.tls_errors += counter_read(&w->tls_errors);
                c.statements += counter_read(&tap->statements);
                c.bytes_sent += counter_read(&w->bytes_to[SIDE_SERVER]);
                c.bytes_received += counter_read(&w->bytes_to[SIDE_CLIENT]);
        }
        return c;
}

bool proxy_upstream(const struct proxy *p, unsigned i, struct proxy_upstream *out)
{
        struct server *server = servers_at(&p->servers, i);
        if (server == NULL) {
                return false;
        }
        *out = (struct proxy_upstream){.up = server_is_up(server),
                                       .sessions = counter_read(&server->sessions),
                                       .failures = counter_read(&server->failures)};
        (void)snprintf(out->addr, sizeof out->addr, "%s", server->text);
        if (out->up == 0) {
                char error[SERVERS_ERROR_MAX];
                server_error(server, error);
                (void)snprintf(out->error, sizeof out->error, "%s", error);
        }
        return true;
}

const char *proxy_cut_off(const struct proxy *p)
{
        const struct generation *g = p->generation;
        for (unsigned i = 0; i < g->n_listeners; i++) {
                if (!server_group_is_up(g->listeners[i].servers)) {
                        return g->listeners[i].addr;
                }
        }
        return NULL;
}

const char *proxy_close_reason(size_t i, uint64_t *count)
{
        if (i + 1 >= REASON_COUNT) {
                return NULL;
        }
        enum reason reason = (enum reason)(i + 1); /* REASON_NONE is not listed */
        *count = reason_counted(reason);
        return reason_name(reason);
}
