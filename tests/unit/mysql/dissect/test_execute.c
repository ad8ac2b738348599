#include "mysql/dissect/value_buffer.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

/* A statement of `params` parameters, executed with `rest` behind the command's fixed part, on a server of either kind. */
struct run {
        uint64_t capabilities;
        uint8_t collation_id;
        uint8_t params;
        uint8_t flags;
};

static struct script script;

static void execute(const struct run *run, struct span rest)
{
        uint8_t room[4096];
        struct writer w = writer_over(room, sizeof room);
        writer_bytes(&w, "\x17\1\0\0\0", 5);
        writer_uint(&w, run->flags, 1);
        writer_uint(&w, 1, 4);
        writer_put(&w, rest);
        script_send(&script, writer_span(&w));
        script_answer_ok(&script);
}

static bool gives(const struct run *run, struct span rest, const char *part)
{
        script_open(&script, run->capabilities, run->collation_id);
        script_prepare(&script, 1, "INSERT ...", run->params);
        execute(run, rest);
        char *records = script_play(&script, 0);
        bool right = script_has(records, part) && strstr(records, "opaque") == NULL;
        free(records);
        return right;
}

static const struct run mysql = {CAP_MYSQL, 45, 1, 0};
static const struct run mariadb = {0, 45, 1, 0};

#define VALUES(json) "\"stmt_execute_values\":[" json "]"

