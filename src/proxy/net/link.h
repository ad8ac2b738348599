/** @file link.h  One side of a session: a socket, what waits to be written to it, and whether it is read just now.
 *
 *      readable -> read big into the worker's scratch -> session -> link_write of the other side
 *      link_write: straight to the socket while nothing waits; what does not go is the backlog's to send
 *
 *      nothing waits: no backlog          something waits: a bufferevent that writes, gone when all is written
 *
 * The link owns the socket. It reads by its own event, in large pieces: EV_READ is never on in the bufferevent.
 * With TLS the same holds of ciphertext: link_secure puts a filter (tls.h) between socket and session.
 * Threads: its worker's.   Memory: STAGE_LINK; nothing is allocated while nothing waits. */
#ifndef PROXY_NET_LINK_H
#define PROXY_NET_LINK_H

#include "base/span.h"
#include "base/status.h"
#include "mysql/wire/side.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct bufferevent;
struct session;
struct tls;
struct worker;

/** Why a link is not read. It is read when none is left. */
enum pause {
        PAUSE_CONNECTING = 1 << 0, /**< the other side is not there yet */
        PAUSE_BACKLOG = 1 << 1,    /**< the other side does not take what it gets */
        PAUSE_GATE = 1 << 2,       /**< the login takes its time, and much is held */
        PAUSE_ENDED = 1 << 3,      /**< nothing more will come, or nobody would take it */
        PAUSE_LOG = 1 << 4,        /**< the log is full, and blocks */
};

struct link {
        struct session *session;
        struct worker *worker;
        struct link *other;          /**< the session's other one */
        struct bufferevent *backlog; /**< NULL = nothing waits */
        struct tls *tls;             /**< NULL = plain */
        uint64_t bytes_read;         /**< of the protocol, decrypted */
        int fd;                      /**< -1 = not open */
        enum side side;
        uint8_t paused;   /**< enum pause bits */
        bool read_ended;  /**< end of file or an error */
        bool said_end;    /**< and the peer said so before (TLS: close_notify) */
        bool write_ended; /**< writing failed: what is for it goes nowhere */
        bool shut_wanted; /**< shut down writing once all is written */
        bool shut_done;
        struct event readable; /**< set while the link is open */
};

/** Take over a connected, non-blocking @p fd (also on failure). Reading starts paused for @p paused.
 *  @return STATUS_NOMEM if it could not be set up. */
enum status link_open(struct link *link, struct session *session, enum side side, int fd, unsigned paused);
/** Closes the socket at once; what waits is lost. Harmless on a link that is not open. */
void link_close(struct link *link);

/** Write or keep for writing. @return STATUS_NOMEM if bytes could not be kept: the session must end. A socket that
 *  fails sets write_ended instead. */
enum status link_write(struct link *link, struct span bytes);
/** Begin TLS with the peer; @p first are its first bytes, if some came already. From here on link_write encrypts.
 *  Failures come as session_on_tls_failed, success as session_on_secured; both may come within the call.
 *  @return STATUS_NOMEM if it could not be set up. */
enum status link_secure(struct link *link, struct span first);
/** link_backlog, of a link that has one. */
size_t link_waits(const struct link *link);
/** Bytes that wait. */
static inline size_t link_backlog(const struct link *link)
{
        return link->backlog != NULL ? link_waits(link) : 0;
}
/** Read no more, and let what is written go nowhere; within a callback too. link_close comes later. */
void link_abandon(struct link *link);
/** End of file for the peer, after all that waits. @p say tells it so within TLS, too. */
void link_shut(struct link *link, bool say);

/** Both: @return STATUS_NOMEM if the event loop could not be told: the session must end. */
enum status link_pause(struct link *link, enum pause reason);
enum status link_resume(struct link *link, enum pause reason);

#endif
