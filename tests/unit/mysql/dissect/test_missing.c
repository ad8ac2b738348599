/* Sessions of which a capture lacks something, and what is known of a session at any time. */
#include "journal/format/format.h"
#include "mysql/dissect/dissect.h"
#include "profile/heap/fault.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct script s;

/* A dissector that is fed what the script has so far. */
static struct bench {
        struct dissect_pool pool;
        struct dissect_settings settings;
        struct dissect *d;
        FILE *out;
        char *records;
        size_t len;
        size_t fed; /* bytes of the script */
        unsigned commands;
} bench;

static void on_record(void *arg, struct record *r)
{
        const struct bench *b = arg;
        dissect_identify(b->d, r);
        size_t size = format_size(FORMAT_JSON, r);
        uint8_t *room = malloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(room);
        struct writer w = writer_over(room, size);
        format_record(&w, FORMAT_JSON, r);
        (void)fwrite(room, 1, w.at, b->out);
        free(room);
}

static void on_command(void *arg)
{
        struct bench *b = arg;
        b->commands++;
}

static void on_packet(void *arg, const struct packet *packet)
{
        const struct bench *b = arg;
        (void)fprintf(b->out, "packet %s, %u bytes\n", packet_kind_name(packet->kind), packet->length);
}

static void begin(struct dissect_settings settings)
{
        bench = (struct bench){.settings = settings};
        bench.settings.pool = &bench.pool;
        bench.settings.query_bytes = bench.settings.query_bytes > 0 ? bench.settings.query_bytes : 1024;
        bench.settings.held_bytes = bench.settings.held_bytes > 0 ? bench.settings.held_bytes : 1 << 20;
        bench.settings.pipeline = bench.settings.pipeline > 0 ? bench.settings.pipeline : 16;
        bench.settings.statements = 16;
        bench.settings.value_bytes = 64;
        bench.d = dissect_new(&bench.settings, (struct dissect_sink){.arg = &bench,
                                                                     .on_record = on_record,
                                                                     .on_command = on_command,
                                                                     .on_packet = on_packet});
        bench.out = open_memstream(&bench.records, &bench.len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bench.d);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bench.out);
}

/** Feed what was appended to the script since the last call, but for its last @p less bytes, which are left out. */
static void feed_but(size_t less)
{
        while (bench.fed < s.len) {
                enum { HEAD = 5 };
                const uint8_t *at = s.bytes + bench.fed;
                size_t n = at[1] | (size_t)at[2] << 8 | (size_t)at[3] << 16;
                enum side side = at[0] == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                bench.fed += HEAD + n;
                n -= bench.fed == s.len ? less : 0;
                (void)dissect_feed(bench.d, side, span_of(at + HEAD, n), 0);
        }
}

static void feed(void)
{
        feed_but(0);
}

/** Feed the rest and end the session. @return the records, which the caller frees. */
static char *end(void)
{
        feed();
        dissect_end(bench.d, 0);
        dissect_free(bench.d);
        dissect_pool_drain(&bench.pool);
        (void)fclose(bench.out);
        return bench.records;
}

static void expect_end(const char *const *parts, const char *lacks)
{
        char *records = end();
        for (; *parts != NULL; parts++) {
                CU_ASSERT_TRUE(script_has(records, *parts));
        }
        CU_ASSERT_PTR_NULL(strstr(records, lacks));
        free(records);
}

#define EXPECT_END(lacks, ...) expect_end((const char *const[]){__VA_ARGS__, NULL}, lacks)

static const char again[] = "\"query\":\"DO 'again'\"";

static void go_on(void)
{
        script_send(&s, SPAN("\3DO 'again'"));
        script_answer_ok(&s);
}

/* --- bytes within a packet ------------------------------------------------------------------------------------------------ */

static void within_a_statement(void)
{
        begin((struct dissect_settings){.rows = 0});
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1, 2, 3"));
        feed_but(5);
        CU_ASSERT_TRUE(dissect_miss(bench.d, SIDE_CLIENT, 2, 0));
        (void)dissect_feed(bench.d, SIDE_CLIENT, SPAN("x"),
                           0); /* is not kept: what is before it is missing */
        CU_ASSERT_TRUE(dissect_miss(bench.d, SIDE_CLIENT, 2, 0));
        script_answer_ok(&s);
        go_on();
        EXPECT_END("opaque", "\"query\":\"SELECT 1,\",\"query_length\":14", again,
                   "\"reason\":\"the text is cut: the rest was not captured\"");
}