static void types_of_both_servers(void)
{
        static const struct run two_mysql = {CAP_MYSQL, 45, 2, 0};
        static const struct run two_mariadb = {0, 45, 2, 0};
        const struct {
                struct span rest;
                const char *on_mysql;
                const char *on_mariadb;
        } cases[] = {
            {SPAN("\0\1\1\x80\1\0\xff\xff"), "255,-1", "255,-1"},
            {SPAN("\0\1\2\0\2\x80\xff\xff\xff\xff"), "-1,65535", "-1,65535"},
            {SPAN("\0\1\3\0\3\x80\xff\xff\xff\xff\xff\xff\xff\xff"), "-1,4294967295", "-1,4294967295"},
            {SPAN("\0\1\x08\0\x08\x80\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
             "-2,18446744073709551615", "-2,18446744073709551615"},
            {SPAN("\0\1\4\0\5\0\0\0\xc0\x3f\x9a\x99\x99\x99\x99\x99\xb9\x3f"), "1.5,0.1", "1.5,0.1"},
            {SPAN("\0\1\x0a\0\x0c\0\4\xea\7\1\2\x0b\xea\7\1\2\3\4\5\6\0\0\0"),
             "\"2026-01-02\",\"2026-01-02 03:04:05.000006\"",
             "\"2026-01-02\",\"2026-01-02 03:04:05.000006\""},
            {SPAN("\0\1\x07\0\x0b\0\0\x08\1\2\0\0\0\3\4\5"), "\"0000-00-00 00:00:00\",\"-51:04:05\"",
             "\"0000-00-00 00:00:00\",\"-51:04:05\""},
            {SPAN("\0\1\x0e\0\xf6\0\4\xea\7\1\2\3-.5"), "\"2026-01-02\",\"-.5\"", "\"2026-01-02\",\"-.5\""},
            /* MySQL: a text; MariaDB: NULL, and no bytes of it */
            {SPAN("\0\1\x09\0\xfd\0\1a\1b"), "\"a\",\"b\"", "null,\"a\""},
            {SPAN("\0\1\x0d\0\xfd\0\1a\1b"), "\"a\",\"b\"", "null,\"a\""},
            {SPAN("\0\1\x10\0\xfd\0\1\5\1b"), "5,\"b\"", "null,{\"hex\":\"05\"}"},
            {SPAN("\0\1\xff\0\xfd\0\2ab\1b"), "{\"hex\":\"6162\"},\"b\"", "null,\"ab\""},
            {SPAN("\0\1\xf4\0\xfd\0\1\1b"), "1,\"b\"", "1,\"b\""},
            {SPAN("\0\1\xf2\0\xf5\0\4\0\0\xc0\x3f\2{}"), "[1.5],\"{}\"", "[1.5],\"{}\""},
            {SPAN("\0\1\x11\0\x12\0\1a\2\xff\xfe"), "\"a\",{\"hex\":\"fffe\"}", "\"a\",{\"hex\":\"fffe\"}"},
            {SPAN("\3\1\3\0\xfd\0"), "null,null", "null,null"},
            {SPAN("\0\1\6\0\xfd\0\1b"), "\"b\",{\"unknown\":true}", "null,\"b\""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char part[160];
                (void)snprintf(part, sizeof part, VALUES("%s"), cases[i].on_mysql);
                CU_ASSERT_TRUE(gives(&two_mysql, cases[i].rest, part));
                (void)snprintf(part, sizeof part, VALUES("%s"), cases[i].on_mariadb);
                bool is_bit = cases[i].rest.data[2] == 0x10; /* "5" as a text of one control character */
                CU_ASSERT_TRUE(
                    gives(&two_mariadb, cases[i].rest, is_bit ? VALUES("null,\"\\u0005\"") : part));
        }
}

static void broken_values_are_told(void)
{
        CU_ASSERT_TRUE(gives(&mysql, SPAN(""), VALUES("{\"unknown\":true}")));
        CU_ASSERT_TRUE(gives(&mysql, SPAN("\0"), VALUES("{\"unknown\":true}")));
        CU_ASSERT_TRUE(gives(&mysql, SPAN("\0\1\x08\0\1\2"), VALUES("{\"unknown\":true}")));
        CU_ASSERT_TRUE(gives(&mysql,
                             SPAN("\0\1\xfd\0\x09"
                                  "abc"),
                             VALUES("{\"text\":\"abc\",\"length\":9}")));
        CU_ASSERT_TRUE(gives(&mysql, SPAN("\0\0"), VALUES("{\"unknown\":true}"))); /* types never came */
        CU_ASSERT_TRUE(gives(&mysql, SPAN("\0\1\xfd"), VALUES("{\"unknown\":true}")));
        static const struct run two = {CAP_MYSQL, 45, 2, 0};
        CU_ASSERT_TRUE(gives(&two, SPAN("\2\0"), VALUES("{\"unknown\":true},null")));
}

/** Lengths of 8 bytes: the servers read the lower four of them. */
static void lengths_with_rubbish(void)
{
        static const struct run two = {CAP_MYSQL, 45, 2, 0};
        static const char rule[] = "\"rule\":\"odd_length\"";
        CU_ASSERT_TRUE(
            gives(&two, SPAN("\0\1\xfd\0\xfd\0\xfe\2\0\0\0\0\0\0\0ab\1c"), VALUES("\"ab\",\"c\"")));
        struct span odd = SPAN("\0\1\xfd\0\xfd\0\xfe\2\0\0\0\2\0\0\0ab\1c");
        CU_ASSERT_TRUE(gives(&two, odd, VALUES("\"ab\",\"c\"")));
        CU_ASSERT_TRUE(gives(&two, odd, rule));
        CU_ASSERT_TRUE(gives(&two, odd, "\"command\":\"COM_STMT_EXECUTE\""));
        CU_ASSERT_TRUE(gives(&two, odd,
                             "\"direction\":\"client\",\"packet_seq\":0,\"packet_length\":29,\"packet_name\":"
                             "\"COM_STMT_EXECUTE\""));
        /* a value that is not kept whole: what stands behind it is found */
        static uint8_t packet[100 * 1024 + 32];
        struct writer w = writer_over(packet, sizeof packet);
        writer_bytes(&w, "\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\xfd\0\xfe\0\x90\1\0\0\x90\1\0", 25);
        memset(packet + w.at, 'x', 100 * 1024);
        memcpy(packet + w.at + 100 * 1024, "\1c", 2);
        script_open(&script, CAP_MYSQL, 45);
        script_prepare(&script, 1, "INSERT ...", 2);
        script_send(&script, span_of(packet, w.at + 100 * 1024 + 2));
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, ",\"length\":102400},\"c\"]"));
        CU_ASSERT_TRUE(script_has(records, rule));
        free(records);
        /* a bulk, attributes of a query, a row */
        script_open(&script, CAP_MARIADB_BULK, 45);
        script_prepare(&script, 1, "INSERT ...", 1);
        script_send(&script, SPAN("\xfa\1\0\0\0\x80\0\xfd\0\0\xfe\2\0\0\0\xff\xff\xff\xff"
                                  "ab\0\1c"));
        script_answer_ok(&script);
        records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"bulk_rows\":[[\"ab\"],[\"c\"]]"));
        CU_ASSERT_TRUE(script_has(records, rule));
        free(records);
        script_open(&script, CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45);
        script_send(&script, SPAN("\3\1\1\0\1\xfd\0\xfe\1\0\0\0\1\0\0\0a\1bSELECT 1"));
        script_answer_ok(&script);
        records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 1\""));
        CU_ASSERT_TRUE(script_has(records, "\"query_attributes\":{\"a\":\"b\"}"));
        CU_ASSERT_TRUE(script_has(records, rule));
        free(records);
        script_open(&script, CAP_MYSQL, 45);
        script_send(&script, SPAN("\3SELECT 1"));
        script_answer(&script, SPAN("\1"));
        script_answer_column(&script, "a", 0xfd, 0, 45);
        script_answer_eof(&script);
        script_answer(&script, SPAN("\xfc\2\0ab"));
        script_answer(&script, SPAN("\xfe\2\0\0\0\2\0\0\0ab"));
        script_answer_eof(&script);
        records = script_play(&script, 8);
        CU_ASSERT_TRUE(script_has(records, "\"first_rows\":[[\"ab\"],[\"ab\"]]"));
        CU_ASSERT_TRUE(script_has(records, rule));
        free(records);
}

