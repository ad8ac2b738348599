/** @file server_check.h  Finds out when a server that is down can be reached again: at an interval it connects to it and waits for its
 * greeting.
 *
 * Servers that are up are not checked. Sessions show how they are, and a server regards a connection without a login as an error of the
 * client, of which it may allow only so many. For the same reason a check ends with the first greeting.
 * Threads: the loop's.   Memory: STAGE_WORKER, and STAGE_SESSION for what upstream.h needs. */
#ifndef PROXY_SERVER_CHECK_H
#define PROXY_SERVER_CHECK_H

#include "proxy/generation.h"
#include "proxy/net/loop.h"

struct server_checks;

/** Begin to check the servers of *@p generation, which its owner may replace, on the thread of @p loop. All must outlive the checks.
 *  @return NULL when memory is out. */
struct server_checks *server_checks_new(struct loop *loop, struct generation *const *generation);
/** While the loop does not run. NULL is allowed. */
void server_checks_free(struct server_checks *checks);

#endif
