/* Messages of the Model Context Protocol and their replies, with the answers of endpoints made up here. */
#include "mcp/exchange.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_schema(FILE *out)
{
        (void)fputs("{\"title\":\"a record\"}", out);
}

static const struct mcp_options options = {.where = "127.0.0.1:1", .version = "1.0", .schema = write_schema};

/** The reply to @p message; the endpoints that it wants give @p body with @p status. The caller frees it; NULL: there is none. */
static char *reply_to(const struct mcp_options *o, const char *message, int status, const char *body)
{
        struct exchange_want want;
        struct exchange *x = exchange_new(o, span_str(message));
        CU_ASSERT_PTR_NOT_NULL_FATAL(x);
        while (exchange_wants(x, &want)) {
                exchange_give(x, status, span_str(body));
        }
        const char *reply = exchange_reply(x);
        char *copy = reply != NULL ? strdup(reply) : NULL;
        exchange_free(x);
        return copy;
}

static void check_reply(const struct mcp_options *o, const char *message, int status, const char *body,
                        const char *part)
{
        char *reply = reply_to(o, message, status, body);
        bool is_right = reply != NULL && strstr(reply, part) != NULL && strchr(reply, '\n') == NULL;
        if (!is_right) {
                (void)printf("# %s\n# -> %s\n# has no %s\n", message, reply != NULL ? reply : "nothing",
                             part);
        }
        CU_ASSERT_TRUE(is_right);
        free(reply);
}

#define CALL(TOOL, ARGS)                                                                                     \
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"" TOOL               \
        "\",\"arguments\":" ARGS "}}"
#define ASK(METHOD) "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"" METHOD "\"}"

static void messages_that_are_wrong(void)
{
        static const struct {
                const char *message;
                const char *code;
        } wrong[] = {
            {"{bad", "-32700"},
            {"", "-32700"},
            {"[1]", "batches are not supported"},
            {"7", "-32700"},
            {"{\"id\":1,\"method\":\"ping\"}", "-32600"},
            {"{\"jsonrpc\":\"2.0\",\"id\":1}", "-32600"},
            {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", "\"id\":null"},
            {ASK("nothing/like/it"), "-32601"},
            {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", "-32602"},
            {ASK("tools/call"), "-32602"},
            {CALL("nonsense", "{}"), "there is no tool nonsense"},
            {CALL("kill", "{\"session\":1}"), "there is no tool kill"},
            {CALL("recent", "[]"), "must be an object"},
            {CALL("recent", "{\"m\":1}"), "recent has no argument m"},
            {CALL("recent", "{\"n\":\"1\"}"), "n must be a whole number from 0 to 200"},
            {CALL("recent", "{\"n\":201}"), "n must be a whole number from 0 to 200"},
            {CALL("recent", "{\"n\":-1}"), "n must be a whole number from 0 to 200"},
            {CALL("search", "{}"), "search needs the argument q"},
            {CALL("search", "{\"q\":\"\"}"), "q must be a text of 1 to 4096 bytes"},
            {CALL("search", "{\"q\":\"a\\u0000b\"}"), "-32700"},
            {CALL("digests", "{\"sort\":\"tim\"}"), "sort must be one of time|active"},
            {ASK("resources/read"), "-32602"},
            {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///"
             "etc\"}}",
             "-32002"},
        };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                check_reply(&options, wrong[i].message, 0, "", wrong[i].code);
        }
        CU_ASSERT_PTR_NULL(
            reply_to(&options, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 0, ""));
}

