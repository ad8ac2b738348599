/* Statements by their shape. */
#include "admin/call.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/shown.h"
#include "journal/enrich/digests.h"
#include "journal/journal.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
        TEXT_AT = 96, /* where digest_text begins in a line */
        NARROW = 140, /* columns: a terminal with fewer gets fewer numbers, and more of the statement */
        NARROW_TEXT_AT = 47, /* there */
};

/* A copy of what is counted, with its texts behind it. */
struct row {
        struct digest_stat stat;
        uint64_t p99_us;
        double active;
        double per_second;
};

struct table {
        struct row *rows;
        size_t n;
        size_t size;
        uint64_t now_ns;
        bool failed;
};

static uint8_t *copy_text(const uint8_t *text, size_t len)
{
        uint8_t *copy = prof_alloc(STAGE_ADMIN, len + 1);
        if (copy != NULL && len > 0) {
                memcpy(copy, text, len);
        }
        return copy;
}

static bool has_room(struct table *t)
{
        if (t->n < t->size) {
                return true;
        }
        size_t size = t->size > 0 ? 2 * t->size : 64;
        struct row *bigger = prof_realloc(STAGE_ADMIN, t->rows, size * sizeof *bigger);
        if (bigger == NULL) {
                return false;
        }
        t->rows = bigger;
        t->size = size;
        return true;
}

static void see(void *arg, const struct digest_stat *s)
{
        struct table *t = arg;
        if (s->count == 0 || t->failed) {
                return; /* forgotten by a reset, and not seen since */
        }
        if (!has_room(t)) {
                t->failed = true;
                return;
        }
        struct row *row = &t->rows[t->n];
        struct digest_rate rate = digest_rate(s, t->now_ns);
        *row = (struct row){.stat = *s, .active = rate.active, .per_second = rate.per_second};
        row->p99_us = digest_percentile_us(s, 0.99);
        row->stat.text = copy_text(s->text, s->text_len);
        row->stat.example = copy_text(s->example, s->example_len);
        t->n++;
        t->failed = row->stat.text == NULL || row->stat.example == NULL;
}

static void free_table(struct table *t)
{
        for (size_t i = 0; i < t->n; i++) {
                prof_free(t->rows[i].stat.text);
                prof_free(t->rows[i].stat.example);
        }
        prof_free(t->rows);
}

/* --- orders --------------------------------------------------------------------------------------------------------- */

#define ORDER(name, value)                                                                                   \
        static int by_##name(const void *a, const void *b)                                                   \
        {                                                                                                    \
                const struct row *x = a;                                                                     \
                const struct row *y = b;                                                                     \
                int by_value = (y->value > x->value) - (y->value < x->value);                                \
                return by_value != 0                                                                         \
                           ? by_value                                                                        \
                           : (y->stat.sum_us > x->stat.sum_us) - (y->stat.sum_us < x->stat.sum_us);          \
        }

ORDER(time, stat.sum_us)
ORDER(active, active)
ORDER(count, stat.count)
ORDER(errors, stat.errors)
ORDER(max, stat.max_us)
ORDER(p99, p99_us)
ORDER(rows, stat.rows)
ORDER(last, stat.last_wall_ns)

static const struct order {
        const char *name;
        int (*compare)(const void *a, const void *b);
} orders[] = {
    {"time", by_time}, {"active", by_active}, {"count", by_count}, {"errors", by_errors},
    {"max", by_max},   {"p99", by_p99},       {"rows", by_rows},   {"last", by_last},
};

static const struct order *find_order(const char *name)
{
        for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
                if (strcmp(orders[i].name, name) == 0) {
                        return &orders[i];
                }
        }
        return NULL;
}

/* --- output --------------------------------------------------------------------------------------------------------- */

