/* The gate: masks, and TLS on either side. */
#include "mysql/gate/gate_bench.h"
#include "mysql/gate/secure_buffer.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/reply.h"
#include "packets.h"
#include "tap.h"

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
                struct gate_bench b = {.split = 0};
                uint64_t caps = BENCH_CAPS | CAP_COMPRESS | (cases[i].server_offers ? CAP_SSL : 0);
                struct err err;
                CU_ASSERT_EQUAL(bench_begin(&b, bench_policy(cases[i].client, cases[i].server), caps, "p"),
                                cases[i].step);
                if (cases[i].step == GATE_REFUSE) {
                        CU_ASSERT_TRUE(err_parse(span_skip(bench_seen(&b, SIDE_CLIENT), 4), &err));
                        CU_ASSERT_EQUAL(err.errnum, 1429);
                        CU_ASSERT_EQUAL(err.sqlstate.len, 0);
                        CU_ASSERT_PTR_NOT_NULL(gate_reason(b.gate));
                } else {
                        uint64_t got = bench_offered(&b);
                        struct gate_offer offer = gate_offer(b.gate);
                        CU_ASSERT_EQUAL((got & CAP_SSL) != 0, cases[i].offered);
                        CU_ASSERT_EQUAL(got | CAP_SSL, caps | CAP_SSL);
                        CU_ASSERT_EQUAL(offer.offered, caps);
                        CU_ASSERT_EQUAL((caps & ~offer.removed) | offer.added, got);
                }
                bench_end(&b);
        }
}

static void passes_a_login(void)
{
        struct gate_bench b;
        uint8_t room[BENCH_BYTES];
        struct login login;
        BENCH_EACH_SPLIT(b)
        {
                (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                                  BENCH_CAPS | CAP_SSL, "p");
                (void)bench_seen(&b, SIDE_CLIENT);
                CU_ASSERT_FALSE(gate_login_sent(b.gate));
                CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "p", TEXT("answer")), GATE_GO);
                struct span got = bench_seen(&b, SIDE_SERVER);
                CU_ASSERT_TRUE(bench_is(got, 1, bench_login_payload(room, BENCH_CAPS, "p", TEXT("answer"))));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_login_sent(b.gate) && !gate_is_uneven(b.gate));
                CU_ASSERT_PTR_NULL(gate_reason(b.gate));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
                (void)bench_feed(&b, SIDE_SERVER, TEXT("anything"));
                CU_ASSERT_TRUE(span_equal(bench_seen(&b, SIDE_CLIENT), TEXT("anything")));
                bench_end(&b);
        }
        /* a client that sets the flag and sends no SSLRequest: the server must not wait for TLS */
        b.split = 0;
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                          BENCH_CAPS | CAP_SSL, "p");
        (void)bench_login(&b, 1, BENCH_CAPS | CAP_SSL, "p", TEXT("answer"));
        CU_ASSERT_TRUE(login_parse(span_skip(bench_seen(&b, SIDE_SERVER), 4), &login) &&
                       login.capabilities == BENCH_CAPS);
        bench_end(&b);
}

static void refuses(void)
{
        struct gate_bench b = {.split = 0};
        struct err err;
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_REQUIRED, GATE_SERVER_AS_CLIENT), BENCH_CAPS | CAP_SSL,
                          "p");
        (void)bench_seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "p", TEXT("x")), GATE_REFUSE);
        struct span got = bench_seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(got.data[3], 2);
        CU_ASSERT_TRUE(err_parse(span_skip(got, 4), &err) && err.errnum == 3159);
        bench_end(&b);
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_AS_CLIENT), BENCH_CAPS | CAP_SSL,
                          "p");
        (void)bench_seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(bench_ssl_request(&b), GATE_REFUSE);
        CU_ASSERT_TRUE(err_parse(span_skip(bench_seen(&b, SIDE_CLIENT), 4), &err) && err.errnum == 1043);
        CU_ASSERT_TRUE(span_equal(err.sqlstate, span_str("08S01")));
        bench_end(&b);
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                          BENCH_CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(gate_fail(b.gate, "because", &b.out), GATE_REFUSE);
        CU_ASSERT_TRUE(err_parse(span_skip(b.out.to[SIDE_CLIENT], 4), &err) && err.errnum == 1429);
        CU_ASSERT_TRUE(span_equal(err.message, span_str("querytap: because")));
        bench_end(&b);
        b.policy = bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT);
        b.gate = gate_new(&b.policy); /* before the greeting an ERR has no SQLSTATE, and number 0 */
        CU_ASSERT_EQUAL(gate_fail(b.gate, "because", &b.out), GATE_REFUSE);
        CU_ASSERT_EQUAL(b.out.to[SIDE_CLIENT].data[3], 0);
        CU_ASSERT_TRUE(err_parse(span_skip(b.out.to[SIDE_CLIENT], 4), &err) && err.sqlstate.len == 0);
        bench_end(&b);
}

