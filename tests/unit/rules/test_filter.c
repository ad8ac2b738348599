/* Filters: each criterion, bad texts, sampling, patterns that take too long. */
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "rules/filter.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static char error[FILTER_ERROR_MAX];

static struct filter *make(enum filter_key key, const char *text)
{
        struct filter_spec spec = {.text = {NULL}};
        struct filter *f = NULL;
        spec.text[key] = text;
        CU_ASSERT_EQUAL(filter_new(&spec, &f, error), STATUS_OK);
        return f;
}

static bool passes(enum filter_key key, const char *text, const struct record *r)
{
        struct filter *f = make(key, text);
        bool pass = filter_pass(f, r);
        filter_free(f);
        return pass;
}

static struct record query(const char *sql)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, 7);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, 1);
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str("10.1.2.3:4711"));
        record_set_text(&r, FIELD_USERNAME, span_str("app_shop"));
        record_set_text(&r, FIELD_DATABASE, span_str("shop"));
        record_set_text(&r, FIELD_COMMAND, span_str("COM_STMT_EXECUTE"));
        record_set_text(&r, FIELD_QUERY, span_str(sql));
        record_set_text(&r, FIELD_DIGEST, span_str("91668775aceac64433230dea58b90adb"));
        record_set_uint(&r, FIELD_DURATION_US, 1500);
        record_set_uint(&r, FIELD_ROWS, 10);
        record_set_uint(&r, FIELD_FINDINGS, 1U << FINDING_SLOW);
        return r;
}

static void criteria(void)
{
        static const struct {
                enum filter_key key;
                const char *text;
                bool pass;
        } cases[] = {
            {FILTER_USER, "app*", true},
            {FILTER_USER, "root,app_shop", true},
            {FILTER_USER, "a?p*p", true},
            {FILTER_USER, "app", false},
            {FILTER_USER, "*x*", false},
            {FILTER_USER, "!app*", false},
            {FILTER_USER, "!root", true},
            {FILTER_SCHEMA, "shop", true},
            {FILTER_SCHEMA, "SHOP", false},
            {FILTER_CLIENT, "10.1.2.3", true},
            {FILTER_CLIENT, "10.0.0.0/8", true},
            {FILTER_CLIENT, "10.1.2.0/30,1.2.3.4", true},
            {FILTER_CLIENT, "10.1.2.0/31", false},
            {FILTER_CLIENT, "::ffff:10.1.2.3", true},
            {FILTER_CLIENT, "::1", false},
            {FILTER_CLIENT, "0.0.0.0/0", true},
            {FILTER_COMMAND, "execute", true},
            {FILTER_COMMAND, "stmt_execute", true},
            {FILTER_COMMAND, "COM_STMT_EXECUTE", true},
            {FILTER_COMMAND, "query,ping", false},
            {FILTER_EVENT, "query", true},
            {FILTER_EVENT, "auth,connect", false},
            {FILTER_EVENT, "!query", false},
            {FILTER_DIGEST, "91668775", true},
            {FILTER_DIGEST, "91668775ACEAC", true},
            {FILTER_DIGEST, "a", false},
            {FILTER_SESSION, "6,7", true},
            {FILTER_SESSION, "8", false},
            {FILTER_ERRNO, "1062", false},
            {FILTER_ERRORS, "1", false},
            {FILTER_ERRORS, "0", true},
            {FILTER_FINDING, "slow", true},
            {FILTER_FINDING, "n_plus_one,no_index", false},
            {FILTER_PATTERN, "FROM t", true},
            {FILTER_PATTERN, "from t", false},
            {FILTER_PATTERN, "(?i)from t", true},
            {FILTER_PATTERN, "!FROM t", false},
            {FILTER_PATTERN, "^SELECT \\d+", true},
            {FILTER_MIN_DURATION, "1ms", true},
            {FILTER_MIN_DURATION, "1500", true},
            {FILTER_MIN_DURATION, "1501us", false},
            {FILTER_MIN_DURATION, "0.001s", true},
            {FILTER_MIN_DURATION, "1m", false},
            {FILTER_MIN_ROWS, "10", true},
            {FILTER_MIN_ROWS, "11", false},
            {FILTER_EXPRESSION, "op:select err or table:t", true},
            {FILTER_EXPRESSION, "op:update", false},
            {FILTER_SAMPLE, "1", true},
            {FILTER_SAMPLE, "0", false},
            {FILTER_SAMPLE_SESSIONS, "1.0", true},
            {FILTER_SAMPLE_SESSIONS, "0", false},
        };
        struct record r = query("SELECT 1 FROM t");
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                bool pass = passes(cases[i].key, cases[i].text, &r);
                CU_ASSERT_EQUAL(pass, cases[i].pass);
                if (pass != cases[i].pass) {
                        printf("# %s=%s\n", filter_keys[cases[i].key], cases[i].text);
                }
        }
}