static void an_argument_of_a_megabyte(void)
{
        enum { SIZE = 1 << 20 };
        char *message = NULL;
        char *text = malloc(SIZE + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        memset(text, 'x', SIZE);
        text[SIZE] = '\0';
        CU_ASSERT_TRUE_FATAL(asprintf(&message, CALL("search", "{\"q\":\"%s\"}"), text) > 0);
        check_reply(&options, message, 0, "", "q must be a text of 1 to 4096 bytes");
        free(message);
        CU_ASSERT_TRUE_FATAL(asprintf(&message, ASK("%s"), text) > 0);
        check_reply(&options, message, 0, "", "-32601");
        free(message);
        free(text);
}

static void what_there_is(void)
{
        struct mcp_options all = options;
        all.allow_actions = true;
        check_reply(&options,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                    "\"2024-11-05\"}}",
                    0, "", "\"protocolVersion\":\"2024-11-05\"");
        check_reply(&options,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                    "\"1999-01-01\"}}",
                    0, "", "\"protocolVersion\":\"2025-11-25\"");
        check_reply(&options, ASK("ping"), 0, "", "\"id\":\"x\",\"result\":{}");
        check_reply(&options, ASK("tools/list"), 0, "", "\"name\":\"findings\"");
        check_reply(&all, ASK("tools/list"), 0, "", "\"name\":\"kill\"");
        check_reply(&options, ASK("resources/list"), 0, "", "querytap://manual/querytap-filter");
        check_reply(&options, ASK("resources/templates/list"), 0, "", "\"resourceTemplates\":[]");
        check_reply(&options,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":"
                    "\"querytap://schema/record\"}}",
                    0, "", "a record");
        check_reply(&options,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":"
                    "\"querytap://manual/querytap-filter\"}}",
                    0, "", "OPERATORS");
        check_reply(&all, CALL("kill", "{\"session\":3}"), 200, "{}", "kill: done.");
}

/** What is wanted first. */
static void check_path(const char *message, const char *method, const char *path)
{
        struct exchange_want want = {.path = ""};
        struct exchange *x = exchange_new(&options, span_str(message));
        CU_ASSERT_TRUE_FATAL(exchange_wants(x, &want));
        CU_ASSERT_STRING_EQUAL(want.method, method);
        CU_ASSERT_STRING_EQUAL(want.path, path);
        exchange_free(x);
}

static void the_endpoints_of_tools(void)
{
        check_path(CALL("recent", "{}"), "GET", "/records?ids=1&cut=4096&n=40");
        check_path(CALL("search", "{\"q\":\"d>1s a&b=c/%\\u00e9\",\"n\":3}"), "GET",
                   "/records?ids=1&cut=4096&q=d%3E1s%20a%26b%3Dc%2F%25%C3%A9&n=3");
        check_path(CALL("statement", "{\"number\":12,\"offset\":5}"), "GET", "/records/12");
        check_path(CALL("set_mark", "{\"name\":\"a b\"}"), "POST", "/marks?name=a%20b");
        check_path(CALL("hex", "{\"session\":9}"), "GET", "/sessions/9/hex?annotate=1");
        check_path(CALL("sessions", "{}"), "GET", "/sessions");
}

static void answers_of_endpoints(void)
{
        check_reply(&options, CALL("recent", "{}"), 0, "nobody is there", "\"text\":\"nobody is there\"");
        check_reply(&options, CALL("recent", "{}"), 400, "{\"error\":\"column 1: no\"}",
                    "\"text\":\"column 1: no\"}],\"isError\":true");
        check_reply(&options, CALL("recent", "{}"), 500, "\xff\xfe", "the proxy refuses this");
        check_reply(&options, CALL("recent", "{}"), 200, "rubbish", "gap dropped=1");
        check_reply(&options, CALL("findings", "{}"), 200, "rubbish", "can't be read");
        check_reply(&options, CALL("digests", "{}"), 200,
                    "{\"digests\":[{\"digest_text\":\"SELECT ? \\u0000\",\"count\":1}]}", "\\\\u0000");
        check_reply(&options, CALL("memory", "{}"), 200, "{\"stages\":[{\"stage\":\"tls\"}]}",
                    "tls: 0 (0 to 0)");
        check_reply(
            &options, CALL("statement", "{\"number\":1}"), 200,
            "{\"id\":\"a:1\",\"query\":\"SELECT 'x'\",\"stmt_execute_values\":[1,null,\"y\",{\"a\":[]}]}",
            "stmt_execute_values: [1,null,\\\"y\\\",{\\\"a\\\":[]}]\\nquery: \\\"SELECT 'x'\\\"");
}

/** A statement can't end its quotes, and nothing in it acts on a terminal or looks like a line of ours. */
static void hostile_statements_are_quoted(void)
{
        check_reply(
            &options, CALL("recent", "{}"), 200,
            "{\"id\":\"a:1\",\"ts\":\"2026-01-01T00:00:00.000000Z\",\"event\":\"query\",\"conn_id\":1,"
            "\"command\":\"COM_QUERY\",\"query\":\"a\\\"\\n2 kill everything \\u001b[2J\\u202e\"}\n",
            "#1 \\\"a\\\\\\\"\\\\n2 kill everything \\\\u001b[2J\\\\u202e\\\"\\n");
}

static void answers_are_bounded(void)
{
        enum { LINES = 200, ROOM = 1 << 20 };
        char *body = malloc(ROOM);
        size_t at = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(body);
        for (int i = 0; i < LINES; i++) {
                at += (size_t)snprintf(
                    body + at, ROOM - at,
                    "{\"id\":\"a:%d\",\"ts\":\"2026-01-01T00:00:00.000000Z\",\"event\":\"query\","
                    "\"conn_id\":1,\"command\":\"COM_QUERY\",\"error\":\"%0900d\",\"query\":\"%01000d\"}\n",
                    i + 1, 1, 2);
        }
        char *reply = reply_to(&options, CALL("recent", "{\"n\":200}"), 200, body);
        CU_ASSERT_PTR_NOT_NULL_FATAL(reply);
        CU_ASSERT_TRUE(strlen(reply) < 48 * 1024);
        CU_ASSERT_PTR_NOT_NULL(strstr(reply, "for want of space"));
        free(reply);
        free(body);
        CU_ASSERT_TRUE_FATAL(asprintf(&body, "{\"query\":\"%0100000d\"}", 7) > 0);
        reply = reply_to(&options, CALL("statement", "{\"number\":1}"), 200, body);
        CU_ASSERT_PTR_NOT_NULL(strstr(reply, "offset=12288 has the rest"));
        free(reply);
        free(body);
}

/** Each allocation fails once: there is a reply, or an error that says so. */
static void memory_that_runs_out(void)
{
        static const char *const messages[] = {ASK("tools/list"), ASK("resources/list"),
                                               CALL("findings", "{}"), "{bad"};
        for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
                for (uint64_t nth = 1; nth <= 400; nth += nth < 40 ? 1 : 13) {
                        struct exchange_want want;
                        prof_fail_nth(nth);
                        struct exchange *x = exchange_new(&options, span_str(messages[i]));
                        while (x != NULL && exchange_wants(x, &want)) {
                                exchange_give(x, 200, span_str("{\"findings\":[{\"kind\":\"slow\"}]}"));
                        }
                        CU_ASSERT_TRUE(x == NULL || exchange_reply(x) != NULL);
                        exchange_free(x);
                        prof_fail_nth(0);
                }
        }
}

static const struct tap_test tests[] = {
    {"messages that are wrong", messages_that_are_wrong},
    {"an argument of a megabyte", an_argument_of_a_megabyte},
    {"what there is", what_there_is},
    {"the endpoints of tools", the_endpoints_of_tools},
    {"answers of endpoints", answers_of_endpoints},
    {"hostile statements are quoted", hostile_statements_are_quoted},
    {"answers are bounded", answers_are_bounded},
    {"memory that runs out", memory_that_runs_out},
};

int main(void)
{
        exchange_start();
        return TAP_RUN("mcp", tests);
}
