/** @file tls_identity.h  The proxy's own key and certificate, made on the first start and kept.
 *
 *      DIRECTORY/server.pem   key and certificate, mode 0600
 *      DIRECTORY/ca.pem       the authority that signed it: what to give to clients that verify (--ssl-ca)
 *
 * The authority's key is forgotten once it has signed: nobody can sign with it again.
 * Threads: main.   Memory: STAGE_TLS (OpenSSL's). */
#ifndef PROXY_NET_TLS_IDENTITY_H
#define PROXY_NET_TLS_IDENTITY_H

#include "base/status.h"

#include <openssl/types.h>
#include <stddef.h>

struct tls_identity {
        EVP_PKEY *key; /**< RSA */
        X509 *certificate;
        X509 *authority;
};

/** Where it is kept if the settings name no place: $STATE_DIRECTORY, $XDG_STATE_HOME/querytap or
 *  ~/.local/state/querytap. Empty if there is no such place. */
void tls_identity_directory(char *out, size_t size);

/** Read it from @p directory, or make it. One that can't be kept (said) is as good until the end of the process.
 *  @return STATUS_INVALID (said) for a file that holds something else, STATUS_NOMEM. */
enum status tls_identity_get(const char *directory, struct tls_identity *out);
void tls_identity_fini(struct tls_identity *identity);

#endif
