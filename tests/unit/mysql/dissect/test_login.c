/* The login as the dissector tells it: plugins and their steps, capabilities, how it ended; compression behind it. */
#include "mysql/dissect/dissect.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/handshake.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

enum { ROOM = 1024 };

#define CAPS                                                                                                 \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB | CAP_PLUGIN_AUTH |       \
         CAP_SSL | CAP_MULTI_FACTOR)

static void greet(struct script *s, uint64_t capabilities, const char *plugin)
{
        uint8_t room[ROOM];
        struct writer w = writer_over(room, sizeof room);
        s->len = 0;
        s->seq = 0;
        s->capabilities = capabilities;
        writer_bytes(&w,
                     "\x0a"
                     "9.9\0\7\0\0\0abcdefgh\0",
                     18);
        writer_uint(&w, capabilities, 2);
        writer_bytes(&w, "\xff\2\0", 3);
        writer_uint(&w, capabilities >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0", 24);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        script_answer(s, writer_span(&w));
}

static void log_in(struct script *s, uint64_t capabilities, const char *plugin)
{
        uint8_t room[ROOM];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, capabilities, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
        writer_bytes(&w, "bob\0\4hashshop", 14);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        script_go_on(s, writer_span(&w));
}

static void request_ssl(struct script *s)
{
        uint8_t room[ROOM];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, CAPS, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
        script_go_on(s, writer_span(&w));
}

/** Play it, and see that all of @p parts are told. */
static void expect(const struct script *s, const char *const *parts)
{
        char *records = script_play(s, 0);
        for (; *parts != NULL; parts++) {
                CU_ASSERT_TRUE(script_has(records, *parts));
        }
        free(records);
}

#define EXPECT(s, ...) expect((s), (const char *const[]){__VA_ARGS__, NULL})

static struct script s;

static unsigned count_records(const char *part)
{
        char *records = script_play(&s, 0);
        unsigned n = script_count(records, part);
        free(records);
        return n;
}

static void paths(void)
{
        greet(&s, CAPS, "caching_sha2_password");
        log_in(&s, CAPS & ~CAP_SSL, "caching_sha2_password");
        script_answer(&s, SPAN("\1\3"));
        script_answer_ok(&s);
        EXPECT(&s, "\"auth_path\":\"caching_sha2_password > fast path\"", "\"username\":\"bob\"",
               "\"database\":\"shop\"", "\"client_capabilities\":[",
               "\"auth_plugin\":\"caching_sha2_password\"");
        greet(&s, CAPS, "mysql_native_password");
        log_in(&s, CAPS & ~CAP_SSL, "mysql_native_password");
        script_answer(&s, SPAN("\xfe"
                               "caching_sha2_password\0abcdefghijklmnopqrst"));
        script_go_on(&s, SPAN("hash"));
        script_answer(&s, SPAN("\1\4"));
        script_go_on(&s, SPAN("\2"));
        script_answer(&s, SPAN("\1-----BEGIN PUBLIC KEY-----"));
        script_go_on(&s, SPAN("sealed"));
        script_answer(&s, SPAN("\1\5")); /* not known to mean anything */
        script_answer_ok(&s);
        EXPECT(&s, "\"mysql_native_password > caching_sha2_password > full authentication > public key\"");
        greet(&s, CAPS, "p");
        log_in(&s, CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer(&s, SPAN("\xfe")); /* the old form */
        script_go_on(&s, SPAN("old"));
        script_answer(&s, SPAN("\1x"));
        script_answer_ok(&s);
        EXPECT(&s, "\"auth_path\":\"p\"");
        CU_ASSERT_EQUAL(count_records("\"event\":\"lint\""), 0);
        greet(&s, CAPS, "p");
        log_in(&s, CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer(&s, SPAN("\xfe"
                               "q\0abc"));
        script_go_on(&s, SPAN("new"));
        script_answer_ok(&s);
        EXPECT(&s, "\"rule\":\"not_agreed\"", "\"auth_path\":\"p > q\"");
        greet(&s, CAPS, "p"); /* but MariaDB does so here */
        log_in(&s, CAPS & ~CAP_SSL & ~CAP_PLUGIN_AUTH, "");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "eve\0\4hashother\0\x21\0"));
        script_answer(&s, SPAN("\xfe"
                               "q\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer_ok(&s);
        EXPECT(&s, "\"username\":\"eve\"");
        CU_ASSERT_EQUAL(count_records("\"event\":\"lint\""), 0);
}

static void factors_and_dialogs(void)
{
        greet(&s, CAPS, "p");
        log_in(&s, CAPS & ~CAP_SSL, "p");
        script_answer(&s, SPAN("\2second\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer(&s, SPAN("\4Password: "));
        script_go_on(&s, SPAN("x"));
        script_answer(&s, SPAN(""));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        EXPECT(&s, "\"auth_path\":\"p > second\"", "COM_PING");
        greet(&s, CAPS & ~CAP_MULTI_FACTOR, "dialog");
        log_in(&s, CAPS & ~CAP_SSL, "dialog");
        script_answer(&s, SPAN("\2Question: ")); /* without the capability that is the plugin's own */
        script_go_on(&s, SPAN("answer"));
        script_answer_ok(&s);
        EXPECT(&s, "\"auth_path\":\"dialog\"");
}

static void a_path_without_end(void)
{
        greet(&s, CAPS, "p");
        log_in(&s, CAPS & ~CAP_SSL, "p");
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
        greet(&s, CAPS, "p");
        request_ssl(&s);
        log_in(&s, CAPS, "p");
        script_answer_ok(&s);
        EXPECT(&s, "\"event\":\"auth\"", "\"auth_path\":\"p\"");
        greet(&s, CAPS, "p");
        request_ssl(&s);
        request_ssl(&s);
        EXPECT(&s, "not a login of protocol 4.1");
        greet(&s, CAPS, "p");
        s.seq = 2;
        log_in(&s, CAPS, "p"); /* a number that is not its turn */
        EXPECT(&s, "not a login of protocol 4.1");
}

static void ends(void)
{
        greet(&s, CAPS, "p");
        EXPECT(&s, "\"reason\":\"the connection ended before the login\"", "\"server_capabilities\":[");
        log_in(&s, CAPS & ~CAP_SSL, "p");
        EXPECT(&s, "\"reason\":\"the connection ended during authentication\"");
        script_answer(&s, SPAN("\xff\x15\4#28000Access denied"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(
            script_has(records, "\"errno\":1045,\"sqlstate\":\"28000\",\"error\":\"Access denied\""));
        CU_ASSERT_EQUAL(script_count(records, "\"event\":\"auth\""), 1);
        free(records);
        greet(&s, CAPS, "p");
        script_answer(&s, SPAN("\xff\xbe\17#HY000too slow")); /* while the login is awaited */
        records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"error\":\"too slow\""));
        CU_ASSERT_EQUAL(script_count(records, "\"event\":\"auth\""), 1);
        free(records);
        s.len = 0;
        s.seq = 0;
        script_answer(&s, SPAN("\xff\x10\4Too many connections")); /* instead of a greeting */
        EXPECT(&s, "\"errno\":1040", "\"error\":\"Too many connections\"");
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
                greet(&s, CAPS, "p");
                log_in(&s, CAPS & ~CAP_SSL, "p");
                script_answer(&s, cases[i].reply);
                EXPECT(&s, cases[i].reason);
        }
        greet(&s, CAPS, "p");
        script_answer(&s, SPAN("\0\0\0\2\0\0\0"));
        EXPECT(&s, "a reply before the login");
        greet(&s, CAPS, "p");
        s.bytes[8] = 1; /* the greeting's number */
        EXPECT(&s, "not a greeting of protocol version 10");
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
                uint8_t room[ROOM];
                struct writer w = writer_over(room, sizeof room);
                writer_uint(&w, caps, 4);
                writer_uint(&w, 1 << 24, 4);
                writer_uint(&w, 45, 1);
                writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
                writer_bytes(&w, "bob\0\4hash", 9);
                writer_put(&w, attributes[i]);
                greet(&s, caps, "p");
                script_go_on(&s, writer_span(&w));
                script_answer_ok(&s);
                EXPECT(&s, "\"connect_attributes\":{\"a\":\"b\"}", "\"rule\":\"odd_length\"");
        }
}

static void what_the_ok_changes(void)
{
        greet(&s, CAPS | CAP_SESSION_TRACK, "p");
        log_in(&s, (CAPS & ~CAP_SSL) | CAP_SESSION_TRACK, "p");
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
        greet(&s, CAPS, "p");
        log_in(&s, CAPS & ~CAP_SSL, "p");
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "eve\0\4hashother\0\x21\0q"));
        script_answer(&s, SPAN("\xfe"
                               "r\0abc"));
        script_go_on(&s, SPAN("x"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        EXPECT(&s, "\"auth_plugin\":\"r\",\"auth_path\":\"q > r\"",
               "\"username\":\"eve\",\"database\":\"other\"");
        script_send(&s, SPAN("\x11"
                             "eve"));
        script_answer_ok(&s);
        EXPECT(&s, "a malformed COM_CHANGE_USER");
}

/* --- compression ------------------------------------------------------------------------------------------------------ */

static void put_raw(char mark, struct span bytes)
{
        struct writer w = writer_over(s.bytes + s.len, sizeof s.bytes - s.len);
        writer_char(&w, mark);
        writer_uint(&w, bytes.len, 4);
        writer_put(&w, bytes);
        s.len += w.at;
}

/** A login that can't be read, of @p bytes. */
static void log_in_with(struct span bytes)
{
        greet(&s, CAPS, "p");
        script_go_on(&s, bytes);
}

static void refusals_of_unreadable_logins(void)
{
        static const char http[] = "GET / HTTP/1.1\r\n\r\n";
        static const struct span logins[] = {{(const uint8_t *)"", 0},
                                             {(const uint8_t *)"\x85\xa6", 2},
                                             {(const uint8_t *)"\x05\xa6\0\0\0root\0", 10},
                                             {(const uint8_t *)http, sizeof http - 1}};
        for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
                log_in_with(logins[i]);
                script_go_on(&s, SPAN("something that nobody reads"));
                script_answer(&s, SPAN("\xff\x13\4#08S01Bad handshake"));
                script_answer(&s, SPAN("\xff\x13\4#08S01once is enough"));
                EXPECT(&s, "\"errno\":1043,\"sqlstate\":\"08S01\",\"error\":\"Bad handshake\"",
                       "\"reason\":\"the client's first packet is not a login of protocol 4.1\"",
                       "the session is opaque from here on: phase login");
                CU_ASSERT_EQUAL(count_records("\"event\":\"auth\""), 1);
        }
        /* a server that can read it, and one whose bytes are not packets */
        log_in_with(SPAN("\x85\xa6"));
        script_answer_ok(&s);
        script_answer(&s, SPAN("\xff\x13\4#08S01Bad handshake"));
        CU_ASSERT_EQUAL(count_records("\"event\":\"auth\""), 0);
        log_in_with(SPAN("\x85\xa6"));
        script_answer(&s, SPAN("\xff\x13"));
        CU_ASSERT_EQUAL(count_records("\"event\":\"auth\""), 0);
        log_in_with(SPAN("\x85\xa6"));
        put_raw('S', SPAN("\x16\3\3\xff\xff and so on, as TLS records do"));
        script_answer(&s, SPAN("\xff\x13\4#08S01Bad handshake"));
        CU_ASSERT_EQUAL(count_records("\"event\":\"auth\""), 0);
        CU_ASSERT_EQUAL(count_records("\"event\":\"notice\""), 1);
}

static void put_frame(char mark, uint8_t seq, struct span plain, bool lies)
{
        uint8_t room[ROOM];
        uLongf len = sizeof room - 7;
        CU_ASSERT_EQUAL_FATAL(compress2(room + 7, &len, plain.data, plain.len, 6), Z_OK);
        struct writer w = writer_over(room, 7);
        writer_uint(&w, len, 3);
        writer_uint(&w, seq, 1);
        writer_uint(&w, plain.len + (lies ? 1 : 0), 3);
        put_raw(mark, span_of(room, 7 + len));
}

static void begin_compressed(uint64_t algorithm)
{
        greet(&s, CAPS | algorithm, "p");
        log_in(&s, (CAPS & ~CAP_SSL) | algorithm, "p");
        script_answer_ok(&s);
}

static void compressed(void)
{
        begin_compressed(CAP_COMPRESS);
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 1\1\0\0\0\16"), false);
        put_frame('S', 1, SPAN("\7\0\0\1\0\0\0\2\0\0\0\7\0\0\1"), false);
        put_frame('S', 2, SPAN("\0\0\0\2\0\0\0"), false);
        EXPECT(&s, "\"compression\":\"zlib\"", "\"query\":\"SELECT 1\"", "\"command\":\"COM_PING\"");
        put_frame('C', 0, SPAN("\1\0\0\0\16"), true);
        EXPECT(&s, "a compressed frame that contains less than it announces");
        begin_compressed(CAP_ZSTD);
        put_raw('C', SPAN("\5\0\0\0\0\0\0\1\0\0\0\16"));
        EXPECT(&s, "\"compression\":\"zstd\"", "COM_PING");
        begin_compressed(CAP_ZSTD | CAP_COMPRESS);
        EXPECT(&s, "\"compression\":\"zlib\"");
        /* a client that does not wait can't know yet */
        greet(&s, CAPS | CAP_COMPRESS, "p");
        log_in(&s, (CAPS & ~CAP_SSL) | CAP_COMPRESS, "p");
        uint8_t seq = s.seq;
        script_send(&s, SPAN("\16"));
        s.seq = seq;
        script_answer_ok(&s);
        EXPECT(&s, "a client that did not wait for compression to begin");
}

/** The frames' own numbers: one that does not follow is told with the packet that it holds. */
static void frames_in_sequence(void)
{
        const struct {
                uint8_t client, server;
                unsigned lints;
        } cases[] = {{0, 1, 0}, {1, 2, 1}, {0, 3, 1}, {4, 7, 2}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                begin_compressed(CAP_COMPRESS);
                put_frame('C', cases[i].client, SPAN("\1\0\0\0\16"), false);
                put_frame('S', cases[i].server, SPAN("\7\0\0\1\0\0\0\2\0\0\0"), false);
                char *records = script_play(&s, 0);
                CU_ASSERT_EQUAL(script_count(records, "\"rule\":\"sequence_frame\""), cases[i].lints);
                free(records);
        }
        /* a packet over two frames, a file, a stream that the client answers, a change of user */
        begin_compressed(CAP_COMPRESS | CAP_LOCAL_FILES);
        put_frame('C', 0, SPAN("\x1b\0\0\0\3LOA"), false);
        put_frame('C', 1, SPAN("D DATA LOCAL INFILE 'x'"), false);
        put_frame('S', 2, SPAN("\2\0\0\1\xfbx"), false);
        put_frame('C', 3, SPAN("\2\0\0\2\x31\n"), false);
        put_frame('C', 4, SPAN("\0\0\0\3"), false);
        put_frame('S', 5, SPAN("\7\0\0\4\0\0\0\2\0\0\0"), false);
        put_frame('C', 0, SPAN("\x0d\0\0\0\x11u\0\0d\0\x08\0plug\0"), false);
        put_frame('S', 1, SPAN("\7\0\0\1\xfeplug\0s"), false);
        put_frame('C', 2, SPAN("\4\0\0\2hash"), false);
        put_frame('S', 3, SPAN("\7\0\0\3\0\0\0\2\0\0\0"), false);
        put_frame('C', 0, SPAN("\xb\0\0\0\x12\4\0\0\0\0\0\1\0\0\0"), false);
        put_frame('S', 1, SPAN("\5\0\0\1\0even"), false);
        put_frame('C', 0, SPAN("\x0d\0\0\0\xef\4\0\0\0\0\0\0\0log."), false);
        put_frame('S', 9, SPAN("\5\0\0\2\0even"), false);
        put_frame('S', 3, SPAN("\5\0\0\3\xfe\0\0\2\0"), false);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "COM_BINLOG_DUMP"));
        CU_ASSERT_EQUAL(script_count(records, "\"lint\""), 0);
        CU_ASSERT_EQUAL(script_count(records, "\"notice\""), 0);
        free(records);
}

