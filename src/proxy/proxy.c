#include "proxy/proxy.h"

#include "base/clock.h"
#include "base/diag.h"
#include "mysql/gate.h"
#include "profile/prof.h"
#include "proxy/listener.h"
#include "proxy/reason.h"
#include "proxy/session.h"
#include "proxy/worker.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS_MAX = 64 };

struct proxy {
        const struct settings *settings;
        struct journal *journal;
        struct address remote;
        struct listener *listener;
        struct tls_context *tls;
        struct mailbox mailbox; /* answers of the workers */
        struct worker **workers;
        unsigned n_workers;
        bool stopping;                      /* nobody answers requests any more */
        char listen_addr[ADDRESS_TEXT_MAX]; /* outlives the listener */
        uint64_t next_id;
        uint64_t accepted;
        uint64_t refused;
};

/* --- clients ------------------------------------------------------------------------------------------------------- */

/** A client on its way to its worker. */
struct arrival {
        struct message message;
        struct worker *worker;
        int fd;
        uint64_t conn_id;
        char client_addr[];
};

static void on_arrival(struct message *message)
{
        struct arrival *a = (struct arrival *)message;
        (void)session_open(a->worker, a->fd, a->conn_id, a->client_addr);
        prof_free(a);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
        return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t sessions_now(const struct proxy *p)
{
        uint64_t n = 0;
        for (unsigned i = 0; i < p->n_workers; i++) {
                n += load(&p->workers[i]->counts.sessions);
        }
        return n;
}

static struct worker *least_busy(const struct proxy *p)
{
        struct worker *best = p->workers[0];
        for (unsigned i = 1; i < p->n_workers; i++) {
                if (load(&p->workers[i]->counts.sessions) < load(&best->counts.sessions)) {
                        best = p->workers[i];
                }
        }
        return best;
}

/** Tell a client that it can't be served. It has sent nothing yet, so the packet arrives before the close. */
static void turn_away(struct proxy *p, int fd, const char *client_addr, enum reason reason)
{
        uint8_t room[256];
        char text[128];
        struct writer w = writer_over(room, sizeof room);
        if (reason == REASON_TOO_MANY_SESSIONS) {
                p->refused++;
                (void)snprintf(text, sizeof text, "querytap: Too many connections: %s (%llu)",
                               reason_text(reason), (unsigned long long)p->settings->limits.sessions);
                gate_error_packet(&w, 0, 1040, NULL, text);
        } else {
                (void)snprintf(text, sizeof text, "querytap: %s", reason_text(reason));
                gate_error_packet(&w, 0, 1041, NULL, text); /* ER_OUT_OF_RESOURCES */
        }
        ssize_t n = send(fd, room, w.at, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)n;
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
        reason_count(reason);
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_ERROR;
        r.wall_ns = clock_wall_ns();
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str(client_addr));
        record_set_text(&r, FIELD_PROXY_LISTEN_ADDR, span_str(proxy_listen_addr(p)));
        record_set_text(&r, FIELD_REASON, span_str(reason_text(reason)));
        (void)journal_put(journal_port(p->journal, p->n_workers), &r);
}

static void on_accepted(void *arg, int fd, const char *client_addr)
{
        struct proxy *p = arg;
        p->accepted++;
        if (sessions_now(p) >= p->settings->limits.sessions) {
                turn_away(p, fd, client_addr, REASON_TOO_MANY_SESSIONS);
                return;
        }
        size_t text_size = strlen(client_addr) + 1;
        struct arrival *a = prof_alloc(STAGE_LISTENER, sizeof *a + text_size);
        if (a == NULL) {
                turn_away(p, fd, client_addr, REASON_OUT_OF_MEMORY);
                return;
        }
        *a = (struct arrival){
            .message.run = on_arrival, .worker = least_busy(p), .fd = fd, .conn_id = ++p->next_id};
        memcpy(a->client_addr, client_addr, text_size);
        atomic_fetch_add_explicit(&a->worker->counts.sessions, 1, memory_order_relaxed);
        worker_post(a->worker, &a->message);
}

/* --- requests to the workers --------------------------------------------------------------------------------------- */

struct request;

/** One worker's part of a request: goes to the worker, is filled there, and comes back. */
struct part {
        struct message message;
        struct request *request;
        struct worker *worker;
        struct session_view *views;
        size_t n;
        char *text;
        size_t len;
        bool found;
        bool failed;
};

struct request {
        struct proxy *proxy;
        void (*fill)(struct part *part);         /* on the worker */
        void (*answer)(struct request *request); /* on main, when all parts are back */
        unsigned outstanding;
        uint64_t conn_id;
        void *arg;
        union {
                void (*sessions)(void *arg, const struct session_view *views, size_t n);
                void (*hex)(void *arg, const char *text, size_t len);
                void (*kill)(void *arg, bool found);
        } done;
        unsigned n_parts;
        struct part parts[];
};

