/** @file gate_auth.h  The exchange of passwords in an uneven session: translated between a secure connection and one that is not.
 *
 * Knows: what caching_sha2_password and sha256_password send over each transport.   Does not know: the greeting, the state of
 * the gate, cryptography (that is in the policy).
 * Threads: one owner.   Memory: STAGE_FRAME for the password, wiped before it is freed; embedded in the gate. */
#ifndef MYSQL_GATE_GATE_AUTH_H
#define MYSQL_GATE_GATE_AUTH_H

#include "mysql/gate/gate_queue.h"
#include "mysql/wire/handshake.h"

/** Where the exchange of a password stands that must be translated. */
enum gate_exchange {
        EXCHANGE_NONE,
        EXCHANGE_ASKED,  /**< the client's next packet is its password, or a request for a public key */
        EXCHANGE_KEY,    /**< the server's next packet is its public key; the password waits for it */
        EXCHANGE_SEALED, /**< the client's next packet is its password, encrypted with our key */
        EXCHANGE_OVER,   /**< the server has accepted or rejected the login */
};

/** Plugins whose exchange depends on the transport. */
enum gate_plugin { PLUGIN_OTHER, PLUGIN_CACHING_SHA2, PLUGIN_SHA256 };

enum { SCRAMBLE_LENGTH = 20 };

struct gate_auth {
        const struct gate_policy *policy;
        struct gate_queue *queue;
        enum gate_exchange exchange;
        enum gate_plugin plugin;
        bool tls[2];       /**< by enum side: TLS is used there */
        bool mediated;     /**< an exchange was translated */
        bool multi_factor; /**< client and server agreed on several factors */
        uint8_t scramble[SCRAMBLE_LENGTH];
        struct secure_buffer
            password; /**< in clear, while the server's key or the login's translation is awaited */
};

/** Set the plugin and scramble with which the exchange goes on. @p data begins with the scramble; shorter data is ignored. */
void gate_auth_plugin(struct gate_auth *a, struct span plugin, struct span data);
/** Does what the client sends depend on its transport, while the server expects another form? */
bool gate_auth_translates(const struct gate_auth *a);
/** Look at the login's own answer. *@p answer takes its place if it is not empty; it lives as long as the password. When the
 *  exchange becomes EXCHANGE_SEALED, the client was sent our key, and the login must wait for gate_auth_login_key. */
enum gate_step gate_auth_login(struct gate_auth *a, const struct login *login, struct span *answer);
/** The client's password came, encrypted with our key: *@p answer as above. */
enum gate_step gate_auth_login_key(struct gate_auth *a, struct span payload, struct span *answer);
/** Pass on a packet of the exchange from @p from, translated if needed. */
enum gate_step gate_auth_packet(struct gate_auth *a, enum side from, struct span payload);

#endif
