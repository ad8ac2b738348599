/* What the saved profiles say: for a person, and as a picture. */
#include "profile/explain.h"
#include "profile/plot.h"
#include "profile/prof.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 24, NEWEST = 15, PLACES = 10 };

/* --- curves -------------------------------------------------------------------------------------------------------------- */

struct curves {
        double *room;
        double *x;
        double *records;
        double *low;
        double *high;
        double *live;
        double *rss;
        bool has_rss;
};

static bool make_curves(const struct explain *e, struct curves *c)
{
        size_t n = e->n_rounds;
        c->room = prof_calloc(STAGE_MAIN, 6 * n + 1, sizeof *c->room);
        if (c->room == NULL) {
                return false;
        }
        c->x = c->room;
        c->records = c->x + n;
        c->low = c->records + n;
        c->high = c->low + n;
        c->live = c->high + n;
        c->rss = c->live + n;
        c->has_rss = n > 0;
        for (size_t i = 0; i < n; i++) {
                const struct explain_round *r = &e->rounds[i];
                double before = (double)(r->records - r->births);
                c->x[i] = (double)(i + 1);
                c->records[i] = (double)r->records;
                c->low[i] = r->predicted.known ? before + r->predicted.low : NAN;
                c->high[i] = r->predicted.known ? before + r->predicted.high : NAN;
                c->live[i] = (double)(e->exact ? r->heap_alloc : r->live_bytes);
                c->rss[i] = r->rss > 0 ? (double)r->rss : NAN;
                c->has_rss = c->has_rss && r->rss > 0;
        }
        return true;
}

static struct plot records_plot(const struct explain *e, const struct curves *c, struct plot_series *series)
{
        *series = (struct plot_series){"records, and where each round was expected to bring them", c->records,
                                       c->low, c->high};
        return (struct plot){"Allocation records", "round", "count", c->x, e->n_rounds, series, 1, false};
}

static struct plot bytes_plot(const struct explain *e, const struct curves *c, struct plot_series series[2])
{
        series[0] =
            (struct plot_series){e->exact ? "live bytes" : "live bytes, sampled", c->live, NULL, NULL};
        series[1] = (struct plot_series){"RSS", c->rss, NULL, NULL};
        return (struct plot){"Live bytes",       "round", "bytes", c->x, e->n_rounds, series,
                             c->has_rss ? 2 : 1, true};
}

void explain_print_svg(const struct explain *e, FILE *out)
{
        struct curves c;
        struct plot_series series[2];
        plot_svg_begin(out, 2);
        if (make_curves(e, &c)) {
                struct plot p = records_plot(e, &c, series);
                plot_svg(out, &p, 0);
                p = bytes_plot(e, &c, series);
                plot_svg(out, &p, 1);
                prof_free(c.room);
        }
        plot_svg_end(out);
}

/* --- rows ------------------------------------------------------------------------------------------------------------------ */

static void print_row(const struct explain *e, size_t i, FILE *out)
{
        const struct explain_round *r = &e->rounds[i];
        char expected[64] = "";
        if (r->predicted.known) {
                (void)snprintf(expected, sizeof expected, "%.1f (%.0f to %.0f)", r->predicted.expected,
                               r->predicted.low, r->predicted.high);
        }
        (void)fprintf(out, "%6zu %8" PRIu64 " %6" PRIu64 "  %-20s %8" PRIu64 " %14" PRIu64 "\n", i + 1,
                      r->records, r->births, expected, r->live_records,
                      e->exact ? r->heap_alloc : r->live_bytes);
}

/** All, or as many as fit a screen: those of the first rounds lie closer, for most happens there. */
static void print_rows(const struct explain *e, FILE *out)
{
        (void)fprintf(out, "%6s %8s %6s  %-20s %8s %14s\n", "round", "records", "new", "expected (95 %)",
                      "live", "live bytes");
        size_t last = e->n_rounds;
        for (size_t row = 0; row < ROWS && e->n_rounds > 0; row++) {
                double part = (double)row / (ROWS - 1);
                size_t i = e->n_rounds <= ROWS ? row : (size_t)llround(pow((double)e->n_rounds, part)) - 1;
                i = e->n_rounds > ROWS && i < row ? row : i;
                if (i < e->n_rounds && i != last) {
                        print_row(e, i, out);
                        last = i;
                }
        }
}

