#include "mysql/gate.h"

#include "mysql/capability.h"
#include "mysql/frame.h"
#include "mysql/handshake.h"
#include "profile/prof.h"

enum gate_state { GATE_GREETING, GATE_LOGIN, GATE_OPEN };

/* Longer packets than any server or client sends here. */
enum { GREETING_MAX = 4096, LOGIN_MAX = 256 * 1024, LOGIN_SEQ = 1, ERROR_SEQ = 2 };

/* What this proxy can't serve: the bytes behind these would be no packets to it. */
static const struct masked {
        uint64_t bit;
        const char *name;
} masked[] = {{CAP_SSL, "SSL"}, {CAP_COMPRESS, "COMPRESS"}, {CAP_ZSTD, "ZSTD_COMPRESSION"}};
#define MASKED_COUNT (sizeof masked / sizeof masked[0])

struct gate {
        enum gate_state state;
        uint64_t greeting_capabilities; /* of the server, before masking */
        const char *reason;
        char names[48];
        uint8_t *held; /* the packet under way, header included */
        size_t held_len;
        size_t held_size;
        uint8_t error[600];
};

struct gate *gate_new(void)
{
        return prof_calloc(STAGE_FRAME, 1, sizeof(struct gate));
}

void gate_free(struct gate *g)
{
        if (g != NULL) {
                prof_free(g->held);
                prof_free(g);
        }
}

bool gate_is_open(const struct gate *g)
{
        return g->state == GATE_OPEN;
}

const char *gate_reason(const struct gate *g)
{
        return g->reason;
}

const char *gate_masked(const struct gate *g)
{
        return g->names;
}

static bool hold(struct gate *g, struct span in)
{
        size_t need = g->held_len + in.len;
        if (need > g->held_size) {
                size_t size = need < 512 ? 512 : need * 2;
                uint8_t *bigger = prof_realloc(STAGE_FRAME, g->held, size);
                if (bigger == NULL) {
                        return false;
                }
                g->held = bigger;
                g->held_size = size;
        }
        memcpy(g->held + g->held_len, in.data, in.len);
        g->held_len = need;
        return true;
}

/** Let go: everything held goes out as it came, and all that follows too. */
static struct span open_gate(struct gate *g, const char *reason)
{
        struct span out = span_of(g->held, g->held_len);
        g->state = GATE_OPEN;
        g->reason = reason;
        g->held_len = 0;
        return out;
}

static uint64_t masked_bits(void)
{
        uint64_t bits = 0;
        for (size_t i = 0; i < MASKED_COUNT; i++) {
                bits |= masked[i].bit;
        }
        return bits;
}

static void remember_names(struct gate *g, uint64_t capabilities)
{
        struct writer w = writer_over(g->names, sizeof g->names - 1);
        for (size_t i = 0; i < MASKED_COUNT; i++) {
                if ((capabilities & masked[i].bit) != 0) {
                        writer_format(&w, "%s%s", w.at > 0 ? ", " : "", masked[i].name);
                }
        }
        g->names[w.at] = '\0';
}

static void put_u16(uint8_t *to, uint64_t value)
{
        to[0] = (uint8_t)value;
        to[1] = (uint8_t)(value >> 8);
}

static void pass_greeting(struct gate *g, struct span payload)
{
        struct greeting greeting;
        if (!greeting_parse(payload, &greeting)) {
                /* an ERR instead of a greeting is an ordinary refusal; anything else is not ours to understand */
                (void)open_gate(g, payload.len > 0 && payload.data[0] == 0xff
                                       ? NULL
                                       : "the server's first packet is no greeting of protocol version 10");
                return;
        }
        g->greeting_capabilities = greeting.capabilities;
        uint64_t capabilities = greeting.capabilities & ~masked_bits();
        put_u16(g->held + FRAME_HEADER_SIZE + greeting.low_at, capabilities);
        if (greeting.high_at > 0) {
                put_u16(g->held + FRAME_HEADER_SIZE + greeting.high_at, capabilities >> 16);
        }
        remember_names(g, greeting.capabilities & masked_bits());
        g->state = GATE_LOGIN;
}

