#include "profile/export/suspect.h"

#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "profile/heap/thread.h"

#include <math.h>

enum {
        FIRST_LOOK = 8, /* readings after the start of a search */
        LAST_LOOK = 192,
        RECORDS_MAX = 400, /* that one search may create */
        OBJECTS_MIN = 4,   /* by which a place must grow */
        TRIES = 6,
        PAUSE = 60, /* readings, after the first search without a result */
        CALM = 300,
        PLACES = 512,
        IDS = PROF_RECORDS + STAGE_COUNT + 1,
};

#define STORED_SHARE 0.25 /* of the growth; stores that take less are ignored */
#define MATCH_LOW                                                                                            \
        0.5 /* of the growth of the stage that a place must explain: sizes are rounded to classes, and other memory comes and goes */
#define MATCH_HIGH 1.6

struct search {
        struct suspect result;
        uint32_t *live;             /* objects of each record at the last look; mapped while searching */
        struct rise_reading before; /* at the last look */
        uint32_t born;              /* records when it began */
        uintptr_t candidate;        /* the place of the last look */
        unsigned ticks;
        unsigned next_look;
        unsigned tries;
        unsigned pause;
        unsigned calm; /* readings since the last suspicion */
};

static struct search searches[STAGE_COUNT];

static bool counts(const struct prof_record *r, enum prof_stage stage)
{
        return r->stage == stage && !r->overflow && r->sample_bytes == 1;
}

static void remember(struct search *s, enum prof_stage stage)
{
        struct prof_record r;
        for (uint32_t id = 1; id < IDS && prof_record_get(id, &r); id++) {
                s->live[id] = counts(&r, stage) ? (uint32_t)(r.allocs - r.frees) : 0;
        }
}

static void begin(struct search *s, enum prof_stage stage)
{
        s->live = s->tries < TRIES && prof_stage_sample_bytes(stage) != 0 ? thread_map(IDS * sizeof *s->live)
                                                                          : NULL;
        if (s->live == NULL) {
                return;
        }
        prof_sample_boost(stage, true);
        s->born = prof_record_count();
        s->candidate = 0;
        s->ticks = 0;
        s->next_look = FIRST_LOOK;
        s->result.searching = true;
        remember(s, stage);
}

static void end(struct search *s, enum prof_stage stage)
{
        prof_sample_boost(stage, false);
        thread_unmap(s->live, IDS * sizeof *s->live);
        s->live = NULL;
        s->result.searching = false;
        s->result.gave_up = !s->result.sure;
        s->pause = (unsigned)PAUSE << s->tries;
        s->tries++;
}

/** Growth since the previous look. */
struct growing {
        uint64_t all;  /* bytes, of the records */
        double beyond; /* bytes of the stage beyond its stores */
        double stored; /* bytes that stores took */
};

static bool stores_fill(const struct growing *g)
{
        return g->stored > 0 && g->stored > STORED_SHARE * g->beyond;
}

static double match(double bytes, double wanted)
{
        double ratio = bytes / fmax(wanted, 1);
        return ratio >= MATCH_LOW && ratio <= MATCH_HIGH ? 1 / (1 + fabs(ratio - 1)) : 0;
}

/** How well a place that grew by @p bytes fits; 0 = not at all. If no store fills, more growth fits better. Otherwise the growth
 * has to be that of the stage beyond its stores, or that of the stage in all, since stores and leak may share a place. */
static double score(const struct growing *g, double bytes)
{
        if (!stores_fill(g)) {
                return bytes;
        }
        return fmax(match(bytes, g->beyond), match(bytes, g->beyond + g->stored) / 2);
}

static uint64_t more_of(const struct search *s, enum prof_stage stage, const struct prof_record *r)
{
        uint64_t live = r->allocs - r->frees;
        return counts(r, stage) && live > s->live[r->id] ? live - s->live[r->id] : 0;
}

/** All records of one place in the program, whatever their sizes and outer frames. */
struct place {
        uintptr_t leaf;
        uint64_t objects;
        uint64_t bytes;
        uint64_t most; /* of one record */
        uint32_t record;
};

/** The innermost frame inside a library says little; there, the place that the library gave and the function by which it was
 * entered count. */
