#include "profile/stats/rise.h"

#include "profile/stats/stat.h"

#include <math.h>
#include <stdlib.h>

enum {
        NEAR = 4, /* readings so far apart are near each other */
        DRIFTS_MIN = 5,
        PARTS = 6,         /* the readings are divided into so many parts, each with a median */
        MOVES_MIN = 5,     /* a unit that changed in fewer readings explains nothing */
        FLAT_BYTES = 2048, /* surely less growth counts as none */
};

#define LATE_SHARE 0.7 /* of the slope that must remain at the end */
#define STEP_SHARE 0.4 /* of the growth that may come at once */
#define FIT_SHARE  1.5 /* times the residual of the best fit that another fit may leave */
#define FIT_BYTES  256.0
#define LEVELS_P   0.01

const char *rise_unit_name(enum rise_unit unit)
{
        static const char *const names[RISE_UNITS] = {"statement", "session", "admin request", "second"};
        return unit < RISE_UNITS ? names[unit] : "?";
}

static int compare_doubles(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

/** Sorts @p values. */
static double median(double *values, size_t n)
{
        qsort(values, n, sizeof *values, compare_doubles);
        return n == 0 ? 0 : n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct series {
        size_t n;
        double x[RISE_UNITS][RISE_READINGS_MAX];
        double open[RISE_READINGS_MAX];
        double raw[RISE_READINGS_MAX];
        double y[RISE_READINGS_MAX]; /* bytes without those of the sessions */
        double c;                    /* bytes of a session */
        double c_width;              /* half the interval of c */
        bool c_known;
};

static void take(struct series *s, const struct rise_reading *readings, size_t n)
{
        s->n = n;
        s->c = s->c_width = 0;
        s->c_known = false;
        for (size_t i = 0; i < n; i++) {
                for (unsigned u = 0; u < RISE_UNITS; u++) {
                        s->x[u][i] = readings[i].units[u] - readings[0].units[u];
                }
                s->open[i] = readings[i].open;
                s->raw[i] = s->y[i] = readings[i].bytes;
        }
}

/* --- sessions -------------------------------------------------------------------------------------------------------- */

/** The growth from one reading to the next that no session explains: the median over pairs of near readings with equally many
 * sessions. @return false if there are too few pairs. */
static bool learn_drift(const struct series *s, double *drift, double *scratch)
{
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
                for (size_t j = i + 1; j < s->n && j <= i + NEAR; j++) {
                        if (s->open[i] == s->open[j]) {
                                scratch[n++] = (s->raw[j] - s->raw[i]) / (double)(j - i);
                        }
                }
        }
        *drift = median(scratch, n);
        return n >= DRIFTS_MIN;
}

/** Bytes of a session: the median, over pairs of near readings, of the difference for each session, less the drift. A pair that
 * differs by several sessions counts once for each of them. */
static void learn_session(struct series *s, double drift, double *scratch)
{
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
                for (size_t j = i + 1; j < s->n && j <= i + NEAR; j++) {
                        double sessions = s->open[j] - s->open[i];
                        double bytes = s->raw[j] - s->raw[i] - drift * (double)(j - i);
                        for (int k = 0; k < (int)fmin(fabs(sessions), 8) && n < RISE_SCRATCH; k++) {
                                scratch[n++] = bytes / sessions;
                        }
                }
        }
        if (n < 4) {
                return;
        }
        double c = median(scratch, n);
        double wide =
            1.0 / sqrt((double)n / NEAR + 1); /* pairs share readings, so there are fewer independent ones */
        size_t low = (size_t)fmax((0.5 - wide) * (double)n, 0);
        size_t high = (size_t)fmin((0.5 + wide) * (double)n, (double)n - 1);
        s->c = c > 0 ? c : 0;
        s->c_width = fmax(scratch[high] - c, c - scratch[low]);
        s->c_known = true;
}

/** How many more sessions are open in the last third than in the first. */
static double more_sessions(const struct series *s)
{
        double early[RISE_READINGS_MAX];
        double late[RISE_READINGS_MAX];
        size_t part = s->n / 3;
        for (size_t i = 0; i < part; i++) {
                early[i] = s->open[i];
                late[i] = s->open[s->n - part + i];
        }
        return median(late, part) - median(early, part);
}

static double slope_by_halves(const double *y, size_t n)
{
        double late[RISE_READINGS_MAX];
        double early[RISE_READINGS_MAX];
        size_t half = n / 2;
        for (size_t i = 0; i < half; i++) {
                early[i] = y[i];
                late[i] = y[n - half + i];
        }
        return (median(late, half) - median(early, half)) / (double)(n - half);
}

