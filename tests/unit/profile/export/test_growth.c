/* Series and verdicts, with soaks whose truth is known. */
#include "profile/export/growth.h"
#include "profile/export/series.h"
#include "profile/export/verdict_all.h"
#include "profile/heap/counts.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "profile/heap/sample.h"
#include "tap.h"

#include <stdlib.h>

enum { KINDS = 40 };

static uint64_t wall;
static struct verdict verdicts[STAGE_COUNT + 1];

static uint64_t seed;

static unsigned draw(void)
{
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(seed >> 33);
}

/* Each takes another way to the allocation, and another size: a record of its own. */
__attribute__((noinline)) static void work(unsigned kind)
{
        void *block = prof_alloc(STAGE_DISSECT, (size_t)(4 + kind % 4) << (kind / 4 + 4));
        CU_ASSERT_PTR_NOT_NULL(block);
        prof_free(block);
        prof_count_statement();
}

/* Lost to the stage, but kept here: a leak checker below the tests has nothing to find. */
struct lost {
        struct lost *next;
};
static struct lost *all_lost;

__attribute__((noinline)) static void leak(enum prof_stage stage, size_t size)
{
        struct lost *lost = prof_alloc(stage, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
        lost->next = all_lost;
        all_lost = lost;
}

static void find_lost(void)
{
        while (all_lost != NULL) {
                struct lost *lost = all_lost;
                all_lost = lost->next;
                prof_free(lost);
        }
}

static void read_all(uint64_t sessions)
{
        wall += 1000000000;
        series_tick(wall, sessions);
        growth_tick(wall, &(struct growth_traffic){.open = sessions, .begun = sessions});
}

/** @p rounds of statements of @p kinds kinds, the later ones rarer; every @p every-th statement leaks @p bytes in journal. */
__attribute__((noinline)) static void soak(unsigned rounds, unsigned statements, unsigned kinds,
                                           unsigned every, size_t bytes)
{
        static unsigned done;
        for (unsigned round = 0; round < rounds; round++) {
                for (unsigned i = 0; i < statements; i++) {
                        work((unsigned)__builtin_ctz(draw() | 1U << (kinds - 1)));
                        if (every > 0 && ++done % every == 0) {
                                leak(STAGE_JOURNAL, bytes);
                        }
                }
                read_all(0);
        }
        CU_ASSERT_TRUE_FATAL(verdict_all(verdicts));
}

static void begin(uint64_t sample_bytes)
{
        series_fini();
        growth_fini();
        seed = 7;
        sample_seed(7);
        prof_set_sample_bytes(sample_bytes);
        prof_count_statement();
}

static void show(void)
{
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                if (verdicts[stage].records > 0 || verdicts[stage].kind == VERDICT_LEAK) {
                        printf("# %s %s: %s\n", stage < STAGE_COUNT ? prof_stage_name(stage) : "all",
                               verdict_name(verdicts[stage].kind), verdicts[stage].sentence);
                }
        }
}

static void readings_become_points(void)
{
        struct series_point p;
        begin(0);
        CU_ASSERT_FALSE(series_get(0, STAGE_DISSECT, 0, &p));
        void *block = prof_alloc(STAGE_DISSECT, 1000);
        read_all(3);
        prof_free(block);
        read_all(2);
        CU_ASSERT_EQUAL(series_length(0), 2);
        CU_ASSERT_EQUAL(series_length(1), 1);
        CU_ASSERT_TRUE(series_get(0, STAGE_DISSECT, 0, &p) && p.floor_bytes == 1000 && p.floor_count == 1 &&
                       p.sessions == 3 && p.readings == 1);
        CU_ASSERT_TRUE(series_get(1, STAGE_DISSECT, 0, &p) && p.floor_bytes == 0 && p.max_bytes == 1000 &&
                       p.sessions == 2 && p.readings == 2 && p.sum_bytes == 1000);
        for (int i = 0; i < 7000; i++) {
                read_all(1);
        }
        CU_ASSERT_EQUAL(series_length(0), 600);
        CU_ASSERT_EQUAL(series_length(1), 701);
        CU_ASSERT_EQUAL(series_tier_of_all(), 1);
        CU_ASSERT_TRUE(series_get(1, SERIES_WHOLE, 1, &p) && p.readings == 10);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, 599, &p) && p.wall_ns == wall);
        CU_ASSERT_FALSE(series_get(0, SERIES_WHOLE, 600, &p));
        CU_ASSERT_FALSE(series_get(SERIES_TIERS, SERIES_WHOLE, 0, &p));
        CU_ASSERT_EQUAL(series_readings(), 7002);
        /* fewer sessions count before fewer bytes */
        for (int i = 0; i < 8; i++) {
                read_all(1); /* the point of ten readings is complete */
        }
        block = prof_alloc(STAGE_DISSECT, 50);
        read_all(1);
        prof_free(block);
        read_all(2);
        CU_ASSERT_TRUE(series_get(1, STAGE_DISSECT, series_length(1) - 1, &p) && p.sessions == 1 &&
                       p.floor_bytes == 50 && p.readings == 2);
}

