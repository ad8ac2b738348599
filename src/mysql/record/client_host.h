/** @file client_host.h  The host in a client's address, as records have it (FIELD_CLIENT_ADDR).
 *
 *      10.0.0.7:51422 -> 10.0.0.7     [::1]:51422 -> ::1     unix:/run/app.sock -> the same
 *
 * Threads: any.   Memory: none; the result points into the address. */
#ifndef MYSQL_RECORD_CLIENT_HOST_H
#define MYSQL_RECORD_CLIENT_HOST_H

#include "base/span.h"

/** @p address without its port, and without the brackets of IPv6. The address of a UNIX socket has no port. */
struct span client_host(struct span address);
/** Is @p address that of a UNIX socket? */
bool client_is_local(struct span address);

#endif
