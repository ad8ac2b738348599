#include "profile/explain.h"

#include "profile/prof.h"

#include <stdlib.h>

enum { ROUNDS_TO_TELL = 8 };

void explain_init(struct explain *e)
{
        *e = (struct explain){.n_slots = 0};
}

void explain_fini(struct explain *e)
{
        prof_free(e->rounds);
        prof_free(e->births);
        prof_free(e->stack_keys);
        prof_free(e->slots);
        explain_init(e);
}

/** Room for one more in an array of @p n things. */
static bool grow(void **array, size_t n, size_t *size, size_t each)
{
        if (n < *size) {
                return true;
        }
        size_t bigger = *size > 0 ? 2 * *size : 64;
        void *moved = prof_realloc(STAGE_MAIN, *array, bigger * each);
        if (moved == NULL) {
                return false;
        }
        *array = moved;
        *size = bigger;
        return true;
}

/* --- records seen ---------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t value)
{
        h = (h ^ value) * 0x9e3779b97f4a7c15ULL;
        return h ^ h >> 29;
}

static bool rehash(struct explain *e)
{
        size_t n = e->n_slots > 0 ? 2 * e->n_slots : 1024;
        uint32_t *slots = prof_calloc(STAGE_MAIN, n, sizeof *slots);
        if (slots == NULL) {
                return false;
        }
        for (size_t i = 0; i < e->n_births; i++) {
                size_t at = e->births[i].key % n;
                while (slots[at] != 0) {
                        at = (at + 1) % n;
                }
                slots[at] = (uint32_t)(i + 1);
        }
        prof_free(e->slots);
        e->slots = slots;
        e->n_slots = n;
        return true;
}

/** The place of @p key: its index + 1, or 0 if it is new. */
static uint32_t *find(const struct explain *e, uint64_t key)
{
        size_t at = key % e->n_slots;
        while (e->slots[at] != 0 && e->births[e->slots[at] - 1].key != key) {
                at = (at + 1) % e->n_slots;
        }
        return &e->slots[at];
}

static bool bear(struct explain *e, const struct dump_record *r, uint64_t key, uint64_t stack)
{
        size_t size = e->births_size;
        if (!grow((void **)&e->births, e->n_births, &e->births_size, sizeof *e->births) ||
            !grow((void **)&e->stack_keys, e->n_births, &size, sizeof *e->stack_keys) ||
            (2 * e->n_births >= e->n_slots && !rehash(e))) {
                return false;
        }
        e->births[e->n_births] = (struct explain_birth){.key = key,
                                                        .round = (uint32_t)e->n_rounds,
                                                        .size = r->alloc_bytes / r->allocs,
                                                        .stage = r->stage,
                                                        .function = r->function,
                                                        .place = r->place,
                                                        .statement = r->birth};
        e->stack_keys[e->n_births] = stack;
        *find(e, key) = (uint32_t)++e->n_births;
        return true;
}

static void on_record(void *arg, const struct dump_record *r)
{
        struct explain *e = arg;
        if (r->allocs == 0 || e->failed) {
                return; /* a record without a sample says nothing */
        }
        struct explain_round *round = &e->rounds[e->n_rounds - 1];
        uint64_t stack = r->depth;
        for (size_t i = 0; i < r->depth; i++) {
                stack = mix(stack, r->stack[i]);
        }
        uint64_t key = mix(mix(stack, r->alloc_bytes / r->allocs), 1);
        for (size_t i = 0; i < r->stage.len; i++) {
                key = mix(key, r->stage.data[i]);
        }
        if ((e->n_slots == 0 && !rehash(e)) || (*find(e, key) == 0 && !bear(e, r, key, stack))) {
                e->failed = true;
                return;
        }
        e->births[*find(e, key) - 1].allocs = r->allocs;
        round->samples += r->allocs;
        round->live_bytes += r->live_bytes;
        round->live_records += r->live > 0;
}

/* --- rounds ------------------------------------------------------------------------------------------------------------ */

/** What was caught since the first dump of what that one did not have. */
static struct stat_catch caught(const struct explain *e)
{
        struct stat_catch c = {0};
        for (size_t i = 0; i < e->n_births; i++) {
                if (e->births[i].round > 1) {
                        stat_catch_add(&c, e->births[i].allocs);
                }
        }
        /* the effort is measured in all samples, not only in those of new records */
        c.samples = e->n_rounds > 1 ? e->rounds[e->n_rounds - 1].samples - e->rounds[0].samples : 0;
        return c;
}

/** The round under way is complete. @p before: the catch when it began. */
static void end_round(struct explain *e, const struct stat_catch *before)
{
        if (e->n_rounds == 0 || e->failed) {
                return;
        }
        struct explain_round *r = &e->rounds[e->n_rounds - 1];
        uint64_t earlier = e->n_rounds > 1 ? r[-1].samples : 0;
        r->records = e->n_births;
        r->births = e->n_rounds > 1 ? e->n_births - r[-1].records : 0;
        if (e->n_rounds > 1 && r->samples < earlier) {
                e->restarts++; /* of another process: nothing of before can be compared */
                struct explain_round alone = *r;
                size_t kept = 0;
                for (size_t i = 0; i < e->n_births; i++) {
                        if (e->births[i].round == e->n_rounds) {
                                e->births[kept] = e->births[i];
                                e->births[kept].round = 1;
                                e->stack_keys[kept++] = e->stack_keys[i];
                        }
                }
                e->n_births = kept;
                e->n_slots = 0;
                e->failed = !rehash(e);
                alone.records = kept;
                alone.births = 0;
                e->rounds[0] = alone;
                e->n_rounds = 1;
        } else if (e->n_rounds > 2) {
                r->predicted = stat_births(before, (double)(r->samples - earlier));
        }
}

