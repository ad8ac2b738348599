/** @file guard.h  Whether a request may be answered: it rejects what web pages of other sites send (DNS rebinding, cross-site requests).
 * Threads: any.   Memory: allocates nothing. */
#ifndef ADMIN_GUARD_H
#define ADMIN_GUARD_H

#include <stdbool.h>

/** Whether a Host header names the loopback interface, with or without a port: localhost, 127.0.0.1, [::1]. @p host is not NULL:
 *  every HTTP/1.1 client sends one. */
bool guard_host(const char *host);
/** Whether an Origin header is missing (NULL) or names this port itself: http:// and then @p host. */
bool guard_origin(const char *origin, const char *host);
/** Whether only this machine can connect to @p host, which is an IP address or "localhost". */
bool guard_is_loopback(const char *host);

#endif
