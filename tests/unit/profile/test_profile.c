#include "profile/export.h"
#include "profile/prof.h"
#include "profile/record.h"
#include "profile/symbol.h"
#include "tap.h"

#include <pthread.h>
#include <stdlib.h>

static struct prof_counts counts(enum prof_stage stage)
{
        return prof_read(stage, LIB_COUNT);
}

static void counts_are_exact(void)
{
        struct prof_counts before = counts(STAGE_TLS);
        void *a = prof_alloc(STAGE_TLS, 100);
        char *b = prof_calloc(STAGE_TLS, 3, 7);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        CU_ASSERT_PTR_NOT_NULL_FATAL(b);
        CU_ASSERT_EQUAL((uintptr_t)a % 16, 0);
        for (int i = 0; i < 21; i++) {
                CU_ASSERT_EQUAL(b[i], 0);
        }
        struct prof_counts now = counts(STAGE_TLS);
        CU_ASSERT_EQUAL(now.count_alloc - before.count_alloc, 2);
        CU_ASSERT_EQUAL(now.bytes_alloc - before.bytes_alloc, 121);
        a = prof_realloc(STAGE_TLS, a, 1000);
        now = counts(STAGE_TLS);
        CU_ASSERT_EQUAL(now.current_count_used - before.current_count_used, 2);
        CU_ASSERT_EQUAL(now.current_bytes_used - before.current_bytes_used, 1021);
        prof_free(a);
        prof_free(b);
        prof_free(NULL);
        now = counts(STAGE_TLS);
        CU_ASSERT_EQUAL(now.current_count_used, before.current_count_used);
        CU_ASSERT_EQUAL(now.current_bytes_used, before.current_bytes_used);
        CU_ASSERT_TRUE(now.high_bytes_used >= before.current_bytes_used + 1021);
}

static void sizes_that_wrap_are_refused(void)
{
        CU_ASSERT_PTR_NULL(prof_calloc(STAGE_TLS, SIZE_MAX / 2, 3));
        volatile size_t huge = SIZE_MAX - 8;
        CU_ASSERT_PTR_NULL(prof_alloc(STAGE_TLS, huge));
        void *empty = prof_alloc(STAGE_TLS, 0);
        CU_ASSERT_PTR_NOT_NULL(empty);
        prof_free(empty);
}

static void texts_are_copied(void)
{
        char *a = prof_strdup(STAGE_TLS, "abc");
        char *b = prof_spandup(STAGE_TLS, span_of("xyz", 2));
        char *c = prof_spandup(STAGE_TLS, span_of(NULL, 0));
        CU_ASSERT_STRING_EQUAL(a, "abc");
        CU_ASSERT_STRING_EQUAL(b, "xy");
        CU_ASSERT_STRING_EQUAL(c, "");
        prof_free(a);
        prof_free(b);
        prof_free(c);
}

static void libraries_are_charged_to_the_current_stage(void)
{
        struct prof_counts before = prof_read(STAGE_DIGEST, LIB_LIBEVENT);
        void *block;
        {
                PROF_SCOPE(STAGE_DIGEST);
                block = prof_lib_alloc(LIB_LIBEVENT, 10);
        }
        CU_ASSERT_EQUAL(prof_read(STAGE_DIGEST, LIB_LIBEVENT).count_alloc - before.count_alloc, 1);
        CU_ASSERT_EQUAL(prof_read(STAGE_DIGEST, LIB_OWN).count_alloc, 0);
        block = prof_lib_realloc(LIB_OPENSSL, block, 20); /* keeps stage and library of its birth */
        CU_ASSERT_EQUAL(prof_read(STAGE_DIGEST, LIB_LIBEVENT).count_alloc - before.count_alloc, 2);
        prof_free(block);
        CU_ASSERT_EQUAL(prof_read(STAGE_DIGEST, LIB_COUNT).current_count_used, 0);
        enum prof_stage outer = prof_enter(STAGE_LINK);
        CU_ASSERT_EQUAL(prof_enter(outer), STAGE_LINK);
}

