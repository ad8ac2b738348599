/* The exchange of passwords in an uneven session. Two plugins do what their transport allows:
 *
 *                            secure transport                 any other
 *      caching_sha2_password  server: 01 04 (full)             server: 01 04
 *                             client: password in clear        client: 02 (a key, please); server: 01 PEM;
 *                                                              client: RSA-OAEP(password XOR scramble)
 *      sha256_password        client: password in clear        client: 01 (a key, please); server: 01 PEM; as above
 *
 * Secure is TLS or a UNIX socket. Source: MySQL's protocol documentation (caching_sha2_password, sha256_password). */
#include "mysql/gate/gate_state.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/reply.h"

enum { FULL_AUTHENTICATION = 4, ASK_CACHING = 2, ASK_SHA256 = 1, SEALED_MAX = 1024, PEM_MAX = 4096 };
enum { ERROR_ACCESS = 1045 };

static bool is_secure(const struct gate *g, enum side side)
{
        return side == SIDE_CLIENT ? g->client_tls || g->policy->client_local
                                   : g->server_tls || g->policy->server_local;
}

bool gate_auth_translates(const struct gate *g)
{
        return g->client_tls != g->server_tls || is_secure(g, SIDE_CLIENT) != is_secure(g, SIDE_SERVER);
}

void gate_auth_plugin(struct gate *g, struct span plugin, struct span data)
{
        g->caching = span_equal(plugin, span_str("caching_sha2_password"));
        g->sha256 = span_equal(plugin, span_str("sha256_password"));
        g->exchange = EXCHANGE_NONE;
        secure_buffer_clear(&g->password);
        if (data.len >= SCRAMBLE_LENGTH) {
                memcpy(g->scramble, data.data, SCRAMBLE_LENGTH);
        }
}

/** One direction is the other: XOR. */
static void mask(const struct gate *g, uint8_t *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                bytes[i] ^= g->scramble[i % SCRAMBLE_LENGTH];
        }
}

/** The password is NUL alone where there is none, and then never under a key. */
static bool is_password(struct span payload)
{
        return payload.len > 1 && payload.data[payload.len - 1] == 0;
}

static bool asks_for_key(const struct gate *g, struct span payload)
{
        return payload.len == 1 && payload.data[0] == (g->caching ? ASK_CACHING : ASK_SHA256);
}

/** The client's password came in clear: keep it, and ask the server for its key. */
static enum gate_step keep_password(struct gate *g, struct span payload)
{
        secure_buffer_clear(&g->password);
        g->exchange = EXCHANGE_KEY;
        g->mediated = true;
        return secure_buffer_add(&g->password, payload) ? GATE_GO : GATE_NOMEM;
}

static enum gate_step ask_server(struct gate *g)
{
        const uint8_t ask = g->caching ? ASK_CACHING : ASK_SHA256;
        return gate_put(g, SIDE_SERVER, span_of(&ask, 1));
}

/** The server's key came: the password goes back under it. */
static enum gate_step answer_server(struct gate *g, struct span pem)
{
        uint8_t sealed[SEALED_MAX];
        struct writer w = writer_over(sealed, sizeof sealed);
        struct span password = secure_buffer_span(&g->password);
        mask(g, g->password.data + g->password.from, password.len);
        bool done = g->policy->seal(g->policy->arg, pem, password, &w) && !w.failed;
        secure_buffer_fini(&g->password);
        g->exchange = EXCHANGE_NONE;
        if (!done) {
                return gate_refuse(g, ERROR_ACCESS, "28000",
                                   "the password could not be encrypted with the server's public key");
        }
        return gate_put(g, SIDE_SERVER, writer_span(&w));
}

/** The client asked for a key: it gets ours. */
static enum gate_step give_key(struct gate *g)
{
        uint8_t payload[PEM_MAX];
        struct writer w = writer_over(payload, sizeof payload);
        writer_uint(&w, REPLY_MORE_DATA, 1);
        writer_put(&w, g->policy->public_key(g->policy->arg));
        g->exchange = EXCHANGE_SEALED;
        g->mediated = true;
        return gate_put(g, SIDE_CLIENT, writer_span(&w));
}

