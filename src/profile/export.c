#include "profile/export.h"

#include "base/clock.h"
#include "profile/symbol.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the heap profile ------------------------------------------------------------------------------------------ */

static uint64_t live_objects(const struct prof_record *r)
{
        return r->allocs > r->frees ? r->allocs - r->frees : 0;
}

static int compare_live(const void *a, const void *b)
{
        const struct prof_record *x = a;
        const struct prof_record *y = b;
        uint64_t left = live_objects(x) * x->size;
        uint64_t right = live_objects(y) * y->size;
        if (left != right) {
                return left < right ? 1 : -1;
        }
        return x->id < y->id ? -1 : x->id > y->id;
}

/** All records as they are now, sorted by live bytes. @return NULL when memory is out or there are none. */
static struct prof_record *snapshot(uint32_t *n)
{
        uint32_t count = prof_record_count();
        struct prof_record *records = count > 0 ? malloc(count * sizeof *records) : NULL;
        *n = 0;
        for (uint32_t id = 1; records != NULL && id <= count; id++) {
                *n += prof_record_get(id, &records[*n]) ? 1 : 0;
        }
        if (records != NULL) {
                qsort(records, *n, sizeof *records, compare_live);
        }
        return records;
}

/** Text from the wire within a comment line: one line, printable. */
static void print_text(FILE *out, const char *text)
{
        for (const char *p = text; *p != '\0'; p++) {
                (void)fputc((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p, out);
        }
}

static void print_record(FILE *out, const struct prof_record *r)
{
        uint64_t live = live_objects(r);
        char born[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->born_wall_ns, born);
        (void)fprintf(out, "%" PRIu64 ": %" PRIu64 " [%" PRIu64 ": %" PRIu64 "] @", live, live * r->size,
                      r->allocs, r->allocs * r->size);
        for (unsigned i = 0; i < r->depth; i++) {
                (void)fprintf(out, " 0x%" PRIxPTR, r->stack[i]);
        }
        (void)fprintf(out, "\n# record %" PRIu32 " stage=%s lib=%s born=%s after %" PRIu64 " statements",
                      r->id, prof_stage_name(r->stage), prof_lib_name(r->lib), born, r->born_statement);
        if (r->overflow) {
                (void)fprintf(out, " [overflow]");
        }
        if (r->command != NULL) {
                (void)fprintf(out, " session=%" PRIu64 " %s ", r->session, r->command);
                print_text(out, r->text);
        }
        (void)fputc('\n', out);
        for (unsigned i = 0; i < r->depth; i++) {
                struct symbol s = symbol_find(r->stack[i] - 1); /* the call, not what follows it */
                (void)fprintf(out, "#\t0x%" PRIxPTR "\t%s+0x%" PRIx64, r->stack[i],
                              s.function != NULL ? s.function : "?", s.function != NULL ? s.offset + 1 : 0);
                if (s.file != NULL) {
                        (void)fprintf(out, "\t%s:%d", s.file, s.line);
                } else if (s.module != NULL) {
                        (void)fprintf(out, "\t%s", s.module);
                }
                (void)fputc('\n', out);
        }
        (void)fputc('\n', out);
}

static uint64_t rss_bytes(void)
{
        char line[128] = "";
        FILE *statm = fopen("/proc/self/statm", "re");
        if (statm != NULL) {
                if (fgets(line, sizeof line, statm) == NULL) {
                        line[0] = '\0';
                }
                (void)fclose(statm);
        }
        const char *second = strchr(line, ' '); /* size, then resident, in pages */
        unsigned long long pages = second != NULL ? strtoull(second, NULL, 10) : 0;
        return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_memory(FILE *out)
{
        struct mallinfo2 m = mallinfo2();
        uint64_t allocs = 0;
        uint64_t frees = 0;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                struct prof_counts c = prof_read((enum prof_stage)i, LIB_COUNT);
                allocs += c.count_alloc;
                frees += c.count_free;
                bytes += c.bytes_alloc;
        }
        (void)fprintf(out, "# runtime.MemStats\n");
        (void)fprintf(out, "# Alloc = %" PRIu64 "\n", prof_live_bytes());
        (void)fprintf(out, "# TotalAlloc = %" PRIu64 "\n", bytes);
        (void)fprintf(out, "# Sys = %" PRIu64 "\n", rss_bytes());
        (void)fprintf(out, "# Mallocs = %" PRIu64 "\n", allocs);
        (void)fprintf(out, "# Frees = %" PRIu64 "\n", frees);
        (void)fprintf(out, "# HeapAlloc = %zu\n", m.uordblks + m.hblkhd);
        (void)fprintf(out, "# HeapSys = %zu\n", m.arena + m.hblkhd);
        (void)fprintf(out, "# HeapIdle = %zu\n", m.fordblks);
        (void)fprintf(out, "# HeapInuse = %zu\n", m.uordblks + m.hblkhd);
        (void)fprintf(out, "# HeapReleased = %zu\n", m.keepcost);
}

static void print_maps(FILE *out)
{
        char line[1024];
        FILE *maps = fopen("/proc/self/maps", "re");
        (void)fprintf(out, "\nMAPPED_LIBRARIES:\n");
        while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
                (void)fputs(line, out);
        }
        if (maps != NULL) {
                (void)fclose(maps);
        }
}

