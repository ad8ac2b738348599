/* The report as SARIF 2.1.0, for the pages of code hosts. */
#include "run/report.h"

#include "base/json_writer.h"
#include "config.h"
#include "run/findings.h"

#include <ctype.h>

enum { SCOPES_MAX = 50, URI_MAX = 3 * TALLY_PLACE_MAX + 8 };

static const char *level(const struct outcome_item *item)
{
        return item->level == OUTCOME_FAIL           ? "error"
               : item->level == OUTCOME_INCONCLUSIVE ? "warning"
                                                     : "note";
}

/** Write @p file as a URI: relative, or of a file. */
static void put_uri(struct json_writer *j, struct span file)
{
        char uri[URI_MAX];
        struct writer w = writer_over(uri, sizeof uri);
        bool is_absolute = file.len > 0 && file.data[0] == '/';
        writer_text(&w, is_absolute ? "file://" : "");
        for (size_t i = 0; i < file.len; i++) {
                if (isalnum(file.data[i]) != 0 || memchr("/-._~", file.data[i], 5) != NULL) {
                        writer_char(&w, (char)file.data[i]);
                } else {
                        writer_format(&w, "%%%02X", file.data[i]);
                }
        }
        json_writer_span(j, "uri", writer_span(&w));
}

static void put_location(struct json_writer *j, const struct outcome *o, size_t i, size_t n)
{
        struct report_place place = report_place(report_first_place(o, i, n));
        json_writer_array(j, "locations");
        json_writer_object(j, NULL);
        if (place.file.len > 0) {
                json_writer_object(j, "physicalLocation");
                json_writer_object(j, "artifactLocation");
                put_uri(j, place.file);
                json_writer_end(j);
                if (place.line > 0) {
                        json_writer_object(j, "region");
                        json_writer_uint(j, "startLine", place.line);
                        json_writer_end(j);
                }
                json_writer_end(j);
        }
        json_writer_array(j, "logicalLocations");
        for (size_t k = i; k < i + n && k < i + SCOPES_MAX; k++) {
                json_writer_object(j, NULL);
                json_writer_span(j, "fullyQualifiedName", o->items[k].scope);
                json_writer_text(j, "kind", "function");
                json_writer_end(j);
        }
        json_writer_end(j);
        json_writer_end(j);
        json_writer_end(j);
}

/** "n_plus_one: 6 of 10 statements: SELECT …. Load the rows together" */
static void put_message(struct json_writer *j, const struct outcome_item *item)
{
        uint8_t room[DIGEST_TEXT_MAX + 2048];
        struct writer w = writer_over(room, sizeof room);
        writer_text(&w, item->message);
        if (item->shape.len > 0) {
                writer_text(&w, ": ");
                writer_put(&w, item->shape);
        }
        if (item->advice != NULL) {
                writer_format(&w, " (%s)", item->advice);
        }
        json_writer_object(j, "message");
        json_writer_span(j, "text", writer_span(&w));
        json_writer_end(j);
}

static void put_result(struct json_writer *j, const struct outcome *o, size_t i, size_t n)
{
        const struct outcome_item *item = &o->items[i];
        json_writer_object(j, NULL);
        json_writer_text(j, "ruleId", item->rule);
        json_writer_text(j, "level", level(item));
        put_message(j, item);
        put_location(j, o, i, n);
        json_writer_end(j);
}

/** The rules: at most a dozen findings, and those that are no finding. */
static void put_rules(struct json_writer *j)
{
        static const char *const others[] = {"budget", "compare", "contract", "empty", "stale"};
        json_writer_array(j, "rules");
        for (unsigned i = 0; i < FINDING_COUNT + sizeof others / sizeof others[0]; i++) {
                const char *advice = i < FINDING_COUNT ? findings_advice(i) : NULL;
                json_writer_object(j, NULL);
                json_writer_text(j, "id",
                                 i < FINDING_COUNT ? record_flag_name(FIELD_FINDINGS, i)
                                                   : others[i - FINDING_COUNT]);
                if (advice != NULL) {
                        json_writer_object(j, "shortDescription");
                        json_writer_text(j, "text", advice);
                        json_writer_end(j);
                }
                json_writer_end(j);
        }
        json_writer_end(j);
}

void report_sarif(const struct outcome *o, FILE *out)
{
        struct json_writer j = json_writer_indented(out);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        json_writer_text(&j, "version", "2.1.0");
        json_writer_array(&j, "runs");
        json_writer_object(&j, NULL);
        json_writer_object(&j, "tool");
        json_writer_object(&j, "driver");
        json_writer_text(&j, "name", "querytap");
        json_writer_text(&j, "version", PACKAGE_VERSION);
        put_rules(&j);
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_array(&j, "results");
        for (size_t i = 0; i < o->n;) {
                size_t n = outcome_alike(o, i);
                put_result(&j, o, i, n);
                i += n;
        }
        if (o->is_empty) {
                json_writer_object(&j, NULL);
                json_writer_text(&j, "ruleId", "empty");
                json_writer_text(&j, "level", "error");
                json_writer_object(&j, "message");
                json_writer_text(&j, "text", report_why_empty);
                json_writer_end(&j);
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}
