/** @file gate.h  The login phase of a session. The gate holds packets until they are complete, so that TLS can
 * begin on either side, and so that a login works where the transports of the two sides differ.
 *
 *      server: greeting --hold--> TLS offered or not --send--> client
 *      client: SSLRequest                       GATE_CLIENT_TLS: what follows arrives decrypted
 *      client: login    --hold--> (SSLRequest, GATE_SERVER_TLS, gate_secured) --send--> server
 *
 * If both sides use TLS or neither does, the gate is open after the login and all bytes pass unchanged. If they differ, the
 * session is *uneven*: packets of the authentication get the sequence numbers of the connection on which they are sent, and the
 * exchanges of caching_sha2_password and sha256_password are translated, because these plugins send the password in clear over a
 * secure transport and encrypted with a public key over any other. The gate of an uneven session closes again for COM_CHANGE_USER.
 *
 * A first packet that is no greeting or login of protocol version 10 opens the gate at once: another protocol is relayed unchanged.
 * Knows: greeting, login, SSLRequest.   Does not know: sockets, time, TLS, cryptography.
 * Threads: one owner.   Memory: STAGE_FRAME, wiped before it is freed. */
#ifndef MYSQL_GATE_GATE_H
#define MYSQL_GATE_GATE_H

#include "mysql/gate/gate_error.h"
#include "mysql/gate/gate_policy.h"
#include "mysql/wire/side.h"

struct gate;

/** What is to be forwarded. The spans are valid until the next call; they may point into the input. */
struct gate_out {
        struct span to[2]; /**< by enum side: bytes for that side */
        struct span rest;  /**< of GATE_CLIENT_TLS: the first bytes of TLS; valid as long as the gate */
};

/** @p policy must outlive the gate. @return NULL when memory is out. */
struct gate *gate_new(const struct gate_policy *policy);
/** NULL is allowed. */
void gate_free(struct gate *g);

/** Handle all of @p in, which came from @p from and is decrypted. */
enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct gate_out *out);
/** The bytes of gate_out have been forwarded: wipe them. */
void gate_sent(struct gate *g);
/** TLS with the server is established. */
enum gate_step gate_secured(struct gate *g, struct gate_out *out);
/** For an uneven session that is idle, between two commands: do the client's bytes @p in begin a COM_CHANGE_USER, or could they?
 *  If so the gate is closed, and @p in must be given to gate_feed. */
bool gate_closes(struct gate *g, struct span in);

/** The session can't go on: queue an ERR packet for the client. @p reason is what gate_reason returns from then on; it must
 *  outlive the gate. */
enum gate_step gate_fail(struct gate *g, const char *reason, struct gate_out *out);
/** The client's login will never come, since TLS with it failed: queue an empty packet for the server in its place, which no server
 *  can read. Its answer is what the client would have got without the proxy. */
enum gate_step gate_spoil_login(struct gate *g, struct gate_out *out);
/** How many bytes of the client are held. */
size_t gate_held(const struct gate *g);

/** @p from will send no more. @return what is held of its incomplete packet, to be forwarded unchanged. */
struct span gate_end(struct gate *g, enum side from);

/** Is the gate open? Then nothing is held, and bytes need not go through it. */
bool gate_is_open(const struct gate *g);
/** Must the gate be kept after it has opened? See gate_closes. */
bool gate_is_uneven(const struct gate *g);
/** Has the login been sent to the server? */
bool gate_login_sent(const struct gate *g);

/** Why the gate opened without a login, or refused it; static text, or NULL if neither happened. */
const char *gate_reason(const struct gate *g);
/** Was a password exchange translated? */
bool gate_mediated(const struct gate *g);

/** The capabilities that the server offered, those that the gate removed from the greeting, and those that it added. */
struct gate_offer {
        uint64_t offered;
        uint64_t removed;
        uint64_t added;
};
struct gate_offer gate_offer(const struct gate *g);

#endif
