/** @file listener.h  Accept clients on a TCP or UNIX socket.
 * Where no file descriptors are left it says so once, counts, and pauses for a second instead of spinning.
 * Threads: main.   Memory: STAGE_LISTENER. */
#ifndef PROXY_LISTENER_H
#define PROXY_LISTENER_H

#include "proxy/address.h"

struct event_base;
struct listener;

/** A client's socket, non-blocking; the receiver's from now on. */
typedef void listener_accepted(void *arg, int fd, const char *client_addr);

/** Bind and listen. Errors are said. */
enum status listener_new(struct event_base *base, const struct address *address, const char *text,
                         listener_accepted *accepted, void *arg, struct listener **out);
void listener_free(struct listener *l);
/** The address as bound (a free port was chosen for port 0). */
const char *listener_addr(const struct listener *l);
/** Failed accepts. */
uint64_t listener_errors(const struct listener *l);

#endif
