/* The login as the dissector tells it: plugins and their steps, capabilities, how it ended; compression behind it. */
#include "mysql/dissect/login_script.h"
#include "mysql/wire/handshake.h"
#include "tap.h"

#include <stdlib.h>

static void request_ssl(struct script *s)
{
        uint8_t room[LOGIN_BYTES];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, LOGIN_CAPS, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
        script_go_on(s, writer_span(&w));
}

static struct script s;

static void paths(void)
{
        login_greet(&s, LOGIN_CAPS, "caching_sha2_password");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "caching_sha2_password");
        script_answer(&s, SPAN("\1\3"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"auth_path\":\"caching_sha2_password > fast path\"", "\"username\":\"bob\"",
                     "\"database\":\"shop\"", "\"client_capabilities\":[",
                     "\"auth_plugin\":\"caching_sha2_password\"");
        login_greet(&s, LOGIN_CAPS, "mysql_native_password");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "mysql_native_password");
        script_answer(&s, SPAN("\xfe"
                               "caching_sha2_password\0abcdefghijklmnopqrst"));
        script_go_on(&s, SPAN("hash"));
        script_answer(&s, SPAN("\1\4"));
        script_go_on(&s, SPAN("\2"));
        script_answer(&s, SPAN("\1-----BEGIN PUBLIC KEY-----"));
        script_go_on(&s, SPAN("sealed"));
        script_answer(&s, SPAN("\1\5")); /* not known to mean anything */
        script_answer_ok(&s);
        LOGIN_EXPECT(&s,
                     "\"mysql_native_password > caching_sha2_password > full authentication > public key\"");
        login_greet(&s, LOGIN_CAPS, "p");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer(&s, SPAN("\xfe")); /* the old form */
        script_go_on(&s, SPAN("old"));
        script_answer(&s, SPAN("\1x"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"auth_path\":\"p\"");
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"lint\""), 0);
        login_greet(&s, LOGIN_CAPS, "p");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer(&s, SPAN("\xfe"
                               "q\0abc"));
        script_go_on(&s, SPAN("new"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"rule\":\"not_agreed\"", "\"auth_path\":\"p > q\"");
        login_greet(&s, LOGIN_CAPS, "p"); /* but MariaDB does so here */
        login_send(&s, LOGIN_CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "eve\0\4hashother\0\x21\0"));
        script_answer(&s, SPAN("\xfe"
                               "q\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"username\":\"eve\"");
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"lint\""), 0);
}

static void factors_and_dialogs(void)
{
        login_greet(&s, LOGIN_CAPS, "p");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "p");
        script_answer(&s, SPAN("\2second\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer(&s, SPAN("\4Password: "));
        script_go_on(&s, SPAN("x"));
        script_answer(&s, SPAN(""));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"auth_path\":\"p > second\"", "COM_PING");
        login_greet(&s, LOGIN_CAPS & ~CAP_MULTI_FACTOR, "dialog");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "dialog");
        script_answer(&s, SPAN("\2Question: ")); /* without the capability that is the plugin's own */
        script_go_on(&s, SPAN("answer"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"auth_path\":\"dialog\"");
}

static void a_path_without_end(void)
{
        login_greet(&s, LOGIN_CAPS, "p");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "p");
        for (int i = 0; i < 100; i++) {
                script_answer(&s, SPAN("\xfe"
                                       "quite_a_long_name_of_a_plugin\0abc"));
                script_go_on(&s, SPAN("x"));
        }
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(script_count(records, "quite_a_long_name"), 8); /* 7 in the path, 1 the plugin */
        free(records);
}

static void within_tls(void)
{
        login_greet(&s, LOGIN_CAPS, "p");
        request_ssl(&s);
        login_send(&s, LOGIN_CAPS, "p");
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"event\":\"auth\"", "\"auth_path\":\"p\"");
        login_greet(&s, LOGIN_CAPS, "p");
        request_ssl(&s);
        request_ssl(&s);
        LOGIN_EXPECT(&s, "not a login of protocol 4.1");
        login_greet(&s, LOGIN_CAPS, "p");
        s.seq = 2;
        login_send(&s, LOGIN_CAPS, "p"); /* a number that is not its turn */
        LOGIN_EXPECT(&s, "not a login of protocol 4.1");
}

