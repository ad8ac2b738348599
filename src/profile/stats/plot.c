#include "profile/stats/plot.h"

#include <math.h>
#include <string.h>

enum {
        COLUMNS = 76,
        LINES = 16,
        TICKS = 5,
        WIDTH = 860,
        HEIGHT = 300,
        LEFT = 90,
        RIGHT = 20,
        TOP = 44,
        BOTTOM = 46
};

struct range {
        double low;
        double high;
};

static void widen(struct range *r, double value)
{
        if (isfinite(value)) {
                r->low = value < r->low ? value : r->low;
                r->high = value > r->high ? value : r->high;
        }
}

/** The range of all values, rounded to a round step. @p step: the distance between ticks. */
static struct range range_of(const double *const *values, size_t n_values, size_t n, bool from_zero,
                             bool bytes, double *step)
{
        struct range r = {from_zero ? 0 : INFINITY, from_zero ? 0 : -INFINITY};
        for (size_t v = 0; v < n_values; v++) {
                for (size_t i = 0; values[v] != NULL && i < n; i++) {
                        widen(&r, values[v][i]);
                }
        }
        if (!(r.high > r.low)) {
                r.low = isfinite(r.low) ? r.low : 0;
                r.high = r.low + 1;
        }
        double base = bytes ? 2 : 10;
        double rough = (r.high - r.low) / TICKS;
        *step = pow(base, floor(log(rough) / log(base)));
        if (!bytes) {
                *step *= rough / *step > 5 ? 10 : rough / *step > 2 ? 5 : rough / *step > 1 ? 2 : 1;
        } else {
                *step *= rough > *step ? 2 : 1;
        }
        r.low = floor(r.low / *step) * *step;
        r.high = ceil(r.high / *step) * *step;
        return r;
}

static struct range y_range(const struct plot *p, double *step)
{
        const double *values[12] = {NULL};
        size_t n = 0;
        for (size_t i = 0; i < p->n_series && i < 4; i++) {
                values[n++] = p->series[i].y;
                values[n++] = p->series[i].low;
                values[n++] = p->series[i].high;
        }
        return range_of(values, n, p->n, true, p->bytes, step);
}

static void print_value(char *to, size_t size, double value, bool bytes)
{
        static const char *const units[] = {"", " KiB", " MiB", " GiB", " TiB"};
        size_t unit = 0;
        while (bytes && fabs(value) >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
                value /= 1024;
                unit++;
        }
        (void)snprintf(to, size, fabs(value) < 100 && value != floor(value) ? "%.3g%s" : "%.0f%s", value,
                       units[unit]);
}

/* --- text -------------------------------------------------------------------------------------------------------------- */

static int place(double value, struct range r, int size)
{
        return (int)lround((value - r.low) / (r.high - r.low) * (size - 1));
}

static void draw(char canvas[LINES][COLUMNS + 1], const struct plot *p, struct range x, struct range y)
{
        static const char marks[] = "*o+x";
        for (size_t s = 0; s < p->n_series && s < 4; s++) {
                const struct plot_series *one = &p->series[s];
                for (size_t i = 0; one->low != NULL && i < p->n; i++) { /* the band is beneath */
                        if (isfinite(one->low[i]) && isfinite(one->high[i])) {
                                int column = place(p->x[i], x, COLUMNS);
                                for (int line = place(one->low[i], y, LINES);
                                     line <= place(one->high[i], y, LINES); line++) {
                                        canvas[line][column] =
                                            canvas[line][column] == ' ' ? '.' : canvas[line][column];
                                }
                        }
                }
                for (size_t i = 0; i < p->n; i++) {
                        if (isfinite(one->y[i])) {
                                canvas[place(one->y[i], y, LINES)][place(p->x[i], x, COLUMNS)] = marks[s];
                        }
                }
        }
}

void plot_text(FILE *out, const struct plot *p)
{
        char canvas[LINES][COLUMNS + 1];
        char label[32];
        double step;
        struct range y = y_range(p, &step);
        const double *xs[] = {p->x};
        double x_step;
        struct range x = range_of(xs, 1, p->n, false, false, &x_step);
        x.low = p->n > 0 ? p->x[0] : 0;
        x.high = p->n > 0 && p->x[p->n - 1] > x.low ? p->x[p->n - 1] : x.low + 1;
        memset(canvas, ' ', sizeof canvas);
        draw(canvas, p, x, y);
        (void)fprintf(out, "%s (%s)\n", p->title, p->y_name);
        for (int line = LINES - 1; line >= 0; line--) {
                size_t len = COLUMNS;
                while (len > 0 && canvas[line][len - 1] == ' ') {
                        len--;
                }
                *label = '\0';
                if (line % 5 == 0) {
                        print_value(label, sizeof label, y.low + (y.high - y.low) * line / (LINES - 1),
                                    p->bytes);
                }
                (void)fprintf(out, "%12s |%.*s\n", label, (int)len, canvas[line]);
        }
        (void)fprintf(out, "%12s +", "");
        for (int i = 0; i < COLUMNS; i++) {
                (void)putc('-', out);
        }
        char right[32];
        print_value(label, sizeof label, x.low, false);
        print_value(right, sizeof right, x.high, false);
        (void)fprintf(out, "\n%14s%-*s%s  %s\n", "", COLUMNS - (int)strlen(right), label, right, p->x_name);
}

/* --- SVG --------------------------------------------------------------------------------------------------------------- */

