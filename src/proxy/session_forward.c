/* What the two links of a session report, and what becomes of it: bytes go to the other link and to the tap, through the
 * gate while there is one. */
#include "base/clock.h"
#include "base/counter.h"
#include "proxy/session_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* GATE_HELD_MAX: what a client may send ahead of its login's end, in bytes. */
enum { FAILURE_MAX = 400, TLS_TEXT_MAX = 96, GATE_HELD_MAX = 512 * 1024 };

/** Nothing is forwarded any more. */
static bool is_done(const struct session *s)
{
        return s->state >= SESSION_REFUSED;
}

static void end_out_of_memory(struct session *s)
{
        session_close(s, REASON_OUT_OF_MEMORY);
}

static bool feed_tap(struct session *s, enum side from, struct span bytes)
{
        return tap_feed(s->tap, from, bytes, s->shared->loop.now_ns);
}

/* --- forwarding ------------------------------------------------------------------------------------------------------- */

/** @p to does not take all bytes, or takes none: that pauses the other side. */
static void hold_back(struct session *s, struct link *to)
{
        struct link *from = to->other;
        bool is_full = link_backlog(to) > s->shared->config.backlog_bytes;
        if (is_full && to->side == SIDE_CLIENT && s->stall_begin_ns == 0) {
                s->stall_begin_ns = s->shared->loop.now_ns;
        }
        if ((is_full && link_pause(from, PAUSE_BACKLOG) != STATUS_OK) ||
            /* nobody takes it; reading the other side shows how that one ended */
            (link_write_failed(to) && link_pause(from, PAUSE_ENDED) != STATUS_OK)) {
                end_out_of_memory(s);
        }
}

/** Hand @p bytes on to @p to. */
static inline void deliver(struct session *s, struct link *to, struct span bytes)
{
        if (link_write(to, bytes) != STATUS_OK) {
                end_out_of_memory(s);
                return;
        }
        counter_add(&s->shared->counts.bytes_to[to->side], bytes.len);
        if (to->backlog != NULL || link_write_failed(to)) {
                hold_back(s, to);
        }
}

/** Forward, then feed the tap: it adds no latency. */
static inline void pass(struct session *s, struct link *from, struct span bytes)
{
        deliver(s, from->other, bytes);
        s->times.own_cycles += clock_cycles() - s->shared->loop.tick_cycles;
        if (feed_tap(s, from->side, bytes)) {
                session_settle_pipeline(s);
        }
}

/** The gate has seen more of the login: pass on what it found. */
static void note_gate(struct session *s)
{
        const char *reason = gate_reason(s->gate);
        tap_set_login(s->tap, gate_offer(s->gate), gate_mediated(s->gate));
        if (!session_lacks_greeting(s)) {
                server_reached(s->server, s->shared->loop.now_ns);
        }
        if (s->times_greeting && !session_awaits_greeting(s) && s->state == SESSION_GATED) {
                session_set_timer(s); /* from here on it is the client that is waited for */
        }
        if (gate_login_sent(s->gate) && s->state < SESSION_CLOSING) {
                session_drop_timer(s);
        }
        if (gate_is_open(s->gate)) {
                if (s->state == SESSION_GATED) {
                        session_enter(s, SESSION_STREAMING);
                }
                if (reason != NULL) {
                        tap_give_up(s->tap, reason, s->shared->loop.now_ns);
                }
        }
}