static void leave_out_sessions(struct series *s, double *scratch)
{
        double drift;
        if (!learn_drift(s, &drift, scratch)) {
                /* if there are more sessions all the time, sessions and time cannot be separated: then the sessions explain it */
                drift = fabs(more_sessions(s)) < 1 ? slope_by_halves(s->raw, s->n) : 0;
        }
        learn_session(s, drift, scratch);
        for (size_t i = 0; i < s->n; i++) {
                s->y[i] = s->raw[i] - s->c * s->open[i];
        }
}

/** How much a session may grow in the course of time: more where sessions are large from the start. */
static double kept_by_session(const struct series *s)
{
        return s->c_known ? fmin(RISE_SESSION, 2 * s->c + 512) : RISE_SESSION;
}

/** How much of the remaining growth the sessions might explain: sessions that were opened meanwhile may be twice as large as
 * the others, and each may have grown. */
static double doubt_of_sessions(const struct series *s)
{
        double more = fabs(more_sessions(s));
        return more >= 1 ? more * (s->c + s->c_width + kept_by_session(s)) : 0;
}

/* --- units ----------------------------------------------------------------------------------------------------------- */

static bool moved(const struct series *s, unsigned unit)
{
        unsigned moves = 0;
        for (size_t i = 1; i < s->n; i++) {
                moves += s->x[unit][i] > s->x[unit][i - 1];
        }
        return moves >= MOVES_MIN;
}

/** The mean distance from the line. */
static double rest_of(const struct series *s, unsigned unit, double slope)
{
        double rest[RISE_READINGS_MAX];
        double sorted[RISE_READINGS_MAX];
        double sum = 0;
        for (size_t i = 0; i < s->n; i++) {
                rest[i] = sorted[i] = s->y[i] - slope * s->x[unit][i];
        }
        double middle = median(sorted, s->n);
        for (size_t i = 0; i < s->n; i++) {
                sum += fabs(rest[i] - middle);
        }
        return sum / (double)s->n;
}

/** How likely the growth is if the residuals of the line were a random walk, which strays further than anything that returns by
 * itself. Kendall's test, corrected for autocorrelation, looks at the order only, and cannot distinguish a line with a little
 * lasting noise from noise alone. */
static double chance_of_walk(const struct series *s, unsigned unit, double slope)
{
        double step = 0;
        for (size_t lag = 1; lag <= s->n / 4; lag *= 2) {
                double sum = 0;
                for (size_t i = lag; i < s->n; i++) {
                        double d = s->y[i] - s->y[i - lag] - slope * (s->x[unit][i] - s->x[unit][i - lag]);
                        sum += d * d;
                }
                step = fmax(step, sum / (double)(s->n - lag) / (double)lag);
        }
        double freedom = (double)s->n / 2;
        double z = slope * s->x[unit][s->n - 1] / fmax(sqrt(step * (double)s->n), 1);
        /* the quantile of Student's distribution, converted to a normal one's */
        z = z > 0 ? z * (1 - 1 / (4 * freedom)) / sqrt(1 + z * z / (2 * freedom)) : 0;
        return erfc(z / sqrt(2)) / 2;
}

/** Fit each unit alone, note which are plausible, and choose one. @return false if nothing changed. */
static bool fit_units(const struct series *s, struct rise *r, enum rise_unit first, double *scratch)
{
        double rests[RISE_UNITS];
        double p[RISE_UNITS];
        unsigned best = RISE_UNITS;
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                struct rise_fit *fit = &r->fits[u];
                struct stat_trend t = {0};
                if (moved(s, u)) {
                        t = stat_trend(s->x[u], s->y, s->n, 0.95, scratch);
                }
                *fit = (struct rise_fit){t.known, false, t.slope, t.slope_low, t.slope_high};
                p[u] = t.known ? t.p : 1;
                rests[u] = t.known ? rest_of(s, u, t.slope) : INFINITY;
                best = t.known && (best == RISE_UNITS || rests[u] < rests[best]) ? u : best;
        }
        if (best == RISE_UNITS) {
                return false;
        }
        r->unit = (enum rise_unit)best;
        for (unsigned u = RISE_UNITS; u-- > 0;) {
                r->fits[u].plausible = r->fits[u].known && rests[u] <= FIT_SHARE * rests[best] + FIT_BYTES;
                /* of the plausible units the first one; time only as the last, because nothing happens by itself */
                if (r->fits[u].plausible && (u != RISE_SECONDS || best == RISE_SECONDS)) {
                        r->unit = (enum rise_unit)u;
                }
        }
        if (r->fits[first].plausible) {
                r->unit = first;
        }
        r->p = fmin(1, 2 * fmin(p[best], chance_of_walk(s, best, r->fits[best].slope)));
        return true;
}

/* --- the shape ------------------------------------------------------------------------------------------------------- */

struct shape {
        double late;  /* the slope of the last half */
        double early; /* of the first half */
        double step;  /* the greatest rise from one part of a reading's surroundings to the next */
};

