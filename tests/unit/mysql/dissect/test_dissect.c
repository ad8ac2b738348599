/* The dissector as a whole: what it shows of a session, its limits, replies of all shapes, and what it makes of replies that
 * can't be. */
#include "mysql/dissect/dissect.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

static char *play(struct tape_options options)
{
        options.without_gate = true;
        return tape_records(span_of(s.bytes, s.len), &options);
}

/** Play it, cut in every way; see that it tells @p part. */
static void expect(const char *part)
{
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, part));
        free(records);
}

/** No complaint, neither of the dissector nor of the linter. */
static void expect_clean(const char *part)
{
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, part));
        CU_ASSERT_PTR_NULL(strstr(records, "\"notice\""));
        CU_ASSERT_PTR_NULL(strstr(records, "\"lint\""));
        free(records);
}

static unsigned count(const char *records, const char *part)
{
        unsigned n = 0;
        for (const char *at = strstr(records, part); at != NULL; at = strstr(at + 1, part)) {
                n++;
        }
        return n;
}

/* --- what is shown of a session ----------------------------------------------------------------------------------------- */

static char shown[16384];
static size_t shown_len;

static void look(const struct dissect *d)
{
        struct dissect_view v = dissect_view(d);
        struct dissect_verdict verdict = dissect_verdict(d);
        int n =
            snprintf(shown + shown_len, sizeof shown - shown_len, "%s %s %.*s [%.*s] %s%u/%u %d %s\n",
                     v.phase, v.command != NULL ? v.command : "-", (int)v.username.len,
                     v.username.len > 0 ? (const char *)v.username.data : "", (int)v.query.len,
                     v.query.len > 0 ? (const char *)v.query.data : "", v.idle ? "idle " : "", v.pipelined,
                     v.statements, (int)verdict.lint, v.opaque_reason != NULL ? v.opaque_reason : "");
        shown_len += n > 0 ? (size_t)n : 0;
        CU_ASSERT_EQUAL(verdict.opaque > verdict.followed_again, v.opaque_reason != NULL);
        struct dissect_now now = dissect_now(d);
        CU_ASSERT_PTR_EQUAL(now.command, v.command);
        CU_ASSERT_TRUE(span_equal(now.query, v.query));
        CU_ASSERT_EQUAL(now.hidden, v.query_hidden);
}

static void expect_shown(const char *part)
{
        CU_ASSERT_TRUE(script_has(shown, part));
}

static void views(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer_ok(&s);
        script_prepare(&s, 1, "SELECT ?", 1);
        script_send(&s, SPAN("\x19\1\0\0\0"));
        script_prepare(&s, 2, "DO 1", 0);
        script_send(&s, SPAN("\x17\2\0\0\0\0\1\0\0\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x17\x63\0\0\0\0\1\0\0\0"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        script_answer_ok(&s);
        script_send(&s, SPAN("\3"));
        script_answer(&s, SPAN("\xfc\0\0"));
        script_answer_ok(&s);
        shown_len = 0;
        free(play((struct tape_options){.look = look}));
        expect_shown("login -  [] 0/0 0 \n");
        expect_shown("auth - us\xe9r [] 0/0 0 \n");
        expect_shown("ready - us\xe9r [] idle 0/0 0 \n");
        expect_shown("ready COM_QUERY us\xe9r [SELECT 1] 1/0 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [DO 1] 1/1 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [] 1/1 0 \n");
        expect_shown("ready COM_STMT_EXECUTE us\xe9r [] 2/1 0 \n");
        expect_shown("opaque - us\xe9r [] 0/1");
        expect_shown("a reply that is neither OK, ERR nor a column count\n");
        /* within a command's header */
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\16"));
        shown_len = 0;
        free(play((struct tape_options){.look = look, .split = 3}));
        expect_shown("ready - us\xe9r [] idle 0/0 0 \nready - us\xe9r [] 0/0 0 \nready COM_PING");
}

static void hidden_packets(void)
{
        script_open(&s, 0, 45);
        script_prepare(&s, 1, "SELECT 'x', ?", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\1y"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        script_send(&s, SPAN("\3SELECT v"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'v'"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        char *a = play((struct tape_options){.packet_bytes = 100, .hide_packets = true});
        char *b = play((struct tape_options){.packet_bytes = 100, .hide_packets = true, .split = 1});
        char *c = play((struct tape_options){.packet_bytes = 100, .hide_packets = true, .runs = true});
        CU_ASSERT_STRING_EQUAL(a, b);
        CU_ASSERT_TRUE(script_has(a, "client packet seq 0 length 14 COM_STMT_PREPARE: 16\n"));
        CU_ASSERT_TRUE(script_has(a, "length 12 prepared statement: 00 01 00 00 00 00 00 01 00 00 00 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 16 COM_STMT_EXECUTE: 17 01 00 00 00 00 01 00 00 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 1 column count: 01\n"));
        CU_ASSERT_TRUE(script_has(a, "column definition:\n"));
        CU_ASSERT_TRUE(script_has(a, "length 5 EOF: fe 00 00 02 00\n"));
        CU_ASSERT_TRUE(script_has(a, "length 2 row:\n"));
        CU_ASSERT_TRUE(script_has(a, "length 9 COM_QUERY: 03\n"));
        CU_ASSERT_TRUE(script_has(a, "ERR: ff 28 04 23 34 32 30 30 30\n"));
        CU_ASSERT_TRUE(script_has(a, "length 1 COM_PING: 0e\n"));
        CU_ASSERT_TRUE(script_has(a, "length 7 OK: 00\n"));
        CU_ASSERT_TRUE(script_has(c, "length 2 row:\n"));
        CU_ASSERT_EQUAL(count(a, "packet seq"), count(c, "packet seq"));
        free(a);
        free(b);
        free(c);
}

/** Of what is asked for by SHOW GRANTS, and of errors in SQL that is made while it runs. */
static void packets_with_passwords(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3\t SHOW \n GRANTS"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        script_send(&s, SPAN("\3SHOW CREATE USER u"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SHOW TABLES"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3CALL p()"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'x 'topsecret'' at line 1"));
        script_send(&s, SPAN("\3CALL p()"));
        script_answer(&s, SPAN("\xff\x28\4#42000near 'p()' at line 1"));
        for (size_t split = 0; split < 2; split++) {
                char *a = play((struct tape_options){.packet_bytes = 100, .split = split});
                CU_ASSERT_TRUE(script_has(a, "length 2 row:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 16 COM_QUERY:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 19 COM_QUERY:\n"));
                CU_ASSERT_TRUE(script_has(a, "length 12 COM_QUERY: 03 53 48"));
                CU_ASSERT_EQUAL(count(a, " ERR:\n"), 1);
                CU_ASSERT_EQUAL(count(a, " ERR: ff"), 1);
                free(a);
        }
}

static void commands_are_counted(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3BEGIN"));
        script_answer_ok(&s);
        script_prepare(&s, 1, "SELECT ?", 1);
        script_send(&s, SPAN("\x19\1\0\0\0"));
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "z", 253, 0, 45);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1w"));
        script_answer_eof(&s);
        char *told = play((struct tape_options){.split = 0});
        char *counted = play((struct tape_options){.count_only = true});
        CU_ASSERT_EQUAL(count(counted, "command\n"), 4);
        CU_ASSERT_EQUAL(count(told, "\"event\":\"query\""), 4);
        CU_ASSERT_EQUAL(count(counted, "\"event\":\"query\""), 0);
        CU_ASSERT_EQUAL(count(counted, "\"event\":\"auth\""), 1);
        free(told);
        free(counted);
}