/** Free the gate if it is not needed any more; make the client wait if the gate holds much. */
static void settle_gate(struct session *s)
{
        bool open = gate_is_open(s->gate);
        struct link *client = &s->links[SIDE_CLIENT];
        enum status status = !open && gate_held(s->gate) > GATE_HELD_MAX ? link_pause(client, PAUSE_GATE)
                             : open                                      ? link_resume(client, PAUSE_GATE)
                                                                         : STATUS_OK;
        if (status != STATUS_OK) {
                end_out_of_memory(s);
        }
        if (open && !gate_is_uneven(s->gate)) {
                if (s->state < SESSION_CLOSING) {
                        session_drop_timer(s);
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
                end_out_of_memory(s);
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
        (void)feed_tap(s, SIDE_CLIENT,
                       span_head(from_client, from_client.len > unread ? from_client.len - unread : 0));
        (void)feed_tap(s, SIDE_SERVER, out->to[SIDE_CLIENT]);
        gate_sent(s->gate);
        settle_gate(s);
        if (from_client.len > 0) {
                session_admit_user(s);
        }
        session_settle_pipeline(s); /* commands may have been sent before the login was over */
        if ((step == GATE_CLIENT_TLS &&
             link_secure(client, s->generation->tls, NULL, out->rest) != STATUS_OK) ||
            (step == GATE_SERVER_TLS && link_secure(server, s->generation->tls, &s->server->address,
                                                    (struct span){NULL, 0}) != STATUS_OK)) {
                end_out_of_memory(s);
        }
}

/** Does the gate of an uneven session, open by now, let @p bytes pass? If not, it is closed again. */
static bool passes_open_gate(struct session *s, const struct link *from, struct span bytes)
{
        if (!gate_is_open(s->gate)) {
                return false;
        }
        if (from->side == SIDE_CLIENT && tap_view(s->tap).idle && gate_closes(s->gate, bytes)) {
                if (s->state == SESSION_STREAMING) {
                        session_enter(s, SESSION_GATED);
                }
                return false;
        }
        return true;
}

/** There is a gate. A function of its own: what it needs of the stack, the forwarding of nearly all bytes does not. */
__attribute__((noinline)) static void pass_gate(struct session *s, struct link *from, struct span bytes)
{
        if (passes_open_gate(s, from, bytes)) {
                pass(s, from, bytes);
                return;
        }
        PROF_SCOPE(STAGE_FRAME);
        struct gate_out out;
        enum gate_step step = gate_feed(s->gate, from->side, bytes, &out);
        run_gate(s, step, from->side == SIDE_CLIENT ? bytes : (struct span){NULL, 0}, &out);
}

void session_on_bytes(void *arg, struct link *from, struct span bytes)
{
        struct session *s = arg;
        if (is_done(s) || (s->state == SESSION_REJECTED && from->side == SIDE_CLIENT)) {
                return; /* read only to see its end */
        }
        if (__builtin_expect(s->watches_opening, 0) && from->side == SIDE_CLIENT &&
            session_refuse_header(s, bytes)) {
                return;
        }
        if (s->gate == NULL || s->state == SESSION_REJECTED) {
                pass(s, from, bytes);
        } else {
                pass_gate(s, from, bytes);
        }
}

/* --- TLS and ends ----------------------------------------------------------------------------------------------------- */

void session_on_secured(void *arg, struct link *link)
{
        struct session *s = arg;
        char text[TLS_TEXT_MAX];
        link_describe_tls(link, text, sizeof text);
        if (tap_secured(s->tap, link->side, text) != STATUS_OK) {
                end_out_of_memory(s);
        }
        if (is_done(s)) {
                return;
        }
        if (link->side == SIDE_CLIENT) {
                counter_add(&s->shared->counts.tls_sessions, 1);
                return;
        }
        struct gate_out out;
        enum gate_step step = gate_secured(s->gate, &out);
        run_gate(s, step, (struct span){NULL, 0}, &out);
}

/** TLS with the client failed before its login. Let the server refuse it, as it would have done by itself: its answer is passed on
 *  unencrypted. */
static void reject_client(struct session *s)
{
        struct gate_out out;
        if (gate_spoil_login(s->gate, &out) != GATE_GO ||
            link_end_handshake(&s->links[SIDE_CLIENT]) != STATUS_OK) {
                end_out_of_memory(s);
                return;
        }
        session_enter(s, SESSION_REJECTED);
        deliver(s, &s->links[SIDE_SERVER], out.to[SIDE_SERVER]);
        gate_sent(s->gate);
}

void session_on_tls_failed(void *arg, struct link *link, const char *error)
{
        struct session *s = arg;
        bool is_client = link->side == SIDE_CLIENT;
        enum reason reason = is_client ? REASON_CLIENT_TLS : REASON_SERVER_TLS;
        if (is_done(s)) {
                return;
        }
        /* Not a failure: a peer that got end of file without close_notify, because the other side of the session ended so,
         * answers it with an alert (OpenSSL 3 and JSSE do). */
        if (s->state == SESSION_CLOSING || tap_view(s->tap).quit) {
                link_break(link);
                return;
        }
        counter_add(&s->shared->counts.tls_errors, 1);
        tap_login_prevented(s->tap, reason_text(reason), error);
        session_give_reason(s, reason);
        if (!is_client && s->gate != NULL && !gate_login_sent(s->gate)) {
                struct gate_out out;
                char text[FAILURE_MAX];
                (void)snprintf(text, sizeof text, "TLS with the server %s failed: %s", s->server->text,
                               error);
                prof_free(s->failure);
                s->failure = prof_strdup(STAGE_SESSION, text);
                if (s->failure == NULL) {
                        end_out_of_memory(s);
                        return;
                }
                run_gate(s, gate_fail(s->gate, s->failure, &out), (struct span){NULL, 0}, &out);
                return;
        }
        session_report_error(s, reason_text(reason), error);
        if (is_client && link->state == LINK_HANDSHAKE && s->gate != NULL) {
                reject_client(s);
        } else if (is_client) {
                session_refuse(s, (struct span){NULL, 0}, reason); /* the alert is its answer */
        } else {
                link_break(link);
        }
}

/** Who ended the session, if the end of the link @p from is what ends it. */
static enum reason reason_of_end(const struct session *s, const struct link *from, int error)
{
        bool is_client = from->side == SIDE_CLIENT;
        if (tap_view(s->tap).quit) {
                return REASON_CLIENT_QUIT;
        }
        if (is_client && session_lacks_greeting(s)) {
                return REASON_NO_GREETING;
        }
        if (error != 0) {
                return is_client ? REASON_CLIENT_RESET : REASON_SERVER_RESET;
        }
        return is_client ? REASON_CLIENT_CLOSED : REASON_SERVER_CLOSED;
}

/** Pass the end of file of @p from on. A server checks by its socket whether the client is there, and takes close_notify for a sign of
 *  life: it is sent only if it came. */
static void shut_as_it_came(struct link *from)
{
        link_shut(from->other,
                  from->tls != NULL ? from->reading == LINK_READ_CLOSED : from->side == SIDE_SERVER);
}

/** One side ended while TLS with the client was being established, or after that had failed. */
static void end_without_tls(struct session *s, struct link *from, int error)
{
        struct link *client = &s->links[SIDE_CLIENT];
        if (from->side == SIDE_CLIENT && error == 0) {
                link_shut(from->other, true); /* the answer is still awaited */
        } else if (client->state == LINK_HANDSHAKE && link_end_handshake(client) != STATUS_OK) {
                end_out_of_memory(s);
        } else {
                session_refuse(s, (struct span){NULL, 0}, s->reason);
        }
}

void session_on_end(void *arg, struct link *from, int error)
{
        struct session *s = arg;
        struct link *to = from->other;
        session_give_reason(s, reason_of_end(s, from, error));
        if (from->side == SIDE_SERVER) {
                tap_server_ended(s->tap, s->shared->loop.now_ns);
                if (session_lacks_greeting(s) && s->state == SESSION_GATED) {
                        server_failed(s->server,
                                      error != 0 ? strerror(error)
                                                 : "it closed the connection without a greeting",
                                      s->shared->loop.now_ns);
                }
        }
        if (from->state == LINK_HANDSHAKE) {
                session_on_tls_failed(s, from, "the connection ended during the handshake");
        }
        if (link_pause(from, PAUSE_ENDED) != STATUS_OK) {
                end_out_of_memory(s);
        }
        if (is_done(s)) {
                return;
        }
        if (s->state == SESSION_REJECTED || s->links[SIDE_CLIENT].state == LINK_HANDSHAKE) {
                end_without_tls(s, from, error);
                return;
        }
        if (s->gate != NULL && !gate_is_open(s->gate)) {
                deliver(s, to, gate_end(s->gate, from->side)); /* the tap has seen it, or need not */
                note_gate(s);
        }
        if (s->state == SESSION_ENDED) {
                return;
        }
        if (error != 0 && error != EPROTO && to->writing == LINK_WRITE_OPEN) {
                link_reset(to); /* as it came; an end of file before it would look like an orderly end */
        } else if (to->tls == NULL && session_is_over(s)) {
                return; /* closing the socket is enough */
        } else {
                shut_as_it_came(from);
        }
        if (s->state != SESSION_CLOSING) {
                session_end_pipeline_pause(s);
                session_enter(s, SESSION_CLOSING);
                session_set_timer(s);
        }
}

void session_on_drained(void *arg, struct link *link)
{
        struct session *s = arg;
        if (link->side == SIDE_CLIENT && s->stall_begin_ns != 0) {
                s->times.stall_ns += s->shared->loop.now_ns - s->stall_begin_ns;
                s->stall_begin_ns = 0;
        }
        if (s->state != SESSION_ENDED && link_resume(link->other, PAUSE_BACKLOG) != STATUS_OK) {
                end_out_of_memory(s);
        }
}
