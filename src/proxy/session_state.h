/** @file session_state.h  What a session consists of. For session*.c only; nobody else includes it.
 *
 *      session.c          states, timers, the end
 *      session_forward.c  what its links report: bytes, ends, TLS
 *      session_limits.c   how many there may be, and how long
 *      session_header.c   the PROXY header before it
 *      session_drain.c    its end when the proxy stops
 *      session_view.c     a look at it from outside
 *      session_open.c     how it begins */
#ifndef PROXY_SESSION_STATE_H
#define PROXY_SESSION_STATE_H

#include "mysql/gate/gate.h"
#include "profile/heap/prof.h"
#include "proxy/net/proxy_protocol.h"
#include "proxy/net/upstream.h"
#include "proxy/session.h"

enum session_state {
        SESSION_ACCEPTED,
        SESSION_HEADER,     /* a PROXY header must come first */
        SESSION_CONNECTING, /* to the server */
        SESSION_GATED,      /* the login, or another exchange that the gate translates: packets are held */
        SESSION_STREAMING,  /* bytes pass at once */
        SESSION_REJECTED,   /* TLS with the client failed: the server is to answer a spoiled login */
        SESSION_CLOSING,    /* one side has ended, and what is left is delivered to the other */
        SESSION_REFUSED,    /* the client was sent an error: only its delivery is awaited */
        SESSION_ENDED,      /* to be destroyed when its callback returns */
};

/** While the PROXY header of a load balancer is awaited. */
struct session_header {
        struct event *event;
        void (*done)(struct session *s); /* the header is whole */
        size_t n;
        uint8_t bytes[PROXY_PROTOCOL_MAX];
};

struct session {
        struct session_shared *shared;
        struct generation *generation;        /* the settings that it began with; a reference */
        const struct generation_listener *at; /* where the client connected */
        struct gate *gate;                    /* NULL once it is open for good */
        struct tap *tap;
        enum session_state state;
        bool times_greeting;    /* the timer that is set is for the greeting */
        bool watches_opening;   /* the client's first bytes must not be a PROXY header */
        bool in_callback;       /* of its own: it must not be destroyed now */
        struct tap_times times; /* for the tap */
        struct link links[2];   /* by enum side */

        uint64_t id;
        uint64_t stall_begin_ns; /* the server has been waiting for the client since then; 0 = it does not */
        enum reason reason;

        struct session *next;
        struct session **link_here; /* what points at this one in the list */
        struct upstream *connecting;
        struct server *server;         /* the one that was chosen last; NULL = none was */
        uint32_t tried;                /* those of the group that were chosen */
        uint64_t connecting_end_ns;    /* when the time for all of them is over */
        struct session_header *header; /* NULL = none is awaited */
        uint8_t opening[12];           /* the client's first bytes, while watches_opening */
        uint8_t n_opening;
        struct quota_entry *of_client; /* NULL = not counted */
        struct quota_entry *of_user;
        uint64_t time_moved;          /* bytes read, when they were last looked at … */
        uint64_t time_idle_ns;        /* … and since when no more have come */
        uint64_t time_transaction;    /* the number of the open transaction … */
        uint64_t time_transaction_ns; /* … and when it was first seen; 0 = none is open */
        struct event *timer;          /* NULL = not set */
        uint64_t timer_moved;         /* what had moved when it was set: traffic since then sets it again */
        uint64_t pause_told_ns; /* when a notice last said that the client is paused (pause_for_replies) */
        char *failure;          /* why the gate refuses the client */
};

/* session.c */
/** The only place where the state changes. */
void session_enter(struct session *s, enum session_state state);
/** The first and the last thing of each of its callbacks, those of its links included (@p arg is the session, which
 *  session_finish may free). */
void session_begin(void *arg);
void session_finish(void *arg);
/** All that came was delivered, or can't be any more. */
bool session_is_over(const struct session *s);
/** The server has not sent a byte. */
bool session_lacks_greeting(const struct session *s);
/** The server's greeting has not passed the gate. */
bool session_awaits_greeting(const struct session *s);
/** Remember @p reason, unless there is one already. */
void session_give_reason(struct session *s, enum reason reason);
/** Send the client @p packet, which says why, and wait a little until it has been read. */
void session_refuse(struct session *s, struct span packet, enum reason reason);
/** Send the client the error @p errnum with @p text, as its packet @p seq, and end as session_refuse does. @p sqlstate: see gate_error_packet. */
void session_refuse_error(struct session *s, uint8_t seq, uint16_t errnum, const char *sqlstate,
                          const char *text, enum reason reason);
/** No server is the current one any more. */
void session_drop_server(struct session *s);
void session_drop_header(struct session *s);
/** Start the timer that the state calls for, instead of the one that is set. */
void session_set_timer(struct session *s);
void session_drop_timer(struct session *s);
/** Pause the client, or read it again, as the tap says (tap_crowding). */
void session_settle_pipeline(struct session *s);
/** Read the client again, if it was paused because too many commands await their replies. */
void session_end_pipeline_pause(struct session *s);
/** Report an error of the session; @p info may be NULL. */
void session_report_error(struct session *s, const char *reason, const char *info);
/** Free what it consists of, whatever is there. */
void session_discard(struct session *s);

/* session_header.c */
/** Read the client's PROXY header, and then call @p done within a callback of the session. Within one, too. @return STATUS_NOMEM */
enum status session_await_header(struct session *s, void (*done)(struct session *s));
/** The client's next bytes, while watches_opening: end the session if they make up a PROXY header. @return whether they do. */
bool session_refuse_header(struct session *s, struct span bytes);

/* session_drain.c */
/** session_finish; if the proxy stops and the session is at a point where the client can be told so, it ends. */
void session_drained_finish(void *arg);

/** An error that the client is sent at a point at which it waits for nothing, or for a reply of which nothing has come. */
struct session_error {
        uint8_t seq;   /* number of the packet */
        uint8_t frame; /* number of the compressed frame */
        uint16_t errnum;
        const char *sqlstate; /* NULL before the greeting */
        const char *text;
        enum reason reason;
};
/** Send it, and close the session. @p v is its view now. */
void session_tell(struct session *s, const struct dissect_view *v, const struct session_error *e);

/* session_limits.c */
/** Count a new session of its client. @return false if it was refused. */
bool session_admit(struct session *s);
/** Count it for its user, once the login was sent; refuse it if there are too many. */
void session_admit_user(struct session *s);

/* session_forward.c: what its links report; @p arg is the session */
void session_on_bytes(void *arg, struct link *from, struct span bytes);
void session_on_end(void *arg, struct link *from, int error);
void session_on_secured(void *arg, struct link *link);
void session_on_tls_failed(void *arg, struct link *link, const char *error);
void session_on_drained(void *arg, struct link *link);

#endif