static void ends(void)
{
        login_greet(&s, LOGIN_CAPS, "p");
        LOGIN_EXPECT(&s, "\"reason\":\"the connection ended before the login\"", "\"server_capabilities\":[");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "p");
        LOGIN_EXPECT(&s, "\"reason\":\"the connection ended during authentication\"");
        script_answer(&s, SPAN("\xff\x15\4#28000Access denied"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(
            script_has(records, "\"errno\":1045,\"sqlstate\":\"28000\",\"error\":\"Access denied\""));
        CU_ASSERT_EQUAL(script_count(records, "\"event\":\"auth\""), 1);
        free(records);
        login_greet(&s, LOGIN_CAPS, "p");
        script_answer(&s, SPAN("\xff\xbe\17#HY000too slow")); /* while the login is awaited */
        records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"error\":\"too slow\""));
        CU_ASSERT_EQUAL(script_count(records, "\"event\":\"auth\""), 1);
        free(records);
        s.len = 0;
        s.seq = 0;
        script_answer(&s, SPAN("\xff\x10\4Too many connections")); /* instead of a greeting */
        LOGIN_EXPECT(&s, "\"errno\":1040", "\"error\":\"Too many connections\"");
}

static void what_can_not_be_followed(void)
{
        static const struct {
                struct span reply;
                const char *reason;
        } cases[] = {
            {{(const uint8_t *)"\0", 1}, "a malformed OK packet"},
            {{(const uint8_t *)"\xff\1", 2}, "a malformed ERR packet"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                login_greet(&s, LOGIN_CAPS, "p");
                login_send(&s, LOGIN_CAPS & ~CAP_SSL, "p");
                script_answer(&s, cases[i].reply);
                LOGIN_EXPECT(&s, cases[i].reason);
        }
        login_greet(&s, LOGIN_CAPS, "p");
        script_answer(&s, SPAN("\0\0\0\2\0\0\0"));
        LOGIN_EXPECT(&s, "a reply before the login");
        login_greet(&s, LOGIN_CAPS, "p");
        s.bytes[8] = 1; /* the greeting's number */
        LOGIN_EXPECT(&s, "not a greeting of protocol version 10");
}

static void lengths_with_rubbish(void)
{
        uint64_t caps = CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_ATTRS | CAP_MYSQL;
        static const struct span attributes[] = {
            {(const uint8_t *)"\xfe\4\0\0\0\1\0\0\0\1a\1b",
             13}, /* the length of all, of a name, of a value */
            {(const uint8_t *)"\x0c\xfe\1\0\0\0\1\0\0\0a\1b", 13},
            {(const uint8_t *)"\x0c\1a\xfe\1\0\0\0\0\0\0\1b", 13},
        };
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
                uint8_t room[LOGIN_BYTES];
                struct writer w = writer_over(room, sizeof room);
                writer_uint(&w, caps, 4);
                writer_uint(&w, 1 << 24, 4);
                writer_uint(&w, 45, 1);
                writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
                writer_bytes(&w, "bob\0\4hash", 9);
                writer_put(&w, attributes[i]);
                login_greet(&s, caps, "p");
                script_go_on(&s, writer_span(&w));
                script_answer_ok(&s);
                LOGIN_EXPECT(&s, "\"connect_attributes\":{\"a\":\"b\"}", "\"rule\":\"odd_length\"");
        }
}

static void what_the_ok_changes(void)
{
        login_greet(&s, LOGIN_CAPS | CAP_SESSION_TRACK, "p");
        login_send(&s, (LOGIN_CAPS & ~CAP_SSL) | CAP_SESSION_TRACK, "p");
        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\x43"
                               "\1\5\4next"
                               "\0\x1b\x14"
                               "character_set_client\5greek"
                               "\0\x1d\x15"
                               "character_set_results\6latin1"));
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"database\":\"next\",\"character_set\":\"greek\""));
        free(records);
}