static void types_are_remembered(void)
{
        script_open(&script, CAP_MYSQL, 45);
        script_prepare(&script, 1, "INSERT ...", 1);
        execute(&mysql, SPAN("\0\1\1\x80\xff"));
        execute(&mysql, SPAN("\0\0\xfe"));
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, VALUES("255")));
        CU_ASSERT_TRUE(script_has(records, VALUES("254")));
        free(records);
}

static void a_null_bit_and_long_data(void)
{
        for (int is_mysql = 0; is_mysql < 2; is_mysql++) {
                const struct run *run = is_mysql != 0 ? &mysql : &mariadb;
                script_open(&script, run->capabilities, 8);
                script_prepare(&script, 1, "INSERT ...", 1);
                script_send(&script, SPAN("\x18\1\0\0\0\0\0sent \xe9"));
                execute(run, SPAN("\1\1\xfd\0"));
                execute(run, SPAN("\0\0\1z")); /* it was for one execution only */
                char *records = script_play(&script, 0);
                CU_ASSERT_TRUE(script_has(records, VALUES("\"sent \xc3\xa9\"")));
                CU_ASSERT_TRUE(script_has(records, VALUES("\"z\"")));
                free(records);
        }
        script_open(&script, CAP_MYSQL, 8);
        script_prepare(&script, 1, "INSERT ...", 1);
        script_send(&script, SPAN("\x18\1\0\0\0\0\0a\0\xe9"));
        execute(&mysql, SPAN("\0\1\xfc\0"));
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(
            script_has(records, VALUES("{\"hex\":\"6100e9\"}"))); /* a blob is in no character set */
        free(records);
}

static void texts_are_in_the_clients_set(void)
{
        static const struct run cp1251 = {CAP_MYSQL, 51, 1, 0};
        static const struct run binary = {CAP_MYSQL, 63, 1, 0};
        CU_ASSERT_TRUE(gives(&cp1251, SPAN("\0\1\xfd\0\2\xcf\xf0"), VALUES("\"\xd0\x9f\xd1\x80\"")));
        CU_ASSERT_TRUE(gives(&cp1251, SPAN("\0\1\xfc\0\2\xcf\xf0"), VALUES("{\"hex\":\"cff0\"}")));
        CU_ASSERT_TRUE(gives(&cp1251, SPAN("\0\1\xfd\0\3\xcf\0\xf0"), VALUES("{\"hex\":\"cf00f0\"}")));
        CU_ASSERT_TRUE(gives(&binary, SPAN("\0\1\xfd\0\2\xcf\xf0"), VALUES("{\"hex\":\"cff0\"}")));
        CU_ASSERT_TRUE(gives(&mysql, SPAN("\0\1\xfd\0\2\xcf\xf0"), VALUES("{\"hex\":\"cff0\"}")));
}

