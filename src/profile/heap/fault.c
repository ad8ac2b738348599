#include "profile/heap/fault.h"

#include "profile/heap/table.h"

#include <pthread.h>

atomic_bool fault_armed;

/* The plan and its count change together. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct prof_fault plan;
static uint64_t plans; /* how many were armed so far: distinguishes a plan from the same one armed again */
static uint64_t seen;
static uint64_t fired;

bool prof_fault_arm(const struct prof_fault *fault)
{
        const struct table_entry *e = fault->kind == FAULT_RECORD ? table_entry(fault->record) : NULL;
        /* libevent's HTTP frees a request that it could not set up, and reads what it had not set up yet */
        if (fault->kind == FAULT_RECORD &&
            (e == NULL || e->overflow || (e->key.stage == STAGE_ADMIN && e->key.lib == LIB_LIBEVENT))) {
                return false;
        }
        (void)pthread_mutex_lock(&lock);
        plan = *fault;
        if (e != NULL) {
                plan.stage = e->key.stage;
        }
        if (fault->kind != FAULT_NONE) {
                plans++;
                seen = 0;
        }
        atomic_store(&fault_armed, fault->kind != FAULT_NONE);
        (void)pthread_mutex_unlock(&lock);
        return true;
}

void prof_fail_nth(uint64_t nth)
{
        (void)prof_fault_arm(&(const struct prof_fault){
            .kind = nth != 0 ? FAULT_NTH : FAULT_NONE, .stage = STAGE_COUNT, .nth = nth});
}

struct prof_fault prof_fault_now(void)
{
        (void)pthread_mutex_lock(&lock);
        struct prof_fault now = plan;
        (void)pthread_mutex_unlock(&lock);
        return now;
}

static uint64_t read_locked(const uint64_t *counter)
{
        (void)pthread_mutex_lock(&lock);
        uint64_t value = *counter;
        (void)pthread_mutex_unlock(&lock);
        return value;
}

uint64_t prof_fail_seen(void)
{
        return read_locked(&seen);
}

uint64_t prof_fail_fired(void)
{
        return read_locked(&fired);
}

/** Whether a failure in @p stage ends at most a session. */
static bool is_counted(enum prof_stage stage)
{
        if (plan.stage != STAGE_COUNT) {
                return plan.stage == stage;
        }
        return stage != STAGE_MAIN && stage != STAGE_SETTINGS && stage != STAGE_ADMIN &&
               stage != STAGE_PROFILE;
}

/** A number in [0, 1) for the @p n-th allocation: the steps of splitmix64. */
static double draw(uint64_t seed, uint64_t n)
{
        uint64_t x = seed + n * 0x9e3779b97f4a7c15ULL;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
        return (double)((x ^ x >> 31) >> 11) * 0x1p-53;
}

/** The stack is compared without the lock. If two threads match, the first one disarms. */
static bool count_record(uint32_t record, uint64_t armed, enum prof_stage stage, enum prof_lib lib,
                         size_t size, const struct alloc_site *site)
{
        if (!table_matches(thread_self(), record, stage, lib, size, site)) {
                return false;
        }
        (void)pthread_mutex_lock(&lock);
        bool fails = plan.kind == FAULT_RECORD && plans == armed;
        if (fails) {
                plan.kind = FAULT_NONE;
                atomic_store(&fault_armed, false);
                fired++;
        }
        (void)pthread_mutex_unlock(&lock);
        return fails;
}

bool fault_count(enum prof_stage stage, enum prof_lib lib, size_t size, const struct alloc_site *site)
{
        (void)pthread_mutex_lock(&lock);
        bool counted = plan.kind != FAULT_NONE && is_counted(stage);
        bool of_record = counted && plan.kind == FAULT_RECORD;
        seen += counted;
        /* after the nth it goes on counting, so it passes the target once */
        bool fails = counted && (plan.kind == FAULT_NTH      ? seen == plan.nth
                                 : plan.kind == FAULT_RANDOM ? draw(plan.seed, seen) < plan.probability
                                                             : false);
        fired += fails;
        uint32_t record = plan.record;
        uint64_t armed = plans;
        (void)pthread_mutex_unlock(&lock);
        return of_record ? count_record(record, armed, stage, lib, size, site) : fails;
}