static void the_same_work_is_no_leak(void)
{
        begin(4096);
        soak(3, 50, 20, 0, 0);
        CU_ASSERT_EQUAL(verdicts[STAGE_DISSECT].kind, VERDICT_WARMING);
        soak(57, 200, 20, 0, 0);
        show();
        const struct verdict *v = &verdicts[STAGE_DISSECT];
        CU_ASSERT_TRUE(v->kind == VERDICT_DISCOVERING || v->kind == VERDICT_STABLE);
        CU_ASSERT_TRUE(v->predicted && v->births >= v->low && v->births <= v->high);
        CU_ASSERT_EQUAL(v->bytes, BYTES_FLAT);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(v->sentence, "Not a leak: live memory does not grow with traffic (95 %)."));
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                CU_ASSERT_NOT_EQUAL(verdicts[stage].kind, VERDICT_LEAK);
        }
}

static void a_leak_is_named(void)
{
        static const struct prof_wire wire = {
            .session = 42, .command = "COM_QUERY", .text = {(const uint8_t *)"SELECT 'lost\n'", 14}};
        begin(1);
        prof_set_wire(&wire);
        soak(200, 100, 10, 2, 64);
        prof_set_wire(NULL);
        show();
        const struct verdict *v = &verdicts[STAGE_JOURNAL];
        CU_ASSERT_EQUAL(v->kind, VERDICT_LEAK);
        CU_ASSERT_EQUAL(v->bytes, BYTES_RISES);
        CU_ASSERT_TRUE(v->rise.fits[RISE_STATEMENTS].low > 31 && v->rise.fits[RISE_STATEMENTS].high < 33);
        CU_ASSERT_PTR_NOT_NULL(strstr(v->sentence, "first made during COM_QUERY SELECT 'lost '"));
        struct prof_record r;
        CU_ASSERT_TRUE(prof_record_get(v->suspect, &r) && r.stage == STAGE_JOURNAL && r.size == 64);
        for (unsigned stage = 0; stage <= STAGE_COUNT; stage++) {
                CU_ASSERT_TRUE(stage == STAGE_JOURNAL || verdicts[stage].kind != VERDICT_LEAK);
        }
        find_lost();
}

static void what_fills_at_the_start_is_none(void)
{
        begin(1);
        soak(20, 50, 10, 5, 64);
        soak(40, 50, 10, 0, 0);
        CU_ASSERT_NOT_EQUAL(verdicts[STAGE_JOURNAL].kind, VERDICT_LEAK);
        find_lost();
}

static void a_new_path_is_named(void)
{
        begin(2); /* another rate: what was caught before does not count */
        begin(1);
        soak(40, 200, 6, 0, 0);
        CU_ASSERT_EQUAL(verdicts[STAGE_DISSECT].kind, VERDICT_STABLE);
        static const struct prof_wire wire = {
            .session = 43, .command = "COM_QUERY", .text = {(const uint8_t *)"CALL another()", 14}};
        prof_set_wire(&wire);
        for (unsigned kind = 30; kind < KINDS; kind++) {
                work(kind);
        }
        prof_set_wire(NULL);
        read_all(0);
        CU_ASSERT_TRUE_FATAL(verdict_all(verdicts));
        show();
        CU_ASSERT_EQUAL(verdicts[STAGE_DISSECT].kind, VERDICT_NEW_PATH);
        CU_ASSERT_PTR_NOT_NULL(strstr(verdicts[STAGE_DISSECT].sentence, "CALL another()"));
        series_fini();
}

