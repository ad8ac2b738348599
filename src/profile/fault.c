/* Failing the n-th allocation, for tests. Disarmed it costs one relaxed load. */
#include "profile/prof_state.h"

static _Atomic uint64_t target; /* 0 = disarmed */
static _Atomic uint64_t seen;
static _Atomic uint64_t fired;

static bool is_counted(enum prof_stage stage)
{
        return stage != STAGE_MAIN && stage != STAGE_SETTINGS && stage != STAGE_ADMIN &&
               stage != STAGE_PROFILE;
}

bool fault_hits(enum prof_stage stage)
{
        uint64_t nth = atomic_load_explicit(&target, memory_order_relaxed);
        if (nth == 0 || !is_counted(stage)) {
                return false;
        }
        if (atomic_fetch_add_explicit(&seen, 1, memory_order_relaxed) + 1 != nth) {
                return false;
        }
        atomic_fetch_add_explicit(&fired, 1, memory_order_relaxed);
        return true;
}

void prof_fail_nth(uint64_t nth)
{
        atomic_store_explicit(&target, 0, memory_order_relaxed);
        if (nth > 0) {
                atomic_store_explicit(&seen, 0, memory_order_relaxed);
                atomic_store_explicit(&target, nth, memory_order_relaxed);
        }
}

uint64_t prof_fail_seen(void)
{
        return atomic_load_explicit(&seen, memory_order_relaxed);
}

uint64_t prof_fail_fired(void)
{
        return atomic_load_explicit(&fired, memory_order_relaxed);
}
