#include "profile/heap/store.h"

#include "profile/heap/thread.h"

#include <assert.h>

static_assert(STORE_COUNT <= THREAD_STORES, "each thread keeps a sum for each store");

static const struct {
        const char *name;
        enum prof_stage stage;
} stores[STORE_COUNT] = {
    [STORE_DIGESTS] = {"digests", STAGE_DIGEST},
    [STORE_SCOPES] = {"scopes", STAGE_DIGEST},
    [STORE_STATEMENTS] = {"prepared statements", STAGE_DISSECT},
    [STORE_IDENTITIES] = {"sessions of recent records", STAGE_JOURNAL},
    [STORE_RECORDS] = {"the table of records", STAGE_PROFILE},
    [STORE_MARKS] = {"marks", STAGE_PROFILE},
    [STORE_TABLES] = {"libevent's tables", STAGE_COUNT},
};

static struct {
        _Atomic uint64_t fixed;
        _Atomic uint64_t each;
} bounds[STORE_COUNT];

void prof_store_bound(enum prof_store store, uint64_t fixed, uint64_t each)
{
        assert(store < STORE_COUNT);
        atomic_store_explicit(&bounds[store].fixed, fixed, memory_order_relaxed);
        atomic_store_explicit(&bounds[store].each, each, memory_order_relaxed);
}

void prof_store_add(enum prof_store store, int64_t bytes)
{
        assert(store < STORE_COUNT);
        struct prof_thread *t = thread_self();
        thread_add(t, &t->stores[store], (uint64_t)bytes, memory_order_relaxed); /* the sum wraps back */
}

enum prof_stage prof_store_stage(enum prof_store store)
{
        return store < STORE_COUNT ? stores[store].stage : STAGE_COUNT;
}

struct prof_store_state prof_store_read(enum prof_store store, uint64_t sessions)
{
        assert(store < STORE_COUNT);
        uint64_t sum = 0;
        for (const struct prof_thread *t = thread_first(); t != NULL; t = t->next) {
                sum += atomic_load_explicit(&t->stores[store], memory_order_relaxed);
        }
        return (struct prof_store_state){
            .name = stores[store].name,
            .used = (int64_t)sum > 0 ? sum : 0, /* threads are read one after the other */
            .bound = atomic_load_explicit(&bounds[store].fixed, memory_order_relaxed) +
                     sessions * atomic_load_explicit(&bounds[store].each, memory_order_relaxed),
        };
}

uint64_t prof_store_in_use(enum prof_stage stage, uint64_t sessions)
{
        uint64_t held = 0;
        for (enum prof_store store = 0; store < STORE_COUNT; store++) {
                if (stores[store].stage == stage) {
                        struct prof_store_state s = prof_store_read(store, sessions);
                        held += s.used < s.bound ? s.used : s.bound;
                }
        }
        return held;
}