void export_heap_text(FILE *out)
{
        uint32_t n;
        struct prof_record *records = snapshot(&n);
        uint64_t objects[2] = {0, 0};
        uint64_t bytes[2] = {0, 0};
        for (uint32_t i = 0; i < n; i++) {
                objects[0] += live_objects(&records[i]);
                bytes[0] += live_objects(&records[i]) * records[i].size;
                objects[1] += records[i].allocs;
                bytes[1] += records[i].allocs * records[i].size;
        }
        (void)fprintf(
            out, "heap profile: %" PRIu64 ": %" PRIu64 " [%" PRIu64 ": %" PRIu64 "] @ heap/%" PRIu64 "\n",
            objects[0], bytes[0], objects[1], bytes[1], 2 * prof_sample_bytes());
        for (uint32_t i = 0; i < n; i++) {
                print_record(out, &records[i]);
        }
        free(records);
        print_memory(out);
        print_maps(out);
}

/* --- the stage table ----------------------------------------------------------------------------------------------- */

struct totals {
        uint64_t live;
        uint64_t in_use; /* by mallinfo2, the prefixes of the seam included */
        uint64_t blocks;
        uint64_t mapped; /* the profiler's own, not from malloc */
        uint64_t rss;
};

static struct totals read_totals(void)
{
        struct mallinfo2 m = mallinfo2();
        struct prof_counts own = prof_read(STAGE_PROFILE, LIB_COUNT);
        struct totals t = {.in_use = m.uordblks + m.hblkhd, .live = prof_live_bytes(), .rss = rss_bytes()};
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                t.blocks += (uint64_t)prof_read((enum prof_stage)i, LIB_COUNT).current_count_used;
        }
        t.mapped = (uint64_t)own.current_bytes_used;
        return t;
}

static uint64_t unattributed(const struct totals *t)
{
        uint64_t seam = t->live - t->mapped + t->blocks * 16;
        return t->in_use > seam ? t->in_use - seam : 0;
}

static uint32_t records_of(enum prof_stage stage)
{
        uint32_t n = 0;
        struct prof_record r;
        for (uint32_t id = 1; id <= prof_record_count(); id++) {
                n += prof_record_get(id, &r) && r.stage == stage ? 1 : 0;
        }
        return n;
}

