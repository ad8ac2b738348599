/** @file network.h  Addresses and networks of IPv4 and IPv6, read from text and compared.
 * Does not know: sockets.   Threads: any.   Memory: none. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/span.h"

#include <stdbool.h>

/** A network: an address and how many of its leading bits count. A single address has all 128. */
struct network {
        uint8_t bytes[16]; /**< IPv4 as IPv6 maps it, ::ffff:a.b.c.d */
        unsigned bits;
};

enum { NETWORK_TEXT_MAX = 64 };

/** Print it as network_parse reads it. */
void network_print(const struct network *n, char out[NETWORK_TEXT_MAX]);
/** Read 10.0.0.0/8, fe80::/16 or 192.168.1.7. @p text is changed. @return false if it is neither a network nor an address. */
bool network_parse(char *text, struct network *out);
/** Read an address without a port. @return false for anything else, such as a name. */
bool network_of_host(struct span host, struct network *out);
/** Is @p address, of network_of_host, in @p n? */
bool network_has(const struct network *n, const struct network *address);

#endif
