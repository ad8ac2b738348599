/** @file worker.h  A thread with an event loop and the sessions that live on it.
 * Threads: worker_new, worker_start, worker_stop, worker_free from main; worker_post and the counts from any; the rest its own.
 * Memory: STAGE_WORKER. */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "base/ticker.h"
#include "proxy/net/address.h"
#include "proxy/net/mailbox.h"
#include "proxy/net/tls_context.h"
#include "proxy/proxy.h"
#include "tap/tap.h"

#include <stdatomic.h>

struct evdns_base;
struct listener;

/** Counted by the worker, read by main. */
struct worker_counts {
        _Atomic uint64_t upstream_errors;
        _Atomic uint64_t tls_sessions; /**< with TLS towards the client */
        _Atomic uint64_t tls_errors;
        _Atomic uint64_t bytes_sent;
        _Atomic uint64_t bytes_received;
        _Atomic uint64_t sessions; /**< given to it and not ended: who accepts adds, the worker takes away */
};

struct worker {
        unsigned index;
        const struct settings *settings;
        const struct address *remote;
        const char *remote_text;
        struct journal_port *port;
        const struct tls_context *tls;
        struct tap_shared tap; /**< of its sessions' taps */
        struct event_base *base;
        struct evdns_base *dns; /**< NULL if the server's address is a number */
        struct mailbox mailbox;
        struct message stop;
        bool held;               /**< the log is full and blocks: nothing is read until there is room */
        struct event *room;      /**< … there is; NULL if it never blocks */
        struct message *waiting; /**< arrivals meanwhile, in order */
        struct message **waiting_last;
        struct listener *listener; /**< that this one accepts from; NULL = another does */
        pthread_t thread;
        bool started;
        uint8_t *scratch; /**< all reads go here first */
        size_t scratch_size;
        uint8_t *plain; /**< what TLS decrypts goes here */
        size_t plain_size;
        struct ticker ticker;
        uint64_t tick_cycles;     /**< clock_cycles when now_ns was read */
        uint64_t now_ns;          /**< of this wake-up */
        uint64_t wall_read_ns;    /**< when tap.wall_offset_ns was last refreshed */
        struct session *sessions; /**< list */
        struct worker_counts counts;
};

struct worker_config {
        unsigned index;
        const struct settings *settings;
        const struct address *remote;
        const char *remote_text;
        bool count_only;         /**< nobody reads records of commands */
        struct span listen_addr; /**< these two live as long as the journal */
        struct span remote_addr;
        struct journal_port *port;
        const struct tls_context *tls;
};

/** Make it; it does not run yet. @return NULL on failure (said). */
struct worker *worker_new(const struct worker_config *config);
/** Start its thread. Errors are said. */
enum status worker_start(struct worker *w);
/** End its sessions and its thread. Messages that it had not run yet run on the caller's thread; the counts stay. */
void worker_stop(struct worker *w);
/** After worker_stop. */
void worker_free(struct worker *w);
void worker_post(struct worker *w, struct message *message);

/** While it is held, keep @p message until it is not, then run it. @return false if it is not held. The worker's. */
bool worker_puts_off(struct worker *w, struct message *message);

/** event_add, charged to the worker: what a loop keeps for a file descriptor or a timer lives as long as the loop.
 *  @return STATUS_NOMEM if it failed. */
enum status worker_event_add(struct event *event, const struct timeval *timeout);

/** Wall time moves against the monotonic one. */
void worker_read_wall(struct worker *w);
/** One reading of the clock a wake-up. */
static inline void worker_tick(struct worker *w)
{
        w->tick_cycles = clock_cycles();
        w->now_ns = ticker_ns(&w->ticker, w->tick_cycles);
        if (w->now_ns - w->wall_read_ns > CLOCK_S_NS) {
                worker_read_wall(w);
        }
}

#endif
