/** @file tls_context.h  What all TLS connections of the proxy share: certificates, verification, the RSA key for
 * translated logins, the key log.
 * Threads: made and freed by main; read by all workers (OpenSSL counts references).   Memory: STAGE_TLS. */
#ifndef PROXY_NET_TLS_CONTEXT_H
#define PROXY_NET_TLS_CONTEXT_H

#include "mysql/gate/gate.h"
#include "proxy/net/address.h"
#include "settings/settings.h"

#include <openssl/bio.h>

struct tls_context;

/** Who connects to whom: the addresses of clients' connections, and those of servers. At least one each. */
struct tls_ends {
        const struct address *listen;
        unsigned n_listen;
        const struct address *remote;
        unsigned n_remote;
};

/** Read the certificates, or make one. @p ends need only live during the call.
 *  @return STATUS_INVALID, STATUS_IO or STATUS_NOMEM (reported with diag). */
enum status tls_context_new(const struct settings *settings, const struct tls_ends *ends,
                            struct tls_context **out);
/** Must be called after all connections are freed. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/** The policy for the gates of sessions whose client and server are or are not at UNIX sockets; valid as long as the context is. */
const struct gate_policy *tls_context_policy(const struct tls_context *context, bool client_local,
                                             bool server_local);

/** Is the server asked for the name for which the client asked (SNI)? Not with verify_identity: then its certificate must name the
 *  host of its address. */
bool tls_context_passes_name(const struct tls_context *context);

/** For tls.c: an SSL object for a connection with @p server, or with a client if that is NULL, without a BIO. With verify_identity the
 *  server's certificate must have the name in its address. @return NULL when memory is out, or if there is no TLS on that side. */
SSL *tls_context_connection(const struct tls_context *context, const struct address *server);
const BIO_METHOD *tls_context_bio(const struct tls_context *context);

#endif
