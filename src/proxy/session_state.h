/** @file session_state.h  What a session consists of. For session*.c only; nobody else includes it.
 *
 *      session.c          the corridor: from the client's bytes to the end
 *      session_open.c     how it begins
 *      session_view.c     a look at it from outside, and for the profiler */
#ifndef PROXY_SESSION_STATE_H
#define PROXY_SESSION_STATE_H

#include "mysql/gate/gate.h"
#include "profile/heap/prof.h"
#include "proxy/net/upstream.h"
#include "proxy/session.h"
#include "proxy/worker.h"
#include "tap/tap.h"

struct session {
        struct worker *worker;
        struct gate *gate; /* NULL once it is open for good */
        struct tap *tap;
        bool busy;              /* within a callback of its own */
        bool ended;             /* to be freed by session_finish */
        bool refused;           /* an error was sent: only its delivery is awaited */
        bool gate_said;         /* why it opened */
        bool timer_is_for_end;  /* else for the login */
        struct tap_times times; /* for the tap */
        struct link links[2];   /* by enum side */

        uint64_t id;
        uint64_t stall_begin_ns; /* the server has been waiting for the client since then; 0 = it does not */
        struct prof_wire wire;
        enum reason reason;

        struct session *next;
        struct session **link_here; /* what points at this one in the worker's list */
        struct upstream *connecting;
        struct event *timer;  /* NULL = not set */
        uint64_t timer_moved; /* when it was set: traffic since then sets it again */
        char *failure;        /* why the gate was told to refuse */
};

/* session.c */
/** Tell the client why, and wait a little until it has read that. */
void session_refuse(struct session *s, struct span packet, enum reason reason);
/** Instead of the timer that is set. */
void session_set_timer(struct session *s, uint64_t ms, bool for_end);
/** Give back what it consists of, whatever is there. */
void session_discard(struct session *s);

/** Report an error of the session; @p info may be NULL. */
void session_report_error(struct session *s, const char *reason, const char *info);

/* session_view.c */
/** What is on the wire just now; @p wire is a session's. */
struct prof_wire session_wire(const struct prof_wire *wire);

#endif
