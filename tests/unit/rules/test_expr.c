/* The filter language: each term and operator; printing; what is remembered. */
#include "rules/expr.h"
#include "rules/expr_sample.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static bool matches(const char *text, const struct record *r)
{
        struct expr *e = expr_compiled(text);
        bool is_match = expr_match(e, r);
        expr_free(e);
        return is_match;
}

/** Each matches the statement; its negation does not. */
static const char *const matching[] = {
    /* names */
    "user:app_shop",
    "user:app*",
    "user:root,app_shop",
    "user:a?p*p",
    "username=app*",
    "USER:app*",
    "user:\"app_shop\"",
    "user:'app_shop'",
    "user:app\"_\"shop",
    "user!=root",
    "user",
    "db:shop",
    "database:sh*",
    "schema:shop",
    "db!=mysql",
    "client:10.1.2.3",
    "client:10.0.0.0/8",
    "client:::ffff:10.1.2.3",
    "client:1.1.1.1,10.0.0.0/8",
    "client_addr:0.0.0.0/0",
    "client",
    "cmd:execute",
    "cmd:stmt_execute",
    "command:COM_STMT_EXECUTE",
    "cmd:query,execute",
    "event:query",
    "event:auth,query",
    "event",
    "session:7",
    "conn_id:1..7",
    "session",
    "trx:2",
    "trx",
    "digest:9166",
    "digest:91668775ACEAC64433230DEA58B90ADB",
    "digest",
    "scope:checkout-7",
    "scope:cart*,check*",
    "scope",
    /* the statement */
    "op:select",
    "op:SELECT",
    "op:update,select",
    "op",
    "table:orders",
    "table:ORDERS",
    "table:shop.orders",
    "table:shop.*",
    "table:ord*",
    "table:\"my table\"",
    "table:my\" \"t*",
    "table:`my table`",
    "table:shop.`orders`",
    "table",
    "clause:where",
    "clause:join,into",
    "clause:limit",
    "clause",
    "statements:1",
    "statements",
    "\"from users\"",
    "'FROM SHOP'",
    "text:orders",
    "re:^SELECT.*LIMIT",
    "re:\"from users\"",
    "re:(orders|posts)",
    "/orders/",
    "/ORDERS/i",
    "/a\\.id/",
    "pattern:JOIN",
    "re:/ORDERS/i",
    /* numbers and times */
    "err",
    "err:1213",
    "err:1205,1213",
    "errno:1000..2000",
    "err:1213+",
    "errors",
    "sqlstate:40001",
    "sqlstate:40*",
    "d:1ms+",
    "d:1500us",
    "d:1.5ms",
    "d:1ms..2ms",
    "d:..2ms",
    "d:1ms..",
    "d>1ms",
    "d>=1500us",
    "d<2ms",
    "d<=1.5ms",
    "d:>1ms",
    "d > 1ms",
    "d:0.0015s",
    "d<1.5001ms",
    "d>1.4999ms",
    "d:1h..,1ms..2ms",
    "duration:1ms+",
    "duration_us:1500",
    "duration_us>1000",
    "d",
    "d:0..1s",
    "server:1.2ms",
    "server_us>=1200",
    "rows:10",
    "rows:10+",
    "rows:5..10",
    "rows:..10",
    "rows>9",
    "rows<0.011k",
    "rows:0.01k",
    "rows:10,20",
    "rows!=11",
    "rows<>11",
    "rows=10",
    "rows==10",
    "bytes:1040",
    "bytes:1k+",
    "bytes:1Ki..2Ki",
    "bytes_received:1000",
    "finding:slow",
    "finding:n_plus_one,slow",
    "finding",
    /* names within maps */
    "tag.route:/posts*",
    "tag.route:/posts/7",
    "tag.route",
    "tag:1,x==",
    "tags.route:*7",
    "tag",
    "trace:4bf92f",
    "trace:00-4bf9",
    "trace:4BF9*",
    "trace",
    "value:17",
    "value:\"Ada L\"",
    "value:Ada*",
    "value:NULL",
    "value",
    "column:author_id",
    "column:author*",
    "column",
    /* fields by their names */
    "status_flags:autocommit",
    "conn_seq_num:1",
    "status_flags",
    /* operators */
    "user:app* d:1ms+",
    "user:app* and d:1ms+",
    "user:root or d:1ms+",
    "user:root | err",
    "user:root||err",
    "user:app*&&err",
    "not user:root",
    "!user:root",
    "! user:root",
    "not not user:app*",
    "!!user:app*",
    "not (user:root or d:1s+)",
    "(user:app*)",
    "( user:root | ( err ) )",
    "user:root or user:app* d:1ms+",
    "(user:root or user:app*) not d:1s+",
    "NOT user:root AND err OR d:1s+",
    "user:root user:root or err",
    "err not warnings",
};