static void moves_change_the_stage(void)
{
        struct prof_counts from = counts(STAGE_DIGEST);
        struct prof_counts to = counts(STAGE_CAPTURE);
        void *block = prof_alloc(STAGE_DIGEST, 50);
        prof_move(block, STAGE_CAPTURE);
        CU_ASSERT_EQUAL(counts(STAGE_DIGEST).current_bytes_used, from.current_bytes_used);
        CU_ASSERT_EQUAL(counts(STAGE_CAPTURE).current_bytes_used - to.current_bytes_used, 50);
        prof_free(block);
        CU_ASSERT_EQUAL(counts(STAGE_CAPTURE).current_bytes_used, to.current_bytes_used);
}

static void foreign_frees_are_caught(void)
{
        uint64_t before = prof_bad_frees();
        int64_t live = counts(STAGE_TLS).current_count_used;
        struct {
                char room[64];
                char block[64];
        } foreign = {"", ""};
        prof_free(foreign.block);
        CU_ASSERT_EQUAL(prof_bad_frees(), before + 1);
        CU_ASSERT_PTR_NULL(prof_realloc(STAGE_TLS, foreign.block, 10));
        CU_ASSERT_EQUAL(prof_bad_frees(), before + 2);
        CU_ASSERT_EQUAL(counts(STAGE_TLS).current_count_used, live);
}

static void double_frees_are_caught(void)
{
        /* large enough for the C library to keep it apart and leave its middle as it was */
        uint64_t before = prof_bad_frees();
        char *block = prof_alloc(STAGE_TLS, 4000);
        char *fence = prof_alloc(STAGE_TLS, 4000); /* so that it is not merged with what follows */
        void *volatile again = block;
        prof_free(block);
        prof_free(again);
        CU_ASSERT_EQUAL(prof_bad_frees(), before + 1);
        prof_free(fence);
}