/** What came at another rate is neither compared with nor counted as born. */
static void another_rate_begins_anew(void)
{
        struct series_point p;
        begin(2);
        soak(20, 100, 3, 0, 0);
        CU_ASSERT_TRUE(verdicts[STAGE_DISSECT].predicted);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, series_length(0) - 1, &p) && p.samples == 2000);
        CU_ASSERT_TRUE_FATAL(series_get(0, STAGE_DISSECT, series_length(0) - 1, &p));
        uint64_t samples = p.samples;
        CU_ASSERT_TRUE(samples > 0);
        prof_set_stage_sample_bytes(STAGE_JOURNAL, 1); /* of a stage that does nothing here */
        soak(1, 1, 1, 0, 0);
        CU_ASSERT_TRUE(series_get(0, STAGE_DISSECT, series_length(0) - 1, &p) && p.samples >= samples);
        CU_ASSERT_TRUE(verdicts[STAGE_DISSECT].predicted);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, series_length(0) - 1, &p) && p.samples < samples);
        CU_ASSERT_FALSE(verdicts[STAGE_COUNT].predicted);
        prof_set_stage_sample_bytes(STAGE_DISSECT, 1);
        for (volatile int i = 0; i < 5; i++) { /* from one place: unrolled it would be five stacks */
                soak(1, 100, 8, 0, 0);
                CU_ASSERT_TRUE(verdicts[STAGE_DISSECT].births <= 8);
                CU_ASSERT_NOT_EQUAL(verdicts[STAGE_DISSECT].kind, VERDICT_NEW_PATH);
        }
        CU_ASSERT_TRUE(series_get(0, STAGE_DISSECT, series_length(0) - 1, &p) && p.samples == 500);
        prof_set_sample_bytes(0);
        series_fini();
}

/** What comes from being looked at is the admin port's, not the process'. */
static void looking_is_no_growth_of_the_process(void)
{
        struct series_point p;
        begin(1);
        work(0);
        read_all(0);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, 0, &p));
        uint32_t records = p.records;
        prof_free(prof_alloc(STAGE_ADMIN, 1234));
        read_all(0);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, 1, &p) && p.records == records);
        CU_ASSERT_TRUE(series_get(0, STAGE_ADMIN, 1, &p) && p.records == 1);
        prof_free(prof_alloc(STAGE_SINK, 1234));
        read_all(0);
        CU_ASSERT_TRUE(series_get(0, SERIES_WHOLE, 2, &p) && p.records == records + 1);
        prof_set_sample_bytes(0);
        series_fini();
}

