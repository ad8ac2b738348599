#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>

__attribute__((noinline)) static void *take_statement(size_t size)
{
        return prof_alloc(STAGE_DISSECT, size);
}

__attribute__((noinline)) static void *take_other(size_t size)
{
        void *p = prof_alloc(STAGE_DISSECT, size);
        if (p != NULL) {
                memset(p, 1, size);
        }
        return p;
}

/** Whether an allocation at the first site works. */
static bool works(size_t size)
{
        void *p = take_statement(size);
        prof_free(p);
        return p != NULL;
}

static void disarm(void)
{
        CU_ASSERT_TRUE(prof_fault_arm(&(const struct prof_fault){.kind = FAULT_NONE}));
}

static void the_nth_fails_in_its_stage_only(void)
{
        uint64_t fired = prof_fail_fired();
        const struct prof_fault f = {.kind = FAULT_NTH, .stage = STAGE_DISSECT, .nth = 3};
        CU_ASSERT_TRUE(prof_fault_arm(&f));
        for (int i = 0; i < 10; i++) { /* another stage is not counted */
                void *p = prof_alloc(STAGE_FRAME, 10);
                CU_ASSERT_PTR_NOT_NULL(p);
                prof_free(p);
        }
        CU_ASSERT_EQUAL(prof_fail_seen(), 0);
        CU_ASSERT_TRUE(works(10) && works(10));
        CU_ASSERT_FALSE(works(10));
        CU_ASSERT_TRUE(works(10));
        CU_ASSERT_EQUAL(prof_fail_seen(), 4);
        CU_ASSERT_EQUAL(prof_fail_fired(), fired + 1);
        CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NTH);
        disarm();
        CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NONE);
}

static void stages_without_sessions_fail_when_named(void)
{
        prof_fail_nth(1);
        void *p = prof_alloc(STAGE_ADMIN, 10);
        CU_ASSERT_PTR_NOT_NULL(p);
        prof_free(p);
        const struct prof_fault f = {.kind = FAULT_NTH, .stage = STAGE_ADMIN, .nth = 1};
        CU_ASSERT_TRUE(prof_fault_arm(&f));
        CU_ASSERT_PTR_NULL(prof_alloc(STAGE_ADMIN, 10));
        disarm();
}

/** Which of 200 allocations fail: a bit each. */
static unsigned pattern(double probability, uint64_t seed, unsigned failed[200])
{
        unsigned n = 0;
        const struct prof_fault f = {
            .kind = FAULT_RANDOM, .stage = STAGE_COUNT, .probability = probability, .seed = seed};
        CU_ASSERT_TRUE(prof_fault_arm(&f));
        for (int i = 0; i < 200; i++) {
                failed[i] = !works(10);
                n += failed[i];
        }
        disarm();
        return n;
}

static void chance_is_the_seeds(void)
{
        unsigned first[200];
        unsigned second[200];
        CU_ASSERT_EQUAL(pattern(0, 1, first), 0);
        CU_ASSERT_EQUAL(pattern(1, 1, first), 200);
        unsigned n = pattern(0.3, 5, first);
        CU_ASSERT_TRUE(n > 30 && n < 90); /* of 60 expected */
        (void)pattern(0.3, 5, second);
        CU_ASSERT_EQUAL(memcmp(first, second, sizeof first), 0);
        (void)pattern(0.3, 6, second);
        CU_ASSERT_NOT_EQUAL(memcmp(first, second, sizeof first), 0);
}

/** @return the record of a new block of that size at the first site. */
static uint32_t record_of(size_t size)
{
        prof_set_sample_bytes(1);
        CU_ASSERT_TRUE(works(size));
        prof_set_sample_bytes(0);
        return prof_record_count();
}

/** From one place: the whole stack is the record's key. */
static bool try_site(bool first, size_t size)
{
        void *p = NULL;
        for (volatile int i = 0; i < 1; i++) {
                p = first ? take_statement(size) : take_other(size);
        }
        prof_free(p);
        return p != NULL;
}

static void a_record_fails_once(void)
{
        static const struct {
                bool first;
                size_t size;
                bool works;
        } tries[] = {
            {true, 600, true},  /* makes the record */
            {false, 600, true}, /* another place */
            {true, 6000, true}, /* another size */
            {true, 630, false}, /* of the same class */
            {true, 600, true},  /* the next one */
        };
        uint64_t fired = prof_fail_fired();
        prof_set_sample_bytes(1);
        for (size_t i = 0; i < sizeof tries / sizeof tries[0];
             i++) { /* all from this line: a record is a stack */
                bool worked = try_site(tries[i].first, tries[i].size);
                CU_ASSERT_EQUAL(worked, tries[i].works);
                if (i == 0) {
                        const struct prof_fault f = {.kind = FAULT_RECORD, .record = prof_record_count()};
                        CU_ASSERT_TRUE(prof_fault_arm(&f));
                        CU_ASSERT_TRUE(try_site(true, 600)); /* from another line */
                        prof_set_sample_bytes(0);            /* it need not be sampled to be known */
                }
        }
        CU_ASSERT_EQUAL(prof_fail_fired(), fired + 1);
        CU_ASSERT_EQUAL(prof_fault_now().kind, FAULT_NONE);
}

static void a_record_must_be_there(void)
{
        const struct prof_fault none = {.kind = FAULT_RECORD, .record = 0};
        const struct prof_fault later = {.kind = FAULT_RECORD, .record = record_of(50) + 1};
        prof_fail_nth(1000);
        CU_ASSERT_FALSE(prof_fault_arm(&none));
        CU_ASSERT_FALSE(prof_fault_arm(&later));
        CU_ASSERT_EQUAL(prof_fault_now().nth, 1000);
        disarm();
}

static atomic_uint failures;

static void *churn(void *unused)
{
        for (int i = 0; i < 20000; i++) {
                if (!try_site(true, 600)) {
                        atomic_fetch_add(&failures, 1);
                }
        }
        return unused;
}

static void of_many_threads_one_fails(void)
{
        pthread_t threads[4];
        prof_set_sample_bytes(1);
        pthread_t one;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&one, NULL, churn, NULL), 0);
        pthread_join(one, NULL);
        prof_set_sample_bytes(0);
        const struct prof_fault f = {.kind = FAULT_RECORD, .record = prof_record_count()};
        for (int round = 0; round < 5; round++) {
                atomic_store(&failures, 0);
                CU_ASSERT_TRUE(prof_fault_arm(&f));
                for (int i = 0; i < 4; i++) {
                        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, churn, NULL), 0);
                }
                for (int i = 0; i < 4; i++) {
                        pthread_join(threads[i], NULL);
                }
                CU_ASSERT_EQUAL(atomic_load(&failures), 1);
        }
}

static const struct tap_test tests[] = {
    {"the nth fails in its stage only", the_nth_fails_in_its_stage_only},
    {"stages without sessions fail when they are named", stages_without_sessions_fail_when_named},
    {"chance is the seed's", chance_is_the_seeds},
    {"a record fails once", a_record_fails_once},
    {"a record must be there", a_record_must_be_there},
    {"of many threads one fails", of_many_threads_one_fails},
};

int main(void)
{
        return TAP_RUN("fault", tests);
}
