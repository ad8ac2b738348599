/* Rates of sampling: of all stages, of one, and changed while threads allocate. */
#include "base/clock.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static struct prof_record get(uint32_t id)
{
        struct prof_record r = {0};
        CU_ASSERT_TRUE(prof_record_get(id, &r));
        return r;
}

/** Samples so far of all records of @p stage at the rate @p sample_bytes, and how many records these are. */
static uint64_t caught(enum prof_stage stage, uint64_t sample_bytes, uint32_t *records)
{
        uint64_t sum = 0;
        *records = 0;
        for (uint32_t id = 1; id <= prof_record_count(); id++) {
                struct prof_record r = get(id);
                if (r.stage == stage && r.sample_bytes == sample_bytes) {
                        sum += r.allocs;
                        (*records)++;
                }
        }
        return sum;
}

__attribute__((noinline)) static void allocate_in(enum prof_stage stage, size_t size, int n)
{
        for (int i = 0; i < n; i++) {
                prof_free(prof_alloc(stage, size));
        }
}

static void a_stage_may_have_its_own_rate(void)
{
        uint32_t records;
        prof_set_sample_bytes(0);
        prof_set_stage_sample_bytes(STAGE_WORKER, 1);
        CU_ASSERT_EQUAL(prof_sample_bytes(), 0);
        CU_ASSERT_EQUAL(prof_stage_sample_bytes(STAGE_WORKER), 1);
        CU_ASSERT_EQUAL(prof_stage_sample_bytes(STAGE_FRAME), 0);
        uint32_t before = prof_record_count();
        allocate_in(STAGE_FRAME, 1 << 20, 50);
        CU_ASSERT_EQUAL(prof_record_count(), before);
        allocate_in(STAGE_WORKER, 500, 70);
        CU_ASSERT_EQUAL(caught(STAGE_WORKER, 1, &records), 70);
        CU_ASSERT_EQUAL(records, 1);
        /* two stages at once, each by its own gaps; the bounds are more than six standard deviations */
        prof_set_stage_sample_bytes(STAGE_WORKER, 64 * 1024);
        prof_set_stage_sample_bytes(STAGE_LISTENER, 4096);
        for (int i = 0; i < 1000; i++) {
                allocate_in(STAGE_WORKER, 656, 200);  /* expected 1991.9, deviation 44.4 */
                allocate_in(STAGE_LISTENER, 656, 10); /* expected 1480.1, deviation 35.5 */
                allocate_in(STAGE_FRAME, 656, 10);
        }
        uint64_t n = caught(STAGE_WORKER, 64 * 1024, &records);
        CU_ASSERT_TRUE(n > 1992 - 280 && n < 1992 + 280);
        n = caught(STAGE_LISTENER, 4096, &records);
        CU_ASSERT_TRUE(n > 1480 - 220 && n < 1480 + 220);
        CU_ASSERT_EQUAL(caught(STAGE_WORKER, 1, &records), 70); /* what was caught at another rate stands */
        CU_ASSERT_EQUAL(caught(STAGE_FRAME, 0, &records), 0);
        /* one rate for all again */
        prof_set_sample_bytes(64 * 1024);
        CU_ASSERT_EQUAL(prof_stage_sample_bytes(STAGE_LISTENER), 64 * 1024);
        allocate_in(STAGE_TLS, 64 * 1024, 4000); /* expected 2528.5, deviation 30.5 */
        n = caught(STAGE_TLS, 64 * 1024, &records);
        CU_ASSERT_TRUE(n > 2528 - 190 && n < 2528 + 190);
        prof_set_sample_bytes(0);
}

enum { THREADS = 4 };

static atomic_bool stop;

static void *allocate_until_told(void *unused)
{
        while (!atomic_load(&stop)) {
                void *kept = prof_alloc(STAGE_SETTINGS, 300);
                allocate_in(STAGE_LISTENER, 100, 10);
                allocate_in(STAGE_SETTINGS, 300, 10);
                prof_free(kept);
        }
        return unused;
}

/** Rates change while threads allocate: what is counted stays whole, and each record has a rate that was set. */
static void rates_change_under_load(void)
{
        pthread_t threads[THREADS];
        uint32_t before = prof_record_count();
        for (int i = 0; i < THREADS; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, allocate_until_told, NULL), 0);
        }
        uint64_t end_ns = clock_mono_ns() + 60 * CLOCK_S_NS;
        /* the threads take their time to begin on a busy machine */
        for (int i = 0; i < 300 || (prof_record_count() == before && clock_mono_ns() < end_ns); i++) {
                prof_set_stage_sample_bytes(STAGE_LISTENER, i % 2 == 0 ? 1 : 2000);
                prof_set_stage_sample_bytes(STAGE_SETTINGS, i % 3 == 0 ? 0 : 500);
                if (i % 10 == 9) {
                        prof_set_sample_bytes(1000);
                }
                sched_yield();
        }
        atomic_store(&stop, true);
        for (int i = 0; i < THREADS; i++) {
                (void)pthread_join(threads[i], NULL);
        }
        prof_set_sample_bytes(0);
        for (uint32_t id = before + 1; id <= prof_record_count(); id++) {
                struct prof_record r = get(id);
                uint64_t rate = r.sample_bytes;
                CU_ASSERT_TRUE(r.allocs > 0 && r.allocs == r.frees);
                CU_ASSERT_TRUE(rate == 1000 ||
                               (r.stage == STAGE_LISTENER ? rate == 1 || rate == 2000
                                                          : r.stage == STAGE_SETTINGS && rate == 500));
        }
        CU_ASSERT_TRUE(prof_record_count() > before);
}

static const struct tap_test tests[] = {
    {"a stage may have its own", a_stage_may_have_its_own_rate},
    {"they change under load", rates_change_under_load},
};

int main(void)
{
        return TAP_RUN("rates", tests);
}
