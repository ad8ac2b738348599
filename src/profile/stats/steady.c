#include "profile/stats/steady.h"

#include <math.h>
#include <stdlib.h>

#define Z95 1.959963984540054

enum { BLOCKS = 5, FLOOR = 5, CURVES = 6 };

/* Limits of a steady rise, as shares of its mean: the least and greatest rise of a fifth, the share of a few jumps, and what
 * must remain in the newest third and in the second half. */
#define EVEN             0.55
#define EVEN_BELIEVED    0.25
#define MOST             2.0
#define JUMPS            0.4
#define RECENT           0.3
#define KEEPS            0.7
#define KEEPS_CURVED     0.85
#define WANDERS          4.5
#define WANDERS_BELIEVED 2.0
#define STRAIGHT         15.0 /* times the spread of a walk: such a rise is straight whatever the autocorrelation */
#define BELIEVED_SPENDS  300
#define PART             0.35 /* share of all readings in the shortest window */
#define BEYOND           0.5

static int compare_doubles(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

/** Slopes of all pairs, ascending, into @p scratch. @return how many; @p sum: of their signs. */
static size_t slopes_of(const double *y, size_t n, double *scratch, double *sum)
{
        size_t m = 0;
        *sum = 0;
        for (size_t i = 0; i < n; i++) {
                for (size_t j = i + 1; j < n; j++) {
                        double d = y[j] - y[i];
                        scratch[m++] = d / (double)(j - i);
                        *sum += (double)((d > 0) - (d < 0));
                }
        }
        qsort(scratch, m, sizeof *scratch, compare_doubles);
        return m;
}

static double median_slope(const double *y, size_t n, double *scratch)
{
        double sum;
        size_t m = slopes_of(y, n, scratch, &sum);
        return m > 0 ? scratch[m / 2] : 0;
}

/** Whether each fifth is above the one before by a similar amount. */
static bool is_even(const double *y, size_t n, double even)
{
        double mean[BLOCKS];
        for (size_t b = 0; b < BLOCKS; b++) {
                size_t from = b * n / BLOCKS;
                size_t to = (b + 1) * n / BLOCKS;
                mean[b] = 0;
                for (size_t i = from; i < to; i++) {
                        mean[b] += y[i] / (double)(to - from);
                }
        }
        double each = (mean[BLOCKS - 1] - mean[0]) / (BLOCKS - 1);
        for (size_t b = 0; b + 1 < BLOCKS; b++) {
                double d = mean[b + 1] - mean[b];
                if (d < even * each || d > MOST * each) {
                        return false;
                }
        }
        return each > 0;
}

/** Whether two jumps make up much of the rise. Noise jumps down as often as up, so downward jumps are subtracted. */
static bool is_jumps(const double *y, size_t n, double rise, double *scratch)
{
        for (size_t i = 0; i + 1 < n; i++) {
                scratch[i] = y[i + 1] - y[i];
        }
        qsort(scratch, n - 1, sizeof *scratch, compare_doubles);
        return scratch[n - 2] + scratch[n - 3] + scratch[0] + scratch[1] > JUMPS * rise;
}

/** By how many standard deviations the rise exceeds that of a random walk with steps like those of the readings. Steps are
 *  measured over a fifth of the window, so that noise counts for less. */
static double wandering(const double *y, size_t n, double slope)
{
        size_t lag = n / BLOCKS > 0 ? n / BLOCKS : 1;
        double sum = 0;
        for (size_t i = 0; i + lag < n; i++) {
                double d = y[i + lag] - y[i] - slope * (double)lag;
                sum += d * d;
        }
        double variance = sum / (double)(n - lag) * (double)(n - 1) / (double)lag;
        double rise = slope * (double)(n - 1);
        return variance > 0 ? rise / sqrt(variance) : INFINITY;
}

/** The factor by which first-order autocorrelation increases the variance. */
static double memory_of(const double *y, size_t n, double slope)
{
        double count = (double)n;
        double mean = 0;
        double above = 0;
        double below = 0;
        for (size_t i = 0; i < n; i++) {
                mean += (y[i] - slope * (double)i) / count;
        }
        for (size_t i = 0; i < n; i++) {
                double d = y[i] - slope * (double)i - mean;
                below += d * d;
                if (i + 1 < n) {
                        above += d * (y[i + 1] - slope * (double)(i + 1) - mean);
                }
        }
        double r = ((below > 0 ? count * above / below : 0) + 1) /
                   (count - 4); /* corrected for the bias of the estimate */
        r = r < 0.95 ? r : 0.95;
        return r > 0 ? (1 + r) / (1 - r) : 1;
}

/** Judge one window. @p level: of significance. */
static struct steady look(const double *y, size_t n, const struct steady_ask *ask, double level, bool curved,
                          double *scratch)
{
        struct steady s = {.window = n};
        double sum;
        double *rest_of_scratch = scratch + (size_t)STEADY_POINTS * STEADY_POINTS;
        size_t m = slopes_of(y, n, scratch, &sum);
        double count = (double)n;
        s.slope = scratch[m / 2];
        double sure = wandering(y, n, s.slope);
        double memory = sure < STRAIGHT ? memory_of(y, n, s.slope) : 1;
        double deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18 * memory);
        double low = ((double)m - Z95 * deviation) / 2;
        double high = ((double)m + Z95 * deviation) / 2;
        s.low = scratch[low > 0 ? (size_t)low : 0];
        s.high = scratch[high < (double)m - 1 ? (size_t)ceil(high) : m - 1];
        double p = erfc((sum - 1) / deviation / sqrt(2)) / 2;
        if (s.low <= ask->bound || p > level || !is_even(y, n, ask->believed ? EVEN_BELIEVED : EVEN) ||
            sure < (ask->believed ? WANDERS_BELIEVED : WANDERS) ||
            is_jumps(y, n, s.slope * (count - 1), rest_of_scratch)) {
                return s;
        }
        size_t third = n / 3 > 8 ? n / 3 : 8;
        double recent = median_slope(y + n - third, third, rest_of_scratch);
        double before = median_slope(y, n / 2, rest_of_scratch);
        double after = median_slope(y + n / 2, n - n / 2, rest_of_scratch);
        s.rises = recent >= RECENT * s.slope && after >= (curved ? KEEPS_CURVED : KEEPS) * before;
        return s;
}

