#include "profile/explain.h"

#include "profile/prof.h"

#include <stdlib.h>
#include <string.h>

#define SURE 0.01

enum { ROUNDS_TO_TELL = 8, TREND_READINGS = 1000 };

void explain_init(struct explain *e)
{
        *e = (struct explain){.n_slots = 0};
}

void explain_fini(struct explain *e)
{
        prof_free(e->rounds);
        prof_free(e->births);
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

/** The place of @p key: its index + 1, or 0 if it is new. */
static uint32_t *find(const struct explain *e, uint64_t key)
{
        size_t at = key % e->n_slots;
        while (e->slots[at] != 0 && e->births[e->slots[at] - 1].key != key) {
                at = (at + 1) % e->n_slots;
        }
        return &e->slots[at];
}

/** Fill the slots anew. */
static void index_births(struct explain *e)
{
        if (e->n_slots == 0) {
                return;
        }
        memset(e->slots, 0, e->n_slots * sizeof *e->slots);
        for (size_t i = 0; i < e->n_births; i++) {
                *find(e, e->births[i].key) = (uint32_t)(i + 1);
        }
}

/** Room for one more record, its slot included; a half of the slots stays free. */
static bool make_room(struct explain *e)
{
        if (!grow((void **)&e->births, e->n_births, &e->births_size, sizeof *e->births)) {
                return false;
        }
        if (2 * e->n_births < e->n_slots) {
                return true;
        }
        size_t n = e->n_slots > 0 ? 2 * e->n_slots : 1024;
        uint32_t *slots = prof_alloc(STAGE_MAIN, n * sizeof *slots);
        if (slots == NULL) {
                return false;
        }
        prof_free(e->slots);
        e->slots = slots;
        e->n_slots = n;
        index_births(e);
        return true;
}

static uint64_t mix_span(uint64_t h, struct span s)
{
        h = mix(h, s.len);
        for (size_t i = 0; i < s.len; i++) {
                h = mix(h, s.data[i]);
        }
        return h;
}

static uint64_t hash_stack(const struct dump_record *r)
{
        uint64_t h = mix(1, r->depth + 1); /* 0 would stay 0 */
        for (size_t i = 0; i < r->depth; i++) {
                h = mix(h, r->stack[i]);
        }
        return h;
}

/** Go tells a record by stack and size; this proxy besides by stage, library, rate of sampling and the place
 * that the library named. */
static struct explain_birth birth_of(const struct explain *e, const struct dump_record *r)
{
        uint64_t size = r->overflow ? 0 : r->alloc_bytes / r->allocs;
        uint64_t stack = mix_span(hash_stack(r), r->site); /* which is its innermost frame */
        uint64_t key = mix_span(mix_span(mix(stack, size), r->stage), r->lib);
        key = mix_span(key, r->sample);
        return (struct explain_birth){.key = key,
                                      .round = (uint32_t)e->n_rounds,
                                      .size = size,
                                      .stack = stack,
                                      .stage = r->stage,
                                      .function = r->function,
                                      .place = r->place,
                                      .statement = r->birth};
}

/** The record of that key, made if it is new. @return NULL when memory is out. */
static struct explain_birth *take(struct explain *e, const struct explain_birth *b)
{
        if (!make_room(e)) {
                return NULL;
        }
        uint32_t *slot = find(e, b->key);
        if (*slot == 0) {
                e->births[e->n_births] = *b;
                *slot = (uint32_t)++e->n_births;
        }
        return &e->births[*slot - 1];
}

static void on_record(void *arg, const struct dump_record *r)
{
        struct explain *e = arg;
        if (e->failed) {
                return;
        }
        struct explain_round *round = &e->rounds[e->n_rounds - 1];
        if (r->allocs == 0) { /* Go shows what a collection has confirmed; the record is there before that */
                round->pending++;
                return;
        }
        struct explain_birth is = birth_of(e, r);
        struct explain_birth *b = take(e, &is);
        if (b == NULL) {
                e->failed = true;
                return;
        }
        if (b->seen != e->dumps) {
                b->earlier = b->allocs;
                b->allocs = 0;
                b->seen = e->dumps;
        }
        b->allocs += r->allocs;
        round->samples += r->allocs;
        round->live_bytes += r->live_bytes;
        round->live_objects += r->live;
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

/** What was before the round under way is of another process: nothing of it can be compared. Its records may have been at
 * the same addresses, so what counts is whether this dump has them. */
static void restart(struct explain *e)
{
        struct explain_round alone = e->rounds[e->n_rounds - 1];
        size_t kept = 0;
        for (size_t i = 0; i < e->n_births; i++) {
                if (e->births[i].seen == e->dumps) {
                        e->births[kept] = e->births[i];
                        e->births[kept++].round = 1;
                }
        }
        e->restarts++;
        e->n_births = kept;
        alone.records = kept;
        alone.births = 0;
        e->rounds[0] = alone;
        e->n_rounds = 1;
        index_births(e);
}

/** Records never go and never count back. @return whether the dump under way is of another process than the ones before. */
static bool is_other_process(const struct explain *e)
{
        for (size_t i = 0; i < e->before; i++) {
                const struct explain_birth *b = &e->births[i];
                if (b->seen != e->dumps || b->allocs < b->earlier) {
                        return true;
                }
        }
        return false;
}

/** The round under way is complete. @p before: the catch when it began. */
static void end_round(struct explain *e, const struct stat_catch *before)
{
        struct explain_round *r = &e->rounds[e->n_rounds - 1];
        uint64_t earlier = e->n_rounds > 1 ? r[-1].samples : 0;
        r->records = e->n_births;
        r->births = e->n_rounds > 1 ? e->n_births - r[-1].records : 0;
        if (is_other_process(e)) {
                restart(e);
        } else if (e->n_rounds > 2) {
                r->predicted = stat_births(before, (double)(r->samples - earlier));
        }
}

/** The dump under way is cut: it is no round, and what it alone had may be half an address. */
static void drop_round(struct explain *e)
{
        e->n_rounds--;
        for (size_t i = 0; i < e->before; i++) {
                struct explain_birth *b = &e->births[i];
                b->allocs = b->seen == e->dumps ? b->earlier : b->allocs;
        }
        if (e->n_births > e->before) {
                e->n_births = e->before;
                index_births(e);
        }
}

struct adding {
        struct explain *explain;
        struct stat_catch before;
};

static void on_dump(void *arg, const struct dump_header *header)
{
        struct adding *a = arg;
        struct explain *e = a->explain;
        a->before = caught(e);
        e->before = e->n_births;
        e->dumps++;
        e->sample_bytes = header->sample_bytes;
        if (!e->failed && grow((void **)&e->rounds, e->n_rounds, &e->rounds_size, sizeof *e->rounds)) {
                e->rounds[e->n_rounds++] = (struct explain_round){0};
        } else {
                e->failed = true;
        }
}

static void on_end(void *arg, bool whole)
{
        struct adding *a = arg;
        if (a->explain->failed) {
                return;
        }
        if (whole) {
                end_round(a->explain, &a->before);
        } else {
                drop_round(a->explain);
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
        const struct dump_sink sink = {&a, on_dump, on_added_record, on_figure, on_end};
        struct dump_troubles troubles = dump_read(text, &sink);
        e->troubles.records += troubles.records;
        e->troubles.deep += troubles.deep;
        e->troubles.cut += troubles.cut;
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

/** Source lines, sizes, stacks. */
static bool count_kinds(struct explain *e)
{
        uint64_t *keys = prof_calloc(STAGE_MAIN, e->n_births + 1, sizeof *keys);
        if (keys == NULL) {
                return false;
        }
        size_t n = 0;
        for (size_t i = 0; i < e->n_births; i++) {
                if (e->births[i].place.len > 0) {
                        keys[n++] = mix_span(0, e->births[i].place);
                }
        }
        e->places = count_different(keys, n);
        for (size_t i = 0; i < e->n_births; i++) {
                keys[i] = e->births[i].size;
        }
        e->sizes = count_different(keys, e->n_births);
        for (size_t i = 0; i < e->n_births; i++) {
                keys[i] = e->births[i].stack;
        }
        e->stacks = count_different(keys, e->n_births);
        prof_free(keys);
        return true;
}

/** Each reading is above the one before. Of n readings that is as likely as 2^-(n-1) even if each remembers all before
 * it, as a random walk does: surer than any test that has to guess how long they remember. */
static bool always_rises(const double *y, size_t n)
{
        for (size_t i = 1; i < n; i++) {
                if (y[i] <= y[i - 1]) {
                        return false;
                }
        }
        return n >= ROUNDS_TO_TELL;
}

/** One of the trends. Of many rounds the first half does not count: what fills there is no leak. Readings that a dump does
 * not tell are left out. @p room: for TREND_READINGS of them. */
static void add_trend(struct explain *e, bool exact, bool by_statements, double *room)
{
        size_t first = e->n_rounds >= 2 * ROUNDS_TO_TELL ? e->n_rounds / 2 : 0;
        size_t step = (e->n_rounds - first + TREND_READINGS - 1) / TREND_READINGS;
        double *x = room + (size_t)TREND_READINGS * (TREND_READINGS + 1) / 2;
        double *y = x + TREND_READINGS;
        size_t n = 0;
        for (size_t i = first; i < e->n_rounds; i += step) {
                const struct explain_round *r = &e->rounds[i];
                if ((!exact || r->heap_alloc > 0) && (!by_statements || r->statements > 0)) {
                        x[n] = by_statements ? (double)r->statements : (double)(i + 1);
                        y[n++] = exact ? (double)r->heap_alloc : (double)r->live_bytes;
                }
        }
        if (n < ROUNDS_TO_TELL || !(x[n - 1] > x[0])) {
                return;
        }
        double bound = by_statements ? 1 : (double)(exact ? 4096 : e->sample_bytes) / 4;
        struct explain_trend t = {exact, by_statements, bound, stat_trend(x, y, n, 0.95, room)};
        if (t.trend.known) {
                /* what warms up rises too, but ever less: a leak is more than the bound, all the way */
                bool sure = t.trend.p < SURE || always_rises(y, n);
                bool rises = sure && t.trend.slope_low > bound && y[n - 1] > y[n / 2] && y[n / 2] > y[0];
                e->trends[e->n_trends++] = t;
                e->verdict = rises                         ? EXPLAIN_RISING
                             : t.trend.slope_high <= bound ? EXPLAIN_FLAT
                                                           : EXPLAIN_UNSURE;
        }
}

/** Do live bytes rise? The exact ones by statement tell best, so they come last. */
static bool find_trends(struct explain *e)
{
        size_t size = (size_t)TREND_READINGS * (TREND_READINGS + 1) / 2 + 2 * (size_t)TREND_READINGS;
        double *room = e->n_rounds >= ROUNDS_TO_TELL ? prof_alloc(STAGE_MAIN, size * sizeof *room) : NULL;
        e->n_trends = 0;
        e->verdict = EXPLAIN_TOO_SHORT;
        if (room == NULL) {
                return e->n_rounds < ROUNDS_TO_TELL;
        }
        for (unsigned i = 0; i < EXPLAIN_TRENDS; i++) {
                add_trend(e, i / 2 == 1, i % 2 == 1, room);
        }
        prof_free(room);
        return true;
}

enum status explain_finish(struct explain *e)
{
        size_t told = 0;
        for (size_t i = 0; i < e->n_rounds; i++) {
                told += e->rounds[i].heap_alloc > 0;
        }
        e->exact = 2 * told > e->n_rounds;
        e->caught = caught(e);
        return !e->failed && count_kinds(e) && find_trends(e) ? STATUS_OK : STATUS_NOMEM;
}
