#include "profile/explain/judge.h"

#include "profile/explain/growing_sites.h"
#include "profile/heap/prof.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS_MIN = 8, RECENT_MIN = 16, TREND_READINGS = 1000, COLLECTIONS_MIN = 8 };

#define BOUND      1024.0 /* bytes per round: less does not count as a leak */
#define FLAT_SHARE 0.001  /* share of the level: less growth per round is flat in a large heap */
#define LEVELLED   0.2    /* share of the earlier slope: with less, it has levelled off */
#define AGREES     0.6    /* share of the growth in samples that the exact figure must allow */
#define UNSEEN     3.0    /* expected samples although none came: 95 % */
#define FLOOR_ROSE                                                                                           \
        0.2 /* share of the growth in samples by which the lowest levels of the heap must have risen */

/* --- figures of the rounds ------------------------------------------------------------------------------------------------------- */

struct judging {
        struct explain_run *run;
        struct explain_answer *answer;
        struct growing_sites growing;
        double *heap;    /**< HeapAlloc of each round */
        double *stack;   /**< memory of goroutines' stacks */
        double *live;    /**< sampled, scaled */
        double *scratch; /**< STEADY_SCRATCH doubles, or as many as a trend needs */
        size_t n;
        size_t first; /**< rounds of the start, which are not judged */
        bool has_heap;
        bool has_stack;
};

static bool has_stat(const struct explain_run *run, enum dump_set_stat stat)
{
        for (size_t i = 0; i < run->n_rounds; i++) {
                if (run->rounds[i].stats[stat] == 0) {
                        return false;
                }
        }
        return run->n_rounds > 0;
}

/** Whether the profiles were taken after a forced collection. A few exceptions do not matter. */
static bool is_collected(const struct explain_run *run, bool go)
{
        size_t forced = 0;
        for (size_t i = 1; i < run->n_rounds; i++) {
                forced += run->rounds[i].stats[STAT_FORCED_GC] > run->rounds[i - 1].stats[STAT_FORCED_GC];
        }
        return !go || (run->n_rounds > 1 && 10 * forced >= 9 * (run->n_rounds - 1));
}

/** In how many rounds a collection ran; only a collection finds out what was freed. */
static size_t count_collections(const struct explain_run *run)
{
        size_t n = 0;
        for (size_t i = 1; i < run->n_rounds; i++) {
                n += run->rounds[i].stats[STAT_NUM_GC] > run->rounds[i - 1].stats[STAT_NUM_GC];
        }
        return n;
}

static bool has_changed(const double *y, size_t n)
{
        for (size_t i = 1; i < n; i++) {
                if (y[i] != y[0]) {
                        return true;
                }
        }
        return false;
}

/** The bound: a byte per statement if the dumps count statements, else a fixed number of bytes per round. */
static double bound_of(const struct explain_run *run)
{
        uint64_t first = run->rounds[0].stats[STAT_STATEMENTS];
        uint64_t last = run->rounds[run->n_rounds - 1].stats[STAT_STATEMENTS];
        double each =
            run->n_rounds > 1 && last > first ? (double)(last - first) / (double)(run->n_rounds - 1) : 0;
        return each > 0 ? each : BOUND;
}

/* --- what rises ---------------------------------------------------------------------------------------------------------------------- */

static void take_rise(struct explain_answer *a, enum explain_of of, const struct steady *s)
{
        a->verdict = BYTES_RISES;
        a->of = of;
        a->window = s->window;
        a->slope = s->slope;
        a->low = s->low;
        a->high = s->high;
}

static bool rises(struct judging *j, enum explain_of of, const double *y, bool believed)
{
        struct steady_ask ask = {.bound = j->answer->bound, .tests = 2, .believed = believed};
        struct steady s = steady_rise(y, j->n, &ask, j->scratch);
        if (s.rises) {
                take_rise(j->answer, of, &s);
        }
        return s.rises;
}

static double least_of(const double *y, size_t from, size_t to)
{
        double least = INFINITY;
        for (size_t i = from; i < to; i++) {
                least = y[i] < least ? y[i] : least;
        }
        return least;
}

