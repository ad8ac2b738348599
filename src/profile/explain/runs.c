#include "profile/explain/runs.h"

#include "profile/heap/prof.h"

#include <stdlib.h>

/* --- one dump after another --------------------------------------------------------------------------------------------------- */

enum fit { FITS_NOT, MAY_FIT, FITS };

/** Whether the rings of pauses show that both are of one process. */
static enum fit compare_pauses(const struct dump_set_dump *a, const struct dump_set_dump *b)
{
        uint64_t n = a->stats[STAT_NUM_GC];
        if (a->pauses == NULL || b->pauses == NULL || n == 0 || b->stats[STAT_NUM_GC] < n ||
            b->stats[STAT_NUM_GC] - n >= DUMP_PAUSES) {
                return MAY_FIT;
        }
        size_t at = (size_t)((n + DUMP_PAUSES - 1) % DUMP_PAUSES);
        return a->pauses[at] == b->pauses[at] ? FITS : FITS_NOT;
}

/** Whether each record of @p a is in @p b, with at least as many allocations. For dumps of live memory only: whether they share one. */
static bool has_records(const struct dump_set *s, const struct dump_set_dump *a,
                        const struct dump_set_dump *b)
{
        const struct dump_set_figure *x = s->figures + a->first;
        const struct dump_set_figure *y = s->figures + b->first;
        size_t j = 0;
        size_t shared = 0;
        bool living = a->header.living || b->header.living;
        for (size_t i = 0; i < a->n; i++) {
                while (j < b->n && y[j].site < x[i].site) {
                        j++;
                }
                bool there = j < b->n && y[j].site == x[i].site;
                shared += there;
                if (!living && (!there || y[j].allocs < x[i].allocs)) {
                        return false;
                }
        }
        return !living || shared > 0 || a->n == 0 || b->n == 0;
}

/** Whether @p b can be a later dump of the process of @p a. */
static enum fit follows(const struct dump_set *s, const struct dump_set_dump *a,
                        const struct dump_set_dump *b)
{
        static const enum dump_set_stat rising[] = {STAT_TOTAL_ALLOC, STAT_MALLOCS,   STAT_FREES,
                                                    STAT_NUM_GC,      STAT_FORCED_GC, STAT_STATEMENTS};
        if (a->header.living != b->header.living || a->header.scaled != b->header.scaled ||
            a->has_gc != b->has_gc) {
                return FITS_NOT;
        }
        for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
                if (a->stats[rising[i]] > b->stats[rising[i]]) {
                        return FITS_NOT;
                }
        }
        enum fit fit = compare_pauses(a, b);
        return fit != FITS_NOT && has_records(s, a, b) ? fit : FITS_NOT;
}

/* --- the order -------------------------------------------------------------------------------------------------------------------- */

struct key {
        uint64_t group; /**< order of the file, where there are no times */
        uint64_t wall;  /**< ns since 1970 */
        uint64_t total;
        uint64_t allocs;
        uint32_t index;
};

static int compare_numbers(uint64_t x, uint64_t y)
{
        return (x > y) - (x < y);
}

static int compare_keys(const void *a, const void *b)
{
        const struct key *x = a;
        const struct key *y = b;
        int order = compare_numbers(x->group, y->group);
        order = order != 0 ? order : compare_numbers(x->wall, y->wall);
        order = order != 0 ? order : compare_numbers(x->total, y->total);
        order = order != 0 ? order : compare_numbers(x->allocs, y->allocs);
        return order != 0 ? order : compare_numbers(x->index, y->index);
}

static uint64_t wall_of(const struct dump_set_dump *d)
{
        return d->header.time_ns > 0 ? d->header.time_ns : d->stats[STAT_LAST_GC];
}

/** Before its first collection a process has no time; then a time just before that of the next dump in the file is taken. */
static bool take_times(const struct dump_set *s, struct key *keys)
{
        bool all = true;
        for (size_t i = s->n_dumps; i-- > 0;) {
                const struct dump_set_dump *d = &s->dumps[i];
                keys[i].wall = wall_of(d);
                if (keys[i].wall == 0 && i + 1 < s->n_dumps && d[1].file == d->file && keys[i + 1].wall > 0 &&
                    d[1].stats[STAT_TOTAL_ALLOC] >= d->stats[STAT_TOTAL_ALLOC]) {
                        keys[i].wall = keys[i + 1].wall - 1;
                }
                all = all && keys[i].wall > 0;
        }
        return all;
}

/** Sort the files by the counts in their first dumps; the order within a file stays. */
static void order_files(const struct dump_set *s, struct key *keys)
{
        uint64_t counted = 0;
        for (size_t i = 0; i < s->n_dumps; i++) {
                const struct dump_set_dump *d = &s->dumps[i];
                if (i == 0 || d[-1].file != d->file) {
                        counted = d->stats[STAT_TOTAL_ALLOC] > 0 ? d->stats[STAT_TOTAL_ALLOC]
                                  : d->header.living             ? d->file
                                                                 : d->allocs;
                }
                keys[i] = (struct key){.group = counted, .wall = d->file, .total = i, .index = (uint32_t)i};
        }
}

