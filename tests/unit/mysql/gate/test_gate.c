/* The gate: masks, TLS on either side, logins between a secure and another transport. */
#include "mysql/gate/gate.h"
#include "mysql/gate/secure_buffer.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/reply.h"
#include "packets.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#define TEXT(literal) span_of((literal), sizeof(literal) - 1)

/* --- a cryptography that can be seen through: [key's first letter][secret] -------------------------------------------- */

static bool seal(void *arg, struct span pem, struct span secret, struct writer *out)
{
        (void)arg;
        writer_put(out, span_head(pem, 1));
        writer_put(out, secret);
        return pem.len > 0 && pem.data[0] != '!';
}

static bool unseal(void *arg, struct span sealed, struct writer *out)
{
        (void)arg;
        writer_put(out, span_skip(sealed, 1));
        return sealed.len > 0 && sealed.data[0] == 'K';
}

static struct span public_key(void *arg)
{
        return span_str(arg);
}

static char own_key[] = "KEY";

static struct gate_policy policy_of(enum gate_client_tls client, enum gate_server_tls server)
{
        return (struct gate_policy){client, server, false, false, seal, unseal, public_key, own_key};
}

/* --- a session under way ------------------------------------------------------------------------------------------------ */

enum { ROOM = 2048 };

static const char scramble[] = "abcdefghijklmnopqrst"; /* of 20 bytes, as the greeting below has it */

struct bench {
        struct gate_policy policy;
        struct gate *gate;
        struct gate_out out;
        uint8_t room[ROOM];
        size_t split; /* feed at most so many bytes at once, 0 = all */
        uint8_t seen[2][ROOM];
        size_t seen_len[2];
};

static void note(struct bench *b)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                struct span s = b->out.to[side];
                if (s.len > 0 && b->seen_len[side] + s.len <= ROOM) {
                        memcpy(b->seen[side] + b->seen_len[side], s.data, s.len);
                        b->seen_len[side] += s.len;
                }
        }
}

/** What went to @p side since the last look. */
static struct span seen(struct bench *b, enum side side)
{
        struct span s = span_of(b->seen[side], b->seen_len[side]);
        b->seen_len[side] = 0;
        return s;
}

static enum gate_step feed(struct bench *b, enum side from, struct span bytes)
{
        enum gate_step step = GATE_GO;
        while (bytes.len > 0 && step == GATE_GO) {
                size_t n = b->split > 0 && b->split < bytes.len ? b->split : bytes.len;
                step = gate_feed(b->gate, from, span_head(bytes, n), &b->out);
                note(b);
                bytes = span_skip(bytes, n);
        }
        return step;
}

static enum gate_step say(struct bench *b, enum side from, uint8_t seq, struct span payload)
{
        return feed(b, from, packets_one(b->room, sizeof b->room, seq, payload));
}

static struct span greeting_payload(uint8_t *room, uint64_t capabilities, const char *plugin)
{
        struct writer w = writer_over(room, 512);
        writer_bytes(&w,
                     "\x0a"
                     "8.0\0\7\0\0\0abcdefgh\0",
                     18);
        writer_uint(&w, capabilities, 2);
        writer_bytes(&w, "\xff\2\0", 3);
        writer_uint(&w, capabilities >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0", 24);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        return writer_span(&w);
}

#define CAPS                                                                                                 \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB | CAP_PLUGIN_AUTH |       \
         CAP_CONNECT_ATTRS | CAP_AUTH_LENENC)

static struct span login_payload(uint8_t *room, uint64_t capabilities, const char *plugin, struct span auth)
{
        struct writer w = writer_over(room, ROOM);
        writer_uint(&w, capabilities, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        for (int i = 0; i < 23; i++) {
                writer_uint(&w, 0, 1);
        }
        writer_bytes(&w, "bob", 4);
        if ((capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) != 0) {
                writer_uint(&w, auth.len, 1);
        }
        writer_put(&w, auth);
        if ((capabilities & (CAP_AUTH_LENENC | CAP_SECURE_CONNECTION)) == 0) {
                writer_char(&w, '\0');
        }
        writer_bytes(&w, "shop", 5);
        writer_text(&w, plugin);
        writer_bytes(&w, "\0\6\1a\3xyz", 8);
        return writer_span(&w);
}

static enum gate_step begin(struct bench *b, struct gate_policy policy, uint64_t offered, const char *plugin)
{
        uint8_t room[512];
        memset(b, 0, offsetof(struct bench, split)); /* the split stays */
        b->seen_len[SIDE_CLIENT] = 0;
        b->seen_len[SIDE_SERVER] = 0;
        b->policy = policy;
        b->gate = gate_new(&b->policy);
        return say(b, SIDE_SERVER, 0, greeting_payload(room, offered, plugin));
}

static void end(struct bench *b)
{
        gate_free(b->gate);
        b->gate = NULL;
}

static enum gate_step send_login(struct bench *b, uint8_t seq, uint64_t caps, const char *plugin,
                                 struct span auth)
{
        uint8_t room[ROOM];
        return say(b, SIDE_CLIENT, seq, login_payload(room, caps, plugin, auth));
}

static enum gate_step ssl_request(struct bench *b)
{
        uint8_t room[ROOM];
        return say(b, SIDE_CLIENT, 1, span_head(login_payload(room, CAPS | CAP_SSL, "p", TEXT("x")), 32));
}

static uint64_t offered_to_client(struct bench *b)
{
        struct greeting g;
        struct span s = seen(b, SIDE_CLIENT);
        return s.len > 4 && greeting_parse(span_skip(s, 4), &g) ? g.capabilities : 0;
}

/** The packet is there, with this sequence number and payload. */
static bool is(struct span s, uint8_t seq, struct span payload)
{
        uint8_t room[ROOM];
        return span_equal(s, packets_one(room, sizeof room, seq, payload));
}

static struct span masked(uint8_t *room, const char *password, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                room[i] = (uint8_t)(password[i] ^ scramble[i % 20]);
        }
        return span_of(room, len);
}