/* --- attributes --------------------------------------------------------------------------------------------------------- */

static void attributes_of_executions(void)
{
        static const struct run one = {CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45, 1, 8};
        static const struct run none = {CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45, 0, 8};
        static const struct run unasked = {CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45, 0, 0};
        struct span rest = SPAN("\3\4\1\1\0\0\xfd\0\2tr\xfd\0\1n\7\4abcd");
        CU_ASSERT_TRUE(gives(&one, rest, VALUES("7") ",\"query_attributes\":{\"tr\":\"abcd\",\"n\":null}"));
        rest = SPAN("\1\0\1\xfd\0\2tr\4abcd");
        CU_ASSERT_TRUE(gives(&none, rest, "\"query_attributes\":{\"tr\":\"abcd\"}"));
        CU_ASSERT_TRUE(gives(&none, SPAN("\0"), "\"affected_rows\":0"));
        CU_ASSERT_TRUE(gives(&none, SPAN("\xfb"), VALUES("{\"unknown\":true}")));
        CU_ASSERT_TRUE(
            gives(&none, SPAN("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), VALUES("{\"unknown\":true}")));
        CU_ASSERT_TRUE(gives(&unasked, SPAN(""), "\"affected_rows\":0"));
        /* without types: those of the parameters are remembered, an attribute has none */
        script_open(&script, one.capabilities, 45);
        script_prepare(&script, 1, "INSERT ...", 1);
        execute(&one, SPAN("\2\0\1\1\0\0\xfd\0\1a\7\1x"));
        execute(&one, SPAN("\1\0\0\x08"));
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, VALUES("7") ",\"query_attributes\":{\"a\":\"x\"}"));
        CU_ASSERT_TRUE(script_has(records, VALUES("8")));
        free(records);
}

static char *query_with(uint8_t collation_id, struct span payload)
{
        script_open(&script, CAP_MYSQL | CAP_QUERY_ATTRIBUTES, collation_id);
        script_send(&script, payload);
        script_answer_ok(&script);
        script_send(&script, SPAN("\x03\0\1SELECT 2"));
        script_answer_ok(&script);
        return script_play(&script, 0);
}

static void attributes_of_queries(void)
{
        char *records = query_with(8, SPAN("\x03\1\1\0\1\xfd\0\2n\xe9\2v\xe9"
                                           "SELECT 1"));
        CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 1\""));
        CU_ASSERT_TRUE(script_has(records, "\"query_attributes\":{\"n\xc3\xa9\":\"v\xc3\xa9\"}"));
        free(records);
        const struct {
                struct span payload;
                const char *shown;
        } broken[] = {
            {SPAN("\x03"), "\"reason\":\"the statement's text is not known"},
            {SPAN("\x03\1"), "\"reason\":\"the statement's text is not known"},
            {SPAN("\x03\1\1\0"), "\"reason\":\"the statement's text is not known"},
            {SPAN("\x03\1\1\0\0"), "\"reason\":\"the statement's text is not known"},
            {SPAN("\x03\1\1\0\1\xfd\0\1n\x09v"), "{\"n\":{\"text\":\"v\",\"length\":9}}"},
            {SPAN("\x03\xfd\xff\xff\1\1\0\1"), "\"reason\":\"the statement's text is not known"},
        };
        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
                records = query_with(45, broken[i].payload);
                CU_ASSERT_TRUE(script_has(records, broken[i].shown));
                CU_ASSERT_TRUE(script_has(records, "\"query\":\"SELECT 2\"")); /* it goes on */
                CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
                free(records);
        }
}