/** TLS with the client failed: the server gets an empty packet in the place of the login, and its answer goes to the client. */
static void spoils_a_login(void)
{
        struct gate_bench b = {.split = 0};
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                          BENCH_CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(bench_ssl_request(&b), GATE_CLIENT_TLS);
        CU_ASSERT_EQUAL(gate_spoil_login(b.gate, &b.out), GATE_GO);
        CU_ASSERT_TRUE(span_equal(b.out.to[SIDE_SERVER], TEXT("\0\0\0\1")));
        CU_ASSERT_EQUAL(b.out.to[SIDE_CLIENT].len, 0);
        bench_end(&b);
}

static void lets_go(void)
{
        static const struct span firsts[] = {
            {(const uint8_t *)"SSH-2.0-x\r\n", 11},          /* a length beyond any greeting */
            {(const uint8_t *)"\5\0\0\1\x0ahello", 10},      /* the wrong number */
            {(const uint8_t *)"\0\0\0\0\5\0\0\0\0abcd", 13}, /* nothing in it */
            {(const uint8_t *)"\5\0\0\0\x09hello", 10},      /* another version */
        };
        struct gate_bench b;
        BENCH_EACH_SPLIT(b)
        {
                for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
                        b.policy = bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT);
                        b.gate = gate_new(&b.policy);
                        b.seen_len[SIDE_CLIENT] = 0;
                        (void)bench_feed(&b, SIDE_SERVER, firsts[i]);
                        CU_ASSERT_TRUE(span_equal(bench_seen(&b, SIDE_CLIENT), firsts[i]));
                        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                        bench_end(&b);
                }
                b.gate = gate_new(&b.policy);
                (void)bench_feed(&b, SIDE_SERVER, TEXT("\3\0\0\0\xff\x10\4")); /* an ordinary refusal */
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) == NULL);
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 7);
                bench_end(&b);
                (void)bench_begin(&b, b.policy, BENCH_CAPS, "p");
                (void)bench_feed(&b, SIDE_CLIENT, TEXT("GET / HTTP/1.1\r\n"));
                CU_ASSERT_TRUE(span_equal(bench_seen(&b, SIDE_SERVER), TEXT("GET / HTTP/1.1\r\n")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                bench_end(&b);
                (void)bench_begin(&b, b.policy, BENCH_CAPS, "p"); /* a login as before 4.1 */
                (void)bench_feed(&b, SIDE_CLIENT, TEXT("\7\0\0\1\5\0\0\0\0bo\5\0\0\0"));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 15);
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
                bench_end(&b);
                (void)bench_begin(&b, b.policy, BENCH_CAPS, "p");
                (void)bench_seen(&b, SIDE_CLIENT);
                (void)bench_feed(&b, SIDE_SERVER,
                                 TEXT("\3\0\0\1\xff\x10\4")); /* the server's turn was over: not held */
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 7);
                CU_ASSERT_FALSE(gate_is_open(b.gate));
                (void)bench_feed(&b, SIDE_CLIENT, TEXT("\7\0\0\1\5"));
                CU_ASSERT_EQUAL(gate_held(b.gate), 5);
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_CLIENT).len, 5); /* the client ended: nothing is lost */
                CU_ASSERT_TRUE(gate_is_open(b.gate));
                CU_ASSERT_EQUAL(gate_end(b.gate, SIDE_CLIENT).len, 0);
                bench_end(&b);
        }
}

/* --- TLS ------------------------------------------------------------------------------------------------------------------ */

static void tls_on_both_sides(void)
{
        struct gate_bench b;
        uint8_t room[BENCH_BYTES];
        BENCH_EACH_SPLIT(b)
        {
                (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                                  BENCH_CAPS | CAP_SSL, "p");
                (void)bench_seen(&b, SIDE_CLIENT);
                CU_ASSERT_EQUAL(bench_ssl_request(&b), GATE_CLIENT_TLS);
                CU_ASSERT_EQUAL(b.out.rest.len, 0);
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(bench_login(&b, 2, BENCH_CAPS | CAP_SSL, "p", TEXT("answer")),
                                GATE_SERVER_TLS);
                struct span got = bench_seen(&b, SIDE_SERVER);
                struct span whole = bench_login_payload(room, BENCH_CAPS | CAP_SSL, "p", TEXT("answer"));
                CU_ASSERT_TRUE(bench_is(got, 1, span_head(whole, 32)));
                (void)bench_feed(&b, SIDE_CLIENT, TEXT("\1\0\0\0\16")); /* it does not wait */
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 0);
                CU_ASSERT_EQUAL(gate_secured(b.gate, &b.out), GATE_GO);
                bench_note(&b);
                got = bench_seen(&b, SIDE_SERVER);
                CU_ASSERT_TRUE(bench_is(span_head(got, 4 + whole.len), 2, whole));
                CU_ASSERT_TRUE(span_equal(span_skip(got, 4 + whole.len), TEXT("\1\0\0\0\16")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate));
                bench_end(&b);
        }
        /* what came behind the SSLRequest is TLS's; a second one is refused */
        uint8_t two[BENCH_BYTES];
        struct writer w = writer_over(two, sizeof two);
        packets_add(&w, 1, span_head(bench_login_payload(room, BENCH_CAPS | CAP_SSL, "p", TEXT("x")), 32));
        writer_text(&w, "ClientHello");
        b.split = 0;
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_AS_CLIENT),
                          BENCH_CAPS | CAP_SSL, "p");
        CU_ASSERT_EQUAL(bench_feed(&b, SIDE_CLIENT, writer_span(&w)), GATE_CLIENT_TLS);
        struct span rest = b.out.rest;
        CU_ASSERT_TRUE(span_equal(rest, TEXT("ClientHello")));
        struct span again = span_head(bench_login_payload(room, BENCH_CAPS | CAP_SSL, "p", TEXT("x")), 32);
        CU_ASSERT_EQUAL(bench_send(&b, SIDE_CLIENT, 2, again), GATE_REFUSE);
        CU_ASSERT_TRUE(span_equal(rest, TEXT("ClientHello"))); /* still */
        bench_end(&b);
}

