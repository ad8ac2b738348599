#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/export/process.h"
#include "profile/export/verdict.h"

#include <inttypes.h>

/** How the figures of the whole process stand beside the stages' own. */
struct totals {
        uint32_t records;
        uint32_t live_records;
        uint32_t overflow_records;
        uint32_t places;
        struct process_memory memory;
        int64_t unattributed;
};

static struct totals take_totals(void)
{
        struct totals t = {.records = prof_record_count(), .memory = process_memory_read()};
        struct prof_record r;
        for (uint32_t id = 1; id <= t.records; id++) {
                if (prof_record_get(id, &r)) {
                        t.live_records += r.allocs > r.frees;
                        t.overflow_records += r.overflow;
                }
        }
        t.places = export_count_places(false);
        t.unattributed = process_unattributed(&t.memory);
        return t;
}

static struct verdict verdicts[STAGE_COUNT + 1]; /* large; one thread */

/* --- text ---------------------------------------------------------------------------------------------------------- */

/** The names are those of memory_summary_*, each in four lines so that a row fits into 128 columns. */
static void put_heading(FILE *out)
{
        static const char *const heading[][8] = {
            {"", "", "", "SUM", "", "", "CURRENT", "HIGH"},
            {"", "", "", "_NUMBER", "CURRENT", "HIGH", "_NUMBER", "_NUMBER"},
            {"", "COUNT", "COUNT", "_OF_BYTES", "_COUNT", "_COUNT", "_OF_BYTES", "_OF_BYTES"},
            {"stage", "_ALLOC", "_FREE", "_ALLOC", "_USED", "_USED", "_USED", "_USED"},
        };
        const size_t lines = sizeof heading / sizeof heading[0];
        for (size_t i = 0; i < lines; i++) {
                const char *const *h = heading[i];
                (void)fprintf(out, "%-10s %10s %10s %14s %8s %8s %12s %12s%s\n", h[0], h[1], h[2], h[3], h[4],
                              h[5], h[6], h[7], i + 1 == lines ? " records  bytes, records" : "");
        }
}

/** Without the newline. A row of part of a stage has no HIGH. */
static void put_row(FILE *out, const char *name, const struct prof_counts *c, bool high)
{
        (void)fprintf(out, "%-10s %10" PRIu64 " %10" PRIu64 " %14" PRIu64 " %8" PRId64, name, c->count_alloc,
                      c->count_free, c->bytes_alloc, c->current_count_used);
        if (high) {
                (void)fprintf(out, " %8" PRId64 " %12" PRId64 " %12" PRId64, c->high_count_used,
                              c->current_bytes_used, c->high_bytes_used);
        } else {
                (void)fprintf(out, " %8s %12" PRId64, "", c->current_bytes_used);
        }
}

static void put_libs(FILE *out, enum prof_stage stage)
{
        bool others = false;
        for (enum prof_lib lib = LIB_OWN + 1; lib < LIB_COUNT; lib++) {
                others = others || prof_read(stage, lib).count_alloc > 0;
        }
        for (enum prof_lib lib = LIB_OWN; others && lib < LIB_COUNT; lib++) {
                struct prof_counts c = prof_read(stage, lib);
                if (c.count_alloc > 0) {
                        char name[16];
                        (void)snprintf(name, sizeof name, "  %s", prof_lib_name(lib));
                        put_row(out, name, &c, false);
                        (void)putc('\n', out);
                }
        }
}

void export_rate_text(FILE *out, uint64_t bytes)
{
        if (bytes == 0) {
                (void)fputs("no sampling", out);
        } else if (bytes == 1) {
                (void)fputs("every allocation", out);
        } else {
                (void)fprintf(out, "one sample in %" PRIu64 " bytes", bytes);
        }
}

