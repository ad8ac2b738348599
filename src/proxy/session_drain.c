/* The end of sessions when the proxy stops: each is told so by an ERR packet, between two transactions if there is time for that. */
#include "base/clock.h"
#include "mysql/wire/compress.h"
#include "proxy/session_state.h"

#include <event2/event.h>
#include <stdio.h>

enum {
        SHUTDOWN_ERRNO = 1053,
        PACKET_MAX = 256,
        FRAME_HEADER = 7,
        SERVER_PACKET_MAX = PACKET_MAX - FRAME_HEADER,
        /** When another process takes over, a session that is younger goes on until it is as old: a client that connects for one
         *  transaction then notices nothing. */
        YOUNG_MS = 2000,
        YOUNG_CHECK_MS = 50,
};

static const char *const sqlstate =
    "08S01"; /* communication link failure: connection pools discard the connection */

void session_tell(struct session *s, const struct dissect_view *v, const struct session_error *e)
{
        uint8_t packet[SERVER_PACKET_MAX];
        uint8_t framed[PACKET_MAX];
        struct writer w = writer_over(packet, sizeof packet);
        struct writer out = writer_over(framed, sizeof framed);
        const struct link *client = &s->links[SIDE_CLIENT];
        gate_error_packet(&w, e->seq, e->errnum, e->sqlstate, e->text);
        if (v->compressed) { /* a frame whose content is not compressed */
                writer_uint(&out, w.at, 3);
                writer_uint(&out, e->frame, 1);
                writer_uint(&out, 0, 3);
        }
        writer_put(&out, writer_span(&w));
        session_refuse(s, writer_span(&out), e->reason);
        if (e->sqlstate != NULL) {
                (void)tap_feed(s->tap, SIDE_SERVER, writer_span(&out), s->shared->loop.now_ns);
        }
        /* at once, unless the client has sent something that we have not read: closing would reset the connection then, and the
         * client might lose the error */
        if (s->state == SESSION_REFUSED && link_backlog(client) == 0 && !link_has_unread(client)) {
                session_enter(s, SESSION_ENDED);
        }
}

/** Send the client the server's error for a shutdown. */
static void refuse(struct session *s, const struct dissect_view *v, uint8_t seq, uint8_t frame)
{
        char text[128];
        (void)snprintf(text, sizeof text, "querytap: Server shutdown in progress: %s",
                       reason_text(REASON_SHUTDOWN));
        session_tell(s, v,
                     &(struct session_error){.seq = seq,
                                             .frame = frame,
                                             .errnum = SHUTDOWN_ERRNO,
                                             .sqlstate = session_lacks_greeting(s) ? NULL : sqlstate,
                                             .text = text,
                                             .reason = REASON_SHUTDOWN});
}

/** Within a callback of the session: end it if this is a point at which the client can be told; if @p now, end it in any case. */
static void drain(struct session *s, bool now)
{
        if (s->state >= SESSION_REJECTED) {
                return; /* it is ending by itself */
        }
        if (!now && s->shared->young_check != NULL &&
            tap_age_ns(s->tap, s->shared->loop.now_ns) < YOUNG_MS * CLOCK_MS_NS) {
                return;
        }
        const struct dissect_view v = tap_view(s->tap);
        if (s->state <= SESSION_CONNECTING || (s->state == SESSION_GATED && session_lacks_greeting(s))) {
                refuse(s, &v, 0, 0);
        } else if (s->state == SESSION_STREAMING && v.between_commands && (now || !v.in_transaction)) {
                refuse(s, &v, 0, 0);
        } else if (s->state == SESSION_STREAMING && now && v.is_unanswered) {
                refuse(s, &v, v.reply_seq, v.reply_frame);
        } else if (now) {
                session_close(s, REASON_SHUTDOWN);
        }
}

/** Not in line in session_drained_finish, which has nothing to save then while the proxy runs. */
static __attribute__((noinline)) void drain_and_finish(struct session *s)
{
        drain(s, false);
        session_finish(s);
}

void session_drained_finish(void *arg)
{
        struct session *s = arg;
        if (__builtin_expect(s->shared->draining, 0)) {
                drain_and_finish(s);
                return;
        }
        session_finish(s);
}

static void drain_all(struct session_shared *shared, bool now)
{
        for (struct session *s = shared->first, *next; s != NULL; s = next) {
                next = s->next;
                session_begin(s);
                drain(s, now);
                session_finish(s);
        }
}

static void on_young_check(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_WORKER);
        struct session_shared *shared = arg;
        (void)fd;
        (void)what;
        loop_tick(&shared->loop);
        drain_all(shared, false);
}

void session_shared_drain(struct session_shared *shared, bool hands_over)
{
        static const struct timeval interval = {0, YOUNG_CHECK_MS * 1000};
        shared->draining = true;
        if (hands_over && shared->young_check == NULL) {
                shared->young_check = event_new(shared->loop.base, -1, EV_PERSIST, on_young_check, shared);
                if (shared->young_check != NULL && loop_add(shared->young_check, &interval) != STATUS_OK) {
                        event_free(shared->young_check); /* without memory they end at once */
                        shared->young_check = NULL;
                }
        }
        drain_all(shared, false);
}

void session_shared_end(struct session_shared *shared)
{
        drain_all(shared, true);
        while (shared->first != NULL) {
                session_close(shared->first, REASON_SHUTDOWN);
        }
}