void plot_svg_begin(FILE *out, size_t n)
{
        (void)fprintf(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" width=\"%d\" height=\"%zu\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
            "fill=\"#fff\"/>\n",
            WIDTH, n * HEIGHT, WIDTH, n * HEIGHT);
}

void plot_svg_end(FILE *out)
{
        (void)fputs("</svg>\n", out);
}

struct frame {
        struct range x;
        struct range y;
        double top;
};

static double at_x(const struct frame *f, double value)
{
        return LEFT + (value - f->x.low) / (f->x.high - f->x.low) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct frame *f, double value)
{
        return f->top + HEIGHT - BOTTOM -
               (value - f->y.low) / (f->y.high - f->y.low) * (HEIGHT - TOP - BOTTOM);
}

static void put_text(FILE *out, double x, double y, const char *anchor, const char *color, const char *text)
{
        (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor,
                      color);
        for (; *text != '\0'; text++) {
                (void)fputs(*text == '<' ? "&lt;" : *text == '&' ? "&amp;" : (char[]){*text, '\0'}, out);
        }
        (void)fputs("</text>\n", out);
}

static void put_axes(FILE *out, const struct plot *p, const struct frame *f, double x_step, double y_step)
{
        char label[32];
        int lines = (int)lround((f->y.high - f->y.low) / y_step);
        for (int i = 0; i <= lines; i++) {
                double y = f->y.low + i * y_step;
                (void)fprintf(out, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", LEFT, at_y(f, y),
                              WIDTH - RIGHT);
                print_value(label, sizeof label, y, p->bytes);
                put_text(out, LEFT - 8, at_y(f, y) + 4, "end", "#333", label);
        }
        double first = ceil(f->x.low / x_step);
        int ticks = (int)floor(f->x.high / x_step - first);
        for (int i = 0; i <= ticks; i++) {
                double x = (first + i) * x_step;
                (void)fprintf(out, "<path d=\"M%.1f %.1fv5\" stroke=\"#333\"/>\n", at_x(f, x),
                              at_y(f, f->y.low));
                print_value(label, sizeof label, x, false);
                put_text(out, at_x(f, x), at_y(f, f->y.low) + 18, "middle", "#333", label);
        }
        (void)fprintf(out, "<path d=\"M%d %.1fH%d\" stroke=\"#333\"/>\n", LEFT, at_y(f, f->y.low),
                      WIDTH - RIGHT);
        put_text(out, LEFT, f->top + 18, "start", "#000", p->title);
        put_text(out, LEFT - 8, f->top + 18, "end", "#333", p->y_name);
        put_text(out, WIDTH - RIGHT, at_y(f, f->y.low) + 34, "end", "#333", p->x_name);
}

/** The band as closed shapes: it may have gaps. */
static void put_band(FILE *out, const struct plot *p, const struct plot_series *s, const struct frame *f,
                     const char *color)
{
        size_t begin = 0;
        while (begin < p->n) {
                size_t end = begin;
                while (end < p->n && isfinite(s->low[end]) && isfinite(s->high[end])) {
                        end++;
                }
                if (end > begin + 1) {
                        (void)fputs("<path d=\"", out);
                        for (size_t i = begin; i < end; i++) {
                                (void)fprintf(out, "%c%.1f %.1f", i == begin ? 'M' : 'L', at_x(f, p->x[i]),
                                              at_y(f, s->high[i]));
                        }
                        for (size_t i = end; i-- > begin;) {
                                (void)fprintf(out, "L%.1f %.1f", at_x(f, p->x[i]), at_y(f, s->low[i]));
                        }
                        (void)fprintf(out, "Z\" fill=\"%s\" fill-opacity=\".18\"/>\n", color);
                }
                begin = end + 1;
        }
}

static void put_curve(FILE *out, const struct plot *p, const struct plot_series *s, const struct frame *f,
                      const char *color)
{
        bool pen = false;
        (void)fputs("<path d=\"", out);
        for (size_t i = 0; i < p->n; i++) {
                if (isfinite(s->y[i])) {
                        (void)fprintf(out, "%c%.1f %.1f", pen ? 'L' : 'M', at_x(f, p->x[i]),
                                      at_y(f, s->y[i]));
                }
                pen = isfinite(s->y[i]);
        }
        (void)fprintf(out, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"/>\n", color);
}

void plot_svg(FILE *out, const struct plot *p, size_t i)
{
        static const char *const colors[] = {"#1565c0", "#c62828", "#2e7d32", "#6a1b9a"};
        struct frame f = {.top = (double)(i * HEIGHT)};
        double x_step;
        double y_step;
        const double *xs[] = {p->x};
        double legend = WIDTH - RIGHT;
        f.y = y_range(p, &y_step);
        f.x = range_of(xs, 1, p->n, false, false, &x_step);
        f.x.low = p->n > 0 ? p->x[0] : 0;
        f.x.high = p->n > 0 && p->x[p->n - 1] > f.x.low ? p->x[p->n - 1] : f.x.low + 1;
        put_axes(out, p, &f, x_step, y_step);
        for (size_t s = p->n_series < 4 ? p->n_series : 4; s-- > 0;) {
                if (p->series[s].low != NULL) {
                        put_band(out, p, &p->series[s], &f, colors[s]);
                }
                put_curve(out, p, &p->series[s], &f, colors[s]);
                put_text(out, legend, f.top + 18, "end", colors[s], p->series[s].name);
                legend -= 7.0 * (double)strlen(p->series[s].name) + 16;
        }
}
