/** @file gate.h  The gate of a session until its login is over: it holds packets until they are whole, so that TLS can
 * begin on either side, and so that a login works where the two sides' transports differ.
 *
 *      server: greeting --hold--> TLS offered or not --send--> client
 *      client: SSLRequest                       GATE_CLIENT_TLS: what follows comes decrypted
 *      client: login    --hold--> (SSLRequest, GATE_SERVER_TLS, gate_secured) --send--> server
 *
 * Where both sides use TLS or neither does, the gate is open from here on and all passes untouched. Where they differ the
 * session is *uneven*: packets of the authentication get the sequence numbers of their side, and the exchanges of
 * caching_sha2_password and sha256_password, which send the password in clear over a secure transport and under a
 * public key over another, are translated. The gate of an uneven session closes again for COM_CHANGE_USER.
 *
 * What is no greeting or login of protocol version 10 opens the gate at once, unchanged: another protocol is relayed.
 * Knows: greeting, login, SSLRequest, the two plugins' exchanges.   Does not know: sockets, time, TLS, cryptography.
 * Threads: one owner.   Memory: STAGE_FRAME, wiped before it is freed. */
#ifndef MYSQL_GATE_GATE_H
#define MYSQL_GATE_GATE_H

#include "base/writer.h"
#include "mysql/wire/side.h"

struct gate;

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

/** What is wanted, and the cryptography of RSA exchanges. */
struct gate_policy {
        enum gate_client_tls client;
        enum gate_server_tls server;
        bool client_local; /**< a UNIX socket: secure without TLS, in the eyes of plugins */
        bool server_local;
        /** Encrypt @p secret for the key in @p pem (RSA, OAEP with SHA-1) into @p out; false if it can't be done. */
        bool (*seal)(void *arg, struct span pem, struct span secret, struct writer *out);
        /** Decrypt with our own key. */
        bool (*unseal)(void *arg, struct span sealed, struct writer *out);
        /** Our own public key, PEM; empty if there is none. */
        struct span (*public_key)(void *arg);
        void *arg;
};

enum gate_step {
        GATE_GO,         /**< forward what is in gate_out */
        GATE_CLIENT_TLS, /**< begin TLS with the client, rest is its first bytes */
        GATE_SERVER_TLS, /**< forward, then begin TLS with the server; gate_secured when it is there */
        GATE_REFUSE,     /**< forward to the client and close the session after it */
        GATE_NOMEM,      /**< close the session */
};

/** Spans live until the next call; they may point into the input. */
struct gate_out {
        struct span to[2]; /**< by enum side: to be forwarded there */
        struct span rest;  /**< of GATE_CLIENT_TLS; lives as long as the gate */
};

/** @p policy must outlive the gate. @return NULL when memory is out. */
struct gate *gate_new(const struct gate_policy *policy);
/** NULL is allowed. */
void gate_free(struct gate *g);

/** Take all of @p in, which came (decrypted) from @p from. */
enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct gate_out *out);
/** What was in gate_out is written: forget it. */
void gate_sent(struct gate *g);
/** TLS with the server is up. */
enum gate_step gate_secured(struct gate *g, struct gate_out *out);
/** A session that is uneven and idle, between two commands: does the client's @p in begin a COM_CHANGE_USER (or may it)? The gate is closed
 *  then, and @p in is to be fed. */
bool gate_closes(struct gate *g, struct span in);

/** The session can't go on: an ERR packet for the client. @p reason as gate_reason; it must live as long. */
enum gate_step gate_fail(struct gate *g, const char *reason, struct gate_out *out);
/** Bytes of the client that wait. */
size_t gate_held(const struct gate *g);

/** @p from will send no more: what is held of its unfinished packet, to be forwarded as it is. */
struct span gate_end(struct gate *g, enum side from);

/** Nothing is held and nothing will be: pass bytes on. */
bool gate_is_open(const struct gate *g);
/** The gate must be kept when it is open: see gate_closes. */
bool gate_is_uneven(const struct gate *g);
/** The login has been sent: the server has the word. */
bool gate_login_sent(const struct gate *g);

/** Why it opened without a login, or why it refused; static text, NULL if all went well. */
const char *gate_reason(const struct gate *g);
/** Was a password exchange translated? */
bool gate_mediated(const struct gate *g);

/** Capabilities as the server offered them; those that the gate took out of the greeting, and put into it. */
struct gate_offer {
        uint64_t offered;
        uint64_t removed;
        uint64_t added;
};
struct gate_offer gate_offer(const struct gate *g);

/** Build an ERR packet. @p sqlstate is NULL before the greeting (PROTOCOL: no '#SQLSTATE' there). The text is cut to
 *  512 bytes. */
void gate_error_packet(struct writer *w, uint8_t seq, uint16_t errnum, const char *sqlstate,
                       const char *text);

#endif
