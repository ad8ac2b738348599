#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "profile/heap/table.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/** The newest record. */
static struct prof_record newest(void)
{
        struct prof_record r = {0};
        uint32_t n = prof_record_count();
        CU_ASSERT_TRUE(n > 0 && prof_record_get(n, &r));
        return r;
}

static struct prof_record get(uint32_t id)
{
        struct prof_record r = {0};
        CU_ASSERT_TRUE(prof_record_get(id, &r));
        return r;
}

static void size_classes_hold_their_sizes(void)
{
        uint64_t before = 0;
        unsigned per_doubling = 0;
        for (uint64_t size = 0; size < 70000; size++) {
                uint64_t c = table_size_class(size);
                CU_ASSERT_TRUE_FATAL(c >= size && c >= before);
                CU_ASSERT_TRUE_FATAL(size <= 64 ? c - size <= 15 : c - size <= size / 4);
                CU_ASSERT_EQUAL_FATAL(table_size_class(c), c);
                per_doubling += size > 16384 && size <= 32768 && c != before;
                before = c;
        }
        CU_ASSERT_EQUAL(per_doubling, 4);
        CU_ASSERT_EQUAL(table_size_class(0), 8);
        CU_ASSERT_EQUAL(table_size_class(129), 160);
        CU_ASSERT_EQUAL(table_size_class(1ULL << 40), 1ULL << 40);
        CU_ASSERT_EQUAL(table_size_class((1ULL << 40) + 1), 5ULL << 38);
}

static void nothing_is_sampled_at_rate_0(void)
{
        prof_set_sample_bytes(0);
        uint32_t before = prof_record_count();
        for (int i = 0; i < 100; i++) {
                prof_free(prof_alloc(STAGE_FRAME, 1 << 20));
        }
        CU_ASSERT_EQUAL(prof_record_count(), before);
}

/* --- what a record holds ---------------------------------------------------------------------------------------- */

__attribute__((noinline)) static void *leaf_site(size_t size)
{
        return prof_alloc(STAGE_DISSECT, size);
}

__attribute__((noinline)) static void *middle_site(size_t size)
{
        void *p = leaf_site(size);
        CU_ASSERT_PTR_NOT_NULL(p);
        return p;
}

/** Whether @p pc lies in the first bytes of @p function. */
static bool inside(uintptr_t pc, void *(*function)(size_t))
{
        return pc > (uintptr_t)function && pc < (uintptr_t)function + 400;
}

static void a_record_knows_its_site(void)
{
        prof_set_sample_bytes(1);
        void *p = middle_site(100);
        struct prof_record r = newest();
        CU_ASSERT_EQUAL(r.stage, STAGE_DISSECT);
        CU_ASSERT_EQUAL(r.lib, LIB_OWN);
        CU_ASSERT_EQUAL(r.size, 112);
        CU_ASSERT_EQUAL(r.allocs, 1);
        CU_ASSERT_EQUAL(r.frees, 0);
        CU_ASSERT_EQUAL(r.bytes_alloc, 112);
        CU_ASSERT_FALSE(r.overflow);
        CU_ASSERT_TRUE_FATAL(r.depth >= 3);
        CU_ASSERT_TRUE(inside(r.stack[0], leaf_site));
        CU_ASSERT_TRUE(inside(r.stack[1], middle_site));
        CU_ASSERT_TRUE(r.stack[2] > (uintptr_t)a_record_knows_its_site);
        prof_free(p);
        r = get(r.id);
        CU_ASSERT_EQUAL(r.frees, 1);
        CU_ASSERT_EQUAL(r.bytes_free, 112);
        prof_set_sample_bytes(0);
}

