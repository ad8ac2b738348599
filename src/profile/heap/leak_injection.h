/** @file leak_injection.h  Leaks on purpose, to test that the verdicts find them. Only in builds with --enable-planted-leaks.
 * Threads: any. */
#ifndef PROFILE_HEAP_LEAK_INJECTION_H
#define PROFILE_HEAP_LEAK_INJECTION_H

#include "profile/heap/stage.h"

/** The events with which bytes may be leaked. */
enum leak_injection_event {
        LEAK_INJECTION_STATEMENT,
        LEAK_INJECTION_SESSION,
        LEAK_INJECTION_ERROR,
        LEAK_INJECTION_REQUEST,
        LEAK_INJECTION_EVENTS
};

#ifdef PLANTED_LEAKS
/** "statement", "session", "error", "request". @return LEAK_INJECTION_EVENTS if @p name is none of them. */
enum leak_injection_event leak_injection_find(const char *name);
/** From now on each @p every-th @p event leaks @p bytes in @p stage; @p every 0 = none. */
void leak_injection_set(enum leak_injection_event event, enum prof_stage stage, size_t bytes, uint64_t every);
/** @p event happened. */
void leak_injection_on_event(enum leak_injection_event event);
#else
static inline void leak_injection_on_event(enum leak_injection_event event)
{
        (void)event;
}
#endif

#endif
