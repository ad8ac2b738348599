#include "mysql/gate/gate.h"

#include "base/diag.h"
#include "mysql/gate/gate_auth.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"

/* Bounds on the packets of the login phase: no server or client sends longer ones. */
enum { GREETING_MAX = 4096, LOGIN_MAX = 256 * 1024, CHANGE_USER = 0x11 };
enum { ERROR_HANDSHAKE = 1043, ERROR_UPSTREAM = 1429, ERROR_INSECURE = 3159 };

enum gate_state {
        GATE_GREETING,  /* awaits the server's greeting */
        GATE_LOGIN,     /* awaits the client's SSLRequest or login */
        GATE_LOGIN_KEY, /* awaits the client's password, encrypted with our key; the login waits for it */
        GATE_SECURING,  /* TLS with the server is being established; the login waits */
        GATE_AUTH,      /* uneven: the exchange, packet by packet */
        GATE_COMMAND, /* uneven: the client's next command is probably COM_CHANGE_USER, which begins an exchange */
        GATE_OPEN, /* bytes pass unchanged */
        GATE_RELAYING, /* the same, and the packet during which the gate opened was not handled: it passes as it came */
};

struct gate {
        const struct gate_policy *policy;
        enum gate_state state;
        bool login_sent; /* the server has the login */
        struct gate_offer offer;
        uint64_t agreed;            /* capabilities of the login and the greeting */
        struct secure_buffer in[2]; /* by enum side: bytes from there that are not handled yet */
        struct gate_queue queue;
        struct secure_buffer rest;  /* what came behind the SSLRequest */
        struct secure_buffer login; /* its payload, while TLS or a key is awaited */
        struct gate_auth auth;
};

struct gate *gate_new(const struct gate_policy *policy)
{
        struct gate *g = prof_calloc(STAGE_FRAME, 1, sizeof *g);
        if (g != NULL) {
                g->policy = policy;
                g->auth.policy = policy;
                g->auth.queue = &g->queue;
                g->queue.seq[SIDE_CLIENT] = UINT8_MAX; /* that of the greeting will be 0 */
        }
        return g;
}

void gate_free(struct gate *g)
{
        if (g == NULL) {
                return;
        }
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                secure_buffer_fini(&g->in[side]);
        }
        gate_queue_fini(&g->queue);
        secure_buffer_fini(&g->rest);
        secure_buffer_fini(&g->login);
        secure_buffer_fini(&g->auth.password);
        prof_free(g);
}

bool gate_is_open(const struct gate *g)
{
        return g->state == GATE_OPEN || g->state == GATE_RELAYING;
}

bool gate_is_uneven(const struct gate *g)
{
        return g->state >= GATE_AUTH && g->login_sent && gate_auth_translates(&g->auth);
}

bool gate_login_sent(const struct gate *g)
{
        return g->login_sent;
}

const char *gate_reason(const struct gate *g)
{
        return g->queue.reason;
}

bool gate_mediated(const struct gate *g)
{
        return g->auth.mediated;
}

struct gate_offer gate_offer(const struct gate *g)
{
        return g->offer;
}

/* --- states --------------------------------------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [GATE_GREETING] = "greeting", [GATE_LOGIN] = "login",      [GATE_LOGIN_KEY] = "login key",
    [GATE_SECURING] = "securing", [GATE_AUTH] = "auth",        [GATE_COMMAND] = "command",
    [GATE_OPEN] = "open",         [GATE_RELAYING] = "relaying"};

/** The only place where the state changes. */
static void enter(struct gate *g, enum gate_state state)
{
        diag(DIAG_DEBUG, "gate: %s -> %s", state_names[g->state], state_names[state]);
        g->state = state;
}

/** The gate does not understand the current packet: it is forwarded unchanged, with all that follows. */
static enum gate_step relay(struct gate *g, const char *reason)
{
        g->queue.reason = reason;
        enter(g, GATE_RELAYING);
        return GATE_GO;
}

