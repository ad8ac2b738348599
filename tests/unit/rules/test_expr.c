/* The filter language: each term, operator and error; printing; what is remembered; failed allocations. */
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "rules/expr.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static const struct value parameters[] = {
    {.bytes = {(const uint8_t *)"Ada L", 5}, .true_len = 5, .type = VALUE_VAR_STRING},
    {.bytes = {(const uint8_t *)"\x11\0\0\0", 4}, .true_len = 4, .type = VALUE_LONG},
    {.is_null = true, .type = VALUE_NULL},
};
static const struct value tags[] = {
    {.name = {(const uint8_t *)"route", 5},
     .bytes = {(const uint8_t *)"/posts/7", 8},
     .true_len = 8,
     .type = VALUE_VAR_STRING},
    {.name = {(const uint8_t *)"x y", 3},
     .bytes = {(const uint8_t *)"1", 1},
     .true_len = 1,
     .type = VALUE_VAR_STRING},
};
static const struct value columns[] = {
    {.role = VALUE_BEGINS_RESULT},
    {.bytes = {(const uint8_t *)"Author_ID", 9}, .true_len = 9, .type = VALUE_VAR_STRING},
};

/** A statement that most expressions of the tests are about. */
static struct record statement(const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, 7);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, 1);
        record_set_uint(&r, FIELD_TRX_ID, 2);
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str("10.1.2.3:4711"));
        record_set_text(&r, FIELD_USERNAME, span_str("app_shop"));
        record_set_text(&r, FIELD_DATABASE, span_str("shop"));
        record_set_uint(&r, FIELD_COMMAND_ID, 3);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_STMT_EXECUTE"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        record_set_text(&r, FIELD_DIGEST, span_str("91668775aceac64433230dea58b90adb"));
        record_set_uint(&r, FIELD_DURATION_US, 1500);
        record_set_uint(&r, FIELD_SERVER_US, 1200);
        record_set_uint(&r, FIELD_ROWS, 10);
        record_set_uint(&r, FIELD_WARNINGS, 0);
        record_set_uint(&r, FIELD_BYTES_SENT, 40);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, 1000);
        record_set_uint(&r, FIELD_STATUS_FLAGS, 2);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_SLOW);
        record_set_uint(&r, FIELD_ERRNO, 1213);
        record_set_text(&r, FIELD_SQLSTATE, span_str("40001"));
        record_set_text(&r, FIELD_TRACEPARENT,
                        span_str("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){parameters, 3});
        record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 2});
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){columns, 2});
        return r;
}

static const char sql_text[] =
    "SELECT a.id, 'from users' FROM shop.orders a JOIN `my table` WHERE id > 17 LIMIT 10";

static struct expr *compile(const char *text)
{
        struct expr *e = NULL;
        struct expr_error error;
        enum status status = expr_new(span_str(text), &e, &error);
        if (status != STATUS_OK) {
                printf("# %s: column %zu: %s\n", text, error.column, error.text);
        }
        CU_ASSERT_EQUAL_FATAL(status, STATUS_OK);
        return e;
}

static bool matches(const char *text, const struct record *r)
{
        struct expr *e = compile(text);
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
        struct record r = statement(sql_text);
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
                struct record r = statement(text);
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
        struct record r = statement(sql_text);
        struct record call = statement("CALL p()");
        struct record long_one = statement(sql_text);
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
        struct expr *e = compile("re:nowhere");
        CU_ASSERT_FALSE(expr_match(e, &long_one));
        CU_ASSERT_EQUAL(expr_undecided(e), 1);
        expr_free(e);
}

/** What is decided for a digest or a session holds for its other records; another one is decided for itself. */
static void memory(void)
{
        struct record select = statement(sql_text);
        struct record delete = statement("DELETE FROM t");
        struct expr *e = compile("op:select table:orders attr.program:shop*");
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
                struct expr *e = compile(cases[i].text);
                CU_ASSERT_EQUAL(expr_known_at(e), cases[i].time);
                expr_free(e);
        }
}

