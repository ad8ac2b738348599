/** @file plot.h  A curve over x, with a band if one is known: as text for a terminal, or as a picture (SVG).
 * Threads: any. */
#ifndef PROFILE_STATS_PLOT_H
#define PROFILE_STATS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct plot_series {
        const char *name;
        const double *y;   /**< NAN = no value there */
        const double *low; /**< the band; NULL = none */
        const double *high;
};

struct plot {
        const char *title;
        const char *x_name;
        const char *y_name;
        const double *x; /**< rising */
        size_t n;
        const struct plot_series *series;
        size_t n_series; /**< at most 4 */
        bool bytes;      /**< y is bytes: its labels are in KiB, MiB … */
};

/** At most 100 columns by 24 lines. */
void plot_text(FILE *out, const struct plot *p);
/** The head of a picture of @p n plots one above the other, and its end. */
void plot_svg_begin(FILE *out, size_t n);
void plot_svg_end(FILE *out);
/** Plot number @p i of them. */
void plot_svg(FILE *out, const struct plot *p, size_t i);

#endif