static void put_u16(uint8_t *to, uint64_t value)
{
        to[0] = (uint8_t)value;
        to[1] = (uint8_t)(value >> 8);
}

/* --- the greeting --------------------------------------------------------------------------------------------------- */

/** Will TLS be offered to the client, given what the server offers? */
static bool offers_tls(const struct gate *g, bool server_offers)
{
        switch (g->policy->client) {
        case GATE_CLIENT_PASSTHROUGH: return server_offers;
        case GATE_CLIENT_PREFERRED:
        case GATE_CLIENT_REQUIRED: return g->policy->server != GATE_SERVER_AS_CLIENT || server_offers;
        case GATE_CLIENT_DISABLED: break;
        }
        return false;
}

static enum gate_step on_greeting(struct gate *g, struct span payload)
{
        struct greeting greeting;
        if (!greeting_parse(payload, &greeting)) {
                /* an ERR packet instead of a greeting is an ordinary refusal and needs no reason */
                return relay(g, payload.data[0] == 0xff
                                    ? NULL
                                    : "the server's first packet is not a greeting of protocol version 10");
        }
        bool server_offers = (greeting.capabilities & CAP_SSL) != 0;
        bool offered = offers_tls(g, server_offers);
        g->offer.offered = greeting.capabilities;
        if (!server_offers && g->policy->server == GATE_SERVER_REQUIRED) {
                return gate_queue_refuse(&g->queue, ERROR_UPSTREAM, NULL,
                                         "tls.server requires TLS, but the server does not offer it");
        }
        if (!offered && g->policy->client == GATE_CLIENT_REQUIRED) {
                return gate_queue_refuse(
                    &g->queue, ERROR_UPSTREAM, NULL,
                    "tls.client is required and tls.server is as_client, but the server does "
                    "not offer TLS");
        }
        g->offer.removed = server_offers && !offered ? CAP_SSL : 0;
        g->offer.added = offered && !server_offers ? CAP_SSL : 0;
        enter(g, GATE_LOGIN);
        gate_auth_plugin(&g->auth, greeting.auth_plugin, (struct span){NULL, 0});
        struct writer w = writer_over(g->auth.scramble, sizeof g->auth.scramble);
        writer_put(&w, greeting.scramble[0]);
        writer_put(&w, span_head(greeting.scramble[1], sizeof g->auth.scramble - w.at));
        if (gate_queue_put(&g->queue, SIDE_CLIENT, payload) != GATE_GO) {
                return GATE_NOMEM;
        }
        uint8_t *copy = g->queue.out[SIDE_CLIENT].data + g->queue.out[SIDE_CLIENT].len - payload.len;
        put_u16(copy + greeting.low_at, (greeting.capabilities & ~g->offer.removed) | g->offer.added);
        return GATE_GO;
}

/* --- the login ------------------------------------------------------------------------------------------------------- */

/** Set the flag in the login that tells the server whether TLS is used on its side. */
static void mark_tls(struct gate *g)
{
        uint8_t *flags = g->login.data + g->login.from;
        uint64_t low = (uint64_t)flags[0] | (uint64_t)flags[1] << 8;
        put_u16(flags, g->auth.tls[SIDE_SERVER] ? low | CAP_SSL : low & ~CAP_SSL);
}

/** The login goes to the server; what follows is the exchange. */
static enum gate_step send_login(struct gate *g)
{
        if (gate_queue_put(&g->queue, SIDE_SERVER, secure_buffer_span(&g->login)) != GATE_GO) {
                return GATE_NOMEM;
        }
        secure_buffer_fini(&g->login);
        g->login_sent = true;
        enter(g, gate_auth_translates(&g->auth) ? GATE_AUTH : GATE_OPEN);
        return GATE_GO;
}

/** The login is complete. Where TLS with the server is wanted, it comes before the login. */
static enum gate_step deliver(struct gate *g)
{
        mark_tls(g);
        if (!g->auth.tls[SIDE_SERVER]) {
                return send_login(g);
        }
        enter(g, GATE_SECURING);
        struct span request = span_head(secure_buffer_span(&g->login), SSL_REQUEST_LENGTH);
        enum gate_step step = gate_queue_put(&g->queue, SIDE_SERVER, request);
        return step == GATE_GO ? GATE_SERVER_TLS : step;
}