static void an_unknown_database(void)
{
        struct record r = query("SELECT 1");
        record_remove(&r, FIELD_DATABASE);
        record_set_uint(&r, FIELD_DATABASE_UNKNOWN, 1);
        CU_ASSERT_FALSE(passes(FILTER_SCHEMA, "*", &r));
        CU_ASSERT_FALSE(passes(FILTER_SCHEMA, "!shop", &r));
        CU_ASSERT_TRUE(passes(FILTER_COMMAND, "execute", &r));
        record_remove(&r, FIELD_DATABASE_UNKNOWN);
        CU_ASSERT_TRUE(passes(FILTER_SCHEMA, "!shop", &r)); /* there is none */
}

static void errors_and_addresses(void)
{
        struct record r = query("SELECT 1");
        record_set_uint(&r, FIELD_ERRNO, 1062);
        CU_ASSERT_TRUE(passes(FILTER_ERRNO, "1, 1062", &r));
        CU_ASSERT_TRUE(passes(FILTER_ERRORS, "1", &r));
        CU_ASSERT_TRUE(passes(FILTER_SAMPLE, "0", &r)); /* errors always */
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str("[fe80::1]:80"));
        CU_ASSERT_TRUE(passes(FILTER_CLIENT, "fe80::/16", &r));
        CU_ASSERT_FALSE(passes(FILTER_CLIENT, "10.0.0.0/8", &r));
        static const char *const others[] = {"unix:/tmp/s", "", "nonsense:1", ":", "[]:1"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                record_set_text(&r, FIELD_CLIENT_ADDR, span_str(others[i]));
                CU_ASSERT_FALSE(passes(FILTER_CLIENT, "0.0.0.0/0,::/0", &r));
                CU_ASSERT_TRUE(passes(FILTER_CLIENT, "!::/0", &r));
        }
        record_set_text(&r, FIELD_COMMAND, span_str(""));
        CU_ASSERT_FALSE(passes(FILTER_COMMAND, "query", &r));
}

static void other_events(void)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_CONNECT;
        CU_ASSERT_FALSE(passes(FILTER_USER, "*", &r));
        CU_ASSERT_TRUE(passes(FILTER_USER, "!root", &r));
        CU_ASSERT_FALSE(passes(FILTER_PATTERN, ".", &r));
        CU_ASSERT_FALSE(passes(FILTER_MIN_DURATION, "0", &r));
        CU_ASSERT_TRUE(passes(FILTER_SAMPLE, "0", &r));
        CU_ASSERT_TRUE(filter_pass(NULL, &r));
        r.event = EVENT_GAP;
        for (enum filter_key key = 0; key < FILTER_SAMPLE; key++) {
                CU_ASSERT_TRUE(key == FILTER_ERRORS || passes(key,
                                                              key == FILTER_EXPRESSION ? "err"
                                                              : key == FILTER_CLIENT   ? "1.1.1.1"
                                                              : key == FILTER_EVENT    ? "query"
                                                              : key == FILTER_FINDING  ? "slow"
                                                                                       : "1",
                                                              &r));
        }
        r.event = EVENT_N_PLUS_ONE;
        record_set_text(&r, FIELD_DIGEST_TEXT, span_str("SELECT ?"));
        CU_ASSERT_TRUE(passes(FILTER_PATTERN, "SELECT", &r));
        r.event = EVENT_PREPARE_ONCE;
        CU_ASSERT_TRUE(passes(FILTER_PATTERN, "SELECT", &r));
        r.event = EVENT_QUERY;
        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_str("DELETE"));
        CU_ASSERT_TRUE(passes(FILTER_PATTERN, "DELETE", &r));
}

