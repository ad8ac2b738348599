/* EOF packets behind definitions although DEPRECATE_EOF was negotiated. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>

static struct script s;

static const char early_rule[] = "\"rule\":\"eof_behind_columns\"";

static void begin_early(uint64_t capabilities)
{
        script_open(&s, capabilities | CAP_DEPRECATE_EOF, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
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
                CU_ASSERT_EQUAL(script_count(records, early_rule), lints);
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

/** A reply that took the fast path came in place of the EOF that could have come behind a COM_STMT_PREPARE. */
static void an_eof_long_after_a_prepare(void)
{
        script_open(&s, CAP_DEPRECATE_EOF, 8);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 45);
        script_answer_eof(&s);
        script_prepare(&s, 1, "SELECT ?", 1);
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 45);
        script_answer_eof(&s);
        s.seq = 3;
        script_answer(&s, SPAN("\xfe\0\0\2\0"));
        char *records = script_replay(&s, (struct tape_options){.query_bytes = 64});
        CU_ASSERT_TRUE(script_has(records, "a reply without a command"));
        CU_ASSERT_PTR_NULL(strstr(records, early_rule));
        free(records);
}

static const struct tap_test tests[] = {
    {"EOF behind columns under DEPRECATE_EOF", early_eofs},
    {"EOF behind definitions of prepared statements", early_eofs_of_statements},
    {"an EOF long after a COM_STMT_PREPARE", an_eof_long_after_a_prepare},
};

int main(void)
{
        return TAP_RUN("early_eof", tests);
}