/** Send the login with @p answer in place of its own, or unchanged if @p answer is empty. */
static enum gate_step deliver_with(struct gate *g, struct span answer)
{
        struct login login;
        struct span payload = secure_buffer_span(&g->login);
        if (answer.len == 0 || !login_parse(payload, &login)) {
                return deliver(g);
        }
        size_t size = payload.len + answer.len + 8;
        uint8_t *room = prof_alloc(STAGE_FRAME, size);
        if (room == NULL) {
                return GATE_NOMEM;
        }
        struct writer w = writer_over(room, size);
        login_with_auth(payload, &login, answer, &w);
        secure_buffer_clear(&g->login);
        bool held = secure_buffer_add(&g->login, writer_span(&w));
        explicit_bzero(room, size);
        prof_free(room);
        return held ? deliver(g) : GATE_NOMEM;
}

static enum gate_step on_ssl_request(struct gate *g)
{
        bool offered = ((g->offer.offered & ~g->offer.removed) | g->offer.added) & CAP_SSL;
        if (g->policy->client == GATE_CLIENT_PASSTHROUGH && offered) {
                return relay(g, "the session is encrypted: tls.client is passthrough");
        }
        if (!offered || g->auth.tls[SIDE_CLIENT]) {
                return gate_queue_refuse(
                    &g->queue, ERROR_HANDSHAKE, "08S01",
                    "the client asked for TLS, which was not offered; connect without it "
                    "(--skip-ssl, --ssl-mode=DISABLED) or see tls.client");
        }
        g->auth.tls[SIDE_CLIENT] = true;
        return GATE_CLIENT_TLS;
}

static bool wants_server_tls(const struct gate *g)
{
        switch (g->policy->server) {
        case GATE_SERVER_PREFERRED: return (g->offer.offered & CAP_SSL) != 0;
        case GATE_SERVER_REQUIRED: return true;
        case GATE_SERVER_AS_CLIENT: return g->auth.tls[SIDE_CLIENT];
        case GATE_SERVER_DISABLED: break;
        }
        return false;
}

static enum gate_step on_login(struct gate *g, struct span payload)
{
        struct login login;
        struct span answer;
        if (!login_parse(payload, &login)) {
                return relay(g, "the client's first packet is not a login of protocol 4.1");
        }
        if (login.ssl_request) {
                return on_ssl_request(g);
        }
        if (g->policy->client == GATE_CLIENT_REQUIRED && !g->auth.tls[SIDE_CLIENT] &&
            !g->policy->client_local) {
                return gate_queue_refuse(
                    &g->queue, ERROR_INSECURE, "HY000",
                    "connections without TLS are prohibited here (tls.client = required)");
        }
        g->agreed = login.capabilities & g->offer.offered;
        g->auth.multi_factor = (g->agreed & CAP_MULTI_FACTOR) != 0;
        g->auth.tls[SIDE_SERVER] = wants_server_tls(g) && g->policy->client != GATE_CLIENT_PASSTHROUGH;
        if (login.auth_plugin.len > 0) {
                gate_auth_plugin(&g->auth, login.auth_plugin, (struct span){NULL, 0});
        }
        if (!secure_buffer_add(&g->login, payload)) {
                return GATE_NOMEM;
        }
        enum gate_step step = gate_auth_login(&g->auth, &login, &answer);
        if (step == GATE_GO && g->auth.exchange == EXCHANGE_SEALED) {
                enter(g, GATE_LOGIN_KEY);
                return GATE_GO;
        }
        return step != GATE_GO ? step : deliver_with(g, answer);
}