static void a_site_is_one_record_a_size_class(void)
{
        prof_set_sample_bytes(1);
        uint32_t first = prof_record_count() + 1;
        uint32_t stacks = prof_record_stacks();
        for (int i = 0; i < 60; i++) {
                prof_free(leaf_site((size_t)(1000 + i % 3 * 1000)));
        }
        CU_ASSERT_EQUAL(prof_record_count(), first + 2);
        CU_ASSERT_EQUAL(prof_record_stacks(), stacks + 1);
        for (uint32_t id = first; id < first + 3; id++) {
                struct prof_record r = get(id);
                CU_ASSERT_EQUAL(r.id, id);
                CU_ASSERT_EQUAL(r.allocs, 20);
                CU_ASSERT_EQUAL(r.frees, 20);
                CU_ASSERT_EQUAL(r.bytes_alloc, 20 * r.size);
        }
        CU_ASSERT_EQUAL(get(first).size, 1024);
        CU_ASSERT_EQUAL(get(first + 2).size, 3072);
        prof_set_sample_bytes(0);
}

static void the_newest_sample_is_never_before_the_birth(void)
{
        table_set_time(1); /* the last tick was long ago */
        prof_set_sample_bytes(1);
        prof_free(leaf_site(60000));
        CU_ASSERT_EQUAL(newest().last_wall_ns, newest().born_wall_ns);
        prof_tick();
        prof_free(leaf_site(70000));
        prof_set_sample_bytes(0);
        CU_ASSERT_TRUE(newest().last_wall_ns >= newest().born_wall_ns);
        CU_ASSERT_TRUE(newest().born_wall_ns > 1600000000000000000ULL);
}

static void a_record_knows_when_it_was_last_seen(void)
{
        prof_set_sample_bytes(1);
        void *p = NULL;
        for (volatile int i = 0; i < 2; i++) { /* volatile: one call in the program */
                prof_free(p);
                p = leaf_site(80000);
                for (int n = 0; i == 0 && n < 100; n++) {
                        prof_count_statement();
                }
                prof_tick();
        }
        prof_free(p);
        prof_set_sample_bytes(0);
        struct prof_record r = newest();
        CU_ASSERT_EQUAL(r.allocs, 2);
        CU_ASSERT_EQUAL(r.last_statement, prof_statements());
        CU_ASSERT_EQUAL(r.born_statement, prof_statements() - 100);
}

static void libraries_share_no_record(void)
{
        PROF_SCOPE(STAGE_LINK);
        uint32_t first = prof_record_count() + 1;
        prof_set_sample_bytes(1);
        for (volatile int lib = LIB_OWN; lib < LIB_COUNT; lib++) { /* volatile: one call in the program */
                prof_free(prof_lib_alloc((enum prof_lib)lib, 50));
                prof_free(NULL);
        }
        prof_set_sample_bytes(0);
        CU_ASSERT_EQUAL(prof_record_count(), first + LIB_COUNT - 1);
        CU_ASSERT_EQUAL(get(first + 2).lib, LIB_OPENSSL);
        CU_ASSERT_EQUAL(get(first).stack[0], get(first + 2).stack[0]);
}

static struct prof_wire describe_later(const struct prof_wire *wire)
{
        return (struct prof_wire){
            .session = wire->session, .command = "COM_PING", .text = span_str("told when asked")};
}

static void the_wire_may_be_asked(void)
{
        const struct prof_wire wire = {.session = 43, .describe = describe_later};
        prof_set_sample_bytes(1);
        prof_set_wire(&wire);
        void *p = prof_alloc(STAGE_DIGEST, 10);
        prof_set_wire(NULL);
        struct prof_record r = newest();
        CU_ASSERT_EQUAL(r.session, 43);
        CU_ASSERT_STRING_EQUAL(r.command, "COM_PING");
        CU_ASSERT_STRING_EQUAL(r.text, "told when asked");
        prof_free(p);
}