static void make_keys(const struct dump_set *s, struct key *keys)
{
        bool timed = take_times(s, keys);
        for (size_t i = 0; timed && i < s->n_dumps; i++) {
                const struct dump_set_dump *d = &s->dumps[i];
                keys[i].group = 0;
                keys[i].total = d->stats[STAT_TOTAL_ALLOC];
                keys[i].allocs = d->allocs;
                keys[i].index = (uint32_t)i;
        }
        if (!timed) {
                order_files(s, keys);
        }
        qsort(keys, s->n_dumps, sizeof *keys, compare_keys);
}

/* --- the same dump twice ------------------------------------------------------------------------------------------------------- */

static int compare_contents(const void *a, const void *b)
{
        const struct key *x = a;
        const struct key *y = b;
        int order = compare_numbers(x->group, y->group);
        return order != 0 ? order : compare_numbers(x->index, y->index);
}

/** Mark dumps that are there twice. Dumps with a time or with the total of all allocations are never equal by chance. */
static uint64_t mark_twice(struct dump_set *s, struct key *keys)
{
        uint64_t twice = 0;
        for (size_t i = 0; i < s->n_dumps; i++) {
                keys[i] = (struct key){.group = s->dumps[i].content, .index = (uint32_t)i};
        }
        qsort(keys, s->n_dumps, sizeof *keys, compare_contents);
        for (size_t i = 1; i < s->n_dumps; i++) {
                struct dump_set_dump *d = &s->dumps[keys[i].index];
                bool sure = d->stats[STAT_TOTAL_ALLOC] > 0 || d->header.time_ns > 0;
                d->twice = sure && keys[i - 1].group == keys[i].group;
                twice += d->twice;
        }
        return twice;
}

/* --- runs --------------------------------------------------------------------------------------------------------------------------- */

/** The run that dump @p d continues, the newest if there are several; r->n if it begins a new one. @p last: the newest dump of each. */
static size_t find_run(const struct runs *r, const struct dump_set *s, const uint32_t *last, size_t *newest,
                       const struct dump_set_dump *d)
{
        size_t best = r->n;
        enum fit fit = FITS_NOT;
        for (size_t i = 0; i < r->n && fit != FITS; i++) {
                size_t run =
                    (*newest + r->n - i) % r->n; /* the one that was continued last is the most likely */
                enum fit this = follows(s, &s->dumps[last[run]], d);
                if (this > fit) {
                        fit = this;
                        best = run;
                }
        }
        *newest = best;
        return best;
}

/** Whether they have half of their places in common. */
static bool is_same_program(const struct dump_set *s, const struct dump_set_dump *a,
                            const struct dump_set_dump *b)
{
        const struct dump_set_figure *x = s->figures + a->first;
        const struct dump_set_figure *y = s->figures + b->first;
        size_t n = a->n < 64 ? a->n : 64;
        size_t m = b->n < 1024 ? b->n : 1024;
        size_t common = 0;
        for (size_t i = 0; i < n; i++) {
                size_t j = 0;
                while (j < m && s->sites[y[j].site].names != s->sites[x[i].site].names) {
                        j++;
                }
                common += j < m;
        }
        return 2 * common >= (n < m ? n : m);
}

/** Assign each dump to a run, in the order of @p keys. */
static void assign(struct runs *r, struct dump_set *s, const struct key *keys)
{
        uint32_t last[RUNS_MAX] = {0};
        size_t newest = 0;
        for (size_t i = 0; i < s->n_dumps; i++) {
                struct dump_set_dump *d = &s->dumps[keys[i].index];
                d->run = RUNS_MAX;
                if (d->twice) {
                        continue;
                }
                size_t run = find_run(r, s, last, &newest, d);
                if (run == r->n && r->n == RUNS_MAX) {
                        newest = 0;
                        r->strays++;
                        continue;
                }
                r->n += run == r->n;
                d->run = (uint32_t)run;
                last[run] = keys[i].index;
                r->runs[run].n++;
        }
        for (size_t run = 0; run < r->n; run++) {
                r->runs[run].same_program =
                    run > 0 && is_same_program(s, &s->dumps[last[run - 1]], &s->dumps[last[run]]);
        }
}

enum status runs_find(struct runs *r, struct dump_set *s)
{
        size_t n = s->n_dumps;
        struct key *keys = prof_calloc(STAGE_MAIN, n + 1, sizeof *keys);
        *r = (struct runs){.order = prof_calloc(STAGE_MAIN, n + 1, sizeof *r->order),
                           .runs = prof_calloc(STAGE_MAIN, RUNS_MAX, sizeof *r->runs)};
        if (keys == NULL || r->order == NULL || r->runs == NULL) {
                prof_free(keys);
                runs_fini(r);
                return STATUS_NOMEM;
        }
        r->twice = mark_twice(s, keys);
        make_keys(s, keys);
        assign(r, s, keys);
        size_t at[RUNS_MAX] = {0}; /* where the next dump of each goes */
        for (size_t run = 0, end = 0; run < r->n; run++) {
                at[run] = end;
                end += r->runs[run].n;
                r->runs[run].order = r->order + at[run];
        }
        for (size_t i = 0; i < n; i++) {
                const struct dump_set_dump *d = &s->dumps[keys[i].index];
                if (d->run < RUNS_MAX) {
                        r->order[at[d->run]++] = keys[i].index;
                }
        }
        prof_free(keys);
        return STATUS_OK;
}

void runs_fini(struct runs *r)
{
        prof_free(r->order);
        prof_free(r->runs);
        *r = (struct runs){.n = 0};
}
