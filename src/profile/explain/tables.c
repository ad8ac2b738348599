/* Tables of the long form, the picture, and the short form's rounds. */
#include "profile/explain/print.h"
#include "profile/heap/prof.h"
#include "profile/stats/plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 24, NEWEST = 15, PLACES = 10, CURVES = 9 };

/* --- curves -------------------------------------------------------------------------------------------------------------- */

/** Arrays of as many values as there are rounds. */
enum curve { X, RECORDS, LOW, HIGH, LIVE, HEAP, STACK, RSS, GOROUTINES };

struct curves {
        double *of[CURVES];
        bool has[CURVES]; /**< all rounds have the figure */
};

static bool make_curves(const struct explain_run *run, struct curves *c)
{
        size_t n = run->n_rounds;
        double *scratch = prof_calloc(STAGE_MAIN, CURVES * n + 1, sizeof *scratch);
        if (scratch == NULL) {
                return false;
        }
        for (size_t k = 0; k < CURVES; k++) {
                c->of[k] = scratch + k * n;
                c->has[k] = n > 0;
        }
        for (size_t i = 0; i < n; i++) {
                const struct explain_round *r = &run->rounds[i];
                double before = (double)(r->records - r->births);
                const double values[CURVES] = {
                    [X] = (double)(i + 1),
                    [RECORDS] = (double)r->records,
                    [LOW] = r->predicted.known ? before + r->predicted.low : NAN,
                    [HIGH] = r->predicted.known ? before + r->predicted.high : NAN,
                    [LIVE] =
                        run->exact && !run->bytes.go ? (double)r->stats[STAT_HEAP_ALLOC] : r->in_use_bytes,
                    [HEAP] = (double)(r->stats[STAT_HEAP_INUSE] > 0 ? r->stats[STAT_HEAP_INUSE]
                                                                    : r->stats[STAT_HEAP_ALLOC]),
                    [STACK] = (double)r->stats[STAT_STACK],
                    [RSS] = (double)r->stats[STAT_RSS],
                    [GOROUTINES] = (double)r->stats[STAT_GOROUTINES],
                };
                for (size_t k = 0; k < CURVES; k++) {
                        bool known = k < HEAP || values[k] > 0;
                        c->of[k][i] = known ? values[k] : NAN;
                        c->has[k] = c->has[k] && known;
                }
        }
        return true;
}

static struct plot records_plot(const struct explain_run *run, const struct curves *c,
                                struct plot_series *series)
{
        *series = (struct plot_series){"records, and where each round was expected to bring them",
                                       c->of[RECORDS], c->of[LOW], c->of[HIGH]};
        return (struct plot){"Allocation records", "round", "count", c->of[X],
                             run->n_rounds,        series,  1,       false};
}

static struct plot bytes_plot(const struct explain_run *run, const struct curves *c,
                              struct plot_series series[4])
{
        size_t n = 0;
        bool go = run->bytes.go;
        series[n++] =
            (struct plot_series){go || !run->exact ? "live, sampled" : "live bytes", c->of[LIVE], NULL, NULL};
        if (go && c->has[HEAP]) {
                series[n++] = (struct plot_series){"HeapInuse", c->of[HEAP], NULL, NULL};
        }
        if (go && c->has[STACK]) {
                series[n++] = (struct plot_series){"stacks", c->of[STACK], NULL, NULL};
        }
        if (c->has[RSS]) {
                series[n++] = (struct plot_series){"RSS", c->of[RSS], NULL, NULL};
        }
        return (struct plot){"Live bytes", "round", "bytes", c->of[X], run->n_rounds, series, n, true};
}

/** "Live bytes: RISES, main.keep < main.round 64 KiB a round". */
static const char *title_bytes(const struct explain *e, const struct explain_run *run, struct print_text *p)
{
        const struct explain_answer *a = &run->bytes;
        print_add(p, "Live bytes: %s", explain_bytes_name(a->verdict));
        if (a->n_sites > 0) {
                const struct dump_set_site *site = &e->set.sites[a->sites[0].site];
                print_add(p, ", ");
                print_add_span(p, site->chain.len > 0 ? site->chain : site->place, 60);
                print_add(p, " ");
                print_add_bytes(p, a->sites[0].slope);
                print_add(p, " a round");
        }
        for (size_t i = 0; i < p->at; i++) {
                p->text[i] = p->text[i] == PRINT_TIED ? ' ' : p->text[i];
        }
        p->text[p->at] = '\0';
        return p->text;
}

