/* An opaque session is followed again once all its replies have come. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct script s;

static int count(const char *records, const char *part)
{
        int n = 0;
        for (; (records = strstr(records, part)) != NULL; records++) {
                n++;
        }
        return n;
}

/** Play it whole and in pieces of several sizes: the records must be the same. @return them; the caller frees them. */
static char *play(struct tape_options options)
{
        static const size_t splits[] = {1, 3, 7};
        char *whole = tape_records(span_of(s.bytes, s.len), &options);
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
                options.split = splits[i];
                char *parts = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_STRING_EQUAL(whole, parts);
                free(parts);
        }
        return whole;
}

/** Append a packet of the server with any sequence number. */
static void answer_with(uint8_t seq, struct span payload)
{
        s.seq = seq;
        script_answer(&s, payload);
}

/** Append bytes that are not a whole packet; @p mark is 'C' or 'S'. */
static void put_part(char mark, struct span bytes)
{
        struct writer w = writer_over(s.bytes + s.len, sizeof s.bytes - s.len);
        writer_char(&w, mark);
        writer_uint(&w, bytes.len, 4);
        writer_put(&w, bytes);
        CU_ASSERT_FALSE_FATAL(w.failed);
        s.len += w.at;
}

/** The session becomes opaque once two commands are answered: a limit of two is exceeded by "C", and "D" follows it. */
static void lose(const char *text)
{
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3B"));
        script_send(&s, SPAN("\3SELECT 'C'"));
        script_send(&s, span_str(text));
}

static void answer_ok(void)
{
        answer_with(1, SPAN("\0\0\0\2\0\0\0"));
}

static const char opaque[] = "the session is opaque";
static const char again[] = "\"reason\":\"the session is followed again\"";

static void a_full_queue_drains(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        script_send(&s, SPAN("\3SELECT 'too early'"));
        answer_ok();
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_EQUAL(count(records, "\"event\":\"query\""), 3);
        CU_ASSERT_EQUAL(count(records, "\"bytes_received\":11"), 3);
        CU_ASSERT_PTR_NULL(strstr(records, "not followed to its end"));
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(script_has(
            records, "3 commands of 0.000000 s are not logged, because of: more commands in flight than"));
        CU_ASSERT_TRUE(script_has(records, "\"dropped\":3"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'E'\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        free(records);
}

/** Bytes with several packets, of which one is the end of what was followed. */
static void check_one_piece(struct span replies)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        put_part('S', replies);
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_TRUE(script_has(records, "\"dropped\":2"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'E'\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        free(records);
}

/** Append what the pieces of the script from the offset @p at on contain to @p room. */
static size_t take_pieces(size_t at, uint8_t *room, size_t size)
{
        struct writer w = writer_over(room, size);
        while (at < s.len) {
                enum { HEAD = 5 };
                size_t n = s.bytes[at + 1] | (size_t)s.bytes[at + 2] << 8;
                writer_bytes(&w, s.bytes + at + HEAD, n);
                at += HEAD + n;
        }
        CU_ASSERT_FALSE_FATAL(w.failed);
        return w.at;
}

static void replies_in_one_piece(void)
{
        uint8_t room[1024];
        for (int has_rows = 0; has_rows < 2; has_rows++) {
                script_open(&s, 0, 45);
                size_t at = s.len;
                answer_ok();
                if (has_rows) {
                        answer_with(1, SPAN("\1"));
                        script_answer_column(&s, "a", 253, 0, 45);
                        script_answer_eof(&s);
                        script_answer(&s, SPAN("\1x"));
                        script_answer_eof(&s);
                } else {
                        answer_ok();
                }
                answer_ok();
                answer_ok();
                check_one_piece(span_of(room, take_pieces(at, room, sizeof room)));
        }
}

/** Half of a command that is missed is answered with an error: the rest of it is awaited, but no other reply. */
static void an_early_answer(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 2; i++) {
                answer_ok();
        }
        answer_ok();
        put_part('C', SPAN("\x14\0\0\0\3SELECT 'early"));
        answer_ok();
        answer_with(1, SPAN("\xff\x81\x04#08S01too large"));
        put_part('C', SPAN("'     "));
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'E'\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        free(records);
}

/** From when to when: the notice has the time at which it began, and how long it took. */
static void the_time(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 4; i++) {
                answer_ok();
        }
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_ok();
        struct tape_options options = {.pipeline = 2, .tick_ns = 1000000};
        char *records = tape_records(span_of(s.bytes, s.len), &options);
        CU_ASSERT_TRUE(script_has(records, "\"duration_us\":6000"));
        CU_ASSERT_TRUE(script_has(records, "2 commands of 0.006000 s"));
        free(records);
}

/** What cannot be read is not the end. */
static void an_unreadable_reply(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\xfc zz"));
        script_answer(&s, SPAN("more of it"));
        script_send(&s, SPAN("\3SELECT 'next'"));
        script_answer_ok(&s);
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(script_has(records, "\"dropped\":0"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'next'\""));
        free(records);
}

/** A server that cannot be read again and again is asked less and less often. */
static void it_happens_again(void)
{
        script_open(&s, 0, 45);
        for (int i = 0; i < 100; i++) {
                script_send(&s, SPAN("\3SELECT 1"));
                script_answer(&s, SPAN("\xfc zz"));
        }
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 7);
        CU_ASSERT_EQUAL(count(records, "\"event\":\"query\""), 7);
        CU_ASSERT_TRUE(script_has(records, "\"reason\":\"the session ended before it was followed again\""));
        free(records);
}

