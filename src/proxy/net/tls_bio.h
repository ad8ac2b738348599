/** @file tls_bio.h  The socket of a TLS connection as OpenSSL sees it: bytes that came, and a function that takes bytes.
 * Knows: OpenSSL's BIO.   Does not know: sockets, TLS.
 * Threads: a tls_bio is its connection's; the method is shared by all.   Memory: embedded; the method is OpenSSL's. */
#ifndef PROXY_NET_TLS_BIO_H
#define PROXY_NET_TLS_BIO_H

#include "base/span.h"
#include "base/status.h"

#include <openssl/bio.h>
#include <stdbool.h>

struct tls_bio {
        struct span in; /**< bytes that OpenSSL has not read yet */
        bool no_memory; /**< write failed */
        void *arg;
        /** Take all of @p bytes. @return STATUS_NOMEM if that failed. */
        enum status (*write)(void *arg, struct span bytes);
};

/** How a BIO is read and written. The caller frees it with BIO_meth_free. @return NULL when memory is out. */
BIO_METHOD *tls_bio_method(void);
/** A BIO of @p method over @p end, which must outlive it. @return NULL when memory is out. */
BIO *tls_bio_new(const BIO_METHOD *method, struct tls_bio *end);

#endif