#define FOR_EACH_SPLIT(b) for ((b).split = 0; (b).split < 4; (b).split++)

/* --- greeting and login -------------------------------------------------------------------------------------------------- */

static void offers(void)
{
        static const struct {
                enum gate_client_tls client;
                enum gate_server_tls server;
                bool server_offers;
                bool offered;
                enum gate_step step;
        } cases[] = {
            {GATE_CLIENT_DISABLED, GATE_SERVER_AS_CLIENT, true, false, GATE_GO},
            {GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT, true, true, GATE_GO},
            {GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT, false, false, GATE_GO},
            {GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED, false, true, GATE_GO},
            {GATE_CLIENT_REQUIRED, GATE_SERVER_PREFERRED, false, true, GATE_GO},
            {GATE_CLIENT_PASSTHROUGH, GATE_SERVER_AS_CLIENT, true, true, GATE_GO},
            {GATE_CLIENT_PASSTHROUGH, GATE_SERVER_AS_CLIENT, false, false, GATE_GO},
            {GATE_CLIENT_REQUIRED, GATE_SERVER_AS_CLIENT, false, false, GATE_REFUSE},
            {GATE_CLIENT_DISABLED, GATE_SERVER_REQUIRED, false, false, GATE_REFUSE},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct bench b = {.split = 0};
                uint64_t caps = CAPS | CAP_COMPRESS | (cases[i].server_offers ? CAP_SSL : 0);
                struct err err;
                CU_ASSERT_EQUAL(begin(&b, policy_of(cases[i].client, cases[i].server), caps, "p"),
                                cases[i].step);
                if (cases[i].step == GATE_REFUSE) {
                        CU_ASSERT_TRUE(err_parse(span_skip(seen(&b, SIDE_CLIENT), 4), &err));
                        CU_ASSERT_EQUAL(err.errnum, 1429);
                        CU_ASSERT_EQUAL(err.sqlstate.len, 0);
                        CU_ASSERT_PTR_NOT_NULL(gate_reason(b.gate));
                } else {
                        uint64_t got = offered_to_client(&b);
                        struct gate_offer offer = gate_offer(b.gate);
                        CU_ASSERT_EQUAL((got & CAP_SSL) != 0, cases[i].offered);
                        CU_ASSERT_EQUAL(got | CAP_SSL, caps | CAP_SSL);
                        CU_ASSERT_EQUAL(offer.offered, caps);
                        CU_ASSERT_EQUAL((caps & ~offer.removed) | offer.added, got);
                }
                end(&b);
        }
}

static void passes_a_login(void)
{
        struct bench b;
        uint8_t room[ROOM];
        struct login login;
        FOR_EACH_SPLIT(b)
        {
                (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
                (void)seen(&b, SIDE_CLIENT);
                CU_ASSERT_FALSE(gate_login_sent(b.gate));
                CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "p", TEXT("answer")), GATE_GO);
                struct span got = seen(&b, SIDE_SERVER);
                CU_ASSERT_TRUE(is(got, 1, login_payload(room, CAPS, "p", TEXT("answer"))));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_login_sent(b.gate) && !gate_is_uneven(b.gate));
                CU_ASSERT_PTR_NULL(gate_reason(b.gate));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
                (void)feed(&b, SIDE_SERVER, TEXT("anything"));
                CU_ASSERT_TRUE(span_equal(seen(&b, SIDE_CLIENT), TEXT("anything")));
                end(&b);
        }
        /* a client that sets the flag and sends no SSLRequest: the server must not wait for TLS */
        b.split = 0;
        (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
        (void)send_login(&b, 1, CAPS | CAP_SSL, "p", TEXT("answer"));
        CU_ASSERT_TRUE(login_parse(span_skip(seen(&b, SIDE_SERVER), 4), &login) &&
                       login.capabilities == CAPS);
        end(&b);
}

