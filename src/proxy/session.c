#include "proxy/session.h"

#include "base/diag.h"
#include "proxy/session_state.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <stdio.h>

/* How long a client that was refused may take to read why; and how long one that is paused until replies have come waits for any. */
enum { REFUSED_MS = 2000, REPLIES_MS = 1000 };

uint64_t session_id(const struct session *s)
{
        return s->id;
}

struct session *session_next(const struct session *s)
{
        return s->next;
}

void session_enter(struct session *s, enum session_state state)
{
        static const char *const names[] = {[SESSION_ACCEPTED] = "accepted",
                                            [SESSION_HEADER] = "header",
                                            [SESSION_CONNECTING] = "connecting",
                                            [SESSION_GATED] = "gated",
                                            [SESSION_STREAMING] = "streaming",
                                            [SESSION_REJECTED] = "rejected",
                                            [SESSION_CLOSING] = "closing",
                                            [SESSION_REFUSED] = "refused",
                                            [SESSION_ENDED] = "ended"};
        if (s->state == SESSION_ENDED) {
                return; /* whatever else the same callback finds */
        }
        if (diag_level() >= DIAG_DEBUG) {
                diag(DIAG_DEBUG, "session %llu: %s -> %s", (unsigned long long)s->id, names[s->state],
                     names[state]);
        }
        s->state = state;
}

void session_report_error(struct session *s, const char *reason, const char *info)
{
        tap_notice(s->tap, EVENT_ERROR, reason, info, s->shared->loop.now_ns);
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

void session_drop_timer(struct session *s)
{
        if (s->timer != NULL) {
                event_free(s->timer);
                s->timer = NULL;
        }
}

void session_drop_header(struct session *s)
{
        if (s->header != NULL) {
                if (s->header->event != NULL) {
                        event_free(s->header->event);
                }
                prof_free(s->header);
                s->header = NULL;
        }
}

void session_drop_server(struct session *s)
{
        if (s->server != NULL) {
                atomic_fetch_sub_explicit(&s->server->sessions, 1, memory_order_relaxed);
                s->server = NULL;
        }
}

void session_discard(struct session *s)
{
        session_drop_header(s); /* its event goes before the socket */
        upstream_cancel(s->connecting);
        link_close(&s->links[SIDE_CLIENT]);
        link_close(&s->links[SIDE_SERVER]);
        session_drop_timer(s);
        gate_free(s->gate);
        prof_free(s->failure);
        tap_free(s->tap);
        quota_return(s->shared->config.quota, s->of_client);
        quota_return(s->shared->config.quota, s->of_user);
        session_drop_server(s);
        generation_release(s->generation);
        prof_free(s);
}

static void destroy(struct session *s)
{
        struct session_shared *shared = s->shared;
        const struct tap_ending ending = {.reason = reason_text(s->reason),
                                          .abrupt = reason_is_abrupt(s->reason),
                                          .expected = reason_is_expected(s->reason),
                                          .bytes_sent = s->links[SIDE_CLIENT].bytes_read,
                                          .bytes_received = s->links[SIDE_SERVER].bytes_read};
        tap_end(s->tap, &ending, shared->loop.now_ns);
        reason_count(s->reason);
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        tap_leave();
        session_discard(s);
        atomic_fetch_sub_explicit(&shared->counts.sessions, 1, memory_order_relaxed);
}

void session_give_reason(struct session *s, enum reason reason)
{
        if (s->reason == REASON_NONE) {
                s->reason = reason;
        }
}

void session_close(struct session *s, enum reason reason)
{
        session_give_reason(s, reason);
        session_enter(s, SESSION_ENDED);
        if (!s->in_callback) {
                destroy(s);
        }
}

void session_begin(void *arg)
{
        struct session *s = arg;
        s->in_callback = true;
        tap_enter(s->tap);
}

/** What was written to it has gone, or never will. */
static bool is_delivered(const struct link *link)
{
        return link_write_failed(link) || link_backlog(link) == 0;
}

bool session_lacks_greeting(const struct session *s)
{
        return s->links[SIDE_SERVER].bytes_read == 0;
}

bool session_is_over(const struct session *s)
{
        const struct link *client = &s->links[SIDE_CLIENT];
        const struct link *server = &s->links[SIDE_SERVER];
        if (s->state == SESSION_REFUSED) {
                return link_read_ended(client) || link_write_failed(client);
        }
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                const struct link *gone = &s->links[side];
                if (link_read_ended(gone) && link_write_failed(gone) && is_delivered(gone->other)) {
                        return true; /* nobody is left on one side */
                }
        }
        return link_read_ended(client) && link_read_ended(server) && is_delivered(client) &&
               is_delivered(server);
}

