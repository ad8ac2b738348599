/** @file gate_policy.h  What the gate is asked to do, and what it asks its session to do.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_GATE_GATE_POLICY_H
#define MYSQL_GATE_GATE_POLICY_H

#include "base/writer.h"

enum gate_client_tls {
        GATE_CLIENT_DISABLED,
        GATE_CLIENT_PREFERRED,
        GATE_CLIENT_REQUIRED,
        GATE_CLIENT_PASSTHROUGH
};
enum gate_server_tls {
        GATE_SERVER_DISABLED,
        GATE_SERVER_PREFERRED,
        GATE_SERVER_REQUIRED,
        GATE_SERVER_AS_CLIENT
};

/** Where TLS is wanted, and the cryptography of RSA exchanges. */
struct gate_policy {
        enum gate_client_tls client;
        enum gate_server_tls server;
        bool client_local; /**< the client uses a UNIX socket, which plugins regard as secure without TLS */
        bool server_local; /**< the same of the connection to the server */
        /** Encrypt @p secret for the key in @p pem (RSA, OAEP with SHA-1) into @p out. @return false on failure. */
        bool (*seal)(void *arg, struct span pem, struct span secret, struct writer *out);
        /** Decrypt with our own key. @return false on failure. */
        bool (*unseal)(void *arg, struct span sealed, struct writer *out);
        /** Our own public key as PEM; empty if there is none. */
        struct span (*public_key)(void *arg);
        void *arg; /**< the first argument of these functions */
};

/** What the session must do after a call of the gate. */
enum gate_step {
        GATE_GO,         /**< forward what is in gate_out */
        GATE_CLIENT_TLS, /**< begin TLS with the client; gate_out.rest has its first bytes */
        GATE_SERVER_TLS, /**< forward, then begin TLS with the server, and call gate_secured when it is established */
        GATE_REFUSE, /**< forward to the client, then close the session */
        GATE_NOMEM,  /**< close the session: memory is out */
};

#endif
