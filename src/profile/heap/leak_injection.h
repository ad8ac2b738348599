/** @file leak_injection.h  Leaks on purpose, to see that the verdicts find them. Only in builds with --enable-planted-leaks.
 * Threads: any. */
#ifndef PROFILE_HEAP_LEAK_INJECTION_H
#define PROFILE_HEAP_LEAK_INJECTION_H

#include "profile/heap/stage.h"

/** With what bytes are lost. */
enum plant_event { PLANT_STATEMENT, PLANT_SESSION, PLANT_ERROR, PLANT_REQUEST, PLANT_EVENTS };

#ifdef PLANTED_LEAKS
/** "statement", "session", "error", "request". @return PLANT_EVENTS if @p name is none of them. */
enum plant_event plant_find(const char *name);
/** From now on each @p every-th @p event loses @p bytes in @p stage; @p every 0 = none. */
void plant(enum plant_event event, enum prof_stage stage, size_t bytes, uint64_t every);
/** @p event happened. */
void plant_grow(enum plant_event event);
#else
static inline void plant_grow(enum plant_event event)
{
        (void)event;
}
#endif

#endif
