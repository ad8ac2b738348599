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

/** Read the certificates, or make one. @p remote is the server's address: with verify_identity the server's certificate must have its name.
 *  @return STATUS_INVALID, STATUS_IO or STATUS_NOMEM (reported with diag). */
enum status tls_context_new(const struct settings *settings, const struct address *listen,
                            const struct address *remote, struct tls_context **out);
/** Must be called after all connections are freed. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/** The policy for the gates of sessions; valid as long as the context is. */
const struct gate_policy *tls_context_policy(const struct tls_context *context);

/** Is the server asked for the name for which the client asked (SNI)? Not with verify_identity: then its certificate must name the
 *  host of `remote`. */
bool tls_context_passes_name(const struct tls_context *context);

/** For tls.c: an SSL object for a connection with @p peer, without a BIO. @return NULL when memory is out, or if there is no TLS on that
 *  side. */
SSL *tls_context_connection(const struct tls_context *context, enum side peer);
const BIO_METHOD *tls_context_bio(const struct tls_context *context);

#endif
