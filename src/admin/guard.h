/** @file guard.h  May this request be answered? Keeps web pages of other sites out (DNS rebinding, cross-site posts).
 * Threads: any.   Memory: allocates nothing. */
#ifndef ADMIN_GUARD_H
#define ADMIN_GUARD_H

#include <stdbool.h>

/** A Host header that names this machine's loopback, with or without a port: localhost, 127.0.0.1, [::1]. NULL is not
 *  allowed: every HTTP/1.1 client sends one. */
bool guard_host(const char *host);
/** An Origin header: absent (NULL), or a page of this very port's own: http:// and then as guard_host. */
bool guard_origin(const char *origin, const char *host);
/** An address that only this machine can reach. @p host is a number or "localhost". */
bool guard_is_loopback(const char *host);

#endif
