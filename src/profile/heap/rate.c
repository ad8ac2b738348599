#include "profile/heap/rate.h"

#include "profile/heap/thread.h"

#define MEAN_MAX     (1ULL << 50)
#define MEAN_DEFAULT 524288

_Atomic uint64_t rate_mean_bytes = MEAN_DEFAULT;
static _Atomic uint64_t mean_of_all = MEAN_DEFAULT;
static _Atomic uint64_t mean_of[STAGE_COUNT] = {[0 ... STAGE_COUNT - 1] = MEAN_DEFAULT};
static atomic_bool boosted[STAGE_COUNT];
static _Atomic uint64_t since[STAGE_COUNT + 1]; /* the last one is of any stage */

static void set_stage(enum prof_stage stage, uint64_t mean)
{
        uint64_t statements = thread_statements();
        if (atomic_exchange_explicit(&mean_of[stage], mean, memory_order_relaxed) != mean) {
                atomic_store_explicit(&since[stage], statements, memory_order_relaxed);
                atomic_store_explicit(&since[STAGE_COUNT], statements, memory_order_relaxed);
        }
}

uint64_t rate_effective(enum prof_stage stage)
{
        uint64_t mean = prof_stage_sample_bytes(stage);
        return mean != 0 && atomic_load_explicit(&boosted[stage], memory_order_relaxed) ? 1 : mean;
}

/** Let the allocating threads see it: one mean for all as long as there is one. */
static void publish(void)
{
        uint64_t mean = prof_sample_bytes();
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                if (rate_effective(stage) != mean) {
                        mean = RATE_BY_STAGE;
                        break;
                }
        }
        atomic_store_explicit(&rate_mean_bytes, mean, memory_order_release);
}

void prof_set_sample_bytes(uint64_t mean)
{
        uint64_t now = mean < MEAN_MAX ? mean : MEAN_MAX;
        atomic_store_explicit(&mean_of_all, now, memory_order_relaxed);
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                set_stage(stage, now);
        }
        publish();
}

void prof_set_stage_sample_bytes(enum prof_stage stage, uint64_t mean)
{
        set_stage(stage, mean < MEAN_MAX ? mean : MEAN_MAX);
        publish();
}

void prof_sample_boost(enum prof_stage stage, bool on)
{
        atomic_store_explicit(&boosted[stage], on, memory_order_relaxed);
        publish();
}

uint64_t prof_sample_since(enum prof_stage stage)
{
        return atomic_load_explicit(&since[stage], memory_order_relaxed);
}

uint64_t prof_sample_bytes(void)
{
        return atomic_load_explicit(&mean_of_all, memory_order_relaxed);
}

uint64_t prof_stage_sample_bytes(enum prof_stage stage)
{
        return atomic_load_explicit(&mean_of[stage], memory_order_relaxed);
}