static const char *const not_matching[] = {
    "user:app",
    "user:APP*",
    "user:\"app*\"",
    "user:*x*",
    "db:SHOP",
    "client:10.1.2.0/31",
    "client:::1",
    "cmd:query,ping",
    "op:delete",
    "table:users",
    "table:from",
    "table:shop",
    "table:orders2",
    "clause:into",
    "clause:order_by",
    "statements:2+",
    "\"from users where\"",
    "re:^orders",
    "err:1,2",
    "d:2ms+",
    "d<1500us",
    "d>1500us",
    "d:0ms",
    "rows<0",
    "rows:11..",
    "warnings",
    "affected",
    "affected:0",
    "tag.route:posts",
    "tag.none",
    "trace:4bf93",
    "value:1",
    "value:ada*",
    "column:id",
    "reason",
    "qattr.x:1",
    "stall",
    "stmt_id",
    "user:app* err:1",
    "user:root or err:1",
    "not err",
    "not (err or d)",
};

static void terms(void)
{
        struct record r = expr_statement(expr_sql);
        char negated[256];
        for (size_t i = 0; i < sizeof matching / sizeof matching[0]; i++) {
                bool is_match = matches(matching[i], &r);
                (void)snprintf(negated, sizeof negated, "not (%s)", matching[i]);
                bool is_negation = matches(negated, &r);
                if (!is_match || is_negation) {
                        printf("# %s: %d %d\n", matching[i], is_match, is_negation);
                }
                CU_ASSERT_TRUE(is_match);
                CU_ASSERT_FALSE(is_negation);
        }
        for (size_t i = 0; i < sizeof not_matching / sizeof not_matching[0]; i++) {
                bool is_match = matches(not_matching[i], &r);
                (void)snprintf(negated, sizeof negated, "not (%s)", not_matching[i]);
                bool is_negation = matches(negated, &r);
                if (is_match || !is_negation) {
                        printf("# %s: %d %d\n", not_matching[i], is_match, is_negation);
                }
                CU_ASSERT_FALSE(is_match);
                CU_ASSERT_TRUE(is_negation);
        }
}

/** The case of ASCII letters does not matter to text: wherever they are in a statement; that of other bytes does. */
static void case_of_texts(void)
{
        static char text[128];
        for (size_t at = 0; at < 20; at++) {
                memset(text, '-', sizeof text - 1);
                memcpy(text + at, "AZaz@[`{\xc3\x9a", 10);
                struct record r = expr_statement(text);
                CU_ASSERT_TRUE(matches("\"azAZ@[`{\xc3\x9a\"", &r));
                CU_ASSERT_FALSE(matches("\"az`[\"", &r));
                CU_ASSERT_FALSE(matches("\"az@{\"", &r));
                CU_ASSERT_FALSE(matches("\"@[@\"", &r));
                CU_ASSERT_FALSE(matches("\"`[\"", &r));
                CU_ASSERT_FALSE(matches("\"\xc3\xba\"", &r));
        }
}

/** Neither a term about what is unknown nor its negation matches. */
static void unknown_values(void)
{
        struct record r = expr_statement(expr_sql);
        struct record call = expr_statement("CALL p()");
        struct record long_one = expr_statement(expr_sql);
        record_set_uint(&r, FIELD_DATABASE_UNKNOWN, 1);
        record_remove(&r, FIELD_DATABASE);
        record_set_uint(&long_one, FIELD_QUERY_LENGTH, 100000);
        CU_ASSERT_FALSE(matches("db:shop", &r));
        CU_ASSERT_FALSE(matches("not db:shop", &r));
        CU_ASSERT_FALSE(matches("not not db:shop", &r));
        CU_ASSERT_FALSE(matches("not (db:shop and err)", &r));
        CU_ASSERT_TRUE(matches("not (db:shop and err:1)", &r));
        CU_ASSERT_TRUE(matches("db:shop or err", &r));
        CU_ASSERT_FALSE(matches("table:x", &call));
        CU_ASSERT_FALSE(matches("not table:x", &call));
        CU_ASSERT_TRUE(matches("not op:select op:call", &call));
        CU_ASSERT_TRUE(matches("\"orders\" table:orders op:select", &long_one));
        CU_ASSERT_FALSE(matches("\"nowhere\"", &long_one));
        CU_ASSERT_FALSE(matches("not \"nowhere\"", &long_one));
        CU_ASSERT_FALSE(matches("not op:delete", &long_one));
        struct expr *e = expr_compiled("re:nowhere");
        CU_ASSERT_FALSE(expr_match(e, &long_one));
        CU_ASSERT_EQUAL(expr_undecided(e), 1);
        expr_free(e);
}