/** Replies of 255, 256 and 257 packets: the numbers start over. */
static void long_replies(void)
{
        for (int packets = 254; packets <= 258; packets++) {
                script_open(&s, 0, 45);
                lose("\3SELECT 'D'");
                answer_ok();
                answer_ok();
                for (int i = 1; i < packets; i++) {
                        answer_with((uint8_t)i, SPAN("\1x"));
                }
                answer_with((uint8_t)packets, SPAN("\xfe\0\0\2\0"));
                script_send(&s, SPAN("\3SELECT 'too early'"));
                answer_ok();
                script_send(&s, SPAN("\3SELECT 'too early'"));
                answer_ok();
                answer_ok();
                script_send(&s, SPAN("\3SELECT 'E'"));
                answer_ok();
                char *records = play((struct tape_options){.pipeline = 2});
                CU_ASSERT_TRUE(script_has(records, "\"dropped\":4"));
                CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'E'\""));
                free(records);
        }
}

/** The reply before is still being sent: it is not that of the command that is followed. */
static void the_rest_of_a_reply(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        answer_with(1, SPAN("\1"));
        script_send(&s, SPAN("\3SELECT 'E'"));
        script_send(&s, SPAN("\3SELECT 'F'"));
        answer_with(2, SPAN("\3def"));
        answer_with(3, SPAN("\xfe\0\0\2\0"));
        answer_with(4, SPAN("\xfe\0\0\2\0"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        answer_with(1, SPAN("\0\6\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(records, "\"query\":\"SELECT 'E'\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(strstr(records, "\"query\":\"SELECT 'E'\""), "\"affected_rows\":5"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(records, "\"query\":\"SELECT 'F'\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(strstr(records, "\"query\":\"SELECT 'F'\""), "\"affected_rows\":6"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        free(records);
}

/** What is left of the reply of a command that was missed: it may have asked for passwords. A packet of which only a part comes begins
 *  before the session is followed again. */
static void the_rest_of_a_reply_is_not_shown(void)
{
        script_open(&s, 0, 45);
        lose("\3SHOW GRANTS");
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        answer_with(1, SPAN("\1"));
        put_part('S', SPAN("\x40\0\0\2\3def"));
        script_send(&s, SPAN("\3SELECT 'E'"));
        put_part('S', SPAN("hunter2"));
        char *records = play((struct tape_options){.pipeline = 2, .packet_bytes = 64});
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(script_has(records, "server packet seq 2 length 64 cut off (cut off):\n"));
        free(records);
        s.len -= 7 + 5;
        put_part('S', SPAN("hunter2 and all the rest of the packet, which has 64 bytes.."));
        answer_with(3, SPAN("\7hunter2"));
        records = play((struct tape_options){.pipeline = 2, .packet_bytes = 64});
        CU_ASSERT_TRUE(script_has(records, "server packet seq 3 length 8 "));
        CU_ASSERT_PTR_NULL(strstr(records, "68 75 6e 74")); /* hunt */
        free(records);
}

/** Play @p command while the session is opaque, then "E" without a database of its own. @return the record of "E" and what follows. */
static const char *after(const char *command, size_t len, int replies, char **records)
{
        script_open(&s, CAP_CONNECT_WITH_DB, 45);
        script_prepare(&s, 7, "SELECT ?", 1);
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3SELECT 'B'"));
        script_send(&s, SPAN("\3SELECT 'C'"));
        answer_ok();
        answer_ok();
        script_send(&s, span_of(command, len));
        for (int i = 0; i < replies; i++) {
                answer_ok();
        }
        answer_ok();
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_ok();
        *records = play((struct tape_options){.pipeline = 2});
        const char *at = strstr(*records, again);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        return strchr(at, '\n');
}

#define AFTER(command, replies) after(command, sizeof(command) - 1, replies, &records)

/** What the commands that were missed may have changed is unknown, and nothing else is. */
static void what_is_known(void)
{
        char *records;
        const char *known = "\"stmt_prepare_query\":\"SELECT ?\",\"stmt_execute_values\":[7]";
        const char *rest = AFTER("\x0e", 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(rest, known));
        free(records);
        rest = AFTER("\x19\7\0\0\0", 0); /* closed */
        CU_ASSERT_PTR_NULL(strstr(rest, "SELECT ?"));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(rest, "\"reason\":\"the prepared statement is not known: the session was not followed"));
        free(records);
        rest = AFTER("\x18\7\0\0\0\0\0long data", 0); /* executions that are misread without it */
        CU_ASSERT_PTR_NULL(strstr(rest, "stmt_execute_values\":[7]"));
        free(records);
        rest = AFTER("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0", 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(rest, known));
        free(records);
        rest = AFTER("\x1f", 1); /* COM_RESET_CONNECTION */
        CU_ASSERT_PTR_NULL(strstr(rest, "SELECT ?"));
        CU_ASSERT_PTR_NOT_NULL(strstr(rest, "\"username\""));
        free(records);
        rest = AFTER("\x11user\0\0", 1); /* COM_CHANGE_USER */
        CU_ASSERT_PTR_NULL(strstr(rest, "\"username\""));
        free(records);
}

/** The session becomes opaque in the middle of a command of which too little is kept to tell which statement it refers to. */
static void half_a_command(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 7, "SELECT ?", 2);
        script_send(&s, SPAN("\3SELECT 'A'"));
        put_part('C', SPAN("\x10\0\0\0\x18\7\0"));
        answer_with(1, SPAN("\xfc zz"));
        put_part('C', SPAN("\0\0\0\0long data"));
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\3\0\7\0\0\0"));
        answer_ok();
        char *records = play((struct tape_options){.pipeline = 8});
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(script_has(records, "\"dropped\":1"));
        CU_ASSERT_TRUE(script_has(
            records, "\"reason\":\"the prepared statement is not known: the session was not followed"));
        CU_ASSERT_PTR_NULL(strstr(records, "stmt_execute_values"));
        free(records);
}

/** An EOF that was awaited before the session became opaque is not taken for one of the reply that is skipped. */
static void an_eof_that_was_awaited(void)
{
        script_open(&s, CAP_DEPRECATE_EOF, 45);
        script_prepare(&s, 7, "SELECT ?", 1);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        answer_with(1, SPAN("\1"));
        answer_with(2, SPAN("\3def"));
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_with(3, SPAN("\xfe\0\0\2\0"));
        answer_with(4, SPAN("\1x"));
        answer_with(5, SPAN("\xfe\0\0\2\0\0\0"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'E'\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        free(records);
}

/** The session becomes opaque again while the reply before is still being sent, whose numbers start over. */
static void the_rest_of_a_reply_again(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        for (int i = 1; i <= 256; i++) {
                answer_with((uint8_t)i, SPAN("\1x"));
        }
        script_send(&s, SPAN("\3SELECT 'E'"));
        script_send(&s, SPAN("\3SELECT 'F'"));
        script_send(&s, SPAN("\3SELECT 'G'"));
        script_send(&s, SPAN("\3SELECT 'H'")); /* opaque again */
        answer_with(1, SPAN("\1x"));
        answer_with(2, SPAN("\xfe\0\0\2\0"));
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        script_send(&s, SPAN("\3SELECT 'too early'"));
        answer_ok();
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'I'"));
        answer_with(1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 3});
        CU_ASSERT_EQUAL(count(records, opaque), 2);
        CU_ASSERT_PTR_NULL(strstr(records, "too early"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'I'\""));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        free(records);
}

/** The default database and the character set, if @p text was missed. */
static bool are_unknown_after(const char *text)
{
        script_open(&s, CAP_CONNECT_WITH_DB, 45);
        script_send(&s, SPAN("\2shop"));
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'A'"));
        script_send(&s, SPAN("\3SELECT 'B'"));
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'A'"));
        answer_with(1, SPAN("\xfc zz"));
        script_send(&s, span_str(text));
        answer_ok();
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_ok();
        char *records = play((struct tape_options){.pipeline = 8});
        const char *at = strstr(records, "\"query\":\"SELECT 'E'\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        while (at[-1] != '\n') {
                at--;
        }
        bool unknown = strstr(at, "\"database_unknown\":true") != NULL;
        CU_ASSERT_EQUAL(strstr(at, "\"database\":\"shop\"") != NULL, !unknown);
        CU_ASSERT_EQUAL(strstr(at, "\"character_set\"") != NULL, !unknown);
        free(records);
        return unknown;
}

static void database_and_charset(void)
{
        CU_ASSERT_FALSE(are_unknown_after("\3SELECT 1"));
        CU_ASSERT_FALSE(are_unknown_after("\3UPDATE t SET a = 1"));
        CU_ASSERT_TRUE(are_unknown_after("\3USE other"));
        CU_ASSERT_TRUE(are_unknown_after("\3SET NAMES latin1"));
        CU_ASSERT_TRUE(are_unknown_after("\2other"));
}

/** Play an execution and another command, then @p missed, which exceeds the limit, and the replies. @return the records. */
static char *play_missed(const char *missed, size_t len, int replies)
{
        script_open(&s, CAP_CONNECT_WITH_DB, 45);
        script_prepare(&s, 7, "SELECT ?", 1);
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\6\0\0\0"));
        script_send(&s, SPAN("\3SELECT 'B'"));
        script_send(&s, span_of(missed, len));
        for (int i = 0; i < 2 + replies; i++) {
                answer_ok();
        }
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        answer_ok();
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_ok();
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(
            script_has(records, "\"stmt_prepare_query\":\"SELECT ?\",\"stmt_execute_values\":[6]"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'B'\""));
        return records;
}

#define PLAY_MISSED(missed, replies) play_missed(missed, sizeof(missed) - 1, replies)

/** What is missed does not change what is known of the commands before it, which are still followed. */
static void what_waits(void)
{
        char *records = PLAY_MISSED("\x0e", 1);
        CU_ASSERT_TRUE(script_has(records, "\"SELECT ?\",\"stmt_execute_values\":[7]"));
        free(records);
        records = PLAY_MISSED("\x19\7\0\0\0", 0); /* closed */
        CU_ASSERT_EQUAL(count(records, "stmt_prepare_query"), 1);
        free(records);
        records = PLAY_MISSED("\x18\7\0\0\0\0\0long data", 0);
        CU_ASSERT_EQUAL(count(records, "stmt_prepare_query"), 1);
        free(records);
        records = PLAY_MISSED("\x17\xff\xff\xff\xff\0\1\0\0\0", 1); /* whichever was prepared last */
        CU_ASSERT_EQUAL(count(records, "stmt_prepare_query"), 1);
        free(records);
        records = PLAY_MISSED("\x1f", 1); /* COM_RESET_CONNECTION */
        CU_ASSERT_EQUAL(count(records, "stmt_prepare_query"), 1);
        free(records);
        records = PLAY_MISSED("\x11user\0\0", 1); /* COM_CHANGE_USER */
        CU_ASSERT_EQUAL(count(records, "stmt_prepare_query"), 1);
        CU_ASSERT_PTR_NULL(strstr(strstr(records, again), "\"username\""));
        CU_ASSERT_EQUAL(count(records, "\"username\""), 4); /* up to B */
        free(records);
}

/** Several statements are used by commands that are missed, one of them twice. */
static void what_waits_of_several(void)
{
        script_open(&s, 0, 45);
        for (uint8_t id = 7; id < 10; id++) {
                script_prepare(&s, id, "SELECT ?", 1);
        }
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3B"));
        script_send(&s, SPAN("\x19\7\0\0\0"));
        script_send(&s, SPAN("\x17\x08\0\0\0\0\1\0\0\0\0\1\3\0\6\0\0\0"));
        script_send(&s, SPAN("\x19\x09\0\0\0"));
        script_send(&s, SPAN("\x19\x08\0\0\0"));
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        for (uint8_t id = 7; id < 10; id++) {
                const uint8_t execution[] = {0x17, id, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 0, 7, 0, 0, 0};
                script_send(&s, span_of(execution, sizeof execution));
                answer_ok();
        }
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_PTR_NULL(strstr(records, "stmt_prepare_query"));
        CU_ASSERT_EQUAL(count(records, "the prepared statement is not known"), 3);
        free(records);
}

/** A stream of events is never followed again if it is missed; if not, it does not end. */
static void never_again(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3B"));
        script_send(&s, SPAN("\x12\0\0\0\0\0\0\1\0\0\0")); /* COM_BINLOG_DUMP */
        for (int i = 0; i < 3; i++) {
                answer_ok();
        }
        script_send(&s, SPAN("\3SELECT 'E'"));
        answer_ok();
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_PTR_NULL(strstr(records, again));
        CU_ASSERT_PTR_NULL(strstr(records, "SELECT 'E'"));
        free(records);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\x12\0\0\0\0\0\0\1\0\0\0"));
        script_send(&s, SPAN("\3B"));
        answer_ok();
        answer_with(1, SPAN("\0event"));
        records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_PTR_NULL(strstr(records, opaque));
        CU_ASSERT_TRUE(script_has(records, "\"command\":\"COM_BINLOG_DUMP\""));
        CU_ASSERT_TRUE(script_has(records, "\"reason\":\"the session ended before it was followed again\""));
        CU_ASSERT_TRUE(
            script_has(records, "1 commands of 0.000000 s are not logged, because of: more commands"));
        free(records);
}

static void the_end(void)
{
        script_open(&s, 0, 45);
        lose("\3SELECT 'D'");
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, "\"reason\":\"the session ended before it was followed again\""));
        CU_ASSERT_TRUE(script_has(records, "\"dropped\":2"));
        free(records);
}