static uintptr_t leaf_of(const struct prof_record *r)
{
        uintptr_t leaf = r->stack[0];
        for (const char *p = r->site; *p != '\0'; p++) {
                leaf = (leaf ^ (unsigned char)*p) * 0x100000001b3ULL;
        }
        return r->lib != LIB_OWN && r->depth > 1 ? leaf ^ r->stack[1] << 1 : leaf;
}

static void add_to_place(struct place *places, const struct prof_record *r, uint64_t more)
{
        uintptr_t leaf = leaf_of(r);
        size_t at = (leaf * 0x9e3779b97f4a7c15ULL) >> 32;
        for (size_t i = 0; i < PLACES; i++) {
                struct place *p = &places[(at + i) % PLACES];
                if (p->objects == 0 || p->leaf == leaf) {
                        uint64_t bytes = more * r->size;
                        p->leaf = leaf;
                        p->record = bytes > p->most ? r->id : p->record;
                        p->most = bytes > p->most ? bytes : p->most;
                        p->objects += more;
                        p->bytes += bytes;
                        return;
                }
        }
}

/** @return the place that fits best; objects 0 = none. @p share: of the bytes that it has to explain. */
static struct place find_grown(const struct search *s, enum prof_stage stage, const struct rise_reading *now,
                               double *share)
{
        static struct place places[PLACES]; /* large; one thread */
        struct prof_record r;
        struct growing g = {0, now->bytes - s->before.bytes, now->stored - s->before.stored};
        struct place found = {.objects = 0};
        double best = 0;
        memset(places, 0, sizeof places);
        for (uint32_t id = 1; id < IDS && prof_record_get(id, &r); id++) {
                uint64_t more = more_of(s, stage, &r);
                g.all += more * r.size;
                if (more > 0) {
                        add_to_place(places, &r, more);
                }
        }
        for (size_t i = 0; i < PLACES; i++) {
                double fit = places[i].objects >= OBJECTS_MIN ? score(&g, (double)places[i].bytes) : 0;
                if (fit > best) {
                        best = fit;
                        found = places[i];
                }
        }
        double bytes = (double)found.bytes;
        *share = stores_fill(&g) ? fmin(bytes / fmax(g.beyond, 1), 1) : g.all > 0 ? bytes / (double)g.all : 0;
        return found;
}

static void look(struct search *s, enum prof_stage stage, const struct rise_reading *now)
{
        double share;
        struct place grown = find_grown(s, stage, now, &share);
        bool again = grown.objects > 0 && grown.leaf == s->candidate && share >= 0.5;
        bool last = s->ticks >= LAST_LOOK || prof_record_count() - s->born > RECORDS_MAX;
        if (again || (last && grown.objects > 0)) {
                s->result.record = grown.record;
                s->result.sure = again;
        }
        if (again || last) {
                end(s, stage);
                return;
        }
        s->candidate = grown.objects > 0 ? grown.leaf : 0;
        s->next_look = 2 * s->ticks;
        s->before = *now;
        remember(s, stage);
}

/** With more sessions than at the previous look, their temporary memory would seem to grow: then the look is put off. */
static bool is_time(struct search *s, const struct rise_reading *now)
{
        s->ticks++;
        return (s->ticks >= s->next_look && now->open <= s->before.open) || s->ticks >= LAST_LOOK ||
               prof_record_count() - s->born > RECORDS_MAX;
}

void suspect_tick(enum prof_stage stage, bool leaks, const struct rise_reading *now)
{
        struct search *s = &searches[stage];
        s->calm = leaks ? 0 : s->calm + 1;
        if (!s->result.searching && s->calm >= CALM) {
                *s = (struct search){.calm = CALM}; /* the next leak may be another one */
        }
        if (!s->result.searching) {
                s->pause -= s->pause > 0;
                if (leaks && !s->result.sure && s->pause == 0 && stage != STAGE_PROFILE) {
                        s->before = *now;
                        begin(s, stage);
                }
        } else if (is_time(s, now)) {
                look(s, stage, now);
        }
}

struct suspect suspect_of(enum prof_stage stage)
{
        return searches[stage].result;
}

void suspect_fini(void)
{
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                if (searches[stage].result.searching) {
                        end(&searches[stage], stage);
                }
                searches[stage] = (struct search){0};
        }
}