/** More attributes than is kept of a request: the text behind them is not known, and that is said. */
static void attributes_without_end(void)
{
        static uint8_t payload[150000];
        struct writer w = writer_over(payload, sizeof payload);
        writer_bytes(&w, "\x03\2\1\0\1\xfd\0\1a\xfd\0\1b\xfd\x40\x0d\x03", 16); /* 200,000 bytes */
        memset(payload + w.at, 'x', 140000);
        script_open(&script, CAP_MYSQL | CAP_QUERY_ATTRIBUTES, 45);
        script_send(&script, span_of(payload, w.at + 140000));
        script_answer_ok(&script);
        const struct tape_options options = {.query_bytes = 64, .without_gate = true};
        char *records = tape_records(span_of(script.bytes, script.len), &options);
        CU_ASSERT_TRUE(script_has(records, "the statement's text is not known"));
        CU_ASSERT_TRUE(script_has(records, "\"a\":{\"text\":\"xxx"));
        CU_ASSERT_TRUE(script_has(records, "\"b\":{\"unknown\":true}"));
        CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
        free(records);
}

/* --- bulk ---------------------------------------------------------------------------------------------------------------- */

static char *bulk(uint8_t params, struct span payload)
{
        script_open(&script, CAP_MARIADB_BULK, 8);
        script_prepare(&script, 1, "INSERT ...", params);
        script_send(&script, payload);
        script_answer_ok(&script);
        return script_play(&script, 0);
}

static void bulk_rows(void)
{
        char *records = bulk(2, SPAN("\xfa\1\0\0\0\x80\0\3\x80\xfd\0"
                                     "\0\1\0\0\0\0\1\xe9" /* 1, 'e' */
                                     "\1\2"               /* NULL, DEFAULT */
                                     "\3\0\2ab"));        /* IGNORE, 'ab' */
        CU_ASSERT_TRUE(
            script_has(records, "\"bulk_count\":3,\"bulk_rows\":[[1,\"\xc3\xa9\"],[null,{\"default\":true}],"
                                "[{\"ignore\":true},\"ab\"]]"));
        free(records);
        records = bulk(1, SPAN("\xfa\1\0\0\0\x80\0\1\0"));
        CU_ASSERT_TRUE(script_has(records, "\"bulk_count\":0,\"bulk_rows\":[]"));
        free(records);
}

static void bulk_types_are_remembered(void)
{
        script_open(&script, CAP_MARIADB_BULK, 8);
        script_prepare(&script, 1, "INSERT ...", 1);
        script_send(&script, SPAN("\xfa\1\0\0\0\x80\0\1\0\0\7"));
        script_answer_ok(&script);
        script_send(&script, SPAN("\xfa\1\0\0\0\0\0\0\x08\0\x09"));
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"bulk_count\":2,\"bulk_rows\":[[8],[9]]"));
        free(records);
}

/** For a packet that can't have a value for each parameter no room is made. */
static void bulks_of_many_parameters(void)
{
        static const uint8_t prepared[] = {0, 1, 0, 0, 0, 0, 0, 0x40, 0x9c, 0, 0, 0, 0}; /* 40,000 */
        script_open(&script, CAP_DEPRECATE_EOF | CAP_OPTIONAL_METADATA, 8);
        script_send(&script, SPAN("\x16INSERT ..."));
        script_answer(&script, span_of(prepared, sizeof prepared));
        script_send(&script, SPAN("\xfa\1\0\0\0\0\0\1\1\1\1"));
        script_answer_ok(&script);
        char *records = script_play(&script, 0);
        CU_ASSERT_TRUE(script_has(records, "\"bulk_rows\":[{\"unknown\":true}]"));
        free(records);
}

