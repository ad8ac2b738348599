/* How a session begins: a client's arrival, and its connection to the server. */
#include "base/counter.h"
#include "base/diag.h"
#include "profile/heap/leak_injection.h"
#include "proxy/session_state.h"

#include <stdio.h>
#include <unistd.h>

static void refuse_with_error(struct session *s, uint8_t seq, uint16_t errnum, const char *sqlstate,
                              const char *text, enum reason reason)
{
        uint8_t room[600];
        struct writer w = writer_over(room, sizeof room);
        gate_error_packet(&w, seq, errnum, sqlstate, text);
        session_refuse(s, writer_span(&w), reason);
}

static void on_unreachable(struct session *s, const char *error)
{
        char text[512];
        counter_add(&s->worker->counts.upstream_errors, 1);
        (void)snprintf(text, sizeof text, "querytap: can't connect to upstream %s: %s",
                       s->worker->remote_text, error);
        session_report_error(s, reason_text(REASON_UPSTREAM_UNREACHABLE), text);
        /* ER_SERVER_SHUTDOWN: clients that wait for a server to come back try again. 2002 or 2003 would say it better, but
         * clients distrust a server that sends a number of their own range. */
        refuse_with_error(s, 0, 1053, NULL, text, REASON_UPSTREAM_UNREACHABLE);
}

static enum status report_connected(struct session *s, int fd)
{
        char own[ADDRESS_TEXT_MAX];
        address_own(fd, own);
        return tap_connected(s->tap, own, s->worker->now_ns);
}

static void on_upstream(void *arg, int fd, const char *error)
{
        struct session *s = arg;
        s->connecting = NULL;
        worker_tick(s->worker);
        session_begin(s);
        if (fd < 0) {
                on_unreachable(s, error);
        } else if (link_open(&s->links[SIDE_SERVER], s, SIDE_SERVER, fd, 0) != STATUS_OK ||
                   link_resume(&s->links[SIDE_CLIENT], PAUSE_CONNECTING) != STATUS_OK ||
                   report_connected(s, fd) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        } else {
                session_set_timer(s, session_settings(s)->limits.login_timeout_ms, false);
        }
        session_finish(s);
}

/** @p reached becomes the server's socket if it is there at once, else -1. */
static enum status set_up(struct session *s, int fd, const char *client_addr, int *reached)
{
        struct worker *w = s->worker;
        if (link_open(&s->links[SIDE_CLIENT], s, SIDE_CLIENT, fd, PAUSE_CONNECTING) != STATUS_OK) {
                return STATUS_NOMEM;
        }
        s->gate = gate_new(tls_context_policy(w->tls));
        s->tap = tap_new(&w->tap, s->id, client_addr, &s->times, w->now_ns);
        if (s->gate == NULL || s->tap == NULL) {
                return STATUS_NOMEM;
        }
        const struct upstream_try server = upstream_connect(
            w->base, w->dns, w->remote, w->settings->limits.connect_timeout_ms, on_upstream, s);
        s->connecting = server.under_way;
        *reached = server.fd;
        return server.under_way != NULL || server.fd >= 0 ? STATUS_OK : STATUS_NOMEM;
}

enum status session_open(struct worker *worker, int fd, uint64_t conn_id, const char *client_addr)
{
        PROF_SCOPE(STAGE_SESSION);
        int server = -1;
        struct session *s = prof_calloc(STAGE_SESSION, 1, sizeof *s);
        worker_tick(worker);
        leak_injection_on_event(LEAK_INJECTION_SESSION);
        if (s == NULL) {
                (void)close(fd);
        } else {
                s->worker = worker;
                s->id = conn_id;
                s->wire = (struct prof_wire){.session = conn_id, .describe = session_wire};
                s->links[SIDE_CLIENT].fd = -1;
                s->links[SIDE_SERVER].fd = -1;
                s->links[SIDE_CLIENT].other = &s->links[SIDE_SERVER];
                s->links[SIDE_SERVER].other = &s->links[SIDE_CLIENT];
        }
        if (s == NULL || set_up(s, fd, client_addr, &server) != STATUS_OK) {
                diag(DIAG_ERROR, "session %llu can't be opened: out of memory", (unsigned long long)conn_id);
                reason_count(REASON_OUT_OF_MEMORY);
                atomic_fetch_sub_explicit(&worker->counts.sessions, 1, memory_order_relaxed);
                if (s != NULL) {
                        session_discard(s);
                }
                return STATUS_NOMEM;
        }
        s->next = worker->sessions;
        s->link_here = &worker->sessions;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        worker->sessions = s;
        if (server >= 0) {
                on_upstream(s, server, NULL);
        }
        return STATUS_OK;
}
