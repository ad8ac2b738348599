/** @file proxy_protocol.h  The header of the PROXY protocol, by which a load balancer tells for whom it connects: read and written.
 * Knows: versions 1 and 2 of the header.   Does not know: sockets, who is trusted.
 * Source: The PROXY protocol, versions 1 & 2 (haproxy/doc/proxy-protocol.txt, 2020).
 * Threads: any.   Memory: none. */
#ifndef PROXY_NET_PROXY_PROTOCOL_H
#define PROXY_NET_PROXY_PROTOCOL_H

#include "base/span.h"
#include "base/writer.h"

#include <sys/socket.h>

/** The longest header that is read, in bytes. The protocol allows 65551 in version 2, of which no sender uses more than some hundred. */
enum { PROXY_PROTOCOL_MAX = 4096 };

enum proxy_protocol_step {
        PROXY_PROTOCOL_MORE,   /**< what is there may become a header */
        PROXY_PROTOCOL_HEADER, /**< it begins with a whole header */
        PROXY_PROTOCOL_WRONG,  /**< it is not a header, or a wrong one: see error */
};

struct proxy_protocol {
        size_t len; /**< of the header, in bytes */
        bool
            has_source; /**< false: the connection is the sender's own (LOCAL), or its origin is not known (UNKNOWN) */
        struct sockaddr_storage source; /**< the client; an IP address */
        socklen_t source_len;
        const char *error; /**< why it is wrong; static text */
};

/** Read the header at the beginning of @p in, of which *@p out tells if it is whole, or wrong. */
enum proxy_protocol_step proxy_protocol_read(struct span in, struct proxy_protocol *out);
/** Does @p in begin as only a PROXY header does, of either version? */
bool proxy_protocol_begins(struct span in);

/** The bytes that a header of version @p version, 1 or 2, needs at most. */
enum { PROXY_PROTOCOL_WRITTEN_MAX = 108 };
/** Write the header for a client at @p source that connected to @p destination. If these are not IP addresses of one family, the header says
 *  that the origin is not known. */
void proxy_protocol_write(struct writer *w, unsigned version, const struct sockaddr_storage *source,
                          const struct sockaddr_storage *destination);

#endif
