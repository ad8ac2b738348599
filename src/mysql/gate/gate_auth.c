/* Two plugins send what their transport allows:
 *
 *                             secure transport                any other
 *      caching_sha2_password  server: 01 04 (full)            server: 01 04
 *                             client: password in clear       client: 02 (requests a key); server: 01 PEM;
 *                                                             client: RSA-OAEP(password XOR scramble)
 *      sha256_password        client: password in clear       client: 01 (requests a key); server: 01 PEM; as above
 *
 * TLS and UNIX sockets are secure. Source: MySQL's protocol documentation (caching_sha2_password, sha256_password). */
#include "mysql/gate/gate_auth.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/reply.h"

enum { FULL_AUTHENTICATION = 4, ASK_CACHING = 2, ASK_SHA256 = 1, SEALED_MAX = 1024, PEM_MAX = 4096 };
enum { ERROR_ACCESS = 1045 };

static bool is_secure(const struct gate_auth *a, enum side side)
{
        return a->tls[side] || (side == SIDE_CLIENT ? a->policy->client_local : a->policy->server_local);
}

bool gate_auth_translates(const struct gate_auth *a)
{
        return a->tls[SIDE_CLIENT] != a->tls[SIDE_SERVER] ||
               is_secure(a, SIDE_CLIENT) != is_secure(a, SIDE_SERVER);
}

void gate_auth_plugin(struct gate_auth *a, struct span plugin, struct span data)
{
        a->plugin = span_equal(plugin, span_str("caching_sha2_password")) ? PLUGIN_CACHING_SHA2
                    : span_equal(plugin, span_str("sha256_password"))     ? PLUGIN_SHA256
                                                                          : PLUGIN_OTHER;
        a->exchange = EXCHANGE_NONE;
        secure_buffer_clear(&a->password);
        if (data.len >= SCRAMBLE_LENGTH) {
                memcpy(a->scramble, data.data, SCRAMBLE_LENGTH);
        }
}

/** XOR with the scramble, which is also the way back. */
static void mask(const struct gate_auth *a, uint8_t *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                bytes[i] ^= a->scramble[i % SCRAMBLE_LENGTH];
        }
}

/** Is @p payload a password in clear? An empty password is a single NUL byte, which is never encrypted. */
static bool is_password(struct span payload)
{
        return payload.len > 1 && payload.data[payload.len - 1] == 0;
}

static bool asks_for_key(const struct gate_auth *a, struct span payload)
{
        return payload.len == 1 &&
               payload.data[0] == (a->plugin == PLUGIN_CACHING_SHA2 ? ASK_CACHING : ASK_SHA256);
}

/** The client's password came in clear: store it until the server's key is there. */
static enum gate_step store_password(struct gate_auth *a, struct span payload)
{
        secure_buffer_clear(&a->password);
        a->exchange = EXCHANGE_KEY;
        a->mediated = true;
        return secure_buffer_add(&a->password, payload) ? GATE_GO : GATE_NOMEM;
}

static enum gate_step ask_server(struct gate_auth *a)
{
        const uint8_t ask = a->plugin == PLUGIN_CACHING_SHA2 ? ASK_CACHING : ASK_SHA256;
        return gate_queue_put(a->queue, SIDE_SERVER, span_of(&ask, 1));
}

/** The server's key came: send the password, encrypted with it. */
static enum gate_step answer_server(struct gate_auth *a, struct span pem)
{
        uint8_t sealed[SEALED_MAX];
        struct writer w = writer_over(sealed, sizeof sealed);
        struct span password = secure_buffer_span(&a->password);
        mask(a, a->password.data + a->password.from, password.len);
        bool done = a->policy->seal(a->policy->arg, pem, password, &w) && !w.failed;
        secure_buffer_fini(&a->password);
        a->exchange = EXCHANGE_NONE;
        if (!done) {
                return gate_queue_refuse(a->queue, ERROR_ACCESS, "28000",
                                         "the password could not be encrypted with the server's public key");
        }
        return gate_queue_put(a->queue, SIDE_SERVER, writer_span(&w));
}

/** The client asked for a key: send it ours. */
static enum gate_step give_key(struct gate_auth *a)
{
        uint8_t payload[PEM_MAX];
        struct writer w = writer_over(payload, sizeof payload);
        writer_uint(&w, REPLY_MORE_DATA, 1);
        writer_put(&w, a->policy->public_key(a->policy->arg));
        a->exchange = EXCHANGE_SEALED;
        a->mediated = true;
        return gate_queue_put(a->queue, SIDE_CLIENT, writer_span(&w));
}

