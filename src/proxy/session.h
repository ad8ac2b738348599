/** @file session.h  One client and its connection to the server; every byte between them passes through here.
 *
 *      accepted (-> header) -> connecting -> gated <-> streaming -> closing -> ended          any -> refused -> ended
 *
 * Bytes that one link reads go through the gate while there is one, to the other link, and to the tap. Nothing waits for
 * the tap. A session is never freed within a callback of its own, but at its end.
 * Threads: its worker's.   Memory: STAGE_SESSION. */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "proxy/generation.h"
#include "proxy/net/link.h"
#include "proxy/quota.h"
#include "proxy/reason.h"
#include "tap/tap.h"

#include <stdatomic.h>

struct session;

/** Counted by the worker's thread, read by any. */
struct session_counts {
        _Atomic uint64_t upstream_errors;
        _Atomic uint64_t tls_sessions; /**< with TLS towards the client */
        _Atomic uint64_t tls_errors;
        _Atomic uint64_t bytes_to[2]; /**< forwarded to the peers on each side */
        _Atomic uint64_t
            sessions; /**< given to the worker and not ended: who accepts adds, the worker subtracts */
};

struct session_config {
        unsigned worker;      /**< number of the thread, for lists */
        size_t backlog_bytes; /**< limits.backlog_bytes */
        struct quota *quota;  /**< of all workers */
        struct tap_config tap;
};

/** What the sessions of one thread share. */
struct session_shared {
        struct session_config config;
        struct generation *generation; /**< of new sessions; a reference */
        struct loop loop;
        struct link_shared links;
        struct tap_shared tap;
        struct event *time_check;  /**< NULL = no session has a limit of time */
        struct event *young_check; /**< NULL = while draining, young sessions end, too */
        bool draining;             /**< each session ends as soon as it is in no transaction and no command */
        struct session *first;     /**< the open sessions: a list (session_next) */
        struct session_counts counts;
};

/** @p config is copied; what it points at must outlive the sessions. A reference to @p generation is taken.
 *  @return STATUS_NOMEM; session_shared_fini is still due. */
enum status session_shared_init(struct session_shared *shared, const struct session_config *config,
                                struct generation *generation);
/** Let new sessions begin with @p generation, to which a reference is taken. The worker's thread. */
void session_shared_reload(struct session_shared *shared, struct generation *generation);
/** From now on each session ends when it is in no transaction and no command, and its client is told so by an ERR packet; those that are at
 *  such a point already end now. If another process takes over (@p hands_over), those that have just begun go on for two seconds. */
void session_shared_drain(struct session_shared *shared, bool hands_over);
/** End all sessions now. Clients are told so if a packet boundary allows it, never within a result. */
void session_shared_end(struct session_shared *shared);
/** End the sessions whose time is over (limits.idle_timeout_ms, limits.transaction_timeout_ms), where their clients can be told. */
void session_shared_check_time(struct session_shared *shared);
/** After the sessions. Harmless on one that is zeroed. */
void session_shared_fini(struct session_shared *shared);

/** A client that was accepted. */
struct session_client {
        struct generation
            *generation;   /**< the session's settings; a reference, which session_open takes over */
        unsigned listener; /**< number of the generation's listener that accepted it */
        int fd;
        uint64_t conn_id;
        const char *addr;
};
/** Take over a client's socket (also on failure). @return STATUS_NOMEM if memory was out (reported and counted). */
enum status session_open(struct session_shared *shared, const struct session_client *client);
/** End it for @p reason. Within a callback of its own it is freed at the callback's end, else at once. */
void session_close(struct session *s, enum reason reason);

/** The log has room again: read what was left unread because it was full. */
void session_go_on(struct session *s);

uint64_t session_id(const struct session *s);
struct session *session_next(const struct session *s);

#endif