static void broken_bulks_are_told(void)
{
        const struct {
                uint8_t params;
                struct span payload;
                const char *shown;
        } cases[] = {
            {1, SPAN("\xfa\1\0\0\0\x80"), "\"bulk_rows\":[{\"unknown\":true}]"},
            {0, SPAN("\xfa\1\0\0\0\x80\0"), "\"bulk_rows\":[{\"unknown\":true}]"},
            {1, SPAN("\xfa\1\0\0\0\x80\0\1"), "\"bulk_rows\":[[{\"unknown\":true}]]"},
            {1, SPAN("\xfa\1\0\0\0\0\0\0\1"), "\"bulk_rows\":[[{\"unknown\":true}]]"},
            {1, SPAN("\xfa\1\0\0\0\x80\0\3\0\0\1"), "\"bulk_rows\":[[{\"unknown\":true}]]"},
            {1, SPAN("\xfa\1\0\0\0\x80\0\xfd\0\0\5ab"), "\"bulk_rows\":[[{\"text\":\"ab\",\"length\":5}]]"},
            {2, SPAN("\xfa\1\0\0\0\x80\0\1\0\1\0\0\1\x09"), "\"bulk_rows\":[[1,{\"unknown\":true}]]"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char *records = bulk(cases[i].params, cases[i].payload);
                CU_ASSERT_TRUE(script_has(records, cases[i].shown));
                CU_ASSERT_PTR_NULL(strstr(records, "bulk_count"));
                CU_ASSERT_PTR_NULL(strstr(records, "opaque"));
                free(records);
        }
        char *records = bulk(1, SPAN("\xfa\2\0\0\0\x80\0\1\0\0\1")); /* of a statement never seen */
        CU_ASSERT_PTR_NULL(strstr(records, "bulk_rows"));
        free(records);
}

static void bulks_are_bounded(void)
{
        uint8_t payload[2000];
        struct writer w = writer_over(payload, sizeof payload);
        writer_bytes(&w, "\xfa\1\0\0\0\x80\0\1\0", 9);
        for (int i = 0; i < 500; i++) {
                writer_bytes(&w, "\0\5", 2);
        }
        char *records = bulk(1, writer_span(&w));
        CU_ASSERT_TRUE(script_has(
            records, "\"bulk_count\":500,\"bulk_rows\":[[5],[5],[5],[5],[5],[5],[5],[5],[5],[5],[5],"
                     "[5],[5],[5],[5],[5]]"));
        free(records);
        /* cut by limits.query_bytes and what is kept besides: how many there are is not known */
        script_open(&script, CAP_MARIADB_BULK, 8);
        script_prepare(&script, 1, "INSERT ...", 1);
        static uint8_t large[100000];
        w = writer_over(large, sizeof large);
        writer_bytes(&w, "\xfa\1\0\0\0\x80\0\1\0", 9);
        while (!w.failed) {
                writer_bytes(&w, "\0\5", 2);
        }
        script_send(&script, writer_span(&w));
        script_answer_ok(&script);
        const struct tape_options options = {.query_bytes = 64, .without_gate = true};
        records = tape_records(span_of(script.bytes, script.len), &options);
        CU_ASSERT_TRUE(script_has(records, "\"bulk_rows\":[[5],"));
        CU_ASSERT_PTR_NULL(strstr(records, "bulk_count"));
        free(records);
}

/** So many values are taken for one request as the protocol allows parameters, and twice that for a bulk. */
static void values_are_bounded(void)
{
        struct value_buffer buffer = {NULL, 0};
        CU_ASSERT_PTR_NULL(value_buffer_take(&buffer, 2 * 65536 + 1));
        struct value *values = value_buffer_take(&buffer, 2);
        CU_ASSERT_PTR_NOT_NULL_FATAL(values);
        values[0].is_null = true;
        values = value_buffer_take(&buffer, 1);
        CU_ASSERT_TRUE(values != NULL && !values[0].is_null);
        value_buffer_drop(&buffer);
}

static const struct tap_test tests[] = {
    {"values are bounded", values_are_bounded},
    {"types of both servers", types_of_both_servers},
    {"broken values are told", broken_values_are_told},
    {"types are remembered", types_are_remembered},
    {"a NULL bit and long data", a_null_bit_and_long_data},
    {"texts are in the client's character set", texts_are_in_the_clients_set},
    {"attributes of executions", attributes_of_executions},
    {"attributes of queries", attributes_of_queries},
    {"attributes without end", attributes_without_end},
    {"rows of a bulk execution", bulk_rows},
    {"a bulk's types are remembered", bulk_types_are_remembered},
    {"broken bulks are told", broken_bulks_are_told},
    {"bulks of many parameters", bulks_of_many_parameters},
    {"bulks are bounded", bulks_are_bounded},
    {"lengths with more than 32 bits", lengths_with_rubbish},
};

int main(void)
{
        return TAP_RUN("execute", tests);
}
