/** @file tls_names.h  The names in the certificate that the proxy generates (subjectAltName).
 *
 * It always names localhost, 127.0.0.1, ::1, and this machine's host name. What clients need besides, because the settings say so, is
 * *required*: the host of each listener, unless that is a wildcard or a UNIX socket, and each entry of `tls.names`.
 * Threads: main.   Memory: allocates nothing. */
#ifndef PROXY_NET_TLS_NAMES_H
#define PROXY_NET_TLS_NAMES_H

#include "base/status.h"
#include "proxy/net/address.h"

#include <openssl/types.h>

enum {
        TLS_HOST_MAX = 64,
        TLS_NAMES_MAX =
            2048 /**< enough for a setting of SETTINGS_TEXT_MAX bytes, all of it names of one letter */
};

struct tls_names {
        char host
            [TLS_HOST_MAX]; /**< this machine's name; "" if it has none that is allowed in a certificate */
        char list[TLS_NAMES_MAX]; /**< "DNS:localhost,IP:127.0.0.1", as OpenSSL reads it */
        size_t required;          /**< where in @p list the required names begin … */
        size_t required_end;      /**< … and where they end */
};

/** @p listen: where clients connect to. @p more: names and IP addresses, separated by commas; `*.` may stand before a name.
 *  @return STATUS_INVALID (not reported) if one of them is neither. */
enum status tls_names_init(struct tls_names *n, const struct address *listen, unsigned n_listen,
                           const char *more);

/** Write the required names that @p certificate does not have to @p out, separated by commas: empty if it has them all. */
void tls_names_missing(const struct tls_names *n, X509 *certificate, char *out, size_t size);

#endif