/** The highest level that lasted for FLOOR readings before reading @p end, the start left out. */
static double level_before(const double *y, size_t first, size_t end)
{
        double highest = -INFINITY;
        for (size_t i = first; i < end; i++) {
                double least = y[i];
                for (size_t j = i >= FLOOR - 1 ? i - (FLOOR - 1) : 0; j < i; j++) {
                        least = y[j] < least ? y[j] : least;
                }
                highest = least > highest ? least : highest;
        }
        return highest;
}

/** Average equal numbers of readings, so that at most STEADY_POINTS remain. @return how many; @p each: readings in an average. */
static size_t thin_out(const double *y, size_t n, double *to, size_t *each)
{
        size_t points = 0;
        *each = (n + STEADY_POINTS - 1) / STEADY_POINTS;
        for (size_t end = n % *each; end + *each <= n; end += *each) {
                double sum = 0;
                for (size_t i = end; i < end + *each; i++) {
                        sum += y[i];
                }
                to[points++] = sum / (double)*each;
        }
        return points;
}

struct steady steady_rise(const double *y, size_t n, const struct steady_ask *ask, double *scratch)
{
        struct steady none = {.rises = false};
        double points[STEADY_POINTS] = {0};
        size_t each;
        if (n < STEADY_LEAST) {
                return none;
        }
        double level =
            STEADY_ALPHA * 8 / ((double)n * ((double)n + 1)) / (double)(ask->tests > 0 ? ask->tests : 1);
        level *= ask->believed ? BELIEVED_SPENDS : 1;
        bool curved = steady_slows(y, n, scratch);
        size_t all = thin_out(y, n, points, &each);
        if (all < STEADY_LEAST) {
                return none;
        }
        struct steady_ask here = *ask;
        here.bound *= (double)each;
        size_t first = all / 10;
        size_t shortest = (size_t)ceil(PART * (double)all);
        shortest = each == 1 && shortest < STEADY_LEAST ? STEADY_LEAST : shortest;
        for (size_t window = all - first;; window = window * 5 / 6 > shortest ? window * 5 / 6 : shortest) {
                size_t start = all - window;
                struct steady s = look(points + start, window, &here, level, curved, scratch);
                double end = (points[all - 1] + points[all - 2] + points[all - 3]) / 3;
                double beyond = level_before(points, first, start) + BEYOND * s.slope * (double)window;
                if (s.rises && (start <= first || end > beyond)) {
                        double scale = (double)each;
                        return (struct steady){true, window * each, s.slope / scale, s.low / scale,
                                               s.high / scale};
                }
                if (window <= shortest) {
                        return none;
                }
        }
}

/** The residual of the best straight line through (g, y); INFINITY if that line falls. */
static double left_over(const double *g, const double *y, size_t n)
{
        double count = (double)n;
        double mean_g = 0;
        double mean_y = 0;
        double gg = 0;
        double gy = 0;
        double left = 0;
        for (size_t i = 0; i < n; i++) {
                mean_g += g[i] / count;
                mean_y += y[i] / count;
        }
        for (size_t i = 0; i < n; i++) {
                gg += (g[i] - mean_g) * (g[i] - mean_g);
                gy += (g[i] - mean_g) * (y[i] - mean_y);
        }
        double slope = gg > 0 ? gy / gg : 0;
        for (size_t i = 0; i < n; i++) {
                double d = y[i] - mean_y - slope * (g[i] - mean_g);
                left += d * d;
        }
        return slope > 0 ? left : INFINITY;
}

/** Point @p i of @p n of curve @p c: the logarithm, the root, and four that approach a limit. */
static double curve_at(size_t c, size_t i, size_t n)
{
        static const double speeds[CURVES] = {0, 0, 8, 4, 2, 1};
        return c == 0   ? log((double)i + 1)
               : c == 1 ? sqrt((double)i)
                        : 1 - exp(-(double)i / (double)n * speeds[c]);
}

bool steady_slows(const double *y, size_t n, double *scratch)
{
        size_t skipped = n / 20;
        y += skipped;
        n -= skipped;
        if (n < 12) {
                return false;
        }
        double points[STEADY_POINTS];
        size_t each;
        n = thin_out(y, n, points, &each);
        for (size_t i = 0; i < n; i++) {
                scratch[i] = (double)i;
        }
        double line = left_over(scratch, points, n);
        double best = INFINITY;
        for (size_t c = 0; c < CURVES; c++) {
                for (size_t i = 0; i < n; i++) {
                        scratch[i] = curve_at(c, i, n);
                }
                double left = left_over(scratch, points, n);
                best = left < best ? left : best;
        }
        double noise = 0; /* measured by second differences, which are small for any smooth curve */
        for (size_t i = 0; i + 2 < n; i++) {
                double d = points[i] - 2 * points[i + 1] + points[i + 2];
                noise += d * d / 6 / (double)(n - 2);
        }
        return isfinite(line) && line > best * (1 + 8 / (double)n) &&
               (best <= 4 * (double)n * noise || line > 4 * best);
}
