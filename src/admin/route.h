/** @file route.h  From the method and path of a request to the handler of its endpoint.
 * Threads: main. */
#ifndef ADMIN_ROUTE_H
#define ADMIN_ROUTE_H

struct call;

/** Answer @p call as the endpoint @p method @p path does, or say why there is none. */
void route(struct call *call, const char *method, const char *path);

#endif
