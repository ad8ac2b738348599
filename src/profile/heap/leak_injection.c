#include "profile/heap/leak_injection.h"

#include "profile/heap/prof.h"

#ifdef PLANTED_LEAKS
#include <stdatomic.h>

static _Atomic uint64_t planted_every;
static _Atomic uint64_t counted;
static _Atomic size_t planted_bytes;
static _Atomic int planted_stage;
static _Atomic int planted_event;

enum plant_event plant_find(const char *name)
{
        static const char *const names[PLANT_EVENTS] = {"statement", "session", "error", "request"};
        enum plant_event event = 0;
        while (event < PLANT_EVENTS && strcmp(names[event], name) != 0) {
                event++;
        }
        return event;
}

void plant(enum plant_event event, enum prof_stage stage, size_t bytes, uint64_t every)
{
        atomic_store(&planted_every, 0);
        atomic_store(&planted_event, (int)event);
        atomic_store(&planted_stage, (int)stage);
        atomic_store(&planted_bytes, bytes);
        atomic_store(&counted, 0);
        atomic_store(&planted_every, every);
}

void plant_grow(enum plant_event event)
{
        uint64_t every = atomic_load_explicit(&planted_every, memory_order_relaxed);
        if (every > 0 && atomic_load(&planted_event) == (int)event &&
            (atomic_fetch_add(&counted, 1) + 1) % every == 0) {
                void *volatile lost =
                    prof_alloc((enum prof_stage)atomic_load(&planted_stage), atomic_load(&planted_bytes));
                (void)lost;
        }
}
#else
typedef int plant_none; /* a file must not be empty */
#endif
