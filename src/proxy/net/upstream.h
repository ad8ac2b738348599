/** @file upstream.h  Connect to the server: look its name up if necessary, and try each address in turn.
 * A UNIX socket whose queue is full is tried again until the time is over, as a blocking client would wait.
 * Threads: its loop's.   Memory: STAGE_SESSION, one block for each connection that takes time. */
#ifndef PROXY_NET_UPSTREAM_H
#define PROXY_NET_UPSTREAM_H

#include "proxy/net/address.h"
#include "proxy/net/loop.h"

struct upstream;

/** Called once, unless upstream_cancel is called before, and never from within upstream_connect. @p fd is a connected, non-blocking socket,
 *  which belongs to the receiver; or it is -1, and @p error says why (valid during the call). The upstream is freed afterwards. */
typedef void upstream_done(void *arg, int fd, const char *error);

/** Either fd is a socket that was connected at once and belongs to the receiver; then done is not called. Or fd is -1, and under_way is the
 *  attempt; NULL when memory is out. */
struct upstream_try {
        struct upstream *under_way;
        int fd;
};

/** @p timeout_ms is for all addresses together; each gets its share of what is left. */
struct upstream_try upstream_connect(struct loop *loop, const struct address *address, uint64_t timeout_ms,
                                     upstream_done *done, void *arg);
/** Give up the attempt; done will not be called. NULL is allowed. */
void upstream_cancel(struct upstream *u);

#endif