/** Nothing of the packet was captured, or more than the rest of it is missing. */
static void beyond_a_packet(void)
{
        for (int i = 0; i < 3; i++) {
                static const size_t captured[] = {4, 6, 2};
                static const uint64_t missing[] = {3, 9, 3};
                begin((struct dissect_settings){.rows = 0});
                script_open(&s, 0, 45);
                script_send(&s, SPAN("\3SELECT"));
                feed_but(11 - captured[i]);
                CU_ASSERT_FALSE(dissect_miss(bench.d, SIDE_CLIENT, missing[i], 0));
                CU_ASSERT_TRUE(dissect_is_lost(bench.d));
                EXPECT_END(again, "the session is opaque", "bytes are missing in the capture");
        }
}

/** Where packets are shown, one of which a part is missing can't be; one whose rest is missing is cut. */
static void of_packets_that_are_shown(void)
{
        for (int is_all = 0; is_all < 2; is_all++) {
                begin((struct dissect_settings){.packet_bytes = 64});
                script_open(&s, 0, 45);
                script_send(&s, SPAN("\3SELECT 1, 2, 3"));
                feed_but(5);
                CU_ASSERT_EQUAL(dissect_miss(bench.d, SIDE_CLIENT, is_all ? 5 : 2, 0), is_all);
                script_answer_ok(&s);
                EXPECT_END(again, is_all ? "packet COM_QUERY, 15 bytes" : "the session is opaque");
        }
}

/** Values that are not kept, of a parameter of which a part is missing: where the next one begins is not known. */
static void within_values(void)
{
        static uint8_t execution[200000] = "\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\xfd\xff\xff\2";
        begin((struct dissect_settings){.query_bytes = 64});
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, span_of(execution, sizeof execution));
        feed_but(100000);
        CU_ASSERT_FALSE(dissect_miss(bench.d, SIDE_CLIENT, 100, 0));
        EXPECT_END(again, "the session is opaque");
}

/** Values that were not captured are not those that a limit cuts. (Of a statement that is known, the end of each value is awaited: then
 *  the session is opaque.) */
static void of_an_execution(void)
{
        begin((struct dissect_settings){.rows = 0});
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\7a value"));
        feed_but(5);
        CU_ASSERT_TRUE(dissect_miss(bench.d, SIDE_CLIENT, 5, 0));
        script_answer_ok(&s);
        EXPECT_END("opaque", "\"reason\":\"the values are cut: the rest was not captured\"");
}

/** A command of the client is missing: statements are still known, but not the types of their parameters. */
static void between_executions(void)
{
        begin((struct dissect_settings){.rows = 0});
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\3\0\x2a\0\0\0"));
        script_answer_ok(&s);
        feed();
        CU_ASSERT_FALSE(dissect_miss(bench.d, SIDE_CLIENT, 20, 0));
        CU_ASSERT_TRUE(dissect_join(bench.d, DISSECT_PLAIN, 0));
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\x2b\0\0\0"));
        script_answer_ok(&s);
        EXPECT_END("[43]", "\"stmt_execute_values\":[42]", "\"stmt_execute_values\":[{\"unknown\":true}]");
}

/** Memory is out when decompression begins: nothing has changed. */
static void joined_without_memory(void)
{
        for (uint64_t nth = 1; nth <= 2; nth++) {
                begin((struct dissect_settings){.rows = 0});
                script_open(&s, 0, 45);
                s.len = 0;
                prof_fail_nth(nth);
                CU_ASSERT_FALSE(dissect_join(bench.d, DISSECT_ZSTD, 0));
                prof_fail_nth(0);
                CU_ASSERT_STRING_EQUAL(dissect_view(bench.d).phase, "greeting");
                CU_ASSERT_TRUE(dissect_join(bench.d, DISSECT_PLAIN, 0));
                go_on();
                EXPECT_END("opaque", again);
        }
}

/* --- replies, and sessions that are joined ---------------------------------------------------------------------------------- */

static void replies(void)
{
        begin((struct dissect_settings){.rows = 0});
        dissect_miss_replies(bench.d); /* nothing is awaited: nothing happens */
        script_open(&s, 0, 45);
        feed();
        dissect_miss_replies(bench.d);
        script_send(&s, SPAN("\3DO 1"));
        script_send(&s, SPAN("\3DO 2"));
        feed();
        dissect_miss_replies(bench.d);
        go_on();
        EXPECT_END("opaque", "\"query\":\"DO 1\"", "\"query\":\"DO 2\"", "the reply was not captured", again);
}

