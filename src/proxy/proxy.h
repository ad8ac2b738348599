/** @file proxy.h  The whole proxy as seen from outside: start, stop, inspect.
 *
 *      first worker's thread: listener -> proxy -> (least busy) worker's thread: sessions
 *
 * The admin port never reads a worker's structures: it asks for a snapshot, and the answer arrives later as a call on
 * the main thread's event loop. Threads: all functions from main. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "base/status.h"
#include "journal/journal.h"
#include "proxy/session_view.h"
#include "settings/settings.h"
#include "tap/tap_copy.h"

struct event_base;
struct proxy;

enum { PROXY_UPSTREAM_TEXT_MAX = 256 };

/** Bind and start the workers; names are not resolved yet. Errors are reported with diag. @p journal must have one port for each worker,
 *  and one more, the last, for records of clients that are rejected. The arguments must outlive the proxy. */
enum status proxy_new(const struct settings *settings, struct event_base *main_base, struct journal *journal,
                      struct proxy **out);
/** Workers that proxy_new will start under @p settings: as many as are set, or one for each processor that we may use. */
unsigned proxy_workers(const struct settings *settings);
/** Stop accepting, and let each session end when it is in no transaction; its client is told so by an ERR packet. Does not wait: when
 *  no session is left (proxy_counts), or after a deadline, call proxy_free. */
void proxy_drain(struct proxy *p);
/** Stop accepting, close all sessions (reason "shutdown"), answer open requests, end the threads. */
void proxy_free(struct proxy *p);
/** Where it listens: the addresses of all listeners, as host:port (the real port if 0 was asked), separated by commas. */
const char *proxy_listen_addr(const struct proxy *p);
/** The address of listener number @p i, in the order of listeners_all (settings/listeners.h). */
const char *proxy_listener_addr(const struct proxy *p, unsigned i);

/** Request the sessions of all workers, sorted by conn_id. @p done is called once, with an array that is valid during the call: later, by
 *  the main thread's loop, or by proxy_free, which answers open requests. It is called at once, with NULL (no session; not found), if
 *  memory is out or the proxy is stopping. */
void proxy_sessions(struct proxy *p, void (*done)(void *arg, const struct session_view *views, size_t n),
                    void *arg);
/** Request the hex dump of session @p conn_id, in the @p form wanted; @p text is NULL if it is not open and none of its packets are kept. Otherwise as proxy_sessions. */
void proxy_hex(struct proxy *p, uint64_t conn_id, enum tap_dump form,
               void (*done)(void *arg, const char *text, size_t len), void *arg);
/** Request a copy of the recorded packets of session @p conn_id; @p copy is NULL if it is not open and none of its packets are kept.
 *  Otherwise as proxy_sessions. */
void proxy_copy(struct proxy *p, uint64_t conn_id, void (*done)(void *arg, const struct tap_copy *copy),
                void *arg);
enum { PROXY_WORKERS_MAX = 64 };

/** A reader of the packets of many sessions. Its owner must not change it, nor what it points at, between proxy_ask_news and `done`. */
struct proxy_news {
        struct tap_wanted wanted; /**< asked on the workers' threads */
        bool only_new_ends; /**< of sessions that have ended, only those that were not asked about before */
        uint64_t ends[PROXY_WORKERS_MAX]; /**< UINT64_MAX at first: none that have ended before */
        void (*each)(void *arg, const struct tap_copy *copy); /**< for each session with new packets */
        void (*done)(void *arg);                              /**< after all of them */
};
/** Request packets that @p news has not seen. @return false if memory is out or the proxy is stopping; then nothing is called. */
bool proxy_ask_news(struct proxy *p, struct proxy_news *news, void *arg);
/** Close session @p conn_id with reason "killed"; @p found says whether there was such a session. Otherwise as proxy_sessions. */
void proxy_kill(struct proxy *p, uint64_t conn_id, void (*done)(void *arg, bool found), void *arg);

/** Let sessions that begin from now on take the reloadable settings (settings/rows.h) from @p settings, which need only live during the
 *  call; sessions that are open keep theirs. Certificates are read again. @p done is called later, by the main thread's loop or by
 *  proxy_free, when all workers have taken them.
 *  @return what is wrong with @p settings, or STATUS_NOMEM (reported): then nothing changes, and @p done is not called. */
enum status proxy_reload(struct proxy *p, const struct settings *settings, void (*done)(void *arg),
                         void *arg);

/** Call @p done, by the main thread's loop or by proxy_free, when all workers have run a message: none of them hangs. It is not called when
 *  memory is out. */
void proxy_ping(struct proxy *p, void (*done)(void *arg), void *arg);

/** Counts since the start. */
struct proxy_counts {
        uint64_t accepted;
        uint64_t refused;         /**< because of limits.sessions */
        uint64_t accept_errors;   /**< EMFILE and the like */
        uint64_t upstream_errors; /**< connections to the server that failed */
        uint64_t opaque;          /**< times that a session became opaque */
        uint64_t followed_again;  /**< times that an opaque session was followed again */
        uint64_t missed;          /**< commands that are not logged, because their session was opaque */
        uint64_t lint;            /**< rules of the protocol that packets broke */
        uint64_t packets_saved;   /**< times that packets of a session were saved for a trigger */
        uint64_t packets_unsaved; /**< times that this failed */
        uint64_t tls_sessions;    /**< with TLS towards the client */
        uint64_t tls_errors;      /**< handshakes and connections that failed */
        uint64_t sessions;        /**< open now */
        uint64_t statements;
        uint64_t bytes_sent;
        uint64_t bytes_received;
};
struct proxy_counts proxy_counts(const struct proxy *p);

/** A server, and what is known about it. */
struct proxy_upstream {
        char addr[PROXY_UPSTREAM_TEXT_MAX];
        uint64_t up;       /**< 1 = it can be reached, as far as is known; 0 = it is down */
        uint64_t sessions; /**< that are open or being connected */
        uint64_t failures;
        char error[PROXY_UPSTREAM_TEXT_MAX]; /**< why it is down; "" if it is up */
};
/** Server number @p i of those that the current settings name. @return false past the last one. */
bool proxy_upstream(const struct proxy *p, unsigned i, struct proxy_upstream *out);
/** The address of a listener of which all servers are down; NULL if there is none. */
const char *proxy_cut_off(const struct proxy *p);

/** How many sessions ended for reason number @p i, from 0. @return the name of the reason, or NULL past the last one. */
const char *proxy_close_reason(size_t i, uint64_t *count);

#endif