static enum gate_step on_login_key(struct gate *g, struct span payload)
{
        struct span answer;
        enum gate_step step = gate_auth_login_key(&g->auth, payload, &answer);
        return step != GATE_GO ? step : deliver_with(g, answer);
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

/** Are bytes from @p from held in this state? Those of the other side pass, such as an ERR packet while the login is awaited. */
static bool holds(const struct gate *g, enum side from)
{
        switch (g->state) {
        case GATE_GREETING: return from == SIDE_SERVER;
        case GATE_LOGIN:
        case GATE_LOGIN_KEY:
        case GATE_SECURING: return from == SIDE_CLIENT;
        case GATE_AUTH:
        case GATE_COMMAND: return true;
        case GATE_OPEN:
        case GATE_RELAYING: break;
        }
        return false;
}

/** @return a reason why these bytes can't be the packet that this state awaits, or NULL. */
static const char *reject_header(const struct gate *g, struct span held, size_t length)
{
        uint8_t seq = held.data[3];
        size_t max = g->state == GATE_GREETING ? GREETING_MAX : LOGIN_MAX;
        bool right_seq = true;
        if (g->state == GATE_GREETING) {
                /* proxies in front of a server number an ERR packet as a reply; its first byte tells */
                right_seq = seq == 0 || held.len == FRAME_HEADER_SIZE || held.data[FRAME_HEADER_SIZE] == 0xff;
        } else if (g->state == GATE_LOGIN) {
                right_seq = seq == (g->auth.tls[SIDE_CLIENT] ? 2 : 1);
        }
        if (right_seq && length <= max && (length > 0 || g->state == GATE_AUTH)) {
                return NULL;
        }
        return g->state == GATE_GREETING ? "the server does not speak the MySQL protocol"
               : g->state == GATE_LOGIN  ? "the client does not speak the MySQL protocol"
                                         : "a packet that is not valid during authentication";
}

static enum gate_step on_auth_packet(struct gate *g, enum side from, struct span payload)
{
        enum gate_step step = gate_auth_packet(&g->auth, from, payload);
        if (g->auth.exchange == EXCHANGE_OVER) {
                enter(g, GATE_OPEN);
        }
        return step;
}

static enum gate_step on_packet(struct gate *g, enum side from, struct span payload)
{
        switch (g->state) {
        case GATE_GREETING: return on_greeting(g, payload);
        case GATE_LOGIN: return on_login(g, payload);
        case GATE_LOGIN_KEY: return on_login_key(g, payload);
        case GATE_AUTH:
        case GATE_COMMAND:
        case GATE_SECURING: /* packets are not looked at in this state and in those below */
        case GATE_OPEN:
        case GATE_RELAYING: break;
        }
        return on_auth_packet(g, from, payload);
}

/** A COM_CHANGE_USER was expected. Is this packet something else? */
static bool is_other_command(const struct gate *g, struct span held, size_t length)
{
        return g->state == GATE_COMMAND &&
               (held.data[3] != 0 || length == 0 ||
                (held.len > FRAME_HEADER_SIZE && held.data[FRAME_HEADER_SIZE] != CHANGE_USER));
}

/** Handle the packets that are complete. */
static enum gate_step take(struct gate *g, enum side from)
{
        enum gate_step step = GATE_GO;
        while (step == GATE_GO && holds(g, from) && g->state != GATE_SECURING) {
                struct span held = secure_buffer_span(&g->in[from]);
                if (held.len < FRAME_HEADER_SIZE) {
                        break;
                }
                size_t length = frame_length(frame_header(held.data));
                if (is_other_command(g, held, length)) {
                        return relay(g, NULL);
                }
                if (g->state == GATE_AUTH && from == SIDE_CLIENT && held.data[3] == 0) {
                        break; /* a command sent before the login is over: the gate waits until it is */
                }
                const char *why_not = reject_header(g, held, length);
                if (why_not != NULL) {
                        return relay(g, why_not);
                }
                if (held.len - FRAME_HEADER_SIZE < length) {
                        break;
                }
                if (g->state == GATE_COMMAND) {
                        enter(g, GATE_AUTH);
                }
                g->queue.seq[from] = held.data[3];
                step = on_packet(g, from, span_of(held.data + FRAME_HEADER_SIZE, length));
                if (g->state != GATE_RELAYING) {
                        secure_buffer_skip(&g->in[from], FRAME_HEADER_SIZE + length);
                }
        }
        return step;
}

/** Hand out what is queued, followed by what is left of a side that is no longer held. */
static enum gate_step finish(struct gate *g, enum gate_step step, struct gate_out *out)
{
        for (enum side from = SIDE_CLIENT; from <= SIDE_SERVER; from++) {
                enum side to = from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
                if (!holds(g, from)) {
                        if (!secure_buffer_add(&g->queue.out[to], secure_buffer_span(&g->in[from]))) {
                                return GATE_NOMEM;
                        }
                        secure_buffer_clear(&g->in[from]);
                }
        }
        out->to[SIDE_CLIENT] = secure_buffer_span(&g->queue.out[SIDE_CLIENT]);
        out->to[SIDE_SERVER] = secure_buffer_span(&g->queue.out[SIDE_SERVER]);
        if (step == GATE_CLIENT_TLS) {
                /* the session reads it while it feeds the gate with the same bytes, decrypted */
                g->rest = g->in[SIDE_CLIENT];
                g->in[SIDE_CLIENT] = (struct secure_buffer){NULL, 0, 0, 0};
                out->rest = secure_buffer_span(&g->rest);
        }
        return step;
}

enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct gate_out *out)
{
        *out = (struct gate_out){0};
        gate_queue_clear(&g->queue);
        if (!holds(g, from)) {
                out->to[from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT] = in;
                return GATE_GO;
        }
        if (!secure_buffer_add(&g->in[from], in)) {
                return GATE_NOMEM;
        }
        return finish(g, take(g, from), out);
}

