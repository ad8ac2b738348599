/* The gate: logins whose authentication it translates between a secure and another transport. */
#include "mysql/gate/gate_bench.h"
#include "mysql/wire/handshake.h"
#include "mysql/wire/reply.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

/* --- one side is encrypted --------------------------------------------------------------------------------------------------  */

/** A client under TLS, a server without. */
static void begin_uneven(struct gate_bench *b, const char *plugin, struct span auth)
{
        struct login login;
        (void)bench_begin(b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED),
                          BENCH_CAPS | CAP_MULTI_FACTOR, plugin);
        CU_ASSERT_TRUE((bench_offered(b) & CAP_SSL) != 0);
        CU_ASSERT_EQUAL(bench_ssl_request(b), GATE_CLIENT_TLS);
        CU_ASSERT_EQUAL(bench_login(b, 2, BENCH_CAPS | CAP_SSL | CAP_MULTI_FACTOR, plugin, auth), GATE_GO);
        struct span got = bench_seen(b, SIDE_SERVER);
        CU_ASSERT_EQUAL(got.data[3], 1);
        CU_ASSERT_TRUE(login_parse(span_skip(got, 4), &login) && (login.capabilities & CAP_SSL) == 0);
        CU_ASSERT_TRUE(gate_is_uneven(b->gate) && !gate_is_open(b->gate));
}

static void caching_from_tls_to_plain(void)
{
        struct gate_bench b;
        uint8_t room[64];
        uint8_t expected[64] = "P";
        BENCH_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 3, TEXT("\1\4")));
                (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("secret of mine, longer than a scramble\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("\2")));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 0);
                (void)bench_send(&b, SIDE_SERVER, 4, TEXT("\1PEM of the server"));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 0);
                struct span secret = bench_masked(room, "secret of mine, longer than a scramble", 39);
                memcpy(expected + 1, secret.data, secret.len);
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 5, span_of(expected, 1 + secret.len)));
                CU_ASSERT_TRUE(gate_mediated(b.gate));
                (void)bench_send(&b, SIDE_SERVER, 6, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 5, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_is_uneven(b.gate));
                bench_end(&b);
        }
}

static void fast_path_and_no_password(void)
{
        struct gate_bench b = {.split = 0};
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\3"));
        (void)bench_send(&b, SIDE_SERVER, 3, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 6 + 11);
        CU_ASSERT_TRUE(gate_is_open(b.gate) && !gate_mediated(b.gate));
        bench_end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT(""));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("\0")); /* none: nothing to hide */
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("\0")));
        (void)bench_send(&b, SIDE_SERVER, 4, TEXT("\xff\x15\4#28000no"));
        CU_ASSERT_TRUE(gate_is_open(b.gate));
        bench_end(&b);
}

static void a_key_that_is_none(void)
{
        struct gate_bench b = {.split = 0};
        struct err err;
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)bench_seen(&b, SIDE_CLIENT);
        (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("secret\0"));
        CU_ASSERT_EQUAL(bench_send(&b, SIDE_SERVER, 4, TEXT("\1!")), GATE_REFUSE);
        struct span got = bench_seen(&b, SIDE_CLIENT);
        CU_ASSERT_TRUE(got.data[3] == 5 && err_parse(span_skip(got, 4), &err) && err.errnum == 1045);
        bench_end(&b);
}

/** The reverse: the server has TLS, the client has not. */
static void begin_reverse(struct gate_bench *b, const char *plugin, struct span auth)
{
        (void)bench_begin(b, bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_REQUIRED), BENCH_CAPS | CAP_SSL,
                          plugin);
        CU_ASSERT_EQUAL(bench_offered(b) & CAP_SSL, 0);
        enum gate_step step = bench_login(b, 1, BENCH_CAPS, plugin, auth);
        if (span_equal(auth, TEXT("\1"))) {
                return; /* the key comes first */
        }
        CU_ASSERT_EQUAL(step, GATE_SERVER_TLS);
        CU_ASSERT_EQUAL(bench_seen(b, SIDE_SERVER).len, 36);
        CU_ASSERT_EQUAL(gate_secured(b->gate, &b->out), GATE_GO);
        bench_note(b);
        CU_ASSERT_EQUAL(bench_seen(b, SIDE_SERVER).data[3], 2);
}

