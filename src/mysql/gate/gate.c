#include "mysql/gate/gate.h"

#include "mysql/gate/gate_state.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"

/* Longer packets than any server or client sends here. */
enum { GREETING_MAX = 4096, LOGIN_MAX = 256 * 1024, CHANGE_USER = 0x11 };
enum { ERROR_HANDSHAKE = 1043, ERROR_UPSTREAM = 1429, ERROR_INSECURE = 3159 };

struct gate *gate_new(const struct gate_policy *policy)
{
        struct gate *g = prof_calloc(STAGE_FRAME, 1, sizeof *g);
        if (g != NULL) {
                g->policy = policy;
                g->seq[SIDE_CLIENT] = UINT8_MAX; /* the greeting's will be 0 */
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
                secure_buffer_fini(&g->out[side]);
        }
        secure_buffer_fini(&g->rest);
        secure_buffer_fini(&g->login);
        secure_buffer_fini(&g->password);
        prof_free(g);
}

bool gate_is_open(const struct gate *g)
{
        return g->state == GATE_OPEN;
}

bool gate_is_uneven(const struct gate *g)
{
        return g->state >= GATE_AUTH && g->login_sent && gate_auth_translates(g);
}

bool gate_login_sent(const struct gate *g)
{
        return g->login_sent;
}

const char *gate_reason(const struct gate *g)
{
        return g->reason;
}

bool gate_mediated(const struct gate *g)
{
        return g->mediated;
}

struct gate_offer gate_offer(const struct gate *g)
{
        return g->offer;
}

/* --- what goes out -------------------------------------------------------------------------------------------------- */

enum gate_step gate_put(struct gate *g, enum side to, struct span payload)
{
        uint8_t header[FRAME_HEADER_SIZE];
        struct writer w = writer_over(header, sizeof header);
        writer_uint(&w, payload.len, 3);
        writer_uint(&w, ++g->seq[to], 1);
        bool held =
            secure_buffer_add(&g->out[to], writer_span(&w)) && secure_buffer_add(&g->out[to], payload);
        return held ? GATE_GO : GATE_NOMEM;
}

enum gate_step gate_refuse(struct gate *g, uint16_t errnum, const char *sqlstate, const char *reason)
{
        uint8_t room[GATE_ERROR_ROOM];
        struct writer w = writer_over(room, sizeof room);
        char text[512];
        struct writer t = writer_over(text, sizeof text - 1);
        writer_format(&t, "querytap: %s", reason);
        text[t.at] = '\0';
        gate_error_packet(&w, ++g->seq[SIDE_CLIENT], errnum, sqlstate, text);
        g->reason = reason;
        return secure_buffer_add(&g->out[SIDE_CLIENT], writer_span(&w)) ? GATE_REFUSE : GATE_NOMEM;
}

/** From here on all passes. The packet under way is handled. */
static enum gate_step open_gate(struct gate *g)
{
        g->state = GATE_OPEN;
        return GATE_GO;
}