static void refuses(void)
{
        struct bench b = {.split = 0};
        struct err err;
        (void)begin(&b, policy_of(GATE_CLIENT_REQUIRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
        (void)seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "p", TEXT("x")), GATE_REFUSE);
        struct span got = seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(got.data[3], 2);
        CU_ASSERT_TRUE(err_parse(span_skip(got, 4), &err) && err.errnum == 3159);
        end(&b);
        (void)begin(&b, policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
        (void)seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(ssl_request(&b), GATE_REFUSE);
        CU_ASSERT_TRUE(err_parse(span_skip(seen(&b, SIDE_CLIENT), 4), &err) && err.errnum == 1043);
        CU_ASSERT_TRUE(span_equal(err.sqlstate, span_str("08S01")));
        end(&b);
        (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(gate_fail(b.gate, "because", &b.out), GATE_REFUSE);
        CU_ASSERT_TRUE(err_parse(span_skip(b.out.to[SIDE_CLIENT], 4), &err) && err.errnum == 1429);
        CU_ASSERT_TRUE(span_equal(err.message, span_str("querytap: because")));
        end(&b);
        b.policy = policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT);
        b.gate = gate_new(&b.policy); /* before the greeting an ERR has no SQLSTATE, and number 0 */
        CU_ASSERT_EQUAL(gate_fail(b.gate, "because", &b.out), GATE_REFUSE);
        CU_ASSERT_EQUAL(b.out.to[SIDE_CLIENT].data[3], 0);
        CU_ASSERT_TRUE(err_parse(span_skip(b.out.to[SIDE_CLIENT], 4), &err) && err.sqlstate.len == 0);
        end(&b);
}

static void lets_go(void)
{
        static const struct span firsts[] = {
            {(const uint8_t *)"SSH-2.0-x\r\n", 11},          /* a length beyond any greeting */
            {(const uint8_t *)"\5\0\0\1\x0ahello", 10},      /* the wrong number */
            {(const uint8_t *)"\0\0\0\0\5\0\0\0\0abcd", 13}, /* nothing in it */
            {(const uint8_t *)"\5\0\0\0\x09hello", 10},      /* another version */
        };
        struct bench b;
        FOR_EACH_SPLIT(b)
        {
                for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
                        b.policy = policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT);
                        b.gate = gate_new(&b.policy);
                        b.seen_len[SIDE_CLIENT] = 0;
                        (void)feed(&b, SIDE_SERVER, firsts[i]);
                        CU_ASSERT_TRUE(span_equal(seen(&b, SIDE_CLIENT), firsts[i]));
                        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                        end(&b);
                }
                b.gate = gate_new(&b.policy);
                (void)feed(&b, SIDE_SERVER, TEXT("\3\0\0\0\xff\x10\4")); /* an ordinary refusal */
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) == NULL);
                CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 7);
                end(&b);
                (void)begin(&b, b.policy, CAPS, "p");
                (void)feed(&b, SIDE_CLIENT, TEXT("GET / HTTP/1.1\r\n"));
                CU_ASSERT_TRUE(span_equal(seen(&b, SIDE_SERVER), TEXT("GET / HTTP/1.1\r\n")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                end(&b);
                (void)begin(&b, b.policy, CAPS, "p"); /* a login as before 4.1 */
                (void)feed(&b, SIDE_CLIENT, TEXT("\7\0\0\1\5\0\0\0\0bo\5\0\0\0"));
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 15);
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                end(&b);
                (void)begin(&b, b.policy, CAPS, "p");
                (void)seen(&b, SIDE_CLIENT);
                (void)feed(&b, SIDE_SERVER,
                           TEXT("\3\0\0\1\xff\x10\4")); /* the server's turn was over: not held */
                CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 7);
                CU_ASSERT_FALSE(gate_is_open(b.gate));
                (void)feed(&b, SIDE_CLIENT, TEXT("\7\0\0\1\5"));
                CU_ASSERT_EQUAL(gate_held(b.gate), 5);
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_CLIENT).len, 5); /* the client ended: nothing is lost */
                CU_ASSERT_TRUE(gate_is_open(b.gate));
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_CLIENT).len, 0);
                end(&b);
        }
}

/* --- TLS ------------------------------------------------------------------------------------------------------------------ */