static void passthrough(void)
{
        struct gate_bench b;
        BENCH_EACH_SPLIT(b)
        {
                (void)bench_begin(&b, bench_policy(GATE_CLIENT_PASSTHROUGH, GATE_SERVER_REQUIRED),
                                  BENCH_CAPS | CAP_SSL, "p");
                CU_ASSERT_EQUAL(bench_ssl_request(&b), GATE_GO);
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL &&
                               !gate_is_uneven(b.gate));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 36);
                bench_end(&b);
                (void)bench_begin(&b, bench_policy(GATE_CLIENT_PASSTHROUGH, GATE_SERVER_REQUIRED),
                                  BENCH_CAPS | CAP_SSL, "p");
                CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "p", TEXT("x")),
                                GATE_GO); /* without TLS it is plain */
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) == NULL);
                bench_end(&b);
        }
}

/* --- other pairs of transports ------------------------------------------------------------------------------------------- */

static void a_server_that_may(void)
{
        struct gate_bench b = {.split = 0};
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_PREFERRED), BENCH_CAPS | CAP_SSL,
                          "p");
        CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "p", TEXT("x")), GATE_SERVER_TLS);
        (void)bench_feed(&b, SIDE_SERVER, TEXT("what is not TLS yet passes"));
        CU_ASSERT_TRUE(bench_seen(&b, SIDE_CLIENT).len > 26);
        bench_end(&b);
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_PREFERRED), BENCH_CAPS, "p");
        CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "p", TEXT("x")), GATE_GO);
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate));
        bench_end(&b);
}

static void unix_sockets(void)
{
        struct gate_bench b = {.split = 0};
        struct gate_policy policy = bench_policy(GATE_CLIENT_REQUIRED, GATE_SERVER_DISABLED);
        policy.client_local = true; /* as good as TLS */
        (void)bench_begin(&b, policy, BENCH_CAPS, "caching_sha2_password");
        (void)bench_seen(&b, SIDE_CLIENT);
        CU_ASSERT_EQUAL(bench_login(&b, 1, BENCH_CAPS, "caching_sha2_password", TEXT("hash")), GATE_GO);
        CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).data[3], 1);
        CU_ASSERT_TRUE(gate_is_uneven(b.gate));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)bench_send(&b, SIDE_CLIENT, 3, TEXT("secret\0"));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("\2")));
        bench_end(&b);
        policy = bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_DISABLED);
        policy.server_local = true;
        (void)bench_begin(&b, policy, BENCH_CAPS, "caching_sha2_password");
        (void)bench_seen(&b, SIDE_CLIENT);
        (void)bench_login(&b, 1, BENCH_CAPS, "caching_sha2_password", TEXT("hash"));
        (void)bench_seen(&b, SIDE_SERVER);
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)bench_send(&b, SIDE_CLIENT, 3, TEXT("\2"));
        (void)bench_seen(&b, SIDE_CLIENT);
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        memcpy(sealed + 1, bench_masked(room, "secret", 7).data, 7);
        (void)bench_send(&b, SIDE_CLIENT, 5, span_of(sealed, 8));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("secret\0")));
        bench_end(&b);
        policy.client_local = true; /* both: nothing to translate */
        (void)bench_begin(&b, policy, BENCH_CAPS, "sha256_password");
        (void)bench_login(&b, 1, BENCH_CAPS, "sha256_password", TEXT("secret\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_is_uneven(b.gate) && !gate_mediated(b.gate));
        bench_end(&b);
}

/* --- what is held ------------------------------------------------------------------------------------------------------------ */

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

static const struct tap_test tests[] = {
    {"TLS is offered as the policy says", offers},
    {"a login passes unchanged", passes_a_login},
    {"refusals", refuses},
    {"a login is spoiled", spoils_a_login},
    {"what is no login passes", lets_go},
    {"TLS on both sides", tls_on_both_sides},
    {"passthrough", passthrough},
    {"a server that may use TLS", a_server_that_may},
    {"UNIX sockets", unix_sockets},
    {"held bytes", holds},
};

int main(void)
{
        return TAP_RUN("gate", tests);
}
