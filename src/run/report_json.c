/* The report as JSON: all numbers, for programs and for --compare. */
#include "run/report.h"

#include "base/clock.h"
#include "base/json_writer.h"

static void put_counts(struct json_writer *j, const struct tally_counts *c)
{
        json_writer_uint(j, "statements", c->statements);
        json_writer_uint(j, "writes", c->writes);
        json_writer_uint(j, "errors", c->errors);
        json_writer_uint(j, "rows", c->rows);
        json_writer_uint(j, "time_us", c->time_us);
        json_writer_object(j, "findings");
        for (unsigned i = 0; i < FINDING_COUNT; i++) {
                if (c->findings[i] > 0) {
                        json_writer_uint(j, record_flag_name(FIELD_FINDINGS, i), c->findings[i]);
                }
        }
        json_writer_end(j);
}

static void put_shapes(struct json_writer *j, const struct tally *t)
{
        json_writer_lines(j, "shapes");
        for (size_t i = 0; i < t->n_shapes; i++) {
                const struct tally_shape *s = &t->shapes[i];
                json_writer_object(j, NULL);
                json_writer_span(j, "text", s->text);
                json_writer_span(j, "digest", span_of(s->digest, sizeof s->digest));
                json_writer_uint(j, "p50_us", tally_percentile_us(s, 0.5));
                json_writer_uint(j, "p95_us", tally_percentile_us(s, 0.95));
                json_writer_uint(j, "p99_us", tally_percentile_us(s, 0.99));
                json_writer_uint(j, "max_us", s->max_us);
                put_counts(j, &s->counts);
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void put_items(struct json_writer *j, const struct outcome *o)
{
        json_writer_lines(j, "items");
        for (size_t i = 0; i < o->n; i++) {
                const struct outcome_item *item = &o->items[i];
                json_writer_object(j, NULL);
                json_writer_text(j, "level", outcome_level_name(item->level));
                json_writer_text(j, "rule", item->rule);
                json_writer_text(j, "message", item->message);
                json_writer_span(j, "scope", item->scope);
                if (item->shape.len > 0) {
                        json_writer_span(j, "shape", item->shape);
                }
                if (item->place.len > 0) {
                        json_writer_span(j, "place", item->place);
                }
                if (item->example.len > 0) {
                        json_writer_span(j, "example", item->example);
                }
                if (item->advice != NULL) {
                        json_writer_text(j, "advice", item->advice);
                }
                json_writer_end(j);
        }
        json_writer_end(j);
}

/** What each scope sent: the shapes by their place in "shapes". */
static void put_scopes(struct json_writer *j, const struct tally *t)
{
        json_writer_lines(j, "scopes");
        for (size_t i = 0; i < t->n_uses;) {
                uint32_t scope = t->uses[i].scope;
                json_writer_object(j, NULL);
                json_writer_span(j, "name", t->scopes[scope].name);
                put_counts(j, &t->scopes[scope].counts);
                json_writer_array(j, "shapes");
                for (; i < t->n_uses && t->uses[i].scope == scope; i++) {
                        json_writer_object(j, NULL);
                        json_writer_uint(j, "shape", t->uses[i].shape);
                        json_writer_uint(j, "statements", t->uses[i].counts.statements);
                        json_writer_end(j);
                }
                json_writer_end(j);
                json_writer_end(j);
        }
        json_writer_end(j);
}

void report_json(const struct outcome *o, FILE *out)
{
        char began[CLOCK_RFC3339_SIZE];
        struct json_writer j = json_writer_to(out);
        clock_rfc3339(o->began_ns, began);
        json_writer_object(&j, NULL);
        json_writer_uint(&j, "querytap_run", 1);
        json_writer_text(&j, "result", report_result(o));
        json_writer_text(&j, "command", o->command);
        json_writer_int(&j, "exit", o->exit);
        json_writer_int(&j, "signal", o->signal);
        json_writer_uint(&j, "left_behind", o->left_behind);
        json_writer_text(&j, "began", began);
        json_writer_uint(&j, "duration_us", o->duration_ns / CLOCK_US_NS);
        json_writer_bool(&j, "empty", o->is_empty);
        json_writer_uint(&j, "lost", o->tally->lost);
        json_writer_uint(&j, "omitted", o->tally->omitted);
        json_writer_object(&j, "total");
        put_counts(&j, &o->tally->total);
        json_writer_end(&j);
        put_items(&j, o);
        put_scopes(&j, o->tally);
        put_shapes(&j, o->tally);
        json_writer_end(&j);
        json_writer_finish(&j);
}
