/** @file tls.h  One end of a TLS connection, as a filter over bytes: no sockets, no waiting.
 *
 *      socket -> link -> tls_feed -> on_plain -> owner          owner -> tls_write -> on_cipher -> link -> socket
 *
 * The link keeps its socket, its backlog and its pauses; they carry ciphertext then. So the last bytes, half-closed
 * connections and a peer that does not read are handled in one place, with TLS or without.
 * Threads: its loop's.   Memory: STAGE_TLS (OpenSSL's too). */
#ifndef PROXY_NET_TLS_H
#define PROXY_NET_TLS_H

#include "base/span.h"
#include "base/status.h"
#include "mysql/wire/side.h"
#include "proxy/net/tls_context.h"

struct tls;

/** Calls during tls_new, tls_feed, tls_write and tls_shut. */
struct tls_sink {
        void *arg;
        /** Decrypted bytes, valid during the call. */
        void (*on_plain)(void *arg, struct span bytes);
        /** Bytes for the socket. @return STATUS_NOMEM if they could not be kept. */
        enum status (*on_cipher)(void *arg, struct span bytes);
        /** The handshake is over. Called before the first on_plain. */
        void (*on_established)(void *arg);
};

enum tls_state {
        TLS_GOES_ON,
        TLS_ENDED,  /**< the peer said that it will send no more (close_notify) */
        TLS_FAILED, /**< see tls_error; feed it no more */
        TLS_NOMEM,  /**< on_cipher failed, or memory is out */
};

/** The peer is @p server or, if that is NULL, a client, towards which we are the server. Decrypted bytes are put into @p buffer before they are handed on; all
 *  connections of a thread may share one. A client's handshake starts with tls_start. @return NULL when memory is out. */
struct tls *tls_new(const struct tls_context *context, const struct address *server, struct tls_sink sink,
                    uint8_t *buffer, size_t buffer_size);
/** NULL is allowed. */
void tls_free(struct tls *t);

/** Ask the server @p to for the name for which the client @p from asked (SNI), if it did: a server may choose its certificate by it.
 *  Before tls_start. @return STATUS_NOMEM. */
enum status tls_pass_name(struct tls *to, const struct tls *from);
/** Send the first message of a handshake that is ours to begin. */
enum tls_state tls_start(struct tls *t);
/** What was written before the handshake was over, and waits for its end. */
struct span tls_pending(const struct tls *t);
/** Take all of @p bytes, the next ones from the socket. */
enum tls_state tls_feed(struct tls *t, struct span bytes);
/** Encrypt @p bytes and send them. What is written before the handshake is over is sent after it. */
enum tls_state tls_write(struct tls *t, struct span bytes);
/** Tell the peer that no more will be written (close_notify). Harmless at any time. */
void tls_shut(struct tls *t);

/** Such as "TLSv1.3 TLS_AES_256_GCM_SHA384". */
void tls_describe(const struct tls *t, char *out, size_t size);
/** Why it failed; "" if it did not. */
const char *tls_error(const struct tls *t);

#endif
