/* Limits of sessions: how many a client and a user may have, how much memory all may use, and how long one may do nothing or stay in a
 * transaction. The client is told which limit it was. */
#include "base/diag.h"
#include "mysql/record/client_host.h"
#include "profile/heap/counts.h"
#include "proxy/session_state.h"

#include <stdio.h>

enum {
        CON_COUNT_ERRNO = 1040, /* the server's for too many connections */
        OUT_OF_RESOURCES_ERRNO = 1041,
        USER_CONNECTIONS_ERRNO = 1203, /* the server's for too many of a user */
        INTERACTION_ERRNO = 4031,      /* MySQL's for a client that is idle for too long */
        A_SESSION_BYTES = 64 * 1024,   /* what a new session needs besides its backlogs, roughly */
};

static void refuse(struct session *s, uint8_t seq, uint16_t errnum, const char *sqlstate, enum reason reason,
                   uint64_t limit)
{
        char text[160];
        (void)snprintf(text, sizeof text, "querytap: %s (%llu)", reason_text(reason),
                       (unsigned long long)limit);
        session_report_error(s, reason_text(reason), NULL);
        session_refuse_error(s, seq, errnum, sqlstate, text, reason);
}

bool session_admit(struct session *s)
{
        const struct generation *g = s->generation;
        const uint64_t memory = g->limits.memory_bytes;
        bool no_memory = false;
        if (memory > 0 &&
            prof_live_bytes() + A_SESSION_BYTES + 2 * s->shared->config.backlog_bytes > memory) {
                refuse(s, 0, OUT_OF_RESOURCES_ERRNO, NULL, REASON_MEMORY_LIMIT, memory);
                return false;
        }
        if (g->limits.sessions_per_client > 0) {
                s->of_client = quota_take(s->shared->config.quota, QUOTA_CLIENT,
                                          client_host(span_str(tap_client_addr(s->tap))),
                                          g->limits.sessions_per_client, &no_memory);
                if (no_memory) {
                        session_close(s, REASON_OUT_OF_MEMORY);
                } else if (s->of_client == NULL) {
                        refuse(s, 0, CON_COUNT_ERRNO, NULL, REASON_CLIENT_SESSIONS,
                               g->limits.sessions_per_client);
                }
                return s->of_client != NULL;
        }
        return true;
}

void session_admit_user(struct session *s)
{
        const uint64_t max = s->generation->limits.sessions_per_user;
        bool no_memory;
        if (max == 0 || s->of_user != NULL || s->state >= SESSION_REJECTED) {
                return;
        }
        const struct dissect_view v = tap_view(s->tap);
        if (!v.authenticates || v.username.len == 0) {
                return;
        }
        s->of_user = quota_take(s->shared->config.quota, QUOTA_USER, v.username, max, &no_memory);
        if (no_memory) {
                session_close(s, REASON_OUT_OF_MEMORY);
        } else if (s->of_user == NULL) {
                refuse(s, v.reply_seq, USER_CONNECTIONS_ERRNO, "42000", REASON_USER_SESSIONS, max);
        }
}

/* --- time ----------------------------------------------------------------------------------------------------------- */

/** End a session for which the time is over, if this is a point at which its client can be told. One that cannot be decoded is closed: no
 *  such point is known. */
static void end_late(struct session *s, const struct dissect_view *v, enum reason reason, uint64_t limit_ms)
{
        char text[160];
        if (!v->between_commands && v->opaque_reason == NULL) {
                return; /* the server works: this is looked at again */
        }
        session_report_error(s, reason_text(reason), NULL);
        if (v->opaque_reason != NULL) {
                session_close(s, reason);
                return;
        }
        (void)snprintf(text, sizeof text, "querytap: %s (%llu)", reason_text(reason),
                       (unsigned long long)limit_ms);
        session_tell(s, v,
                     &(struct session_error){
                         .errnum = INTERACTION_ERRNO, .sqlstate = "HY000", .text = text, .reason = reason});
}

static void check_time(struct session *s)
{
        const struct session_limits *limits = &s->generation->limits;
        const uint64_t now_ns = s->shared->loop.now_ns;
        const struct dissect_view v = tap_view(s->tap);
        uint64_t moved = s->links[SIDE_CLIENT].bytes_read + s->links[SIDE_SERVER].bytes_read;
        if (moved != s->time_moved || s->time_idle_ns == 0) {
                s->time_moved = moved;
                s->time_idle_ns = now_ns;
        }
        if (!v.in_transaction) {
                s->time_transaction_ns = 0;
        } else if (s->time_transaction_ns == 0 || s->time_transaction != v.transaction) {
                s->time_transaction = v.transaction;
                s->time_transaction_ns = now_ns;
        }
        if (limits->idle_timeout_ms > 0 &&
            now_ns - s->time_idle_ns >= limits->idle_timeout_ms * CLOCK_MS_NS) {
                end_late(s, &v, REASON_IDLE_TIMEOUT, limits->idle_timeout_ms);
        } else if (limits->transaction_timeout_ms > 0 && s->time_transaction_ns > 0 &&
                   now_ns - s->time_transaction_ns >= limits->transaction_timeout_ms * CLOCK_MS_NS) {
                end_late(s, &v, REASON_TRANSACTION_TIMEOUT, limits->transaction_timeout_ms);
        }
}

void session_shared_check_time(struct session_shared *shared)
{
        for (struct session *s = shared->first, *next; s != NULL; s = next) {
                const struct session_limits *limits = &s->generation->limits;
                next = s->next;
                if (s->state == SESSION_STREAMING &&
                    (limits->idle_timeout_ms > 0 || limits->transaction_timeout_ms > 0)) {
                        session_begin(s);
                        check_time(s);
                        session_finish(s);
                }
        }
}
