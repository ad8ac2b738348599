/** @file session_state.h  What a session consists of. For session*.c only; nobody else includes it.
 *
 *      session.c          the corridor: from the client's bytes to the end
 *      session_open.c     how it begins
 *      session_report.c   what it tells the journal and the recorder
 *      session_view.c     a look at it from outside, and for the profiler */
#ifndef PROXY_SESSION_STATE_H
#define PROXY_SESSION_STATE_H

#include "mysql/gate/gate.h"
#include "profile/heap/prof.h"
#include "proxy/net/upstream.h"
#include "proxy/session.h"
#include "proxy/worker.h"

struct session {
        struct worker *worker;
        struct gate *gate; /* NULL once it is open for good */
        struct dissect *dissect;
        bool busy;    /* within a callback of its own */
        bool ended;   /* to be freed by session_finish */
        bool refused; /* an error was sent: only its delivery is awaited */
        bool opaque_counted;
        bool gate_said;        /* why it opened */
        bool mediated;         /* the password's exchange was translated */
        bool timer_is_for_end; /* else for the login */
        uint64_t
            own_cycles; /* from reading bytes to having written them, since the last record of a command */
        struct link links[2]; /* by enum side */

        uint64_t id;
        uint64_t packets;        /* that were given to the recorder */
        uint64_t stall_ns;       /* the server waited for the client, since then */
        uint64_t stall_begin_ns; /* it does so now; 0 = not */
        uint64_t lint_counted;   /* broken rules */
        struct prof_wire wire;
        char *proxy_client; /* our own address towards the server; NULL = not connected */
        uint16_t proxy_client_len;
        uint16_t client_len; /* of client_addr, which a NUL ends */
        enum reason reason;

        struct session *next;
        struct session **link_here; /* what points at this one in the worker's list */
        uint64_t start_ns;
        struct upstream *connecting;
        struct gate_offer offer;
        struct event *timer;  /* NULL = not set */
        uint64_t timer_moved; /* when it was set: traffic since then sets it again */
        char *failure;        /* why the gate was told to refuse */
        char client_addr[];
};

/* session.c */
/** Tell the client why, and wait a little until it has read that. */
void session_refuse(struct session *s, struct span packet, enum reason reason);
/** Instead of the timer that is set. */
void session_set_timer(struct session *s, uint64_t ms, bool for_end);
/** Give back what it consists of, whatever is there. */
void session_discard(struct session *s);

/* session_report.c */
/** A record of now, without what report_emit adds. */
struct record report_new(const struct session *s, enum record_event event);
/** Add what the session knows, and hand it to the journal. */
void report_emit(struct session *s, struct record *r);
/** @p info may be NULL. */
void report_notice(struct session *s, enum record_event event, const char *reason, const char *info);
void report_disconnect(struct session *s);
/** The dissector's sink; @p arg is the session. */
void report_record(void *arg, struct record *r);
void report_command(void *arg);
void report_packet(void *arg, const struct packet *p);
void report_run(void *arg, const struct packet_run *run);

/* session_view.c */
/** What is on the wire just now; @p wire is a session's. */
struct prof_wire session_wire(const struct prof_wire *wire);

#endif