void explain_print_svg(const struct explain *e, FILE *out)
{
        const struct explain_run *run = e->n_run > 0 ? &e->run[e->n_run - 1] : NULL;
        struct curves c;
        struct plot_series series[4];
        bool made = run != NULL && make_curves(run, &c);
        bool goroutines = made && c.has[GOROUTINES];
        plot_svg_begin(out, goroutines ? 3 : 2);
        if (made) {
                struct print_text titles[2] = {{.at = 0}};
                struct plot p = records_plot(run, &c, series);
                print_add(&titles[0], "Allocation records: %s", explain_records_name(run->records));
                p.title = titles[0].text;
                plot_svg(out, &p, 0);
                p = bytes_plot(run, &c, series);
                p.title = title_bytes(e, run, &titles[1]);
                plot_svg(out, &p, 1);
                if (goroutines) {
                        series[0] = (struct plot_series){"goroutines", c.of[GOROUTINES], NULL, NULL};
                        p = (struct plot){"Goroutines",  "round", "count", c.of[X],
                                          run->n_rounds, series,  1,       false};
                        plot_svg(out, &p, 2);
                }
                prof_free(c.of[0]);
        }
        plot_svg_end(out);
}

/* --- rounds ---------------------------------------------------------------------------------------------------------------------- */

/** "64 KiB", right-aligned in a column. */
static void print_cell(double bytes, int width, FILE *out)
{
        struct print_text p = {.at = 0};
        print_add_bytes(&p, bytes);
        for (size_t i = 0; i < p.at; i++) {
                p.text[i] = p.text[i] == PRINT_TIED ? ' ' : p.text[i];
        }
        (void)fprintf(out, " %*.*s", width, bytes > 0 ? (int)p.at : 0, p.text);
}

static void print_row(const struct explain_run *run, size_t i, FILE *out)
{
        const struct explain_round *r = &run->rounds[i];
        char expected[64] = "";
        if (r->predicted.known) {
                (void)snprintf(expected, sizeof expected, "%.1f (%.0f to %.0f)", r->predicted.expected,
                               r->predicted.low, r->predicted.high);
        }
        (void)fprintf(out, "%6zu %7" PRIu64 " %5" PRIu64 "  %-18s %6" PRIu64, i + 1, r->records, r->births,
                      expected, r->live_records);
        print_cell(r->in_use_bytes, 11, out);
        print_cell((double)r->stats[STAT_HEAP_ALLOC], 11, out);
        if (run->bytes.go) {
                print_cell((double)r->stats[STAT_STACK], 8, out);
        }
        (void)putc('\n', out);
}

void print_rounds(const struct explain_run *run, size_t rows, FILE *out)
{
        size_t n = run->n_rounds;
        (void)fprintf(out, "%6s %7s %5s  %-18s %6s %11s %11s%s\n", "round", "records", "new",
                      "expected (95 %)", "live", "in use", "HeapAlloc", run->bytes.go ? "   stacks" : "");
        size_t last = n;
        for (size_t row = 0; row < rows && n > 0; row++) {
                /* the first rounds are shown more densely, because most happens there */
                double part = (double)row / (double)(rows - 1);
                size_t i = n <= rows ? row : (size_t)llround(pow((double)n, part)) - 1;
                i = n > rows && i < row ? row : i;
                if (i < n && i != last) {
                        print_row(run, i, out);
                        last = i;
                }
        }
}

/* --- new records, and places ---------------------------------------------------------------------------------------------------------- */

static void print_birth(const struct explain *e, const struct explain_birth *b, FILE *out)
{
        const struct dump_set_site *s = &e->set.sites[b->site];
        (void)fprintf(out, "%6" PRIu32 " %9" PRIu64 " bytes  ", b->round, s->size);
        print_span(out, s->stage, 12);
        (void)fputs(s->stage.len > 0 ? "  " : "", out);
        print_span(out, s->function.len > 0 ? s->function : span_str("(no name)"), 60);
        if (s->place.len > 0) {
                (void)fputs("  ", out);
                /* the end of a long path is more useful */
                print_span(out, span_skip(s->place, s->place.len > 48 ? s->place.len - 48 : 0), 48);
        }
        if (s->statement.len > 0) {
                (void)fputs("  ", out);
                print_span(out, s->statement, 60);
        }
        (void)putc('\n', out);
}

