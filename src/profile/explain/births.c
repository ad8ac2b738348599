#include "profile/explain/births.h"

#include "profile/heap/prof.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES_MIN = 20, ROUNDS_MIN = 8, VARIETY_RECORDS = 500 };

#define VARIETY                                                                                              \
        0.7 /* share of new records with one sample only, from which on samples are said never to repeat */
#define SURPRISE_ALPHA 0.001

struct counting {
        struct explain_run *run;
        uint32_t *index; /**< by site: index of its birth + 1; 0 = none */
        size_t births_size;
        double
            residuals; /**< sum of the squared errors of the predictions so far, in units of their spread */
        size_t predictions;
};

/* --- what was caught ----------------------------------------------------------------------------------------------------------- */

/** The samples since the first dump of records that were not in it. */
static struct stat_catch caught(const struct explain_run *run)
{
        struct stat_catch c = {0};
        for (size_t i = 0; i < run->n_births; i++) {
                if (run->births[i].round > 1) {
                        stat_catch_add(&c, run->births[i].allocs);
                }
        }
        /* the effort is measured in all samples, not only those of new records */
        c.samples = run->n_rounds > 1 ? run->rounds[run->n_rounds - 1].samples - run->rounds[0].samples : 0;
        return c;
}

/** The same by rounds: in how many of them each record was sampled. */
static struct stat_catch caught_by_rounds(const struct explain_run *run)
{
        struct stat_catch c = {0};
        for (size_t i = 0; i < run->n_births; i++) {
                if (run->births[i].round > 1) {
                        stat_catch_add(&c, run->births[i].rounds);
                }
        }
        c.samples = run->n_rounds > 1 ? run->n_rounds - 1 : 0;
        return c;
}

/** Where all or many allocations are sampled, the samples of a record come in clumps, because each round repeats the same work
 *  many times. Then the samples are not independent, but the rounds are. */
static bool is_clumped(const struct explain_run *run)
{
        size_t rare = 0; /* records sampled in few rounds, which the prediction depends on */
        size_t clumps = 0;
        for (size_t i = 0; i < run->n_births; i++) {
                const struct explain_birth *b = &run->births[i];
                bool counts = b->round > 1 && b->rounds <= 3;
                rare += counts;
                clumps += counts && b->allocs >= 2 * (uint64_t)b->rounds;
        }
        return run->sample_bytes <= 1 || 2 * clumps > rare;
}

static struct stat_births predict(struct counting *c, uint64_t samples)
{
        const struct explain_run *run = c->run;
        struct stat_catch before = run->clumped ? caught_by_rounds(run) : caught(run);
        struct stat_births b = stat_births(&before, run->clumped ? 1 : (double)samples);
        if (c->predictions >= (run->clumped ? 1 : 4)) { /* widen the band by the errors so far */
                b = stat_births_wider(b, sqrt(c->residuals / (double)c->predictions));
        }
        return b;
}

/* --- rounds -------------------------------------------------------------------------------------------------------------------------- */

/** The birth of @p site, created if it is new. @return NULL when memory is out. */
static struct explain_birth *take(struct counting *c, uint32_t site)
{
        struct explain_run *run = c->run;
        if (c->index[site] == 0) {
                if (run->n_births == c->births_size) {
                        size_t bigger = c->births_size > 0 ? 2 * c->births_size : 64;
                        void *moved = prof_realloc(STAGE_MAIN, run->births, bigger * sizeof *run->births);
                        if (moved == NULL) {
                                return NULL;
                        }
                        run->births = moved;
                        c->births_size = bigger;
                }
                run->births[run->n_births] =
                    (struct explain_birth){.site = site, .round = (uint32_t)run->n_rounds};
                c->index[site] = (uint32_t)++run->n_births;
        }
        return &run->births[c->index[site] - 1];
}

static bool add_figure(struct counting *c, const struct dump_set_dump *d, const struct dump_set_figure *f)
{
        struct explain_round *r = &c->run->rounds[c->run->n_rounds - 1];
        struct explain_birth *b = take(c, f->site);
        double objects;
        double bytes;
        if (b == NULL) {
                return false;
        }
        uint64_t samples = dump_set_samples(d, f->allocs, f->alloc_bytes);
        b->rounds += samples > b->allocs;
        b->allocs = samples;
        r->live_records += f->live > 0 || f->live_bytes > 0;
        r->live_objects += f->live;
        r->live_bytes += f->live_bytes;
        dump_set_scaled(d, f->live, f->live_bytes, &objects, &bytes);
        r->in_use_objects += objects;
        r->in_use_bytes += bytes;
        dump_set_scaled(d, f->allocs, f->alloc_bytes, &objects, &bytes);
        r->alloc_objects += objects;
        r->alloc_bytes += bytes;
        return true;
}

