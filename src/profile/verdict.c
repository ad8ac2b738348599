#include "profile/verdict.h"

#include "profile/record.h"
#include "profile/scale.h"
#include "profile/series.h"
#include "profile/thread.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        WINDOWS_MAX = 60, /* the time is cut into so many stretches at most */
        WINDOWS_MIN = 8,  /* and fewer tell nothing of a trend */
        SAMPLES_MIN = 20, /* fewer tell nothing of records */
        LEAK_BLOCKS = 3,  /* a leak has grown by so many blocks */
        VARIETY_RECORDS = 500,
        RSS_GROWTH = 1 << 20, /* less is noise of the pages */
};

/* All stages together. Strict, for the question is asked again with each reading, and a false alarm costs trust. */
#define LEAK_ALPHA     0.001
#define SURPRISE_ALPHA 0.001
#define VARIETY        0.7 /* f1 / S of something that never repeats */

const char *verdict_name(enum verdict_kind kind)
{
        static const char *const names[VERDICT_COUNT] = {
            [VERDICT_WARMING] = "WARMING",
            [VERDICT_STABLE] = "STABLE",
            [VERDICT_DISCOVERING] = "DISCOVERING",
            [VERDICT_NEW_PATH] = "NEW-PATH",
            [VERDICT_UNBOUNDED_STACKS] = "UNBOUNDED-STACKS",
            [VERDICT_FILLING] = "FILLING",
            [VERDICT_LEAK] = "LEAK",
            [VERDICT_RSS_ONLY] = "RSS-ONLY",
        };
        return kind < VERDICT_COUNT ? names[kind] : "?";
}

/* --- windows -------------------------------------------------------------------------------------------------------- */

struct windows {
        struct series_point at[WINDOWS_MAX];
        size_t n;
};

/** The whole time, cut into stretches of as many points each. */
static void cut(unsigned stage, struct windows *w)
{
        unsigned tier = series_tier_of_all();
        size_t points = series_length(tier);
        size_t each = (points + WINDOWS_MAX - 1) / WINDOWS_MAX;
        w->n = 0;
        for (size_t i = 0; i < points; i++) {
                struct series_point p;
                (void)series_get(tier, stage, i, &p);
                if (i % each == 0) {
                        w->at[w->n++] = p;
                } else {
                        series_join(&w->at[w->n - 1], &p);
                }
        }
}

/** Of the second half (what fills at the start is no leak) those stretches that had as few sessions as any. */
static size_t comparable(const struct windows *w, double *x, double *y, const struct series_point **first,
                         const struct series_point **middle, const struct series_point **last)
{
        uint32_t fewest = UINT32_MAX;
        size_t n = 0;
        for (size_t i = w->n / 2; i < w->n; i++) {
                fewest = w->at[i].sessions < fewest ? w->at[i].sessions : fewest;
        }
        for (size_t i = w->n / 2; i < w->n; i++) {
                const struct series_point *p = &w->at[i];
                if (p->sessions == fewest) {
                        x[n] = (double)p->floor_statements;
                        y[n++] = (double)p->floor_bytes;
                        *first = n == 1 ? p : *first;
                        *last = p;
                }
        }
        size_t half = 0;
        for (size_t i = w->n / 2; i < w->n && half <= n / 2; i++) {
                if (w->at[i].sessions == fewest) {
                        *middle = &w->at[i];
                        half++;
                }
        }
        return n;
}

/** The trend of live bytes; the part of the verdict that asks for a leak. @return whether this stage could leak: what it
 *  gained is in blocks too, and in both halves of the time. */
static bool measure(const struct windows *w, struct verdict *v, double *room)
{
        double x[WINDOWS_MAX];
        double y[WINDOWS_MAX];
        const struct series_point *first = NULL;
        const struct series_point *middle = NULL;
        const struct series_point *last = NULL;
        size_t n = comparable(w, x, y, &first, &middle, &last);
        v->p = 1;
        if (n < WINDOWS_MIN) {
                return false;
        }
        struct stat_trend t = stat_trend(x, y, n, 0.95, room);
        v->measured = t.known;
        v->slope = t.slope;
        v->slope_low = t.slope_low;
        v->slope_high = t.slope_high;
        v->p = t.known ? t.p : 1;
        v->growth = last->floor_bytes - first->floor_bytes;
        return t.known && t.slope_low > 0 && last->floor_count - first->floor_count >= LEAK_BLOCKS &&
               middle->floor_bytes > first->floor_bytes && last->floor_bytes > middle->floor_bytes;
}

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