static void bad_texts(void)
{
        static const struct {
                enum filter_key key;
                const char *text;
                const char *message;
        } cases[] = {
            {FILTER_CLIENT, "10.0.0", "client: '10.0.0' is neither an address nor a network"},
            {FILTER_CLIENT, "10.0.0.0/33", "client: '10.0.0.0/33' is neither"},
            {FILTER_CLIENT, "10.0.0.0/x", "client: "},
            {FILTER_CLIENT, ",", "client: a value is expected here"},
            {FILTER_EVENT, "nothing", "event: 'nothing' is not a value of event"},
            {FILTER_EVENT, "!", "event: a value is expected here"},
            {FILTER_EVENT, "qeury", "event: 'qeury' is not a value of event; did you mean 'query'?"},
            {FILTER_COMMAND, "query,slect", "command: 'slect' is not a command"},
            {FILTER_COMMAND, "stmt_exec",
             "command: 'stmt_exec' is not a command; did you mean 'stmt_execute'?"},
            {FILTER_DIGEST, "9166x", "digest: '9166x' is not the beginning of a digest"},
            {FILTER_SESSION, "x", "session: a number is expected here"},
            {FILTER_SESSION, "-1", "session: a number"},
            {FILTER_SESSION, ",,", "session: a value"},
            {FILTER_ERRNO, "99999999999999999999999", "errno: the number is too large"},
            {FILTER_ERRORS, "yes", "errors must be 1 or 0"},
            {FILTER_FINDING, "fast", "finding: 'fast' is not a value of finding"},
            {FILTER_FINDING, ",", "finding: "},
            {FILTER_PATTERN, "(", "pattern: missing closing parenthesis at offset 1"},
            {FILTER_MIN_DURATION, "soon", "min_duration: a time is expected here"},
            {FILTER_MIN_DURATION, "-1s", "min_duration: a time"},
            {FILTER_MIN_DURATION, "1x", "min_duration: 'x' is not a unit"},
            {FILTER_MIN_ROWS, "many", "min_rows: a number"},
            {FILTER_MIN_ROWS, "1,2", "min_rows: "},
            {FILTER_SAMPLE, "1.1", "sample must be a fraction"},
            {FILTER_SAMPLE, "nan", "sample must be"},
            {FILTER_SAMPLE, "!0.5", "sample can't be inverted"},
            {FILTER_SAMPLE_SESSIONS, "half", "sample_sessions must be"},
            {FILTER_USER, ",", "user: a value is expected here"},
            {FILTER_EXPRESSION, "err usr:x", "column 5: 'usr' is not a term; did you mean 'user'?"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct filter_spec spec = {.text = {NULL}};
                struct filter *f = NULL;
                spec.text[cases[i].key] = cases[i].text;
                CU_ASSERT_EQUAL(filter_new(&spec, &f, error), STATUS_INVALID);
                CU_ASSERT_PTR_NULL(f);
                CU_ASSERT_EQUAL(strncmp(error, cases[i].message, strlen(cases[i].message)), 0);
        }
        struct filter_spec both = {
            .text = {[FILTER_EXPRESSION] = "err", [FILTER_USER] = "a", [FILTER_SAMPLE] = "1"}};
        struct filter *either = NULL;
        CU_ASSERT_EQUAL(filter_new(&both, &either, error), STATUS_INVALID);
        CU_ASSERT_STRING_EQUAL(
            error,
            "an expression and the criterion 'user' exclude each other: add it to the expression as user:");
        struct filter_spec none = {.text = {[FILTER_USER] = ""}};
        struct filter *f;
        CU_ASSERT_TRUE(filter_new(&none, &f, error) == STATUS_OK && f == NULL);
}

/** The settings are in the order of the criteria. */
static void settings_are_criteria(void)
{
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                char own[64];
                bool found = false;
                (void)snprintf(own, sizeof own, "filter.%s", filter_keys[key]);
                const char *name = key == FILTER_EXPRESSION ? "log.filter" : own;
                for (size_t i = 0; i < settings_row_count; i++) {
                        found =
                            found || (strcmp(settings_rows[i].name, name) == 0 &&
                                      settings_rows[i].offset == offsetof(struct settings, sinks[0].filter) +
                                                                     key * (size_t)SETTINGS_TEXT_MAX);
                }
                CU_ASSERT_TRUE(found);
        }
}

static void samples_keep_together(void)
{
        struct filter *half = make(FILTER_SAMPLE, "0.5");
        struct filter *tenth = make(FILTER_SAMPLE_SESSIONS, "0.1");
        unsigned kept = 0;
        unsigned sessions = 0;
        for (uint64_t i = 0; i < 100000; i++) {
                struct record r = query("x");
                record_set_uint(&r, FIELD_TRX_ID, i);
                bool first = filter_pass(half, &r);
                record_set_uint(&r, FIELD_CONN_SEQ_NUM, i + 5);
                CU_ASSERT_EQUAL(filter_pass(half, &r), first);
                kept += first ? 1 : 0;
                record_set_uint(&r, FIELD_CONN_ID, i);
                sessions += filter_pass(tenth, &r) ? 1 : 0;
        }
        CU_ASSERT_TRUE(kept > 49000 && kept < 51000);
        CU_ASSERT_TRUE(sessions > 9500 && sessions < 10500);
        struct filter *none = make(FILTER_SAMPLE_SESSIONS, "0");
        struct record scope = query("x"); /* of several sessions */
        scope.event = EVENT_SCOPE;
        record_remove(&scope, FIELD_CONN_ID);
        CU_ASSERT_TRUE(filter_pass(none, &scope));
        record_set_uint(&scope, FIELD_CONN_ID, 1);
        CU_ASSERT_FALSE(filter_pass(none, &scope));
        filter_free(none);
        filter_free(half);
        filter_free(tenth);
}

