#include "profile/fault.h"

atomic_bool fault_armed;
static _Atomic uint64_t target;
static _Atomic uint64_t seen;
static _Atomic uint64_t fired;

void prof_fail_nth(uint64_t nth)
{
        if (nth == 0) {
                atomic_store(&fault_armed, false);
                return;
        }
        atomic_store(&seen, 0);
        atomic_store(&target, nth);
        atomic_store(&fault_armed, true);
}

uint64_t prof_fail_seen(void)
{
        return atomic_load(&seen);
}

uint64_t prof_fail_fired(void)
{
        return atomic_load(&fired);
}

bool fault_count(enum prof_stage stage)
{
        if (stage == STAGE_MAIN || stage == STAGE_SETTINGS || stage == STAGE_ADMIN ||
            stage == STAGE_PROFILE) {
                return false;
        }
        /* goes on counting after the fault, so it passes the target once */
        if (atomic_fetch_add(&seen, 1) + 1 != atomic_load(&target)) {
                return false;
        }
        atomic_fetch_add(&fired, 1);
        return true;
}
