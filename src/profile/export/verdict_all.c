#include "profile/export/verdict_all.h"

#include "profile/export/growth.h"
#include "profile/export/series.h"
#include "profile/heap/record.h"
#include "profile/heap/scale.h"
#include "profile/heap/thread.h"

#include <math.h>
#include <stdlib.h>

enum {
        WINDOWS = 30,     /* most points of the series of the resident size */
        WINDOWS_MIN = 12, /* fewer points do not show a trend */
        SAMPLES_MIN = 20, /* with fewer samples records are not judged */
        VARIETY_RECORDS = 500,
        RSS_GROWTH = 1 << 20, /* less is noise */
};

/* Strict, because the test is repeated with each reading, and a false alarm costs trust. */
#define RSS_ALPHA      0.0001
#define SURPRISE_ALPHA 0.001
#define VARIETY        0.7 /* f1 / S at least, if samples never repeat */

/* --- records --------------------------------------------------------------------------------------------------------- */

static int compare_hashes(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

static uint64_t hash_stack(const struct prof_record *r)
{
        uint64_t h = r->depth;
        for (const char *p = r->site; *p != '\0'; p++) {
                h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
        }
        for (unsigned i = 0; i < r->depth; i++) {
                h = (h ^ r->stack[i]) * 0x9e3779b97f4a7c15ULL;
                h ^= h >> 29;
        }
        return h;
}

/** Count the records, stacks and live records of each stage. @p hashes: an array with a place for each record. */
static void count_records(struct verdict out[STAGE_COUNT + 1], uint64_t *hashes, uint32_t records)
{
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                struct prof_record r;
                size_t n = 0;
                for (uint32_t id = 1; id <= records; id++) {
                        if (prof_record_get(id, &r) && (stage == STAGE_COUNT || r.stage == stage)) {
                                out[stage].live += r.allocs > r.frees;
                                hashes[n++] = hash_stack(&r);
                        }
                }
                qsort(hashes, n, sizeof *hashes, compare_hashes);
                out[stage].records = (uint32_t)n;
                for (size_t i = 0; i < n; i++) {
                        out[stage].stacks += i == 0 || hashes[i] != hashes[i - 1];
                }
        }
}

/** The predictive record (record.h) of the stage that was created after @p before others. */
static uint32_t find_born(unsigned stage, uint32_t before)
{
        struct prof_record r;
        for (uint32_t id = 1; prof_record_get(id, &r); id++) {
                if (prof_record_is_predictive(&r, (enum prof_stage)stage) && before-- == 0) {
                        return id;
                }
        }
        return 0;
}

/** Predict from the earliest point after which at most half as many samples came as before it, at the same rate. */
static void predict(unsigned stage, struct verdict *v)
{
        unsigned tier = series_tier_of_all();
        size_t points = series_length(tier);
        struct series_point now;
        if (points == 0 || !series_get(tier, stage, points - 1, &now) || now.samples < SAMPLES_MIN) {
                return;
        }
        struct series_point then = now;
        for (size_t i = 0; i < points; i++) {
                (void)series_get(tier, stage, i, &then);
                if (then.since == now.since && then.samples * 3 >= now.samples * 2 && then.statements > 0) {
                        break;
                }
        }
        struct stat_catch catch = series_catch(&then);
        struct stat_births b = stat_births(&catch, (double)(now.samples - then.samples));
        v->seconds = (double)(now.wall_ns - then.wall_ns) / 1e9;
        v->births = now.records - then.records;
        v->predicted = b.known;
        v->expected = b.expected;
        v->low = b.low;
        v->high = b.high;
        v->surprise = stat_poisson_at_least(b.expected > 0.05 ? b.expected : 0.05, v->births);
        catch = series_catch(&now);
        v->unseen = stat_unseen(&catch);
        v->coverage = stat_coverage(&catch);
        v->exponent = now.records > 0 ? (double)now.f[0] / now.records : 0;
        v->born = v->births > 0 ? find_born(stage, then.records) : 0;
}

static bool never_repeats(unsigned stage)
{
        unsigned tier = series_tier_of_all();
        struct series_point now;
        size_t points = series_length(tier);
        return points > 0 && series_get(tier, stage, points - 1, &now) && now.records >= VARIETY_RECORDS &&
               now.f[0] >= VARIETY * now.records;
}

/** The record of the stage with the most live bytes: it may be that of the leak, if that was sampled. */
static uint32_t find_holding(unsigned stage)
{
        struct prof_record r;
        int64_t most = 0;
        uint32_t found = 0;
        for (uint32_t id = 1; prof_record_get(id, &r); id++) {
                int64_t held =
                    scale_samples(r.allocs - r.frees, r.bytes_alloc - r.bytes_free, r.sample_bytes).bytes;
                if (r.stage == stage && r.born_statement > 0 && held > most) {
                        most = held;
                        found = id;
                }
        }
        return found;
}

static enum records_kind judge_records(unsigned stage, const struct verdict *v)
{
        if (never_repeats(stage)) {
                return RECORDS_UNBOUNDED_STACKS;
        }
        if (!v->predicted) {
                return RECORDS_WARMING;
        }
        if (v->births > v->high && v->surprise < SURPRISE_ALPHA) {
                return RECORDS_NEW_PATH;
        }
        return v->births > 0 || v->expected >= 0.5 ? RECORDS_DISCOVERING : RECORDS_STABLE;
}