/* Another place. */
__attribute__((noinline)) static void keep(enum prof_stage stage, size_t size)
{
        struct lost *lost = prof_alloc(stage, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(lost);
        lost->next = all_lost;
        all_lost = lost;
        prof_store_add(STORE_DIGESTS, (int64_t)size);
}

/** At the default rate nothing of a small leak is sampled: so its stage is, by itself, until the place is known. */
static void a_place_that_was_not_sampled_is_found(void)
{
        begin(1ULL << 40);
        uint32_t records = prof_record_count();
        for (int i = 0; i < 120 && !suspect_of(STAGE_JOURNAL).searching; i++) {
                for (int k = 0; k < 50; k++) {
                        prof_count_statement();
                        leak(STAGE_JOURNAL, 64);
                }
                read_all(1);
        }
        CU_ASSERT_TRUE(suspect_of(STAGE_JOURNAL).searching);
        CU_ASSERT_EQUAL(prof_record_count(), records);
        CU_ASSERT_EQUAL(prof_stage_sample_bytes(STAGE_JOURNAL), 1ULL << 40);
        for (int i = 0; i < 60 && suspect_of(STAGE_JOURNAL).searching; i++) {
                for (int k = 0; k < 50; k++) {
                        prof_count_statement();
                        leak(STAGE_JOURNAL, 64);
                        void *other = prof_alloc(STAGE_JOURNAL, 500); /* comes and goes */
                        prof_free(other);
                        work(3);
                }
                read_all(1);
        }
        struct suspect found = suspect_of(STAGE_JOURNAL);
        struct prof_record r;
        CU_ASSERT_TRUE(found.sure && !found.searching);
        CU_ASSERT_TRUE_FATAL(prof_record_get(found.record, &r));
        CU_ASSERT_TRUE(r.stage == STAGE_JOURNAL && r.size == 64 && r.sample_bytes == 1);
        CU_ASSERT_TRUE(prof_record_count() <= records + 3); /* of this stage alone */
        records = prof_record_count();
        prof_free(prof_alloc(STAGE_JOURNAL, 12345)); /* it has its rate again */
        CU_ASSERT_EQUAL(prof_record_count(), records);
        for (int i = 0; i < 60; i++) {
                for (int k = 0; k < 50; k++) {
                        prof_count_statement();
                        leak(STAGE_JOURNAL, 64);
                }
                read_all(1);
        }
        CU_ASSERT_TRUE_FATAL(verdict_all(verdicts));
        show();
        CU_ASSERT_EQUAL(verdicts[STAGE_JOURNAL].bytes, BYTES_RISES);
        CU_ASSERT_EQUAL(verdicts[STAGE_JOURNAL].suspect, found.record);
        CU_ASSERT_EQUAL(verdicts[STAGE_COUNT].bytes, BYTES_RISES);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(verdicts[STAGE_JOURNAL].sentence, "A leak: live memory rises by 64 bytes a statement"));
        for (int i = 0; i < 1200; i++) { /* no more of it: it is forgotten, for what leaks next is another */
                for (int k = 0; k < 50; k++) {
                        prof_count_statement();
                }
                read_all(1);
        }
        CU_ASSERT_TRUE(!suspect_of(STAGE_JOURNAL).sure && suspect_of(STAGE_JOURNAL).record == 0);
        find_lost();
}

/** What an owner tells of a bounded store is no rise; what leaks beside it is, and is not mistaken for it. */
static void what_a_store_holds_is_no_leak(void)
{
        begin(1ULL << 40);
        prof_store_bound(STORE_DIGESTS, 1 << 20, 0);
        for (int i = 0; i < 150; i++) {
                for (int k = 0; k < 10; k++) {
                        prof_count_statement();
                }
                keep(STAGE_DIGEST, 1500);
                read_all(1);
        }
        CU_ASSERT_TRUE_FATAL(verdict_all(verdicts));
        CU_ASSERT_EQUAL(verdicts[STAGE_DIGEST].bytes, BYTES_FILLING);
        CU_ASSERT_EQUAL(verdicts[STAGE_DIGEST].store, STORE_DIGESTS);
        CU_ASSERT_PTR_NOT_NULL(
            strstr(verdicts[STAGE_DIGEST].sentence, "Not a leak: digests fill, 225 KB of 1049 KB"));
        CU_ASSERT_NOT_EQUAL(verdicts[STAGE_DIGEST].kind, VERDICT_LEAK);
        for (int i = 0; i < 600 && !suspect_of(STAGE_DIGEST).sure; i++) {
                for (int k = 0; k < 10; k++) {
                        prof_count_statement();
                        leak(STAGE_DIGEST, 48);
                }
                keep(STAGE_DIGEST, 1500);
                read_all(1);
        }
        struct prof_record r;
        CU_ASSERT_TRUE(prof_record_get(suspect_of(STAGE_DIGEST).record, &r) && r.size == 48);
        prof_store_add(STORE_DIGESTS, -(int64_t)prof_store_read(STORE_DIGESTS, 0).used);
        find_lost();
}

static const struct tap_test tests[] = {
    {"readings become points", readings_become_points},
    {"the same work is no leak", the_same_work_is_no_leak},
    {"a leak is named", a_leak_is_named},
    {"what fills at the start is none", what_fills_at_the_start_is_none},
    {"a new path is named", a_new_path_is_named},
    {"another rate begins anew", another_rate_begins_anew},
    {"looking is no growth of the process", looking_is_no_growth_of_the_process},
    {"a place that was not sampled is found", a_place_that_was_not_sampled_is_found},
    {"what a store holds is no leak", what_a_store_holds_is_no_leak},
};

int main(void)
{
        return TAP_RUN("growth", tests);
}