/** That of all, and the stages that have another. */
static void put_rates(FILE *out)
{
        (void)fputs("sampled      ", out);
        export_rate_text(out, prof_sample_bytes());
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                uint64_t bytes = prof_stage_sample_bytes(stage);
                if (bytes != prof_sample_bytes()) {
                        (void)fprintf(out, "; %s: ", prof_stage_name(stage));
                        export_rate_text(out, bytes);
                }
        }
        (void)putc('\n', out);
}

static void put_counts(FILE *out, const struct totals *t)
{
        uint32_t stacks = prof_record_stacks();
        (void)fprintf(out,
                      "%" PRIu32 " = %" PRIu32 " stack%s x sizes, at %" PRIu32
                      " place%s in the program; %" PRIu32 " live, %" PRIu32 " freed",
                      t->records, stacks, stacks == 1 ? "" : "s", t->places, t->places == 1 ? "" : "s",
                      t->live_records, t->records - t->live_records);
}

void export_counts_text(FILE *out)
{
        struct totals t = take_totals();
        put_counts(out, &t);
}

static void put_footer(FILE *out, const struct totals *t)
{
        const struct process_memory *m = &t->memory;
        const struct process_unattributed_parts parts = process_unattributed_parts(m);
        (void)fprintf(out,
                      "\nunattributed %" PRId64 " bytes (malloc: in use %" PRIu64 ", idle %" PRIu64 ")\n",
                      t->unattributed, m->malloc_in_use, m->malloc_idle);
        (void)fprintf(out,
                      "             of this, about %" PRIu64
                      " are malloc's block headers and rounding, and up to %" PRIu64
                      "\n             are freed blocks that malloc caches for %" PRIu64
                      " threads, which is not a leak; the rest\n             belongs to the C library, "
                      "libconfig and libdw (function names)\n",
                      parts.heads, parts.caches, m->threads);
        (void)fprintf(out,
                      "RSS          %" PRIu64 " bytes (anonymous %" PRIu64 ", files %" PRIu64
                      ", shared %" PRIu64 ")\n",
                      m->rss, m->rss_anon, m->rss_file, m->rss_shmem);
        (void)fputs("records      ", out);
        put_counts(out, t);
        if (t->overflow_records > 0) {
                (void)fprintf(out, "; the table is full: %" PRIu64 " samples in %" PRIu32 " overflow records",
                              prof_record_overflowed(), t->overflow_records);
        }
        (void)putc('\n', out);
        put_rates(out);
        (void)fprintf(out,
                      "statements   %" PRIu64 "; invalid frees %" PRIu64 "; injected faults %" PRIu64 "\n",
                      prof_statements(), prof_bad_frees(), prof_fail_fired());
}

static void add(struct prof_counts *sum, const struct prof_counts *c)
{
        sum->count_alloc += c->count_alloc;
        sum->count_free += c->count_free;
        sum->bytes_alloc += c->bytes_alloc;
        sum->bytes_free += c->bytes_free;
        sum->current_count_used += c->current_count_used;
        sum->current_bytes_used += c->current_bytes_used;
}

void export_stages_text(FILE *out)
{
        struct totals totals = take_totals();
        struct prof_counts sum = {0};
        (void)verdict_all(verdicts);
        put_heading(out);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                struct prof_counts c = prof_read(stage, LIB_COUNT);
                put_row(out, prof_stage_name(stage), &c, true);
                (void)fprintf(out, " %7" PRIu32 "  %s, %s\n", prof_record_count_of(stage),
                              bytes_name(verdicts[stage].bytes), records_name(verdicts[stage].growing));
                put_libs(out, stage);
                add(&sum, &c);
        }
        put_row(out, "total", &sum, false);
        (void)fprintf(out, " %12s %7" PRIu32 "\n", "", totals.records);
        put_footer(out, &totals);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static void put_sums(FILE *out, const struct prof_counts *c)
{
        (void)fprintf(out,
                      "\"count_alloc\":%" PRIu64 ",\"count_free\":%" PRIu64
                      ",\"sum_number_of_bytes_alloc\":%" PRIu64 ",\"sum_number_of_bytes_free\":%" PRIu64
                      ",\"current_count_used\":%" PRId64 ",\"current_number_of_bytes_used\":%" PRId64,
                      c->count_alloc, c->count_free, c->bytes_alloc, c->bytes_free, c->current_count_used,
                      c->current_bytes_used);
}

