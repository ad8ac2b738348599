/* The report as XML of JUnit: each scope is a test case. */
#include "run/report.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "profile/heap/prof.h"
#include "run/text_file.h"

#include <inttypes.h>
#include <stdlib.h>

/** Write @p text, escaped. XML has no other control characters than tab and newline; what it can't have becomes U+FFFD. */
static void put(FILE *out, struct span text)
{
        while (text.len > 0) {
                uint8_t c = text.data[0];
                unsigned n = utf8_sequence(text);
                uint32_t point = n > 0 ? utf8_point(text) : UTF8_NONE;
                bool is_wrong =
                    n == 0 || (c < 0x20 && c != '\t' && c != '\n') || point == 0xfffe || point == 0xffff;
                if (is_wrong) {
                        (void)fputs("\xef\xbf\xbd", out);
                } else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\n' || c == '\t') {
                        (void)fprintf(out, "&#%u;", c);
                } else {
                        (void)fwrite(text.data, 1, n, out);
                }
                text = span_skip(text, n > 0 ? n : 1);
        }
}

static void put_line(FILE *out, const char *head, struct span text)
{
        if (text.len > 0) {
                (void)fputs(head, out);
                put(out, text);
                (void)fputc('\n', out);
        }
}

static void put_item(FILE *out, const struct outcome_item *item)
{
        put_line(out, "", span_str(item->message));
        put_line(out, "  ", item->shape);
        put_line(out, "  at ", item->place);
        put_line(out, "  such as ", item->example);
        put_line(out, "  ", span_str(item->advice));
}

/** Write the items of @p level among the @p n of one scope. */
static void put_level(FILE *out, const struct outcome_item *const *items, size_t n, enum outcome_level level)
{
        const char *element = level == OUTCOME_FAIL ? "failure" : "skipped";
        bool is_open = false;
        for (size_t i = 0; i < n; i++) {
                if (items[i]->level != level) {
                        continue;
                }
                if (!is_open) {
                        (void)fprintf(out, "<%s message=\"", element);
                        put(out, span_str(items[i]->message));
                        (void)fputs(level == OUTCOME_FAIL ? "\" type=\"" : "\"", out);
                        if (level == OUTCOME_FAIL) {
                                put(out, span_str(items[i]->rule));
                                (void)fputc('"', out);
                        }
                        (void)fputs(">", out);
                        is_open = true;
                }
                put_item(out, items[i]);
        }
        if (is_open) {
                (void)fprintf(out, "</%s>", element);
        }
}

static bool has(const struct outcome_item *const *items, size_t n, enum outcome_level level)
{
        while (n > 0 && items[n - 1]->level != level) {
                n--;
        }
        return n > 0;
}

static void put_case(FILE *out, struct span name, uint64_t us, const struct outcome_item *const *items,
                     size_t n)
{
        (void)fputs("<testcase classname=\"querytap\" name=\"", out);
        put(out, name.len > 0 ? name : span_str("(no scope)"));
        (void)fprintf(out, "\" time=\"%.6f\">", (double)us / 1e6);
        put_level(out, items, n, has(items, n, OUTCOME_FAIL) ? OUTCOME_FAIL : OUTCOME_INCONCLUSIVE);
        (void)fputs("</testcase>\n", out);
}

static int by_scope(const void *a, const void *b)
{
        const struct outcome_item *x = *(const struct outcome_item *const *)a;
        const struct outcome_item *y = *(const struct outcome_item *const *)b;
        int by = text_file_compare(x->scope, y->scope);
        return by != 0 ? by : (x > y) - (x < y);
}

/** Counts, or writes, the test cases: those of scopes that sent something, and of scopes that have items. */
struct cases {
        FILE *out; /**< NULL: count */
        size_t n;
        size_t failures;
        size_t skipped;
};

static void add_case(struct cases *c, struct span name, uint64_t us, const struct outcome_item *const *items,
                     size_t n)
{
        c->n++;
        c->failures += has(items, n, OUTCOME_FAIL) ? 1 : 0;
        c->skipped += !has(items, n, OUTCOME_FAIL) && has(items, n, OUTCOME_INCONCLUSIVE) ? 1 : 0;
        if (c->out != NULL) {
                put_case(c->out, name, us, items, n);
        }
}

/** Walk the scopes of the tally and those of the @p items, both sorted by name. */
static void walk(struct cases *c, const struct outcome *o, const struct outcome_item *const *items)
{
        const struct tally *t = o->tally;
        size_t item = 0;
        for (size_t use = 0; use < t->n_uses || item < o->n;) {
                const struct tally_scope *scope = use < t->n_uses ? &t->scopes[t->uses[use].scope] : NULL;
                bool is_ours = scope != NULL &&
                               (item == o->n || text_file_compare(scope->name, items[item]->scope) <= 0);
                struct span name = is_ours ? scope->name : items[item]->scope;
                size_t n = 0;
                while (item + n < o->n && span_equal(items[item + n]->scope, name)) {
                        n++;
                }
                add_case(c, name, is_ours ? scope->counts.time_us : 0, items + item, n);
                item += n;
                uint32_t number = is_ours ? t->uses[use].scope : 0;
                while (is_ours && use < t->n_uses && t->uses[use].scope == number) {
                        use++;
                }
        }
}

void report_junit(const struct outcome *o, FILE *out)
{
        enum { SECONDS_LEN = 19 };
        char began[CLOCK_RFC3339_SIZE];
        struct cases cases = {.out = NULL};
        const struct outcome_item **items = prof_calloc(STAGE_MAIN, o->n + 1, sizeof(void *));
        if (items == NULL) {
                diag(DIAG_ERROR, "the report for JUnit can't be written: out of memory");
                return;
        }
        for (size_t i = 0; i < o->n; i++) {
                items[i] = &o->items[i];
        }
        qsort(items, o->n, sizeof(void *), by_scope);
        walk(&cases, o, items);
        clock_rfc3339(o->began_ns, began);
        (void)fprintf(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"querytap\" "
            "package=\"querytap\" id=\"0\" hostname=\"localhost\" timestamp=\"%.*s\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"%.3f\">\n<properties></properties>\n",
            SECONDS_LEN, began, cases.n + (o->is_empty ? 1 : 0), cases.failures, o->is_empty ? 1 : 0,
            cases.skipped, (double)o->duration_ns / 1e9);
        cases = (struct cases){.out = out};
        walk(&cases, o, items);
        if (o->is_empty) {
                (void)fputs("<testcase classname=\"querytap\" name=\"(whole run)\" time=\"0\"><error "
                            "type=\"empty\" message=\"",
                            out);
                put(out, span_str(report_why_empty));
                (void)fputs("\"></error></testcase>\n", out);
        }
        (void)fputs("<system-out></system-out>\n<system-err></system-err>\n</testsuite>\n</testsuites>\n",
                    out);
        prof_free(items);
}