/* --- compressed sessions --------------------------------------------------------------------------------------------- */

static uint8_t inner[4096];
static struct writer w;

/** Append a packet to the next frame. */
static void add(uint8_t seq, struct span payload)
{
        writer_uint(&w, payload.len, 3);
        writer_uint(&w, seq, 1);
        writer_put(&w, payload);
}

/** A frame with the bytes that were added, which are stored as they are. */
static void flush(char mark, uint8_t frame_seq)
{
        uint8_t room[sizeof inner + 7];
        struct writer frame = writer_over(room, sizeof room);
        writer_uint(&frame, w.at, 3);
        writer_uint(&frame, frame_seq, 1);
        writer_uint(&frame, 0, 3);
        writer_put(&frame, writer_span(&w));
        put_part(mark, writer_span(&frame));
        w = writer_over(inner, sizeof inner);
}

static void send_frame(const char *text)
{
        add(0, span_str(text));
        flush('C', 0);
}

static void answer_frame(uint8_t frame_seq, uint8_t seq, struct span payload)
{
        add(seq, payload);
        flush('S', frame_seq);
}

#define OK_MORE SPAN("\0\0\0\x0a\0\0\0")
#define OK_LAST SPAN("\0\0\0\2\0\0\0")

/** The session becomes opaque, and A and B are answered: C and D are not yet. */
static void lose_compressed(void)
{
        w = writer_over(inner, sizeof inner);
        script_open(&s, CAP_COMPRESS, 45);
        send_frame("\3A");
        send_frame("\3B");
        send_frame("\3SELECT 'C'");
        send_frame("\3SELECT 'D'");
        answer_frame(1, 1, OK_LAST);
        answer_frame(1, 1, OK_LAST);
}