/** Did anything happen that could end it? */
static bool may_be_over(const struct session *s)
{
        const struct link *a = &s->links[SIDE_CLIENT];
        const struct link *b = &s->links[SIDE_SERVER];
        return ((unsigned)a->reading | (unsigned)a->writing | (unsigned)b->reading | (unsigned)b->writing) !=
               0; /* one branch */
}

void session_finish(void *arg)
{
        struct session *s = arg;
        tap_leave();
        s->in_callback = false;
        if (s->state != SESSION_ENDED) {
                if (!may_be_over(s) || !session_is_over(s)) {
                        return;
                }
                session_enter(s, SESSION_ENDED);
        }
        destroy(s);
}

void session_refuse(struct session *s, struct span packet, enum reason reason)
{
        struct link *client = &s->links[SIDE_CLIENT];
        session_give_reason(s, reason);
        session_drop_header(s);
        session_enter(s, SESSION_REFUSED);
        link_abandon(&s->links[SIDE_SERVER]);
        if (link_write(client, packet) != STATUS_OK ||
            link_resume(client, PAUSE_CONNECTING | PAUSE_BACKLOG | PAUSE_GATE | PAUSE_PIPELINE) !=
                STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
                return;
        }
        link_shut(client, true);
        session_set_timer(s);
}

void session_refuse_error(struct session *s, uint8_t seq, uint16_t errnum, const char *sqlstate,
                          const char *text, enum reason reason)
{
        uint8_t packet[600];
        struct writer w = writer_over(packet, sizeof packet);
        gate_error_packet(&w, seq, errnum, sqlstate, text);
        session_refuse(s, writer_span(&w), reason);
}

