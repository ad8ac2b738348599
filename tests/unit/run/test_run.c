/* What a test suite sent, by scope and shape, and what is found in it. */
#include "run/code_place.h"
#include "run/findings.h"
#include "run/report.h"
#include "suite.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- texts ---------------------------------------------------------------------------------------------------------- */

static void shapes_are_the_same_in_each_run(void)
{
        static const struct {
                const char *digest;
                const char *shape;
        } cases[] = {
            {"SELECT * FROM `t` WHERE `id` IN (...)", "SELECT * FROM `t` WHERE `id` IN (...)"},
            {"INSERT INTO `t` VALUES (...) /* , ... */", "INSERT INTO `t` VALUES (...)"},
            {"SELECT * FROM `tmp_8f3a2b9c`", "SELECT * FROM `tmp_*`"},
            {"CREATE TEMPORARY TABLE `import_1712345678_x` ( `id` INTEGER )",
             "CREATE TEMPORARY TABLE `import_*_x` ( `id` INTEGER )"},
            {"DROP TABLE `550e8400-e29b-41d4-a716-446655440000`", "DROP TABLE `*-e29b-41d4-a716-*`"},
            {"SELECT `k3j9x2ab`", "SELECT `*`"},
            {"SELECT `address1` , `sha256` , `md5` , `utf8mb4` , `y2024`",
             "SELECT `address1` , `sha256` , `md5` , `utf8mb4` , `y2024`"},
            {"SELECT `beefcafe`", "SELECT `beefcafe`"},
            {"SELECT `pid12345x`", "SELECT `pid*x`"},
            {"SAVEPOINT `s140_x1`", "SAVEPOINT `*`"},
            {"ROLLBACK TO SAVEPOINT `s140_x1`", "ROLLBACK TO SAVEPOINT `*`"},
            {"RELEASE SAVEPOINT `s140_x1`", "RELEASE SAVEPOINT `*`"},
            {"SELECT `a``12345`", "SELECT `a``*`"},
            {"SELECT `open", "SELECT `open"},
            {"SELECT `", "SELECT `"},
            {"", ""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char room[256];
                struct span digest = span_str(cases[i].digest);
                struct writer w = writer_over(room, digest.len);
                stable_text_write(&w, digest);
                CU_ASSERT_FALSE(w.failed);
                if (!span_equal(writer_span(&w), span_str(cases[i].shape))) {
                        printf("# %s became %.*s\n", cases[i].digest, (int)w.at, room);
                        CU_FAIL("another shape");
                }
        }
}

static void kinds_of_statements(void)
{
        static const struct {
                const char *digest;
                bool writes;
                bool is_setup;
        } cases[] = {
            {"SELECT `a` FROM `t`", false, false},
            {"SELECT @@`version`", false, true},
            {"SELECT ?", false, true},
            {"SELECT * FROM `information_schema` . `tables`", false, true},
            {"SET NAMES `utf8mb4`", false, true},
            {"SHOW FULL FIELDS FROM `t`", false, true},
            {"BEGIN", false, false},
            {"COMMIT", false, false},
            {"INSERT INTO `t` VALUES (?)", true, false},
            {"DELETE FROM `t`", true, false},
            {"CREATE TABLE `t` ( `a` INTEGER )", true, false},
            {"SET STATEMENT `max_statement_time` = ? FOR UPDATE `t` SET `a` = ?", true, false},
            {"CALL `p` (?)", false, false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct stable_kind kind = stable_kind_of(span_str(cases[i].digest));
                if (kind.writes != cases[i].writes || kind.is_setup != cases[i].is_setup) {
                        printf("# %s: writes %d, setup %d\n", cases[i].digest, kind.writes, kind.is_setup);
                        CU_FAIL("another kind");
                }
        }
}

static struct value tag(const char *name, const char *text)
{
        return (struct value){
            .name = span_str(name), .bytes = span_str(text), .true_len = strlen(text), .in_text = true};
}

static void places_in_the_code(void)
{
        const struct value tags[] = {tag("line", "12"), tag("file", "a.py"), tag("caller", "x")};
        char room[64];
        struct writer w = writer_over(room, sizeof room);
        code_place_write(&w, (struct value_list){tags, 3});
        CU_ASSERT_TRUE(span_equal(writer_span(&w), span_str("a.py:12")));
        w = writer_over(room, sizeof room);
        code_place_write(&w, (struct value_list){tags, 1});
        CU_ASSERT_TRUE(span_equal(writer_span(&w), span_str("12")));
        w = writer_over(room, sizeof room);
        code_place_write(&w, (struct value_list){tags, 0});
        CU_ASSERT_EQUAL(w.at, 0);
}

/* --- tallies -------------------------------------------------------------------------------------------------------- */

static const struct tally_use *use_of(const struct tally *t, const char *scope, const char *shape)
{
        for (size_t i = 0; i < t->n_uses; i++) {
                if (span_equal(t->scopes[t->uses[i].scope].name, span_str(scope)) &&
                    span_equal(t->shapes[t->uses[i].shape].text, span_str(shape))) {
                        return &t->uses[i];
                }
        }
        return NULL;
}

static void statements_are_counted_by_scope_and_shape(void)
{
        struct tally_state *state = NULL;
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &state), STATUS_OK);
        for (int i = 0; i < 1000; i++) {
                char scope[32];
                (void)snprintf(scope, sizeof scope, "t%d", i % 100);
                struct record r = statement(scope, "SELECT `a` FROM `t`", 0);
                tally_see(state, &r);
                r = statement(i % 2 == 0 ? "" : "t1", "DELETE FROM `t`", 0);
                tally_see(state, &r);
        }
        const struct tally *t = tally_finish(state);
        CU_ASSERT_EQUAL(t->n_scopes, 101);
        CU_ASSERT_EQUAL(t->n_shapes, 2);
        CU_ASSERT_EQUAL(t->n_uses, 102);
        CU_ASSERT_EQUAL(t->total.statements, 2000);
        CU_ASSERT_EQUAL(t->total.writes, 1000);
        CU_ASSERT_EQUAL(t->total.time_us, 200000);
        CU_ASSERT_EQUAL(t->scopes[0].counts.statements, 500);
        CU_ASSERT_EQUAL(use_of(t, "t1", "SELECT `a` FROM `t`")->counts.statements, 10);
        CU_ASSERT_EQUAL(use_of(t, "t1", "DELETE FROM `t`")->counts.statements, 500);
        CU_ASSERT_TRUE(tally_percentile_us(&t->shapes[0], 0.5) >= 100);
        for (size_t i = 1; i < t->n_uses; i++) { /* sorted */
                struct span a = t->scopes[t->uses[i - 1].scope].name;
                struct span b = t->scopes[t->uses[i].scope].name;
                size_t len = a.len < b.len ? a.len : b.len;
                CU_ASSERT_TRUE(len == 0 || memcmp(a.data, b.data, len) <= 0);
        }
        tally_free(state);
}