static void tls_on_both_sides(void)
{
        struct bench b;
        uint8_t room[ROOM];
        FOR_EACH_SPLIT(b)
        {
                (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
                (void)seen(&b, SIDE_CLIENT);
                CU_ASSERT_EQUAL(ssl_request(&b), GATE_CLIENT_TLS);
                CU_ASSERT_EQUAL(b.out.rest.len, 0);
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(send_login(&b, 2, CAPS | CAP_SSL, "p", TEXT("answer")), GATE_SERVER_TLS);
                struct span got = seen(&b, SIDE_SERVER);
                struct span whole = login_payload(room, CAPS | CAP_SSL, "p", TEXT("answer"));
                CU_ASSERT_TRUE(is(got, 1, span_head(whole, 32)));
                (void)feed(&b, SIDE_CLIENT, TEXT("\1\0\0\0\16")); /* it does not wait */
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(gate_secured(b.gate, &b.out), GATE_GO);
                note(&b);
                got = seen(&b, SIDE_SERVER);
                CU_ASSERT_TRUE(is(span_head(got, 4 + whole.len), 2, whole));
                CU_ASSERT_TRUE(span_equal(span_skip(got, 4 + whole.len), TEXT("\1\0\0\0\16")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate));
                end(&b);
        }
        /* what came behind the SSLRequest is TLS's; a second one is refused */
        uint8_t two[ROOM];
        struct writer w = writer_over(two, sizeof two);
        packets_add(&w, 1, span_head(login_payload(room, CAPS | CAP_SSL, "p", TEXT("x")), 32));
        writer_text(&w, "ClientHello");
        b.split = 0;
        (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT), CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(feed(&b, SIDE_CLIENT, writer_span(&w)), GATE_CLIENT_TLS);
        struct span rest = b.out.rest;
        CU_ASSERT_TRUE(span_equal(rest, TEXT("ClientHello")));
        struct span again = span_head(login_payload(room, CAPS | CAP_SSL, "p", TEXT("x")), 32);
        CU_ASSERT_EQUAL(say(&b, SIDE_CLIENT, 2, again), GATE_REFUSE);
        CU_ASSERT_TRUE(span_equal(rest, TEXT("ClientHello"))); /* still */
        end(&b);
}

static void passthrough(void)
{
        struct bench b;
        FOR_EACH_SPLIT(b)
        {
                (void)begin(&b, policy_of(GATE_CLIENT_PASSTHROUGH, GATE_SERVER_REQUIRED), CAPS | CAP_SSL,
                            "p");
                CU_ASSERT_EQUAL(ssl_request(&b), GATE_GO);
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL &&
                               !gate_is_uneven(b.gate));
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 36);
                end(&b);
                (void)begin(&b, policy_of(GATE_CLIENT_PASSTHROUGH, GATE_SERVER_REQUIRED), CAPS | CAP_SSL,
                            "p");
                CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "p", TEXT("x")),
                                GATE_GO); /* without TLS it is plain */
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) == NULL);
                end(&b);
        }
}

/* --- uneven ----------------------------------------------------------------------------------------------------------------- */

/** A client under TLS, a server without. */
static void begin_uneven(struct bench *b, const char *plugin, struct span auth)
{
        struct login login;
        (void)begin(b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED), CAPS | CAP_MULTI_FACTOR,
                    plugin);
        CU_ASSERT_TRUE((offered_to_client(b) & CAP_SSL) != 0);
        CU_ASSERT_EQUAL(ssl_request(b), GATE_CLIENT_TLS);
        CU_ASSERT_EQUAL(send_login(b, 2, CAPS | CAP_SSL | CAP_MULTI_FACTOR, plugin, auth), GATE_GO);
        struct span got = seen(b, SIDE_SERVER);
        CU_ASSERT_EQUAL(got.data[3], 1);
        CU_ASSERT_TRUE(login_parse(span_skip(got, 4), &login) && (login.capabilities & CAP_SSL) == 0);
        CU_ASSERT_TRUE(gate_is_uneven(b->gate) && !gate_is_open(b->gate));
}

static void caching_from_tls_to_plain(void)
{
        struct bench b;
        uint8_t room[64];
        uint8_t expected[64] = "P";
        FOR_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 3, TEXT("\1\4")));
                (void)say(&b, SIDE_CLIENT, 4, TEXT("secret of mine, longer than a scramble\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("\2")));
                CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 0);
                (void)say(&b, SIDE_SERVER, 4, TEXT("\1PEM of the server"));
                CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 0);
                struct span secret = masked(room, "secret of mine, longer than a scramble", 39);
                memcpy(expected + 1, secret.data, secret.len);
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 5, span_of(expected, 1 + secret.len)));
                CU_ASSERT_TRUE(gate_mediated(b.gate));
                (void)say(&b, SIDE_SERVER, 6, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 5, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_is_uneven(b.gate));
                end(&b);
        }
}

static void fast_path_and_no_password(void)
{
        struct bench b = {.split = 0};
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\3"));
        (void)say(&b, SIDE_SERVER, 3, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 6 + 11);
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_mediated(b.gate));
        end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT(""));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)say(&b, SIDE_CLIENT, 4, TEXT("\0")); /* none: nothing to hide */
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("\0")));
        (void)say(&b, SIDE_SERVER, 4, TEXT("\xff\x15\4#28000no"));
        CU_ASSERT_TRUE(gate_is_open(b.gate));
        end(&b);
}

