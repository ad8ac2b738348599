#include "profile/heap/leak_injection.h"

#include "profile/heap/prof.h"

#ifdef PLANTED_LEAKS
#include <stdatomic.h>

static _Atomic uint64_t injected_every;
static _Atomic uint64_t counted;
static _Atomic size_t injected_bytes;
static _Atomic int injected_stage;
static _Atomic int injected_event;

enum leak_injection_event leak_injection_find(const char *name)
{
        static const char *const names[LEAK_INJECTION_EVENTS] = {"statement", "session", "error", "request"};
        enum leak_injection_event event = 0;
        while (event < LEAK_INJECTION_EVENTS && strcmp(names[event], name) != 0) {
                event++;
        }
        return event;
}

void leak_injection_set(enum leak_injection_event event, enum prof_stage stage, size_t bytes, uint64_t every)
{
        atomic_store(&injected_every, 0);
        atomic_store(&injected_event, (int)event);
        atomic_store(&injected_stage, (int)stage);
        atomic_store(&injected_bytes, bytes);
        atomic_store(&counted, 0);
        atomic_store(&injected_every, every);
}

void leak_injection_on_event(enum leak_injection_event event)
{
        uint64_t every = atomic_load_explicit(&injected_every, memory_order_relaxed);
        if (every > 0 && atomic_load(&injected_event) == (int)event &&
            (atomic_fetch_add(&counted, 1) + 1) % every == 0) {
                void *volatile lost =
                    prof_alloc((enum prof_stage)atomic_load(&injected_stage), atomic_load(&injected_bytes));
                (void)lost;
        }
}
#else
typedef int leak_injection_none; /* a file must not be empty */
#endif
