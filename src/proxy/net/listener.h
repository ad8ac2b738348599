/** @file listener.h  Accept clients on a TCP or UNIX socket.
 * If no file descriptors are left, it reports that once a minute, counts it, and pauses for a second instead of spinning.
 * Threads: clients are reported on the thread of the loop given to listener_start; the listener is made and freed while that thread does
 * not run, or on it. listener_addr and listener_errors: any.   Memory: STAGE_LISTENER. */
#ifndef PROXY_NET_LISTENER_H
#define PROXY_NET_LISTENER_H

#include "proxy/net/address.h"

struct event_base;
struct listener;

/** A client has connected. @p fd is non-blocking and belongs to the receiver. */
typedef void listener_accepted(void *arg, int fd, const char *client_addr);

struct listener_config {
        const struct address *address;
        const char *text; /**< of the address, for messages */
        mode_t mode;      /**< of the file of a UNIX socket */
        bool is_only; /**< if the program was started with one socket, that is it, whatever its address is */
        listener_accepted *accepted;
        void *arg;
};

/** Bind and listen, or take the socket that the program was started with (inherited.h). Errors are reported with diag. */
enum status listener_new(const struct listener_config *config, struct listener **out);
/** Begin to accept, on @p base's thread. Errors are reported with diag. */
enum status listener_start(struct listener *l, struct event_base *base);
/** Stop accepting clients, or resume. On its loop's thread. */
void listener_hold(struct listener *l, bool hold);
/** Stop accepting clients for good. Those that are waiting are still reported, unless the socket was inherited: then they are left to whoever
 *  else has it. On its loop's thread. */
void listener_close(struct listener *l);
/** Must be called before its loop is freed. NULL is allowed. */
void listener_free(struct listener *l);
/** The address as bound (a free port was chosen for port 0). */
const char *listener_addr(const struct listener *l);
/** Was the program started with the socket? Then others may have it, too. */
bool listener_is_inherited(const struct listener *l);
/** How many accepts failed. */
uint64_t listener_errors(const struct listener *l);

/** Why @p address can't be listened on, whichever port it has; NULL if it can be. Nothing stays open or is created. */
const char *listener_objection(const struct address *address);

#endif