static void a_tag_goes_before_the_session(void)
{
        struct tally_state *state = NULL;
        const struct value by_test[] = {tag("test", "by tag")};
        const struct value by_scope[] = {tag("test", "by tag"), tag("querytap_scope", "own")};
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &state), STATUS_OK);
        struct record r = statement("session", "SELECT `a` FROM `t`", 0);
        record_set_list(&r, FIELD_TAGS, (struct value_list){by_test, 1});
        tally_see(state, &r);
        r = statement("own", "SELECT `a` FROM `t`", 0);
        record_set_list(&r, FIELD_TAGS, (struct value_list){by_scope, 2});
        tally_see(state, &r);
        const struct tally *t = tally_finish(state);
        CU_ASSERT_PTR_NOT_NULL(use_of(t, "by tag", "SELECT `a` FROM `t`"));
        CU_ASSERT_PTR_NOT_NULL(use_of(t, "own", "SELECT `a` FROM `t`"));
        CU_ASSERT_PTR_NULL(use_of(t, "session", "SELECT `a` FROM `t`"));
        tally_free(state);
}

static void what_is_lost_is_counted(void)
{
        struct tally_state *state = NULL;
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &state), STATUS_OK);
        struct record r = statement("a", "SELECT `a` FROM `t`", 0);
        record_remove(&r, FIELD_DIGEST_TEXT);
        tally_see(state, &r); /* its text was not seen */
        record_clear(&r);
        r.event = EVENT_GAP;
        record_set_uint(&r, FIELD_DROPPED, 7);
        tally_see(state, &r);
        const struct tally *t = tally_finish(state);
        CU_ASSERT_EQUAL(t->omitted, 1);
        CU_ASSERT_EQUAL(t->total.statements, 1);
        CU_ASSERT_EQUAL(t->lost, 7);
        tally_free(state);
}