/** Append the session without its login. */
static void join(enum dissect_packing packing)
{
        begin((struct dissect_settings){.rows = 0});
        script_open(&s, 0, 45);
        s.len = 0;
        CU_ASSERT_TRUE(dissect_join(bench.d, packing, 0));
}

/** Whether attributes stand in front of a text is seen with the first one. */
static void joined_attributes(void)
{
        static const struct {
                const char *first;
                size_t len;
                const char *second;
                const char *query;
        } cases[] = {
            {"\3\0\1DO 1", 8, "\3\0\1DO 2", "\"query\":\"DO 2\""},
            {"\3DO 1", 5, "\3DO 2", "\"query\":\"DO 2\""},
            {"\3D", 2, "\3DO 2", "\"query\":\"DO 2\""},
            {"\3", 1, "\3\0\1DO 2", "\"query\":\"DO 2\""}, /* it shows nothing */
            {"\x0e", 1, "\3\0\1DO 2", "\"query\":\"DO 2\""},
            {"\x17\7\0\0\0\x08\1\0\0\0", 10, "\3\0\1DO 2", "\"query\":\"DO 2\""},
            {"\x17\7\0\0\0\0\1\0\0\0", 10, "\3DO 2", "\"query\":\"DO 2\""},
            {"\x17\7\0\0\0", 5, "\3DO 2", "\"query\":\"DO 2\""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                join(DISSECT_PLAIN);
                script_send(&s, span_of(cases[i].first, cases[i].len));
                script_answer_ok(&s);
                bool has = cases[i].second[1] == '\0';
                script_send(&s, span_of(cases[i].second, has ? 7 : 5));
                script_answer_ok(&s);
                EXPECT_END("opaque", cases[i].query);
        }
}

/** What comes first may be the rest of a login or of a file: it is no command. */
static void joined_within(void)
{
        join(DISSECT_PLAIN);
        s.seq = 3;
        script_go_on(&s, SPAN("\3DO 'nothing'"));
        go_on();
        EXPECT_END("nothing", again);
}

/** A statement is closed, when a reply comes, while an execution of it arrives. */
static void closed_while_it_is_executed(void)
{
        static uint8_t execution[100] = "\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\x30";
        begin((struct dissect_settings){.query_bytes = 64});
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, SPAN("\3DO 1"));
        script_send(&s, SPAN("\x19\1\0\0\0"));
        script_send(&s, span_of(execution, sizeof execution));
        feed_but(70);
        s.seq = 1;
        script_answer_ok(&s);
        feed();
        (void)dissect_feed(bench.d, SIDE_CLIENT, span_of(execution + 30, 70), 0);
        script_answer(&s, SPAN("\xff\xdb\4#HY000Unknown prepared statement handler"));
        go_on();
        EXPECT_END("opaque", "\"errno\":1243", again);
}

/** Two sessions of a thread share the memory for commands that wait. */
static void two_sessions(void)
{
        struct dissect *second;
        begin((struct dissect_settings){.rows = 0});
        second = dissect_new(&bench.settings, (struct dissect_sink){.arg = &bench, .on_record = on_record});
        CU_ASSERT_PTR_NOT_NULL_FATAL(second);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3DO 1"));
        script_send(&s, SPAN("\3DO 2"));
        feed();
        struct dissect *first = bench.d;
        bench.d = second;
        bench.fed = 0;
        feed();
        for (int i = 0; i < 2; i++) {
                s.seq = 1;
                script_answer_ok(&s);
        }
        size_t answers = bench.fed;
        feed();
        bench.d = first;
        bench.fed = answers;
        EXPECT_END("opaque", "\"query\":\"DO 2\"");
        dissect_free(second);
        dissect_pool_drain(&bench.pool);
}

/* --- too many commands ------------------------------------------------------------------------------------------------------ */

static void crowding(void)
{
        begin((struct dissect_settings){.pipeline = 1, .pipeline_slack = 4});
        script_open(&s, 0, 45);
        feed();
        dissect_ignore_crowding(bench.d);
        CU_ASSERT_PTR_NULL(dissect_crowding(bench.d));
        for (int i = 0; i < 3; i++) {
                script_send(&s, SPAN("\3DO 1"));
                feed();
                CU_ASSERT_EQUAL(dissect_crowding(bench.d) != NULL, i > 0);
        }
        CU_ASSERT_STRING_EQUAL(dissect_crowding(bench.d), "limits.pipeline");
        dissect_ignore_crowding(bench.d);
        CU_ASSERT_PTR_NULL(dissect_crowding(bench.d));
        script_send(&s, SPAN("\3DO 'missed'")); /* without the slack it is one too many */
        for (int i = 0; i < 4; i++) {
                s.seq = 1;
                script_answer_ok(&s);
        }
        go_on();
        EXPECT_END("missed'", "the session is opaque", again);
}