static enum gate_step refuse_tls(struct gate *g, struct span *out)
{
        struct writer w = writer_over(g->error, sizeof g->error);
        gate_error_packet(&w, ERROR_SEQ, 1043, "08S01",
                          "querytap: TLS is not available on this port; connect without it "
                          "(--skip-ssl, --ssl-mode=DISABLED)");
        g->reason = "the client asked for TLS, which this proxy does not offer";
        *out = writer_span(&w);
        return GATE_REFUSE;
}

static enum gate_step pass_login(struct gate *g, struct span payload, struct span *out)
{
        struct login login;
        if (!login_parse(payload, &login)) {
                *out = open_gate(g, "the client's first packet is no login of protocol 4.1");
                return GATE_SEND;
        }
        if (login.ssl_request) {
                return refuse_tls(g, out);
        }
        uint64_t asked = login.capabilities & masked_bits();
        if (asked != 0) {
                uint64_t capabilities = login.capabilities & ~masked_bits();
                put_u16(g->held + FRAME_HEADER_SIZE, capabilities);
                put_u16(g->held + FRAME_HEADER_SIZE + 2, capabilities >> 16);
                remember_names(g, asked | (g->greeting_capabilities & masked_bits()));
        }
        if (login.zstd_at > 0) {
                /* the level is there only with the flag that is gone now */
                size_t at = FRAME_HEADER_SIZE + login.zstd_at;
                size_t length = payload.len - 1;
                memmove(g->held + at, g->held + at + 1, g->held_len - at - 1);
                g->held_len--;
                put_u16(g->held, length);
                g->held[2] = (uint8_t)(length >> 16);
        }
        *out = open_gate(g, NULL);
        return GATE_SEND;
}

/** @return a reason why the held bytes can't be the packet that this state awaits, or NULL. */
static const char *reject_header(const struct gate *g, size_t length)
{
        bool greeting = g->state == GATE_GREETING;
        if (g->held[3] != (greeting ? 0 : LOGIN_SEQ) || length == 0 ||
            length > (greeting ? GREETING_MAX : LOGIN_MAX)) {
                return greeting ? "the server does not speak the MySQL protocol"
                                : "the client does not speak the MySQL protocol";
        }
        return NULL;
}

static enum gate_step take(struct gate *g, struct span in, struct span *out)
{
        if (!hold(g, in)) {
                return GATE_NOMEM;
        }
        if (g->held_len < FRAME_HEADER_SIZE) {
                return GATE_SEND;
        }
        size_t length = (size_t)g->held[0] | (size_t)g->held[1] << 8 | (size_t)g->held[2] << 16;
        const char *why_not = reject_header(g, length);
        if (why_not != NULL) {
                *out = open_gate(g, why_not);
                return GATE_SEND;
        }
        if (g->held_len - FRAME_HEADER_SIZE < length) {
                return GATE_SEND;
        }
        struct span payload = span_of(g->held + FRAME_HEADER_SIZE, length);
        if (g->state == GATE_LOGIN) {
                return pass_login(g, payload, out);
        }
        size_t all = g->held_len;
        pass_greeting(g, payload);
        *out = span_of(g->held, all);
        g->held_len = 0;
        return GATE_SEND;
}

enum gate_step gate_feed(struct gate *g, enum side from, struct span in, struct span *out)
{
        enum side awaited = g->state == GATE_GREETING ? SIDE_SERVER : SIDE_CLIENT;
        *out = (struct span){NULL, 0};
        if (g->state == GATE_OPEN || from != awaited) {
                *out = in; /* out of turn, such as an ERR while the login is awaited: not ours to hold */
                return GATE_SEND;
        }
        return in.len > 0 ? take(g, in, out) : GATE_SEND;
}

struct span gate_end(struct gate *g, enum side from)
{
        enum side awaited = g->state == GATE_GREETING ? SIDE_SERVER : SIDE_CLIENT;
        return from == awaited ? open_gate(g, "the connection ended within the login")
                               : (struct span){NULL, 0};
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
