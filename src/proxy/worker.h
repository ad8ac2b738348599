/** @file worker.h  A thread with an event loop and the sessions that live on it.
 * Threads: worker_new, worker_start, worker_stop, worker_free from main; worker_post and the counts from any; the rest from its own.
 * Memory: STAGE_WORKER. */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "journal/journal.h"
#include "proxy/net/mailbox.h"
#include "proxy/session.h"
#include "settings/settings.h"

struct listener;

struct worker {
        struct session_shared sessions;
        struct journal_port *port;
        struct mailbox mailbox;
        struct message drain;
        struct message stop;
        struct event *log_room;    /**< readable when the log has room again; NULL if it never blocks */
        struct message *postponed; /**< arrivals while the log was full, in order */
        struct message **postponed_last;
        struct listener *const *listeners; /**< if this worker accepts the clients … */
        unsigned n_listeners;              /**< … else 0 */
        pthread_t thread;
        bool hands_over; /**< for the message drain */
        bool started;
};

struct worker_config {
        unsigned index;
        unsigned workers; /**< how many there are: each has an equal part of the recorder's memory */
        const struct settings *settings;
        struct generation *generation; /**< of its first sessions; a reference is taken */
        struct quota *quota;           /**< of all workers; it must outlive them */
        bool count_only;               /**< nobody reads the records of commands */
        struct journal_port *port;
};

/** Make it; it does not run yet. @return NULL on failure (reported). */
struct worker *worker_new(const struct worker_config *config);
/** Start its thread. Errors are reported. */
enum status worker_start(struct worker *w);
/** Accept no more clients, and let each session end when it is in no transaction; for @p hands_over see session_shared_drain. Once,
 *  before worker_stop. */
void worker_drain(struct worker *w, bool hands_over);
/** End its sessions and its thread. Messages that it has not run yet run on the caller's thread. The counts can still be read. */
void worker_stop(struct worker *w);
/** After worker_stop. */
void worker_free(struct worker *w);
void worker_post(struct worker *w, struct message *message);

/** @return the open session @p conn_id; NULL if it has none. The worker's thread. */
struct session *worker_session(const struct worker *w, uint64_t conn_id);

/** The log is full and blocks: nothing is read, and no session is opened, until it has room. The worker's thread. */
static inline bool worker_log_is_full(const struct worker *w)
{
        return w->sessions.links.log_full;
}
/** Let the listeners accept no clients, or resume. The worker's thread. */
void worker_hold_listeners(struct worker *w, bool hold);
/** While the log is full, keep @p message until it is not, then run it. @return false if it is not full. The worker's thread. */
bool worker_postpone(struct worker *w, struct message *message);

#endif
