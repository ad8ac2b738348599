/** @file gate_state.h  What the parts of the gate share: gate.c (greeting, login, TLS), gate_auth.c (the exchange of an
 * uneven session). Nobody else includes it. */
#ifndef MYSQL_GATE_GATE_STATE_H
#define MYSQL_GATE_GATE_STATE_H

#include "mysql/gate/gate.h"
#include "mysql/gate/secure_buffer.h"
#include "mysql/wire/handshake.h"

enum gate_state {
        GATE_GREETING,  /* the server's greeting is awaited */
        GATE_LOGIN,     /* the client's SSLRequest or login */
        GATE_LOGIN_KEY, /* the client's password under our key; the login waits for it */
        GATE_SECURING,  /* TLS with the server is under way; the login waits */
        GATE_AUTH,      /* uneven: the exchange, packet by packet */
        GATE_OPEN
};

/* Where the exchange of a password stands that must be translated. */
enum gate_exchange {
        EXCHANGE_NONE,
        EXCHANGE_ASKED,  /* the client's next packet is its password, or asks for a key */
        EXCHANGE_KEY,    /* the server's next packet is its public key; the password is held */
        EXCHANGE_SEALED, /* the client's next packet is its password under our key */
};

enum { SCRAMBLE_LENGTH = 20, GATE_ERROR_ROOM = 600 };

struct gate {
        const struct gate_policy *policy;
        enum gate_state state;
        const char *reason;
        bool client_tls;
        bool server_tls;
        bool login_sent;
        bool mediated;
        bool untouched; /* it opened for what it did not understand: that was not handled */
        bool watching;  /* closed for a COM_CHANGE_USER, which may turn out to be none */
        struct gate_offer offer;
        uint64_t agreed; /* capabilities of the login and the greeting */
        struct secure_buffer in[2];
        struct secure_buffer out[2];
        uint8_t seq[2];             /* the last one on each side's wire */
        struct secure_buffer rest;  /* what came behind the SSLRequest */
        struct secure_buffer login; /* its payload, while TLS or a key are awaited */

        enum gate_exchange exchange;
        bool caching; /* the plugin is caching_sha2_password */
        bool sha256;  /* or sha256_password */
        uint8_t scramble[SCRAMBLE_LENGTH];
        struct secure_buffer password;
};

/* gate.c */
/** Queue @p payload as a packet for @p to, with the next sequence number there. @return GATE_GO, or GATE_NOMEM. */
enum gate_step gate_put(struct gate *g, enum side to, struct span payload);
/** Queue an ERR packet for the client. @return GATE_REFUSE, or GATE_NOMEM. */
enum gate_step gate_refuse(struct gate *g, uint16_t errnum, const char *sqlstate, const char *reason);

/* gate_auth.c */
/** The plugin and scramble that the exchange goes on with. @p data holds at least the scramble, or is ignored. */
void gate_auth_plugin(struct gate *g, struct span plugin, struct span data);
/** Does what the client sends depend on its transport, and the server expects another form? */
bool gate_auth_translates(const struct gate *g);
/** The login's own answer, where it needs translation. *@p answer is what takes its place; it lives as long as the
 *  gate's password. */
enum gate_step gate_auth_login(struct gate *g, const struct login *login, struct span *answer);
/** The packet that came in state GATE_LOGIN_KEY: *@p answer as above. */
enum gate_step gate_auth_login_key(struct gate *g, struct span payload, struct span *answer);
/** A packet of the exchange. */
enum gate_step gate_auth_packet(struct gate *g, enum side from, struct span payload);

#endif
