/* Reading an expression of the filter language: errors, bounds, failed allocations. */
#include "profile/heap/fault.h"
#include "rules/expr_sample.h"
#include "tap.h"

#include <stdio.h>

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
    {"d:1ms-10ms", 4, "'ms-10ms' is not a unit: us, ms, s, m or h; a range is written 10ms..50ms"},
    {"rows:1-5", 7, "'-5' is not a unit: k, M, G, Ki, Mi or Gi; a range is written 10..50"},
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
        struct record r = expr_statement(expr_sql);
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
        struct record slow = expr_statement(text);
        e = expr_compiled("/(a+)+$b/");
        CU_ASSERT_FALSE(expr_match(e, &slow));
        CU_ASSERT_EQUAL(expr_undecided(e), 1);
        expr_free(e);
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
    {"errors name the column and the nearest word", wrong_texts},
    {"bounds", bounds},
    {"failed allocations", failed_allocations},
};

int main(void)
{
        return TAP_RUN("expr_read", tests);
}