/** What is decided for a digest or a session holds for its other records; another one is decided for itself. */
static void memory(void)
{
        struct record select = expr_statement(expr_sql);
        struct record delete = expr_statement("DELETE FROM t");
        struct expr *e = expr_compiled("op:select table:orders attr.program:shop*");
        static const struct value attributes[] = {{.name = {(const uint8_t *)"program", 7},
                                                   .bytes = {(const uint8_t *)"shop-web", 8},
                                                   .true_len = 8,
                                                   .type = VALUE_VAR_STRING}};
        struct record login;
        memset(&login, 0, sizeof login);
        login.event = EVENT_AUTH;
        record_set_uint(&login, FIELD_CONN_ID, 7);
        record_set_list(&login, FIELD_CONNECT_ATTRIBUTES, (struct value_list){attributes, 1});
        record_set_text(&delete, FIELD_DIGEST, span_str("00000000aceac64433230dea58b90adb"));
        CU_ASSERT_FALSE(expr_match(e, &select)); /* the login was not seen */
        CU_ASSERT_FALSE(expr_match(e, &login));
        for (unsigned i = 0; i < 3; i++) {
                CU_ASSERT_TRUE(expr_match(e, &select));
                CU_ASSERT_FALSE(expr_match(e, &delete));
        }
        record_set_uint(&select, FIELD_CONN_ID, 7 + 1024);
        CU_ASSERT_FALSE(expr_match(e, &select));
        expr_free(e);
        CU_ASSERT_TRUE(matches("attr.program:shop-web", &login));
}

static void times(void)
{
        static const struct {
                const char *text;
                enum expr_time time;
        } cases[] = {{"user:a op:select or table:t", EXPR_AT_REQUEST},
                     {"user:a err", EXPR_AT_REPLY},
                     {"user:a d:1s+ finding", EXPR_AT_JOURNAL}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct expr *e = expr_compiled(cases[i].text);
                CU_ASSERT_EQUAL(expr_known_at(e), cases[i].time);
                expr_free(e);
        }
}

static const char *printed(const struct expr *e)
{
        static char text[1024];
        struct writer w = writer_over(text, sizeof text - 1);
        expr_print(e, &w);
        text[w.at] = '\0';
        return text;
}

static void printing(void)
{
        static const struct {
                const char *text;
                const char *printed;
        } cases[] = {
            {"d>100ms && err|user:a", "(d:100001us+ err) or user:a"},
            {"username:app*\" x\" or not \"For\"", "user:app*\" \"x or not \"for\""},
            {"client:10.0.0.0/8,::1 event:auth,query rows<0",
             "rows:<0 event:auth,query client:10.0.0.0/8,::1"},
            {"re:\"a \\\"b\\\\d\"", "re:\"a \\\"b\\\\d\""},
            {"/x\\/y/i", "re:\"(?i)x/y\""},
            {"tag.route:'(x)'", "tag.route:\"(x)\""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct expr *e = expr_compiled(cases[i].text);
                CU_ASSERT_STRING_EQUAL(printed(e), cases[i].printed);
                expr_free(e);
        }
        struct record r = expr_statement(expr_sql);
        for (size_t i = 0; i < sizeof matching / sizeof matching[0]; i++) {
                struct expr *e = expr_compiled(matching[i]);
                struct expr *again = expr_compiled(printed(e));
                bool is_match = expr_match(again, &r);
                if (!is_match) {
                        printf("# %s: %s\n", matching[i], printed(e));
                }
                CU_ASSERT_TRUE(is_match);
                char first[1024];
                (void)snprintf(first, sizeof first, "%s", printed(e));
                CU_ASSERT_STRING_EQUAL(printed(again), first);
                expr_free(again);
                expr_free(e);
        }
}

static const struct tap_test tests[] = {
    {"terms and operators", terms},     {"the case of texts", case_of_texts},
    {"unknown values", unknown_values}, {"what is remembered of digests and sessions", memory},
    {"when terms are known", times},    {"the printed form", printing},
};

int main(void)
{
        return TAP_RUN("expr", tests);
}
