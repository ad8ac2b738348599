/** @file suspect.h  Finding the place of a leak: a stage that may leak is sampled at every allocation until it is known.
 *
 *      idle -> searching (each allocation sampled) -> found
 *                                    \-> given up: pause, twice as long each time, at most TRIES times
 *
 * A search looks at the stage's records 8, 16, 32 … readings after its begin: the place (innermost frame)
 * whose live objects grew most since the look before is it, if it was so twice and makes up for half of what they grew by in all. Where bounded
 * stores fill at the same time it is that which grew by as much as the stage did beyond them. A look waits until no more
 * sessions are open than at the one before. A search ends after 192 readings, or when it has made 400 records; then what
 * grew most is named, but as a guess. 300 readings
 * without a suspicion, and all of this is forgotten. The stage's rate, and what its records tell of new ones, stay as they were
 * (prof_sample_boost). Nothing is sampled where the rate is set to 0. Threads: the one that ticks. */
#ifndef PROFILE_EXPORT_SUSPECT_H
#define PROFILE_EXPORT_SUSPECT_H

#include "profile/heap/prof.h"
#include "profile/stats/rise.h"

struct suspect {
        bool searching;
        bool sure;       /**< of the place */
        bool gave_up;    /**< for now */
        uint32_t record; /**< of those of the place that which grew most; 0 = not known */
};

/** The reading @p now was taken. @p leaks: it may. */
void suspect_tick(enum prof_stage stage, bool leaks, const struct rise_reading *now);
struct suspect suspect_of(enum prof_stage stage);
void suspect_fini(void);

#endif
