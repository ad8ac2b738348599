#include "profile/explain/growing_sites.h"

#include "profile/heap/prof.h"

#include <math.h>
#include <stdlib.h>

enum { SITE_STEPS = 4, ALL_STEPS = 6, SPAN = 20, MANY = 30, ROUNDS_LEAST = 8 };

#define LIKE_ONE_BY_ONE 0.75 /* share of the rounds that as many independent samples would hit */
#define GAP_LEVEL       0.08
#define EARLY           (-1.3)
#define LATE            0.3 /* least share of the steps in the second half */

/** Memory of a site that is in use in one round. */
struct holding {
        uint64_t stack;
        uint32_t round; /**< from 0 */
        uint32_t site;
        uint64_t objects; /**< number of samples */
        double bytes;     /**< scaled */
};

/** One site over all rounds. */
struct course {
        double *objects;
        double *bytes;
        double *least; /**< objects in use in this round and in all later ones */
        double *scratch;
        size_t n;
        size_t first; /**< earlier rounds are the start */
        size_t end;   /**< what is new in later rounds is too young to be judged */
};

static int compare_holdings(const void *a, const void *b)
{
        const struct holding *x = a;
        const struct holding *y = b;
        int order = (x->stack > y->stack) - (x->stack < y->stack);
        return order != 0 ? order : (x->round > y->round) - (x->round < y->round);
}

/** Collect all memory in use, by stack and round. @return NULL when memory is out. */
static struct holding *collect(const struct dump_set *set, const struct run *dumps, size_t *n)
{
        size_t most = 1;
        for (size_t i = 0; i < dumps->n; i++) {
                most += set->dumps[dumps->order[i]].n;
        }
        struct holding *all = prof_alloc(STAGE_MAIN, most * sizeof *all);
        *n = 0;
        for (size_t i = 0; all != NULL && i < dumps->n; i++) {
                const struct dump_set_dump *d = &set->dumps[dumps->order[i]];
                for (size_t k = d->first; k < d->first + d->n; k++) {
                        const struct dump_set_figure *f = &set->figures[k];
                        double objects;
                        struct holding h = {.stack = set->sites[f->site].stack,
                                            .round = (uint32_t)i,
                                            .site = f->site,
                                            .objects = dump_set_samples(d, f->live, f->live_bytes)};
                        if (f->live > 0) {
                                dump_set_scaled(d, f->live, f->live_bytes, &objects, &h.bytes);
                                all[(*n)++] = h;
                        }
                }
        }
        if (all != NULL && *n > 0) {
                qsort(all, *n, sizeof *all, compare_holdings);
        }
        return all;
}

static void lay_out(struct course *c, const struct holding *h, size_t n)
{
        for (size_t k = 0; k < c->n; k++) {
                c->objects[k] = c->bytes[k] = 0;
        }
        for (size_t i = 0; i < n; i++) {
                c->objects[h[i].round] += (double)h[i].objects;
                c->bytes[h[i].round] += h[i].bytes;
        }
        for (size_t k = c->n; k-- > 0;) {
                double after = k + 1 < c->n ? c->least[k + 1] : c->objects[k];
                c->least[k] = c->objects[k] < after ? c->objects[k] : after;
        }
}

static bool never_less(const struct course *c)
{
        for (size_t k = c->first + 1; k < c->n; k++) {
                if (c->objects[k] < c->objects[k - 1]) {
                        return false;
                }
        }
        return true;
}

/** Whether the rounds with growth are spread like those of a leak. @p steps: growth in each round; @p least: how many rounds
 *  with growth are required. */
static bool is_spread(const double *steps, const struct course *c, size_t least)
{
        double all = 0;
        double n = 0;
        double mean = 0;
        double late = 0;
        size_t first = 0;
        size_t last = 0;
        double length = (double)(c->end - c->first);
        for (size_t k = c->first; k <= c->end; k++) {
                if (steps[k] > 0) {
                        first = n > 0 ? first : k;
                        last = k;
                        mean += ((double)(k - c->first)) / length;
                        all += steps[k];
                        late += 2 * k > c->first + c->end;
                        n++;
                }
        }
        if (n < (double)least || last - first < SPAN) {
                return false;
        }
        /* the last one is recent; they are not in a few rounds; they are not mostly early */
        return (double)(c->end - last) <= (1 - pow(GAP_LEVEL, 1 / n)) * length &&
               n >= LIKE_ONE_BY_ONE * length * (1 - exp(-all / length)) &&
               (mean / n - 0.5) * sqrt(12 * n) >= EARLY && late >= LATE * n;
}

/** The slope with its interval, from the uncertainty of the number of samples (Byar). */
static void find_slope(const struct course *c, struct explain_site *s)
{
        double rounds = (double)(c->end - c->first);
        double n = (double)s->objects;
        double each = n > 0 ? s->grown / n : 0;
        s->slope = s->grown / rounds;
        if (n > 0) {
                double low = 1 - 1 / (9 * n) - 1.96 / (3 * sqrt(n));
                double high = 1 - 1 / (9 * (n + 1)) + 1.96 / (3 * sqrt(n + 1));
                s->low = low > 0 ? n * low * low * low * each / rounds : 0;
                s->high = (n + 1) * high * high * high * each / rounds;
        }
}