static const struct {
        const char *text;
        size_t column;
        const char *message;
} errors[] = {
    {"", 1, "a term is expected here"},
    {"   ", 4, "a term is expected here"},
    {"usr:a", 1, "'usr' is not a term; did you mean 'user'?"},
    {"err usr:a", 5, "'usr' is not a term; did you mean 'user'?"},
    {"insert", 1, "'insert' is not a term; did you mean 'op:insert'?"},
    {"slow", 1, "'slow' is not a term; did you mean 'finding:slow'?"},
    {"xyzzy", 1,
     "'xyzzy' is not a term; a text to search for is written in double quotes, and several values of a term "
     "with "
     "commas between them"},
    {"xyzzy:1", 1, "'xyzzy' is not a term; querytap-filter(7) lists them"},
    {"-err:1062", 1, "'-err' is not a term; a negation is written with not or !"},
    {"text:for update", 10,
     "'update' is not a term; a text with blanks needs quotes, and quotes of its own in a shell: 'text:\"a "
     "b\"'"},
    {"text:for update:1", 10, "'update' is not a term; did you mean 'op:update'?"},
    {"\"for\" update", 7, "'update' is not a term; did you mean 'op:update'?"},
    {"params:1", 1, "'params' is not a term; did you mean 'value'?"},
    {"host=::1", 1, "'host' is not a term; did you mean 'client'?"},
    {"n+1", 1, "'n+1' is not a term; did you mean 'finding:n_plus_one'?"},
    {"err:!1062", 5, "the ! of a negation stands before the term or before the ="},
    {"user:a,!b", 8, "the ! of a negation stands before the term or before the ="},
    {"table:(a or b)", 7, "several values are written with commas between them, without parentheses"},
    {"tag.route ~ x", 11, "~ is not an operator: use : and wildcards, or re: for statements"},
    {"tag.route~x", 10, "~ is not an operator: use : and wildcards, or re: for statements"},
    {"user=~x", 6, "~ is not an operator: use : and wildcards, or re: for statements"},
    {"~u x", 1, "a term is expected here"},
    {"tag:route=/x", 5, "a name stands behind a dot: tag.route:/x"},
    {"text:*x*", 6, "a text is found anywhere in the statement; its * is no wildcard"},
    {"rows:1,000+", 8, "'000' begins with a zero: a comma separates values, not thousands"},
    {"re:/open", 4, "the pattern is not closed: / is missing"},
    {"table:`open", 7, "the quote is not closed"},
    {"digest:*", 8, "'*' is not the beginning of a digest: it has hexadecimal digits only"},
    {"clause:were", 8, "'were' is not a value of clause; did you mean 'where'?"},
    {"op:write", 4, "'write' is not a value of op"},
    {"user:", 6, "a value is expected here"},
    {"user: a", 6, "a value is expected here, without a blank before it"},
    {"op:insert, update", 11, "a value is expected here, without a blank before it"},
    {"user:a,", 8, "a value is expected here"},
    {"user>a", 5, "user is not a number: only : and = compare it"},
    {"text", 5, "text needs a value"},
    {"op:slect", 4, "'slect' is not a value of op; did you mean 'select'?"},
    {"event:qury", 7, "'qury' is not a value of event; did you mean 'query'?"},
    {"finding:nplus1", 9, "'nplus1' is not a value of finding"},
    {"cmd:exeute", 5, "'exeute' is not a command; did you mean 'execute'?"},
    {"client:10.0.0", 8, "'10.0.0' is neither an address nor a network such as 10.0.0.0/8"},
    {"d:100", 3, "a time needs a unit: 100us, 100ms or 100s"},
    {"d:fast", 3, "a time is expected here, such as 100ms"},
    {"d>1e999s", 4, "'e999s' is not a unit: us, ms, s, m or h"},
    {"d:1.5", 3, "a time needs a unit: 1.5us, 1.5ms or 1.5s"},
    {"d:1.5us", 3, "d is a whole number of microseconds"},
    {"server<d", 8, "a time is expected here, such as 100ms"},
    {"rows>-1", 6, "a number is expected here, such as 10, 10+ or 10..50"},
    {"rows:10..5", 6, "the range is empty"},
    {"rows:1..x", 9, "a number is expected here, such as 10, 10+ or 10..50"},
    {"rows:10+5", 8, "'+5' does not belong to the number"},
    {"rows>10+", 8, "'+' does not belong to the number"},
    {"rows>1,2", 9, "only one number can be compared in this way"},
    {"rows:99999999999999999999", 6, "the number is too large"},
    {"rows:99999999999G", 6, "the number is too large"},
    {"\"open", 1, "the quote is not closed"},
    {"user:'open", 6, "the quote is not closed"},
    {"/open", 1, "the pattern is not closed: / is missing"},
    {"/a/x", 4, "only i may follow the pattern"},
    {"re:(", 4, "missing closing parenthesis at offset 1"},
    {"re:", 4, "a pattern is expected here"},
    {"(err", 1, "the parenthesis is not closed"},
    {"err)", 4, "')' is not expected here"},
    {"(err,)", 5, "a term is expected here"},
    {"not", 4, "a term is expected here"},
    {"err or", 7, "a term is expected here"},
    {"or err", 1, "a term is expected here"},
    {"()", 2, "a term is expected here"},
    {"\xc3\xa9t\xc3\xa9 err", 1,
     "'\xc3\xa9t\xc3\xa9' is not a term; a text to search for is written in double quotes, and several "
     "values of a "
     "term with commas between them"},
    {"user:\xc3\xa9 usr", 8, "'usr' is not a term; did you mean 'user'?"},
    {"err \xff", 5, "the text is not valid UTF-8"},
    {"tag.:x", 5, "a name is expected behind the dot"},
    {"database_unknown:1", 18, "database_unknown has no values to compare: write it without an operator"},
};