/** Whether the exact figure allows the growth seen in samples. If dumps were taken after collections, its newest rounds must not
 *  be flatter; otherwise the lowest levels of the heap, which include all live memory, must have risen. */
static bool is_allowed(const struct judging *j)
{
        size_t n = j->n;
        if (!j->has_heap) {
                return true;
        }
        if (!j->answer->collected) {
                size_t quarter = n / 4;
                double now = least_of(j->heap, n - quarter, n);
                double then = least_of(j->heap, quarter, 2 * quarter);
                return now - then > FLOOR_ROSE * j->growing.grown;
        }
        double x[RECENT_MIN];
        size_t m = n < RECENT_MIN ? n : RECENT_MIN;
        for (size_t i = 0; i < m; i++) {
                x[i] = (double)i;
        }
        struct stat_trend t = stat_trend(x, j->heap + n - m, m, 0.6, j->scratch);
        return !steady_slows(j->heap, n, j->scratch) && t.known &&
               t.slope_high * (double)n > AGREES * j->growing.grown;
}

static bool sites_rise(struct judging *j)
{
        const struct growing_sites *h = &j->growing;
        struct explain_answer *a = j->answer;
        if (j->n < STEADY_LEAST || !(h->site_rises || h->all_rise) || !is_allowed(j)) {
                return false;
        }
        double rounds = (double)(j->n - j->first);
        struct steady s = {true, j->n - j->first, h->grown / rounds, h->grown / rounds, h->grown / rounds};
        if (h->site_rises) {
                s.slope = h->worst[0].slope;
                s.low = h->worst[0].low;
                s.high = h->worst[0].high;
        }
        take_rise(a, h->site_rises ? OF_SITES : OF_ALL_SITES, &s);
        return true;
}

/** Whether samples that stay support a rise of the exact figure that is not significant by itself. */
static bool is_believed(const struct judging *j)
{
        size_t recent = j->n / 2 > STEADY_LEAST ? j->n / 2 : STEADY_LEAST;
        return j->growing.steps >= 2 && j->growing.newest + recent >= j->n;
}

static bool find_rise(struct judging *j)
{
        bool exact = j->has_heap && j->answer->collected && has_changed(j->heap, j->n);
        if (exact && rises(j, OF_HEAP, j->heap, false)) {
                return true;
        }
        if (j->has_stack && rises(j, OF_STACK, j->stack, false)) {
                return true;
        }
        bool every = j->run->sample_bytes <= 1;
        if (!j->has_heap && every && rises(j, OF_LIVE, j->live, false)) {
                return true;
        }
        return sites_rise(j) || (exact && is_believed(j) && rises(j, OF_HEAP, j->heap, true));
}

/* --- what does not --------------------------------------------------------------------------------------------------------------------- */

/** The line through @p n readings. */
static struct stat_trend line_through(const double *y, size_t n, double *scratch)
{
        size_t step = (n + STEADY_POINTS - 1) / STEADY_POINTS;
        double x[STEADY_POINTS];
        double thin[STEADY_POINTS];
        size_t m = 0;
        for (size_t i = (n - 1) % step; i < n; i += step) {
                x[m] = (double)i;
                thin[m++] = y[i];
        }
        return stat_trend(x, thin, m, 0.95, scratch);
}