void export_stages_text(FILE *out)
{
        (void)fprintf(out, "%-9s %12s %12s %10s %10s %12s %12s %15s %8s\n", "STAGE", "COUNT_ALLOC",
                      "COUNT_FREE", "CURRENT", "HIGH", "BYTES_USED", "BYTES_HIGH", "SUM_BYTES_ALLOC",
                      "RECORDS");
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                struct prof_counts c = prof_read((enum prof_stage)i, LIB_COUNT);
                (void)fprintf(out,
                              "%-9s %12" PRIu64 " %12" PRIu64 " %10" PRId64 " %10" PRId64 " %12" PRId64
                              " %12" PRId64 " %15" PRIu64 " %8" PRIu32 "\n",
                              prof_stage_name((enum prof_stage)i), c.count_alloc, c.count_free,
                              c.current_count_used, c.high_count_used, c.current_bytes_used,
                              c.high_bytes_used, c.bytes_alloc, records_of((enum prof_stage)i));
        }
        struct totals t = read_totals();
        (void)fprintf(out,
                      "\nlive in stages %" PRIu64 " B; unattributed (not through a stage) %" PRIu64
                      " B; resident (RSS) %" PRIu64 " B\n",
                      t.live, unattributed(&t), t.rss);
        (void)fprintf(out,
                      "records %" PRIu32 " (%" PRIu32 " distinct stacks, %" PRIu64
                      " samples past the table's end); one sample per %" PRIu64 " B\n",
                      prof_record_count(), prof_record_stacks(), prof_record_overflowed(),
                      prof_sample_bytes());
}

static void print_counts_json(FILE *out, const struct prof_counts *c)
{
        (void)fprintf(out,
                      "\"count_alloc\":%" PRIu64 ",\"count_free\":%" PRIu64
                      ",\"sum_number_of_bytes_alloc\":%" PRIu64 ",\"sum_number_of_bytes_free\":%" PRIu64
                      ",\"current_count_used\":%" PRId64 ",\"current_number_of_bytes_used\":%" PRId64,
                      c->count_alloc, c->count_free, c->bytes_alloc, c->bytes_free, c->current_count_used,
                      c->current_bytes_used);
}

static void print_stage_json(FILE *out, enum prof_stage stage)
{
        struct prof_counts c = prof_read(stage, LIB_COUNT);
        (void)fprintf(out, "{\"stage\":\"%s\",", prof_stage_name(stage));
        print_counts_json(out, &c);
        (void)fprintf(out,
                      ",\"low_count_used\":%" PRId64 ",\"high_count_used\":%" PRId64
                      ",\"low_number_of_bytes_used\":%" PRId64 ",\"high_number_of_bytes_used\":%" PRId64
                      ",\"records\":%" PRIu32 ",\"libraries\":{",
                      c.low_count_used, c.high_count_used, c.low_bytes_used, c.high_bytes_used,
                      records_of(stage));
        for (unsigned i = 0; i < LIB_COUNT; i++) {
                struct prof_counts part = prof_read(stage, (enum prof_lib)i);
                (void)fprintf(out, "%s\"%s\":{", i > 0 ? "," : "", prof_lib_name((enum prof_lib)i));
                print_counts_json(out, &part);
                (void)fputc('}', out);
        }
        (void)fputs("}}", out);
}

void export_stages_json(FILE *out)
{
        struct totals t = read_totals();
        (void)fputs("{\"stages\":[", out);
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                (void)fputs(i > 0 ? "," : "", out);
                print_stage_json(out, (enum prof_stage)i);
        }
        (void)fprintf(out,
                      "],\"live_bytes\":%" PRIu64 ",\"unattributed_bytes\":%" PRIu64 ",\"rss_bytes\":%" PRIu64
                      ",\"records\":%" PRIu32 ",\"stacks\":%" PRIu32 ",\"overflowed\":%" PRIu64
                      ",\"sample_bytes\":%" PRIu64 ",\"statements\":%" PRIu64 ",\"bad_frees\":%" PRIu64 "}\n",
                      t.live, unattributed(&t), t.rss, prof_record_count(), prof_record_stacks(),
                      prof_record_overflowed(), prof_sample_bytes(), prof_statements(), prof_bad_frees());
}
