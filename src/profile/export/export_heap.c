#include "base/clock.h"
#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/export/process.h"
#include "profile/heap/counts.h"
#include "profile/heap/rate.h"
#include "profile/heap/scale.h"
#include "profile/heap/thread.h"

#include <inttypes.h>
#include <stdlib.h>

/** The figures of one record, all taken at one time: header and rows have to agree. */
struct row {
        uint64_t live_bytes;
        uint64_t live;
        uint64_t bytes;
        uint64_t objects;
        uint32_t id;
};

/** Greatest live bytes first, then greatest bytes ever, then the oldest. */
static int compare(const void *a, const void *b)
{
        const struct row *x = a;
        const struct row *y = b;
        if (x->live_bytes != y->live_bytes) {
                return x->live_bytes < y->live_bytes ? 1 : -1;
        }
        if (x->bytes != y->bytes) {
                return x->bytes < y->bytes ? 1 : -1;
        }
        return x->id < y->id ? -1 : 1;
}

/** The figures, not scaled, or @p scaled up by the rate of each record. */
static struct row row_of(const struct prof_record *r, bool scaled)
{
        uint64_t rate = scaled ? r->sample_bytes : 1;
        struct scaled live = scale_samples(r->allocs - r->frees, r->bytes_alloc - r->bytes_free, rate);
        struct scaled all = scale_samples(r->allocs, r->bytes_alloc, rate);
        return (struct row){(uint64_t)live.bytes, (uint64_t)live.objects, (uint64_t)all.bytes,
                            (uint64_t)all.objects, r->id};
}

static uint32_t take_rows(struct row *rows, uint32_t n, bool scaled, struct row *sum)
{
        struct prof_record r;
        uint32_t taken = 0;
        for (uint32_t id = 1; id <= n; id++) {
                if (!prof_record_get(id, &r) || r.allocs == 0) {
                        continue; /* another thread is creating it, or has not counted its first block yet */
                }
                struct row row = row_of(&r, scaled);
                sum->live_bytes += row.live_bytes;
                sum->live += row.live;
                sum->bytes += row.bytes;
                sum->objects += row.objects;
                rows[taken++] = row;
        }
        return taken;
}

static void put_birth(FILE *out, const struct prof_record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        (void)fprintf(out, "# record %" PRIu32 " stage=%s lib=%s", r->id, prof_stage_name(r->stage),
                      prof_lib_name(r->lib));
        if (r->overflow) {
                (void)fputs(" overflow=true",
                            out); /* stands for samples of any size that came when the table was full */
        } else {
                (void)fprintf(out, " size=%" PRIu64 " sample=%" PRIu64, r->size, r->sample_bytes);
        }
        if (r->site[0] != '\0') {
                (void)fprintf(out, " site=%s", r->site);
        }
        clock_rfc3339(r->born_wall_ns, when);
        (void)fprintf(out, " born=%s statement=%" PRIu64, when, r->born_statement);
        clock_rfc3339(r->last_wall_ns, when);
        (void)fprintf(out, " last=%s last_statement=%" PRIu64, when, r->last_statement);
        if (r->command != NULL) {
                (void)fprintf(out, " session=%" PRIu64 " %s ", r->session, r->command);
                export_quoted(out, r->text);
        }
        (void)putc('\n', out);
}

static void put_figures(FILE *out, const struct row *row)
{
        (void)fprintf(out, "%" PRIu64 ": %" PRIu64 " [%" PRIu64 ": %" PRIu64 "] @", row->live,
                      row->live_bytes, row->objects, row->bytes);
}

static void put_sample(FILE *out, const struct row *row, const struct prof_record *r)
{
        put_figures(out, row);
        for (unsigned i = 0; i < r->depth; i++) {
                (void)fprintf(out, " %#" PRIxPTR, r->stack[i]);
        }
        (void)putc('\n', out);
}

static void put_record(FILE *out, const struct row *row)
{
        struct prof_record r;
        if (!prof_record_get(row->id, &r)) {
                return;
        }
        put_sample(out, row, &r);
        put_birth(out, &r);
        for (unsigned i = 0; i < r.depth; i++) {
                export_frame_text(out, r.stack[i]);
        }
        (void)putc('\n', out);
}

