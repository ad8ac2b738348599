#include "profile/stats/stat.h"

#include <math.h>
#include <stdlib.h>

#define Z95 1.959963984540054

void stat_catch_add(struct stat_catch *c, uint64_t samples)
{
        c->samples += samples;
        c->records += samples > 0;
        if (samples > 0 && samples < STAT_FREQUENCIES) {
                c->f[samples]++;
        }
}

double stat_unseen(const struct stat_catch *c)
{
        double n = (double)c->samples;
        double f1 = (double)c->f[1];
        return n > 0 && f1 > 0 ? (n - 1) / n * f1 * (f1 - 1) / (2 * ((double)c->f[2] + 1)) : 0;
}

double stat_coverage(const struct stat_catch *c)
{
        return c->samples > 0 ? 1 - (double)c->f[1] / (double)c->samples : 0;
}

/** Good and Toulmin: t times as many samples again will bring f1 t - f2 t^2 + f3 t^3 - ... new records, whatever their
 * frequencies are. For t up to a half the terms vanish quickly. The number of births differs from that by the error of the
 * estimate, with variance sum f_k t^2k, and by chance, with the expectation itself as its variance; each record takes part in
 * only one of the two, so the sum of both is exact (Efron and Thisted).
 * Births are whole numbers: P(births <= h) is that of a normal variable below h + 1/2. Such a band still covers about 98 of 100
 * windows instead of 95: for fewer than about 6 expected births its lower end is 0, and nothing can be below that; for fewer
 * than 1 the step from one whole number to the next is several per cent. The band always includes one birth: where 0.03 are
 * expected, 0 to 0 would cover enough, but every expected birth would be called a surprise. */
struct stat_births stat_births(const struct stat_catch *c, double more_samples)
{
        struct stat_births b = {.known = c->samples > 0 && more_samples >= 0 &&
                                         more_samples <= (double)c->samples / 2};
        if (!b.known) {
                return b;
        }
        double t = more_samples / (double)c->samples;
        double power = t;
        double variance = 0;
        for (int k = 1; k < STAT_FREQUENCIES; k++) {
                double f = (double)c->f[k];
                b.expected += (k % 2 == 1 ? f : -f) * power;
                variance += f * power * power;
                power *= t;
        }
        b.expected = b.expected > 0 ? b.expected : 0;
        /* one more than was seen: after a quiet time something rare may still come */
        b.spread = sqrt(variance + b.expected + t);
        double least = t > 0 ? 1 : 0;
        b = stat_births_wider(b, 1);
        b.high = b.high > least ? b.high : least;
        return b;
}

struct stat_births stat_births_wider(struct stat_births b, double factor)
{
        b.spread *= factor > 1 ? factor : 1;
        b.low = floor(b.expected - Z95 * b.spread + 0.5);
        b.low = b.low > 0 ? b.low : 0;
        double high = ceil(b.expected + Z95 * b.spread - 0.5);
        b.high = high > b.high ? high : b.high;
        return b;
}

double stat_poisson_at_least(double mean, uint64_t k)
{
        if (k == 0) {
                return 1;
        }
        if (!(mean > 0)) {
                return 0;
        }
        /* the smaller tail is summed, from its greatest term on */
        bool upper = (double)k > mean;
        double i = upper ? (double)k : (double)k - 1;
        double term = exp(i * log(mean) - mean - lgamma(i + 1));
        double sum = 0;
        for (int steps = 0; steps < 1000000 && term > 0 && term > sum * 1e-17; steps++) {
                sum += term;
                if (!upper && i < 1) {
                        break;
                }
                term *= upper ? mean / (i + 1) : i / mean;
                i += upper ? 1 : -1;
        }
        sum = sum < 1 ? sum : 1;
        return upper ? sum : 1 - sum;
}

/* --- the trend ------------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

/** The quantile: @return x so that a standard normal variable is below x with probability @p p. Found by bisection, which is
 * accurate enough here and needs no constants. */
static double normal_quantile(double p)
{
        double low = -10;
        double high = 10;
        for (int i = 0; i < 60; i++) {
                double middle = (low + high) / 2;
                if (erfc(-middle / sqrt(2)) / 2 < p) {
                        low = middle;
                } else {
                        high = middle;
                }
        }
        return (low + high) / 2;
}

