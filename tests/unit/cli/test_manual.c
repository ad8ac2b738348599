/* What is written for users keeps up with the tables: settings, record fields, endpoints, commands. */
#include "admin/endpoints.h"
#include "admin/params.h"
#include "admin/tables.h"
#include "cli/cli.h"
#include "journal/format/format.h"
#include "journal/format/schema.h"
#include "json_check.h"
#include "mysql/record/record.h"
#include "mysql/wire/lint.h"
#include "profile/export/export.h"
#include "rules/expr.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/** The whole file @p name of the source tree. */
static char *slurp(const char *name)
{
        const char *top = getenv("top_srcdir");
        char path[512];
        char *text = NULL;
        size_t len = 0;
        (void)snprintf(path, sizeof path, "%s/%s", top != NULL ? top : ".", name);
        FILE *in = fopen(path, "r");
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        int c;
        while ((c = getc(in)) != EOF) {
                (void)putc(c, out);
        }
        (void)fclose(in);
        (void)fclose(out);
        return text;
}

/** Whether the manual has @p macro @p word as a line of its own, or at its start. */
static void expect_entry(const char *manual, const char *macro, const char *word)
{
        char line[160];
        int n = snprintf(line, sizeof line, "\n%s %s", macro, word);
        const char *found = manual;
        while ((found = strstr(found, line)) != NULL) {
                if (found[n] == '\n' || found[n] == ' ') {
                        return;
                }
                found++;
        }
        printf("# the manual lacks: %s %s\n", macro, word);
        CU_FAIL("not in the manual");
}

static void the_manual_names_each_setting(void)
{
        char *manual = slurp("doc/querytap.1");
        for (size_t i = 0; i < settings_row_count; i++) {
                expect_entry(manual, ".It Ic", settings_rows[i].name);
        }
        free(manual);
}

static void the_manual_tells_each_default(void)
{
        char *manual = slurp("doc/querytap.1");
        for (size_t i = 0; i < settings_row_count; i++) {
                char entry[96];
                const char *def = settings_rows[i].def;
                (void)snprintf(entry, sizeof entry, "\n.It Ic %s Ns =%s%s\n", settings_rows[i].name,
                               *def != '\0' ? " Ns Ar " : "", def);
                if (strstr(manual, entry) == NULL) {
                        printf("# the manual lacks:%s", entry);
                        CU_FAIL("another default");
                }
        }
        free(manual);
}

static void the_manual_describes_each_field(void)
{
        static const char *const kinds[] = {
            [RECORD_UINT] = "integer", [RECORD_TEXT] = "text",    [RECORD_BYTES] = "hex",
            [RECORD_LIST] = "list",    [RECORD_MAP] = "map",      [RECORD_ROWS] = "rows",
            [RECORD_FLAGS] = "flags",  [RECORD_BOOL] = "boolean", [RECORD_OBJECTS] = "objects",
        };
        char *manual = slurp("doc/querytap-record.5");
        const char *from = manual; /* they come in the order of the table */
        for (size_t i = 0; i < FIELD_COUNT; i++) {
                const struct record_field_info *info = &record_fields[i];
                const char *unit = strcmp(info->unit, "us") == 0 ? "microseconds" : info->unit;
                char entry[128];
                (void)snprintf(entry, sizeof entry, "\n.It Va %s Pq %s%s%s\n", info->name, kinds[info->kind],
                               *unit != '\0' ? " , " : "", unit);
                const char *found = strstr(from, entry);
                if (found == NULL) {
                        printf("# the manual lacks, or has elsewhere:%s", entry);
                        CU_FAIL("not in the manual");
                        continue;
                }
                from = found + strlen(entry) - 1;
                if (strncmp(from + 1, ".It", 3) == 0) {
                        printf("# nothing is said of it:%s", entry);
                        CU_FAIL("an empty entry");
                }
        }
        free(manual);
}

static size_t count_of(const char *text, const char *part)
{
        size_t n = 0;
        for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
                n++;
        }
        return n;
}

static void the_manual_describes_nothing_else(void)
{
        char *manual = slurp("doc/querytap-record.5");
        CU_ASSERT_EQUAL(count_of(manual, "\n.It Va "), FIELD_COUNT);
        CU_ASSERT_EQUAL(count_of(manual, "\n.It Cm "), EVENT_COUNT + (size_t)LINT_RULES);
        free(manual);
}

static void the_manual_names_events_rules_and_formats(void)
{
        char *manual = slurp("doc/querytap-record.5");
        for (unsigned i = 0; i < EVENT_COUNT; i++) {
                expect_entry(manual, ".It Cm", record_event_name((enum record_event)i));
        }
        for (unsigned i = 0; i < LINT_RULES; i++) {
                expect_entry(manual, ".It Cm", lint_name((enum lint_rule)i));
        }
        for (unsigned i = 0; i < FORMAT_COUNT; i++) {
                expect_entry(manual, ".Ss", format_name((enum format)i));
        }
        free(manual);
}

static void the_manual_names_each_endpoint(void)
{
        char *manual = slurp("doc/querytap.1");
        for (size_t i = 0; i < endpoints_n; i++) {
                char entry[96];
                (void)snprintf(entry, sizeof entry, "%s %s", endpoints[i].method, endpoints[i].path);
                expect_entry(manual, ".It Li", entry);
                const struct endpoint_param *p;
                struct endpoint_param filter;
                for (size_t j = 0; (p = params_at(&endpoints[i], j, &filter)) != NULL; j++) {
                        (void)snprintf(entry, sizeof entry, "?%s=", p->name);
                        if (p != &filter && strstr(manual, entry) == NULL) {
                                printf("# the manual lacks %s of %s\n", entry, endpoints[i].path);
                                CU_FAIL("a parameter is not in the manual");
                        }
                }
        }
        free(manual);
}