/* --- findings ------------------------------------------------------------------------------------------------------- */

static void names_of_findings(void)
{
        uint64_t set = 0;
        struct span unknown = {NULL, 0};
        CU_ASSERT_TRUE(findings_parse(FINDINGS_DEFAULT, &set, &unknown));
        CU_ASSERT_EQUAL(set, 1U << FINDING_N_PLUS_ONE | 1U << FINDING_IN_WRITE_LOOP);
        CU_ASSERT_TRUE(findings_parse("none", &set, &unknown));
        CU_ASSERT_EQUAL(set, 0);
        CU_ASSERT_TRUE(findings_parse("all", &set, &unknown));
        CU_ASSERT_EQUAL(set, (1U << FINDING_COUNT) - 1);
        CU_ASSERT_FALSE(findings_parse("slow,nosuch", &set, &unknown));
        CU_ASSERT_TRUE(span_equal(unknown, span_str("nosuch")));
        for (unsigned i = 0; i < FINDING_COUNT;
             i++) { /* write_loop is that of a record about several statements */
                CU_ASSERT_EQUAL(findings_advice(i) == NULL, i == FINDING_WRITE_LOOP);
        }
}

static bool is_known(void *arg, struct span scope, const char *finding, struct span shape)
{
        (void)finding;
        (void)shape;
        return span_equal(scope, span_str(arg));
}

static void findings_become_items_once(void)
{
        struct tally_state *state = NULL;
        struct outcome o = {.command = "tests"};
        static const char *const scopes[] = {"a", "b", "c", "d", "e", "known"};
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &state), STATUS_OK);
        for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
                struct record r = statement(scopes[i], "SELECT `a` FROM `t`", 1U << FINDING_N_PLUS_ONE);
                tally_see(state, &r);
                r = statement(scopes[i], "SELECT `b` FROM `t`", 1U << FINDING_SLOW);
                tally_see(state, &r);
        }
        o.tally = tally_finish(state);
        char known[] = "known";
        findings_add(&o, 1U << FINDING_N_PLUS_ONE, is_known, known);
        outcome_sort(&o);
        CU_ASSERT_EQUAL(o.n, 5);
        CU_ASSERT_EQUAL(outcome_alike(&o, 0), 5);
        CU_ASSERT_TRUE(outcome_failed(&o));
        CU_ASSERT_EQUAL(outcome_exit(&o), 1);
        o.exit = 3;
        CU_ASSERT_EQUAL(outcome_exit(&o), 3);
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        report_text(&o, out);
        (void)fclose(out);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "in a, b, c and 2 more\n"));
        const char *first = strstr(text, "FAIL");
        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        CU_ASSERT_PTR_NULL(strstr(first + 1, "FAIL"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "failed: 5 problems; tests failed with status 3"));
        free(text);
        outcome_fini(&o);
        tally_free(state);
}

static const struct tap_test tests[] = {
    {"shapes are the same in each run", shapes_are_the_same_in_each_run},
    {"kinds of statements", kinds_of_statements},
    {"places in the code", places_in_the_code},
    {"statements are counted by scope and shape", statements_are_counted_by_scope_and_shape},
    {"a tag goes before the session", a_tag_goes_before_the_session},
    {"what is lost is counted", what_is_lost_is_counted},
    {"names of findings", names_of_findings},
    {"findings become items once", findings_become_items_once},
};

int main(void)
{
        return TAP_RUN("run", tests);
}