/** Records, stacks and live ones of each stage. @p hashes: room for as many as there are records. */
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

/** The stage's first record that was born when it had @p before of them already, of those that tell something (record.h). */
static uint32_t find_born(unsigned stage, uint32_t before)
{
        struct prof_record r;
        for (uint32_t id = 1; prof_record_get(id, &r); id++) {
                if (prof_record_tells(&r, (enum prof_stage)stage) && before-- == 0) {
                        return id;
                }
        }
        return 0;
}

/** The prediction: from the earliest point from which on at most half as many samples came as before, at the same rate. */
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
        v->suspect = v->births > 0 ? find_born(stage, then.records) : 0;
}

static bool never_repeats(unsigned stage)
{
        unsigned tier = series_tier_of_all();
        struct series_point now;
        size_t points = series_length(tier);
        return points > 0 && series_get(tier, stage, points - 1, &now) && now.records >= VARIETY_RECORDS &&
               now.f[0] >= VARIETY * now.records;
}

/** Of the stage's records that which holds most: a leak's, once it was sampled. */
static uint32_t find_leaking(unsigned stage)
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

/* --- words ------------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(char *sentence, const char *format, ...)
{
        size_t len = strlen(sentence);
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(sentence + len, sizeof((struct verdict *)NULL)->sentence - len, format, arguments);
        va_end(arguments);
}

/** "10 min": a stretch of time as people say it. */
static void put_seconds(char *s, double seconds)
{
        if (seconds < 120) {
                put(s, "%.0f s", seconds);
        } else if (seconds < 7200) {
                put(s, "%.0f min", seconds / 60);
        } else {
                put(s, "%.1f h", seconds / 3600);
        }
}

/** A statement may hold anything. */
static void put_text(char *s, const char *text, size_t max)
{
        for (size_t i = 0; i < max && text[i] != '\0'; i++) {
                char c = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
                put(s, "%c", c < ' ' || c > '~' ? '.' : c);
        }
}

static void put_record(char *s, uint32_t id)
{
        struct prof_record r;
        if (id == 0 || !prof_record_get(id, &r)) {
                return;
        }
        put(s, ": record %u of %llu bytes", id, (unsigned long long)r.size);
        if (r.command != NULL) {
                put(s, ", born with %s ", r.command);
                put_text(s, r.text, 80);
        }
}

/** Bytes a statement: three digits, but never as a power of ten. */
static void put_slope(char *s, double slope)
{
        put(s, fabs(slope) < 1000 ? "%.3g" : "%.0f", slope);
}

static void put_growth(char *s, const struct verdict *v)
{
        if (!v->measured) {
                put(s, "too few comparable moments to say whether live bytes rise.");
        } else if (v->slope_high <= 0) {
                put(s, "live bytes do not rise with the statements (95 %%). Not a leak.");
        } else if (v->slope_high <= VERDICT_BYTES_PER_STATEMENT) {
                put(s, "live bytes rise by at most %.2g a statement (95 %%). Not a leak.", v->slope_high);
        } else {
                put(s, "live bytes rise by ");
                put_slope(s, v->slope_low);
                put(s, " to ");
                put_slope(s, v->slope_high);
                put(s, " a statement (95 %%), %+lld in all: not told from chance yet.", (long long)v->growth);
        }
}