static bool add_round(struct counting *c, const struct dump_set *set, const struct dump_set_dump *d)
{
        struct explain_run *run = c->run;
        uint64_t earlier = run->n_rounds > 0 ? run->rounds[run->n_rounds - 1].samples : 0;
        run->clumped = is_clumped(run);
        struct stat_births predicted = {.known = false};
        if (run->n_rounds > 1 && !run->living && d->allocs >= earlier) {
                predicted = predict(c, d->allocs - earlier);
        }
        size_t before = run->n_births;
        struct explain_round *r = &run->rounds[run->n_rounds++];
        *r = (struct explain_round){.pending = d->pending, .samples = d->allocs, .predicted = predicted};
        memcpy(r->stats, d->stats, sizeof r->stats);
        run->sample_bytes = d->header.sample_bytes;
        for (size_t i = d->first; i < d->first + d->n; i++) {
                if (!add_figure(c, d, &set->figures[i])) {
                        return false;
                }
        }
        r->records = run->n_births;
        r->births = run->n_rounds > 1 ? run->n_births - before : 0;
        if (predicted.known) {
                double off =
                    ((double)r->births - predicted.expected) / (predicted.spread > 0 ? predicted.spread : 1);
                c->residuals += off * off;
                c->predictions++;
                run->known++;
                run->held += (double)r->births >= predicted.low && (double)r->births <= predicted.high;
        }
        return true;
}

/* --- the answer ----------------------------------------------------------------------------------------------------------------------- */

/** Whether a round has more births than chance explains, given that the test is repeated with each round. */
static bool surprises(const struct explain_run *run, const struct explain_round *r)
{
        double n = (double)run->n_rounds;
        double mean = r->predicted.expected + r->predicted.spread;
        return r->predicted.known && (double)r->births > r->predicted.high &&
               stat_poisson_at_least(mean > 0.5 ? mean : 0.5, r->births) < SURPRISE_ALPHA * 8 / (n * (n + 1));
}

static void judge(struct explain_run *run)
{
        const struct explain_round *last = &run->rounds[run->n_rounds - 1];
        size_t recent = run->n_rounds - run->n_rounds / 3;
        uint64_t births = last->records - run->rounds[recent > 0 ? recent - 1 : 0].records;
        run->suspect = UINT32_MAX;
        if (run->living || run->n_rounds < ROUNDS_MIN || last->samples < SAMPLES_MIN || run->known == 0) {
                run->records = RECORDS_WARMING;
                return;
        }
        if (run->caught.records >= VARIETY_RECORDS &&
            (double)run->caught.f[1] >= VARIETY * (double)run->caught.records) {
                run->records = RECORDS_UNBOUNDED_STACKS;
                return;
        }
        for (size_t i = recent; i < run->n_rounds; i++) {
                if (surprises(run, &run->rounds[i])) {
                        run->records = RECORDS_NEW_PATH;
                        run->suspect = (uint32_t)(run->rounds[i].records - run->rounds[i].births);
                        return;
                }
        }
        run->records = births > 0 || last->predicted.expected >= 0.5 ? RECORDS_DISCOVERING : RECORDS_STABLE;
}

static int compare_keys(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

static size_t count_different(uint64_t *keys, size_t n)
{
        size_t different = 0;
        qsort(keys, n, sizeof *keys, compare_keys);
        for (size_t i = 0; i < n; i++) {
                different += i == 0 || keys[i] != keys[i - 1];
        }
        return different;
}

/** Count the different source lines, sizes and stacks. */
static bool count_kinds(struct explain_run *run, const struct dump_set *set)
{
        uint64_t *keys = prof_calloc(STAGE_MAIN, run->n_births + 1, sizeof *keys);
        if (keys == NULL) {
                return false;
        }
        for (unsigned kind = 0; kind < 3; kind++) {
                size_t n = 0;
                for (size_t i = 0; i < run->n_births; i++) {
                        const struct dump_set_site *site = &set->sites[run->births[i].site];
                        uint64_t place = 1;
                        for (size_t c = 0; kind == 2 && c < site->place.len; c++) {
                                place = dump_set_mix(place, site->place.data[c]);
                        }
                        if (kind < 2 || site->place.len > 0) {
                                keys[n++] = kind == 0 ? site->stack : kind == 1 ? site->size : place;
                        }
                }
                size_t *const counts[] = {&run->stacks, &run->sizes, &run->places};
                *counts[kind] = count_different(keys, n);
        }
        prof_free(keys);
        return true;
}

bool births_find(struct explain_run *run, const struct dump_set *set, const struct run *dumps)
{
        struct counting c = {.run = run};
        c.index = prof_calloc(STAGE_MAIN, set->n_sites + 1, sizeof *c.index);
        run->rounds = prof_calloc(STAGE_MAIN, dumps->n + 1, sizeof *run->rounds);
        bool ok = c.index != NULL && run->rounds != NULL;
        size_t exact = 0;
        run->living = set->dumps[dumps->order[0]].header.living;
        for (size_t i = 0; ok && i < dumps->n; i++) {
                const struct dump_set_dump *d = &set->dumps[dumps->order[i]];
                ok = add_round(&c, set, d);
                exact += d->stats[STAT_HEAP_ALLOC] > 0;
        }
        prof_free(c.index);
        if (!ok || !count_kinds(run, set)) {
                return false;
        }
        run->exact = 2 * exact > run->n_rounds;
        run->caught = caught(run);
        judge(run);
        return true;
}
