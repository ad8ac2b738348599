/** @file upstream.h  Reach the server: look its name up if need be, try each address in turn.
 * A UNIX socket whose queue is full is tried again until the time is over, as a blocking client would wait.
 * Threads: a worker's.   Memory: STAGE_SESSION, one block a try. */
#ifndef PROXY_NET_UPSTREAM_H
#define PROXY_NET_UPSTREAM_H

#include "proxy/net/address.h"
#include "proxy/net/loop.h"

struct upstream;

/** Called once, never from within upstream_connect, unless upstream_cancel was: with a connected, non-blocking socket
 *  that is now the receiver's, or with -1 and why (valid during the call). The upstream is freed after it. */
typedef void upstream_done(void *arg, int fd, const char *error);

/** Either a socket, connected at once and now the receiver's: done is not called. Or @p fd is -1 and the server under way;
 *  NULL when memory is out. */
struct upstream_try {
        struct upstream *under_way;
        int fd;
};

/** @p timeout_ms is for all addresses together; each gets its share of what is left. The loop must be able to look names up
 *  unless @p address is a number or a path. */
struct upstream_try upstream_connect(struct loop *loop, const struct address *address, uint64_t timeout_ms,
                                     upstream_done *done, void *arg);
/** Forget it; done is not called any more. NULL is allowed. */
void upstream_cancel(struct upstream *u);

#endif