/** Counts for a list with @p records and @p stacks: more may have been created while it was printed. */
static void put_stats(FILE *out, uint32_t records, uint32_t stacks)
{
        struct process_memory m = process_memory_read();
        struct prof_counts sum = {0};
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                struct prof_counts c = prof_read(stage, LIB_COUNT);
                sum.count_alloc += c.count_alloc;
                sum.count_free += c.count_free;
                sum.bytes_alloc += c.bytes_alloc;
                sum.current_count_used += c.current_count_used;
                sum.current_bytes_used += c.current_bytes_used;
        }
        const struct {
                const char *name;
                uint64_t value;
        } lines[] = {
            {"Alloc", (uint64_t)sum.current_bytes_used},
            {"TotalAlloc", sum.bytes_alloc},
            {"Sys", m.malloc_held + (uint64_t)prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used},
            {"Mallocs", sum.count_alloc},
            {"Frees", sum.count_free},
            {"HeapAlloc", (uint64_t)sum.current_bytes_used},
            {"HeapSys", m.malloc_held},
            {"HeapIdle", m.malloc_idle},
            {"HeapInuse", m.malloc_in_use},
            {"HeapObjects", (uint64_t)sum.current_count_used},
            {"RSS", m.rss},
            {"RssAnon", m.rss_anon},
            {"RssFile", m.rss_file},
            {"RssShmem", m.rss_shmem},
            {"Statements", prof_statements()},
            {"Records", records},
            {"Stacks", stacks},
            {"Lines", export_count_places(true)},
            {"OverflowedSamples", prof_record_overflowed()},
        };
        (void)fputs("\n# runtime.MemStats\n", out);
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                (void)fprintf(out, "# %s = %" PRIu64 "\n", lines[i].name, lines[i].value);
        }
        (void)fprintf(out, "# Unattributed = %" PRId64 "\n", process_unattributed(&m));
}

/** The records' figures, sorted. They are in the profiler's own memory: otherwise looking at the records would create new
 * ones. */
struct list {
        struct row *rows; /* NULL = there was no memory */
        size_t size;
        uint32_t n;
        uint32_t records;
        uint32_t stacks; /* of these records */
        struct row sum;
};

/** How many records and stacks there are at one time, or nearly so if new ones come all the time. */
static void count_both(struct list *list)
{
        enum { TRIES = 100 };
        for (int i = 0; i < TRIES; i++) {
                list->stacks = prof_record_stacks();
                list->records = prof_record_count();
                if (list->stacks == prof_record_stacks()) {
                        break;
                }
        }
}

static struct list take_list(bool scaled)
{
        struct list list = {.n = 0};
        count_both(&list);
        list.size = ((size_t)list.records + 1) * sizeof(struct row);
        list.rows = thread_map(list.size);
        if (list.rows != NULL) {
                list.n = take_rows(list.rows, list.records, scaled, &list.sum);
                qsort(list.rows, list.n, sizeof list.rows[0], compare);
        }
        return list;
}

static void put_list(FILE *out, const struct list *list, void (*put)(FILE *out, const struct row *row))
{
        if (list->rows == NULL) {
                (void)fputs("# no memory for the list of records\n", out);
                return;
        }
        for (uint32_t i = 0; i < list->n; i++) {
                put(out, &list->rows[i]);
        }
        thread_unmap(list->rows, list->size);
}

void export_heap_text(FILE *out)
{
        struct list list = take_list(false);
        (void)fputs("heap profile: ", out);
        put_figures(out, &list.sum);
        (void)fprintf(out, " heap/%" PRIu64 "\n", 2 * prof_sample_bytes());
        put_list(out, &list, put_record);
        put_stats(out, list.records, list.stacks);
        export_maps(out);
}

static void put_bare_record(FILE *out, const struct row *row)
{
        struct prof_record r;
        if (prof_record_get(row->id, &r)) {
                put_sample(out, row, &r);
        }
}

/** Whether all records were caught at the rate @p sample_bytes. */
static bool have_one_rate(uint64_t sample_bytes)
{
        struct prof_record r;
        for (uint32_t id = 1; id <= prof_record_count(); id++) {
                if (prof_record_get(id, &r) && r.sample_bytes != sample_bytes) {
                        return false;
                }
        }
        return true;
}

/** Readers scale all figures by the one rate in the header. If there are several rates, the figures are scaled here, and the
 * header says that they need no scaling. */
void export_heap_v2(FILE *out)
{
        uint64_t period = prof_sample_bytes();
        bool one = period > 0 && have_one_rate(period);
        struct list list = take_list(!one);
        (void)fputs("heap profile: ", out);
        put_figures(out, &list.sum);
        if (one) {
                (void)fprintf(out, " heap_v2/%" PRIu64 "\n", period);
        } else {
                (void)fputs(" heapprofile\n", out);
        }
        put_list(out, &list, put_bare_record);
        export_maps(out);
}
