/** @file network.h  Addresses and networks, of IPv4 and IPv6.   Memory: none. */
#ifndef RULES_NETWORK_H
#define RULES_NETWORK_H

#include "base/span.h"

#include <stdbool.h>

/** An address, and how many of its bits count. */
struct network {
        uint8_t bytes[16]; /**< of IPv4 as IPv6 maps it */
        unsigned bits;
};

/** 10.0.0.0/8, fe80::/16, 192.168.1.7. @p text is changed. @return false if it is none. */
bool network_parse(char *text, struct network *out);
/** host:port, [v6]:port. @return false for a UNIX socket, which no network has. */
bool network_of_address(struct span addr, struct network *out);
bool network_has(const struct network *n, const struct network *address);

#endif
