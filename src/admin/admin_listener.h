/** @file admin_listener.h  The admin port's listener, and how many connections it serves for how long.
 *
 *      OPEN --(as many as may be)--> FULL --(one has gone, or says nothing)--> OPEN
 *      OPEN, FULL --(no descriptor is left)--> PAUSED --(a second later)--> OPEN or FULL
 *
 * In FULL, a connection that has been without a request for a second gives its place to a newcomer; if there is none, the
 * newcomer is told so (503) and closed. A request has to be whole within ADMIN_LISTENER_TIMEOUT_S of its connection's begin, or of the
 * reply before it; and a reply that waits has to be taken, slowly or not.
 * Threads: main.   Memory: STAGE_ADMIN. */
#ifndef ADMIN_ADMIN_LISTENER_H
#define ADMIN_ADMIN_LISTENER_H

#include "base/status.h"

#include <stdint.h>
#include <sys/socket.h>

struct admin_listener;
struct event_base;
struct evhttp;
struct evhttp_request;

enum { ADMIN_LISTENER_TIMEOUT_S = 30 }; /**< that a connection may be silent */

struct admin_listener_counts {
        uint64_t connections; /**< open now */
        uint64_t turned_away; /**< told that there were too many */
        uint64_t
            timed_out; /**< closed by us: no whole request in time, no reader, or another needed the place */
        uint64_t accept_errors; /**< EMFILE and the like */
};

/** For @p http, which serves at most @p max connections, and which it takes over (also on failure).
 *  @return NULL if memory is out. */
struct admin_listener *admin_listener_new(struct event_base *base, struct evhttp *http, unsigned max);
/** Listen. @return STATUS_IO with errno, or STATUS_NOMEM. */
enum status admin_listener_open(struct admin_listener *l, const struct sockaddr *where, socklen_t len);
/** End the connections, the listener and http. NULL does nothing. */
void admin_listener_free(struct admin_listener *l);
/** The listening socket. */
int admin_listener_fd(const struct admin_listener *l);
/** To be called with each request that came whole, before it is answered. */
void admin_listener_on_request(struct admin_listener *l, struct evhttp_request *request);
struct admin_listener_counts admin_listener_counts(const struct admin_listener *l);

#endif
