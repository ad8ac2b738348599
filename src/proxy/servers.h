/** @file servers.h  The servers to which sessions lead: which of them can be reached, and which one a session takes.
 *
 *      servers (the proxy's) <- server_group: those of one listener, in order (a generation's)
 *
 * A server is known by its address as the settings have it. All groups that name it share it, those of other generations too, so that what
 * is known about it survives a reload. It is down from the first failure to reach it, or to get a greeting from it, until a session or a
 * check (server_check.h) gets one.
 * Threads: servers_* and server_group_new: main; server_group_free and the rest: any.   Memory: STAGE_WORKER. */
#ifndef PROXY_SERVERS_H
#define PROXY_SERVERS_H

#include "base/lock.h"
#include "base/status.h"
#include "proxy/net/address.h"

#include <stdatomic.h>

enum { SERVERS_ERROR_MAX = 128 };

enum server_state { SERVER_UP, SERVER_DOWN };

struct server {
        struct server *next;
        struct address address;
        _Atomic unsigned holders;  /**< groups that name it */
        _Atomic int state;         /**< enum server_state */
        _Atomic uint64_t sessions; /**< that are open or being connected */
        _Atomic uint64_t failures;
        _Atomic uint64_t since_ns; /**< monotonic time when the state was entered; 0 = at the start */
        /** Until then no session connects to it, since it was found to be ourselves; monotonic, ns. The connections that this makes would
         *  connect as well, and so on without end. */
        _Atomic uint64_t self_until_ns;
        struct lock lock;
        char error[SERVERS_ERROR_MAX]; /**< the last failure; under the lock */
        bool checked;                  /**< a check is under way; the first worker's thread */
        char text[];                   /**< the address, as the user gave it */
};

struct servers {
        struct server *first; /**< a list, in the order in which they were found */
};

/** Servers of one listener. Constant, except for the servers. */
struct server_group {
        struct servers *all;
        bool least_sessions; /**< the one with the least sessions is chosen, not the first */
        unsigned n;
        char *text; /**< all addresses, as the user gave them */
        struct server *at[];
};

/** After all groups were freed. */
void servers_free(struct servers *all);
/** Number @p i of those that a group names; NULL past the last one. Main. */
struct server *servers_at(const struct servers *all, unsigned i);
/** Forget those that no group names any more. */
void servers_prune(struct servers *all);

/** The servers in @p text, addresses separated by commas. @p all must outlive the group. @p name is the setting, for messages.
 *  @return STATUS_INVALID or STATUS_NOMEM (reported). */
enum status server_group_new(struct servers *all, const char *text, const char *name, bool least_sessions,
                             struct server_group **out);
/** NULL is allowed. */
void server_group_free(struct server_group *g);

/** Choose a server that is not in the set @p tried (a bit for each, by its index in the group): one that is up, or if there is none, one
 *  that is down. @return its index, or -1 if all were tried. */
int server_group_choose(const struct server_group *g, uint32_t tried);
/** Is one of them up? */
bool server_group_is_up(const struct server_group *g);

/** It could not be reached, or sent no greeting; @p error says why. @p now_ns is the monotonic time. */
void server_failed(struct server *server, const char *error, uint64_t now_ns);
/** It has sent a greeting. */
void server_reached(struct server *server, uint64_t now_ns);
static inline bool server_is_up(const struct server *server)
{
        return atomic_load_explicit(&server->state, memory_order_relaxed) == SERVER_UP;
}
/** Copy the last failure. */
void server_error(struct server *server, char out[SERVERS_ERROR_MAX]);

#endif