/** Whether all columns of @p table that JSON has are in the manual behind @p heading: name, unit and help, in order. */
static void expect_columns(const char *manual, const struct column_table *table, const char *heading)
{
        const char *from = strstr(manual, heading);
        CU_ASSERT_PTR_NOT_NULL_FATAL(from);
        for (size_t i = 0; i < table->n; i++) {
                const struct column *c = &table->columns[i];
                char entry[256];
                if (c->name == NULL) {
                        continue;
                }
                (void)snprintf(entry, sizeof entry, "\n.It Va %s%s%s\n%s\n", c->name,
                               c->unit != NULL ? " Pq " : "", c->unit != NULL ? c->unit : "", c->help);
                const char *found = strstr(from, entry);
                if (found == NULL) {
                        printf("# the manual lacks, or has elsewhere, of %s:%s", table->name, entry);
                        CU_FAIL("not in the manual");
                        continue;
                }
                from = found + strlen(entry) - 1;
        }
        CU_ASSERT_EQUAL(strncmp(from, "\n.El\n", 5), 0); /* and nothing else */
}

static void the_manual_describes_each_column(void)
{
        char *manual = slurp("doc/querytap.1");
        expect_columns(manual, &sessions_table, "\n.It Li GET /sessions\n");
        expect_columns(manual, &findings_table, "\n.It Li GET /findings\n");
        expect_columns(manual, &digests_table, "\n.It Li GET /digests\n");
        expect_columns(manual, &scopes_table, "\nIn JSON each row by user, scope and so on has:\n");
        expect_columns(manual, &export_stages_table, "\n.It Li GET /stages\n");
        expect_columns(manual, &counters_table, "\n.It Li GET /counters\n");
        expect_columns(manual, &counters_log_table, "\nEach log has:\n");
        expect_columns(manual, &counters_upstream_table, "\nEach server has:\n");
        free(manual);
}

static void the_manual_names_each_command(void)
{
        char *manual = slurp("doc/querytap.1");
        for (size_t i = 0; cli_command(i) != NULL; i++) {
                expect_entry(manual, ".It Ic", cli_command(i));
        }
        free(manual);
}

static void the_settings_file_is_what_config_prints(void)
{
        struct settings s;
        char *file = slurp("etc/querytap.cfg");
        char *printed = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&printed, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        settings_defaults(&s);
        settings_write(&s, out);
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(file, printed);
        free(printed);
        free(file);
}

static void the_schema_file_is_what_schema_prints(void)
{
        char *file = slurp("etc/querytap-record.schema.json");
        char *printed = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&printed, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        schema_write(out);
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(file, printed);
        CU_ASSERT_TRUE(json_check(span_of(printed, len)));
        free(printed);
        free(file);
}

/** Is the example @p line of the manual, which is changed, an expression? */
static bool is_expression(char *line)
{
        static const char quote[] = "\\(dq";
        struct expr *e;
        struct expr_error error;
        for (char *at = strstr(line, quote); at != NULL; at = strstr(at, quote)) {
                *at++ = '"';
                memmove(at, at + sizeof quote - 2, strlen(at + sizeof quote - 2) + 1);
        }
        enum status status = expr_new(span_str(line), &e, &error);
        if (status != STATUS_OK) {
                printf("# %s: column %zu: %s\n", line, error.column, error.text);
        }
        expr_free(e);
        return status == STATUS_OK;
}

/** Every example compiles, and below each term is one that has the term. */
static void the_manual_has_an_example_of_each_term(void)
{
        char *manual = slurp("doc/querytap-filter.7");
        size_t examples = 0;
        size_t terms = 0;
        char term[64] = "";
        for (char *line = strtok(manual, "\n"); line != NULL; line = strtok(NULL, "\n")) {
                char q = 0;
                if (sscanf(line, ".It Cm %40s P%c", term, &q) == 2 && expr_term_name(terms) != NULL) {
                        CU_ASSERT_STRING_EQUAL(term, expr_term_name(terms));
                        terms += strcmp(term, expr_term_name(terms)) == 0 ? 1 : 0;
                }
                if (strncmp(line, ".Dl ", 4) == 0) {
                        bool names_term = strstr(line, term) != NULL || strstr(line, "\\(dq") != NULL ||
                                          strchr(line, '/') != NULL;
                        CU_ASSERT_TRUE(names_term || expr_term_name(terms) == NULL || terms == 0);
                        CU_ASSERT_TRUE(is_expression(line + 4));
                        examples++;
                }
        }
        CU_ASSERT_PTR_NULL(expr_term_name(terms));
        CU_ASSERT_TRUE(examples > terms);
        free(manual);
}

static const struct tap_test tests[] = {
    {"the manual names each setting", the_manual_names_each_setting},
    {"the manual tells each default", the_manual_tells_each_default},
    {"the manual describes each field, in order", the_manual_describes_each_field},
    {"the manual describes nothing else", the_manual_describes_nothing_else},
    {"the manual names events, rules and formats", the_manual_names_events_rules_and_formats},
    {"the manual names each endpoint", the_manual_names_each_endpoint},
    {"the manual describes each column", the_manual_describes_each_column},
    {"the manual names each command", the_manual_names_each_command},
    {"the manual has an example of each term of filters", the_manual_has_an_example_of_each_term},
    {"the settings file is what config prints", the_settings_file_is_what_config_prints},
    {"the schema file is what schema prints", the_schema_file_is_what_schema_prints},
};

int main(void)
{
        return TAP_RUN("manual", tests);
}