static void caching_from_plain_to_tls(void)
{
        struct gate_bench b;
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        BENCH_EACH_SPLIT(b)
        {
                begin_reverse(&b, "caching_sha2_password", TEXT("hash"));
                (void)bench_send(&b, SIDE_SERVER, 3, TEXT("\1\4"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 2, TEXT("\1\4")));
                (void)bench_send(&b, SIDE_CLIENT, 3, TEXT("\2"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 4, TEXT("\1KEY")));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 0);
                struct span secret = bench_masked(room, "secret", 7);
                memcpy(sealed + 1, secret.data, secret.len);
                (void)bench_send(&b, SIDE_CLIENT, 5, span_of(sealed, 8));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 4, TEXT("secret\0")));
                (void)bench_send(&b, SIDE_SERVER, 5, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 6, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_mediated(b.gate));
                bench_end(&b);
        }
        /* a client that has a key already: ours or nothing */
        b.split = 0;
        begin_reverse(&b, "caching_sha2_password", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 3, TEXT("\1\4"));
        CU_ASSERT_EQUAL(bench_send(&b, SIDE_CLIENT, 3, TEXT("X under another key")), GATE_REFUSE);
        bench_end(&b);
}

static void sha256_within_the_login(void)
{
        struct gate_bench b;
        struct login login;
        uint8_t room[64];
        uint8_t sealed[64] = "K";
        BENCH_EACH_SPLIT(b)
        {
                begin_reverse(&b, "sha256_password", TEXT("\1"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 2, TEXT("\1KEY")));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 0);
                struct span secret = bench_masked(room, "secret", 7);
                memcpy(sealed + 1, secret.data, secret.len);
                CU_ASSERT_EQUAL(bench_send(&b, SIDE_CLIENT, 3, span_of(sealed, 8)), GATE_SERVER_TLS);
                (void)bench_seen(&b, SIDE_SERVER);
                (void)gate_secured(b.gate, &b.out);
                CU_ASSERT_TRUE(login_parse(span_skip(b.out.to[SIDE_SERVER], 4), &login));
                CU_ASSERT_TRUE(span_equal(login.auth, TEXT("secret\0")) &&
                               (login.capabilities & CAP_SSL) != 0);
                CU_ASSERT_TRUE(span_equal(login.username, span_str("bob")) && login.attributes.len == 6);
                bench_end(&b);
        }
        b.split = 0;
        begin_reverse(&b, "sha256_password", TEXT("\1"));
        CU_ASSERT_EQUAL(bench_send(&b, SIDE_CLIENT, 3, TEXT("X under another key")), GATE_REFUSE);
        bench_end(&b);
        /* and from TLS to plain: the password is held, the server asked */
        begin_uneven(&b, "sha256_password", TEXT("secret\0"));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1PEM"));
        struct span secret = bench_masked(room, "secret", 7);
        sealed[0] = 'P';
        memcpy(sealed + 1, secret.data, secret.len);
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, span_of(sealed, 8)));
        bench_end(&b);
        begin_uneven(&b, "sha256_password", TEXT("\0")); /* without a password */
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        bench_end(&b);
}