static void wrong_texts(void)
{
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
                struct expr *e = NULL;
                struct expr_error error;
                CU_ASSERT_EQUAL(expr_new(span_str(errors[i].text), &e, &error), STATUS_INVALID);
                CU_ASSERT_PTR_NULL(e);
                if (error.column != errors[i].column || strcmp(error.text, errors[i].message) != 0) {
                        printf("# %s: column %zu: %s\n", errors[i].text, error.column, error.text);
                }
                CU_ASSERT_EQUAL(error.column, errors[i].column);
                CU_ASSERT_STRING_EQUAL(error.text, errors[i].message);
                expr_free(e);
        }
}

/** Large and odd inputs end with a message, or work. */
static void bounds(void)
{
        enum { SIZE = EXPR_TEXT_MAX + 1 };
        static char text[SIZE + 1];
        struct expr *e = NULL;
        struct expr_error error;
        struct record r = statement(sql_text);
        memset(text, '(', SIZE);
        CU_ASSERT_EQUAL(expr_new(span_of(text, 10000), &e, &error), STATUS_INVALID);
        CU_ASSERT_EQUAL(error.column, EXPR_DEPTH_MAX + 1);
        CU_ASSERT_EQUAL(expr_new(span_of(text, SIZE), &e, &error), STATUS_INVALID);
        CU_ASSERT_STRING_EQUAL(error.text, "the expression is too long (at most 65536 bytes)");
        memset(text, '!', SIZE);
        memcpy(text + EXPR_TEXT_MAX - 3, "err", 3);
        CU_ASSERT_EQUAL(expr_new(span_of(text, EXPR_TEXT_MAX), &e, &error), STATUS_OK);
        expr_free(e);
        for (size_t i = 0; i + 4 <= EXPR_TEXT_MAX; i += 4) {
                memcpy(text + i, "err ", 4);
        }
        CU_ASSERT_EQUAL(expr_new(span_of(text, EXPR_TEXT_MAX), &e, &error), STATUS_OK);
        CU_ASSERT_TRUE(expr_match(e, &r));
        expr_free(e);
        CU_ASSERT_EQUAL(expr_new(span_of("err\0err", 7), &e, &error), STATUS_INVALID);
        CU_ASSERT_STRING_EQUAL(error.text, "the text contains a NUL");
        memset(text, 'a', SIZE);
        memcpy(text, "user:", 5);
        CU_ASSERT_EQUAL(expr_new(span_of(text, 5 + 1025), &e, &error), STATUS_INVALID);
        memset(text, 'a', SIZE);
        struct record slow = statement(text);
        e = compile("/(a+)+$b/");
        CU_ASSERT_FALSE(expr_match(e, &slow));
        CU_ASSERT_EQUAL(expr_undecided(e), 1);
        expr_free(e);
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
                struct expr *e = compile(cases[i].text);
                CU_ASSERT_STRING_EQUAL(printed(e), cases[i].printed);
                expr_free(e);
        }
        struct record r = statement(sql_text);
        for (size_t i = 0; i < sizeof matching / sizeof matching[0]; i++) {
                struct expr *e = compile(matching[i]);
                struct expr *again = compile(printed(e));
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

/** Every allocation fails once: no crash, no leak, an error. */
static void failed_allocations(void)
{
        static const char text[] =
            "(user:a*,b or table:t) attr.x:1 not re:x \"y\" client:10.0.0.0/8 op:select";
        for (unsigned n = 1; n < 100; n++) {
                struct expr *e = NULL;
                struct expr_error error;
                uint64_t fired = prof_fail_fired();
                prof_fail_nth(n);
                enum status status = expr_new(span_str(text), &e, &error);
                prof_fail_nth(0);
                if (prof_fail_fired() == fired) {
                        CU_ASSERT_EQUAL(status, STATUS_OK);
                        expr_free(e);
                        return;
                }
                if (status == STATUS_OK) { /* PCRE2 can do without its JIT compiler */
                        expr_free(e);
                        continue;
                }
                CU_ASSERT_EQUAL(status, STATUS_NOMEM);
                CU_ASSERT_STRING_EQUAL(error.text, "out of memory");
        }
        CU_FAIL("the last allocation was not reached");
}

static const struct tap_test tests[] = {
    {"terms and operators", terms},
    {"the case of texts", case_of_texts},
    {"unknown values", unknown_values},
    {"what is remembered of digests and sessions", memory},
    {"when terms are known", times},
    {"errors name the column and the nearest word", wrong_texts},
    {"bounds", bounds},
    {"the printed form", printing},
    {"failed allocations", failed_allocations},
};

int main(void)
{
        return TAP_RUN("expr", tests);
}