/** The packet under way is not for the gate to understand: it goes out as it came, with all that follows. */
static enum gate_step let_go(struct gate *g, const char *reason)
{
        g->untouched = true;
        g->reason = reason;
        return open_gate(g);
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
                /* an ERR instead of a greeting is an ordinary refusal; anything else is not ours to understand */
                return let_go(g, payload.data[0] == 0xff
                                     ? NULL
                                     : "the server's first packet is not a greeting of protocol version 10");
        }
        bool server_offers = (greeting.capabilities & CAP_SSL) != 0;
        bool offered = offers_tls(g, server_offers);
        g->offer.offered = greeting.capabilities;
        if (!server_offers && g->policy->server == GATE_SERVER_REQUIRED) {
                return gate_refuse(g, ERROR_UPSTREAM, NULL,
                                   "tls.server requires TLS, but the server does not offer it");
        }
        if (!offered && g->policy->client == GATE_CLIENT_REQUIRED) {
                return gate_refuse(g, ERROR_UPSTREAM, NULL,
                                   "tls.client is required and tls.server is as_client, but the server does "
                                   "not offer TLS");
        }
        g->offer.removed = server_offers && !offered ? CAP_SSL : 0;
        g->offer.added = offered && !server_offers ? CAP_SSL : 0;
        g->state = GATE_LOGIN;
        gate_auth_plugin(g, greeting.auth_plugin, (struct span){NULL, 0});
        struct writer w = writer_over(g->scramble, sizeof g->scramble);
        writer_put(&w, greeting.scramble[0]);
        writer_put(&w, span_head(greeting.scramble[1], sizeof g->scramble - w.at));
        if (gate_put(g, SIDE_CLIENT, payload) != GATE_GO) {
                return GATE_NOMEM;
        }
        uint8_t *copy = g->out[SIDE_CLIENT].data + g->out[SIDE_CLIENT].len - payload.len;
        put_u16(copy + greeting.low_at, (greeting.capabilities & ~g->offer.removed) | g->offer.added);
        return GATE_GO;
}

/* --- the login ------------------------------------------------------------------------------------------------------- */

/** Tell the server in the login's first bytes whether TLS is used on its side. */
static void mark_tls(struct gate *g)
{
        uint8_t *flags = g->login.data + g->login.from;
        uint64_t low = (uint64_t)flags[0] | (uint64_t)flags[1] << 8;
        put_u16(flags, g->server_tls ? low | CAP_SSL : low & ~CAP_SSL);
}

/** The login goes to the server; what follows is the exchange. */
static enum gate_step send_login(struct gate *g)
{
        if (gate_put(g, SIDE_SERVER, secure_buffer_span(&g->login)) != GATE_GO) {
                return GATE_NOMEM;
        }
        secure_buffer_fini(&g->login);
        g->login_sent = true;
        g->state = GATE_AUTH;
        return gate_auth_translates(g) ? GATE_GO : open_gate(g);
}

/** The login is complete: TLS with the server first, where it is wanted. */
static enum gate_step deliver(struct gate *g)
{
        mark_tls(g);
        if (!g->server_tls) {
                return send_login(g);
        }
        g->state = GATE_SECURING;
        struct span request = span_head(secure_buffer_span(&g->login), SSL_REQUEST_LENGTH);
        enum gate_step step = gate_put(g, SIDE_SERVER, request);
        return step == GATE_GO ? GATE_SERVER_TLS : step;
}

/** Put @p answer (of no bytes: its own) into the held login. */
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
                return let_go(g, "the session is encrypted: tls.client is passthrough");
        }
        if (!offered || g->client_tls) {
                return gate_refuse(g, ERROR_HANDSHAKE, "08S01",
                                   "the client asked for TLS, which was not offered; connect without it "
                                   "(--skip-ssl, --ssl-mode=DISABLED) or see tls.client");
        }
        g->client_tls = true;
        return GATE_CLIENT_TLS;
}

static bool wants_server_tls(const struct gate *g)
{
        switch (g->policy->server) {
        case GATE_SERVER_PREFERRED: return (g->offer.offered & CAP_SSL) != 0;
        case GATE_SERVER_REQUIRED: return true;
        case GATE_SERVER_AS_CLIENT: return g->client_tls;
        case GATE_SERVER_DISABLED: break;
        }
        return false;
}