static void the_nth_allocation_fails(void)
{
        prof_fail_nth(3);
        void *a = prof_alloc(STAGE_LINK, 1);
        void *main_stage = prof_alloc(STAGE_MAIN, 1); /* not counted */
        void *b = prof_alloc(STAGE_LINK, 1);
        uint64_t fired = prof_fail_fired();
        void *c = prof_realloc(STAGE_LINK, a, 100);
        CU_ASSERT_PTR_NULL(c);
        CU_ASSERT_EQUAL(prof_fail_fired(), fired + 1);
        c = prof_alloc(STAGE_LINK, 1); /* once only */
        CU_ASSERT_PTR_NOT_NULL(c);
        CU_ASSERT_EQUAL(prof_fail_seen(), 4);
        prof_fail_nth(0);
        prof_free(a); /* a failed realloc left it as it was */
        prof_free(b);
        prof_free(c);
        prof_free(main_stage);
        CU_ASSERT_EQUAL(counts(STAGE_LINK).current_count_used, 0);
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

__attribute__((noinline)) static void *site_with_a_name(size_t size)
{
        void *block = prof_alloc(STAGE_SINK, size);
        __asm__ volatile("" ::: "memory"); /* no tail call: the frame must be there */
        return block;
}

static bool newest_of(enum prof_stage stage, struct prof_record *out)
{
        for (uint32_t id = prof_record_count(); id > 0; id--) {
                if (prof_record_get(id, out) && out->stage == stage) {
                        return true;
                }
        }
        return false;
}

static void samples_know_where_and_why(void)
{
        const struct prof_wire wire = {.session = 7, .command = "COM_QUERY", .text = span_str("SELECT 42")};
        struct prof_record r;
        prof_set_sample_bytes(1);
        prof_set_wire(&wire);
        prof_count_statement();
        void *a = site_with_a_name(100);
        prof_set_wire(NULL);
        CU_ASSERT_TRUE_FATAL(newest_of(STAGE_SINK, &r));
        CU_ASSERT_EQUAL(r.allocs, 1);
        CU_ASSERT_EQUAL(r.frees, 0);
        CU_ASSERT_EQUAL(r.size, 112); /* the class of 100 */
        CU_ASSERT_EQUAL(r.session, 7);
        CU_ASSERT_STRING_EQUAL(r.command, "COM_QUERY");
        CU_ASSERT_STRING_EQUAL(r.text, "SELECT 42");
        CU_ASSERT_TRUE(r.born_statement >= 1);
        CU_ASSERT_TRUE_FATAL(r.depth >= 2);
        struct symbol s = symbol_find(r.stack[0] - 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s.function);
        CU_ASSERT_STRING_EQUAL(s.function,
                               "site_with_a_name"); /* static, and no frame of the profiler before it */
        uint32_t records = prof_record_count();
        void *b = site_with_a_name(101); /* the same class, another call: another stack */
        CU_ASSERT_EQUAL(prof_record_count(), records + 1);
        prof_free(a);
        prof_free(b);
        CU_ASSERT_TRUE(prof_record_get(r.id, &r));
        CU_ASSERT_EQUAL(r.frees, 1); /* the record stays */
        prof_set_sample_bytes(0);
        records = prof_record_count();
        prof_free(site_with_a_name(100000));
        CU_ASSERT_EQUAL(prof_record_count(), records);
        prof_set_sample_bytes(524288);
}

static void samples_are_as_many_as_expected(void)
{
        enum { EACH = 1000, ROUNDS = 100000, MEAN = 100000 };
        prof_set_sample_bytes(MEAN);
        struct prof_record r;
        uint64_t samples = 0;
        for (int i = 0; i < ROUNDS; i++) {
                prof_free(prof_alloc(STAGE_DIGEST, EACH));
        }
        for (uint32_t id = 1; prof_record_get(id, &r); id++) {
                samples += r.stage == STAGE_DIGEST ? r.allocs : 0;
        }
        /* ROUNDS * EACH / MEAN = 1000 expected, standard deviation 32: six of them to either side */
        CU_ASSERT_TRUE(samples > 800 && samples < 1200);
        prof_set_sample_bytes(524288);
}

static void *churn(void *arg)
{
        (void)arg;
        for (int i = 0; i < 20000; i++) {
                void *block = prof_alloc(STAGE_FRAME, (size_t)i % 500);
                block = prof_realloc(STAGE_FRAME, block, (size_t)i % 300 + 1);
                prof_free(block);
        }
        return NULL;
}

static void threads_count_together(void)
{
        pthread_t threads[4];
        prof_set_sample_bytes(1000);
        struct prof_counts before = counts(STAGE_FRAME);
        for (int round = 0; round < 3; round++) { /* ended threads' parts are used again */
                for (int i = 0; i < 4; i++) {
                        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, churn, NULL), 0);
                }
                struct prof_counts now = counts(STAGE_FRAME);
                CU_ASSERT_TRUE(now.current_count_used >= before.current_count_used);
                for (int i = 0; i < 4; i++) {
                        (void)pthread_join(threads[i], NULL);
                }
        }
        struct prof_counts after = counts(STAGE_FRAME);
        CU_ASSERT_EQUAL(after.count_alloc - before.count_alloc, 3 * 4 * 20000 * 2);
        CU_ASSERT_EQUAL(after.current_bytes_used, before.current_bytes_used);
        struct prof_counts own = counts(STAGE_PROFILE);
        CU_ASSERT_TRUE(own.current_bytes_used < 20 * 1024 * 1024);
        prof_set_sample_bytes(524288);
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

static char *printed(void (*print)(FILE *))
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        print(out);
        (void)fclose(out);
        return text;
}

static void the_heap_profile_adds_up(void)
{
        prof_set_sample_bytes(1);
        void *held = site_with_a_name(5000);
        prof_set_sample_bytes(524288);
        char *text = printed(export_heap_text);
        unsigned long long head[5];
        unsigned long long sum[4] = {0};
        CU_ASSERT_EQUAL(sscanf(text, "heap profile: %llu: %llu [%llu: %llu] @ heap/%llu", &head[0], &head[1],
                               &head[2], &head[3], &head[4]),
                        5);
        CU_ASSERT_EQUAL(head[4], 2 * 524288);
        for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
                unsigned long long row[4];
                if (line[1] != '\n' &&
                    sscanf(line + 1, "%llu: %llu [%llu: %llu] @", &row[0], &row[1], &row[2], &row[3]) == 4) {
                        CU_ASSERT_TRUE(row[0] > 0 || row[1] == 0); /* pprof refuses 0 objects with bytes */
                        for (int i = 0; i < 4; i++) {
                                sum[i] += row[i];
                        }
                }
        }
        for (int i = 0; i < 4; i++) {
                CU_ASSERT_EQUAL(sum[i], head[i]);
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\tsite_with_a_name+0x"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "stage=sink lib=own"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n# HeapAlloc = "));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nMAPPED_LIBRARIES:\n"));
        free(text);
        prof_free(held);
}