/** Kendall's sum of signs, and the slopes of all pairs into @p scratch. @return how many slopes. */
static size_t all_pairs(const double *x, const double *y, size_t n, double *scratch, double *sum)
{
        size_t slopes = 0;
        *sum = 0;
        for (size_t i = 0; i < n; i++) {
                for (size_t j = i + 1; j < n; j++) {
                        double dx = x[j] - x[i];
                        double dy = y[j] - y[i];
                        if (dx != 0) {
                                scratch[slopes++] = dy / dx;
                                *sum += (double)((dy > 0) - (dy < 0)) * (dx > 0 ? 1 : -1);
                        }
                }
        }
        return slopes;
}

/** Variance of the sum of signs if there is no trend, corrected for ties. @p scratch: n doubles. */
static double variance_of_sum(const double *y, size_t n, double *scratch)
{
        double count = (double)n;
        double variance = count * (count - 1) * (2 * count + 5);
        for (size_t i = 0; i < n; i++) {
                scratch[i] = y[i];
        }
        qsort(scratch, n, sizeof *scratch, compare_doubles);
        for (size_t i = 0; i < n;) {
                size_t same = i + 1;
                while (same < n && scratch[same] == scratch[i]) {
                        same++;
                }
                double t = (double)(same - i);
                variance -= t * (t - 1) * (2 * t + 5);
                i = same;
        }
        return variance / 18;
}

/** Autocorrelation of the residuals at @p lag; the residuals themselves are used in place of their ranks. */
static double autocorrelation(const double *residuals, size_t n, size_t lag, double mean)
{
        double above = 0;
        double below = 0;
        for (size_t i = 0; i < n; i++) {
                double d = residuals[i] - mean;
                below += d * d;
                if (i + lag < n) {
                        above += d * (residuals[i + lag] - mean);
                }
        }
        return below > 0 ? above / below : 0;
}

/** Hamed and Rao: the factor by which autocorrelation increases the variance. Only lags that are significant at 95 % count.
 * @p scratch: n doubles. */
static double correction(const double *x, const double *y, size_t n, double slope, double *scratch)
{
        double count = (double)n;
        double mean = 0;
        double sum = 0;
        double size = 0;
        for (size_t i = 0; i < n; i++) {
                scratch[i] = y[i] - slope * x[i];
                mean += scratch[i] / count;
                size = fmax(size, fabs(y[i]) + fabs(slope * x[i]));
        }
        for (size_t i = 0; i < n; i++) { /* the residuals of a perfect line are rounding errors only */
                scratch[i] = fabs(scratch[i] - mean) > size * 1e-12 ? scratch[i] : mean;
        }
        for (size_t lag = 1; lag < n / 4; lag++) {
                double left = count - (double)lag;
                double r = autocorrelation(scratch, n, lag, mean);
                if (fabs(r) > Z95 / sqrt(count)) {
                        sum += left * (left - 1) * (left - 2) * r;
                }
        }
        double factor = 1 + 2 / (count * (count - 1) * (count - 2)) * sum;
        /* for few readings the sum is too low; the factor of a first-order process, with its bias corrected, is a lower bound */
        double r = (count * autocorrelation(scratch, n, 1, mean) + 1) / (count - 4 > 1 ? count - 4 : 1);
        r = r < 0.95 ? r : 0.95;
        double of_one_step = r > 0 ? (1 + r) / (1 - r) : 1;
        factor = factor > of_one_step ? factor : of_one_step;
        return factor > 1 ? factor : 1; /* never more certain than with independent readings */
}

struct stat_trend stat_trend(const double *x, const double *y, size_t n, double confidence, double *scratch)
{
        struct stat_trend t = {.p = 1};
        double sum;
        size_t slopes = n >= 4 ? all_pairs(x, y, n, scratch, &sum) : 0;
        if (slopes < 3 || slopes < n) {
                return t;
        }
        qsort(scratch, slopes, sizeof *scratch, compare_doubles);
        t.known = true;
        t.slope = slopes % 2 == 1 ? scratch[slopes / 2] : (scratch[slopes / 2 - 1] + scratch[slopes / 2]) / 2;
        double *rest_of_scratch = scratch + n * (n - 1) / 2; /* behind the slopes */
        double variance = variance_of_sum(y, n, rest_of_scratch);
        variance *= correction(x, y, n, t.slope, rest_of_scratch);
        double width = normal_quantile(0.5 + confidence / 2) * sqrt(variance > 0 ? variance : 0);
        double low = ((double)slopes - width) / 2;
        double high = ((double)slopes + width) / 2;
        t.slope_low = scratch[low > 0 ? (size_t)low : 0];
        t.slope_high = scratch[high < (double)slopes - 1 ? (size_t)ceil(high) : slopes - 1];
        t.p = variance > 0 && sum > 0 ? erfc((sum - 1) / sqrt(2 * variance)) / 2 : 1;
        return t;
}
