#include "profile/suspect.h"

#include "profile/record.h"
#include "profile/thread.h"

#include <math.h>

enum {
        FIRST_LOOK = 8, /* readings after a search began */
        LAST_LOOK = 128,
        RECORDS_MAX = 400, /* that one search may make */
        OBJECTS_MIN = 4,   /* of a place, more than before */
        TRIES = 6,
        PAUSE = 60, /* readings, after the first that found nothing */
        IDS = PROF_RECORDS + STAGE_COUNT + 1,
};

#define STORED_SHARE 0.25 /* of the growth; where stores take less they are not looked at */
#define MATCH_LOW    0.5  /* of what the stage grew by, a record's growth: sizes are of classes, and other things come and go */
#define MATCH_HIGH   1.6

struct search {
        struct suspect told;
        uint32_t *live;     /* objects of each record at the last look; mapped while searching */
        struct rise_reading before; /* at the last look */
        uint32_t born;      /* records when it began */
        uint32_t candidate; /* of the last look */
        unsigned ticks;
        unsigned next_look;
        unsigned tries;
        unsigned pause;
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
        s->live = s->tries < TRIES && prof_stage_sample_bytes(stage) != 0 ? thread_map(IDS * sizeof *s->live) : NULL;
        if (s->live == NULL) {
                return;
        }
        prof_sample_boost(stage, true);
        s->born = prof_record_count();
        s->candidate = 0;
        s->ticks = 0;
        s->next_look = FIRST_LOOK;
        s->told.searching = true;
        remember(s, stage);
}

static void end(struct search *s, enum prof_stage stage)
{
        prof_sample_boost(stage, false);
        thread_unmap(s->live, IDS * sizeof *s->live);
        s->live = NULL;
        s->told.searching = false;
        s->told.gave_up = !s->told.sure;
        s->pause = PAUSE << s->tries;
        s->tries++;
}

/** What grew since the last look. */
struct growing {
        uint64_t all;    /* bytes, of the records */
        double beyond;   /* bytes of the stage that no store holds */
        double stored;   /* bytes that stores took */
};

/** How well a record that grew by @p bytes fits: the most where nothing else grows; where stores fill, as much as the stage grew
 *  beyond them. 0 = it is none. */
static double score(const struct growing *g, double bytes)
{
        if (g->stored <= STORED_SHARE * g->beyond) {
                return bytes;
        }
        double ratio = bytes / fmax(g->beyond, 1);
        return ratio >= MATCH_LOW && ratio <= MATCH_HIGH ? 1 / (1 + fabs(ratio - 1)) : 0;
}

static uint64_t more_of(const struct search *s, enum prof_stage stage, const struct prof_record *r)
{
        uint64_t live = r->allocs - r->frees;
        return counts(r, stage) && live > s->live[r->id] ? live - s->live[r->id] : 0;
}

/** @return the record that fits best, or 0. @p share: of the bytes that it is to explain. */
static uint32_t find_grown(const struct search *s, enum prof_stage stage, const struct rise_reading *now, double *share)
{
        struct prof_record r;
        struct growing g = {0, now->bytes - s->before.bytes, now->stored - s->before.stored};
        double best = 0;
        double bytes = 0;
        uint32_t found = 0;
        for (uint32_t id = 1; id < IDS && prof_record_get(id, &r); id++) {
                uint64_t more = more_of(s, stage, &r);
                double grown = (double)(more * r.size);
                g.all += more * r.size;
                if (more >= OBJECTS_MIN && score(&g, grown) > best) {
                        best = score(&g, grown);
                        bytes = grown;
                        found = id;
                }
        }
        bool stores = g.stored > STORED_SHARE * g.beyond;
        *share = stores ? fmin(bytes / fmax(g.beyond, 1), 1) : g.all > 0 ? bytes / (double)g.all : 0;
        return found;
}

static void look(struct search *s, enum prof_stage stage, const struct rise_reading *now)
{
        double share;
        uint32_t grown = find_grown(s, stage, now, &share);
        bool again = grown != 0 && grown == s->candidate && share >= 0.5;
        bool last = s->next_look >= LAST_LOOK || prof_record_count() - s->born > RECORDS_MAX;
        if (again || (last && grown != 0)) {
                s->told.record = grown;
                s->told.sure = again;
        }
        if (again || last) {
                end(s, stage);
                return;
        }
        s->candidate = grown;
        s->next_look *= 2;
        s->before = *now;
        remember(s, stage);
}

void suspect_tick(enum prof_stage stage, bool leaks, const struct rise_reading *now)
{
        struct search *s = &searches[stage];
        if (!s->told.searching) {
                s->pause -= s->pause > 0;
                if (leaks && !s->told.sure && s->pause == 0 && stage != STAGE_PROFILE) {
                        s->before = *now;
                        begin(s, stage);
                }
        } else if (++s->ticks >= s->next_look || prof_record_count() - s->born > RECORDS_MAX) {
                look(s, stage, now);
        }
}

struct suspect suspect_of(enum prof_stage stage)
{
        return searches[stage].told;
}

void suspect_fini(void)
{
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                if (searches[stage].told.searching) {
                        end(&searches[stage], stage);
                }
                searches[stage] = (struct search){0};
        }
}
