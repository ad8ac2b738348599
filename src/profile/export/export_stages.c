#include "base/metric.h"
#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/export/process.h"
#include "profile/export/verdict_all.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/rate.h"

#include <inttypes.h>

/** Compares the memory of the process with the sum of the stages. */
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

/* --- columns ------------------------------------------------------------------------------------------------------- */

/** A stage, a library's share of one, or the sum of the stages. */
struct row {
        const char *name;
        struct prof_counts counts;
        bool is_whole; /**< of a stage: only these have a HIGH of their own */
        uint32_t records;
        uint32_t rises; /**< 1 if the verdict is that its memory leaks */
        uint64_t sample_bytes;
        const char *verdict;
        const char *bytes_verdict;
        const char *records_verdict;
};

static void put_high(FILE *out, const struct column *column, const void *row)
{
        int64_t high;
        memcpy(&high, (const char *)row + column->offset, sizeof high);
        if (((const struct row *)row)->is_whole) {
                column_put_level(out, high, column->width);
        } else {
                (void)fprintf(out, "%*s", column->width, "");
        }
}

static void put_verdicts(FILE *out, const struct column *column, const void *row)
{
        const struct row *r = row;
        if (r->is_whole) {
                (void)fprintf(out, "%s%s, %s", column->before, r->bytes_verdict, r->records_verdict);
        }
}

enum { OF_STAGES = 1 << 0, OF_LIBRARIES = 1 << 1 };

#define OF(member, column_kind) .kind = (column_kind), .offset = offsetof(struct row, member)
#define COUNT(member)           OF(counts.member, COLUMN_U64)
#define LEVEL(member)           OF(counts.member, COLUMN_I64)

/* Named as in memory_summary_*, each in up to four lines so that a row fits into 120 columns, also with the longest
 * verdicts. */
static const struct column columns[] = {
    {"stage", NULL, "Name of the stage.", OF(name, COLUMN_TEXT), .heading = "stage", .width = -10},
    {"count_alloc", NULL, "Allocations.", COUNT(count_alloc), .metric = "querytap_stage_allocations_total",
     .heading = "COUNT\n_ALLOC", .width = 11},
    {"count_free", NULL, "Frees.", COUNT(count_free), .metric = "querytap_stage_frees_total"},
    {"sum_number_of_bytes_alloc", "bytes", "Allocated in all.", COUNT(bytes_alloc),
     .metric = "querytap_stage_allocated_bytes_total", .heading = "SUM\n_NUMBER\n_OF_BYTES\n_ALLOC",
     .width = 13},
    {"sum_number_of_bytes_free", "bytes", "Freed in all.", COUNT(bytes_free),
     .metric = "querytap_stage_freed_bytes_total"},
    {"current_count_used", NULL, "Blocks in use.", LEVEL(current_count_used),
     .metric = "querytap_stage_blocks", .heading = "CURRENT\n_COUNT\n_USED", .width = 7},
    {.heading = "HIGH\n_COUNT\n_USED", .width = 7, .put = put_high, LEVEL(high_count_used)},
    {"current_number_of_bytes_used", "bytes", "In use.", LEVEL(current_bytes_used),
     .metric = "querytap_stage_memory_bytes", .heading = "CURRENT\n_NUMBER\n_OF_BYTES\n_USED", .width = 12},
    {"low_count_used", NULL, "Fewest blocks in use.", LEVEL(low_count_used)},
    {"high_count_used", NULL, "Most blocks in use.", LEVEL(high_count_used)},
    {"low_number_of_bytes_used", "bytes", "Least in use.", LEVEL(low_bytes_used)},
    {"high_number_of_bytes_used", "bytes", "Most in use.", LEVEL(high_bytes_used),
     .metric = "querytap_stage_memory_high_bytes", .heading = "HIGH\n_NUMBER\n_OF_BYTES\n_USED", .width = 12,
     .views = OF_STAGES, .put = put_high},
    {"records", NULL, "Allocation records.", OF(records, COLUMN_U32),
     .metric = "querytap_stage_allocation_records", .heading = "records", .width = 7, .views = OF_STAGES},
    {"sample_bytes", "bytes", "Mean distance of samples.", OF(sample_bytes, COLUMN_U64)},
    {"verdict", NULL, "The single answer of before.", OF(verdict, COLUMN_TEXT)},
    {"bytes", NULL, "Whether memory rises; see /verdicts.", OF(bytes_verdict, COLUMN_TEXT)},
    {"records_verdict", NULL, "Why records grow; see /verdicts.", OF(records_verdict, COLUMN_TEXT)},
    {.help = "Whether its memory rises without end: 1 if it leaks, otherwise 0.",
     OF(rises, COLUMN_U32),
     .metric = "querytap_stage_leaks"},
    {.heading = "bytes, records", .before = "  ", .views = OF_STAGES, .put = put_verdicts},
};

