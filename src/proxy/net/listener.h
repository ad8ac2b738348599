/** @file listener.h  Accept clients on a TCP or UNIX socket.
 * Where no file descriptors are left it says so once, counts, and pauses for a second instead of spinning.
 * Threads: what it accepts comes on the thread of the loop given to listener_start; made and freed while that one does not run, or
 * on it. listener_addr and listener_errors: any.   Memory: STAGE_LISTENER. */
#ifndef PROXY_NET_LISTENER_H
#define PROXY_NET_LISTENER_H

#include "proxy/net/address.h"

struct event_base;
struct listener;

/** A client's socket, non-blocking; the receiver's from now on. */
typedef void listener_accepted(void *arg, int fd, const char *client_addr);

/** Bind and listen. Errors are said. */
enum status listener_new(const struct address *address, const char *text, listener_accepted *accepted,
                         void *arg, struct listener **out);
/** Begin to accept, on @p base's thread. Errors are said. */
enum status listener_start(struct listener *l, struct event_base *base);
/** Accept nobody until it is taken back. Its loop's thread. */
void listener_hold(struct listener *l, bool hold);
/** Before its loop is. */
void listener_free(struct listener *l);
/** The address as bound (a free port was chosen for port 0). */
const char *listener_addr(const struct listener *l);
/** Failed accepts. */
uint64_t listener_errors(const struct listener *l);

#endif
