/* Compressed sessions: what a login agrees on, and the frames that follow it. */
#include "mysql/dissect/login_script.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

static struct script s;

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
        login_greet(&s, LOGIN_CAPS, "p");
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
                LOGIN_EXPECT(&s, "\"errno\":1043,\"sqlstate\":\"08S01\",\"error\":\"Bad handshake\"",
                             "\"reason\":\"the client's first packet is not a login of protocol 4.1\"",
                             "the session is opaque from here on: phase login");
                CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"auth\""), 1);
        }
        /* a server that can read it, and one whose bytes are not packets */
        log_in_with(SPAN("\x85\xa6"));
        script_answer_ok(&s);
        script_answer(&s, SPAN("\xff\x13\4#08S01Bad handshake"));
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"auth\""), 0);
        log_in_with(SPAN("\x85\xa6"));
        script_answer(&s, SPAN("\xff\x13"));
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"auth\""), 0);
        log_in_with(SPAN("\x85\xa6"));
        put_raw('S', SPAN("\x16\3\3\xff\xff and so on, as TLS records do"));
        script_answer(&s, SPAN("\xff\x13\4#08S01Bad handshake"));
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"auth\""), 0);
        CU_ASSERT_EQUAL(login_count(&s, "\"event\":\"notice\""), 1);
}

static void put_frame(char mark, uint8_t seq, struct span plain, bool lies)
{
        uint8_t room[LOGIN_BYTES];
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
        login_greet(&s, LOGIN_CAPS | algorithm, "p");
        login_send(&s, (LOGIN_CAPS & ~CAP_SSL) | algorithm, "p");
        script_answer_ok(&s);
}

static void compressed(void)
{
        begin_compressed(CAP_COMPRESS);
        put_frame('C', 0, SPAN("\x9\0\0\0\3SELECT 1\1\0\0\0\16"), false);
        put_frame('S', 1, SPAN("\7\0\0\1\0\0\0\2\0\0\0\7\0\0\1"), false);
        put_frame('S', 2, SPAN("\0\0\0\2\0\0\0"), false);
        LOGIN_EXPECT(&s, "\"compression\":\"zlib\"", "\"query\":\"SELECT 1\"", "\"command\":\"COM_PING\"");
        put_frame('C', 0, SPAN("\1\0\0\0\16"), true);
        LOGIN_EXPECT(&s, "a compressed frame that contains less than it announces");
        begin_compressed(CAP_ZSTD);
        put_raw('C', SPAN("\5\0\0\0\0\0\0\1\0\0\0\16"));
        LOGIN_EXPECT(&s, "\"compression\":\"zstd\"", "COM_PING");
        begin_compressed(CAP_ZSTD | CAP_COMPRESS);
        LOGIN_EXPECT(&s, "\"compression\":\"zlib\"");
        /* a client that does not wait can't know yet */
        login_greet(&s, LOGIN_CAPS | CAP_COMPRESS, "p");
        login_send(&s, (LOGIN_CAPS & ~CAP_SSL) | CAP_COMPRESS, "p");
        uint8_t seq = s.seq;
        script_send(&s, SPAN("\16"));
        s.seq = seq;
        script_answer_ok(&s);
        LOGIN_EXPECT(&s, "a client that did not wait for compression to begin");
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
        login_greet(&s, LOGIN_CAPS | CAP_COMPRESS | CAP_SESSION_TRACK, "p");
        login_send(&s, (LOGIN_CAPS & ~CAP_SSL) | CAP_COMPRESS | CAP_SESSION_TRACK, "p");
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

static const struct tap_test tests[] = {
    {"refusals of logins that can't be read", refusals_of_unreadable_logins},
    {"compressed sessions", compressed},
    {"numbers of compressed frames", frames_in_sequence},
    {"compressed frames of a reply that is skipped", frames_of_a_reply_that_is_skipped},
    {"an early EOF, compressed, and a command that waits", an_early_eof_and_a_command_that_waits},
    {"each allocation fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("compressed", tests);
}
