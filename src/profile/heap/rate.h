/** @file rate.h  Rates of sampling: how many bytes, on average, lie between two sampled allocations.
 * Knows: the rate of each stage and when it was changed. Which allocations are caught is decided in sample.h.
 * Units: mean bytes between samples: 1 = every allocation, 0 = none. Default 524288.
 * Threads: any may read; rates are changed by one thread. */
#ifndef PROFILE_HEAP_RATE_H
#define PROFILE_HEAP_RATE_H

#include "profile/heap/stage.h"

#include <stdatomic.h>

/** Set the rate of all stages. What was caught at another rate before stays in its allocation records; the new rate makes
 *  records of its own. */
void prof_set_sample_bytes(uint64_t mean);
/** Set that of one stage, until prof_set_sample_bytes sets all. */
void prof_set_stage_sample_bytes(enum prof_stage stage, uint64_t mean);
/** Sample every allocation of @p stage until called again with false; prof_stage_sample_bytes gives the stage's own rate all
 *  the while. What was caught meanwhile has records of its own, which predict nothing about new ones (record.h). A stage
 *  with a rate of 0 is not sampled all the same. */
void prof_sample_boost(enum prof_stage stage, bool on);
/** The rate of all stages that have none of their own. */
uint64_t prof_sample_bytes(void);
uint64_t prof_stage_sample_bytes(enum prof_stage stage);
/** The number of statements when the rate of @p stage, or (STAGE_COUNT) of any, was last changed; 0 = never. */
uint64_t prof_sample_since(enum prof_stage stage);

/* --- for the allocating threads (sample.h) ------------------------------------------------------------------------ */

/** Takes the place of a mean where the stages' means differ. No thread's countdown was ever drawn for it. */
#define RATE_BY_STAGE UINT64_MAX

/** The mean of all stages, or RATE_BY_STAGE. */
extern _Atomic uint64_t rate_mean_bytes;

/** The mean by which allocations of @p stage are drawn at present, boosts included. */
uint64_t rate_effective(enum prof_stage stage);

#endif