/** A text in JSON, whatever bytes it has. */
static void put_span(FILE *out, struct span text)
{
        size_t size = 6 * text.len + 2;
        uint8_t *room = prof_alloc(STAGE_ADMIN, size);
        struct writer w = writer_over(room, room != NULL ? size : 0);
        (void)json_string(&w, text);
        if (w.failed) {
                (void)fputs("null", out);
        } else {
                (void)fwrite(room, 1, w.at, out);
        }
        prof_free(room);
}

static void put_when(FILE *out, const char *name, uint64_t wall_ns)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(wall_ns, when);
        (void)fprintf(out, ",\"%s\":\"%s\"", name, when);
}

static void put_row_json(FILE *out, const struct row *row)
{
        const struct digest_stat *s = &row->stat;
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
            {"count", s->count},
            {"errors", s->errors},
            {"warnings", s->warnings},
            {"sum_us", s->sum_us},
            {"min_us", s->min_us},
            {"p50_us", digest_percentile_us(s, 0.5)},
            {"p95_us", digest_percentile_us(s, 0.95)},
            {"p99_us", row->p99_us},
            {"max_us", s->max_us},
            {"rows", s->rows},
            {"affected_rows", s->affected_rows},
            {"bytes_sent", s->bytes_sent},
            {"bytes_received", s->bytes_received},
            {"no_index", s->no_index},
            {"slow", s->slow},
            {"n_plus_one", s->n_plus_one},
            {"duplicates", s->duplicates},
        };
        (void)fprintf(out, "{\"digest\":\"%.*s\",\"digest_text\":", DIGEST_HEX, s->hex);
        put_span(out, span_of(s->text, s->text_len));
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                (void)fprintf(out, ",\"%s\":%" PRIu64, numbers[i].name, numbers[i].value);
        }
        (void)fprintf(out, ",\"per_second\":%.3f,\"active\":%.4f", row->per_second, row->active);
        put_when(out, "first_seen", s->first_wall_ns);
        put_when(out, "last_seen", s->last_wall_ns);
        (void)fputs(",\"example\":", out);
        put_span(out, span_of(s->example, s->example_len));
        (void)fprintf(out, ",\"example_us\":%" PRIu64 "}", s->example_us);
}

static void put_us(FILE *out, uint64_t us)
{
        if (us < 10000) {
                (void)fprintf(out, " %6" PRIu64 "us", us);
        } else if (us < 10000000) {
                (void)fprintf(out, " %6.1fms", (double)us / 1e3);
        } else {
                (void)fprintf(out, " %7.1fs", (double)us / 1e6);
        }
}

static void put_findings_and_text(FILE *out, const struct digest_stat *s, uint64_t width, uint64_t text_at)
{
        (void)fprintf(out, "%c%c%c%c ", s->slow > 0 ? 'S' : '-', s->no_index > 0 ? 'I' : '-',
                      s->n_plus_one > 0 ? 'N' : '-', s->duplicates > 0 ? 'D' : '-');
        (void)shown_print_head(out, span_of(s->text, s->text_len),
                               width > text_at ? width - text_at
                               : width > 0     ? 1
                                               : SIZE_MAX);
        (void)fputc('\n', out);
}

static void put_row_narrow(FILE *out, const struct row *row, uint64_t width)
{
        const struct digest_stat *s = &row->stat;
        (void)fprintf(out, "%8" PRIu64 " %5" PRIu64, s->count, s->errors);
        put_us(out, s->sum_us);
        put_us(out, digest_percentile_us(s, 0.95));
        put_us(out, s->max_us);
        (void)fputc(' ', out);
        put_findings_and_text(out, s, width, NARROW_TEXT_AT);
}

static void put_row_text(FILE *out, const struct row *row, uint64_t width)
{
        const struct digest_stat *s = &row->stat;
        (void)fprintf(out, "%8" PRIu64 " %6" PRIu64 " %8.1f %6.2f", s->count, s->errors, row->per_second,
                      row->active);
        put_us(out, s->sum_us);
        put_us(out, digest_percentile_us(s, 0.5));
        put_us(out, digest_percentile_us(s, 0.95));
        put_us(out, row->p99_us);
        put_us(out, s->max_us);
        (void)fprintf(out, " %9" PRIu64 "  ", s->rows + s->affected_rows);
        put_findings_and_text(out, s, width, TEXT_AT);
}

