/** @file endpoints.h  The table of endpoints: a new one is a row here, a handler with its prototype (handlers.h), and an entry in the
 * manual.
 * Threads: main.   Memory: none. */
#ifndef ADMIN_ENDPOINTS_H
#define ADMIN_ENDPOINTS_H

#include "admin/endpoint.h"

#include <stddef.h>

extern const struct endpoint endpoints[];
extern const size_t endpoints_n;

/** The endpoint of @p method and @p path, and the number in the path. Otherwise NULL, and @p allow lists the methods that the
 *  path has; it is empty if there is no such path. */
const struct endpoint *endpoints_find(const char *method, const char *path, uint64_t *id, char *allow,
                                      size_t size);

#endif