enum {
        FIRST_SUM = 1, /* column */
        SUMS = 7,      /* columns that a library has in JSON */
};

const struct column_table export_stages_table = {"/stages", columns, sizeof columns / sizeof columns[0]};

static struct row row_of_stage(enum prof_stage stage)
{
        return (struct row){
            .name = prof_stage_name(stage),
            .counts = prof_read(stage, LIB_COUNT),
            .is_whole = true,
            .records = prof_record_count_of(stage),
            .rises = verdicts[stage].bytes == BYTES_RISES ? 1 : 0,
            .sample_bytes = prof_stage_sample_bytes(stage),
            .verdict = verdict_name(verdicts[stage].kind),
            .bytes_verdict = bytes_name(verdicts[stage].bytes),
            .records_verdict = records_name(verdicts[stage].growing),
        };
}

/* --- text ---------------------------------------------------------------------------------------------------------- */

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
                        const struct row row = {.name = name, .counts = c};
                        column_put_text(&export_stages_table, OF_LIBRARIES, &row, out);
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

/** The common rate of sampling, and the stages that have another. */
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
        struct row sum = {.name = "total", .records = totals.records};
        (void)verdict_all(verdicts);
        column_put_headings(&export_stages_table, OF_STAGES, out);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                const struct row row = row_of_stage(stage);
                column_put_text(&export_stages_table, OF_STAGES, &row, out);
                put_libs(out, stage);
                add(&sum.counts, &row.counts);
        }
        column_put_text(&export_stages_table, OF_STAGES, &sum, out);
        put_footer(out, &totals);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static void put_stage_json(struct json_writer *j, enum prof_stage stage)
{
        static const struct column_table sums = {"libraries", columns + FIRST_SUM, SUMS};
        const struct row row = row_of_stage(stage);
        json_writer_object(j, NULL);
        column_put_json(&export_stages_table, &row, j);
        json_writer_object(j, "libraries");
        for (enum prof_lib lib = LIB_OWN; lib < LIB_COUNT; lib++) {
                const struct row part = {.counts = prof_read(stage, lib)};
                json_writer_object(j, prof_lib_name(lib));
                column_put_json(&sums, &part, j);
                json_writer_end(j);
        }
        json_writer_end(j);
        json_writer_end(j);
}

/** The whole process, as members of the open object. */
static void put_process_json(struct json_writer *j, const struct totals *t)
{
        const struct process_memory *m = &t->memory;
        const struct process_unattributed_parts parts = process_unattributed_parts(m);
        json_writer_uint(j, "live_bytes", prof_live_bytes());
        json_writer_int(j, "unattributed_bytes", t->unattributed);
        json_writer_uint(j, "malloc_in_use_bytes", m->malloc_in_use);
        json_writer_uint(j, "malloc_idle_bytes", m->malloc_idle);
        json_writer_uint(j, "malloc_held_bytes", m->malloc_held);
        json_writer_uint(j, "rss_bytes", m->rss);
        json_writer_uint(j, "rss_anon_bytes", m->rss_anon);
        json_writer_uint(j, "rss_file_bytes", m->rss_file);
        json_writer_uint(j, "rss_shmem_bytes", m->rss_shmem);
        json_writer_uint(j, "unattributed_heads_bytes", parts.heads);
        json_writer_uint(j, "unattributed_caches_bytes", parts.caches);
        json_writer_uint(j, "records", t->records);
        json_writer_uint(j, "live_records", t->live_records);
        json_writer_uint(j, "overflow_records", t->overflow_records);
        json_writer_uint(j, "stacks", prof_record_stacks());
        json_writer_uint(j, "places", t->places);
        json_writer_uint(j, "overflowed", prof_record_overflowed());
        json_writer_uint(j, "sample_bytes", prof_sample_bytes());
        json_writer_uint(j, "statements", prof_statements());
        json_writer_uint(j, "bad_frees", prof_bad_frees());
        json_writer_uint(j, "faults_fired", prof_fail_fired());
}

void export_stages_json(FILE *out)
{
        struct json_writer j = json_writer_to(out);
        struct totals t = take_totals();
        (void)verdict_all(verdicts);
        json_writer_object(&j, NULL);
        json_writer_array(&j, "stages");
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                put_stage_json(&j, stage);
        }
        json_writer_end(&j);
        put_process_json(&j, &t);
        json_writer_end(&j);
        json_writer_finish(&j);
}

void export_stages_metrics(FILE *out)
{
        struct row rows[STAGE_COUNT];
        struct metric_row metrics[STAGE_COUNT] = {{0}};
        size_t n = 0;
        (void)verdict_all(verdicts);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++, n++) {
                rows[n] = row_of_stage(stage);
                metrics[n] = (struct metric_row){&rows[n], {{"stage", rows[n].name}}};
        }
        metric_table(out, &export_stages_table, metrics, n);
}