static void a_record_remembers_the_wire(void)
{
        char text[200];
        memset(text, 'x', sizeof text);
        memcpy(text, "SELECT 'birth'", 14);
        struct prof_wire wire = {.session = 42, .command = "COM_QUERY", .text = span_of(text, sizeof text)};
        prof_set_sample_bytes(1);
        prof_count_statement();
        prof_set_wire(&wire);
        void *p = prof_alloc(STAGE_DIGEST, 10);
        prof_set_wire(NULL);
        struct prof_record r = newest();
        memset(text, '-', sizeof text); /* the record has a copy */
        CU_ASSERT_EQUAL(r.session, 42);
        CU_ASSERT_STRING_EQUAL(r.command, "COM_QUERY");
        CU_ASSERT_EQUAL(strncmp(r.text, "SELECT 'birth'xxx", 17), 0);
        CU_ASSERT_EQUAL(strlen(r.text), PROF_TEXT_MAX - 1);
        CU_ASSERT_EQUAL(r.born_statement, prof_statements());
        CU_ASSERT_TRUE(r.born_wall_ns > 1600000000000000000ULL);
        CU_ASSERT_TRUE(r.last_wall_ns >= r.born_wall_ns);
        prof_free(p);
        p = prof_alloc(STAGE_DIGEST, 10);
        r = newest();
        CU_ASSERT_EQUAL(r.session, 0);
        CU_ASSERT_PTR_NULL(r.command);
        CU_ASSERT_STRING_EQUAL(r.text, "");
        prof_free(p);
        prof_set_sample_bytes(0);
}

static void realloc_moves_the_sample(void)
{
        prof_set_sample_bytes(1);
        void *p = prof_alloc(STAGE_SINK, 100);
        uint32_t born = prof_record_count();
        p = prof_realloc(STAGE_SINK, p, 5000);
        CU_ASSERT_EQUAL(get(born).frees, 1);
        struct prof_record r = newest();
        CU_ASSERT_NOT_EQUAL(r.id, born);
        CU_ASSERT_EQUAL(r.size, 5120);
        prof_set_sample_bytes(0);
        p = prof_realloc(STAGE_SINK, p, 50);
        CU_ASSERT_EQUAL(get(r.id).frees, 1);
        prof_free(p);
        CU_ASSERT_EQUAL(get(r.id).frees, 1);
}

static void ids_are_bounded(void)
{
        struct prof_record r;
        CU_ASSERT_FALSE(prof_record_get(0, &r));
        CU_ASSERT_FALSE(prof_record_get(prof_record_count() + 1, &r));
        CU_ASSERT_FALSE(prof_record_get(UINT32_MAX, &r));
}

/* --- statistics ------------------------------------------------------------------------------------------------------ */

__attribute__((noinline)) static uint64_t samples_of(size_t size, int n)
{
        uint32_t before = prof_record_count();
        for (int i = 0; i < n; i++) {
                prof_free(prof_alloc(STAGE_TLS, size));
        }
        uint64_t sum = 0;
        for (uint32_t id = before + 1; id <= prof_record_count(); id++) {
                sum += get(id).allocs;
        }
        return sum;
}

/** Allocations of b bytes are sampled with probability 1 - e^(-b/R). The bounds are more than six standard deviations. */
static void samples_follow_the_mean(void)
{
        prof_set_sample_bytes(64 * 1024);
        uint64_t small = samples_of(656, 200000); /* expected 1991.9, deviation 44.4 */
        CU_ASSERT_TRUE(small > 1992 - 280 && small < 1992 + 280);
        uint64_t even = samples_of(64 * 1024, 4000); /* expected 2528.5, deviation 30.5 */
        CU_ASSERT_TRUE(even > 2528 - 190 && even < 2528 + 190);
        uint64_t large = samples_of(2 << 20, 300); /* expected 300 */
        CU_ASSERT_EQUAL(large, 300);
        prof_set_sample_bytes(1ULL << 50);
        CU_ASSERT_EQUAL(samples_of(100, 10000), 0);
        prof_set_sample_bytes(0);
}

static _Atomic int phase;

static void reach(int wanted)
{
        atomic_fetch_add(&phase, 1);
        while (atomic_load(&phase) < wanted) {
                sched_yield();
        }
}

static void *allocate_in_phases(void *out)
{
        prof_free(prof_alloc(STAGE_LISTENER, 10));
        reach(2);
        reach(4); /* the rate is 1 now */
        prof_free(prof_alloc(STAGE_LISTENER, 10));
        *(uint32_t *)out = prof_record_count();
        reach(6);
        reach(8); /* and 0 again */
        prof_free(prof_alloc(STAGE_LISTENER, 10));
        return NULL;
}