enum gate_step gate_secured(struct gate *g, struct gate_out *out)
{
        *out = (struct gate_out){0};
        gate_queue_clear(&g->queue);
        enum gate_step step = send_login(g);
        if (step == GATE_GO && g->state == GATE_AUTH) {
                step = take(g, SIDE_CLIENT); /* from a client that did not wait for the server */
        }
        return finish(g, step, out);
}

void gate_sent(struct gate *g)
{
        gate_queue_clear(&g->queue);
}

bool gate_closes(struct gate *g, struct span in)
{
        bool compressed = (g->agreed & (CAP_COMPRESS | CAP_ZSTD)) != 0; /* packets can't be seen */
        if (!gate_is_open(g) || g->queue.reason != NULL || !gate_is_uneven(g) || compressed || in.len == 0 ||
            (in.len > FRAME_HEADER_SIZE && in.data[FRAME_HEADER_SIZE] != CHANGE_USER)) {
                return false;
        }
        enter(g, GATE_COMMAND);
        g->auth.exchange = EXCHANGE_NONE;
        g->queue.seq[SIDE_SERVER] = UINT8_MAX; /* that of the command will be 0 */
        return true;
}

enum gate_step gate_fail(struct gate *g, const char *reason, struct gate_out *out)
{
        gate_sent(g);
        *out = (struct gate_out){0};
        return finish(
            g,
            gate_queue_refuse(&g->queue, ERROR_UPSTREAM, g->state == GATE_GREETING ? NULL : "HY000", reason),
            out);
}

enum gate_step gate_spoil_login(struct gate *g, struct gate_out *out)
{
        gate_sent(g);
        *out = (struct gate_out){0};
        return finish(g, gate_queue_put(&g->queue, SIDE_SERVER, (struct span){NULL, 0}), out);
}

size_t gate_held(const struct gate *g)
{
        return secure_buffer_span(&g->in[SIDE_CLIENT]).len;
}

struct span gate_end(struct gate *g, enum side from)
{
        struct span held = holds(g, from) ? secure_buffer_span(&g->in[from]) : (struct span){NULL, 0};
        if (held.len > 0) {
                (void)relay(g, "the connection ended during the login");
        }
        return held;
}
