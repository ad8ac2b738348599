/** @file admin_listener.h  The listener of the admin port: it limits how many connections are served, and for how long.
 *
 *      OPEN --(limit reached)--> FULL --(a connection was closed, or is idle)--> OPEN
 *      OPEN, FULL --(no file descriptor is left)--> PAUSED --(a second later)--> OPEN or FULL
 *
 * In FULL, a new client replaces the connection that has been idle (without a request) longest, if it has been so for a second;
 * otherwise the client gets the status 503. A request must be complete within ADMIN_LISTENER_TIMEOUT_S after the connection was
 * opened or the previous reply was sent, and the client must read its reply, if slowly.
 * Threads: main.   Memory: STAGE_ADMIN. */
#ifndef ADMIN_ADMIN_LISTENER_H
#define ADMIN_ADMIN_LISTENER_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct admin_listener;
struct event_base;
struct evhttp;
struct evhttp_request;

enum { ADMIN_LISTENER_TIMEOUT_S = 30 }; /**< how long a connection may be silent */

struct admin_listener_counts {
        uint64_t connections; /**< open now */
        uint64_t turned_away; /**< rejected with the status 503 */
        uint64_t
            timed_out; /**< closed because of an incomplete request, a client that does not read, or to make room */
        uint64_t accept_errors; /**< EMFILE and the like */
};

/** A listener for @p http, of which it becomes the owner (on failure too: then it frees it), with at most @p max connections.
 *  @return NULL if out of memory. */
struct admin_listener *admin_listener_new(struct event_base *base, struct evhttp *http, unsigned max);
/** Listen at @p where or, if @p inherited is not negative, on that socket, of which it becomes the owner.
 *  @return STATUS_IO with errno, or STATUS_NOMEM. */
enum status admin_listener_open(struct admin_listener *l, const struct sockaddr *where, socklen_t len,
                                int inherited);
/** Close the connections and free everything, http included. NULL does nothing. */
void admin_listener_free(struct admin_listener *l);
/** Write out replies without the event loop, at the end of the proxy, for at most @p ms. @return whether all were written. */
bool admin_listener_drain(struct admin_listener *l, unsigned ms);
/** The listening socket. */
int admin_listener_fd(const struct admin_listener *l);
/** Must be called for each complete request, before the reply is sent. */
void admin_listener_on_request(struct admin_listener *l, struct evhttp_request *request);
struct admin_listener_counts admin_listener_counts(const struct admin_listener *l);

#endif
