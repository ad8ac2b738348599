#include "profile/export/series.h"

#include "profile/export/process.h"
#include "profile/heap/counts.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "profile/heap/thread.h"

static const struct {
        uint32_t readings; /* in each point */
        uint32_t points;
} tiers[SERIES_TIERS] = {{1, 600}, {10, 720}, {300, 576}};

/** A tier of all stages: points[stage][place]. */
struct ring {
        struct series_point *points;
        uint64_t begun; /**< points so far, the unfinished one included */
};

static struct ring rings[SERIES_TIERS];
static uint64_t readings;

static size_t ring_size(unsigned tier)
{
        return (SERIES_WHOLE + 1) * tiers[tier].points * sizeof(struct series_point);
}

static struct series_point *place(unsigned tier, unsigned stage, uint64_t number)
{
        return &rings[tier].points[(size_t)stage * tiers[tier].points + number % tiers[tier].points];
}

/** A reading, as a point of its own. */
static struct series_point read_stage(enum prof_stage stage)
{
        struct prof_counts c = prof_read(stage, LIB_COUNT);
        return (struct series_point){
            .allocs = c.count_alloc,
            .frees = c.count_free,
            .floor_bytes = c.current_bytes_used,
            .floor_count = c.current_count_used,
            .max_bytes = c.current_bytes_used,
            .sum_bytes = (double)c.current_bytes_used,
        };
}

static void put_catch(struct series_point *p, const struct stat_catch *catch)
{
        p->samples = catch->samples;
        p->records = (uint32_t) catch->records;
        for (int k = 0; k < SERIES_FREQUENCIES; k++) {
                p->f[k] = (uint32_t) catch->f[k + 1];
        }
}

static void add_stage(struct series_point *whole, const struct series_point *p)
{
        whole->allocs += p->allocs;
        whole->frees += p->frees;
        whole->floor_bytes += p->floor_bytes;
        whole->floor_count += p->floor_count;
        whole->max_bytes += p->max_bytes;
        whole->sum_bytes += p->sum_bytes;
}

/** Add reading @p b to point @p a. The floor is that of the reading with the fewest sessions, among those the fewest bytes. */
static void join(struct series_point *a, const struct series_point *b)
{
        struct series_point joined = *b;
        bool keep_a =
            a->sessions < b->sessions || (a->sessions == b->sessions && a->floor_bytes < b->floor_bytes);
        const struct series_point *kept = keep_a ? a : b;
        joined.readings = a->readings + b->readings;
        joined.sessions = kept->sessions;
        joined.floor_statements = kept->floor_statements;
        joined.floor_bytes = kept->floor_bytes;
        joined.floor_count = kept->floor_count;
        joined.max_bytes = a->max_bytes > b->max_bytes ? a->max_bytes : b->max_bytes;
        joined.sum_bytes = a->sum_bytes + b->sum_bytes;
        *a = joined;
}

/** Reserve the memory of a tier. @return false if there is none now; the next reading tries again. */
static bool make(unsigned tier)
{
        struct ring *ring = &rings[tier];
        if (ring->points == NULL) {
                ring->points = thread_map(ring_size(tier));
                if (ring->points == NULL) {
                        return false;
                }
                /* written to at once: measuring must not make the resident size rise later */
                memset(ring->points, 0, ring_size(tier));
        }
        return true;
}

void series_init(void)
{
        for (unsigned tier = 0; tier < SERIES_TIERS; tier++) {
                (void)make(tier);
        }
}

static void put(const struct series_point *reading)
{
        for (unsigned tier = 0; tier < SERIES_TIERS; tier++) {
                struct ring *ring = &rings[tier];
                bool begins = readings % tiers[tier].readings == 0;
                if (!make(tier)) {
                        continue;
                }
                if (begins || ring->begun == 0) {
                        ring->begun++;
                }
                for (unsigned stage = 0; stage <= SERIES_WHOLE; stage++) {
                        struct series_point *p = place(tier, stage, ring->begun - 1);
                        if (begins || p->readings == 0) {
                                *p = reading[stage];
                        } else {
                                join(p, &reading[stage]);
                        }
                }
        }
}

void series_tick(uint64_t wall_ns, uint64_t sessions)
{
        struct stat_catch catches[SERIES_WHOLE + 1];
        struct series_point reading[SERIES_WHOLE + 1] = {0};
        uint64_t statements = prof_statements();
        uint64_t rss = process_memory_read().rss;
        prof_record_catch(catches);
        for (unsigned stage = 0; stage <= SERIES_WHOLE; stage++) {
                struct series_point *p = &reading[stage];
                if (stage < SERIES_WHOLE) {
                        *p = read_stage((enum prof_stage)stage);
                        add_stage(&reading[SERIES_WHOLE], p);
                }
                put_catch(p, &catches[stage]);
                p->readings = 1;
                p->since = prof_sample_since((enum prof_stage)stage);
                p->wall_ns = wall_ns;
                p->statements = statements;
                p->floor_statements = statements;
                p->sessions = (uint32_t)sessions;
                p->rss = rss;
        }
        put(reading);
        readings++;
}

size_t series_length(unsigned tier)
{
        uint64_t begun = rings[tier].begun;
        return begun < tiers[tier].points ? (size_t)begun : tiers[tier].points;
}

bool series_get(unsigned tier, unsigned stage, size_t i, struct series_point *out)
{
        if (tier >= SERIES_TIERS || stage > SERIES_WHOLE || i >= series_length(tier)) {
                return false;
        }
        *out = *place(tier, stage, rings[tier].begun - series_length(tier) + i);
        return true;
}

unsigned series_tier_of_all(void)
{
        unsigned tier = 0;
        while (tier + 1 < SERIES_TIERS && rings[tier].begun > tiers[tier].points) {
                tier++;
        }
        return tier;
}

struct stat_catch series_catch(const struct series_point *p)
{
        struct stat_catch c = {.samples = p->samples, .records = p->records};
        for (int k = 0; k < SERIES_FREQUENCIES; k++) {
                c.f[k + 1] = p->f[k];
        }
        return c;
}

uint64_t series_readings(void)
{
        return readings;
}

void series_fini(void)
{
        for (unsigned tier = 0; tier < SERIES_TIERS; tier++) {
                if (rings[tier].points != NULL) {
                        thread_unmap(rings[tier].points, ring_size(tier));
                }
                rings[tier] = (struct ring){NULL, 0};
        }
        readings = 0;
}