/** Decide whether the figure is flat now, and whether it always was. */
static void find_level(struct judging *j, enum explain_of of, const double *y)
{
        struct explain_answer *a = j->answer;
        size_t recent = j->n / 2 > RECENT_MIN ? j->n / 2 : RECENT_MIN;
        a->of = of;
        if (j->n < recent) {
                a->doubt = DOUBT_FEW;
                return;
        }
        struct stat_trend t = line_through(y + j->n - recent, recent, j->scratch);
        double level = y[j->n - 1];
        double flat = a->bound > FLAT_SHARE * level ? a->bound : FLAT_SHARE * level;
        a->window = recent;
        a->slope = t.slope;
        a->low = t.slope_low;
        a->high = t.slope_high;
        double unseen = of == OF_LIVE && !j->has_heap && j->run->sample_bytes > 1
                            ? UNSEEN * (double)j->run->sample_bytes / (double)recent
                            : 0;
        double most = t.slope_high > unseen ? t.slope_high : unseen;
        size_t before = j->n - recent;
        double rose = (y[before] - y[0]) / (double)(before > 0 ? before : 1);
        struct stat_trend stacks = {.known = false};
        if (j->has_stack) {
                stacks = line_through(j->stack + j->n - recent, recent, j->scratch);
        }
        bool surely =
            t.known &&
            t.slope_low > a->bound; /* then it is neither flat nor levelling off, however large the heap */
        bool level_off = t.known && !surely && (a->collected || of != OF_HEAP) && before >= 2 &&
                         rose > flat && most < LEVELLED * rose;
        if (stacks.known && stacks.slope_low > a->bound) {
                a->doubt = DOUBT_SHORT_RISE;
                a->of = OF_STACK;
                a->slope = stacks.slope;
                a->low = stacks.slope_low;
                a->high = stacks.slope_high;
        } else if (level_off) {
                a->verdict = BYTES_LEVELS_OFF;
                a->high = most;
        } else if (t.known && !surely && most <= flat) {
                a->verdict = BYTES_FLAT;
                a->high = most;
        } else if (t.known && !surely && t.slope_high <= flat) {
                a->doubt = DOUBT_SAMPLES;
                a->high = most;
        } else {
                a->doubt = t.known && t.slope_low > 0 ? DOUBT_SHORT_RISE : DOUBT_UNSTEADY;
        }
}

/** If the figure includes garbage, it is called flat only if the lowest levels of the heap, which include all live memory, have
 *  not risen either, and at most one sample has stayed. */
static bool is_flat_below(const struct judging *j)
{
        size_t third = j->n / 3;
        double then = least_of(j->heap, j->first, j->first + third);
        double now = least_of(j->heap, j->n - third, j->n);
        return j->n >= STEADY_LEAST && now - then <= j->answer->bound * (double)(j->n - third) &&
               j->growing.steps < 2;
}

static void find_rest(struct judging *j)
{
        struct explain_answer *a = j->answer;
        bool garbage = a->go && !a->collected;
        if (j->n < ROUNDS_MIN) {
                a->doubt = DOUBT_FEW;
        } else if (garbage && count_collections(j->run) < COLLECTIONS_MIN) {
                a->doubt = DOUBT_NO_GC;
        } else if (j->has_heap && has_changed(j->heap, j->n)) {
                find_level(j, OF_HEAP, j->heap);
                if (garbage && a->verdict == BYTES_FLAT && !is_flat_below(j)) {
                        a->verdict = BYTES_CANT_TELL;
                        a->doubt = DOUBT_GARBAGE;
                }
                if (garbage && a->verdict == BYTES_CANT_TELL && a->doubt != DOUBT_FEW) {
                        a->doubt = DOUBT_GARBAGE;
                }
        } else {
                find_level(j, OF_LIVE, j->live);
        }
}

static void find_sites(struct judging *j)
{
        struct explain_answer *a = j->answer;
        const struct growing_sites *h = &j->growing;
        for (size_t i = 0; i < h->n_worst; i++) {
                /* a site that rises by itself; or, if the process rises, one that grew for good meanwhile */
                if (h->worst[i].sure || (a->verdict == BYTES_RISES && h->worst[i].events > 0)) {
                        a->sites[a->n_sites++] = h->worst[i];
                }
        }
        if (a->verdict == BYTES_RISES && a->n_sites == 0 && a->slope > 0) {
                a->expected = (double)j->run->sample_bytes / a->slope;
        }
        if (a->verdict != BYTES_RISES) {
                a->n_sites = 0;
        }
}

