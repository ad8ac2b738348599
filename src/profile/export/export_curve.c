/* The growth curve of a stage: its records with the predicted band, and its live bytes. */
#include "profile/export/export.h"
#include "profile/export/series.h"
#include "profile/heap/thread.h"
#include "profile/stats/plot.h"

#include <math.h>

enum { ARRAYS = 6 };

struct curve {
        double *x; /**< seconds since the first point */
        double *records;
        double *low;
        double *high;
        double *floor;
        double *rss;
        size_t n;
};

/** One point; @p before is the one before it, or NULL. */
static void put_point(struct curve *c, const struct series_point *p, const struct series_point *before,
                      const struct series_point *first)
{
        size_t i = c->n++;
        c->x[i] = (double)(p->wall_ns - first->wall_ns) / 1e9;
        c->records[i] = p->records;
        c->low[i] = c->high[i] = NAN;
        c->floor[i] = (double)p->floor_bytes;
        c->rss[i] = (double)p->rss;
        if (before != NULL && before->since == p->since) {
                struct stat_catch catch = series_catch(before);
                struct stat_births b = stat_births(&catch, (double)(p->samples - before->samples));
                c->low[i] = b.known ? before->records + b.low : NAN;
                c->high[i] = b.known ? before->records + b.high : NAN;
        }
}

static void draw(FILE *out, const struct curve *c, const char *name, bool whole, bool svg)
{
        char titles[2][64];
        const struct plot_series records = {"records, and where they were expected", c->records, c->low,
                                            c->high};
        const struct plot_series bytes[] = {{"live bytes", c->floor, NULL, NULL},
                                            {"RSS", c->rss, NULL, NULL}};
        (void)snprintf(titles[0], sizeof titles[0], "Allocation records of %s since the first statement",
                       name);
        (void)snprintf(titles[1], sizeof titles[1], "Live bytes of %s", name);
        const struct plot plots[] = {
            {titles[0], "seconds", "count", c->x, c->n, &records, 1, false},
            {titles[1], "seconds", "bytes", c->x, c->n, bytes, whole ? 2 : 1, true},
        };
        if (svg) {
                plot_svg_begin(out, 2);
        }
        for (size_t i = 0; i < 2; i++) {
                if (svg) {
                        plot_svg(out, &plots[i], i);
                } else {
                        plot_text(out, &plots[i]);
                        (void)fputs(i == 0 ? "\n" : "", out);
                }
        }
        if (svg) {
                plot_svg_end(out);
        }
}

void export_series_plot(FILE *out, unsigned stage, unsigned tier, bool svg)
{
        size_t points = series_length(tier);
        size_t size = ARRAYS * (points + 1) * sizeof(double);
        double *memory = thread_map(size);
        struct curve c = {.n = 0};
        struct series_point first;
        struct series_point before;
        struct series_point p;
        if (memory == NULL) {
                return;
        }
        double **const arrays[ARRAYS] = {&c.x, &c.records, &c.low, &c.high, &c.floor, &c.rss};
        for (size_t i = 0; i < ARRAYS; i++) {
                *arrays[i] = memory + i * (points + 1);
        }
        for (size_t i = 0; series_get(tier, stage, i, &p); i++) {
                first = i == 0 ? p : first;
                put_point(&c, &p, i > 0 ? &before : NULL, &first);
                before = p;
        }
        draw(out, &c, stage < STAGE_COUNT ? prof_stage_name((enum prof_stage)stage) : "the process",
             stage == SERIES_WHOLE, svg);
        thread_unmap(memory, size);
}