/** The rest of the reply before is in frames that have nothing to do with the command that is followed again. */
static void frames_of_a_reply_that_is_skipped(void)
{
        begin_compressed(CAP_COMPRESS);
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 1"), false);
        put_frame('S', 1, SPAN("\4\0\0\1\xfc zz"), false);
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 2"), false);
        put_frame('S', 2, SPAN("\2\0\0\2\1x"), false);
        put_frame('S', 3, SPAN("\5\0\0\3\xfe\0\0\2\0"), false);
        put_frame('S', 1, SPAN("\7\0\0\1\0\5\0\2\0\0\0"), false);
        put_frame('C', 0, SPAN("\1\0\0\0\16"), false);
        put_frame('S', 2, SPAN("\7\0\0\1\0\0\0\2\0\0\0"), false); /* 1 would be right */
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "the session is followed again"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 2\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        CU_ASSERT_TRUE(script_has(records, "COM_PING"));
        CU_ASSERT_EQUAL(script_count(records, "\"lint\""), 1);
        free(records);
}

/** Compressed packets are not numbered in order: if a command waits, an EOF behind the columns is the end of the result. */
static void an_early_eof_and_a_command_that_waits(void)
{
        begin_compressed(CAP_COMPRESS | CAP_DEPRECATE_EOF);
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 1\1\0\0\0\16"), false);
        put_frame('S', 1,
                  SPAN("\1\0\0\1\1\x1c\0\0\2\3def\2db\1t\1t\1a\1a\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0"
                       "\5\0\0\3\xfe\0\0\2\0"),
                  false);
        put_frame('S', 2, SPAN("\7\0\0\1\0\0\0\2\0\0\0"), false);
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"rows\":0"));
        CU_ASSERT_TRUE(script_has(records, "COM_PING"));
        CU_ASSERT_PTR_NULL(strstr(records, "the connection ended before the reply did"));
        free(records);
}