static void switched_plugins(void)
{
        static const char change[] = "\xfe"
                                     "sha256_password\0ABCDEFGHIJKLMNOPQRST";
        static const char factor[] = "\2"
                                     "caching_sha2_password\0ABCDEFGHIJKLMNOPQRST";
        struct gate_bench b = {.split = 0};
        begin_uneven(&b, "mysql_native_password", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 2, span_of(change, sizeof change));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 3, span_of(change, sizeof change)));
        (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("x\0"));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("\1")));
        (void)bench_send(&b, SIDE_SERVER, 4, TEXT("\1PEM"));
        CU_ASSERT_TRUE(
            bench_is(bench_seen(&b, SIDE_SERVER), 5, TEXT("P\x39\x42"))); /* under the new scramble */
        (void)bench_send(&b, SIDE_SERVER, 6, span_of(factor, sizeof factor));
        (void)bench_send(&b, SIDE_CLIENT, 6, TEXT("hash"));
        (void)bench_seen(&b, SIDE_SERVER);
        (void)bench_send(&b, SIDE_SERVER, 8, TEXT("\1\4"));
        (void)bench_send(&b, SIDE_CLIENT, 8, TEXT("y\0"));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 9, TEXT("\2")));
        bench_end(&b);
        /* the old form of one byte; data of a plugin that looks like AuthNextFactor is none without the capability */
        begin_reverse(&b, "dialog", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 3, TEXT("\xfe"));
        (void)bench_send(&b, SIDE_CLIENT, 3, TEXT("old"));
        (void)bench_send(&b, SIDE_SERVER, 5, TEXT("\2caching_sha2_password\0ABCDEFGHIJKLMNOPQRST"));
        (void)bench_send(&b, SIDE_CLIENT, 5, TEXT(""));
        (void)bench_send(&b, SIDE_SERVER, 7, TEXT(""));
        (void)bench_send(&b, SIDE_SERVER, 8, TEXT("\1\4"));
        (void)bench_send(&b, SIDE_CLIENT, 8, TEXT("\2"));
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        bench_end(&b);
}

static void commands_that_do_not_wait(void)
{
        struct gate_bench b;
        BENCH_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)bench_send(&b, SIDE_CLIENT, 0, TEXT("\3SELECT 1"));
                CU_ASSERT_EQUAL(bench_seen(&b, SIDE_SERVER).len, 0);
                (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 0, TEXT("\3SELECT 1")));
                bench_end(&b);
        }
}

static void too_large_for_an_exchange(void)
{
        struct gate_bench b = {.split = 0};
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        (void)bench_feed(&b, SIDE_SERVER, TEXT("\xff\xff\xff\2x"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_reason(b.gate) != NULL);
        CU_ASSERT_EQUAL(bench_seen(&b, SIDE_CLIENT).len, 5 + 0);
        bench_end(&b);
}

static void answers_that_are_none(void)
{
        struct gate_bench b = {.split = 0};
        static char much[1500];
        memset(much, 'm', sizeof much);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash")); /* a password too long for any key */
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        much[sizeof much - 1] = '\0';
        (void)bench_send(&b, SIDE_CLIENT, 4, span_of(much, sizeof much));
        CU_ASSERT_EQUAL(bench_send(&b, SIDE_SERVER, 4, TEXT("\1PEM")), GATE_REFUSE);
        bench_end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash")); /* no NUL: not a password in clear */
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\1\4"));
        (void)bench_seen(&b, SIDE_SERVER);
        (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("no end"));
        CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 3, TEXT("no end")));
        (void)bench_send(&b, SIDE_SERVER, 4, TEXT("\1\3")); /* a word out of turn */
        (void)bench_send(&b, SIDE_SERVER, 5, TEXT("\1xy"));
        bench_end(&b);
        begin_reverse(&b, "sha256_password", TEXT("\1x")); /* neither a request nor an answer */
        CU_ASSERT_FALSE(gate_mediated(b.gate));
        bench_end(&b);
        /* an uneven session that is compressed has no packets to look at */
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED),
                          BENCH_CAPS | CAP_COMPRESS, "p");
        (void)bench_ssl_request(&b);
        (void)bench_login(&b, 2, BENCH_CAPS | CAP_SSL | CAP_COMPRESS, "p", TEXT("x"));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate) && gate_is_uneven(b.gate));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        bench_end(&b);
}