struct adding {
        struct explain *explain;
        struct stat_catch before;
        bool within; /**< a dump of this text is under way */
};

static void on_dump(void *arg, const struct dump_header *header)
{
        struct adding *a = arg;
        struct explain *e = a->explain;
        if (a->within) {
                end_round(e, &a->before);
        }
        a->within = true;
        a->before = caught(e);
        e->sample_bytes = header->sample_bytes;
        if (!e->failed && grow((void **)&e->rounds, e->n_rounds, &e->rounds_size, sizeof *e->rounds)) {
                e->rounds[e->n_rounds++] = (struct explain_round){0};
        } else {
                e->failed = true;
        }
}

static void on_added_record(void *arg, const struct dump_record *r)
{
        struct adding *a = arg;
        on_record(a->explain, r);
}

static void on_figure(void *arg, const struct dump_figure *figure)
{
        struct adding *a = arg;
        if (a->explain->failed || a->explain->n_rounds == 0) {
                return;
        }
        struct explain_round *r = &a->explain->rounds[a->explain->n_rounds - 1];
        if (span_equal(figure->name, span_str("HeapAlloc"))) {
                r->heap_alloc = figure->value;
        } else if (span_equal(figure->name, span_str("RSS"))) {
                r->rss = figure->value;
        } else if (span_equal(figure->name, span_str("Statements"))) {
                r->statements = figure->value;
        }
}

enum status explain_add(struct explain *e, struct span text)
{
        struct adding a = {.explain = e};
        const struct dump_sink sink = {&a, on_dump, on_added_record, on_figure};
        struct dump_troubles troubles = dump_read(text, &sink);
        e->troubles.records += troubles.records;
        e->troubles.deep += troubles.deep;
        if (a.within) {
                end_round(e, &a.before);
        }
        return e->failed ? STATUS_NOMEM : STATUS_OK;
}

/* --- the end --------------------------------------------------------------------------------------------------------------- */

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

/** Stacks and source lines. */
static bool count_kinds(struct explain *e)
{
        uint64_t *keys = prof_calloc(STAGE_MAIN, e->n_births + 1, sizeof *keys);
        if (keys == NULL) {
                return false;
        }
        size_t n = 0;
        for (size_t i = 0; i < e->n_births; i++) {
                uint64_t h = 0;
                for (size_t j = 0; j < e->births[i].place.len; j++) {
                        h = mix(h, e->births[i].place.data[j]);
                }
                if (e->births[i].place.len > 0) {
                        keys[n++] = h;
                }
        }
        e->places = count_different(keys, n);
        for (size_t i = 0; i < e->n_births; i++) {
                keys[i] = e->stack_keys[i];
        }
        e->stacks = count_different(keys, e->n_births);
        prof_free(keys);
        return true;
}

/** Do live bytes rise? Of many rounds the first half does not count: what fills there is no leak. */
static bool find_trend(struct explain *e)
{
        size_t first = e->n_rounds >= 2 * ROUNDS_TO_TELL ? e->n_rounds / 2 : 0;
        size_t n = e->n_rounds - first;
        e->verdict = EXPLAIN_TOO_SHORT;
        if (n < ROUNDS_TO_TELL) {
                return true;
        }
        double *room = prof_calloc(STAGE_MAIN, n * (n + 1) / 2 + 2 * n, sizeof *room);
        if (room == NULL) {
                return false;
        }
        double *x = room + n * (n + 1) / 2;
        double *y = x + n;
        const struct explain_round *r = e->rounds + first;
        e->exact = true;
        e->by_statements = r[0].statements < r[n - 1].statements;
        for (size_t i = 0; i < n; i++) {
                e->exact = e->exact && r[i].heap_alloc > 0;
                e->by_statements = e->by_statements && r[i].statements > 0;
        }
        for (size_t i = 0; i < n; i++) {
                x[i] = e->by_statements ? (double)r[i].statements : (double)(first + i);
                y[i] = e->exact ? (double)r[i].heap_alloc : (double)r[i].live_bytes;
        }
        e->trend = stat_trend(x, y, n, 0.95, room);
        bool rises = e->trend.known && e->trend.p < 0.01 && e->trend.slope_low > 0 && y[n - 1] > y[n / 2] &&
                     y[n / 2] > y[0];
        double bound = e->by_statements ? 1 : (double)(e->exact ? 4096 : e->sample_bytes) / 4;
        e->verdict = !e->trend.known                ? EXPLAIN_TOO_SHORT
                     : rises                        ? EXPLAIN_RISING
                     : e->trend.slope_high <= bound ? EXPLAIN_FLAT
                                                    : EXPLAIN_UNSURE;
        prof_free(room);
        return true;
}

enum status explain_finish(struct explain *e)
{
        return !e->failed && count_kinds(e) && find_trend(e) ? STATUS_OK : STATUS_NOMEM;
}
