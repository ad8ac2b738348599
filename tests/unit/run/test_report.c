/* The forms of the report, with texts that need escapes; and the comparison with another report. */
#include "json_check.h"
#include "run/comparison.h"
#include "run/findings.h"
#include "run/json_reader.h"
#include "run/report.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTILE "a\"<b>&\x01\x1b[31m\xff\n::error::%x\xe2\x80\xae`|\xf0\x9f\x98\x80"

static char folder[FOLDER_MAX];
static char path[FOLDER_MAX + 16];

struct suite {
        struct tally_state *state;
        struct outcome o;
};

static bool knows_none(void *arg, struct span scope, const char *finding, struct span shape)
{
        (void)arg;
        (void)scope;
        (void)finding;
        (void)shape;
        return false;
}

static void begin(struct suite *s)
{
        *s = (struct suite){
            .o = {.command = HOSTILE, .began_ns = 1700000000000000000U, .duration_ns = 1500000000U}};
        CU_ASSERT_EQUAL_FATAL(tally_new("test", &s->state), STATUS_OK);
}

static void put(struct suite *s, const char *scope, const char *shape, unsigned times, uint64_t us,
                uint64_t findings)
{
        const struct value tags[] = {{.name = span_str("source_location"),
                                      .bytes = span_str("app/x y.rb:12:in " HOSTILE),
                                      .in_text = true}};
        for (unsigned i = 0; i < times; i++) {
                struct record r = statement(scope, shape, findings);
                record_set_uint(&r, FIELD_DURATION_US, us);
                record_set_list(&r, FIELD_TAGS, (struct value_list){tags, 1});
                tally_see(s->state, &r);
        }
}

static void end(struct suite *s)
{
        outcome_fini(&s->o);
        tally_free(s->state);
}

/** What a form writes, for free. */
static char *form(report_write *write, const struct outcome *o)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        write(o, out);
        (void)fclose(out);
        return text;
}

static void hostile(struct suite *s)
{
        begin(s);
        put(s, "one" HOSTILE, "SELECT `" HOSTILE "`", 3, 100, 1U << FINDING_N_PLUS_ONE);
        put(s, "two", "SELECT `" HOSTILE "`", 1, 100, 1U << FINDING_N_PLUS_ONE);
        put(s, "three", "SELECT `x`", 1, 100, 0);
        s->o.tally = tally_finish(s->state);
        findings_add(&s->o, 1U << FINDING_N_PLUS_ONE, knows_none, NULL);
        outcome_add(&s->o,
                    (struct outcome_item){
                        .level = OUTCOME_INCONCLUSIVE, .rule = "contract", .scope = span_str("absent")},
                    "contract: %s", HOSTILE);
        outcome_sort(&s->o);
}

/** Are there control characters but newlines, or bytes that are no UTF-8? */
static bool is_clean(const char *text)
{
        for (const char *at = text; *at != '\0'; at++) {
                if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f || (unsigned char)*at == 0xff) {
                        return false;
                }
        }
        return true;
}

static void forms_for_programs(void)
{
        struct suite s;
        hostile(&s);
        char *json = form(report_json, &s.o);
        CU_ASSERT_TRUE(json_check(span_str(json)));
        CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"result\":\"failed\""));
        char *sarif = form(report_sarif, &s.o);
        CU_ASSERT_TRUE(json_check(span_str(sarif)));
        CU_ASSERT_PTR_NOT_NULL(strstr(sarif, "\"uri\": \"app/x%20y.rb\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(sarif, "\"startLine\": 12"));
        const char *first = strstr(sarif, "\"ruleId\": \"n_plus_one\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        CU_ASSERT_PTR_NULL(strstr(first + 1, "\"ruleId\": \"n_plus_one\"")); /* once, with both scopes */
        free(json);
        free(sarif);
        end(&s);
}

static void junit_has_each_scope(void)
{
        struct suite s;
        hostile(&s);
        char *xml = form(report_junit, &s.o);
        CU_ASSERT_TRUE(is_clean(xml));
        CU_ASSERT_PTR_NOT_NULL(strstr(xml, " tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\""));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(xml, "<testcase classname=\"querytap\" name=\"three\" time=\"0.000100\"></testcase>"));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(xml, "name=\"absent\" time=\"0.000000\"><skipped message=\"contract: a&#34;&#60;b"));
        CU_ASSERT_PTR_NULL(strstr(xml, "<b>"));
        free(xml);
        end(&s);
}

static void forms_for_people(void)
{
        struct suite s;
        hostile(&s);
        char *github = form(report_github, &s.o);
        size_t lines = 0;
        for (const char *at = github; *at != '\0'; at++) {
                lines += *at == '\n' ? 1 : 0;
        }
        CU_ASSERT_EQUAL(lines, 2); /* a command each, whatever the texts have */
        CU_ASSERT_EQUAL(
            strncmp(github, "::error title=querytap n_plus_one,file=app/x y.rb,line=12::n_plus_one: ", 71),
            0);
        char *markdown = form(report_markdown, &s.o);
        CU_ASSERT_TRUE(is_clean(markdown));
        CU_ASSERT_PTR_NOT_NULL(strstr(markdown, "### querytap: failed\n"));
        char *text = form(report_text, &s.o);
        CU_ASSERT_TRUE(is_clean(text));
        free(github);
        free(markdown);
        free(text);
        end(&s);
}