static void put_json_stage(FILE *out, enum prof_stage stage)
{
        struct prof_counts c = prof_read(stage, LIB_COUNT);
        (void)fprintf(out, "{\"stage\":\"%s\",", prof_stage_name(stage));
        put_sums(out, &c);
        (void)fprintf(out,
                      ",\"low_count_used\":%" PRId64 ",\"high_count_used\":%" PRId64
                      ",\"low_number_of_bytes_used\":%" PRId64 ",\"high_number_of_bytes_used\":%" PRId64
                      ",\"records\":%" PRIu32 ",\"sample_bytes\":%" PRIu64
                      ",\"verdict\":\"%s\",\"bytes\":\"%s\",\"records_verdict\":\"%s\",\"libraries\":{",
                      c.low_count_used, c.high_count_used, c.low_bytes_used, c.high_bytes_used,
                      prof_record_count_of(stage), prof_stage_sample_bytes(stage),
                      verdict_name(verdicts[stage].kind), bytes_name(verdicts[stage].bytes),
                      records_name(verdicts[stage].growing));
        for (enum prof_lib lib = LIB_OWN; lib < LIB_COUNT; lib++) {
                struct prof_counts l = prof_read(stage, lib);
                (void)fprintf(out, "%s\"%s\":{", lib == LIB_OWN ? "" : ",", prof_lib_name(lib));
                put_sums(out, &l);
                (void)putc('}', out);
        }
        (void)fputs("}}", out);
}

void export_stages_json(FILE *out)
{
        struct totals t = take_totals();
        (void)verdict_all(verdicts);
        (void)fputs("{\"stages\":[", out);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                (void)fputs(stage == STAGE_MAIN ? "" : ",", out);
                put_json_stage(out, stage);
        }
        (void)fprintf(
            out,
            "],\"live_bytes\":%" PRIu64 ",\"unattributed_bytes\":%" PRId64 ",\"malloc_in_use_bytes\":%" PRIu64
            ",\"malloc_idle_bytes\":%" PRIu64 ",\"malloc_held_bytes\":%" PRIu64 ",\"rss_bytes\":%" PRIu64
            ",\"rss_anon_bytes\":%" PRIu64 ",\"rss_file_bytes\":%" PRIu64 ",\"rss_shmem_bytes\":%" PRIu64,
            prof_live_bytes(), t.unattributed, t.memory.malloc_in_use, t.memory.malloc_idle,
            t.memory.malloc_held, t.memory.rss, t.memory.rss_anon, t.memory.rss_file, t.memory.rss_shmem);
        struct process_unattributed_parts parts = process_unattributed_parts(&t.memory);
        (void)fprintf(out, ",\"unattributed_heads_bytes\":%" PRIu64 ",\"unattributed_caches_bytes\":%" PRIu64,
                      parts.heads, parts.caches);
        (void)fprintf(out,
                      ",\"records\":%" PRIu32 ",\"live_records\":%" PRIu32 ",\"overflow_records\":%" PRIu32
                      ",\"stacks\":%" PRIu32 ",\"places\":%" PRIu32 ",\"overflowed\":%" PRIu64
                      ",\"sample_bytes\":%" PRIu64 ",\"statements\":%" PRIu64 ",\"bad_frees\":%" PRIu64
                      ",\"faults_fired\":%" PRIu64 "}\n",
                      t.records, t.live_records, t.overflow_records, prof_record_stacks(), t.places,
                      prof_record_overflowed(), prof_sample_bytes(), prof_statements(), prof_bad_frees(),
                      prof_fail_fired());
}
