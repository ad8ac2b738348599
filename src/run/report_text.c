#include "run/report.h"

#include "base/shown.h"

#include <inttypes.h>
#include <signal.h>

enum { SHAPE_COLUMNS = 300, SIGNALED = 128, NS_PER_MS = 1000000 };

const char report_why_empty[] = "no statement came through the proxy: the command may take the address of "
                                "its server from a file, or from "
                                "variables that querytap doesn't know (--env NAME={host} sets them, {port} "
                                "and {socket} in arguments are replaced), "
                                "may run in a container that can't reach this address, or may not use the "
                                "database at all (--allow-empty)";

static void put(FILE *out, struct span text)
{
        shown_print_cut(out, text, SHAPE_COLUMNS);
}

static void put_scope(FILE *out, struct span scope)
{
        if (scope.len > 0) {
                shown_print(out, scope);
        } else {
                (void)fputs("(no scope)", out);
        }
}

/** "failed: 2 problems; pytest succeeded" */
static void report_verdict(const struct outcome *o, FILE *out)
{
        uint64_t fails = o->by_level[OUTCOME_FAIL];
        if (o->is_empty) {
                (void)fputs("failed: no statement", out);
        } else if (fails > 0) {
                (void)fprintf(out, "failed: %" PRIu64 " %s", fails, fails == 1 ? "problem" : "problems");
        } else {
                (void)fputs(report_result(o), out);
        }
        if (o->by_level[OUTCOME_INCONCLUSIVE] > 0) {
                (void)fprintf(out, ", %" PRIu64 " inconclusive", o->by_level[OUTCOME_INCONCLUSIVE]);
        }
        (void)fputs("; ", out);
        shown_print(out, span_str(o->command));
        const char *name = o->exit > SIGNALED ? sigabbrev_np(o->exit - SIGNALED) : NULL;
        if (o->exit == 0) {
                (void)fputs(" succeeded", out);
        } else if (name != NULL) {
                (void)fprintf(out, " failed with status %d (SIG%s)", o->exit, name);
        } else {
                (void)fprintf(out, " failed with status %d", o->exit);
        }
        if (o->signal != 0) {
                (void)fprintf(out, ", interrupted by SIG%s", sigabbrev_np(o->signal));
        }
        if (o->left_behind > 0) {
                (void)fprintf(out, ", left %u %s behind", o->left_behind,
                              o->left_behind == 1 ? "process" : "processes");
        }
}

static void put_number(FILE *out, uint64_t n, const char *what)
{
        (void)fprintf(out, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

static void put_line(FILE *out, const char *head, struct span text)
{
        if (text.len > 0) {
                (void)fputs(head, out);
                put(out, text);
                (void)fputc('\n', out);
        }
}

static void put_item(const struct outcome *o, size_t i, size_t n, FILE *out)
{
        const struct outcome_item *item = &o->items[i];
        (void)fprintf(out, "\n%s  ", outcome_level_name(item->level));
        shown_print(out, span_str(item->message));
        (void)fputs("\n    in ", out);
        report_scopes(o, i, n, out, put_scope);
        (void)fputc('\n', out);
        put_line(out, "    ", item->shape);
        put_line(out, "    at ", report_first_place(o, i, n));
        put_line(out, "    such as ", report_shortest_example(o, i, n));
        if (item->advice != NULL) {
                (void)fprintf(out, "    %s\n", item->advice);
        }
}

void report_text(const struct outcome *o, FILE *out)
{
        const struct tally *t = o->tally;
        const struct tally_counts *c = &t->total;
        (void)fputs("querytap run: ", out);
        put_number(out, c->statements, "statement");
        (void)fputs(", ", out);
        put_number(out, t->n_shapes, "shape");
        (void)fputs(", ", out);
        put_number(out, t->n_scopes - 1, "scope");
        (void)fprintf(out, "; %" PRIu64 " in no scope; ", t->scopes[0].counts.statements);
        put_number(out, c->writes, "write");
        (void)fputs(", ", out);
        put_number(out, c->errors, "error");
        (void)fprintf(out, "; %" PRIu64 " ms\n", o->duration_ns / NS_PER_MS);
        if (t->lost > 0 || t->omitted > 0) {
                (void)fprintf(
                    out,
                    "%" PRIu64 " records were lost, and %" PRIu64
                    " statements are in no scope because they were not understood or a limit was reached\n",
                    t->lost, t->omitted);
        }
        if (o->is_empty) {
                (void)fprintf(out, "\n%s  %s\n", outcome_level_name(OUTCOME_FAIL), report_why_empty);
        }
        for (size_t i = 0; i < o->n;) {
                size_t n = outcome_alike(o, i);
                put_item(o, i, n, out);
                i += n;
        }
        (void)fputs(o->n > 0 || o->is_empty ? "\n" : "", out);
        report_verdict(o, out);
        (void)fputc('\n', out);
}