static void write_sentence(struct verdict *v)
{
        char *s = v->sentence;
        *s = '\0';
        if (v->records == 0) {
                put(s, "no record yet");
        } else {
                put(s, "%u record%s = %u stack%s x sizes, %u live", v->records, v->records == 1 ? "" : "s",
                    v->stacks, v->stacks == 1 ? "" : "s", v->live);
        }
        if (v->predicted) {
                put(s, "; %+d in ", (int)v->births);
                put_seconds(s, v->seconds);
                put(s, ", %.1f expected (%.0f to %.0f)", v->expected, v->low, v->high);
        }
        put(s, "; ");
        if (v->kind == VERDICT_LEAK) {
                put(s, "live bytes rise by ");
                put_slope(s, v->slope);
                put(s, " a statement (95 %%: ");
                put_slope(s, v->slope_low);
                put(s, " to ");
                put_slope(s, v->slope_high);
                put(s, "), %lld so far. A leak", (long long)v->growth);
                put_record(s, v->suspect);
                return;
        }
        put_growth(s, v);
        if (v->kind == VERDICT_FILLING) {
                put(s, " It is the table of records: %u of %u.", prof_record_count(), prof_records());
        } else if (v->kind == VERDICT_RSS_ONLY) {
                put(s, " The stages' bytes are flat, the resident size rises: rings that fill for the "
                       "first time, malloc's arenas, or what no stage owns.");
        } else if (v->kind == VERDICT_NEW_PATH) {
                put(s, " More new records than the same work would bring, first");
                put_record(s, v->suspect);
        } else if (v->kind == VERDICT_UNBOUNDED_STACKS) {
                put(s, " Nearly every sample is a new record: stacks or sizes without end.");
        }
}

/** Does the process hold more and more, though the stages do not? Then it is malloc's arenas, or a library's own memory. */
static bool rss_rises(const struct windows *w, double *room)
{
        double x[WINDOWS_MAX];
        double y[WINDOWS_MAX];
        size_t n = 0;
        for (size_t i = w->n / 2; i < w->n; i++) {
                x[n] = (double)w->at[i].statements;
                y[n++] = (double)w->at[i].rss;
        }
        struct stat_trend t = {0};
        if (n >= WINDOWS_MIN) {
                t = stat_trend(x, y, n, 0.95, room);
        }
        return t.known && t.p < LEAK_ALPHA && t.slope_low > VERDICT_BYTES_PER_STATEMENT &&
               y[n - 1] - y[0] > RSS_GROWTH;
}

static enum verdict_kind judge(unsigned stage, const struct verdict *v, bool leaks)
{
        if (leaks) {
                return VERDICT_LEAK;
        }
        if (never_repeats(stage)) {
                return VERDICT_UNBOUNDED_STACKS;
        }
        if (v->predicted && v->births > v->high && v->surprise < SURPRISE_ALPHA) {
                return VERDICT_NEW_PATH;
        }
        if (!v->predicted || !v->measured) {
                return VERDICT_WARMING;
        }
        return v->births > 0 || v->expected >= 0.5 ? VERDICT_DISCOVERING : VERDICT_STABLE;
}

bool verdict_all(struct verdict out[STAGE_COUNT + 1])
{
        uint32_t records = prof_record_count();
        size_t room_size = WINDOWS_MAX * (WINDOWS_MAX + 1) / 2 * sizeof(double);
        size_t size = room_size + (records + 1) * sizeof(uint64_t);
        double *room = thread_map(size);
        double p[STAGE_COUNT];
        bool rises[STAGE_COUNT];
        bool could[STAGE_COUNT + 1] = {false};
        bool rss = false;
        memset(out, 0, (STAGE_COUNT + 1) * sizeof *out);
        if (room == NULL) {
                return false;
        }
        count_records(out, (uint64_t *)((char *)room + room_size), records);
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                struct windows w;
                cut(stage, &w);
                could[stage] = measure(&w, &out[stage], room) && stage != STAGE_COUNT;
                if (stage == STAGE_COUNT) {
                        rss = rss_rises(&w, room);
                }
                predict(stage, &out[stage]);
                if (stage < STAGE_COUNT) {
                        p[stage] = could[stage] ? out[stage].p : 1;
                }
        }
        bool any_leak = false;
        stat_holm(p, STAGE_COUNT, LEAK_ALPHA, rises);
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                bool leaks = stage < STAGE_COUNT && could[stage] && rises[stage];
                out[stage].kind = judge(stage, &out[stage], leaks);
                if (leaks && stage == STAGE_PROFILE) {
                        out[stage].kind =
                            VERDICT_FILLING; /* the table of records: it has a bound, and says so */
                } else if (leaks) {
                        any_leak = true;
                        out[stage].suspect = find_leaking(stage);
                } else if (stage == STAGE_COUNT && rss && !any_leak) {
                        out[stage].kind = VERDICT_RSS_ONLY;
                }
                write_sentence(&out[stage]);
        }
        thread_unmap(room, size);
        return true;
}
