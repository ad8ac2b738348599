/* Long values, and the parameters behind them. */
#include "script.h"
#include "tap.h"

#include <stdlib.h>

/* A statement of `params` parameters on a server of either kind. */
struct run {
        uint64_t capabilities;
        uint8_t collation_id;
        uint8_t params;
};

static struct script script;

/** A request of @p head, a text of @p length bytes behind its length, and @p tail. Valid until the next call. */
static struct span with_long(struct span head, size_t length, struct span tail)
{
        static uint8_t room[200000];
        static char text[180000];
        struct writer w = writer_over(room, sizeof room);
        memset(text, 'x', sizeof text);
        writer_put(&w, head);
        writer_uint(&w, 0xfd, 1);
        writer_uint(&w, length, 3);
        writer_bytes(&w, text, length);
        writer_put(&w, tail);
        CU_ASSERT_FALSE_FATAL(w.failed);
        return writer_span(&w);
}

/** Only the long value is cut, not what is behind it, however the bytes come. */
static bool is_cut_only(const struct run *run, struct span request, const char *behind)
{
        script_open(&script, run->capabilities, run->collation_id);
        script_prepare(&script, 1, "INSERT ...", run->params);
        script_send(&script, request);
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        bool right = script_has(records, behind) && script_has(records, "xxx\",\"length\":170000}") &&
                     strstr(records, "unknown") == NULL && strstr(records, "reason") == NULL;
        free(records);
        return right;
}

static void values_behind_a_long_one(void)
{
        static const struct run four[] = {{CAP_MYSQL, 45, 4}, {0, 45, 4}};
        for (size_t i = 0; i < 2; i++) {
                CU_ASSERT_TRUE(is_cut_only(&four[i],
                                           with_long(SPAN("\x17\1\0\0\0\0\1\0\0\0"
                                                          "\4\1\xfd\0\x0c\0\3\0\xfd\0"),
                                                     170000, SPAN("\4\xea\7\1\2\1z")),
                                           ",\"2026-01-02 00:00:00\",null,\"z\"]"));
        }
        /* the types of MySQL's with attributes have names, one of which has a long length */
        static const struct run named = {CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45, 1};
        CU_ASSERT_TRUE(is_cut_only(&named,
                                   with_long(SPAN("\x17\1\0\0\0\x08\1\0\0\0\3\0\1\xfd\0\0"
                                                  "\3\0\xfc\3\0"
                                                  "abc\xfd\0\1d"),
                                             170000, SPAN("\7\0\0\0\2ok")),
                                   "\"query_attributes\":{\"abc\":7,\"d\":\"ok\"}"));
        static const struct run bulk_run = {CAP_MARIADB_BULK, 45, 2};
        CU_ASSERT_TRUE(is_cut_only(&bulk_run,
                                   with_long(SPAN("\xfa\1\0\0\0\x80\0\3\0\xfd\0\0\1\0\0\0\0"), 170000,
                                             SPAN("\0\2\0\0\0\1\0\3\0\0\0\0\2ok")),
                                   "[2,null],[3,\"ok\"]]"));
}

static void types_of_before_and_long_values(void)
{
        script_open(&script, CAP_MYSQL, 45);
        script_prepare(&script, 1, "INSERT ...", 2);
        script_send(&script, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\3\0\1a\1\0\0\0"));
        script_answer_ok(&script);
        script_send(&script, with_long(SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0"), 150000, SPAN("\x2a\0\0\0")));
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"length\":150000},42]"));
        free(records);
        /* a request that ends within the long value, or whose statement was never seen */
        script_open(&script, CAP_MYSQL, 45);
        script_prepare(&script, 1, "INSERT ...", 2);
        struct span whole =
            with_long(SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\3\0"), 150000, SPAN("\x2a\0\0\0"));
        script_send(&script, span_head(whole, 140000));
        script_answer_ok(&script);
        ((uint8_t *)(uintptr_t)whole.data)[1] = 9;
        script_send(&script, span_head(whole, 100000));
        script_answer_ok(&script);
        records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"length\":150000},{\"unknown\":true}]"));
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
}

/** The reply to a COM_STMT_PREPARE that was sent before other commands, with @p params parameters. */
static void answer_prepare(uint8_t params)
{
        const uint8_t ok[] = {0, 7, 0, 0, 0, 0, 0, params, 0, 0, 0, 0};
        script.seq = 1;
        script_answer(&script, span_of(ok, sizeof ok));
        for (uint8_t i = 0; i < params; i++) {
                script_answer_column(&script, "?", 253, 0, 63);
        }
        script_answer_eof(&script);
        script.seq = 1;
}

#define PIPELINED "\x17\xff\xff\xff\xff\0\1\0\0\0"

