/* Scopes that are declared from outside: which statements belong to them. */
#include "journal/enrich/scope_periods.h"
#include "tap.h"

#include <stdio.h>

/** Whether a command that begins at @p at_ns belongs to the scope @p name ("": to none). */
static bool belongs(struct scope_periods *p, uint64_t at_ns, const char *name)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.mono_ns = at_ns;
        scope_periods_put(p, &r);
        return span_equal(record_text_if_any(&r, FIELD_SCOPE), span_str(name)) &&
               record_has(&r, FIELD_SCOPE) == (*name != '\0');
}

static void statements_belong_to_the_period_in_which_they_begin(void)
{
        struct scope_periods p = {.any = false};
        CU_ASSERT_FALSE(scope_periods_any(&p));
        CU_ASSERT_EQUAL(scope_periods_end(&p, span_str("a"), 5), STATUS_NOTFOUND);
        CU_ASSERT_EQUAL(scope_periods_begin(&p, span_str("a"), 10), STATUS_OK);
        CU_ASSERT_TRUE(scope_periods_any(&p));
        CU_ASSERT_EQUAL(scope_periods_begin(&p, span_str("b"), 11), STATUS_LIMIT);
        CU_ASSERT_EQUAL(scope_periods_end(&p, span_str("b"), 12), STATUS_INVALID);
        CU_ASSERT_TRUE(span_equal(scope_periods_open(&p), span_str("a")));
        CU_ASSERT_TRUE(belongs(&p, 15, "a"));
        CU_ASSERT_EQUAL(scope_periods_end(&p, span_str("a"), 20), STATUS_OK);
        CU_ASSERT_EQUAL(scope_periods_open(&p).len, 0);
        CU_ASSERT_EQUAL(scope_periods_begin(&p, span_str("b"), 30), STATUS_OK);
        CU_ASSERT_TRUE(belongs(&p, 9, ""));
        CU_ASSERT_TRUE(belongs(&p, 10, "a"));
        CU_ASSERT_TRUE(belongs(&p, 19, "a"));
        CU_ASSERT_TRUE(belongs(&p, 20, ""));
        CU_ASSERT_TRUE(belongs(&p, 29, ""));
        CU_ASSERT_TRUE(belongs(&p, 30, "b"));
        CU_ASSERT_TRUE(belongs(&p, UINT64_MAX - 1, "b"));
        scope_periods_fini(&p);
}

static void the_last_periods_are_kept(void)
{
        struct scope_periods p = {.any = false};
        char name[16];
        for (uint64_t i = 0; i < SCOPE_PERIODS + 10; i++) {
                (void)snprintf(name, sizeof name, "t%d", (int)i);
                CU_ASSERT_EQUAL_FATAL(scope_periods_begin(&p, span_str(name), 10 * i + 10), STATUS_OK);
                CU_ASSERT_EQUAL_FATAL(scope_periods_end(&p, span_str(name), 10 * i + 15), STATUS_OK);
        }
        CU_ASSERT_TRUE(belongs(&p, 109, ""));
        CU_ASSERT_TRUE(belongs(&p, 110, "t10"));
        CU_ASSERT_TRUE(belongs(&p, 102, "")); /* its period is forgotten */
        CU_ASSERT_TRUE(belongs(&p, 10 * SCOPE_PERIODS, "t1023"));
        scope_periods_fini(&p);
}

static const struct tap_test tests[] = {
    {"statements belong to the period in which they begin",
     statements_belong_to_the_period_in_which_they_begin},
    {"the last periods are kept", the_last_periods_are_kept},
};

int main(void)
{
        return TAP_RUN("scope periods", tests);
}