static void changes_of_user(void)
{
        login_greet(&s, LOGIN_CAPS, "p");
        login_send(&s, LOGIN_CAPS & ~CAP_SSL, "p");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "eve\0\4hashother\0\x21\0q"));
        script_answer(&s, SPAN("\xfe"
                               "r\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"auth_plugin\":\"r\",\"auth_path\":\"q > r\"",
                     "\"username\":\"eve\",\"database\":\"other\"");
        script_send(&s, SPAN("\x11"
                             "eve"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "a malformed COM_CHANGE_USER");
}

/** The same of a COM_CHANGE_USER. */
static void a_change_of_user_with_rubbish(void)
{
        login_greet(&s, LOGIN_CAPS | CAP_CONNECT_ATTRS, "p");
        login_send(&s, (LOGIN_CAPS | CAP_CONNECT_ATTRS) & ~CAP_SSL, "p");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "eve\0\4hashother\0\x21\0q\0\xfe\4\0\0\0\1\0\0\0\1a\1b"));
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "\"rule\":\"odd_length\"", "\"username\":\"eve\"");
}

/* --- the packets themselves -------------------------------------------------------------------------------------------- */

static void logins_of_all_forms(void)
{
        static const uint64_t base = CAP_MYSQL | CAP_PROTOCOL_41 | CAP_PLUGIN_AUTH;
        static const uint64_t forms[] = {0, CAP_SECURE_CONNECTION, CAP_AUTH_LENENC,
                                         CAP_AUTH_LENENC | CAP_SECURE_CONNECTION};
        uint8_t long_auth[300];
        memset(long_auth, 'x', sizeof long_auth);
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                uint8_t room[LOGIN_BYTES];
                uint8_t again[LOGIN_BYTES];
                struct login login;
                struct writer w = writer_over(room, sizeof room);
                writer_uint(&w, base | forms[i], 4);
                writer_bytes(&w, "\0\0\0\1\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28);
                writer_bytes(&w, "bob", 4);
                writer_bytes(&w, forms[i] != 0 ? "\4hash" : "hash\0", 5);
                writer_bytes(&w, "plugin", 7);
                CU_ASSERT_TRUE(login_parse(writer_span(&w), &login));
                CU_ASSERT_TRUE(span_equal(login.auth, span_str("hash")));
                CU_ASSERT_TRUE(span_equal(login.auth_plugin, span_str("plugin")));
                struct writer other = writer_over(again, sizeof again);
                login_with_auth(writer_span(&w), &login, span_str("another"), &other);
                CU_ASSERT_TRUE(login_parse(writer_span(&other), &login));
                CU_ASSERT_TRUE(span_equal(login.auth, span_str("another")));
                CU_ASSERT_TRUE(span_equal(login.username, span_str("bob")));
                CU_ASSERT_TRUE(span_equal(login.auth_plugin, span_str("plugin")));
                if ((forms[i] & CAP_AUTH_LENENC) != 0) { /* others have no room for so much */
                        other = writer_over(again, sizeof again);
                        CU_ASSERT_TRUE(login_parse(writer_span(&w), &login));
                        login_with_auth(writer_span(&w), &login, span_of(long_auth, sizeof long_auth),
                                        &other);
                        CU_ASSERT_TRUE(login_parse(writer_span(&other), &login) && login.auth.len == 300);
                }
        }
        struct login login;
        CU_ASSERT_TRUE(change_user_parse(SPAN("\x11"
                                              "bob\0hash\0shop\0"),
                                         CAP_PROTOCOL_41, &login));
        CU_ASSERT_TRUE(span_equal(login.database, span_str("shop")) && login.collation_id == 0);
        struct span data;
        CU_ASSERT_EQUAL(auth_switch_plugin(SPAN("\xfe"), &data).len, 0);
        CU_ASSERT_TRUE(span_equal(auth_switch_plugin(SPAN("\xfeplugin\0data"), &data), span_str("plugin")));
        CU_ASSERT_TRUE(span_equal(data, span_str("data")));
}

static const struct tap_test tests[] = {
    {"the way of an authentication", paths},
    {"further factors and dialogs", factors_and_dialogs},
    {"a way without end is cut", a_path_without_end},
    {"logins within TLS", within_tls},
    {"how a login ends", ends},
    {"what can't be followed", what_can_not_be_followed},
    {"what the OK changes", what_the_ok_changes},
    {"COM_CHANGE_USER", changes_of_user},
    {"a change of user with rubbish in a length", a_change_of_user_with_rubbish},
    {"logins of all forms", logins_of_all_forms},
    {"lengths with more than 32 bits", lengths_with_rubbish},
};

int main(void)
{
        return TAP_RUN("login", tests);
}