static enum gate_step on_login(struct gate *g, struct span payload)
{
        struct login login;
        struct span answer;
        if (!login_parse(payload, &login)) {
                return let_go(g, "the client's first packet is not a login of protocol 4.1");
        }
        if (login.ssl_request) {
                return on_ssl_request(g);
        }
        if (g->policy->client == GATE_CLIENT_REQUIRED && !g->client_tls && !g->policy->client_local) {
                return gate_refuse(g, ERROR_INSECURE, "HY000",
                                   "connections without TLS are prohibited here (tls.client = required)");
        }
        g->agreed = login.capabilities & g->offer.offered;
        g->server_tls = wants_server_tls(g) && g->policy->client != GATE_CLIENT_PASSTHROUGH;
        if (login.auth_plugin.len > 0) {
                gate_auth_plugin(g, login.auth_plugin, (struct span){NULL, 0});
        }
        if (!secure_buffer_add(&g->login, payload)) {
                return GATE_NOMEM;
        }
        enum gate_step step = gate_auth_login(g, &login, &answer);
        return step != GATE_GO || g->state == GATE_LOGIN_KEY ? step : deliver_with(g, answer);
}

static enum gate_step on_login_key(struct gate *g, struct span payload)
{
        struct span answer;
        enum gate_step step = gate_auth_login_key(g, payload, &answer);
        return step != GATE_GO ? step : deliver_with(g, answer);
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

/** Is @p from held in this state? The other side's bytes pass: an ERR while the login is awaited, say. */
static bool holds(const struct gate *g, enum side from)
{
        switch (g->state) {
        case GATE_GREETING: return from == SIDE_SERVER;
        case GATE_LOGIN:
        case GATE_LOGIN_KEY:
        case GATE_SECURING: return from == SIDE_CLIENT;
        case GATE_AUTH: return true;
        case GATE_OPEN: break;
        }
        return false;
}

/** @return a reason why these bytes can't be the packet that this state awaits, or NULL. */
static const char *reject_header(const struct gate *g, uint8_t seq, size_t length)
{
        size_t max = g->state == GATE_GREETING ? GREETING_MAX : LOGIN_MAX;
        bool right_seq = true;
        if (g->state == GATE_GREETING) {
                right_seq = seq == 0;
        } else if (g->state == GATE_LOGIN) {
                right_seq = seq == (g->client_tls ? 2 : 1);
        }
        if (right_seq && length <= max && (length > 0 || g->state == GATE_AUTH)) {
                return NULL;
        }
        return g->state == GATE_GREETING ? "the server does not speak the MySQL protocol"
               : g->state == GATE_LOGIN  ? "the client does not speak the MySQL protocol"
                                         : "a packet that is not valid during authentication";
}

static enum gate_step on_packet(struct gate *g, enum side from, struct span payload)
{
        switch (g->state) {
        case GATE_GREETING: return on_greeting(g, payload);
        case GATE_LOGIN: return on_login(g, payload);
        case GATE_LOGIN_KEY: return on_login_key(g, payload);
        case GATE_AUTH:
        case GATE_SECURING: /* takes none */
        case GATE_OPEN: break;
        }
        return gate_auth_packet(g, from, payload);
}

/** A COM_CHANGE_USER was expected: is it none after all? */
static bool is_other_command(const struct gate *g, struct span held, size_t length)
{
        return g->watching && (held.data[3] != 0 || length == 0 ||
                               (held.len > FRAME_HEADER_SIZE && held.data[FRAME_HEADER_SIZE] != CHANGE_USER));
}

/** Handle the packets that are whole. */
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
                        return let_go(g, NULL);
                }
                if (g->state == GATE_AUTH && from == SIDE_CLIENT && held.data[3] == 0 && !g->watching) {
                        break; /* a command that does not wait for the login's end; the gate does */
                }
                const char *why_not = reject_header(g, held.data[3], length);
                if (why_not != NULL) {
                        return let_go(g, why_not);
                }
                if (held.len - FRAME_HEADER_SIZE < length) {
                        break;
                }
                g->watching = false;
                g->seq[from] = held.data[3];
                step = on_packet(g, from, span_of(held.data + FRAME_HEADER_SIZE, length));
                if (!g->untouched) {
                        secure_buffer_skip(&g->in[from], FRAME_HEADER_SIZE + length);
                }
        }
        return step;
}

