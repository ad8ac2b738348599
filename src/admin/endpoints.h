/** @file endpoints.h  The table of endpoints. A new endpoint needs a row, a handler declared in handlers.h, and an entry in the manual.
 * Threads: main.   Memory: none. */
#ifndef ADMIN_ENDPOINTS_H
#define ADMIN_ENDPOINTS_H

#include "admin/endpoint.h"

#include <stddef.h>

extern const struct endpoint endpoints[];
extern const size_t endpoints_n;

/** Find the endpoint for @p method and @p path; *@p place is what stands for its '*'. @return NULL if there is none: then @p allow lists
 *  the methods of @p path, and is empty if there is no such path. */
const struct endpoint *endpoints_find(const char *method, const char *path, struct endpoint_place *place,
                                      char *allow, size_t size);

#endif
