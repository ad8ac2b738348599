/* What is kept of a session has limits, and a client that exceeds them is to wait. */
#include "mysql/dissect/dissect.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

/* --- limits --------------------------------------------------------------------------------------------------------------- */

static void pipeline_and_statements(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3A"));
        script_send(&s, SPAN("\3B"));
        script_send(&s, SPAN("\3C"));
        char *records = script_replay(&s, (struct tape_options){.pipeline = 2});
        CU_ASSERT_TRUE(script_has(records, "more commands in flight than limits.pipeline allows to follow"));
        CU_ASSERT_EQUAL(script_count(records, "the connection ended before the reply did"), 2);
        free(records);
        records = script_replay(&s, (struct tape_options){.pipeline = 3});
        CU_ASSERT_PTR_NULL(strstr(records, "notice"));
        free(records);
        script_open(&s, 0, 8);
        for (uint8_t id = 1; id <= 3; id++) {
                script_prepare(&s, id, "DO ?", 1);
        }
        script_send(&s, SPAN("\x17\3\0\0\0\0\1\0\0\0\0\1\3\0\7\0\0\0"));
        script_answer_ok(&s);
        records = script_replay(&s, (struct tape_options){.statements = 1});
        CU_ASSERT_EQUAL(script_count(records, "more prepared statements than limits.statements"), 1);
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
        CU_ASSERT_TRUE(script_tells(&s, "\"stmt_execute_values\":[\"kept\"]"));
        char *records = script_replay(&s, (struct tape_options){.held_bytes = 16});
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
        CU_ASSERT_TRUE(
            script_tells(&s, "the statement's text is not known: the query attributes before it are"));
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
        char *records = script_replay(&s, (struct tape_options){.query_bytes = 8});
        CU_ASSERT_EQUAL(
            script_count(records, "\"reason\":\"the text is cut: limits.query_bytes was reached\""), 2);
        CU_ASSERT_EQUAL(
            script_count(records,
                         "\"reason\":\"the text of the prepared statement is cut: limits.query_bytes was"),
            1);
        CU_ASSERT_EQUAL(script_count(records, "\"reason\""), 3);
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
        char *records = script_replay(&s, (struct tape_options){.held_bytes = 1000});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that is kept'\""));
        CU_ASSERT_TRUE(script_has(records, "\"database\":\"other\",\"character_set\":\"latin1\""));
        CU_ASSERT_EQUAL(script_count(records, "limits.held_bytes was reached: texts and values"), 1);
        CU_ASSERT_TRUE(
            script_has(records, "\"reason\":\"the values are cut: limits.held_bytes was reached\""));
        CU_ASSERT_TRUE(script_has(
            records,
            "\"reason\":\"the text of the prepared statement is cut: limits.held_bytes was reached\""));
        CU_ASSERT_PTR_NULL(strstr(records, "the text is cut"));
        free(records);
        records = script_replay(&s, (struct tape_options){.statements = 10});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that is kept'\""));
        CU_ASSERT_TRUE(script_has(
            records, "\"reason\":\"the prepared statement is not known: limits.statements was reached\""));
        free(records);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\3SELECT 'a text that is longer than all that is kept'"));
        script_answer_ok(&s);
        records = script_replay(&s, (struct tape_options){.held_bytes = 20});
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 'a text that\",\"query_length\":52"));
        CU_ASSERT_TRUE(script_has(records, "\"reason\":\"the text is cut: limits.held_bytes was reached\""));
        CU_ASSERT_EQUAL(script_count(records, "limits.held_bytes was reached: texts and values"), 1);
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
        char *records = script_replay(&s, (struct tape_options){.tick_ns = 1000000});
        CU_ASSERT_TRUE(script_has(records, "\"duration_us\":5000,\"request_us\":0,\"server_us\":1000,"
                                           "\"stream_us\":4000,"));
        free(records);
        /* byte by byte; and rows that are hopped over, of a cursor whose first packet is a row */
        records = script_replay(&s, (struct tape_options){.tick_ns = 1000, .split = 1});
        CU_ASSERT_TRUE(script_has(records, "\"request_us\":12,\"server_us\":1,"));
        free(records);
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, SPAN("\0\0\1x"));
        script_answer_eof(&s);
        records = script_replay(&s, (struct tape_options){.tick_ns = 1000});
        CU_ASSERT_TRUE(script_has(records, "\"server_us\":1,\"stream_us\":1,\"rows\":1"));
        free(records);
}

/* --- a client that should wait ----------------------------------------------------------------------------------------------- */

static const char *crowding; /* what the last feed left */

static unsigned crowded; /* feeds that left some */

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

/** The server asks the client of a COM_CHANGE_USER for data: the client must be read, whatever waits behind it. */
static void a_client_that_is_asked(void)
{
        static uint8_t text[300] = "\3SELECT";
        const struct span asked = SPAN("\xfe"
                                       "plugin\0data");
        const struct span told = SPAN("\1\3"); /* caching_sha2_password: an OK follows */
        for (int i = 0; i < 2; i++) {
                script_open(&s, CAP_PLUGIN_AUTH, 45);
                script_send(&s, SPAN("\x11user\0\0\0"));
                script_send(&s, span_of(text, sizeof text));
                s.seq = 1;
                script_answer(&s, i == 0 ? asked : told);
                const struct tape_options options = {
                    .held_bytes = 64, .without_gate = true, .look = look_at_crowding};
                crowded = 0;
                free(tape_records(span_of(s.bytes, s.len), &options));
                CU_ASSERT_TRUE(crowded > 0);
                CU_ASSERT_EQUAL(crowding == NULL, i == 0);
        }
}

static const struct tap_test tests[] = {
    {"limits of the pipeline and of statements", pipeline_and_statements},
    {"a text is longer than limits.query_bytes", a_text_is_longer_than_query_bytes},
    {"what is held has a limit", what_is_held},
    {"open statements leave space for commands", open_statements_leave_space},
    {"times", times},
    {"commands behind a stream", commands_behind_a_stream},
    {"a client that is asked", a_client_that_is_asked},
};

int main(void)
{
        return TAP_RUN("limits", tests);
}