/** More than are told one by one. */
static void many_results(void)
{
        script_open(&s, CAP_MULTI_RESULTS, 45);
        script_send(&s, SPAN("\3CALL p()"));
        for (unsigned i = 0; i < 70; i++) {
                script_answer(&s, SPAN("\0\2\0\x0a\0\0\0\3inf"));
        }
        script_answer(&s, SPAN("\xff\x28\4#42000"));
        expect_clean("\"results_cut\":6");
        expect_clean("\"affected_rows\":140");
        char *records = script_play(&s, 0);
        CU_ASSERT_PTR_NULL(
            strstr(records, "inf\"")); /* what the error says, which is nothing, stands for it */
        free(records);
}

/** The server says that it is killed: with any number. */
static void pushed_errors(void)
{
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 1"));
        s.seq = 7;
        script_answer(&s, SPAN("\xff\x1d\4#08S01Server shutdown in progress"));
        expect_clean("\"errno\":1053");
}

/** What could not be followed is told with its first bytes, but for passwords; so is what is on the wire. */
static void evidence(void)
{
        static const struct {
                const char *statement;
                const char *reply;
                bool hide;
                bool shown;
        } cases[] = {
            {"\3SELECT 1", "\xfc zz", false, true},
            {"\3SELECT 1", "\xfc zz", true, false},
            {"\3SELECT 1", "\xfc password", false, false},
            {"\3SELECT pw", "\xfc zz", false, false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                script_open(&s, 0, 45);
                script_send(&s, span_str(cases[i].statement));
                script_answer(&s, span_str(cases[i].reply));
                shown_len = 0;
                char *records = play((struct tape_options){.hide_packets = cases[i].hide, .look = look});
                CU_ASSERT_PTR_NOT_NULL(strstr(records, "the session is opaque"));
                CU_ASSERT_EQUAL(strstr(records, "packet_bytes") != NULL, cases[i].shown);
                free(records);
        }
}

static void on_record(void *arg, struct record *r)
{
        unsigned *n = arg;
        CU_ASSERT_EQUAL(r->event, EVENT_NOTICE);
        (*n)++;
}

static void gives_up_once(void)
{
        struct dissect_pool pool = {.first = NULL};
        const struct dissect_settings settings = {.pool = &pool,
                                                  .query_bytes = 100,
                                                  .value_bytes = 10,
                                                  .held_bytes = 1000,
                                                  .pipeline = 4,
                                                  .statements = 4};
        unsigned told = 0;
        struct dissect *d =
            dissect_new(&settings, (struct dissect_sink){.arg = &told, .on_record = on_record});
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        dissect_feed(d, SIDE_SERVER, SPAN("\4\0"), 5);
        dissect_give_up(d, "because", 7);
        dissect_give_up(d, "again", 8);
        CU_ASSERT_STRING_EQUAL(dissect_view(d).opaque_reason, "because");
        CU_ASSERT_EQUAL(told, 1);
        dissect_feed(d, SIDE_SERVER, SPAN("\4\0\0\0abcd"), 9);
        dissect_end(d, 10);
        dissect_give_up(d, "too late", 11);
        CU_ASSERT_EQUAL(told, 1);
        CU_ASSERT_STRING_EQUAL(dissect_view(d).phase, "closed");
        dissect_free(d);
        dissect_free(NULL);
}

/* --- limits --------------------------------------------------------------------------------------------------------------- */

static void pipeline_and_statements(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3B"));
        script_send(&s, SPAN("\3C"));
        char *records = play((struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, "more commands in flight than limits.pipeline allows to follow"));
        CU_ASSERT_EQUAL(count(records, "not followed to its end"), 2);
        free(records);
        records = play((struct tape_options){.pipeline = 3});
        CU_ASSERT_PTR_NULL(strstr(records, "notice"));
        free(records);
        script_open(&s, 0, 8);
        for (uint8_t id = 1; id <= 3; id++) {
                script_prepare(&s, id, "DO ?", 1);
        }
        script_send(&s, SPAN("\x17\3\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        script_answer_ok(&s);
        records = play((struct tape_options){.statements = 1});
        CU_ASSERT_EQUAL(count(records, "more prepared statements than limits.statements"), 1);
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
}

static void what_is_held(void)
{
        script_open(&s, 0, 8);
        script_prepare(&s, 1, "DO ? /* a text that is longer than all that may be held */", 1);
        script_send(&s, SPAN("\x18\1\0\0\0\0\0kept"));
        script_send(&s, SPAN("\x18\x63\0\0\0\0\0of no statement"));
        script_send(&s, SPAN("\x18\1\0\0\0\0"));
        script_send(&s, SPAN("\x18\1\0"));
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0"));
        script_answer_ok(&s);
        expect("\"stmt_execute_values\":[\"kept\"]");
        char *records = play((struct tape_options){.held_bytes = 16});
        CU_ASSERT_TRUE(script_has(records, "\"stmt_prepare_query\":\"\",\"stmt_prepare_query_length\":58"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"kept\""));
        free(records);
        /* more attributes than a record can have */
        static uint8_t query[25100];
        struct writer w = writer_over(query, sizeof query);
        writer_bytes(&w, "\3\xfd\x40\x0d\3\1", 6);
        script_open(&s, CAP_QUERY_ATTRIBUTES, 8);
        script_send(&s, span_of(query, sizeof query));
        script_answer_ok(&s);
        expect("the statement's text is not known: the query attributes before it are");
}

/** The reason names the limit that cut a text. */
static void a_text_is_longer_than_query_bytes(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3SELECT 'longer'"));
        script_answer_ok(&s);
        script_prepare(&s, 1, "DO ? /* longer */", 1);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer_ok(&s);
        char *records = play((struct tape_options){.query_bytes = 8});
        CU_ASSERT_EQUAL(count(records, "\"reason\":\"the text is cut: limits.query_bytes was reached\""), 2);
        CU_ASSERT_EQUAL(
            count(records, "\"reason\":\"the text of the prepared statement is cut: limits.query_bytes was"),
            1);
        CU_ASSERT_EQUAL(count(records, "\"reason\""), 3);
        free(records);
}

/* Open prepared statements, or long data that waits for its execution, fill what limits.held_bytes gives them, and no more. */
static void open_statements_leave_space(void)
{
        char text[120];
        script_open(&s, 0, 45);
        for (uint8_t id = 1; id <= 40; id++) {
                (void)snprintf(text, sizeof text, "DO %d + ? /* %070d */", id, id);
                script_prepare(&s, id, text, 1);
                script_send(&s, span_of((uint8_t[]){0x18, id, 0, 0, 0, 0, 0, 'l', 'o', 'n', 'g'}, 11));
        }
        script_send(&s, SPAN("\3USE `other`"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SET NAMES latin1"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SELECT 'a text that is kept'"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x17\50\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x19\50\0\0\0"));
        char *records = play((struct tape_options){.held_bytes = 1000});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that is kept'\""));
        CU_ASSERT_TRUE(script_has(records, "\"database\":\"other\",\"character_set\":\"latin1\""));
        CU_ASSERT_EQUAL(count(records, "limits.held_bytes was reached: texts and values"), 1);
        CU_ASSERT_TRUE(
            script_has(records, "\"reason\":\"the values are cut: limits.held_bytes was reached\""));
        CU_ASSERT_TRUE(script_has(
            records,
            "\"reason\":\"the text of the prepared statement is cut: limits.held_bytes was reached\""));
        CU_ASSERT_PTR_NULL(strstr(records, "the text is cut"));
        free(records);
        records = play((struct tape_options){.statements = 10});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that is kept'\""));
        CU_ASSERT_TRUE(script_has(
            records, "\"reason\":\"the prepared statement is not known: limits.statements was reached\""));
        free(records);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 'a text that is longer than all that is kept'"));
        script_answer_ok(&s);
        records = play((struct tape_options){.held_bytes = 20});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that\",\"query_length\":52"));
        CU_ASSERT_TRUE(script_has(records, "\"reason\":\"the text is cut: limits.held_bytes was reached\""));
        CU_ASSERT_EQUAL(count(records, "limits.held_bytes was reached: texts and values"), 1);
        free(records);
}

static void times(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1\x31"));
        script_answer_eof(&s);
        char *records = play((struct tape_options){.tick_ns = 1000000});
        CU_ASSERT_TRUE(script_has(records, "\"duration_us\":5000,\"request_us\":0,\"server_us\":1000,"
                                           "\"stream_us\":4000,"));
        free(records);
        /* byte by byte; and rows that are hopped over, of a cursor whose first packet is a row */
        records = play((struct tape_options){.tick_ns = 1000, .split = 1});
        CU_ASSERT_TRUE(script_has(records, "\"request_us\":12,\"server_us\":1,"));
        free(records);
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, SPAN("\0\0\1x"));
        script_answer_eof(&s);
        records = play((struct tape_options){.tick_ns = 1000});
        CU_ASSERT_TRUE(script_has(records, "\"server_us\":1,\"stream_us\":1,\"rows\":1"));
        free(records);
}

/* --- replies of all shapes ---------------------------------------------------------------------------------------------- */

/** Is the file /tmp/rows, which the server requests in answer to @p text, reported as one that it does not name? */
static bool is_reported(const char *text)
{
        uint8_t packet[256] = {3};
        size_t len = strlen(text);
        memcpy(packet + 1, text, len);
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, span_of(packet, 1 + len));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        char *records = script_play(&s, 0);
        bool is_it = strstr(records, "\"rule\":\"file_not_named\"") != NULL;
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
        return is_it;
}

static void files_that_are_not_named(void)
{
        static const char *const named[] = {
            "LOAD DATA LOCAL INFILE '/tmp/rows' INTO TABLE t",
            "load xml concurrent local infile \"/tmp/rows\" into table t",
            "LOAD DATA /* the */ LOCAL -- file\n INFILE '/tmp/rows' INTO TABLE t",
            "/*!50000 LOAD DATA LOCAL INFILE '/tmp/rows' INTO TABLE t */",
            "SELECT 1; LOAD DATA LOCAL INFILE 'a' INTO TABLE t; LOAD DATA LOCAL INFILE '/tmp/rows'",
            "LOAD DATA LOCAL INFILE '/tmp\\/rows' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '/tmp/r\xc3\xb6ws' INTO TABLE t",
            "EXECUTE IMMEDIATE CONCAT('LOAD DATA', ' LOCAL INFILE ...')",
            "CALL load()",
        };
        static const char *const not_named[] = {
            "SELECT 1",
            "",
            "LOAD DATA INFILE '/tmp/rows' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '/tmp/row' INTO TABLE t",
            "LOAD DATA LOCAL INFILE '' INTO TABLE t",
            "SELECT 'LOAD DATA LOCAL INFILE ''/tmp/rows'''",
            "SELECT 1 -- LOAD DATA LOCAL INFILE '/tmp/rows'",
            "SELECT 1 /* LOAD DATA LOCAL INFILE '/tmp/rows' */",
            "SELECT local, infile FROM t",
        };
        for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
                CU_ASSERT_FALSE(is_reported(named[i]));
        }
        for (size_t i = 0; i < sizeof not_named / sizeof not_named[0]; i++) {
                CU_ASSERT_TRUE(is_reported(not_named[i]));
        }
        script_open(&s, CAP_LOCAL_FILES, 8); /* a command without a text, and a prepared statement */
        script_send(&s, SPAN("\12"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("\"rule\":\"file_not_named\"");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_prepare(&s, 1, "SELECT 1", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("\"rule\":\"file_not_named\"");
}

static void local_files(void)
{
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN("1\t2\n"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        expect_clean("\"query\":\"LOAD DATA LOCAL INFILE '/tmp/rows'\"");
        /* the server gives up in the middle; the client sends the rest, and goes on */
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        uint8_t seq = s.seq;
        script_go_on(&s, SPAN("1\t2\n"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        s.seq = (uint8_t)(seq + 1);
        script_go_on(&s, SPAN("3\t4\n"));
        script_go_on(&s, SPAN(""));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
        char *records = script_play(&s, 0);
        CU_ASSERT_PTR_NULL(strstr(records, "notice"));
        free(records);
        /* a file of so many packets that its number begins anew in the rest */
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        while (s.seq != 0) {
                script_go_on(&s, SPAN("5\n"));
        }
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        s.seq = 0;
        script_go_on(&s, SPAN("6\n"));
        script_go_on(&s, SPAN(""));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
        /* a client that never said it could, and one that does not wait */
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_go_on(&s, SPAN(""));
        script_answer_ok(&s);
        expect("\"rule\":\"not_agreed\"");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        expect("LOCAL INFILE while another command is in flight");
        script_open(&s, CAP_LOCAL_FILES, 8);
        script_send(&s, SPAN("\3LOAD DATA LOCAL INFILE '/tmp/rows'"));
        script_answer(&s, SPAN("\xfb/tmp/rows"));
        script_answer_ok(&s);
        expect("a reply before the end of LOCAL INFILE");
}

static void streams(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x12\4\0\0\0\0\0\1\0\0\0log"));
        script_answer(&s, SPAN("\0event"));
        script_send(&s, SPAN("\xef\4\0\0\0\0\0\0\0log"));
        script_send(&s, SPAN("x"));
        script_answer(&s, SPAN("\0event"));
        script_send(&s, SPAN("\1"));
        char *records = play((struct tape_options){.packet_bytes = 4});
        CU_ASSERT_TRUE(script_has(records, "replication acknowledgement"));
        CU_ASSERT_TRUE(script_has(records, "packet within a stream"));
        CU_ASSERT_TRUE(script_has(records, "COM_QUIT"));
        CU_ASSERT_TRUE(script_has(records, "\"rows\":2"));
        free(records);
}

static void fields(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\4t\0"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_column(&s, "b", 3, 0, 63);
        script_answer_eof(&s);
        expect_clean("\"columns\":2");
        script_send(&s, SPAN("\4t\0"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
}

static void databases(void)
{
        const char *const texts[] = {"\3use  `a b` ;\n", "\3USE\t", "\3USE  ;", "\3use"};
        script_open(&s, 0, 8);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                script_send(&s, span_str(texts[i]));
                script_answer_ok(&s);
        }
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect_clean(
            "\"database\":\"a b\",\"character_set\":\"latin1\",\"server_conn_id\":7,\"command_id\":14");
        script_open(&s, CAP_SESSION_TRACK, 8);
        script_send(&s, SPAN("\2shop"));
        script_answer(&s, SPAN("\0\0\0\x02\x40\0\0\0\x07\1\5\4SHOP"));
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect_clean("\"database\":\"SHOP\"");
}

static void prepared(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x16SELECT"));
        script_answer(&s, SPAN("\1\1\0\0\0\0\0\0\0\0\0\0"));
        expect("a reply to COM_STMT_PREPARE that is neither OK nor ERR");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x16SELECT"));
        script_answer(&s, SPAN("\0\1\0\0\0\0"));
        expect("a reply to COM_STMT_PREPARE that is neither OK nor ERR");
        for (int deprecated = 0; deprecated < 2; deprecated++) { /* definitions that are left out */
                script_open(&s, CAP_MYSQL | CAP_OPTIONAL_METADATA | (deprecated ? CAP_DEPRECATE_EOF : 0), 8);
                script_send(&s, SPAN("\x16SELECT ?"));
                script_answer(&s, SPAN("\0\1\0\0\0\1\0\1\0\0\0\0\0"));
                if (!deprecated) {
                        script_answer_eof(&s);
                        script_answer_eof(&s);
                }
                script_send(&s, SPAN("\16"));
                script_answer_ok(&s);
                expect_clean("\"command\":\"COM_PING\"");
        }
        /* the last one prepared, by the number that stands for it */
        script_open(&s, 0, 8);
        script_prepare(&s, 5, "DO 5", 0);
        script_send(&s, SPAN("\x17\xff\xff\xff\xff\0\1\0\0\0"));
        script_answer_ok(&s);
        expect_clean("\"stmt_prepare_query\":\"DO 5\"");
}

static void begin_result(uint64_t capabilities)
{
        script_open(&s, capabilities, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
}

static void results_that_end_early(void)
{
        begin_result(0);
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect_clean("\"error\":\"no\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer_ok(&s);
        expect("\"rule\":\"ok_for_eof\"");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\1\x31"));
        expect("no EOF after the column definitions");
        begin_result(0);
        script_answer_column(&s, "1", 3, 0, 63);
        script_answer(&s, SPAN("\xfe\0"));
        expect("no EOF after the column definitions");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1\1"));
        expect("a reply that is neither OK, ERR nor a column count");
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\1"));
        expect("a reply that is neither OK, EOF nor ERR");
        /* a procedure's OUT parameters: only the definitions' EOF tells that an OK follows */
        script_open(&s, CAP_MYSQL | CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS, 8);
        script_prepare(&s, 1, "CALL p(?)", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "out", 3, 0, 63);
        script_answer(&s, SPAN("\xfe\0\0\x08\x10"));
        script_answer(&s, SPAN("\0\0\7\0\0\0"));
        script_answer(&s, SPAN("\xfe\0\0\x02\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        expect("\"command\":\"COM_PING\"");
}

static void numbers(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        script_answer(&s, SPAN("\xff\x87\x07#70100killed")); /* 1927, of the server's own accord */
        expect_clean("\"errno\":1927");
        script_open(&s, 0, 8);
        s.seq = 5;
        script_go_on(&s, SPAN("\16"));
        s.seq = 9;
        script_answer_ok(&s);
        expect("\"rule\":\"sequence_start\"");
        char *records = script_play(&s, 0);
        CU_ASSERT_EQUAL(count(records, "\"lint\""), 1);
        free(records);
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\16"));
        s.seq = 9;
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        expect("\"rule\":\"sequence\"");
        /* nobody asked: of either kind */
        script_open(&s, 0, 8);
        script_answer(&s, SPAN("\xff\x15\4no"));
        expect("the server sent an error that no command asked for");
        script_open(&s, 0, 8);
        script_answer_ok(&s);
        expect("a reply without a command");
        script_open(&s, 0, 8);
        script_answer(&s, SPAN("\xff"));
        expect("a reply without a command");
}

/** Rows that come together are hopped over: up to one that is something else. */
static void rows_at_once(void)
{
        const char *const strange[] = {
            "\2\0\0\4\1\x31\2\0\0\5\1\x32\0\0\0\6\5\0\0\7\xfe\0\0\2\0", /* an empty row */
            "\2\0\0\4\1\x31\2\0\0\x09\1\x32\5\0\0\x0a\xfe\0\0\2\0",     /* a gap in the numbers */
            "\2\0\0\4\1\x31\x09\0\0\5\xff\x15\4#28000",                 /* an error */
            "\2\0\0\4\1\x31\5\0\0\5\xfe\0\0\2\0",
        };
        const size_t lens[] = {25, 21, 19, 15};
        const char *const told[] = {"\"rows\":3", "\"rule\":\"sequence\"", "\"errno\":1045", "\"rows\":1"};
        for (size_t i = 0; i < 4; i++) {
                begin_result(0);
                script_answer_column(&s, "1", 3, 0, 63);
                script_answer_eof(&s);
                struct writer w = writer_over(s.bytes + s.len, sizeof s.bytes - s.len);
                writer_char(&w, 'S');
                writer_uint(&w, lens[i], 4);
                writer_bytes(&w, strange[i], lens[i]);
                s.len += w.at;
                expect(told[i]);
        }
}

/** A payload of two packets whose second has the wrong number. */
static void longer_than_a_packet(void)
{
        enum { FULL = 0xffffff };
        script_open(&s, 0, 8);
        uint8_t *tape = calloc(1, s.len + FULL + 64);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tape);
        memcpy(tape, s.bytes, s.len);
        struct writer w = writer_over(tape + s.len, FULL + 64);
        writer_char(&w, 'C');
        writer_uint(&w, FULL + 4 + 5, 4);
        writer_uint(&w, FULL, 3);
        writer_uint(&w, 0, 1);
        writer_char(&w, '\3');
        w.at += FULL - 1;
        writer_uint(&w, 1, 3);
        writer_uint(&w, 7, 1);
        writer_char(&w, 'x');
        const struct tape_options options = {.without_gate = true, .packet_bytes = 8};
        char *records = tape_records(span_of(tape, s.len + w.at), &options);
        CU_ASSERT_TRUE(script_has(records, "\"rule\":\"sequence\""));
        CU_ASSERT_TRUE(script_has(records, "part of a longer payload"));
        CU_ASSERT_TRUE(script_has(records, "\"query_length\":16777215"));
        free(records);
        free(tape);
}

/** Definitions that are not plain are looked at field by field. */
static void definitions(void)
{
        static const char fields[] = "\3def\0\0\0\1a\0";
        static const char *const fixed[] = {
            "\x0c\x08\0\0\0\0\0\3\0\0\0\0\0", "\x0c\x08\0\0\0\0\0\3\0\0\0\0\0more",
            "\x0b\x08\0\0\0\0\0\3\0\0\0\0", "\x0e\x08\0\0\0\0\0\3\0\0\0\0\0\0\0", "\x0c\x08"};
        static const size_t lens[] = {13, 17, 12, 15, 2};
        static const char *const told[] = {NULL, "\"trailing\"", "\"ends_early\"", NULL, "\"ends_early\""};
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
                for (int is_long = 0; is_long < 2; is_long++) {
                        uint8_t room[600];
                        struct writer w = writer_over(room, sizeof room);
                        if (is_long) {
                                writer_bytes(&w, "\xfc\x2c\1", 3);
                                w.at += 300;
                        }
                        writer_bytes(&w, is_long ? fields + 4 : fields, sizeof fields - (is_long ? 5 : 1));
                        writer_bytes(&w, fixed[i], lens[i]);
                        memset(room + 3, 'x', is_long ? 300 : 0);
                        begin_result(0);
                        script_answer(&s, writer_span(&w));
                        char *records = script_play(&s, 0);
                        CU_ASSERT_TRUE(told[i] == NULL ? count(records, "\"lint\"") == 0
                                                       : script_has(records, told[i]));
                        free(records);
                }
        }
        begin_result(0);
        script_answer(&s, SPAN("\3de"));
        expect("\"ends_early\"");
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */

static void every_allocation_fails_once(void)
{
        script_open(&s, CAP_LOCAL_FILES | CAP_PLUGIN_AUTH, 8);
        script_send(&s, SPAN("\3use a"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3use a longer name than before"));
        script_answer(&s, SPAN("\0\0\0\2\0\0\0\5hello"));
        script_send(&s, SPAN("\x11u\0\0d\0\x08\0plugin\0"));
        script_answer(&s, SPAN("\xfeother\0salt"));
        script_go_on(&s, SPAN("hash"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x09"));
        script_answer(&s, SPAN("Uptime: 7"));
        script_send(&s, SPAN("\2b"));
        script_answer_ok(&s);
        script_prepare(&s, 3, "DO ?", 1);
        script_send(&s, SPAN("\x18\3\0\0\0\0\0a"));
        script_send(&s, SPAN("\x18\3\0\0\0\0\0bcdefghijklmnopqrstuvwxyz"));
        script_send(&s, SPAN("\x17\3\0\0\0\0\1\0\0\0\0\1\xfd\0"));
        script_answer(&s, SPAN("\xff\x15\4#28000no"));
        const struct tape_options options = {.without_gate = true, .packet_bytes = 8, .split = 3};
        prof_fail_nth(1000000);
        free(tape_records(span_of(s.bytes, s.len), &options));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 10);
        for (uint64_t n = 2; n <= all; n++) { /* the first is the dissector itself */
                prof_fail_nth(n);
                char *records = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_PTR_NULL(strstr(records, "malformed"));
                free(records);
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
        CU_ASSERT_EQUAL(prof_read(STAGE_FRAME, LIB_COUNT).current_count_used, 0);
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(dissect_new(NULL, (struct dissect_sink){.arg = NULL}));
        prof_fail_nth(0);
}

/* --- EOF packets although DEPRECATE_EOF was agreed on ---------------------------------------------------------------------- */

static const char early_rule[] = "\"rule\":\"eof_behind_columns\"";

static void begin_early(uint64_t capabilities)
{
        begin_result(capabilities | CAP_DEPRECATE_EOF);
        script_answer_column(&s, "a", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\2\0"));
}

/** The records must have all of @p parts, and the session must be followed to its end, which is a ping. */
static void expect_early(unsigned lints, const char *const *parts)
{
        script_send(&s, SPAN("\16"));
        script_answer_ok(&s);
        for (uint32_t rows = 0; rows < 9; rows += 8) {
                char *records = script_play(&s, rows);
                for (const char *const *part = parts; *part != NULL; part++) {
                        CU_ASSERT_TRUE(script_has(records, *part));
                }
                CU_ASSERT_TRUE(script_has(records, "COM_PING"));
                CU_ASSERT_EQUAL(count(records, early_rule), lints);
                CU_ASSERT_PTR_NULL(strstr(records, "\"notice\""));
                CU_ASSERT_PTR_NULL(strstr(records, "\"reason\":\"the connection ended"));
                free(records);
        }
}

#define EXPECT_EARLY(lints, ...) expect_early((lints), (const char *const[]){__VA_ARGS__, NULL})

static void early_eofs(void)
{
        begin_early(0); /* rows, and an OK at the end */
        script_answer(&s, SPAN("\1x"));
        script_answer(&s, SPAN("\1y"));
        script_answer_eof(&s);
        EXPECT_EARLY(1, "\"columns\":1", "\"rows\":2");
        begin_early(0); /* an EOF there, too */
        script_answer(&s, SPAN("\1x"));
        script_answer(&s, SPAN("\xfe\3\0\2\0"));
        EXPECT_EARLY(1, "\"rows\":1", "\"warnings\":3", "\"rule\":\"eof_for_ok\"");
        begin_early(0); /* no rows */
        script_answer_eof(&s);
        EXPECT_EARLY(1, "\"rows\":0");
        begin_early(0);
        script_answer(&s, SPAN("\xfe\0\0\2\0"));
        EXPECT_EARLY(1, "\"rows\":0", "\"rule\":\"eof_for_ok\"");
        begin_early(0); /* the first EOF is the end */
        EXPECT_EARLY(1, "\"rows\":0", "\"status_flags\":[\"autocommit\"]");
        begin_early(0);
        script_send(&s, SPAN("\3SELECT 2"));
        script_answer_ok(&s);
        EXPECT_EARLY(1, "\"query\":\"SELECT 2\"");
        begin_early(0); /* an error in place of rows */
        script_answer(&s, SPAN("\xff\x29\4#HY000no"));
        EXPECT_EARLY(1, "\"errno\":1065");
        begin_early(CAP_MULTI_RESULTS); /* several results */
        script_answer(&s, SPAN("\1x"));
        script_answer(&s, SPAN("\xfe\0\0\x0a\0\0\0"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\2\0"));
        script_answer(&s, SPAN("\1y"));
        script_answer_eof(&s);
        EXPECT_EARLY(2, "\"rows\":2");
        begin_early(0); /* a pipelined command, whose reply is not that of the first one */
        script_send(&s, SPAN("\3SELECT 2"));
        s.seq = 4;
        script_answer(&s, SPAN("\1x"));
        script_answer_eof(&s);
        s.seq = 1;
        script_answer_ok(&s);
        EXPECT_EARLY(1, "\"rows\":1", "\"query\":\"SELECT 2\"");
        begin_early(0); /* the session ends here */
        script_send(&s, SPAN("\1"));
        char *records = script_play(&s, 0);
        CU_ASSERT_TRUE(script_has(records, "\"rows\":0"));
        CU_ASSERT_TRUE(script_has(records, "COM_QUIT"));
        CU_ASSERT_PTR_NULL(strstr(records, "\"reason\":\"the connection ended"));
        free(records);
}

static void early_eofs_of_statements(void)
{
        for (unsigned mask = 0; mask < 4; mask++) { /* behind the parameters, behind the columns */
                script_open(&s, CAP_DEPRECATE_EOF, 8);
                script_send(&s, SPAN("\x16SELECT ?"));
                script_answer(&s, SPAN("\0\1\0\0\0\1\0\1\0\0\0\0"));
                script_answer_column(&s, "?", 253, 0, 63);
                if ((mask & 1) != 0) {
                        script_answer(&s, SPAN("\xfe\0\0\2\0"));
                }
                script_answer_column(&s, "a", 253, 0, 45);
                if ((mask & 2) != 0) {
                        script_answer(&s, SPAN("\xfe\0\0\2\0"));
                }
                script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\1x"));
                script_answer(&s, SPAN("\1"));
                script_answer_column(&s, "a", 253, 0, 45);
                script_answer(&s, SPAN("\xfe\0\0\2\0"));
                script_answer(&s, SPAN("\0\0\1x"));
                script_answer_eof(&s);
                EXPECT_EARLY((mask & 1) + (mask >> 1) + 1, "\"stmt_prepare_query\":\"SELECT ?\"",
                             "\"rows\":1", "\"stmt_execute_values\":[\"x\"]");
        }
        script_open(&s, CAP_DEPRECATE_EOF, 8); /* a cursor: the rows are fetched */
        script_prepare(&s, 1, "SELECT 1", 0);
        script_send(&s, SPAN("\x17\1\0\0\0\1\1\0\0\0"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 45);
        script_answer(&s, SPAN("\xfe\0\0\x42\0"));
        script_send(&s, SPAN("\x1c\1\0\0\0\1\0\0\0"));
        script_answer(&s, SPAN("\0\0\1x"));
        script_answer(&s, SPAN("\xfe\0\0\x82\0\0\0"));
        EXPECT_EARLY(0, "COM_STMT_FETCH", "\"rows\":1");
}

/* --- a client that should wait ----------------------------------------------------------------------------------------------- */

static const char *crowding; /* what the last feed left */
static unsigned crowded;     /* feeds that left some */

static void look_at_crowding(const struct dissect *d)
{
        crowding = dissect_crowding(d);
        crowded += crowding != NULL ? 1 : 0;
}

/** The commands behind a stream of events get no replies: a client that waited for them would wait for ever. */
static void commands_behind_a_stream(void)
{
        static uint8_t text[300] = "\3SELECT";
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\16"));
        script_send(&s, SPAN("\x12\4\0\0\0\0\0\1\0\0\0"));
        script_send(&s, span_of(text, sizeof text));
        s.seq = 1;
        script_answer_ok(&s);
        s.seq = 1;
        script_answer(&s, SPAN("\0event"));
        const struct tape_options options = {
            .held_bytes = 64, .without_gate = true, .look = look_at_crowding};
        crowded = 0;
        free(tape_records(span_of(s.bytes, s.len), &options));
        CU_ASSERT_TRUE(crowded > 0);
        CU_ASSERT_PTR_NULL(crowding);
}

static const struct tap_test tests[] = {
    {"what is shown of a session", views},
    {"evidence", evidence},
    {"hidden packets", hidden_packets},
    {"packets with passwords", packets_with_passwords},
    {"commands are counted", commands_are_counted},
    {"many results", many_results},
    {"pushed errors", pushed_errors},
    {"it gives up once", gives_up_once},
    {"limits of the pipeline and of statements", pipeline_and_statements},
    {"a text is longer than limits.query_bytes", a_text_is_longer_than_query_bytes},
    {"what is held has a limit", what_is_held},
    {"open statements leave space for commands", open_statements_leave_space},
    {"times", times},
    {"local files", local_files},
    {"streams", streams},
    {"lists of fields", fields},
    {"the database in use", databases},
    {"prepared statements", prepared},
    {"results that end early", results_that_end_early},
    {"sequence numbers", numbers},
    {"rows that come at once", rows_at_once},
    {"definitions", definitions},
    {"a payload of several packets", longer_than_a_packet},
    {"each allocation fails once", every_allocation_fails_once},
    {"local files that are not named", files_that_are_not_named},
    {"EOF behind columns under DEPRECATE_EOF", early_eofs},
    {"commands behind a stream", commands_behind_a_stream},
    {"EOF behind definitions of prepared statements", early_eofs_of_statements},
};

int main(void)
{
        return TAP_RUN("dissect", tests);
}