/** The client's password came encrypted with our key: decrypt it into a->password. */
static enum gate_step open_password(struct gate_auth *a, struct span sealed)
{
        uint8_t plain[SEALED_MAX];
        struct writer w = writer_over(plain, sizeof plain);
        bool done = a->policy->unseal(a->policy->arg, sealed, &w) && !w.failed;
        a->exchange = EXCHANGE_NONE;
        a->mediated = true;
        mask(a, plain, w.at);
        secure_buffer_clear(&a->password);
        bool stored = done && secure_buffer_add(&a->password, writer_span(&w));
        explicit_bzero(plain, sizeof plain);
        if (!done) {
                return gate_queue_refuse(a->queue, ERROR_ACCESS, "28000",
                                         "the client encrypted its password with a public key that is not "
                                         "this proxy's; connect with TLS, or let the client request the key");
        }
        return stored ? GATE_GO : GATE_NOMEM;
}

/* --- the answer within the login ------------------------------------------------------------------------------------ */

enum gate_step gate_auth_login(struct gate_auth *a, const struct login *login, struct span *answer)
{
        static const uint8_t ask = ASK_SHA256;
        bool client = is_secure(a, SIDE_CLIENT);
        bool server = is_secure(a, SIDE_SERVER);
        *answer = (struct span){NULL, 0};
        if (a->plugin != PLUGIN_SHA256 || client == server) {
                return GATE_GO;
        }
        if (client && is_password(login->auth)) {
                *answer = span_of(&ask, 1);
                return store_password(a, login->auth);
        }
        if (server && asks_for_key(a, login->auth)) {
                return give_key(a);
        }
        return GATE_GO;
}

enum gate_step gate_auth_login_key(struct gate_auth *a, struct span payload, struct span *answer)
{
        enum gate_step step = open_password(a, payload);
        *answer = secure_buffer_span(&a->password);
        return step;
}

/* --- packet by packet ------------------------------------------------------------------------------------------------- */

static enum gate_step from_client(struct gate_auth *a, struct span payload)
{
        enum gate_step step = GATE_GO;
        if (a->exchange == EXCHANGE_ASKED && is_secure(a, SIDE_CLIENT) && is_password(payload)) {
                step = store_password(a, payload);
                return step == GATE_GO ? ask_server(a) : step;
        }
        if (a->exchange == EXCHANGE_ASKED && is_secure(a, SIDE_SERVER) && asks_for_key(a, payload)) {
                return give_key(a);
        }
        bool sealed = a->exchange == EXCHANGE_SEALED || (a->exchange == EXCHANGE_ASKED && payload.len > 1);
        a->exchange = EXCHANGE_NONE;
        if (!sealed || !is_secure(a, SIDE_SERVER)) {
                return gate_queue_put(a->queue, SIDE_SERVER, payload);
        }
        step = open_password(a, payload);
        if (step == GATE_GO) {
                step = gate_queue_put(a->queue, SIDE_SERVER, secure_buffer_span(&a->password));
        }
        secure_buffer_fini(&a->password);
        return step;
}

/** AuthSwitchRequest or AuthNextFactor: the exchange begins again with another plugin and scramble. */
static void change_plugin(struct gate_auth *a, struct span payload)
{
        struct span data;
        struct span plugin = auth_switch_plugin(payload, &data);
        gate_auth_plugin(a, plugin, data);
        a->exchange = a->plugin == PLUGIN_SHA256 ? EXCHANGE_ASKED : EXCHANGE_NONE;
}

static enum gate_step from_server(struct gate_auth *a, struct span payload)
{
        uint8_t first = payload.len > 0 ? payload.data[0] : 0;
        if (first == REPLY_MORE_DATA && a->exchange == EXCHANGE_KEY) {
                return answer_server(a, span_skip(payload, 1));
        }
        if (first == REPLY_MORE_DATA && a->plugin == PLUGIN_CACHING_SHA2 && payload.len == 2 &&
            payload.data[1] == FULL_AUTHENTICATION &&
            is_secure(a, SIDE_CLIENT) != is_secure(a, SIDE_SERVER)) {
                a->exchange = EXCHANGE_ASKED;
        } else if (payload.len > 1 && (first == REPLY_EOF || (first == REPLY_FACTOR && a->multi_factor))) {
                change_plugin(a, payload);
        }
        if (first == REPLY_OK || first == REPLY_ERR) {
                a->exchange = EXCHANGE_OVER;
                secure_buffer_fini(&a->password);
        }
        return gate_queue_put(a->queue, SIDE_CLIENT, payload);
}

enum gate_step gate_auth_packet(struct gate_auth *a, enum side from, struct span payload)
{
        return from == SIDE_CLIENT ? from_client(a, payload) : from_server(a, payload);
}