/** "E" has been followed, and its reply is the one that affected five rows. */
static void check_compressed(int dropped)
{
        char missed[32];
        (void)snprintf(missed, sizeof missed, "\"dropped\":%d", dropped);
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_EQUAL(count(records, opaque), 1);
        CU_ASSERT_TRUE(script_has(records, again));
        CU_ASSERT_TRUE(script_has(records, missed));
        CU_ASSERT_PTR_NULL(strstr(records, "too early"));
        const char *at = strstr(records, "\"query\":\"SELECT 'E'\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        CU_ASSERT_PTR_NOT_NULL(strstr(at, "\"affected_rows\":5"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        free(records);
}

/** Several results: the packets of each begin with the number of its frame. */
static void compressed_results(void)
{
        lose_compressed();
        answer_frame(1, 1, OK_LAST);
        add(1, SPAN("\1"));
        add(2, SPAN("\3def"));
        add(3, SPAN("\xfe\0\0\2\0"));
        add(4, SPAN("\1x"));
        add(5, SPAN("\xfe\0\0\x0a\0"));
        flush('S', 1);
        send_frame("\3SELECT 'E'");
        add(2, SPAN("\1"));
        add(3, SPAN("\3def"));
        add(4, SPAN("\xfe\0\0\2\0"));
        add(5, SPAN("\xfe\0\0\2\0"));
        flush('S', 2);
        answer_frame(1, 1, SPAN("\0\5\0\2\0\0\0"));
        check_compressed(2);
}

/** The frames' numbers start over within a reply, and behind one. */
static void compressed_numbers_start_over(void)
{
        for (int frames = 254; frames <= 515; frames += frames == 258 ? 251 : 1) {
                lose_compressed();
                for (int i = 1; i < frames; i++) { /* more and more packets: their numbers fall back */
                        add((uint8_t)i, OK_MORE);
                        add((uint8_t)(i + 1), OK_MORE);
                        flush('S', (uint8_t)i);
                }
                answer_frame((uint8_t)frames, (uint8_t)frames, OK_LAST);
                send_frame("\3SELECT 'too early'");
                answer_frame(1, 1, OK_LAST);
                answer_frame(1, 1, OK_LAST);
                send_frame("\3SELECT 'E'");
                answer_frame(1, 1, SPAN("\0\5\0\2\0\0\0"));
                check_compressed(3);
        }
}

/** Commands that share a frame are answered from packet 0 on, and the frames' numbers go on. */
static void compressed_commands_in_one_frame(void)
{
        w = writer_over(inner, sizeof inner);
        script_open(&s, CAP_COMPRESS, 45);
        for (const char *text = "ABCDF"; *text != '\0'; text++) {
                const uint8_t query[] = {3, (uint8_t)*text};
                add(0, span_of(query, sizeof query));
        }
        flush('C', 0);
        answer_frame(1, 1, OK_LAST);
        for (uint8_t i = 2; i < 5; i++) {
                answer_frame(i, 0, OK_LAST);
        }
        send_frame("\3SELECT 'too early'");
        answer_frame(5, 0, SPAN("\1")); /* of the last one in the frame */
        add(1, SPAN("\3def"));
        add(2, SPAN("\xfe\0\0\2\0"));
        add(3, SPAN("\xfe\0\0\2\0"));
        flush('S', 6);
        answer_frame(1, 1, OK_LAST);
        send_frame("\3SELECT 'E'");
        answer_frame(1, 1, SPAN("\0\5\0\2\0\0\0"));
        check_compressed(4);
}

/** A command of three frames is answered with frame 3, be it missed or the first one that is followed. */
static void compressed_long_commands(void)
{
        lose_compressed();
        answer_frame(1, 1, OK_LAST);
        answer_frame(1, 1, SPAN("\1")); /* of D, which is not the reply to what comes */
        add(0, SPAN("\3SELECT 'E'"));
        const uint8_t *packet = inner;
        put_part('C', SPAN("\5\0\0\0\0\0\0"));
        put_part('C', span_of(packet, 5));
        put_part('C', SPAN("\5\0\0\1\0\0\0"));
        put_part('C', span_of(packet + 5, 5));
        put_part('C', SPAN("\5\0\0\2\0\0\0"));
        put_part('C', span_of(packet + 10, 5));
        w = writer_over(inner, sizeof inner);
        answer_frame(2, 2, SPAN("\3def"));
        answer_frame(3, 3, SPAN("\xfe\0\0\2\0"));
        answer_frame(4, 4, SPAN("\xfe\0\0\2\0"));
        answer_frame(3, 3, SPAN("\0\5\0\2\0\0\0"));
        check_compressed(2);
}

/** A file of so many frames that the client's numbers start over is not taken for commands. */
static void compressed_file(void)
{
        lose_compressed();
        answer_frame(1, 1, OK_LAST);
        answer_frame(1, 1,
                     SPAN("\xfb"
                          "file"));
        for (int i = 2; i < 300; i++) {
                add(0, SPAN("data")); /* a client may number them as it likes */
                flush('C', (uint8_t)i);
        }
        add(0, SPAN(""));
        flush('C', (uint8_t)300);
        answer_frame((uint8_t)301, (uint8_t)301, OK_LAST);
        send_frame("\3SELECT 'E'");
        answer_frame(1, 1, SPAN("\0\5\0\2\0\0\0"));
        check_compressed(2);
}

/** The reply before has ended, though not with an OK, EOF or ERR: frame 2 is not more of it. */
static void compressed_ends_of_replies(void)
{
        for (int i = 0; i < 3; i++) {
                w = writer_over(inner, sizeof inner);
                script_open(&s, CAP_COMPRESS | CAP_DEPRECATE_EOF, 45);
                send_frame("\3A");
                send_frame("\3B");
                send_frame(i == 2 ? "\x09" : "\x16SELECT ?");
                answer_frame(1, 1, OK_LAST);
                answer_frame(1, 1, OK_LAST);
                if (i == 2) {
                        answer_frame(1, 1, SPAN("Uptime: 12345"));
                } else {
                        add(1, i == 0 ? SPAN("\0\1\0\0\0\0\0\0\0\0\0\0") : SPAN("\0\1\0\0\0\1\0\1\0\0\0\0"));
                        for (int k = 0; k < 2 * i; k++) {
                                add((uint8_t)(2 + k), SPAN("\3def"));
                        }
                        flush('S', 1);
                }
                put_part('C', SPAN("\5\0\0\0\0\0\0\x0b\0\0\0\3"));
                put_part('C', SPAN("\x0a\0\0\1\0\0\0SELECT 'E'"));
                answer_frame(2, 2, SPAN("\0\5\0\2\0\0\0"));
                check_compressed(1);
        }
}

/** A frame may be empty, and its number counts. */
static void compressed_empty_frames(void)
{
        lose_compressed();
        answer_frame(1, 1, OK_LAST);
        flush('S', 1);
        answer_frame(2, 1, OK_LAST);
        flush('C', 0);
        add(0, SPAN("\3SELECT 'E'"));
        flush('C', 1);
        answer_frame(2, 2, SPAN("\0\5\0\2\0\0\0"));
        flush('C', 0);
        add(0, SPAN("\x0e"));
        flush('C', 1);
        answer_frame(2, 2, OK_LAST);
        check_compressed(2);
}

/** A server that refuses the rest of a file may have read any number of its frames. */
static void compressed_file_refused(void)
{
        w = writer_over(inner, sizeof inner);
        script_open(&s, CAP_COMPRESS | CAP_LOCAL_FILES, 45);
        send_frame("\3LOAD DATA LOCAL INFILE 'file' INTO TABLE t");
        answer_frame(1, 1,
                     SPAN("\xfb"
                          "file"));
        for (uint8_t i = 2; i < 5; i++) {
                add(i, SPAN("data"));
                flush('C', i);
        }
        answer_frame(3, 3, SPAN("\xff\x5a\4#HY000full"));
        add(5, SPAN(""));
        flush('C', 5);
        send_frame("\3SELECT 'E'");
        answer_frame(1, 1, SPAN("\0\5\0\2\0\0\0"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, "\"errno\":1114"));
        CU_ASSERT_TRUE(script_has(records, "\"affected_rows\":5"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"rule\""));
        CU_ASSERT_PTR_NULL(strstr(records, opaque));
        free(records);
}

static const struct tap_test tests[] = {
    {"a full queue drains", a_full_queue_drains},
    {"replies in one piece", replies_in_one_piece},
    {"an early answer to a command that is missed", an_early_answer},
    {"from when to when", the_time},
    {"an unreadable reply", an_unreadable_reply},
    {"it happens again and again", it_happens_again},
    {"replies of about 255 packets", long_replies},
    {"the rest of the reply before", the_rest_of_a_reply},
    {"the rest of the reply before is not shown", the_rest_of_a_reply_is_not_shown},
    {"half a command", half_a_command},
    {"an EOF that was awaited", an_eof_that_was_awaited},
    {"the rest of the reply before, again", the_rest_of_a_reply_again},
    {"what is known afterwards", what_is_known},
    {"what is known before", what_waits},
    {"what is known before of several statements", what_waits_of_several},
    {"database and character set", database_and_charset},
    {"sessions that stay opaque", never_again},
    {"the end of an opaque session", the_end},
    {"compressed: several results", compressed_results},
    {"compressed: numbers start over", compressed_numbers_start_over},
    {"compressed: commands in one frame", compressed_commands_in_one_frame},
    {"compressed: long commands", compressed_long_commands},
    {"compressed: a file", compressed_file},
    {"compressed: ends of replies", compressed_ends_of_replies},
    {"compressed: empty frames", compressed_empty_frames},
    {"compressed: a file that the server refuses", compressed_file_refused},
};

int main(void)
{
        return TAP_RUN("resync", tests);
}
