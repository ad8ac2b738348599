/** @file address.h  Where to listen and where to connect: host:port, [v6]:port, unix:/path.
 * Memory: allocates nothing. */
#ifndef PROXY_NET_ADDRESS_H
#define PROXY_NET_ADDRESS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 128

struct address {
        bool is_unix;
        uint16_t port;
        char host[ADDRESS_TEXT_MAX]; /**< name or number; for a UNIX socket its path */
};

/** @return STATUS_INVALID if @p text is not an address; this is not reported, since the caller knows what it is for. */
enum status address_parse(const char *text, struct address *out);
/** Make the socket address. @return false if a name has to be looked up first. */
bool address_numeric(const struct address *address, struct sockaddr_storage *out, socklen_t *len);
/** Write a socket address in the form that address_parse reads. */
void address_format(const struct sockaddr_storage *from, socklen_t len, char out[ADDRESS_TEXT_MAX]);
/** The bytes of an IP address, in network order; none for another kind of address. */
struct address_bytes {
        size_t len;
        uint8_t at[16];
};
struct address_bytes address_bytes(const struct sockaddr_storage *from);
/** The port of an IP address; 0 for another kind of address. */
uint16_t address_port(const struct sockaddr_storage *from);
/** Does the connection @p fd lead to a socket that listens on @p listen, on this machine? */
bool address_leads_to(int fd, const struct address *listen);
/** The address of @p fd's own end; empty if it has none. */
void address_own(int fd, char out[ADDRESS_TEXT_MAX]);

#endif