static void a_change_of_the_mean_reaches_all_threads(void)
{
        pthread_t thread;
        uint32_t before = prof_record_count();
        uint32_t during = 0;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, allocate_in_phases, &during), 0);
        reach(2);
        CU_ASSERT_EQUAL(prof_record_count(), before);
        prof_set_sample_bytes(1);
        reach(4);
        reach(6);
        CU_ASSERT_EQUAL(during, before + 1);
        prof_set_sample_bytes(0);
        reach(8);
        pthread_join(thread, NULL);
        CU_ASSERT_EQUAL(prof_record_count(), before + 1);
        CU_ASSERT_EQUAL(newest().allocs, 1);
}

/* --- many records ----------------------------------------------------------------------------------------------- */

static void *one_way(unsigned path, unsigned depth, enum prof_stage stage);

/** Another call site at each level for each bit: 2^depth stacks. */
__attribute__((noinline)) static void *other_way(unsigned path, unsigned depth, enum prof_stage stage)
{
        if (depth == 0) {
                return prof_alloc(stage, 24);
        }
        return (path & 1) != 0 ? one_way(path >> 1, depth - 1, stage)
                               : other_way(path >> 1, depth - 1, stage);
}

__attribute__((noinline)) static void *one_way(unsigned path, unsigned depth, enum prof_stage stage)
{
        if (depth == 0) {
                return prof_alloc(stage, 24);
        }
        return (path & 1) != 0 ? one_way(path >> 1, depth - 1, stage)
                               : other_way(path >> 1, depth - 1, stage);
}

enum { BIRTH_THREADS = 4, BIRTH_DEPTH = 10 };

static void *walk_all_paths(void *unused)
{
        for (unsigned path = 0; path < 1U << BIRTH_DEPTH; path++) {
                prof_free(other_way(path, BIRTH_DEPTH, STAGE_WORKER));
        }
        return unused;
}

static atomic_bool stop_reading;
static atomic_bool torn;

static void *read_all(void *unused)
{
        struct prof_record r;
        do {
                uint32_t n = prof_record_count();
                for (uint32_t id = 1; id <= n; id++) {
                        if (prof_record_get(id, &r) &&
                            (r.id != id || r.frees > r.allocs || r.bytes_free > r.bytes_alloc ||
                             (r.depth == 0 && !r.overflow))) {
                                atomic_store(&torn, true);
                        }
                }
        } while (!atomic_load(&stop_reading));
        return unused;
}

/** Threads that bear the same records at the same time: each record once, no sample lost. */
static void births_race_without_twins(void)
{
        pthread_t threads[BIRTH_THREADS];
        pthread_t reader;
        uint32_t before = prof_record_count();
        prof_set_sample_bytes(1);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&reader, NULL, read_all, NULL), 0);
        for (int i = 0; i < BIRTH_THREADS; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, walk_all_paths, NULL), 0);
        }
        for (int i = 0; i < BIRTH_THREADS; i++) {
                pthread_join(threads[i], NULL);
        }
        prof_set_sample_bytes(0);
        atomic_store(&stop_reading, true);
        pthread_join(reader, NULL);
        CU_ASSERT_FALSE(atomic_load(&torn));
        uint32_t born = prof_record_count() - before;
        CU_ASSERT_EQUAL(born, 1U << BIRTH_DEPTH);
        for (uint32_t id = before + 1; id <= before + born; id++) {
                struct prof_record r = get(id);
                CU_ASSERT_EQUAL_FATAL(r.allocs, BIRTH_THREADS);
                CU_ASSERT_EQUAL_FATAL(r.frees, BIRTH_THREADS);
        }
}

static void deep_stacks_are_cut_at_the_root(void)
{
        prof_set_sample_bytes(1);
        void *p = other_way(0, PROF_STACK_MAX + 10, STAGE_WORKER);
        prof_set_sample_bytes(0);
        CU_ASSERT_EQUAL(newest().depth, PROF_STACK_MAX);
        prof_free(p);
}

