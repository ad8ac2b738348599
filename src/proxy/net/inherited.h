/** @file inherited.h  Listening sockets that the program was started with, so that another process can take over without refusing a
 * connection: from systemd (LISTEN_FDS, LISTEN_PID), or from start_server (SERVER_STARTER_PORT).
 * Threads: main, before the others start.   Memory: static. */
#ifndef PROXY_NET_INHERITED_H
#define PROXY_NET_INHERITED_H

#include "proxy/net/address.h"

enum { INHERITED_MAX = 24 };

/** Find the sockets, by the variables of the environment, which are removed: programs that we run have no use for them. Those that are not
 *  listening sockets are reported with diag and left alone. */
void inherited_init(void);
/** The socket that is bound to @p address, or to its port on all addresses; -1 = there is none. It belongs to the caller and is
 *  non-blocking. */
int inherited_take(const struct address *address);
/** Is there a socket that was not taken? */
bool inherited_any(void);
/** The only socket, if there is one that was not taken, whatever it is bound to; else -1. */
int inherited_take_only(void);
/** Report the sockets that nobody took, and close them: their clients would wait for ever. */
void inherited_end(void);

#endif
