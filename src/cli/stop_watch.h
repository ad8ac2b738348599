/** @file stop_watch.h  A connection to the admin port by which a client notices the end of the proxy, and whether it has stopped or was
 * lost. It waits for the response to GET /healthz?wait=1.
 * Threads: main.   Memory: embedded. */
#ifndef CLI_STOP_WATCH_H
#define CLI_STOP_WATCH_H

#include <stddef.h>

struct client_options;

enum stop_watch_state {
        STOP_WATCH_WAITING,
        STOP_WATCH_STOPPED, /**< the proxy has said that it stops */
        STOP_WATCH_LOST,    /**< the connection has ended without that */
        STOP_WATCH_UNKNOWN, /**< the proxy did not let us wait */
};

struct stop_watch {
        int fd; /**< readable when stop_watch_read has something to do; -1 = no connection */
        size_t n;
        char text[512];
};

/** Connect. If that is not possible, the state is STOP_WATCH_UNKNOWN. */
void stop_watch_open(struct stop_watch *w, const struct client_options *options);
void stop_watch_close(struct stop_watch *w);
/** Read what has arrived; does not wait. */
enum stop_watch_state stop_watch_read(struct stop_watch *w);

#endif