/** The client's password came under our key: into g->password, in clear. */
static enum gate_step open_password(struct gate *g, struct span sealed)
{
        uint8_t plain[SEALED_MAX];
        struct writer w = writer_over(plain, sizeof plain);
        bool done = g->policy->unseal(g->policy->arg, sealed, &w) && !w.failed;
        g->exchange = EXCHANGE_NONE;
        g->mediated = true;
        mask(g, plain, w.at);
        secure_buffer_clear(&g->password);
        bool held = done && secure_buffer_add(&g->password, writer_span(&w));
        explicit_bzero(plain, sizeof plain);
        if (!done) {
                return gate_refuse(g, ERROR_ACCESS, "28000",
                                   "the client encrypted its password with a public key that is not this "
                                   "proxy's; connect with TLS, or let the client request the key");
        }
        return held ? GATE_GO : GATE_NOMEM;
}

/* --- the answer within the login ------------------------------------------------------------------------------------ */

enum gate_step gate_auth_login(struct gate *g, const struct login *login, struct span *answer)
{
        static const uint8_t ask = ASK_SHA256;
        bool client = is_secure(g, SIDE_CLIENT);
        bool server = is_secure(g, SIDE_SERVER);
        *answer = (struct span){NULL, 0};
        if (!g->sha256 || client == server) {
                return GATE_GO;
        }
        if (client && is_password(login->auth)) {
                *answer = span_of(&ask, 1);
                return keep_password(g, login->auth);
        }
        if (server && asks_for_key(g, login->auth)) {
                g->state = GATE_LOGIN_KEY;
                return give_key(g);
        }
        return GATE_GO;
}

enum gate_step gate_auth_login_key(struct gate *g, struct span payload, struct span *answer)
{
        enum gate_step step = open_password(g, payload);
        *answer = secure_buffer_span(&g->password);
        return step;
}

/* --- packet by packet ------------------------------------------------------------------------------------------------- */

static enum gate_step from_client(struct gate *g, struct span payload)
{
        enum gate_step step = GATE_GO;
        if (g->exchange == EXCHANGE_ASKED && is_secure(g, SIDE_CLIENT) && is_password(payload)) {
                step = keep_password(g, payload);
                return step == GATE_GO ? ask_server(g) : step;
        }
        if (g->exchange == EXCHANGE_ASKED && is_secure(g, SIDE_SERVER) && asks_for_key(g, payload)) {
                return give_key(g);
        }
        bool sealed = g->exchange == EXCHANGE_SEALED || (g->exchange == EXCHANGE_ASKED && payload.len > 1);
        g->exchange = EXCHANGE_NONE;
        if (!sealed || !is_secure(g, SIDE_SERVER)) {
                return gate_put(g, SIDE_SERVER, payload);
        }
        step = open_password(g, payload);
        if (step == GATE_GO) {
                step = gate_put(g, SIDE_SERVER, secure_buffer_span(&g->password));
        }
        secure_buffer_fini(&g->password);
        return step;
}

/** AuthSwitchRequest, AuthNextFactor: another plugin, another scramble. */
static void change_plugin(struct gate *g, struct span payload)
{
        struct span data;
        struct span plugin = auth_switch_plugin(payload, &data);
        gate_auth_plugin(g, plugin, data);
        g->exchange = g->sha256 ? EXCHANGE_ASKED : EXCHANGE_NONE;
}

static enum gate_step from_server(struct gate *g, struct span payload)
{
        uint8_t first = payload.len > 0 ? payload.data[0] : 0;
        if (first == REPLY_MORE_DATA && g->exchange == EXCHANGE_KEY) {
                return answer_server(g, span_skip(payload, 1));
        }
        if (first == REPLY_MORE_DATA && g->caching && payload.len == 2 &&
            payload.data[1] == FULL_AUTHENTICATION &&
            is_secure(g, SIDE_CLIENT) != is_secure(g, SIDE_SERVER)) {
                g->exchange = EXCHANGE_ASKED;
        } else if (payload.len > 1 &&
                   (first == REPLY_EOF || (first == REPLY_FACTOR && (g->agreed & CAP_MULTI_FACTOR) != 0))) {
                change_plugin(g, payload);
        }
        if (first == REPLY_OK || first == REPLY_ERR) {
                g->state = GATE_OPEN;
                secure_buffer_fini(&g->password);
        }
        return gate_put(g, SIDE_CLIENT, payload);
}

enum gate_step gate_auth_packet(struct gate *g, enum side from, struct span payload)
{
        return from == SIDE_CLIENT ? from_client(g, payload) : from_server(g, payload);
}
