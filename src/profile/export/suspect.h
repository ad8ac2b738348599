/** @file suspect.h  Finds the place of a leak: a stage that may leak is sampled at every allocation until the place is known.
 *
 *      idle -> searching (each allocation sampled) -> found
 *                                    \-> given up: pause, twice as long each time, at most TRIES times
 *
 * A search looks at the stage's allocation records 8, 16, 32 ... readings after it began. The place (innermost frame) whose
 * live objects grew most since the previous look is the suspect if that was so twice and it accounts for half of the growth of
 * all records. If bounded stores fill at the same time, the suspect is the place that grew by as much as the stage did beyond
 * them. A look waits until no more sessions are open than at the previous one. A search ends after 192 readings, or when it has
 * created 400 records; then the place that grew most is named as a guess. After 300 readings without a suspicion everything is
 * forgotten. The stage's rate, and what its records predict, stay as they were (prof_sample_boost). Stages with a rate of 0
 * are not sampled. Threads: the one that ticks. */
#ifndef PROFILE_EXPORT_SUSPECT_H
#define PROFILE_EXPORT_SUSPECT_H

#include "profile/heap/prof.h"
#include "profile/stats/rise.h"

struct suspect {
        bool searching;
        bool sure;       /**< the place is certain */
        bool gave_up;    /**< for now */
        uint32_t record; /**< id of the record that grew most at the place; 0 = not known */
};

/** The reading @p now of @p stage was taken. @p leaks: the stage may leak. */
void suspect_tick(enum prof_stage stage, bool leaks, const struct rise_reading *now);
struct suspect suspect_of(enum prof_stage stage);
void suspect_fini(void);

#endif