/* --- COM_CHANGE_USER -------------------------------------------------------------------------------------------------------- */

static void changes_user(void)
{
        static const char change[] = "\xfe"
                                     "caching_sha2_password\0ABCDEFGHIJKLMNOPQRST";
        struct gate_bench b;
        BENCH_EACH_SPLIT(b)
        {
                begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
                (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
                (void)bench_seen(&b, SIDE_CLIENT);
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("")));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\16")));
                CU_ASSERT_TRUE(gate_closes(b.gate, TEXT("\1")));
                (void)bench_feed(&b, SIDE_CLIENT, TEXT("\1\0\0\0\16")); /* it began like one */
                CU_ASSERT_TRUE(span_equal(bench_seen(&b, SIDE_SERVER), TEXT("\1\0\0\0\16")) &&
                               gate_is_open(b.gate));
                CU_ASSERT_TRUE(gate_closes(b.gate, TEXT("\x14\0\0\0")));
                CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\x14\0\0\0"))); /* it is */
                (void)bench_send(&b, SIDE_CLIENT, 0,
                                 TEXT("\x11"
                                      "bob\0\4hash\0\45\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 0,
                                        TEXT("\x11"
                                             "bob\0\4hash\0\45\0")));
                (void)bench_send(&b, SIDE_SERVER, 1, span_of(change, sizeof change));
                (void)bench_send(&b, SIDE_CLIENT, 2, TEXT("hash"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 2, TEXT("hash")));
                (void)bench_send(&b, SIDE_SERVER, 3, TEXT("\1\4"));
                (void)bench_send(&b, SIDE_CLIENT, 4, TEXT("z\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 4, TEXT("\2")));
                (void)bench_send(&b, SIDE_SERVER, 5, TEXT("\1PEM"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_SERVER), 6, TEXT("P\x3b\x42")));
                (void)bench_seen(&b, SIDE_CLIENT);
                (void)bench_send(&b, SIDE_SERVER, 7, TEXT("\0\0\0\2\0\0\0"));
                CU_ASSERT_TRUE(bench_is(bench_seen(&b, SIDE_CLIENT), 5, TEXT("\0\0\0\2\0\0\0")));
                CU_ASSERT_TRUE(gate_is_open(b.gate));
                bench_end(&b);
        }
}

/** A session that can't be closed again: it is compressed, even, or was given up. */
static void stays_open(void)
{
        struct gate_bench b = {.split = 0};
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED),
                          BENCH_CAPS | CAP_SSL | CAP_COMPRESS, "caching_sha2_password");
        (void)bench_ssl_request(&b);
        (void)bench_login(&b, 2, BENCH_CAPS | CAP_COMPRESS, "caching_sha2_password", TEXT("hash"));
        (void)bench_send(&b, SIDE_SERVER, 2, TEXT("\0\0\0\2\0\0\0"));
        CU_ASSERT_TRUE(gate_is_open(b.gate));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        bench_end(&b);
        (void)bench_begin(&b, bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_DISABLED), BENCH_CAPS,
                          "caching_sha2_password");
        (void)bench_login(&b, 1, BENCH_CAPS, "caching_sha2_password", TEXT("hash"));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11")));
        bench_end(&b);
        begin_uneven(&b, "caching_sha2_password", TEXT("hash"));
        CU_ASSERT_FALSE(gate_closes(b.gate, TEXT("\1\0\0\0\x11"))); /* within the login */
        (void)bench_send(&b, SIDE_SERVER, 9, TEXT(""));
        (void)bench_send(&b, SIDE_CLIENT, 9, TEXT(""));
        bench_end(&b);
}