static void on_part_back(struct message *message)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct part *part = (struct part *)message;
        struct request *request = part->request;
        if (--request->outstanding > 0) {
                return;
        }
        request->answer(request);
        for (unsigned i = 0; i < request->n_parts; i++) {
                prof_free(request->parts[i].views);
                prof_free(request->parts[i].text);
        }
        prof_free(request);
}

static void on_part(struct message *message)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct part *part = (struct part *)message;
        worker_tick(part->worker);
        part->request->fill(part);
        part->message.run = on_part_back;
        mailbox_post(&part->request->proxy->mailbox, &part->message);
}

static struct session *find_session(const struct worker *w, uint64_t conn_id)
{
        struct session *s = w->sessions;
        while (s != NULL && session_id(s) != conn_id) {
                s = session_next(s);
        }
        return s;
}

static struct request *new_request(struct proxy *p, uint64_t conn_id, void *arg)
{
        if (p->stopping) {
                return NULL;
        }
        struct request *request =
            prof_calloc(STAGE_ADMIN, 1, sizeof *request + p->n_workers * sizeof(struct part));
        if (request != NULL) {
                request->proxy = p;
                request->conn_id = conn_id;
                request->arg = arg;
                request->n_parts = p->n_workers;
                request->outstanding = p->n_workers;
        }
        return request;
}

static void send_request(struct request *request)
{
        struct proxy *p = request->proxy;
        for (unsigned i = 0; i < p->n_workers; i++) {
                request->parts[i] =
                    (struct part){.message.run = on_part, .request = request, .worker = p->workers[i]};
        }
        for (unsigned i = 0; i < p->n_workers; i++) {
                worker_post(p->workers[i], &request->parts[i].message);
        }
}

static void fill_views(struct part *part)
{
        size_t n = 0;
        for (struct session *s = part->worker->sessions; s != NULL; s = session_next(s)) {
                n++;
        }
        part->views = prof_calloc(STAGE_ADMIN, n, sizeof *part->views);
        part->failed = part->views == NULL;
        for (struct session *s = part->worker->sessions; s != NULL && !part->failed; s = session_next(s)) {
                session_view(s, &part->views[part->n++]);
        }
}

static int compare_ids(const void *a, const void *b)
{
        const struct session_view *x = a;
        const struct session_view *y = b;
        return x->conn_id < y->conn_id ? -1 : x->conn_id > y->conn_id;
}

static void answer_sessions(struct request *request)
{
        size_t n = 0;
        bool failed = false;
        for (unsigned i = 0; i < request->n_parts; i++) {
                n += request->parts[i].n;
                failed = failed || request->parts[i].failed;
        }
        struct session_view *all = failed ? NULL : prof_calloc(STAGE_ADMIN, n, sizeof *all);
        size_t at = 0;
        for (unsigned i = 0; i < request->n_parts && all != NULL; i++) {
                memcpy(all + at, request->parts[i].views, request->parts[i].n * sizeof *all);
                at += request->parts[i].n;
        }
        if (all != NULL) {
                qsort(all, n, sizeof *all, compare_ids);
        }
        request->done.sessions(request->arg, all, all != NULL ? n : 0);
        prof_free(all);
}

void proxy_sessions(struct proxy *p, void (*done)(void *arg, const struct session_view *views, size_t n),
                    void *arg)
{
        struct request *request = new_request(p, 0, arg);
        if (request == NULL) {
                done(arg, NULL, 0);
                return;
        }
        request->done.sessions = done;
        request->fill = fill_views;
        request->answer = answer_sessions;
        send_request(request);
}

static void fill_hex(struct part *part)
{
        struct session *s = find_session(part->worker, part->request->conn_id);
        part->text = s != NULL ? session_hex(s, &part->len) : NULL;
}

static void answer_hex(struct request *request)
{
        const struct part *found = &request->parts[0];
        for (unsigned i = 0; i < request->n_parts; i++) {
                if (request->parts[i].text != NULL) {
                        found = &request->parts[i];
                }
        }
        request->done.hex(request->arg, found->text, found->len);
}

void proxy_hex(struct proxy *p, uint64_t conn_id, void (*done)(void *arg, const char *text, size_t len),
               void *arg)
{
        struct request *request = new_request(p, conn_id, arg);
        if (request == NULL) {
                done(arg, NULL, 0);
                return;
        }
        request->done.hex = done;
        request->fill = fill_hex;
        request->answer = answer_hex;
        send_request(request);
}

static void fill_kill(struct part *part)
{
        struct session *s = find_session(part->worker, part->request->conn_id);
        part->found = s != NULL;
        if (s != NULL) {
                session_close(s, REASON_KILLED);
        }
}

static void answer_kill(struct request *request)
{
        bool found = false;
        for (unsigned i = 0; i < request->n_parts; i++) {
                found = found || request->parts[i].found;
        }
        request->done.kill(request->arg, found);
}

