#include "profile/heap/record.h"

#include "profile/heap/rate.h"
#include "profile/heap/table.h"

#include <assert.h>

static_assert(PROF_RECORDS == TABLE_RECORDS, "the public bound is the table's");

/** The figures of an overflow entry come from four counters: read them until they do not change meanwhile. */
static void read_overflow(const struct table_entry *e, struct prof_record *out)
{
        for (int i = 0; i < 100; i++) {
                out->frees = atomic_load(&e->frees);
                out->bytes_free = atomic_load(&e->bytes_free);
                out->allocs = atomic_load(&e->allocs);
                out->bytes_alloc = atomic_load(&e->bytes_alloc);
                if (out->frees == atomic_load(&e->frees) && out->allocs == atomic_load(&e->allocs)) {
                        break;
                }
        }
        if (out->allocs == out->frees || out->bytes_free > out->bytes_alloc) {
                out->bytes_free = out->bytes_alloc; /* no objects, no bytes: pprof rejects anything else */
                out->frees = out->allocs;
        }
}

static void read_counts(const struct table_entry *e, struct prof_record *out)
{
        if (e->overflow) {
                read_overflow(e, out);
                return;
        }
        out->frees = atomic_load_explicit(&e->frees, memory_order_acquire);
        out->allocs = atomic_load_explicit(&e->allocs, memory_order_relaxed);
        out->bytes_alloc = out->allocs * e->key.size;
        out->bytes_free = out->frees * e->key.size;
}

void prof_set_records(uint32_t most)
{
        table_set_limit(most);
}

uint32_t prof_record_count(void)
{
        return table_count();
}

uint32_t prof_record_count_of(enum prof_stage stage)
{
        return table_count_of(stage);
}

uint64_t prof_record_overflowed(void)
{
        return table_overflowed();
}

uint32_t prof_record_stacks(void)
{
        return table_stacks();
}

bool prof_record_get(uint32_t id, struct prof_record *out)
{
        const struct table_entry *e = table_entry(id);
        if (e == NULL) {
                return false;
        }
        *out = (struct prof_record){
            .id = id,
            .stage = e->key.stage,
            .lib = e->key.lib,
            .sample_bytes = e->overflow ? prof_stage_sample_bytes(e->key.stage) : e->key.sample_bytes,
            .size = e->key.size,
            .born_wall_ns = e->born_wall_ns,
            .born_statement = e->born_statement,
            .last_wall_ns = atomic_load_explicit(&e->last_wall_ns, memory_order_relaxed),
            .last_statement = atomic_load_explicit(&e->last_statement, memory_order_relaxed),
            .session = e->session,
            .command = e->command,
            .overflow = e->overflow,
            .depth = e->key.depth,
        };
        if (out->last_wall_ns <
            out->born_wall_ns) { /* the creation has the exact time, samples that of the last tick */
                out->last_wall_ns = out->born_wall_ns;
        }
        if (out->last_statement < out->born_statement) {
                out->last_statement = out->born_statement;
        }
        memcpy(out->text, e->text, sizeof out->text);
        memcpy(out->site, e->site, sizeof out->site);
        memcpy(out->stack, e->key.stack, sizeof out->stack);
        read_counts(e, out);
        return true;
}

bool prof_record_is_predictive(const struct prof_record *r, enum prof_stage stage)
{
        return (stage == STAGE_COUNT ? r->stage != STAGE_ADMIN : r->stage == stage) && !r->overflow &&
               r->born_statement > 0 && r->born_statement >= prof_sample_since(stage) &&
               r->sample_bytes == prof_stage_sample_bytes(r->stage);
}

void prof_record_catch(struct stat_catch catches[STAGE_COUNT + 1])
{
        uint32_t count = prof_record_count();
        memset(catches, 0, (STAGE_COUNT + 1) * sizeof *catches);
        for (uint32_t id = 1; id <= count; id++) {
                const struct table_entry *e = table_entry(id);
                if (e == NULL) {
                        continue; /* another thread is creating it */
                }
                const struct prof_record r = {.stage = e->key.stage,
                                              .sample_bytes = e->key.sample_bytes,
                                              .born_statement = e->born_statement,
                                              .overflow = e->overflow};
                uint64_t allocs = atomic_load_explicit(&e->allocs, memory_order_relaxed);
                if (prof_record_is_predictive(&r, r.stage)) {
                        stat_catch_add(&catches[r.stage], allocs);
                }
                if (prof_record_is_predictive(&r, STAGE_COUNT)) {
                        stat_catch_add(&catches[STAGE_COUNT], allocs);
                }
        }
}