/** Execute a statement while it is being prepared, with a long value and a number. @return the records; the caller frees them. */
static char *execute_pending(struct span prepare, struct span between, uint8_t params)
{
        script_open(&script, 0, 45);
        script_send(&script, prepare);
        if (between.len > 0) {
                script_send(&script, between);
        }
        script_send(&script, with_long(SPAN(PIPELINED "\0\1\xfd\0\3\0"), 170000, SPAN("\x2a\0\0\0")));
        answer_prepare(params);
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        return records;
}

static void long_values_of_a_statement_that_is_being_prepared(void)
{
        static const char right[] = "xxx\",\"length\":170000},42]";
        char *records = execute_pending(SPAN("\x16SELECT ?, '?' /* ? */, ?"), SPAN(""), 2);
        CU_ASSERT_TRUE(script_has(records, right));
        CU_ASSERT_PTR_NULL(strstr(records, "\"reason\""));
        free(records);
        /* several executions */
        records =
            execute_pending(SPAN("\x16SELECT ?, ?"), SPAN("\x1a\xff\xff\xff\xff"), 2); /* COM_STMT_RESET */
        CU_ASSERT_PTR_NOT_NULL(strstr(records, right));
        free(records);
        /* the server counts otherwise: nothing is made up */
        records = execute_pending(SPAN("\x16SELECT ?, ?"), SPAN(""), 3);
        CU_ASSERT_TRUE(script_has(records, "\"stmt_execute_values\":[{\"unknown\":true}]"));
        free(records);
        /* long data takes the place of the first value: all is kept, as far as there is space */
        records = execute_pending(SPAN("\x16SELECT ?, ?"), SPAN("\x18\xff\xff\xff\xff\1\0long"), 2);
        CU_ASSERT_TRUE(script_has(records, "\"length\":170000},1735290732]"));
        free(records);
        /* one statement is prepared, and the next one is on its way: the latter is executed */
        script_open(&script, 0, 45);
        script_prepare(&script, 1, "SELECT ?", 1);
        script_send(&script, SPAN("\x16SELECT ?, ?"));
        script_send(&script, with_long(SPAN(PIPELINED "\0\1\xfd\0\3\0"), 170000, SPAN("\x2a\0\0\0")));
        answer_prepare(2);
        script_answer_ok(&script);
        records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, right));
        free(records);
}

/** Long data that has not been reached yet takes the place of a value of a statement that is known, too. */
static void long_data_in_flight(void)
{
        script_open(&script, 0, 45);
        script_prepare(&script, 1, "SELECT ?, ?, ?", 3);
        script_send(&script, SPAN("\3DO 1"));
        script_send(&script, SPAN("\x18\1\0\0\0\0\0long"));
        script_send(&script,
                    with_long(SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\xfd\0\xfd\0"), 100000, SPAN("\1z")));
        script.seq = 1;
        script_answer_ok(&script);
        script.seq = 1;
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"stmt_execute_values\":[\"long\",{\"text\":\"xxx"));
        CU_ASSERT_TRUE(script_has(records, "\"length\":100000},\"z\"]"));
        free(records);
}

/** An execution in flight changes the types: until its reply has come, it is not known where the values of the next one stand. */
static void types_in_flight(void)
{
        script_open(&script, CAP_MYSQL, 45);
        script_prepare(&script, 1, "INSERT ...", 3);
        script_send(&script, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\3\0\3\0\1a\1\0\0\0\2\0\0\0"));
        script_answer_ok(&script);
        script_send(&script, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\3\0\xfd\0\3\0\5\0\0\0\1b\6\0\0\0"));
        /* the number would be the length of a text */
        script_send(&script,
                    with_long(SPAN("\x17\1\0\0\0\0\1\0\0\0\0\0\xfd\0\0\2"), 150000, SPAN("\x2a\0\0\0")));
        script.seq = 1;
        script_answer_ok(&script);
        script.seq = 1;
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"stmt_execute_values\":[5,\"b\",6]"));
        CU_ASSERT_TRUE(script_has(records, "\"stmt_execute_values\":[33554685,{\"text\":\"xxx"));
        CU_ASSERT_TRUE(script_has(records, "\"length\":150000},{\"unknown\":true}]"));
        free(records);
}

static const struct tap_test tests[] = {
    {"values behind a long one", values_behind_a_long_one},
    {"types of before, and long values", types_of_before_and_long_values},
    {"long values of a statement that is being prepared", long_values_of_a_statement_that_is_being_prepared},
    {"long data in flight", long_data_in_flight},
    {"types in flight", types_in_flight},
};

int main(void)
{
        return TAP_RUN("value-filter", tests);
}