static double median_of(const double *values, size_t from, size_t to)
{
        double sorted[RISE_READINGS_MAX];
        for (size_t i = from; i < to; i++) {
                sorted[i - from] = values[i];
        }
        return median(sorted, to - from);
}

static double slope_between(const double *x, const double *y)
{
        return x[1] > x[0] ? (y[1] - y[0]) / (x[1] - x[0]) : 0;
}

static struct shape look_at(const struct series *s, unsigned unit)
{
        double x[PARTS];
        double y[PARTS];
        struct shape shape = {0};
        for (size_t i = 0; i < PARTS; i++) {
                size_t from = s->n * i / PARTS;
                size_t to = s->n * (i + 1) / PARTS;
                x[i] = median_of(s->x[unit], from, to);
                y[i] = median_of(s->y, from, to);
        }
        const double early_x[2] = {x[0], x[PARTS / 2 - 1]};
        const double early_y[2] = {y[0], y[PARTS / 2 - 1]};
        const double late_x[2] = {x[PARTS / 2], x[PARTS - 1]};
        const double late_y[2] = {y[PARTS / 2], y[PARTS - 1]};
        shape.early = slope_between(early_x, early_y);
        shape.late = slope_between(late_x, late_y);
        for (size_t i = 2; i + 2 < s->n + 1; i++) { /* two readings before, two behind */
                double before = fmax(s->y[i - 1], s->y[i - 2]);
                double after = fmin(s->y[i], s->y[i + 1 < s->n ? i + 1 : i]);
                shape.step = fmax(shape.step, after - before);
        }
        return shape;
}

/* --- the judgement --------------------------------------------------------------------------------------------------- */

static enum rise_kind doubt(struct rise *r, enum rise_doubt why)
{
        r->doubt = why;
        return RISE_UNKNOWN;
}

static enum rise_kind judge(const struct series *s, struct rise *r, double alpha)
{
        const struct rise_fit *fit = &r->fits[r->unit];
        double moved_by = s->x[r->unit][s->n - 1];
        double sessions = doubt_of_sessions(s);
        struct shape shape = look_at(s, r->unit);
        r->growth = fit->slope * moved_by;
        r->growth_low = fit->low * moved_by;
        r->growth_high = fit->high * moved_by;
        bool surely = r->p < alpha && r->growth_low > 0;
        if (surely && r->growth_low - sessions >= RISE_GROWTH_MIN) {
                if (shape.step > STEP_SHARE * r->growth) {
                        return doubt(r, DOUBT_STEP);
                }
                if (shape.late < LATE_SHARE * shape.early) {
                        return RISE_LEVELS;
                }
                return fit->low > RISE_BOUND     ? RISE_RISES
                       : fit->high <= RISE_BOUND ? RISE_BELOW
                                                 : doubt(r, DOUBT_CHANCE);
        }
        if (r->growth_high + sessions <=
            fmax(FLAT_BYTES, r->unit == RISE_SECONDS ? 0 : RISE_BOUND * moved_by)) {
                return surely && r->growth >= FLAT_BYTES ? RISE_BELOW : RISE_FLAT;
        }
        if (r->p < LEVELS_P && r->growth >= RISE_GROWTH_MIN && shape.late < LATE_SHARE / 2 * shape.early) {
                return RISE_LEVELS;
        }
        return doubt(r, surely && r->growth_low >= RISE_GROWTH_MIN ? DOUBT_SESSIONS : DOUBT_CHANCE);
}

static bool is_still(const struct series *s)
{
        double low = s->raw[0];
        double high = s->raw[0];
        for (size_t i = 1; i < s->n; i++) {
                low = fmin(low, s->raw[i]);
                high = fmax(high, s->raw[i]);
        }
        return high - low <= FLAT_BYTES / 2.0;
}

struct rise rise_judge(const struct rise_reading *readings, size_t n, enum rise_unit first, double alpha,
                       double *scratch)
{
        struct rise r = {.p = 1, .unit = first};
        struct series s;
        if (n < RISE_READINGS_MIN || n > RISE_READINGS_MAX) {
                r.doubt = DOUBT_READINGS;
                return r;
        }
        take(&s, readings, n);
        r.seconds = s.x[RISE_SECONDS][n - 1];
        leave_out_sessions(&s, scratch);
        r.per_session = s.c;
        r.kept_by_session = kept_by_session(&s);
        if (is_still(&s)) {
                (void)fit_units(&s, &r, first, scratch);
                r.p = 1;
                r.kind = RISE_FLAT;
        } else if (!fit_units(&s, &r, first, scratch)) {
                r.doubt = DOUBT_READINGS;
        } else {
                r.kind = judge(&s, &r, alpha);
        }
        return r;
}
