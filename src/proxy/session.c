#include "proxy/session.h"

#include "base/clock.h"
#include "base/counter.h"
#include "proxy/net/tls.h"
#include "proxy/session_state.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

/* How long a client that was refused may take to read why; how much it may send ahead of its login's end. */
enum { FAILURE_MAX = 400, REFUSED_MS = 2000, TLS_TEXT_MAX = 96, GATE_HELD_MAX = 512 * 1024 };

uint64_t session_id(const struct session *s)
{
        return s->id;
}

struct session *session_next(const struct session *s)
{
        return s->next;
}

struct worker *session_worker(const struct session *s)
{
        return s->worker;
}

const struct settings *session_settings(const struct session *s)
{
        return s->worker->settings;
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

void session_report_error(struct session *s, const char *reason, const char *info)
{
        tap_notice(s->tap, EVENT_ERROR, reason, info, s->worker->now_ns);
}

static void drop_timer(struct session *s)
{
        if (s->timer != NULL) {
                event_free(s->timer);
                s->timer = NULL;
        }
}

void session_discard(struct session *s)
{
        upstream_cancel(s->connecting);
        link_close(&s->links[SIDE_CLIENT]);
        link_close(&s->links[SIDE_SERVER]);
        drop_timer(s);
        gate_free(s->gate);
        prof_free(s->failure);
        tap_free(s->tap);
        prof_free(s);
}

static void bury(struct session *s)
{
        struct worker *w = s->worker;
        const struct tap_ending ending = {.reason = reason_text(s->reason),
                                          .bytes_sent = s->links[SIDE_CLIENT].bytes_read,
                                          .bytes_received = s->links[SIDE_SERVER].bytes_read};
        tap_end(s->tap, &ending, w->now_ns);
        reason_count(s->reason);
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        prof_set_wire(NULL);
        session_discard(s);
        atomic_fetch_sub_explicit(&w->counts.sessions, 1, memory_order_relaxed);
}

static void give_reason(struct session *s, enum reason reason)
{
        if (s->reason == REASON_NONE) {
                s->reason = reason;
        }
}

void session_close(struct session *s, enum reason reason)
{
        give_reason(s, reason);
        s->ended = true;
        if (!s->busy) {
                bury(s);
        }
}

void session_begin(struct session *s)
{
        s->busy = true;
        prof_set_wire(&s->wire);
        tap_expect(s->tap);
}

/** All that came was delivered, or can't be any more. */
static bool is_over(struct session *s)
{
        struct link *client = &s->links[SIDE_CLIENT];
        struct link *server = &s->links[SIDE_SERVER];
        if (s->refused) {
                return client->read_ended || client->write_ended;
        }
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                struct link *gone = &s->links[side];
                struct link *left = gone->other;
                bool delivered = left->write_ended || link_backlog(left) == 0;
                if (gone->read_ended && gone->write_ended && delivered) {
                        return true; /* nobody is left on one side */
                }
        }
        return client->read_ended && server->read_ended &&
               (client->write_ended || link_backlog(client) == 0) &&
               (server->write_ended || link_backlog(server) == 0);
}

/** Did anything happen that could end it? */
static bool is_ending(const struct session *s)
{
        const struct link *a = &s->links[SIDE_CLIENT];
        const struct link *b = &s->links[SIDE_SERVER];
        return (s->refused | a->read_ended | a->write_ended | b->read_ended | b->write_ended) !=
               0; /* one branch */
}

void session_finish(struct session *s)
{
        prof_set_wire(NULL);
        s->busy = false;
        if (!s->ended && is_ending(s) && is_over(s)) {
                s->ended = true;
        }
        if (s->ended) {
                bury(s);
        }
}

/** Changes with each byte that comes or goes: the last bytes to a slow reader are traffic too. */
static uint64_t bytes_moved(const struct session *s)
{
        const struct link *client = &s->links[SIDE_CLIENT];
        const struct link *server = &s->links[SIDE_SERVER];
        return 2 * (client->bytes_read + server->bytes_read) - link_backlog(client) - link_backlog(server);
}

static void on_timer(evutil_socket_t fd, short what, void *arg);