/* --- bytes ----------------------------------------------------------------------------------------------------------- */

static void judge_bytes(enum prof_stage stage, struct verdict *v)
{
        const struct bytes *b = growth_of(stage);
        v->store = STORE_COUNT;
        if (b == NULL) {
                v->doubt = DOUBT_READINGS;
                return;
        }
        v->bytes = b->kind;
        v->readings = b->readings;
        v->rise = b->kind == BYTES_CANT_TELL ? b->last : b->found;
        v->doubt = b->looks == 0 ? DOUBT_READINGS : b->last.doubt;
        v->search = suspect_of(stage);
        if (v->bytes == BYTES_FILLING) {
                v->store = growth_fullest(stage, &v->stored);
        }
        if (v->bytes == BYTES_RISES) {
                v->suspect = v->search.record != 0 ? v->search.record : find_holding(stage);
        }
}

/** Whether the resident size rises although the stages do not; then it is malloc's arenas, or memory that no stage owns. */
static bool rss_rises(double *scratch)
{
        unsigned tier = series_tier_of_all();
        size_t points = series_length(tier);
        double x[WINDOWS];
        double y[WINDOWS];
        size_t n = 0;
        for (size_t i = 0; i < WINDOWS && points / 2 >= WINDOWS_MIN; i++) {
                struct series_point p;
                if (series_get(tier, SERIES_WHOLE, points / 2 + i * (points - points / 2 - 1) / (WINDOWS - 1),
                               &p)) {
                        x[n] = (double)p.wall_ns;
                        y[n++] = (double)p.rss;
                }
        }
        struct stat_trend t = {0};
        if (n == WINDOWS) {
                t = stat_trend(x, y, n, 0.95, scratch);
        }
        return t.known && t.p < RSS_ALPHA && t.slope_low * (x[n - 1] - x[0]) > RSS_GROWTH;
}

/** The worst verdict on any stage; of several that rise, the one that rises most. */
static void judge_process(struct verdict out[STAGE_COUNT + 1], double *scratch)
{
        static const unsigned worse[BYTES_KINDS] = {[BYTES_FLAT] = 0,
                                                    [BYTES_LEVELS_OFF] = 1,
                                                    [BYTES_FILLING] = 2,
                                                    [BYTES_CANT_TELL] = 3,
                                                    [BYTES_RISES] = 4};
        struct verdict *v = &out[STAGE_COUNT];
        v->bytes = BYTES_FLAT;
        v->rising = STAGE_COUNT;
        v->store = STORE_COUNT;
        for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
                const struct verdict *s = &out[stage];
                bool more = v->rising < STAGE_COUNT && s->bytes == v->bytes &&
                            s->rise.growth > out[v->rising].rise.growth;
                v->readings = s->readings;
                if (worse[s->bytes] > worse[v->bytes] || more) {
                        v->bytes = s->bytes;
                        v->rising = stage;
                }
        }
        bool decided = v->bytes != BYTES_RISES && v->bytes != BYTES_CANT_TELL;
        v->suspect = v->bytes == BYTES_RISES ? out[v->rising].suspect : 0;
        v->search = v->bytes == BYTES_RISES ? out[v->rising].search : (struct suspect){0};
        v->resident = decided && rss_rises(scratch);
}

/* --- both ------------------------------------------------------------------------------------------------------------ */

static enum verdict_kind join(unsigned stage, const struct verdict *v)
{
        static const enum verdict_kind of_records[RECORDS_KINDS] = {
            VERDICT_WARMING, VERDICT_STABLE, VERDICT_DISCOVERING, VERDICT_NEW_PATH, VERDICT_UNBOUNDED_STACKS};
        if (v->bytes == BYTES_RISES &&
            stage < STAGE_COUNT) { /* earlier versions never said so of the process */
                return VERDICT_LEAK;
        }
        if (v->resident) {
                return VERDICT_RSS_ONLY;
        }
        if (v->growing == RECORDS_NEW_PATH || v->growing == RECORDS_UNBOUNDED_STACKS) {
                return of_records[v->growing];
        }
        if (v->bytes == BYTES_FILLING) {
                return VERDICT_FILLING;
        }
        return v->bytes == BYTES_CANT_TELL ? VERDICT_WARMING : of_records[v->growing];
}

bool verdict_all(struct verdict out[STAGE_COUNT + 1])
{
        uint32_t records = prof_record_count();
        size_t scratch_size = WINDOWS * (WINDOWS + 1) / 2 * sizeof(double);
        size_t size = scratch_size + (records + 1) * sizeof(uint64_t);
        double *scratch = thread_map(size);
        memset(out, 0, (STAGE_COUNT + 1) * sizeof *out);
        if (scratch == NULL) {
                return false;
        }
        count_records(out, (uint64_t *)((char *)scratch + scratch_size), records);
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                struct verdict *v = &out[stage];
                if (stage < STAGE_COUNT) {
                        judge_bytes((enum prof_stage)stage, v);
                } else {
                        judge_process(out, scratch);
                }
                predict(stage, v);
                v->growing = judge_records(stage, v);
                v->suspect = v->bytes == BYTES_RISES          ? v->suspect
                             : v->growing == RECORDS_NEW_PATH ? v->born
                                                              : 0;
                v->kind = join(stage, v);
                verdict_write(stage, v);
        }
        thread_unmap(scratch, size);
        return true;
}