static void the_stage_table_names_all(void)
{
        char *text = printed(export_stages_text);
        char *json = printed(export_stages_json);
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                const char *name = prof_stage_name((enum prof_stage)i);
                CU_ASSERT_PTR_NOT_NULL(strstr(text, name));
                CU_ASSERT_PTR_NOT_NULL(strstr(json, name));
                CU_ASSERT_EQUAL(prof_stage_find(name), (enum prof_stage)i);
        }
        CU_ASSERT_EQUAL(prof_stage_find("nothing"), STAGE_COUNT);
        CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"current_number_of_bytes_used\":"));
        free(text);
        free(json);
}

static void step(unsigned bits, unsigned depth);

__attribute__((noinline)) static void left(unsigned bits, unsigned depth)
{
        step(bits, depth);
        __asm__ volatile("" ::: "memory"); /* no tail call: the frame must be there */
}

__attribute__((noinline)) static void right(unsigned bits, unsigned depth)
{
        step(bits, depth);
        __asm__ volatile("nop" ::: "memory");
}

/** Left or right by each bit: as many different stacks as there are values of @p bits. */
__attribute__((noinline)) static void step(unsigned bits, unsigned depth)
{
        if (depth == 0) {
                prof_free(prof_alloc(STAGE_ADMIN, 8));
        } else if ((bits & 1) != 0) {
                left(bits >> 1, depth - 1);
        } else {
                right(bits >> 1, depth - 1);
        }
}

/* The last test: it fills the table for good. */
static void the_table_is_bounded(void)
{
        int64_t own = counts(STAGE_PROFILE).current_bytes_used;
        prof_set_sample_bytes(1);
        for (unsigned bits = 0; bits < 1U << 15; bits++) {
                step(bits, 15);
        }
        prof_set_sample_bytes(524288);
        CU_ASSERT_TRUE(prof_record_count() <= PROF_RECORDS + STAGE_COUNT);
        CU_ASSERT_TRUE(prof_record_overflowed() > (1U << 15) - PROF_RECORDS - 1000);
        CU_ASSERT_EQUAL(counts(STAGE_PROFILE).current_bytes_used, own);
        struct prof_record r;
        CU_ASSERT_TRUE(newest_of(STAGE_ADMIN, &r));
        CU_ASSERT_TRUE(r.overflow);
        CU_ASSERT_EQUAL(r.allocs, prof_record_overflowed());
        symbol_fini();
}

static const struct tap_test tests[] = {
    {"counts are exact", counts_are_exact},
    {"sizes that wrap are refused", sizes_that_wrap_are_refused},
    {"texts are copied", texts_are_copied},
    {"libraries are charged to the current stage", libraries_are_charged_to_the_current_stage},
    {"moves change the stage", moves_change_the_stage},
    {"foreign frees are caught and not carried out", foreign_frees_are_caught},
    {"double frees are caught and not carried out", double_frees_are_caught},
    {"the nth allocation fails, once", the_nth_allocation_fails},
    {"samples know where they were born, and for which statement", samples_know_where_and_why},
    {"samples are as many as expected", samples_are_as_many_as_expected},
    {"threads count together", threads_count_together},
    {"the heap profile adds up", the_heap_profile_adds_up},
    {"the stage table names all stages", the_stage_table_names_all},
    {"the table of records is bounded", the_table_is_bounded},
};

int main(void)
{
        return TAP_RUN("profile", tests);
}
