/* Requests of the admin port to the workers: each worker fills in its part on its own thread, and the main thread answers when all parts
 * are back. */
#include "base/diag.h"
#include "profile/heap/prof.h"
#include "proxy/proxy_state.h"
#include "proxy/session_view.h"
#include "tap/tap_copy.h"

#include <stdlib.h>

struct request;

/** One worker's part of a request: a message to the worker, which fills it in and sends it back. */
struct part {
        struct message message;
        struct request *request;
        struct worker *worker;
        struct session_view *views;
        size_t n;
        char *text;
        size_t len;
        struct tap_copy *copy; /* or a list of them */
        bool found;
        bool failed;
};

struct request {
        struct proxy *proxy;
        void (*fill)(struct part *part);         /* on the worker's thread */
        void (*answer)(struct request *request); /* on the main thread, when all parts are back */
        unsigned outstanding;
        uint64_t conn_id;
        struct generation *generation; /* the one to take; NULL = none */
        enum tap_dump form;            /* of the hex dump */
        void *arg;
        union {
                void (*sessions)(void *arg, const struct session_view *views, size_t n);
                void (*hex)(void *arg, const char *text, size_t len);
                void (*copy)(void *arg, const struct tap_copy *copy);
                void (*kill)(void *arg, bool found);
                void (*taken)(void *arg);
                struct proxy_news *news;
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
                for (struct tap_copy *copy; (copy = tap_copy_pop(&request->parts[i].copy)) != NULL;) {
                        tap_copy_free(copy);
                }
        }
        generation_release(request->generation);
        prof_free(request);
}

static void on_part(struct message *message)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct part *part = (struct part *)message;
        loop_tick(&part->worker->sessions.loop);
        part->request->fill(part);
        part->message.run = on_part_back;
        mailbox_post(&part->request->proxy->mailbox, &part->message);
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
        for (struct session *s = part->worker->sessions.first; s != NULL; s = session_next(s)) {
                n++;
        }
        part->views = prof_calloc(STAGE_ADMIN, n, sizeof *part->views);
        part->failed = part->views == NULL;
        for (struct session *s = part->worker->sessions.first; s != NULL && !part->failed;
             s = session_next(s)) {
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
        struct session *s = worker_session(part->worker, part->request->conn_id);
        part->text = s != NULL ? session_hex(s, part->request->form, &part->len)
                               : tap_hex_ended(&part->worker->sessions.tap, part->request->conn_id,
                                               part->request->form, &part->len);
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

void proxy_hex(struct proxy *p, uint64_t conn_id, enum tap_dump form,
               void (*done)(void *arg, const char *text, size_t len), void *arg)
{
        struct request *request = new_request(p, conn_id, arg);
        if (request == NULL) {
                done(arg, NULL, 0);
                return;
        }
        request->done.hex = done;
        request->form = form;
        request->fill = fill_hex;
        request->answer = answer_hex;
        send_request(request);
}

static void fill_copy(struct part *part)
{
        struct session *s = worker_session(part->worker, part->request->conn_id);
        part->copy =
            s != NULL ? session_copy(s) : tap_copy_ended(&part->worker->sessions.tap, part->request->conn_id);
}

static void answer_copy(struct request *request)
{
        const struct tap_copy *copy = NULL;
        for (unsigned i = 0; i < request->n_parts; i++) {
                copy = request->parts[i].copy != NULL ? request->parts[i].copy : copy;
        }
        request->done.copy(request->arg, copy);
}

void proxy_copy(struct proxy *p, uint64_t conn_id, void (*done)(void *arg, const struct tap_copy *copy),
                void *arg)
{
        struct request *request = new_request(p, conn_id, arg);
        if (request == NULL) {
                done(arg, NULL);
                return;
        }
        request->done.copy = done;
        request->fill = fill_copy;
        request->answer = answer_copy;
        send_request(request);
}

static void fill_news(struct part *part)
{
        struct proxy_news *news = part->request->done.news;
        struct worker *w = part->worker;
        uint64_t *ends = &news->ends[w->sessions.config.worker];
        for (struct session *s = w->sessions.first; s != NULL; s = session_next(s)) {
                session_copy_wanted(s, &news->wanted, &part->copy);
        }
        uint64_t last = tap_copy_wanted_ended(&w->sessions.tap, *ends, &news->wanted, &part->copy);
        *ends = news->only_new_ends ? last : 0;
}

static void answer_news(struct request *request)
{
        for (unsigned i = 0; i < request->n_parts; i++) {
                struct tap_copy *copy;
                while ((copy = tap_copy_pop(&request->parts[i].copy)) != NULL) {
                        request->done.news->each(request->arg, copy);
                        tap_copy_free(copy);
                }
        }
        request->done.news->done(request->arg);
}

bool proxy_ask_news(struct proxy *p, struct proxy_news *news, void *arg)
{
        struct request *request = new_request(p, 0, arg);
        if (request != NULL) {
                request->done.news = news;
                request->fill = fill_news;
                request->answer = answer_news;
                send_request(request);
        }
        return request != NULL;
}

static void fill_kill(struct part *part)
{
        struct session *s = worker_session(part->worker, part->request->conn_id);
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

static void fill_taken(struct part *part)
{
        if (part->request->generation != NULL) {
                session_shared_reload(&part->worker->sessions, part->request->generation);
        }
}

static void answer_taken(struct request *request)
{
        request->done.taken(request->arg);
}

/** Tell all workers; @p generation, which may be NULL, becomes the request's. @return false when memory is out. */
static bool tell_all(struct proxy *p, struct generation *generation, void (*done)(void *arg), void *arg)
{
        struct request *request = new_request(p, 0, arg);
        if (request == NULL) {
                generation_release(generation);
                return false;
        }
        request->generation = generation;
        request->done.taken = done;
        request->fill = fill_taken;
        request->answer = answer_taken;
        send_request(request);
        return true;
}

void proxy_ping(struct proxy *p, void (*done)(void *arg), void *arg)
{
        (void)tell_all(p, NULL, done, arg);
}

enum status proxy_reload(struct proxy *p, const struct settings *settings, void (*done)(void *arg), void *arg)
{
        struct generation *generation;
        servers_prune(&p->servers);
        enum status status = generation_new(settings, &p->servers, &generation);
        if (status != STATUS_OK) {
                return status;
        }
        for (unsigned i = 0; i < generation->n_listeners;
             i++) { /* they are as they were: a reload does not change them */
                generation_bound(generation, i, listener_addr(p->listeners[i]));
        }
        (void)generation_hold(generation);
        if (!tell_all(p, generation, done, arg)) {
                generation_release(generation);
                diag(DIAG_ERROR, "the settings can't be reloaded: %s",
                     p->stopping ? "the proxy is stopping" : "out of memory");
                return STATUS_NOMEM;
        }
        generation_release(p->generation);
        p->generation = generation;
        return STATUS_OK;
}