void proxy_kill(struct proxy *p, uint64_t conn_id, void (*done)(void *arg, bool found), void *arg)
{
        struct request *request = new_request(p, conn_id, arg);
        if (request == NULL) {
                done(arg, false);
                return;
        }
        request->done.kill = done;
        request->fill = fill_kill;
        request->answer = answer_kill;
        send_request(request);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

unsigned proxy_workers(const struct settings *settings)
{
        cpu_set_t allowed; /* fewer than the machine has, in a container or under taskset */
        if (settings->workers > 0) {
                return (unsigned)settings->workers;
        }
        long n = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed)
                                                                     : sysconf(_SC_NPROCESSORS_ONLN);
        return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static enum status parse(const char *text, const char *name, struct address *out)
{
        enum status status = address_parse(text, out);
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "setting '%s' must be host:port, [v6]:port or unix:/path, not '%s'", name,
                     text);
        }
        return status;
}

static enum status start_workers(struct proxy *p)
{
        unsigned n = proxy_workers(p->settings);
        (void)snprintf(p->listen_addr, sizeof p->listen_addr, "%s", listener_addr(p->listener));
        struct span listen_addr = journal_keep(p->journal, span_str(p->listen_addr));
        struct span remote_addr = journal_keep(p->journal, span_str(p->settings->remote));
        p->workers = prof_calloc(STAGE_WORKER, n, sizeof(struct worker *));
        while (p->workers != NULL && p->n_workers < n) {
                const struct worker_config config = {
                    .index = p->n_workers,
                    .settings = p->settings,
                    .remote = &p->remote,
                    .remote_text = p->settings->remote,
                    .count_only = !journal_is_read(p->journal),
                    .listen_addr = listen_addr,
                    .remote_addr = remote_addr,
                    .port = journal_port(p->journal, p->n_workers),
                    .tls = p->tls,
                };
                p->workers[p->n_workers] = worker_new(&config);
                if (p->workers[p->n_workers] == NULL) {
                        return STATUS_NOMEM;
                }
                p->n_workers++;
        }
        if (p->workers == NULL || listen_addr.len == 0 || remote_addr.len == 0) {
                diag(DIAG_ERROR, "the workers can't be made: out of memory");
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

enum status proxy_new(const struct settings *settings, struct event_base *main_base, struct journal *journal,
                      struct proxy **out)
{
        struct address listen;
        enum status status;
        struct proxy *p = prof_calloc(STAGE_MAIN, 1, sizeof *p);
        if (p == NULL) {
                diag(DIAG_ERROR, "the proxy can't be made: out of memory");
                return STATUS_NOMEM;
        }
        p->settings = settings;
        p->journal = journal;
        if ((status = parse(settings->listen, "listen", &listen)) != STATUS_OK ||
            (status = parse(settings->remote, "remote", &p->remote)) != STATUS_OK ||
            (status = tls_context_new(settings, &listen, &p->remote, &p->tls)) != STATUS_OK ||
            (status = mailbox_init(&p->mailbox, main_base)) != STATUS_OK ||
            (status = listener_new(main_base, &listen, settings->listen, on_accepted, p, &p->listener)) !=
                STATUS_OK ||
            (status = start_workers(p)) != STATUS_OK) {
                proxy_free(p);
                return status;
        }
        *out = p;
        return STATUS_OK;
}

void proxy_free(struct proxy *p)
{
        if (p == NULL) {
                return;
        }
        p->stopping = true;
        for (unsigned i = 0; i < p->n_workers; i++) {
                worker_stop(p->workers[i]);
        }
        if (p->mailbox.event != NULL) {
                mailbox_drain(
                    &p->mailbox); /* answers that came meanwhile: the askers may still look at the counts */
        }
        for (unsigned i = 0; i < p->n_workers; i++) {
                worker_free(p->workers[i]);
        }
        listener_free(p->listener);
        tls_context_free(p->tls);
        mailbox_fini(&p->mailbox);
        prof_free(p->workers);
        prof_free(p);
}

const char *proxy_listen_addr(const struct proxy *p)
{
        return p->listen_addr;
}

struct proxy_counts proxy_counts(const struct proxy *p)
{
        struct proxy_counts c = {
            .accepted = p->accepted,
            .refused = p->refused,
            .accept_errors = listener_errors(p->listener),
            .sessions = sessions_now(p),
        };
        for (unsigned i = 0; i < p->n_workers; i++) {
                const struct worker_counts *w = &p->workers[i]->counts;
                c.upstream_errors += load(&w->upstream_errors);
                c.opaque += load(&w->opaque);
                c.lint += load(&w->lint);
                c.tls_sessions += load(&w->tls_sessions);
                c.tls_errors += load(&w->tls_errors);
                c.statements += load(&w->statements);
                c.bytes_sent += load(&w->bytes_sent);
                c.bytes_received += load(&w->bytes_received);
        }
        return c;
}

const char *proxy_close_reason(size_t i, uint64_t *count)
{
        if (i + 1 >= REASON_COUNT) {
                return NULL;
        }
        enum reason reason = (enum reason)(i + 1); /* none is none */
        *count = reason_counted(reason);
        return reason_name(reason);
}
