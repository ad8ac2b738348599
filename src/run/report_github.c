/* The report as annotations of GitHub Actions, and as a summary in Markdown. */
#include "run/report.h"

#include "base/shown.h"

#include <inttypes.h>

enum { SHAPE_COLUMNS = 300 };

/* --- annotations ---------------------------------------------------------------------------------------------------- */

/** Write @p text as a workflow command needs it, in a property or in the message behind the properties. */
static void put_escaped(FILE *out, struct span text, bool is_property)
{
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];
                if (c == '%' || c < 0x20 || c == 0x7f || (is_property && (c == ':' || c == ','))) {
                        (void)fprintf(out, "%%%02X", c);
                } else {
                        (void)fputc(c, out);
                }
        }
}

static void put_scope(FILE *out, struct span scope)
{
        put_escaped(out, scope.len > 0 ? scope : span_str("(no scope)"), false);
}

static void put_annotation(const struct outcome *o, size_t i, size_t n, FILE *out)
{
        static const char *const commands[] = {
            [OUTCOME_FAIL] = "error", [OUTCOME_INCONCLUSIVE] = "warning", [OUTCOME_NOTE] = "notice"};
        const struct outcome_item *item = &o->items[i];
        struct report_place place = report_place(report_first_place(o, i, n));
        (void)fprintf(out, "::%s title=querytap %s", commands[item->level], item->rule);
        if (place.file.len > 0) {
                (void)fputs(",file=", out);
                put_escaped(out, place.file, true);
                if (place.line > 0) {
                        (void)fprintf(out, ",line=%" PRIu64, place.line);
                }
        }
        (void)fputs("::", out);
        put_escaped(out, span_str(item->message), false);
        (void)fputs(" in ", out);
        report_scopes(o, i, n, out, put_scope);
        if (item->shape.len > 0) {
                (void)fputs("%0A", out);
                put_escaped(out, item->shape, false);
        }
        if (item->advice != NULL) {
                (void)fprintf(out, "%%0A%s", item->advice);
        }
        (void)fputc('\n', out);
}

void report_github(const struct outcome *o, FILE *out)
{
        for (size_t i = 0; i < o->n;) {
                size_t n = outcome_alike(o, i);
                put_annotation(o, i, n, out);
                i += n;
        }
        if (o->is_empty) {
                (void)fprintf(out, "::error title=querytap empty::%s\n", report_why_empty);
        }
}

/* --- the summary ---------------------------------------------------------------------------------------------------- */

/** Write @p text as it is, within a line of Markdown: as code, between as many backticks as are needed. */
static void put_code(FILE *out, struct span text)
{
        size_t longest = 0;
        size_t run = 0;
        for (size_t i = 0; i < text.len; i++) {
                run = text.data[i] == '`' ? run + 1 : 0;
                longest = run > longest ? run : longest;
        }
        for (size_t i = 0; i <= longest; i++) {
                (void)fputc('`', out);
        }
        (void)fputc(' ', out);
        shown_print_cut(out, text, SHAPE_COLUMNS);
        (void)fputc(' ', out);
        for (size_t i = 0; i <= longest; i++) {
                (void)fputc('`', out);
        }
}

static void put_scope_code(FILE *out, struct span scope)
{
        if (scope.len > 0) {
                put_code(out, scope);
        } else {
                (void)fputs("no scope", out);
        }
}

static void put_list(const struct outcome *o, size_t i, size_t n, FILE *out)
{
        const struct outcome_item *item = &o->items[i];
        struct span place = report_first_place(o, i, n);
        (void)fprintf(out, "- **%s** ", outcome_level_name(item->level));
        put_code(out, span_str(item->message));
        (void)fputs(" in ", out);
        report_scopes(o, i, n, out, put_scope_code);
        (void)fputc('\n', out);
        if (item->shape.len > 0) {
                (void)fputs("  - ", out);
                put_code(out, item->shape);
                (void)fputc('\n', out);
        }
        if (place.len > 0) {
                (void)fputs("  - at ", out);
                put_code(out, place);
                (void)fputc('\n', out);
        }
        if (item->advice != NULL) {
                (void)fprintf(out, "  - %s\n", item->advice);
        }
}

void report_markdown(const struct outcome *o, FILE *out)
{
        const struct tally_counts *c = &o->tally->total;
        (void)fprintf(out, "### querytap: %s\n\n", report_result(o));
        (void)fprintf(
            out, "| statements | shapes | scopes | writes | errors | rows |\n|---|---|---|---|---|---|\n");
        (void)fprintf(out, "| %" PRIu64 " | %zu | %zu | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |\n\n",
                      c->statements, o->tally->n_shapes, o->tally->n_scopes - 1, c->writes, c->errors,
                      c->rows);
        for (size_t i = 0; i < o->n;) {
                size_t n = outcome_alike(o, i);
                put_list(o, i, n, out);
                i += n;
        }
        if (o->is_empty) {
                (void)fprintf(out, "- **FAIL** %s\n", report_why_empty);
        }
        (void)fputc('\n', out);
}