/** The texts of those that wait fill what is kept of a session, unless only numbers are. */
static void crowded_texts(void)
{
        static uint8_t text[900] = "\3DO ";
        for (int is_counted = 0; is_counted < 2; is_counted++) {
                begin((struct dissect_settings){.held_bytes = 2000, .count_only = is_counted});
                script_open(&s, 0, 45);
                for (int i = 0; i < 4; i++) {
                        script_send(&s, span_of(text, sizeof text));
                }
                feed();
                const char *limit = dissect_crowding(bench.d);
                CU_ASSERT_EQUAL(limit != NULL && strcmp(limit, "limits.held_bytes") == 0, !is_counted);
                for (int i = 0; i < 4; i++) {
                        s.seq = 1;
                        script_answer_ok(&s);
                }
                feed();
                CU_ASSERT_PTR_NULL(dissect_crowding(bench.d));
                char *records = end();
                CU_ASSERT_EQUAL(bench.commands, is_counted ? 4 : 0);
                CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
                free(records);
        }
}

/* --- what is known just now --------------------------------------------------------------------------------------------------- */

/** Is a command awaited of which nothing else is under way, so that its reply could be given up? */
static void views(void)
{
        begin((struct dissect_settings){.rows = 0});
        struct dissect_view v = dissect_view(bench.d);
        CU_ASSERT_STRING_EQUAL(v.phase, "greeting");
        CU_ASSERT_TRUE(!v.idle && !v.between_commands && !v.is_unanswered && !v.quit && v.query.len == 0);
        script_open(&s, 0, 45);
        feed();
        v = dissect_view(bench.d);
        CU_ASSERT_TRUE(v.idle && v.between_commands && !v.is_unanswered);
        CU_ASSERT_PTR_NULL(v.command);
        CU_ASSERT_PTR_NULL(dissect_now(bench.d).command);
        script_send(&s, SPAN("\3SELECT 1"));
        feed_but(3);
        CU_ASSERT_FALSE(dissect_view(bench.d).idle);
        (void)dissect_feed(bench.d, SIDE_CLIENT, SPAN("T 1"), 0);
        v = dissect_view(bench.d);
        CU_ASSERT_TRUE(!v.idle && !v.between_commands && v.is_unanswered && v.pipelined == 1);
        CU_ASSERT_STRING_EQUAL(v.command, "COM_QUERY");
        CU_ASSERT_TRUE(span_equal(v.query, span_str("SELECT 1")));
        CU_ASSERT_STRING_EQUAL(dissect_now(bench.d).command, "COM_QUERY");
        script_answer(&s, SPAN("\1"));
        feed_but(1);
        CU_ASSERT_FALSE(dissect_view(bench.d).is_unanswered); /* a part of the reply came */
        (void)dissect_feed(bench.d, SIDE_SERVER, SPAN("\1"), 0);
        CU_ASSERT_FALSE(dissect_view(bench.d).is_unanswered); /* and the rest of that packet */
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_eof(&s);
        script_answer_eof(&s);
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0"));
        feed();
        v = dissect_view(bench.d);
        CU_ASSERT_TRUE(v.is_unanswered && v.query.len == 0); /* the statement is not known */
        script_send(&s, SPAN("\1"));
        feed();
        v = dissect_view(bench.d);
        CU_ASSERT_TRUE(!v.is_unanswered && v.pipelined == 2);
        s.seq = 1;
        script_answer_ok(&s);
        feed();
        CU_ASSERT_TRUE(dissect_view(bench.d).quit);
        free(end());
}

static const struct tap_test tests[] = {
    {"bytes within a statement", within_a_statement},
    {"bytes beyond a packet", beyond_a_packet},
    {"bytes of packets that are shown", of_packets_that_are_shown},
    {"bytes within values", within_values},
    {"bytes of an execution", of_an_execution},
    {"commands between executions", between_executions},
    {"memory is out when a session is joined", joined_without_memory},
    {"replies", replies},
    {"attributes of a session that is joined", joined_attributes},
    {"a session that is joined within a command", joined_within},
    {"a statement that is closed while it is executed", closed_while_it_is_executed},
    {"two sessions", two_sessions},
    {"too many commands", crowding},
    {"too long texts", crowded_texts},
    {"what is known just now", views},
};

int main(void)
{
        return TAP_RUN("missing", tests);
}