void session_set_timer(struct session *s, uint64_t ms, bool for_end)
{
        const struct timeval timeout = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        s->timer_is_for_end = for_end;
        s->timer_moved = bytes_moved(s);
        if (s->timer == NULL) {
                s->timer = evtimer_new(s->worker->base, on_timer, s);
        }
        if (s->timer == NULL || worker_event_add(s->timer, &timeout) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

void session_refuse(struct session *s, struct span packet, enum reason reason)
{
        struct link *client = &s->links[SIDE_CLIENT];
        give_reason(s, reason);
        s->refused = true;
        link_abandon(&s->links[SIDE_SERVER]);
        if (link_write(client, packet) != STATUS_OK ||
            link_resume(client, PAUSE_CONNECTING | PAUSE_BACKLOG | PAUSE_GATE) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
                return;
        }
        link_shut(client, true);
        session_set_timer(s, REFUSED_MS, true);
}

static uint64_t timer_ms(const struct session *s)
{
        const struct settings *settings = session_settings(s);
        return s->timer_is_for_end ? settings->limits.half_close_timeout_ms
                                   : settings->limits.login_timeout_ms;
}

void session_go_on(struct session *s)
{
        if (link_resume(&s->links[SIDE_CLIENT], PAUSE_LOG) != STATUS_OK ||
            link_resume(&s->links[SIDE_SERVER], PAUSE_LOG) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct session *s = arg;
        (void)fd;
        (void)what;
        worker_tick(s->worker);
        session_begin(s);
        if (s->refused) {
                s->ended = true;
        } else if (s->worker->held) {
                session_set_timer(s, timer_ms(s),
                                  s->timer_is_for_end); /* we do not read: it is not his fault */
        } else if (!s->timer_is_for_end) {
                session_report_error(s, reason_text(REASON_LOGIN_TIMEOUT), NULL);
                session_close(s, REASON_LOGIN_TIMEOUT);
        } else if (bytes_moved(s) != s->timer_moved) {
                session_set_timer(s, session_settings(s)->limits.half_close_timeout_ms, true);
        } else {
                s->reason = REASON_HALF_CLOSE_TIMEOUT;
                s->ended = true;
        }
        session_finish(s);
}

/* --- bytes ------------------------------------------------------------------------------------------------------------ */

/** @p to does not take them all, or any: that pauses the other side. */
static void hold_back(struct session *s, struct link *to)
{
        struct link *from = to->other;
        bool is_full = link_backlog(to) > session_settings(s)->limits.backlog_bytes;
        if (is_full && to->side == SIDE_CLIENT && s->stall_begin_ns == 0) {
                s->stall_begin_ns = s->worker->now_ns;
        }
        if ((is_full && link_pause(from, PAUSE_BACKLOG) != STATUS_OK) ||
            /* nobody takes it; how the other side ended is told by reading that one */
            (to->write_ended && link_pause(from, PAUSE_ENDED) != STATUS_OK)) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

/** Hand @p bytes on to @p to. */
static inline void deliver(struct session *s, struct link *to, struct span bytes)
{
        if (link_write(to, bytes) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
                return;
        }
        counter_add(to->side == SIDE_SERVER ? &s->worker->counts.bytes_sent
                                            : &s->worker->counts.bytes_received,
                    bytes.len);
        if (to->backlog != NULL || to->write_ended) {
                hold_back(s, to);
        }
}

/** Forward, then feed the tap: it adds no latency. */
static void pass(struct session *s, struct link *from, struct span bytes)
{
        deliver(s, from->other, bytes);
        s->times.own_cycles += clock_cycles() - s->worker->tick_cycles;
        tap_feed(s->tap, from->side, bytes, s->worker->now_ns);
}

/** The login went through, or there is none: see what the gate made of it. */
static void note_gate(struct session *s)
{
        const char *reason = gate_reason(s->gate);
        tap_set_login(s->tap, gate_offer(s->gate), gate_mediated(s->gate));
        if (gate_login_sent(s->gate) && !s->timer_is_for_end) {
                drop_timer(s);
        }
        if (gate_is_open(s->gate) && reason != NULL && !s->gate_said) {
                s->gate_said = true;
                tap_give_up(s->tap, reason, s->worker->now_ns);
        }
}

/** It is not needed any more; or much is held, and the client must wait. */
static void settle_gate(struct session *s)
{
        bool open = gate_is_open(s->gate);
        struct link *client = &s->links[SIDE_CLIENT];
        enum status status = !open && gate_held(s->gate) > GATE_HELD_MAX ? link_pause(client, PAUSE_GATE)
                             : open                                      ? link_resume(client, PAUSE_GATE)
                                                                         : STATUS_OK;
        if (status != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
        if (open && !gate_is_uneven(s->gate)) {
                if (!s->timer_is_for_end) {
                        drop_timer(s);
                }
                gate_free(s->gate);
                s->gate = NULL;
        }
}

/** Do what the gate says. The tap sees the session as the client does: @p from_client is what came from there. */
static void run_gate(struct session *s, enum gate_step step, struct span from_client,
                     const struct gate_out *out)
{
        struct link *client = &s->links[SIDE_CLIENT];
        struct link *server = &s->links[SIDE_SERVER];
        if (step == GATE_NOMEM) {
                session_close(s, REASON_OUT_OF_MEMORY);
                return;
        }
        note_gate(s);
        if (out->to[SIDE_SERVER].len > 0) {
                deliver(s, server, out->to[SIDE_SERVER]);
        }
        if (step == GATE_REFUSE) {
                session_report_error(s, gate_reason(s->gate), NULL);
                session_refuse(s, out->to[SIDE_CLIENT],
                               s->reason != REASON_NONE ? s->reason : REASON_HANDSHAKE_REFUSED);
        } else if (out->to[SIDE_CLIENT].len > 0) {
                deliver(s, client, out->to[SIDE_CLIENT]);
        }
        /* not what came behind the packet that was refused: nobody will read it */
        size_t unread = out->rest.len + (step == GATE_REFUSE ? gate_held(s->gate) : 0);
        tap_feed(s->tap, SIDE_CLIENT,
                 span_head(from_client, from_client.len > unread ? from_client.len - unread : 0),
                 s->worker->now_ns);
        tap_feed(s->tap, SIDE_SERVER, out->to[SIDE_CLIENT], s->worker->now_ns);
        gate_sent(s->gate);
        settle_gate(s);
        if ((step == GATE_CLIENT_TLS && link_secure(client, out->rest) != STATUS_OK) ||
            (step == GATE_SERVER_TLS && link_secure(server, (struct span){NULL, 0}) != STATUS_OK)) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

/** Does the gate of an uneven session, open by now, let @p bytes pass? */
static bool passes_open_gate(struct session *s, const struct link *from, struct span bytes)
{
        return gate_is_open(s->gate) &&
               !(from->side == SIDE_CLIENT && tap_view(s->tap).idle && gate_closes(s->gate, bytes));
}

void session_on_bytes(struct session *s, struct link *from, struct span bytes)
{
        if (s->ended || s->refused) {
                return; /* read only to see its end */
        }
        if (s->gate == NULL || passes_open_gate(s, from, bytes)) {
                pass(s, from, bytes);
                return;
        }
        PROF_SCOPE(STAGE_FRAME);
        struct gate_out out;
        enum gate_step step = gate_feed(s->gate, from->side, bytes, &out);
        run_gate(s, step, from->side == SIDE_CLIENT ? bytes : (struct span){NULL, 0}, &out);
}

void session_on_secured(struct session *s, struct link *link)
{
        char text[TLS_TEXT_MAX];
        tls_describe(link->tls, text, sizeof text);
        if (tap_secured(s->tap, link->side, text) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
        if (s->ended || s->refused) {
                return;
        }
        if (link->side == SIDE_CLIENT) {
                counter_add(&s->worker->counts.tls_sessions, 1);
                return;
        }
        struct gate_out out;
        enum gate_step step = gate_secured(s->gate, &out);
        run_gate(s, step, (struct span){NULL, 0}, &out);
}

void session_on_tls_failed(struct session *s, struct link *link, const char *error)
{
        bool is_client = link->side == SIDE_CLIENT;
        enum reason reason = is_client ? REASON_CLIENT_TLS : REASON_SERVER_TLS;
        if (s->ended || s->refused) {
                return;
        }
        counter_add(&s->worker->counts.tls_errors, 1);
        give_reason(s, reason);
        if (!is_client && s->gate != NULL && !gate_login_sent(s->gate)) {
                struct gate_out out;
                char text[FAILURE_MAX];
                (void)snprintf(text, sizeof text, "TLS with the server %s failed: %s", s->worker->remote_text,
                               error);
                prof_free(s->failure);
                s->failure = prof_strdup(STAGE_SESSION, text);
                if (s->failure == NULL) {
                        session_close(s, REASON_OUT_OF_MEMORY);
                        return;
                }
                run_gate(s, gate_fail(s->gate, s->failure, &out), (struct span){NULL, 0}, &out);
                return;
        }
        session_report_error(s, reason_text(reason), error);
        if (is_client) {
                session_refuse(s, (struct span){NULL, 0}, reason); /* the alert is its answer */
        } else {
                session_on_end(s, link, ECONNRESET);
        }
}

void session_on_end(struct session *s, struct link *from, int error)
{
        struct link *to = from->other;
        bool is_client = from->side == SIDE_CLIENT;
        if (error == 0) {
                give_reason(s, is_client ? REASON_CLIENT_CLOSED : REASON_SERVER_CLOSED);
        } else {
                give_reason(s, is_client ? REASON_CLIENT_RESET : REASON_SERVER_RESET);
                from->write_ended = true;
        }
        if (from->tls != NULL && !tls_established(from->tls)) {
                session_on_tls_failed(s, from, "the connection ended during the handshake");
        }
        from->read_ended = true;
        if (link_pause(from, PAUSE_ENDED) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
        if (s->ended || s->refused) {
                return;
        }
        if (s->gate != NULL && !gate_is_open(s->gate)) {
                deliver(s, to, gate_end(s->gate, from->side)); /* the tap has seen it, or need not */
                note_gate(s);
        }
        if (s->ended) {
                return;
        }
        if (to->tls == NULL && is_over(s)) {
                return; /* closing says it all */
        }
        /* As it came: a server looks at the socket whether its client is there, and takes close_notify for a sign of life. */
        link_shut(to, from->tls != NULL ? from->said_end : !is_client);
        if (!s->timer_is_for_end) {
                session_set_timer(s, session_settings(s)->limits.half_close_timeout_ms, true);
        }
}

void session_on_drained(struct session *s, struct link *link)
{
        if (link->side == SIDE_CLIENT && s->stall_begin_ns != 0) {
                s->times.stall_ns += s->worker->now_ns - s->stall_begin_ns;
                s->stall_begin_ns = 0;
        }
        if (!s->ended && link_resume(link->other, PAUSE_BACKLOG) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}
