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
/** What a browser says about where a request comes from, in the headers Sec-Fetch-Site, Sec-Fetch-Mode and Sec-Fetch-Dest. Programs send none of
 *  them: NULL. */
struct guard_fetch {
        const char *site;
        const char *mode;
        const char *dest;
};

/** Whether a request with these headers is the page's own, or the user's. A page of another site or of another port may only lead to the page
 *  itself, by a link: @p is_page. Nothing may be shown within a frame. */
bool guard_fetch(const struct guard_fetch *fetch, bool is_page);
/** Whether only this machine can connect to @p host, which is an IP address or "localhost". */
bool guard_is_loopback(const char *host);

#endif
