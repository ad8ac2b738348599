/** @file plant.h  Leaks on purpose, to see that the verdicts find them. Only in builds with --enable-planted-leaks.
 * Threads: any. */
#ifndef PROFILE_PLANT_H
#define PROFILE_PLANT_H

#include "profile/prof.h"

#ifdef PLANTED_LEAKS
/** From now on each @p every-th statement loses @p bytes in @p stage; @p every 0 = none. */
void plant(enum prof_stage stage, size_t bytes, uint64_t every);
/** A statement was counted. */
void plant_grow(void);
#else
static inline void plant_grow(void)
{
}
#endif

#endif