/** What is queued, and behind it what is held of a side that is not held any more. */
static enum gate_step finish(struct gate *g, enum gate_step step, struct gate_out *out)
{
        for (enum side from = SIDE_CLIENT; from <= SIDE_SERVER; from++) {
                enum side to = from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
                if (!holds(g, from)) {
                        if (!secure_buffer_add(&g->out[to], secure_buffer_span(&g->in[from]))) {
                                return GATE_NOMEM;
                        }
                        secure_buffer_clear(&g->in[from]);
                }
        }
        out->to[SIDE_CLIENT] = secure_buffer_span(&g->out[SIDE_CLIENT]);
        out->to[SIDE_SERVER] = secure_buffer_span(&g->out[SIDE_SERVER]);
        if (step == GATE_CLIENT_TLS) {
                g->rest =
                    g->in[SIDE_CLIENT]; /* it is read while the gate is fed with what it holds, decrypted */
                g->in[SIDE_CLIENT] = (struct secure_buffer){NULL, 0, 0, 0};
                out->rest = secure_buffer_span(&g->rest);
        }
        return step;
}

enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct gate_out *out)
{
        *out = (struct gate_out){0};
        secure_buffer_clear(&g->out[SIDE_CLIENT]);
        secure_buffer_clear(&g->out[SIDE_SERVER]);
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
        secure_buffer_clear(&g->out[SIDE_CLIENT]);
        secure_buffer_clear(&g->out[SIDE_SERVER]);
        enum gate_step step = send_login(g);
        if (step == GATE_GO && g->state == GATE_AUTH) {
                step = take(g, SIDE_CLIENT); /* a client that did not wait */
        }
        return finish(g, step, out);
}

void gate_sent(struct gate *g)
{
        secure_buffer_clear(&g->out[SIDE_CLIENT]);
        secure_buffer_clear(&g->out[SIDE_SERVER]);
}

bool gate_closes(struct gate *g, struct span in)
{
        bool compressed = (g->agreed & (CAP_COMPRESS | CAP_ZSTD)) != 0; /* no packets to look at */
        if (g->state != GATE_OPEN || g->reason != NULL || !gate_is_uneven(g) || compressed || in.len == 0 ||
            (in.len > FRAME_HEADER_SIZE && in.data[FRAME_HEADER_SIZE] != CHANGE_USER)) {
                return false;
        }
        g->state = GATE_AUTH;
        g->watching = true;
        g->untouched = false;
        g->exchange = EXCHANGE_NONE;
        g->seq[SIDE_SERVER] = UINT8_MAX; /* the command's will be 0 */
        return true;
}

enum gate_step gate_fail(struct gate *g, const char *reason, struct gate_out *out)
{
        gate_sent(g);
        *out = (struct gate_out){0};
        return finish(g, gate_refuse(g, ERROR_UPSTREAM, g->state == GATE_GREETING ? NULL : "HY000", reason),
                      out);
}

size_t gate_held(const struct gate *g)
{
        return secure_buffer_span(&g->in[SIDE_CLIENT]).len;
}

struct span gate_end(struct gate *g, enum side from)
{
        struct span held = holds(g, from) ? secure_buffer_span(&g->in[from]) : (struct span){NULL, 0};
        if (held.len > 0) {
                (void)let_go(g, "the connection ended during the login");
        }
        return held;
}

void gate_error_packet(struct writer *w, uint8_t seq, uint16_t errnum, const char *sqlstate, const char *text)
{
        struct span message = span_head(span_str(text), 512);
        size_t length = 1 + 2 + (sqlstate != NULL ? 6U : 0U) + message.len;
        writer_uint(w, length, 3);
        writer_uint(w, seq, 1);
        writer_uint(w, 0xff, 1);
        writer_uint(w, errnum, 2);
        if (sqlstate != NULL) {
                writer_char(w, '#');
                writer_bytes(w, sqlstate, 5);
        }
        writer_put(w, message);
}