static bool reserve(struct judging *j)
{
        size_t n = j->n;
        double *scratch = prof_calloc(STAGE_MAIN, 3 * n + STEADY_SCRATCH, sizeof *scratch);
        if (scratch == NULL) {
                return false;
        }
        j->heap = scratch;
        j->stack = scratch + n;
        j->live = scratch + 2 * n;
        j->scratch = scratch + 3 * n;
        for (size_t i = 0; i < n; i++) {
                const struct explain_round *r = &j->run->rounds[i];
                j->heap[i] = (double)r->stats[STAT_HEAP_ALLOC];
                j->stack[i] = (double)r->stats[STAT_STACK];
                j->live[i] = r->in_use_bytes;
        }
        return true;
}

bool judge_bytes(struct explain_run *run, const struct dump_set *set, const struct run *dumps)
{
        struct judging j = {
            .run = run, .answer = &run->bytes, .n = run->n_rounds, .first = run->n_rounds / 10};
        run->bytes = (struct explain_answer){.bound = bound_of(run)};
        for (size_t i = 0; i < dumps->n; i++) {
                run->bytes.go = run->bytes.go || set->dumps[dumps->order[i]].has_gc;
        }
        run->bytes.collected = is_collected(run, run->bytes.go);
        j.has_heap = has_stat(run, STAT_HEAP_ALLOC);
        j.has_stack = run->bytes.go && has_stat(run, STAT_STACK);
        if (!reserve(&j)) {
                return false;
        }
        bool stands = run->bytes.go && count_collections(run) < COLLECTIONS_MIN;
        bool ok = growing_sites_find(&j.growing, run, set, dumps, j.first);
        if (ok && (stands || j.n < ROUNDS_MIN || !find_rise(&j))) {
                find_rest(&j);
        }
        if (ok) {
                find_sites(&j);
        }
        prof_free(j.heap);
        return ok;
}

/* --- the trends -------------------------------------------------------------------------------------------------- */

/** Add one trend. If there are many rounds, the first half does not count: what fills there is not a leak. Rounds without the
 *  figure are left out. @p scratch: enough for TREND_READINGS readings. */
static void add_trend(struct explain_run *run, bool exact, bool by_statements, double *scratch)
{
        size_t first = run->n_rounds >= 2 * ROUNDS_MIN ? run->n_rounds / 2 : 0;
        size_t step = (run->n_rounds - first + TREND_READINGS - 1) / TREND_READINGS;
        double *x = scratch + (size_t)TREND_READINGS * (TREND_READINGS + 1) / 2;
        double *y = x + TREND_READINGS;
        size_t n = 0;
        for (size_t i = first; i < run->n_rounds; i += step) {
                const struct explain_round *r = &run->rounds[i];
                uint64_t heap = r->stats[STAT_HEAP_ALLOC];
                uint64_t statements = r->stats[STAT_STATEMENTS];
                if ((!exact || heap > 0) && (!by_statements || statements > 0)) {
                        x[n] = by_statements ? (double)statements : (double)(i + 1);
                        y[n++] = exact ? (double)heap : (double)r->live_bytes;
                }
        }
        if (n < ROUNDS_MIN || !(x[n - 1] > x[0])) {
                return;
        }
        double bound = by_statements ? 1 : (double)(exact ? 4096 : run->sample_bytes) / 4;
        struct explain_trend t = {exact, by_statements, bound, stat_trend(x, y, n, 0.95, scratch)};
        if (t.trend.known) {
                run->trends[run->n_trends++] = t;
        }
}

bool judge_trends(struct explain_run *run)
{
        size_t size = (size_t)TREND_READINGS * (TREND_READINGS + 1) / 2 + 2 * (size_t)TREND_READINGS;
        double *scratch = run->n_rounds >= ROUNDS_MIN ? prof_alloc(STAGE_MAIN, size * sizeof *scratch) : NULL;
        run->n_trends = 0;
        if (scratch == NULL) {
                return run->n_rounds < ROUNDS_MIN;
        }
        for (unsigned i = 0; i < EXPLAIN_TRENDS; i++) {
                add_trend(run, i / 2 == 1, i % 2 == 1, scratch);
        }
        prof_free(scratch);
        return true;
}