/** A whole exchange; it ends early where memory does. */
static void whole_exchange(bool reverse, const char *plugin)
{
        struct gate_bench b = {.split = 0};
        uint8_t greeting[BENCH_BYTES];
        uint8_t login[BENCH_BYTES];
        bool sha256 = strcmp(plugin, "sha256_password") == 0;
        struct span auth = !sha256 ? TEXT("hash") : reverse ? TEXT("\1") : TEXT("secret\0");
        const struct {
                enum side from;
                uint8_t seq;
                struct span payload;
        } script[] = {
            {SIDE_SERVER, 0, bench_greeting(greeting, BENCH_CAPS | CAP_SSL, plugin)},
            {SIDE_CLIENT, reverse ? 1 : 2, bench_login_payload(login, BENCH_CAPS, plugin, auth)},
            {SIDE_SERVER, 3, TEXT("\1\4")},
            {SIDE_CLIENT, 3, reverse && !sha256 ? TEXT("\2") : TEXT("secret\0")},
            {SIDE_CLIENT, 3, TEXT("Ksecret")},
            {SIDE_SERVER, 4, TEXT("\1PEM")},
            {SIDE_SERVER, 5, TEXT("\0\0\0\2\0\0\0")},
        };
        b.policy = reverse ? bench_policy(GATE_CLIENT_DISABLED, GATE_SERVER_REQUIRED)
                           : bench_policy(GATE_CLIENT_PREFERRED, GATE_SERVER_DISABLED);
        b.gate = gate_new(&b.policy);
        enum gate_step step = b.gate == NULL ? GATE_NOMEM : GATE_GO;
        for (size_t i = 0; i < sizeof script / sizeof script[0] && step < GATE_REFUSE; i++) {
                if (i == 1 && !reverse) {
                        step = bench_ssl_request(&b);
                }
                if (sha256 && (i == 2 || i == 3)) {
                        continue;
                }
                step = step < GATE_REFUSE ? bench_send(&b, script[i].from, script[i].seq, script[i].payload)
                                          : step;
                if (step == GATE_SERVER_TLS) {
                        step = gate_secured(b.gate, &b.out);
                }
        }
        bench_end(&b);
}

/** A refusal; a greeting that is none; a packet larger than what is held at once. */
static void other_exchange(int kind)
{
        static const uint8_t large[BENCH_BYTES - 100] = {3};
        uint8_t room[BENCH_BYTES];
        struct gate_bench b = {.split = 0};
        b.policy = bench_policy(kind == 0 ? GATE_CLIENT_REQUIRED : GATE_CLIENT_PREFERRED,
                                kind == 2 ? GATE_SERVER_DISABLED : GATE_SERVER_AS_CLIENT);
        b.gate = gate_new(&b.policy);
        if (b.gate == NULL) {
                return;
        }
        struct span greeting = kind == 1
                                   ? TEXT("no greeting")
                                   : bench_greeting(room, BENCH_CAPS | CAP_SSL, "caching_sha2_password");
        enum gate_step step = bench_send(&b, SIDE_SERVER, 0, greeting);
        if (step == GATE_GO && kind == 2) {
                step = bench_ssl_request(&b);
        }
        if (step < GATE_REFUSE && kind != 1) {
                step = bench_login(&b, kind == 2 ? 2 : 1, BENCH_CAPS, "caching_sha2_password", TEXT("hash"));
        }
        if (step == GATE_GO && kind == 2) {
                (void)bench_send(&b, SIDE_SERVER, 3, span_of(large, sizeof large));
        }
        bench_end(&b);
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
    {"caching_sha2_password, from TLS to plain", caching_from_tls_to_plain},
    {"the fast path, and no password", fast_path_and_no_password},
    {"a server's key that is none", a_key_that_is_none},
    {"caching_sha2_password, from plain to TLS", caching_from_plain_to_tls},
    {"sha256_password within the login", sha256_within_the_login},
    {"switched plugins and further factors", switched_plugins},
    {"commands that do not wait for the login", commands_that_do_not_wait},
    {"a packet too large for an exchange", too_large_for_an_exchange},
    {"answers that are none", answers_that_are_none},
    {"COM_CHANGE_USER", changes_user},
    {"sessions that stay open", stays_open},
    {"each allocation fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("gate_auth", tests);
}