/** Fills the table: comes last. */
static void past_the_end_one_record_a_stage(void)
{
        void *kept[2];
        prof_set_sample_bytes(1);
        uint32_t before = prof_record_count();
        for (unsigned path = 0; prof_record_overflowed() == 0 && path < 2 * PROF_RECORDS; path++) {
                prof_free(other_way(path, 15, STAGE_JOURNAL));
        }
        CU_ASSERT_EQUAL(prof_record_overflowed(), 1);
        CU_ASSERT_EQUAL(prof_record_count(), PROF_RECORDS + 1);
        CU_ASSERT_EQUAL(prof_record_count_of(STAGE_JOURNAL), PROF_RECORDS + 1 - before);
        kept[0] = prof_calloc(STAGE_JOURNAL, 1, 1000);
        kept[1] = prof_calloc(STAGE_JOURNAL, 1, 100);
        prof_free(kept[0]);
        struct prof_record r = newest();
        CU_ASSERT_TRUE(r.overflow);
        CU_ASSERT_EQUAL(r.stage, STAGE_JOURNAL);
        CU_ASSERT_EQUAL(r.depth, 0);
        CU_ASSERT_EQUAL(r.allocs, 3);
        CU_ASSERT_EQUAL(r.frees, 2);
        CU_ASSERT_EQUAL(r.bytes_alloc - r.bytes_free, 112);
        prof_free(kept[1]);
        kept[1] = prof_calloc(STAGE_CAPTURE, 1,
                              100); /* a stage that had no record so far gets an overflow record of its own */
        CU_ASSERT_EQUAL(prof_record_count(), PROF_RECORDS + 2);
        CU_ASSERT_EQUAL(get(r.id).frees, 3);
        CU_ASSERT_EQUAL(get(r.id).bytes_alloc, get(r.id).bytes_free);
        CU_ASSERT_EQUAL(newest().bytes_alloc, 112);
        prof_free(kept[1]);
        CU_ASSERT_EQUAL(newest().frees, 1);
        CU_ASSERT_EQUAL(prof_record_overflowed(), 4);
        uint64_t known = get(before + 1).allocs;
        prof_free(other_way(0, 15, STAGE_JOURNAL)); /* another line: another stack */
        CU_ASSERT_EQUAL(prof_record_overflowed(), 5);
        CU_ASSERT_EQUAL(get(before + 1).allocs, known);
        CU_ASSERT_EQUAL(prof_record_count(), PROF_RECORDS + 2);
        CU_ASSERT_TRUE(prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used < 10 << 20);
        prof_set_sample_bytes(0);
}

static const struct tap_test tests[] = {
    {"size classes hold their sizes", size_classes_hold_their_sizes},
    {"nothing is sampled at rate 0", nothing_is_sampled_at_rate_0},
    {"a record knows its site", a_record_knows_its_site},
    {"a site is one record a size class", a_site_is_one_record_a_size_class},
    {"the newest sample is never before the birth", the_newest_sample_is_never_before_the_birth},
    {"a record knows when it was last seen", a_record_knows_when_it_was_last_seen},
    {"libraries share no record", libraries_share_no_record},
    {"a record remembers what was on the wire", a_record_remembers_the_wire},
    {"the wire may be asked when a record is born", the_wire_may_be_asked},
    {"realloc frees one sample and may take another", realloc_moves_the_sample},
    {"ids are bounded", ids_are_bounded},
    {"samples follow the mean", samples_follow_the_mean},
    {"a change of the mean reaches all threads", a_change_of_the_mean_reaches_all_threads},
    {"births race without twins, and readers see whole records", births_race_without_twins},
    {"deep stacks are cut at the root", deep_stacks_are_cut_at_the_root},
    {"past the table's end there is one record a stage", past_the_end_one_record_a_stage},
};

int main(void)
{
        return TAP_RUN("record", tests);
}
