#include "profile/export/growth.h"

#include "profile/export/suspect.h"
#include "profile/heap/counts.h"
#include "profile/heap/thread.h"

struct growth {
        struct bytes stages[STAGE_COUNT];
        double scratch[RISE_SCRATCH];
        uint64_t first_wall_ns;
        uint64_t open;
        uint64_t most_open;
};

static struct growth *growth;

void growth_init(void)
{
        if (growth == NULL) {
                growth = thread_map(sizeof *growth);
                if (growth != NULL) {
                        memset(growth, 0, sizeof *growth); /* written to at once, like the series */
                }
        }
}

/** Live bytes without those of bounded stores, and without libevent's tables by file descriptor up to their bound. */
static struct rise_reading read_stage(enum prof_stage stage, const struct rise_reading *traffic)
{
        struct rise_reading r = *traffic;
        uint64_t tables = prof_store_read(STORE_TABLES, growth->most_open).bound;
        uint64_t stored = prof_store_in_use(stage, growth->open);
        uint64_t libevent = (uint64_t)prof_read(stage, LIB_LIBEVENT).current_bytes_used;
        double live = (double)prof_read(stage, LIB_COUNT).current_bytes_used;
        r.stored = (double)stored;
        r.bytes = live - r.stored - (double)(libevent < tables ? libevent : tables);
        return r;
}

void growth_tick(uint64_t wall_ns, const struct growth_traffic *traffic)
{
        growth_init();
        if (growth == NULL) {
                return;
        }
        growth->first_wall_ns = growth->first_wall_ns != 0 ? growth->first_wall_ns : wall_ns;
        growth->open = traffic->open;
        growth->most_open = traffic->open > growth->most_open ? traffic->open : growth->most_open;
        const struct rise_reading reading = {
            .units = {[RISE_STATEMENTS] = (double)prof_statements(),
                      [RISE_SESSIONS] = (double)traffic->begun,
                      [RISE_REQUESTS] = (double)traffic->requests,
                      [RISE_SECONDS] = (double)(int64_t)(wall_ns - growth->first_wall_ns) / 1e9},
            .open = (double)traffic->open,
        };
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                struct bytes *b = &growth->stages[stage];
                const struct rise_reading r = read_stage(stage, &reading);
                enum rise_unit first = stage == STAGE_ADMIN ? RISE_REQUESTS : RISE_STATEMENTS;
                (void)bytes_add(b, &r, first, growth->scratch);
                suspect_tick(stage, b->kind == BYTES_RISES || b->suspicious, &r);
        }
}

const struct bytes *growth_of(enum prof_stage stage)
{
        return growth != NULL ? &growth->stages[stage] : NULL;
}

enum prof_store growth_fullest(enum prof_stage stage, struct prof_store_state *state)
{
        enum prof_store most = STORE_COUNT;
        for (enum prof_store store = 0; store < STORE_COUNT; store++) {
                if (prof_store_stage(store) == stage) {
                        struct prof_store_state s = prof_store_read(store, growth != NULL ? growth->open : 0);
                        if (s.used > 0 && (most == STORE_COUNT || s.used > state->used)) {
                                most = store;
                                *state = s;
                        }
                }
        }
        return most;
}

void growth_fini(void)
{
        if (growth != NULL) {
                suspect_fini();
                thread_unmap(growth, sizeof *growth);
                growth = NULL;
        }
}