static void places(void)
{
        static const struct {
                const char *place;
                const char *file;
                uint64_t line;
        } cases[] = {{"a.py:12", "a.py", 12},
                     {"a.rb:7:in 'x'", "a.rb", 7},
                     {"C:/x.cs:3", "C:/x.cs", 3},
                     {"a.py", "a.py", 0},
                     {"a:b", "a:b", 0},
                     {":12", ":12", 0},
                     {"", "", 0},
                     {"a:0", "a:0", 0},
                     {"a:99999999999999999999", "a:99999999999999999999", 0}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct report_place p = report_place(span_str(cases[i].place));
                CU_ASSERT_TRUE(span_equal(p.file, span_str(cases[i].file)));
                CU_ASSERT_EQUAL(p.line, cases[i].line);
        }
}

/* --- comparisons ---------------------------------------------------------------------------------------------------- */

static void runs_are_compared(void)
{
        struct suite s;
        struct comparison c;
        begin(&s);
        put(&s, "a", "same", 10, 1000, 0);
        put(&s, "a", "gone " HOSTILE, 2, 1000, 0);
        put(&s, "a", "more", 2, 1000, 0);
        put(&s, "a", "slower", 10, 1000, 0);
        put(&s, "a", "slower, but rare", 4, 1000, 0);
        put(&s, "a", "faster", 10, 9000, 0);
        s.o.tally = tally_finish(s.state);
        char *json = form(report_json, &s.o);
        write_file(path, json);
        free(json);
        end(&s);
        begin(&s);
        put(&s, "a", "same", 10, 1100, 0);
        put(&s, "a", "more", 20, 1000, 0);
        put(&s, "a", "new", 3, 1000, 0);
        put(&s, "a", "slower", 10, 3000, 0);
        put(&s, "a", "slower, but rare", 4, 3000, 0);
        put(&s, "a", "faster", 10, 1000, 0);
        s.o.tally = tally_finish(s.state);
        CU_ASSERT_EQUAL(comparison_read(&c, path), STATUS_OK);
        CU_ASSERT_EQUAL(c.n, 6);
        comparison_add(&c, &s.o);
        outcome_sort(&s.o);
        CU_ASSERT_EQUAL_FATAL(s.o.n, 4);
        CU_ASSERT_STRING_EQUAL(s.o.items[0].message, "compare: gone, sent 2 times before");
        CU_ASSERT_STRING_EQUAL(s.o.items[1].message, "compare: sent 20 times, 2 times before");
        CU_ASSERT_STRING_EQUAL(s.o.items[2].message, "compare: new, sent 3 times");
        CU_ASSERT_EQUAL(strncmp(s.o.items[3].message, "compare: slower; median 3", 25), 0);
        CU_ASSERT_FALSE(outcome_failed(&s.o));
        comparison_fini(&c);
        end(&s);
}

static void other_files_are_no_reports(void)
{
        static const char *const wrong[] = {"",
                                            "{}",
                                            "[]",
                                            "{\"querytap_run\":2}",
                                            "{\"querytap_run\":1",
                                            "{\"querytap_run\":1,\"shapes\":{}}",
                                            "{\"querytap_run\":1,\"shapes\":[{\"text\":1}]}",
                                            "{\"querytap_run\":1,\"shapes\":[{\"text\":\"\\u12\"}]}",
                                            "{\"querytap_run\":1,\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]}"};
        struct comparison c;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                write_file(path, wrong[i]);
                CU_ASSERT_EQUAL(comparison_read(&c, path), STATUS_INVALID);
        }
        write_file(path, " { \"querytap_run\" : 1 , \"x\" : [ -1.5e3 , true , { } , [ ] , \"\\\"\" ] , "
                         "\"shapes\" : [ ] } ");
        CU_ASSERT_EQUAL(comparison_read(&c, path), STATUS_OK);
        comparison_fini(&c);
        CU_ASSERT_EQUAL(comparison_read(&c, "/nosuch/file"), STATUS_NOTFOUND);
}

static void texts_of_json(void)
{
        static const struct {
                const char *json;
                const char *text; /* NULL: it is wrong */
        } cases[] = {
            {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
            {"\"\\u0041\\u00e9\\u65e5\\ud83d\\ude00\"", "A\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"},
            {"\"\\ud83d\"", "\xef\xbf\xbd"},
            {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                                   "A"},
            {"\"\\x\"", NULL},
            {"\"\\u00g0\"", NULL},
            {"\"a", NULL},
            {"a", NULL},
            {"\"\\", NULL},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char room[64];
                struct writer w = writer_over(room, sizeof room);
                struct json_reader r = json_reader_over(span_str(cases[i].json));
                bool ok = json_reader_text(&r, &w);
                CU_ASSERT_EQUAL(ok, cases[i].text != NULL);
                CU_ASSERT_TRUE(!ok || span_equal(writer_span(&w), span_str(cases[i].text)));
        }
}

static const struct tap_test tests[] = {
    {"forms for programs", forms_for_programs}, {"JUnit has each scope", junit_has_each_scope},
    {"forms for people", forms_for_people},     {"places", places},
    {"runs are compared", runs_are_compared},   {"other files are no reports", other_files_are_no_reports},
    {"texts of JSON", texts_of_json},
};

int main(void)
{
        make_folder(folder);
        (void)snprintf(path, sizeof path, "%s/report", folder);
        int status = TAP_RUN("report", tests);
        (void)unlink(path);
        (void)rmdir(folder);
        return status;
}
