#include "profile/export/export.h"
#include "profile/export/export_parts.h"
#include "profile/export/process.h"
#include "profile/export/symbol.h"
#include "profile/export/verdict.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- symbols -------------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static uintptr_t here(void)
{
        return (uintptr_t)__builtin_return_address(0);
}

static void symbols_are_found(void)
{
        uintptr_t pc = here();
        for (int i = 0; i < 2; i++) { /* the second from the cache */
                struct symbol s = symbol_find(pc - 1);
                CU_ASSERT_PTR_NOT_NULL_FATAL(s.function);
                CU_ASSERT_STRING_EQUAL(s.function, "symbols_are_found");
                CU_ASSERT_EQUAL(s.offset, pc - 1 - (uintptr_t)symbols_are_found);
                CU_ASSERT_PTR_NOT_NULL_FATAL(s.file);
                CU_ASSERT_PTR_NOT_NULL(strstr(s.file, "test_export.c"));
                CU_ASSERT_TRUE(s.line > 10 && s.line < 40);
                CU_ASSERT_PTR_NOT_NULL_FATAL(s.module);
                CU_ASSERT_PTR_NOT_NULL(strstr(s.module, "test-prof-export"));
        }
        struct symbol s = symbol_find((uintptr_t)CU_initialize_registry);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s.function);
        CU_ASSERT_STRING_EQUAL(s.function, "CU_initialize_registry");
        CU_ASSERT_EQUAL(s.offset, 0);
}

static void what_is_not_known_stays_null(void)
{
        static const uintptr_t odd[] = {0, 1, 4096, UINTPTR_MAX, UINTPTR_MAX / 2};
        int on_stack = 0;
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
                struct symbol s = symbol_find(odd[i]);
                CU_ASSERT_PTR_NULL(s.function);
                CU_ASSERT_PTR_NULL(s.file);
                CU_ASSERT_PTR_NULL(s.module);
        }
        CU_ASSERT_PTR_NULL(symbol_find((uintptr_t)&on_stack).function);
}

static void symbols_give_all_back(void)
{
        symbol_fini();
        struct prof_counts before = prof_read(STAGE_PROFILE, LIB_COUNT);
        CU_ASSERT_PTR_NOT_NULL(symbol_find(here() - 1).function);
        CU_ASSERT_TRUE(prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used > before.current_bytes_used);
        symbol_fini();
        CU_ASSERT_EQUAL(prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used, before.current_bytes_used);
        symbol_fini();
}

/* --- the heap text --------------------------------------------------------------------------------------------------- */

struct figures {
        unsigned long long live;
        unsigned long long live_bytes;
        unsigned long long objects;
        unsigned long long bytes;
};

static bool read_figures(const char *line, struct figures *f)
{
        char at;
        return sscanf(line, "%llu: %llu [%llu: %llu] %c", &f->live, &f->live_bytes, &f->objects, &f->bytes,
                      &at) == 5 &&
               at == '@';
}

static char *heap_text(void)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        export_heap_text(out);
        CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
        return text;
}

/** The rows agree with the header and come in order; nothing has bytes without objects. @return the rows. */
static unsigned check_rows(char *text)
{
        static const char title[] = "heap profile: ";
        struct figures header;
        struct figures sum = {0};
        struct figures row;
        struct figures before = {.live_bytes = UINT64_MAX};
        unsigned rows = 0;
        char *rest = text;
        char *line = strtok_r(rest, "\n", &rest);
        CU_ASSERT_TRUE_FATAL(line != NULL && strncmp(line, title, strlen(title)) == 0);
        CU_ASSERT_TRUE_FATAL(read_figures(line + strlen(title), &header));
        while ((line = strtok_r(rest, "\n", &rest)) != NULL && strcmp(line, "MAPPED_LIBRARIES:") != 0) {
                if (line[0] == '#') {
                        continue;
                }
                CU_ASSERT_TRUE_FATAL(read_figures(line, &row));
                CU_ASSERT_TRUE(row.live_bytes <= before.live_bytes);
                CU_ASSERT_TRUE((row.live == 0) == (row.live_bytes == 0));
                CU_ASSERT_TRUE(row.objects > 0 && row.bytes > 0);
                CU_ASSERT_TRUE(row.live <= row.objects && row.live_bytes <= row.bytes);
                sum.live += row.live;
                sum.live_bytes += row.live_bytes;
                sum.objects += row.objects;
                sum.bytes += row.bytes;
                before = row;
                rows++;
        }
        CU_ASSERT_PTR_NOT_NULL(line);
        CU_ASSERT_EQUAL(sum.live, header.live);
        CU_ASSERT_EQUAL(sum.live_bytes, header.live_bytes);
        CU_ASSERT_EQUAL(sum.objects, header.objects);
        CU_ASSERT_EQUAL(sum.bytes, header.bytes);
        return rows;
}

/** A frame's address is that of its function and the offset shown. */
static void check_frame(const char *text, const char *name, uintptr_t address)
{
        const char *at = strstr(text, name);
        unsigned long long pc = 0;
        unsigned long long offset = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        CU_ASSERT_EQUAL(sscanf(at + strlen(name), "+0x%llx", &offset), 1);
        while (at > text && at[-1] != '#') {
                at--;
        }
        CU_ASSERT_EQUAL(sscanf(at, "\t0x%llx\t", &pc), 1);
        CU_ASSERT_EQUAL(pc, address + offset);
}