static void a_key_that_is_none(void)
{
        struct bench b = {.split = 0};
        struct err err;
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)seen(&b, SIDE_CLIENT);
        (void)say(&b, SIDE_CLIENT, 4, TEXT("secret\0"));
        CU_ASSERT_EQUAL(say(&b, SIDE_SERVER, 4, TEXT("\1!")), GATE_REFUSE);
        struct span got = seen(&b, SIDE_CLIENT);
        CU_ASSERT_TRUE(got.data[3] == 5 && err_parse(span_skip(got, 4), &err) && err.errnum == 1045);
        end(&b);
}

/** The reverse: the server has TLS, the client has not. */
static void begin_reverse(struct bench *b, const char *plugin, struct span auth)
{
        (void)begin(b, policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_REQUIRED), CAPS | CAP_SSL, plugin);
        CU_ASSERT_EQUAL(offered_to_client(b) & CAP_SSL, 0);
        enum gate_step step = send_login(b, 1, CAPS, plugin, auth);
        if (span_equal(auth, TEXT("\1"))) {
                return; /* the key comes first */
        }
        CU_ASSERT_EQUAL(step, GATE_SERVER_TLS);
        CU_ASSERT_EQUAL(seen(b, SIDE_SERVER).len, 36);
        CU_ASSERT_EQUAL(gate_secured(b->gate, &b->out), GATE_GO);
        note(b);
        CU_ASSERT_EQUAL(seen(b, SIDE_SERVER).data[3], 2);
}

static void caching_from_plain_to_tls(void)
{
        struct bench b;
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        FOR_EACH_SPLIT(b)
        {
                begin_reverse(&b, "caching_sha2_password", TEXT("hash"));
                (void)say(&b, SIDE_SERVER, 3, TEXT("\1\4"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 2, TEXT("\1\4")));
                (void)say(&b, SIDE_CLIENT, 3, TEXT("\2"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 4, TEXT("\1KEY")));
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 0);
                struct span secret = masked(room, "secret", 7);
                memcpy(sealed + 1, secret.data, secret.len);
                (void)say(&b, SIDE_CLIENT, 5, span_of(sealed, 8));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 4, TEXT("secret\0")));
                (void)say(&b, SIDE_SERVER, 5, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 6, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_mediated(b.gate));
                end(&b);
        }
        /* a client that has a key already: ours or nothing */
        b.split = 0;
        begin_reverse(&b, "caching_sha2_password", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 3, TEXT("\1\4"));
        CU_ASSERT_EQUAL(say(&b, SIDE_CLIENT, 3, TEXT("X under another key")), GATE_REFUSE);
        end(&b);
}

static void sha256_within_the_login(void)
{
        struct bench b;
        struct login login;
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        FOR_EACH_SPLIT(b)
        {
                begin_reverse(&b, "sha256_password", TEXT("\1"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 2, TEXT("\1KEY")));
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 0);
                struct span secret = masked(room, "secret", 7);
                memcpy(sealed + 1, secret.data, secret.len);
                CU_ASSERT_EQUAL(say(&b, SIDE_CLIENT, 3, span_of(sealed, 8)), GATE_SERVER_TLS);
                (void)seen(&b, SIDE_SERVER);
                (void)gate_secured(b.gate, &b.out);
                CU_ASSERT_TRUE(login_parse(span_skip(b.out.to[SIDE_SERVER], 4), &login));
                CU_ASSERT_TRUE(span_equal(login.auth, TEXT("secret\0")) &&
                               (login.capabilities & CAP_SSL) != 0);
                CU_ASSERT_TRUE(span_equal(login.username, span_str("bob")) && login.attributes.len == 6);
                end(&b);
        }
        b.split = 0;
        begin_reverse(&b, "sha256_password", TEXT("\1"));
        CU_ASSERT_EQUAL(say(&b, SIDE_CLIENT, 3, TEXT("X under another key")), GATE_REFUSE);
        end(&b);
        /* and from TLS to plain: the password is held, the server asked */
        begin_uneven(&b, "sha256_password", TEXT("secret\0"));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1PEM"));
        struct span secret = masked(room, "secret", 7);
        sealed[0] = 'P';
        memcpy(sealed + 1, secret.data, secret.len);
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, span_of(sealed, 8)));
        end(&b);
        begin_uneven(&b, "sha256_password", TEXT("\0")); /* without a password */
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        end(&b);
}