static void put_table(struct call *call, const struct table *t, size_t n, uint64_t width,
                      const struct digests_totals *totals)
{
        FILE *out = call->out;
        if (call->json) {
                (void)fprintf(out,
                              "{\"shapes\":%" PRIu64 ",\"max\":%" PRIu64 ",\"evicted\":%" PRIu64
                              ",\"forgotten_statements\":%" PRIu64 ",\"digests\":[",
                              totals->shapes, totals->max, totals->evicted, totals->forgotten);
                for (size_t i = 0; i < n; i++) {
                        (void)fputs(i > 0 ? ",\n" : "\n", out);
                        put_row_json(out, &t->rows[i]);
                }
                (void)fputs("]}\n", out);
                return;
        }
        (void)fprintf(out, "%" PRIu64 " statement digests, at most %" PRIu64, totals->shapes, totals->max);
        if (totals->evicted > 0) {
                (void)fprintf(out, "; %" PRIu64 " with %" PRIu64 " statements were discarded to make room",
                              totals->evicted, totals->forgotten);
        }
        (void)fputs("\nS: slow, I: no index used, N: N+1, D: duplicate within a transaction\n\n", out);
        if (width > 0 && width < NARROW) {
                (void)fprintf(out, "%8s %5s %8s %8s %8s      %s\n", "COUNT", "ERR", "TIME", "P95", "MAX",
                              "DIGEST_TEXT");
                for (size_t i = 0; i < n; i++) {
                        put_row_narrow(out, &t->rows[i], width);
                }
                return;
        }
        (void)fprintf(out, "%8s %6s %8s %6s %8s %8s %8s %8s %8s %9s       %s\n", "COUNT", "ERRORS", "PER_SEC",
                      "ACTIVE", "TIME", "P50", "P95", "P99", "MAX", "ROWS", "DIGEST_TEXT");
        for (size_t i = 0; i < n; i++) {
                put_row_text(out, &t->rows[i], width);
        }
}

static struct digests *find_digests(struct call *call)
{
        struct digests *d = journal_digests(call->admin->journal);
        if (d == NULL) {
                call_fail(call, HTTP_NOTFOUND, "digests are disabled: log.digests is 0");
        }
        return d;
}

void handle_digests(struct call *call)
{
        const char *name = call_param(call, "sort");
        const struct order *order = find_order(name != NULL ? name : "time");
        uint64_t n;
        uint64_t width; /* lines are cut to it; 0 = they are not */
        struct digests *d = find_digests(call);
        if (d == NULL) {
                return;
        }
        if (order == NULL) {
                call_fail(call, HTTP_BADREQUEST,
                          "sort must be time, active, count, errors, max, p99, rows or last");
                return;
        }
        if (!call_number(call, "n", 1000000, 20, &n) || !call_number(call, "width", 1000000, 0, &width)) {
                return;
        }
        struct table t = {.now_ns = clock_wall_ns()};
        struct digests_totals totals = digests_each(d, see, &t);
        if (t.failed) {
                free_table(&t);
                call_fail(call, HTTP_INTERNAL, "out of memory");
                return;
        }
        if (t.n > 0) {
                qsort(t.rows, t.n, sizeof *t.rows, order->compare);
        }
        put_table(call, &t, t.n < n ? t.n : (size_t)n, width, &totals);
        free_table(&t);
        call_reply(call, HTTP_OK, NULL);
}

void handle_digests_reset(struct call *call)
{
        struct digests *d = find_digests(call);
        if (d != NULL) {
                digests_reset(d);
                call_reply(call, HTTP_OK, NULL);
        }
}