static void the_heap_text_agrees_with_itself(void)
{
        void *kept[40];
        prof_set_sample_bytes(1);
        uint32_t records = prof_record_count();
        for (size_t i = 0; i < 40; i++) {
                kept[i] = prof_alloc(STAGE_CAPTURE, i * i * 5);
        }
        for (size_t i = 0; i < 40; i += 3) {
                prof_free(kept[i]);
        }
        prof_set_sample_bytes(1000);
        char *text = heap_text();
        CU_ASSERT_PTR_NOT_NULL(strstr(text, " @ heap/2000\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n# HeapAlloc = "));
        uint32_t places = export_count_places(false);
        uint32_t lines = export_count_places(true);
        CU_ASSERT_TRUE(lines > 0 && lines <= places && places < prof_record_count());
        char expected[64];
        (void)snprintf(expected, sizeof expected, "\n# Lines = %u\n", lines);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, expected));
        CU_ASSERT_TRUE(prof_record_count() > records + 10);
        check_frame(text, "the_heap_text_agrees_with_itself", (uintptr_t)the_heap_text_agrees_with_itself);
        CU_ASSERT_EQUAL(check_rows(text), prof_record_count());
        free(text);
        for (size_t i = 0; i < 40; i++) {
                if (i % 3 != 0) {
                        prof_free(kept[i]);
                }
        }
}

static void looking_makes_no_records(void)
{
        prof_set_sample_bytes(1);
        free(heap_text());
        uint32_t records = prof_record_count();
        struct prof_counts before = prof_read(STAGE_PROFILE, LIB_COUNT);
        free(heap_text());
        CU_ASSERT_EQUAL(prof_record_count(), records);
        CU_ASSERT_EQUAL(prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used, before.current_bytes_used);
        prof_set_sample_bytes(0);
}

static atomic_bool stop;

static void *churn(void *unused)
{
        for (size_t i = 0; !atomic_load(&stop); i++) {
                prof_free(prof_alloc(STAGE_FRAME, i % 5000));
        }
        return unused;
}

static void the_heap_text_agrees_while_others_allocate(void)
{
        pthread_t threads[2];
        prof_set_sample_bytes(1);
        for (int i = 0; i < 2; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, churn, NULL), 0);
        }
        for (int i = 0; i < 20; i++) {
                char *text = heap_text();
                (void)check_rows(text);
                free(text);
        }
        atomic_store(&stop, true);
        for (int i = 0; i < 2; i++) {
                pthread_join(threads[i], NULL);
        }
        prof_set_sample_bytes(0);
}

static void a_full_stream_is_survived(void)
{
        FILE *full = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(full);
        export_heap_text(full);
        export_stages_text(full);
        export_stages_json(full);
        bool failed = ferror(full) != 0; /* then there may be nothing left for fclose to fail with */
        CU_ASSERT_TRUE(fclose(full) != 0 || failed);
}

/** Also with the longest verdicts; heap.sh looks at a real table. */
static void the_stage_table_fits_into_120_columns(void)
{
        size_t width = 0;
        size_t bytes = 0;
        size_t records = 0;
        for (size_t i = 0; i < export_stages_table.n; i++) {
                const struct column *c = &export_stages_table.columns[i];
                if (c->heading != NULL) {
                        width += (size_t)abs(c->width) +
                                 (i == 0 ? 0 : strlen(c->before != NULL ? c->before : " "));
                }
        }
        for (enum bytes_kind kind = 0; kind < BYTES_KINDS; kind++) {
                bytes = strlen(bytes_name(kind)) > bytes ? strlen(bytes_name(kind)) : bytes;
        }
        for (enum records_kind kind = 0; kind < RECORDS_KINDS; kind++) {
                records = strlen(records_name(kind)) > records ? strlen(records_name(kind)) : records;
        }
        CU_ASSERT_EQUAL(width + bytes + strlen(", ") + records, 120);
}

static int64_t unattributed(void)
{
        struct process_memory m = process_memory_read();
        return process_unattributed(&m);
}

static void memory_taken_past_the_profiler_is_unattributed(void)
{
        enum { SIZE = 40 << 20, SLACK = 1 << 20 };
        struct process_memory m = process_memory_read();
        CU_ASSERT_TRUE(m.rss >= m.rss_anon && m.rss_anon > 0);
        if (m.malloc_held == 0) {
                return; /* a sanitizer's malloc, which tells nothing */
        }
        int64_t before = unattributed();
        void *own = prof_alloc(STAGE_FRAME, SIZE);
        CU_ASSERT_TRUE(llabs(unattributed() - before) < SLACK);
        void *foreign = malloc(SIZE); /* for the C library's own */
        CU_ASSERT_TRUE(foreign != NULL && llabs(unattributed() - before - SIZE) < SLACK);
        prof_free(own);
        free(foreign);
        CU_ASSERT_TRUE(llabs(unattributed() - before) < SLACK);
}

static const struct tap_test tests[] = {
    {"symbols are found, static functions too", symbols_are_found},
    {"what is not known stays NULL", what_is_not_known_stays_null},
    {"symbols give all back", symbols_give_all_back},
    {"the heap text agrees with itself", the_heap_text_agrees_with_itself},
    {"looking at the profile makes no records", looking_makes_no_records},
    {"the heap text agrees with itself while others allocate", the_heap_text_agrees_while_others_allocate},
    {"the stage table fits into 120 columns", the_stage_table_fits_into_120_columns},
    {"a full stream is survived", a_full_stream_is_survived},
    {"memory taken past the profiler is unattributed", memory_taken_past_the_profiler_is_unattributed},
};

int main(void)
{
        int status = TAP_RUN("export", tests);
        symbol_fini();
        return status;
}