static void switched_plugins(void)
{
        static const char change[] = "\xfe"
                                     "sha256_password\0ABCDEFGHIJKLMNOPQRST";
        static const char factor[] = "\2"
                                     "caching_sha2_password\0ABCDEFGHIJKLMNOPQRST";
        struct bench b = {.split = 0};
        begin_uneven(&b, "mysql_native_password", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 2, span_of(change, sizeof change));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 3, span_of(change, sizeof change)));
        (void)say(&b, SIDE_CLIENT, 4, TEXT("x\0"));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("\1")));
        (void)say(&b, SIDE_SERVER, 4, TEXT("\1PEM"));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 5, TEXT("P\x39\x42"))); /* under the new scramble */
        (void)say(&b, SIDE_SERVER, 6, span_of(factor, sizeof factor));
        (void)say(&b, SIDE_CLIENT, 6, TEXT("hash"));
        (void)seen(&b, SIDE_SERVER);
        (void)say(&b, SIDE_SERVER, 8, TEXT("\1\4"));
        (void)say(&b, SIDE_CLIENT, 8, TEXT("y\0"));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 9, TEXT("\2")));
        end(&b);
        /* the old form of one byte; data of a plugin that looks like AuthNextFactor is none without the capability */
        begin_reverse(&b, "dialog", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 3, TEXT("\xfe"));
        (void)say(&b, SIDE_CLIENT, 3, TEXT("old"));
        (void)say(&b, SIDE_SERVER, 5, TEXT("\2caching_sha2_password\0ABCDEFGHIJKLMNOPQRST"));
        (void)say(&b, SIDE_CLIENT, 5, TEXT(""));
        (void)say(&b, SIDE_SERVER, 7, TEXT(""));
        (void)say(&b, SIDE_SERVER, 8, TEXT("\1\4"));
        (void)say(&b, SIDE_CLIENT, 8, TEXT("\2"));
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        end(&b);
}

static void commands_that_do_not_wait(void)
{
        struct bench b;
        FOR_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)say(&b, SIDE_CLIENT, 0, TEXT("\3SELECT 1"));
                CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).len, 0);
                (void)say(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 0, TEXT("\3SELECT 1")));
                end(&b);
        }
}

static void too_large_for_an_exchange(void)
{
        struct bench b = {.split = 0};
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)feed(&b, SIDE_SERVER, TEXT("\xff\xff\xff\2x"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
        CU_ASSERT_EQUAL(seen(&b, SIDE_CLIENT).len, 5 + 0);
        end(&b);
}

/* --- other pairs of transports ------------------------------------------------------------------------------------------- */

static void a_server_that_may(void)
{
        struct bench b = {.split = 0};
        (void)begin(&b, policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_PREFERRED), CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "p", TEXT("x")), GATE_SERVER_TLS);
        (void)feed(&b, SIDE_SERVER, TEXT("what is not TLS yet passes"));
        CU_ASSERT_TRUE(seen(&b, SIDE_CLIENT).len > 26);
        end(&b);
        (void)begin(&b, policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_PREFERRED), CAPS, "p");
        CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "p", TEXT("x")), GATE_GO);
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate));
        end(&b);
}

static void unix_sockets(void)
{
        struct bench b = {.split = 0};
        struct gate_policy policy = policy_of(GATE_CLIENT_REQUIRED, GATE_SERVER_DISABLED);
        policy.client_local = true; /* as good as TLS */
        (void)begin(&b, policy, CAPS, "caching_sha2_password");
        (void)seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(send_login(&b, 1, CAPS, "caching_sha2_password", TEXT("hash")), GATE_GO);
        CU_ASSERT_EQUAL(seen(&b, SIDE_SERVER).data[3], 1);
        CU_ASSERT_TRUE(gate_is_uneven(b.gate));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)say(&b, SIDE_CLIENT, 3, TEXT("secret\0"));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("\2")));
        end(&b);
        policy = policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_DISABLED);
        policy.server_local = true;
        (void)begin(&b, policy, CAPS, "caching_sha2_password");
        (void)seen(&b, SIDE_CLIENT);
        (void)send_login(&b, 1, CAPS, "caching_sha2_password", TEXT("hash"));
        (void)seen(&b, SIDE_SERVER);
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)say(&b, SIDE_CLIENT, 3, TEXT("\2"));
        (void)seen(&b, SIDE_CLIENT);
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        memcpy(sealed + 1, masked(room, "secret", 7).data, 7);
        (void)say(&b, SIDE_CLIENT, 5, span_of(sealed, 8));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("secret\0")));
        end(&b);
        policy.client_local = true; /* both: nothing to translate */
        (void)begin(&b, policy, CAPS, "sha256_password");
        (void)send_login(&b, 1, CAPS, "sha256_password", TEXT("secret\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate) && !gate_mediated(b.gate));
        end(&b);
}

static void answers_that_are_none(void)
{
        struct bench b = {.split = 0};
        static char much[1500];
        memset(much, 'm', sizeof much);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash")); /* a password too long for any key */
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        much[sizeof much - 1] = '\0';
        (void)say(&b, SIDE_CLIENT, 4, span_of(much, sizeof much));
        CU_ASSERT_EQUAL(say(&b, SIDE_SERVER, 4, TEXT("\1PEM")), GATE_REFUSE);
        end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash")); /* no NUL: not a password in clear */
        (void)say(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)seen(&b, SIDE_SERVER);
        (void)say(&b, SIDE_CLIENT, 4, TEXT("no end"));
        CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 3, TEXT("no end")));
        (void)say(&b, SIDE_SERVER, 4, TEXT("\1\3")); /* a word out of turn */
        (void)say(&b, SIDE_SERVER, 5, TEXT("\1xy"));
        end(&b);
        begin_reverse(&b, "sha256_password", TEXT("\1x")); /* neither a request nor an answer */
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        end(&b);
        /* an uneven session that is compressed has no packets to look at */
        (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED), CAPS | CAP_COMPRESS, "p");
        (void)ssl_request(&b);
        (void)send_login(&b, 2, CAPS | CAP_SSL | CAP_COMPRESS, "p", TEXT("x"));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_is_uneven(b.gate));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        end(&b);
}