void session_go_on(struct session *s)
{
        if (link_resume(&s->links[SIDE_CLIENT], PAUSE_LOG) != STATUS_OK ||
            link_resume(&s->links[SIDE_SERVER], PAUSE_LOG) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

/* --- timers ----------------------------------------------------------------------------------------------------------- */

/** Changes with each byte that comes or goes: the last bytes to a slow reader are traffic too. */
static uint64_t bytes_moved(const struct session *s)
{
        const struct link *client = &s->links[SIDE_CLIENT];
        const struct link *server = &s->links[SIDE_SERVER];
        return 2 * (client->bytes_read + server->bytes_read) - link_backlog(client) - link_backlog(server);
}

/** Is the client paused until replies have come? */
static bool waits_for_replies(const struct session *s)
{
        return (s->links[SIDE_CLIENT].paused & PAUSE_PIPELINE) != 0;
}

/** What has to move so that the timer is set again. */
static uint64_t what_moves(const struct session *s)
{
        return waits_for_replies(s) ? s->links[SIDE_SERVER].bytes_read : bytes_moved(s);
}

bool session_awaits_greeting(const struct session *s)
{
        return s->state == SESSION_GATED && s->gate != NULL && !gate_is_open(s->gate) &&
               gate_offer(s->gate).offered == 0;
}

static uint64_t timeout_ms(const struct session *s)
{
        const struct session_limits *limits = &s->generation->limits;
        return s->state == SESSION_REFUSED   ? REFUSED_MS
               : waits_for_replies(s)        ? REPLIES_MS
               : s->state == SESSION_CLOSING ? limits->half_close_timeout_ms
               : s->times_greeting           ? limits->connect_timeout_ms
                                             : limits->login_timeout_ms;
}

/** Nothing came from the server while the client was paused until replies have come. If the client reads them only when it has sent
 *  all its commands, they never will: let it send. */
static void stop_waiting(struct session *s)
{
        const char *limit = tap_crowding(s->tap);
        tap_ignore_crowding(s->tap);
        tap_notice(s->tap, EVENT_NOTICE,
                   "no reply comes while the client is paused: it is read again, and what exceeds the limit "
                   "is not logged",
                   limit, s->shared->loop.now_ns);
        session_end_pipeline_pause(s);
}

void session_end_pipeline_pause(struct session *s)
{
        if (!waits_for_replies(s)) {
                return;
        }
        session_drop_timer(s);
        if (link_resume(&s->links[SIDE_CLIENT], PAUSE_PIPELINE) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}

static void pause_for_replies(struct session *s, const char *limit)
{
        static const uint64_t second_ns = 1000000000;
        uint64_t now_ns = s->shared->loop.now_ns;
        if (s->pause_told_ns == 0 || now_ns - s->pause_told_ns >= second_ns) {
                s->pause_told_ns = now_ns;
                tap_notice(s->tap, EVENT_NOTICE, "the client is paused until replies have come", limit,
                           now_ns);
        }
        if (link_pause(&s->links[SIDE_CLIENT], PAUSE_PIPELINE) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
                return;
        }
        session_set_timer(s);
}

void session_settle_pipeline(struct session *s)
{
        const char *limit = tap_crowding(s->tap);
        if (limit == NULL) {
                session_end_pipeline_pause(s);
        } else if (!waits_for_replies(s) && s->state == SESSION_STREAMING) {
                pause_for_replies(s, limit);
        }
}

/** The header, the greeting or the login did not come in time. A client that waits for the greeting is told so in its place. */
static void end_late_login(struct session *s)
{
        char text[256];
        enum reason reason = s->state == SESSION_HEADER ? REASON_PROXY_HEADER
                             : s->times_greeting        ? REASON_GREETING_TIMEOUT
                                                        : REASON_LOGIN_TIMEOUT;
        session_report_error(s, reason_text(reason), NULL);
        if (reason != REASON_GREETING_TIMEOUT) {
                session_close(s, reason);
                return;
        }
        server_failed(s->server, reason_text(reason), s->shared->loop.now_ns);
        (void)snprintf(text, sizeof text, "querytap: upstream %.120s: %s", s->server->text,
                       reason_text(reason));
        session_refuse_error(s, 0, 1053, NULL, text, reason); /* as for a server that can't be reached */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct session *s = arg;
        (void)fd;
        (void)what;
        loop_tick(&s->shared->loop);
        session_begin(s);
        if (s->state == SESSION_REFUSED) {
                session_enter(s, SESSION_ENDED);
        } else if (s->state == SESSION_REJECTED) {
                session_refuse(s, (struct span){NULL, 0}, s->reason); /* a server that does not answer */
        } else if (s->shared->links.log_full) {
                session_set_timer(s); /* we do not read: it is not the peer's fault */
        } else if (waits_for_replies(s)) {
                if (what_moves(s) != s->timer_moved) {
                        session_set_timer(s);
                } else {
                        stop_waiting(s);
                }
        } else if (s->state != SESSION_CLOSING) {
                end_late_login(s);
        } else if (what_moves(s) != s->timer_moved) {
                session_set_timer(s);
        } else {
                if (s->reason != REASON_NO_GREETING) { /* a server that is silent does not close either */
                        s->reason = REASON_HALF_CLOSE_TIMEOUT;
                }
                session_enter(s, SESSION_ENDED);
        }
        session_finish(s);
}

void session_set_timer(struct session *s)
{
        s->times_greeting = session_awaits_greeting(s);
        uint64_t ms = timeout_ms(s);
        const struct timeval timeout = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        s->timer_moved = what_moves(s);
        if (s->timer == NULL) {
                s->timer = evtimer_new(s->shared->loop.base, on_timer, s);
        }
        if (s->timer == NULL || loop_add(s->timer, &timeout) != STATUS_OK) {
                session_close(s, REASON_OUT_OF_MEMORY);
        }
}
