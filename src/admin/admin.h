/** @file admin.h  The admin port: a look into the running proxy by HTTP.
 * Endpoints stand in one table (endpoints.c). Loopback only; the Host and Origin of a request are checked, so that a web
 * page in a browser on the same machine can't reach it. Actions are POST only.
 * Threads: main.   Memory: STAGE_ADMIN. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "journal/journal.h"
#include "proxy/proxy.h"
#include "settings/settings.h"

struct admin;
struct event_base;

/** Listen on settings->admin; *@p out is NULL if that is "off". Errors are said. The arguments must outlive it. */
enum status admin_new(const struct settings *settings, struct event_base *base, struct proxy *proxy,
                      struct journal *journal, struct admin **out);
/** Ends all its connections. Free it after proxy_free, which answers what is outstanding. */
void admin_free(struct admin *a);
/** Requests so far. NULL is allowed. */
uint64_t admin_requests(const struct admin *a);
/** Where it listens, as host:port. */
const char *admin_addr(const struct admin *a);

#endif