/* --- COM_CHANGE_USER -------------------------------------------------------------------------------------------------------- */

static void changes_user(void)
{
        static const char change[] = "\xfe"
                                     "caching_sha2_password\0ABCDEFGHIJKLMNOPQRST";
        struct bench b;
        FOR_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)say(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
                (void)seen(&b, SIDE_CLIENT);
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("")));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\16")));
                CU_ASSERT_TRUE(gate_closes(b.gate, TEXT("\1")));
                (void)feed(&b, SIDE_CLIENT, TEXT("\1\0\0\0\16")); /* it began like one */
                CU_ASSERT_TRUE(span_equal(seen(&b, SIDE_SERVER), TEXT("\1\0\0\0\16")) &&
                               gate_is_open(b.gate));
                CU_ASSERT_TRUE(gate_closes(b.gate, TEXT("\x14\0\0\0")));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\x14\0\0\0"))); /* it is */
                (void)say(&b, SIDE_CLIENT, 0,
                          TEXT("\x11"
                               "bob\0\4hash\0\45\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 0,
                                  TEXT("\x11"
                                       "bob\0\4hash\0\45\0")));
                (void)say(&b, SIDE_SERVER, 1, span_of(change, sizeof change));
                (void)say(&b, SIDE_CLIENT, 2, TEXT("hash"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 2, TEXT("hash")));
                (void)say(&b, SIDE_SERVER, 3, TEXT("\1\4"));
                (void)say(&b, SIDE_CLIENT, 4, TEXT("z\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 4, TEXT("\2")));
                (void)say(&b, SIDE_SERVER, 5, TEXT("\1PEM"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_SERVER), 6, TEXT("P\x3b\x42")));
                (void)seen(&b, SIDE_CLIENT);
                (void)say(&b, SIDE_SERVER, 7, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(is(seen(&b, SIDE_CLIENT), 5, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate));
                end(&b);
        }
}

/* --- what is held ------------------------------------------------------------------------------------------------------------ */

/** A session that can't be closed again: it is compressed, even, or was given up. */
static void stays_open(void)
{
        struct bench b = {.split = 0};
        (void)begin(&b, policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED), CAPS | CAP_SSL | CAP_COMPRESS,
                    "caching_sha2_password");
        (void)ssl_request(&b);
        (void)send_login(&b, 2, CAPS | CAP_COMPRESS, "caching_sha2_password", TEXT("hash"));
        (void)say(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        end(&b);
        (void)begin(&b, policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_DISABLED), CAPS, "caching_sha2_password");
        (void)send_login(&b, 1, CAPS, "caching_sha2_password", TEXT("hash"));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11"))); /* within the login */
        (void)say(&b, SIDE_SERVER, 9, TEXT(""));
        (void)say(&b, SIDE_CLIENT, 9, TEXT(""));
        end(&b);
}

static void holds(void)
{
        struct secure_buffer h = {NULL, 0, 0, 0};
        CU_ASSERT_EQUAL(secure_buffer_span(&h).len, 0);
        CU_ASSERT_TRUE(secure_buffer_add(&h, TEXT("")) && secure_buffer_add(&h, TEXT("abc")) &&
                       secure_buffer_add(&h, TEXT("def")));
        secure_buffer_skip(&h, 2);
        CU_ASSERT_TRUE(span_equal(secure_buffer_span(&h), TEXT("cdef")));
        uint8_t many[4096] = "";
        CU_ASSERT_TRUE(secure_buffer_add(&h, span_of(many, sizeof many)));
        CU_ASSERT_EQUAL(secure_buffer_span(&h).len, 4 + sizeof many);
        CU_ASSERT_EQUAL(secure_buffer_span(&h).data[0], 'c');
        secure_buffer_skip(&h, secure_buffer_span(&h).len);
        CU_ASSERT_TRUE(h.len == 0 && h.from == 0 && h.data != NULL);
        (void)secure_buffer_add(&h, TEXT("secret"));
        uint8_t *memory = h.data;
        secure_buffer_clear(&h);
        CU_ASSERT_EQUAL(memory[0], 0); /* no trace */
        secure_buffer_fini(&h);
        secure_buffer_fini(&h);
}

