/** @file tls_identity.h  The proxy's own key and certificate, created at the first start and kept.
 *
 *      DIRECTORY/server.pem   key and certificate, mode 0600
 *      DIRECTORY/ca.pem       the CA that signed it: clients that verify need this file (--ssl-ca)
 *
 * The CA's key is discarded after signing: nobody can sign with it again.
 * Threads: main.   Memory: STAGE_TLS (OpenSSL's). */
#ifndef PROXY_NET_TLS_IDENTITY_H
#define PROXY_NET_TLS_IDENTITY_H

#include "base/status.h"
#include "proxy/net/tls_names.h"

#include <openssl/types.h>
#include <stddef.h>

struct tls_identity {
        EVP_PKEY *key; /**< RSA */
        X509 *certificate;
        X509 *authority;
};

/** The folder where it is kept if the settings name none: $STATE_DIRECTORY, $XDG_STATE_HOME/querytap or
 *  ~/.local/state/querytap. Empty if there is none. */
void tls_identity_directory(char *out, size_t size);

/** Read it from @p directory, or create it with @p names; if one that is read lacks required names, that is reported. If it can't be saved, that is reported, and it serves until the end of the process.
 *  @return STATUS_INVALID (reported) if the file contains something else, STATUS_NOMEM. */
enum status tls_identity_get(const char *directory, const struct tls_names *names, struct tls_identity *out);
void tls_identity_fini(struct tls_identity *identity);

#endif