/** Write the steps of the site to c->scratch. @return its growth. */
static struct explain_site measure(const struct course *c, const struct holding *h)
{
        struct explain_site s = {.site = h->site, .first_seen = h->round + 1, .never_freed = never_less(c)};
        for (size_t k = 0; k < c->n; k++) {
                double step = k >= c->first && k > 0 && k <= c->end ? c->least[k] - c->least[k - 1] : 0;
                c->scratch[k] = step;
                s.events += step > 0;
                s.objects += (uint64_t)step;
        }
        double before = c->first > 0 ? c->bytes[c->first - 1] : c->bytes[0];
        double now = c->bytes[c->end];
        if (s.objects > 0 && c->objects[c->end] > 0) {
                s.grown = (double)s.objects * now / c->objects[c->end];
        } else if (now > before) {
                s.grown = now - before;
        }
        find_slope(c, &s);
        return s;
}

static void rank(struct growing_sites *h, const struct explain_site *s)
{
        size_t at = h->n_worst;
        while (at > 0 && (s->sure > h->worst[at - 1].sure ||
                          (s->sure == h->worst[at - 1].sure && s->grown > h->worst[at - 1].grown))) {
                at--;
        }
        if (at == EXPLAIN_SITES) {
                return;
        }
        for (size_t i = h->n_worst < EXPLAIN_SITES ? h->n_worst : EXPLAIN_SITES - 1; i > at; i--) {
                h->worst[i] = h->worst[i - 1];
        }
        h->worst[at] = *s;
        h->n_worst += h->n_worst < EXPLAIN_SITES;
}

/** With many samples in use, their course is judged like that of any other figure. */
static bool rises_by_course(const struct course *c, struct explain_site *s, size_t tests, double *wide)
{
        double mean = 0;
        size_t half = c->n / 2;
        for (size_t k = half; k < c->n; k++) {
                mean += c->objects[k] / (double)(c->n - half);
        }
        if (mean < MANY) {
                return false;
        }
        struct steady_ask ask = {.bound = 1024, .tests = tests};
        struct steady course = steady_rise(c->bytes, c->n, &ask, wide);
        if (course.rises) {
                s->slope = course.slope;
                s->low = course.low;
                s->high = course.high;
                s->grown = course.slope * (double)course.window;
        }
        return course.rises;
}

struct finding {
        struct growing_sites *found;
        struct course course;
        double *all; /**< sum of the steps of all sites that never free */
        double *wide;
        size_t stacks;
        double grown;
};

static void add_site(struct finding *f, const struct holding *h, size_t n)
{
        struct course *c = &f->course;
        if (h[n - 1].round + 1 < c->n) { /* it has nothing in use any more */
                return;
        }
        lay_out(c, h, n);
        struct explain_site s = measure(c, h);
        if (s.never_freed && s.events > 0) {
                for (size_t k = 0; k < c->n; k++) {
                        f->all[k] += c->scratch[k];
                }
                f->grown += s.grown;
                s.sure = is_spread(c->scratch, c, SITE_STEPS);
        }
        s.sure = s.sure || rises_by_course(c, &s, f->stacks, f->wide);
        if (s.grown > 0) {
                rank(f->found, &s);
        }
}

static void conclude(struct finding *f)
{
        struct growing_sites *h = f->found;
        h->site_rises = h->n_worst > 0 && h->worst[0].sure;
        h->all_rise = is_spread(f->all, &f->course, ALL_STEPS);
        h->grown = h->site_rises ? h->worst[0].grown : f->grown;
        for (size_t k = 0; k < f->course.n; k++) {
                h->steps += f->all[k] > 0;
                h->newest = f->all[k] > 0 ? k + 1 : h->newest;
        }
}

bool growing_sites_find(struct growing_sites *h, const struct explain_run *run, const struct dump_set *set,
                        const struct run *dumps, size_t since)
{
        size_t n = run->n_rounds;
        size_t n_all;
        *h = (struct growing_sites){.n_worst = 0};
        if (n < ROUNDS_LEAST) {
                return true;
        }
        struct holding *all = collect(set, dumps, &n_all);
        double *scratch = prof_calloc(STAGE_MAIN, 5 * n + STEADY_SCRATCH, sizeof *scratch);
        if (all == NULL || scratch == NULL) {
                prof_free(all);
                prof_free(scratch);
                return false;
        }
        size_t stay = n / 10 > 3 ? n / 10 : 3;
        struct finding f = {.found = h,
                            .course = {scratch, scratch + n, scratch + 2 * n, scratch + 3 * n, n,
                                       since > 1 ? since : 1, n - stay},
                            .all = scratch + 4 * n,
                            .wide = scratch + 5 * n};
        for (size_t i = 0; i < n_all; i++) {
                f.stacks += i == 0 || all[i].stack != all[i - 1].stack;
        }
        for (size_t i = 0, next = 0; i < n_all; i = next) {
                while (next < n_all && all[next].stack == all[i].stack) {
                        next++;
                }
                add_site(&f, all + i, next - i);
        }
        conclude(&f);
        prof_free(all);
        prof_free(scratch);
        return true;
}