/** A whole exchange; it ends early where memory does. */
static void whole_exchange(bool reverse, const char *plugin)
{
        struct bench b = {.split = 0};
        uint8_t greeting[ROOM];
        uint8_t login[ROOM];
        bool sha256 = strcmp(plugin, "sha256_password") == 0;
        struct span auth = !sha256 ? TEXT("hash") : reverse ? TEXT("\1") : TEXT("secret\0");
        const struct {
                enum side from;
                uint8_t seq;
                struct span payload;
        } script[] = {
            {SIDE_SERVER, 0, greeting_payload(greeting, CAPS | CAP_SSL, plugin)},
            {SIDE_CLIENT, reverse ? 1 : 2, login_payload(login, CAPS, plugin, auth)},
            {SIDE_SERVER, 3, TEXT("\1\4")},
            {SIDE_CLIENT, 3, reverse && !sha256 ? TEXT("\2") : TEXT("secret\0")},
            {SIDE_CLIENT, 3, TEXT("Ksecret")},
            {SIDE_SERVER, 4, TEXT("\1PEM")},
            {SIDE_SERVER, 5, TEXT("\0\0\0\2\0\0\0")},
        };
        b.policy = reverse ? policy_of(GATE_CLIENT_DISABLED, GATE_SERVER_REQUIRED)
                           : policy_of(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED);
        b.gate = gate_new(&b.policy);
        enum gate_step step = b.gate == NULL ? GATE_NOMEM : GATE_GO;
        for (size_t i = 0; i < sizeof script / sizeof script[0] && step < GATE_REFUSE; i++) {
                if (i == 1 && !reverse) {
                        step = ssl_request(&b);
                }
                if (sha256 && (i == 2 || i == 3)) {
                        continue;
                }
                step = step < GATE_REFUSE ? say(&b, script[i].from, script[i].seq, script[i].payload) : step;
                if (step == GATE_SERVER_TLS) {
                        step = gate_secured(b.gate, &b.out);
                }
        }
        end(&b);
}

/** A refusal; a greeting that is none; a packet larger than what is held at once. */
static void other_exchange(int kind)
{
        static const uint8_t large[ROOM - 100] = {3};
        uint8_t room[ROOM];
        struct bench b = {.split = 0};
        b.policy = policy_of(kind == 0 ? GATE_CLIENT_REQUIRED : GATE_CLIENT_PREFERRED,
                             kind == 2 ? GATE_SERVER_DISABLED : GATE_SERVER_AS_CLIENT);
        b.gate = gate_new(&b.policy);
        if (b.gate == NULL) {
                return;
        }
        struct span greeting =
            kind == 1 ? TEXT("no greeting") : greeting_payload(room, CAPS | CAP_SSL, "caching_sha2_password");
        enum gate_step step = say(&b, SIDE_SERVER, 0, greeting);
        if (step == GATE_GO && kind == 2) {
                step = ssl_request(&b);
        }
        if (step < GATE_REFUSE && kind != 1) {
                step = send_login(&b, kind == 2 ? 2 : 1, CAPS, "caching_sha2_password", TEXT("hash"));
        }
        if (step == GATE_GO && kind == 2) {
                (void)say(&b, SIDE_SERVER, 3, span_of(large, sizeof large));
        }
        end(&b);
}

static void fail_each_of(void (*exchange)(int), int argument, uint64_t least)
{
        prof_fail_nth(1000000);
        exchange(argument);
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all >= least);
        for (uint64_t n = 1; n <= all; n++) {
                prof_fail_nth(n);
                exchange(argument);
        }
        prof_fail_nth(0);
}

static void mediated_exchange(int i)
{
        whole_exchange(i % 2 == 1, i < 2 ? "sha256_password" : "caching_sha2_password");
}

static void every_allocation_fails_once(void)
{
        int64_t before = prof_read(STAGE_FRAME, LIB_COUNT).current_count_used;
        for (int i = 0; i < 4; i++) {
                fail_each_of(mediated_exchange, i, 7);
        }
        for (int i = 0; i < 3; i++) {
                fail_each_of(other_exchange, i, 3);
        }
        CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, LIB_COUNT).current_count_used, before);
}

static const struct tap_test tests[] = {
    {"TLS is offered as the policy says", offers},
    {"a login passes unchanged", passes_a_login},
    {"refusals", refuses},
    {"what is no login passes", lets_go},
    {"TLS on both sides", tls_on_both_sides},
    {"passthrough", passthrough},
    {"caching_sha2_password, from TLS to plain", caching_from_tls_to_plain},
    {"the fast path, and no password", fast_path_and_no_password},
    {"a server's key that is none", a_key_that_is_none},
    {"caching_sha2_password, from plain to TLS", caching_from_plain_to_tls},
    {"sha256_password within the login", sha256_within_the_login},
    {"switched plugins and further factors", switched_plugins},
    {"commands that do not wait for the login", commands_that_do_not_wait},
    {"a packet too large for an exchange", too_large_for_an_exchange},
    {"a server that may use TLS", a_server_that_may},
    {"UNIX sockets", unix_sockets},
    {"answers that are none", answers_that_are_none},
    {"COM_CHANGE_USER", changes_user},
    {"sessions that stay open", stays_open},
    {"held bytes", holds},
    {"each allocation fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("gate", tests);
}