static void patterns_that_take_too_long(void)
{
        int64_t own = prof_read(STAGE_JOURNAL, LIB_PCRE2).current_bytes_used;
        struct filter *f = make(FILTER_PATTERN, "^(a+)+$");
        CU_ASSERT_TRUE(prof_read(STAGE_JOURNAL, LIB_PCRE2).current_bytes_used > own);
        char *text = malloc(50001);
        memset(text, 'a', 50000);
        text[50000] = '\0';
        text[49999] = 'b';
        struct record r = query(text);
        CU_ASSERT_FALSE(filter_pass(f, &r)); /* not decided */
        CU_ASSERT_FALSE(filter_pass(f, &r));
        r = query("b");
        CU_ASSERT_FALSE(filter_pass(f, &r));
        r = query("\xff\xfe");
        CU_ASSERT_FALSE(filter_pass(f, &r));
        CU_ASSERT_EQUAL(filter_undecided(f), 2);
        filter_free(f);
        /* nor does it pass when it is inverted */
        f = make(FILTER_PATTERN, "!needle");
        r = query(text);
        CU_ASSERT_FALSE(filter_pass(f, &r));
        r = query("SELECT 1");
        record_set_uint(&r, FIELD_QUERY_LENGTH, 100); /* the rest was not kept */
        CU_ASSERT_FALSE(filter_pass(f, &r));
        CU_ASSERT_EQUAL(filter_undecided(f), 2);
        r = query("SELECT needle");
        CU_ASSERT_FALSE(filter_pass(f, &r));
        CU_ASSERT_EQUAL(filter_undecided(f), 2);
        memcpy(text, "needle", 6);
        r = query(text);
        CU_ASSERT_FALSE(filter_pass(f, &r));
        free(text);
        filter_free(f);
        CU_ASSERT_EQUAL(prof_read(STAGE_JOURNAL, LIB_PCRE2).current_bytes_used, own);
        CU_ASSERT_EQUAL(filter_undecided(NULL), 0);
}

/** What ended before the time does not pass, and what began before it and ended later does. */
static void since_a_time(void)
{
        const struct filter_spec spec = {.text = {[FILTER_USER] = "!root"}, .since_ns = 5000000};
        const struct filter_spec alone = {.since_ns = 5000000};
        struct filter *f = NULL;
        struct record r;
        CU_ASSERT_EQUAL_FATAL(filter_new(&alone, &f, error), STATUS_OK);
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.mono_ns = 4000000;
        CU_ASSERT_FALSE(filter_pass(f, &r));
        record_set_uint(&r, FIELD_DURATION_US, 999);
        CU_ASSERT_FALSE(filter_pass(f, &r));
        record_set_uint(&r, FIELD_DURATION_US, 1000);
        CU_ASSERT_TRUE(filter_pass(f, &r));
        filter_free(f);
        CU_ASSERT_EQUAL_FATAL(filter_new(&spec, &f, error), STATUS_OK);
        CU_ASSERT_TRUE(filter_pass(f, &r));
        record_set_text(&r, FIELD_USERNAME, span_str("root"));
        CU_ASSERT_FALSE(filter_pass(f, &r));
        filter_free(f);
}

static void each_allocation_fails_once(void)
{
        struct filter_spec spec = {
            .text = {[FILTER_USER] = "a", [FILTER_CLIENT] = "::1", [FILTER_PATTERN] = "(a|b)+c"}};
        unsigned failed = 0;
        for (uint64_t nth = 1; nth < 40; nth++) {
                struct filter *f;
                prof_fail_nth(nth);
                enum status status = filter_new(&spec, &f, error);
                prof_fail_nth(0);
                CU_ASSERT_TRUE(status == STATUS_OK ||
                               (status == STATUS_NOMEM && f == NULL && error[0] != '\0'));
                failed += status == STATUS_NOMEM ? 1 : 0;
                filter_free(f);
        }
        CU_ASSERT_TRUE(failed >= 8 && failed < 39);
}

static const struct tap_test tests[] = {
    {"criteria", criteria},
    {"an unknown database", an_unknown_database},
    {"errors and addresses", errors_and_addresses},
    {"other events", other_events},
    {"bad texts", bad_texts},
    {"settings are criteria", settings_are_criteria},
    {"samples keep together", samples_keep_together},
    {"patterns that take too long", patterns_that_take_too_long},
    {"since a time", since_a_time},
    {"each allocation fails once", each_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("filter", tests);
}