static void print_span(FILE *out, struct span s, int max)
{
        for (size_t i = 0; i < s.len && i < (size_t)max; i++) {
                (void)putc(s.data[i] < ' ' || s.data[i] > '~' ? '.' : s.data[i], out);
        }
}

static void print_birth(const struct explain_birth *b, FILE *out)
{
        (void)fprintf(out, "%6" PRIu32 " %9" PRIu64 " bytes  ", b->round, b->size);
        print_span(out, b->stage, 12);
        (void)fputs(b->stage.len > 0 ? "  " : "", out);
        print_span(out, b->function.len > 0 ? b->function : span_str("(no name)"), 60);
        if (b->place.len > 0) {
                (void)fputs("  ", out);
                /* the end of a long path says more */
                print_span(out, span_skip(b->place, b->place.len > 48 ? b->place.len - 48 : 0), 48);
        }
        if (b->statement.len > 0) {
                (void)fputs("  ", out);
                print_span(out, b->statement, 60);
        }
        (void)putc('\n', out);
}

static void print_births(const struct explain *e, FILE *out)
{
        size_t first = e->n_rounds > 0 ? e->rounds[0].records : 0;
        size_t from = e->n_births > first + NEWEST ? e->n_births - NEWEST : first;
        if (e->list_first > 0) {
                (void)fprintf(out, "\nThe new records of rounds %zu to %zu:\n", e->list_first, e->list_last);
                from = 0;
        } else if (from < e->n_births) {
                (void)fprintf(out, "\nThe %zu newest records:\n", e->n_births - from);
        }
        for (size_t i = from; i < e->n_births; i++) {
                const struct explain_birth *b = &e->births[i];
                if (e->list_first == 0 || (b->round >= e->list_first && b->round <= e->list_last)) {
                        print_birth(b, out);
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

/** One line in the source gives a record for each size and each way that leads to it. */
static void print_places(const struct explain *e, FILE *out)
{
        size_t n = 0;
        struct place *places =
            e->places > 0 ? prof_calloc(STAGE_MAIN, e->n_births + 1, sizeof *places) : NULL;
        if (places == NULL) {
                return;
        }
        for (size_t i = 0; i < e->n_births; i++) {
                places[i] = (struct place){e->births[i].place, 1};
        }
        qsort(places, e->n_births, sizeof *places, compare_names);
        for (size_t i = 0; i < e->n_births; i++) {
                if (n > 0 && compare_names(&places[n - 1], &places[i]) == 0) {
                        places[n - 1].records++;
                } else {
                        places[n++] = places[i];
                }
        }
        qsort(places, n, sizeof *places, compare_places);
        (void)fputs("\nThe lines with most records (a record for each size, and for each way there):\n", out);
        for (size_t i = 0; i < n && i < PLACES; i++) {
                (void)fprintf(out, "%6zu  ", places[i].records);
                print_span(out, places[i].name.len > 0 ? places[i].name : span_str("(no name)"), 90);
                (void)putc('\n', out);
        }
        prof_free(places);
}

/* --- words ---------------------------------------------------------------------------------------------------------------- */

static void count_held(const struct explain *e, size_t *known, size_t *held)
{
        *known = *held = 0;
        for (size_t i = 0; i < e->n_rounds; i++) {
                const struct explain_round *r = &e->rounds[i];
                *known += r->predicted.known;
                *held += r->predicted.known && (double)r->births >= r->predicted.low &&
                         (double)r->births <= r->predicted.high;
        }
}

static void print_trends(const struct explain *e, FILE *out)
{
        for (size_t i = 0; i < e->n_trends; i++) {
                const struct explain_trend *t = &e->trends[i];
                (void)fprintf(out, "%s: slope %.3g bytes a %s, 95 %% between %.3g and %.3g.\n",
                              t->exact ? "Live bytes (HeapAlloc)" : "Live bytes, as sampled", t->trend.slope,
                              t->by_statements ? "statement" : "round", t->trend.slope_low,
                              t->trend.slope_high);
        }
        if (e->n_trends == 0) {
                (void)fputs(
                    "Too few rounds to say whether live bytes rise: at least 8 are needed, better 16.\n",
                    out);
                return;
        }
        const struct explain_trend *t = &e->trends[e->n_trends - 1];
        const char *by = t->by_statements ? "statement" : "round";
        if (e->verdict == EXPLAIN_RISING) {
                (void)fprintf(out, "That is more than %.4g a %s, all the way: LEAK.\n", t->bound, by);
        } else if (e->verdict == EXPLAIN_FLAT) {
                (void)fprintf(out, "That is not more than %.4g a %s: not a leak.\n", t->bound, by);
        } else {
                (void)fprintf(
                    out, "Whether that is more than %.4g a %s can't be told yet: more rounds will tell.\n",
                    t->bound, by);
        }
}

/** What is still unseen, from how often the seen ones were caught. */
static void print_unseen(const struct explain *e, FILE *out)
{
        const struct stat_catch *c = &e->caught;
        if (c->records == 0) {
                return;
        }
        (void)fprintf(out,
                      "Of the records that are new since the first round %" PRIu64
                      " were caught only once: at least %.0f more\nare still unseen, and records grow as "
                      "samples to the power of %.2f now.\n",
                      c->f[1], ceil(stat_unseen(c)), (double)c->f[1] / (double)c->records);
}

static void print_verdict(const struct explain *e, FILE *out)
{
        const struct explain_round *first = &e->rounds[0];
        const struct explain_round *last = &e->rounds[e->n_rounds - 1];
        size_t known;
        size_t held;
        count_held(e, &known, &held);
        (void)fprintf(out,
                      "\nRecords grew from %" PRIu64 " to %" PRIu64
                      " in %zu rounds. A record is a stack and a size that was caught "
                      "allocating at least once;\nit stays when its memory is freed (%" PRIu64
                      " of them hold nothing now). Only one "
                      "allocation in about %" PRIu64
                      " bytes is\nlooked at: the same work shows another part of itself in each "
                      "round, ever fewer of them new.\n",
                      first->records, last->records, e->n_rounds, last->records - last->live_records,
                      e->sample_bytes);
        if (known > 0) {
                (void)fprintf(out,
                              "That was to be expected: in %zu of %zu rounds the new records were as many as "
                              "the rounds before "
                              "let expect (95 %% band).\n",
                              held, known);
        }
        print_unseen(e, out);
        print_trends(e, out);
}

static void print_troubles(const struct explain *e, FILE *out)
{
        const struct {
                uint64_t n;
                const char *what;
        } troubles[] = {
            {e->troubles.records, "lines could not be read"},
            {e->troubles.cut, "profiles were not whole and are left out"},
            {e->troubles.deep, "stacks were cut"},
            {e->restarts, "times another process began, and all before it was left out"},
        };
        const char *before = "\n";
        for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
                if (troubles[i].n > 0) {
                        (void)fprintf(out, "%s%" PRIu64 " %s", before, troubles[i].n, troubles[i].what);
                        before = "; ";
                }
        }
        (void)fputs(*before == ';' ? ".\n" : "", out);
}

void explain_print_text(const struct explain *e, FILE *out)
{
        struct curves c;
        struct plot_series series[2];
        if (e->n_rounds == 0) {
                (void)fputs("There is no heap profile in this: a line that begins with \"heap profile:\" is "
                            "needed.\n",
                            out);
                print_troubles(e, out);
                return;
        }
        const struct explain_round *last = &e->rounds[e->n_rounds - 1];
        (void)fprintf(out, "%zu rounds, %" PRIu64 " records = %zu stacks x sizes (%zu)", e->n_rounds,
                      last->records, e->stacks, e->sizes);
        if (e->places > 0) {
                (void)fprintf(out, ", of %zu source lines", e->places);
        }
        (void)fprintf(out, "; %" PRIu64 " live, %" PRIu64 " freed\n", last->live_records,
                      last->records - last->live_records);
        if (last->pending > 0) {
                (void)fprintf(out,
                              "%" PRIu64 " more are listed without figures: their first sample is too young. "
                              "The number beside heap counts them too.\n",
                              last->pending);
        }
        (void)putc('\n', out);
        if (e->n_rounds > 2 && make_curves(e, &c)) {
                struct plot p = records_plot(e, &c, series);
                plot_text(out, &p);
                (void)putc('\n', out);
                prof_free(c.room);
        }
        print_rows(e, out);
        print_births(e, out);
        print_places(e, out);
        print_verdict(e, out);
        print_troubles(e, out);
}