static void print_births(const struct explain *e, const struct explain_run *run, FILE *out)
{
        size_t first = run->n_rounds > 0 ? (size_t)run->rounds[0].records : 0;
        size_t from = run->n_births > first + NEWEST ? run->n_births - NEWEST : first;
        if (e->list_first > 0) {
                (void)fprintf(out, "\nThe new records of rounds %zu to %zu:\n", e->list_first, e->list_last);
                from = 0;
        } else if (from < run->n_births) {
                (void)fprintf(out, "\nThe %zu newest records:\n", run->n_births - from);
        }
        for (size_t i = from; i < run->n_births; i++) {
                const struct explain_birth *b = &run->births[i];
                if (e->list_first == 0 || (b->round >= e->list_first && b->round <= e->list_last)) {
                        print_birth(e, b, out);
                }
        }
}

struct place {
        struct span name;
        size_t records;
};

static int compare_names(const void *a, const void *b)
{
        const struct place *x = a;
        const struct place *y = b;
        size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
        int order = n > 0 ? memcmp(x->name.data, y->name.data, n) : 0;
        return order != 0 ? order : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

static int compare_places(const void *a, const void *b)
{
        const struct place *x = a;
        const struct place *y = b;
        return x->records != y->records ? (x->records < y->records) - (x->records > y->records)
                                        : compare_names(a, b);
}

/** One source line gives a record for each size and each stack that leads to it. */
static void print_places(const struct explain *e, const struct explain_run *run, FILE *out)
{
        size_t n = 0;
        struct place *places =
            run->places > 0 ? prof_calloc(STAGE_MAIN, run->n_births + 1, sizeof *places) : NULL;
        if (places == NULL) {
                return;
        }
        for (size_t i = 0; i < run->n_births; i++) {
                places[i] = (struct place){e->set.sites[run->births[i].site].place, 1};
        }
        qsort(places, run->n_births, sizeof *places, compare_names);
        for (size_t i = 0; i < run->n_births; i++) {
                if (n > 0 && compare_names(&places[n - 1], &places[i]) == 0) {
                        places[n - 1].records++;
                } else {
                        places[n++] = places[i];
                }
        }
        qsort(places, n, sizeof *places, compare_places);
        (void)fputs("\nThe lines with most records (one record per size and call path):\n", out);
        for (size_t i = 0; i < n && i < PLACES; i++) {
                (void)fprintf(out, "%6zu  ", places[i].records);
                print_span(out, places[i].name.len > 0 ? places[i].name : span_str("(no name)"), 90);
                (void)putc('\n', out);
        }
        prof_free(places);
}

static void print_trends(const struct explain_run *run, FILE *out)
{
        (void)fputs(run->n_trends > 0 ? "\n" : "", out);
        for (size_t i = 0; i < run->n_trends; i++) {
                const struct explain_trend *t = &run->trends[i];
                (void)fprintf(out, "%s: slope %.3g bytes a %s, 95 %% between %.3g and %.3g.\n",
                              t->exact ? "HeapAlloc" : "Live bytes, as sampled", t->trend.slope,
                              t->by_statements ? "statement" : "round", t->trend.slope_low,
                              t->trend.slope_high);
        }
}

void print_tables(const struct explain *e, const struct explain_run *run, FILE *out)
{
        const struct explain_round *last = &run->rounds[run->n_rounds - 1];
        struct curves c;
        struct plot_series series[4];
        (void)fprintf(out, "%zu rounds, %" PRIu64 " records = %zu stacks x sizes (%zu)", run->n_rounds,
                      last->records, run->stacks, run->sizes);
        if (run->places > 0) {
                (void)fprintf(out, ", of %zu source lines", run->places);
        }
        (void)fprintf(out, "; %" PRIu64 " live, %" PRIu64 " freed\n", last->live_records,
                      last->records - last->live_records);
        if (last->pending > 0) {
                (void)fprintf(out,
                              "%" PRIu64 " more are listed without figures: their first sample is too "
                              "recent. The number next to heap includes them.\n",
                              last->pending);
        }
        (void)putc('\n', out);
        if (run->n_rounds > 2 && make_curves(run, &c)) {
                struct plot p = records_plot(run, &c, series);
                plot_text(out, &p);
                (void)putc('\n', out);
                prof_free(c.of[0]);
        }
        print_rounds(run, ROWS, out);
        print_births(e, run, out);
        print_places(e, run, out);
        print_trends(run, out);
        (void)putc('\n', out);
}