static void every_allocation_fails_once(void)
{
        greet(&s, CAPS | CAP_COMPRESS | CAP_SESSION_TRACK, "p");
        log_in(&s, (CAPS & ~CAP_SSL) | CAP_COMPRESS | CAP_SESSION_TRACK, "p");
        script_answer(&s, SPAN("\0\0\0\x02\x40\0\0\0\x07\1\5\4SHOP"));
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 1\1\0\0\0\16"), false);
        put_frame('S', 1, SPAN("\7\0\0\1\0\0\0\2\0\0\0\7\0\0\1"), false);
        const struct tape_options options = {.without_gate = true, .split = 1};
        int64_t before = prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                         prof_read(STAGE_FRAME, LIB_COUNT).current_count_used;
        prof_fail_nth(1000000);
        free(tape_records(span_of(s.bytes, s.len), &options));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 10);
        for (uint64_t n = 2; n <= all; n++) { /* the first is the dissector itself */
                prof_fail_nth(n);
                free(tape_records(span_of(s.bytes, s.len), &options));
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                            prof_read(STAGE_FRAME, LIB_COUNT).current_count_used,
                        before);
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
                uint8_t room[ROOM];
                uint8_t again[ROOM];
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
    {"refusals of logins that can't be read", refusals_of_unreadable_logins},
    {"what the OK changes", what_the_ok_changes},
    {"COM_CHANGE_USER", changes_of_user},
    {"compressed sessions", compressed},
    {"numbers of compressed frames", frames_in_sequence},
    {"compressed frames of a reply that is skipped", frames_of_a_reply_that_is_skipped},
    {"an early EOF, compressed, and a command that waits", an_early_eof_and_a_command_that_waits},
    {"each allocation fails once", every_allocation_fails_once},
    {"logins of all forms", logins_of_all_forms},
    {"lengths with more than 32 bits", lengths_with_rubbish},
};

int main(void)
{
        return TAP_RUN("login", tests);
}
