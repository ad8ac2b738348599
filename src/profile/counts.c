/* Per-thread counters, and what a reader sums up from them. */
#include "base/clock.h"
#include "profile/prof_state.h"

#include <pthread.h>
#include <sys/mman.h>

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_MAIN] = "main",     [STAGE_SETTINGS] = "settings", [STAGE_LISTENER] = "listener",
    [STAGE_WORKER] = "worker", [STAGE_SESSION] = "session",   [STAGE_LINK] = "link",
    [STAGE_TLS] = "tls",       [STAGE_FRAME] = "frame",       [STAGE_DISSECT] = "dissect",
    [STAGE_DIGEST] = "digest", [STAGE_CAPTURE] = "capture",   [STAGE_JOURNAL] = "journal",
    [STAGE_SINK] = "sink",     [STAGE_ADMIN] = "admin",       [STAGE_PROFILE] = "profile",
};

static struct prof_thread *_Atomic threads;
static _Thread_local struct prof_thread *self_cache;
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t own_count;
static _Atomic uint64_t own_bytes;

/* LOW and HIGH of the readings, a stage. */
static struct extremes {
        _Atomic int64_t low_count;
        _Atomic int64_t high_count;
        _Atomic int64_t low_bytes;
        _Atomic int64_t high_bytes;
} extremes[STAGE_COUNT];

const char *prof_stage_name(enum prof_stage stage)
{
        return stage < STAGE_COUNT ? stage_names[stage] : "?";
}

enum prof_stage prof_stage_find(const char *name)
{
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                if (strcmp(stage_names[i], name) == 0) {
                        return (enum prof_stage)i;
                }
        }
        return STAGE_COUNT;
}

const char *prof_lib_name(enum prof_lib lib)
{
        static const char *const names[LIB_COUNT] = {
            [LIB_OWN] = "own", [LIB_LIBEVENT] = "libevent", [LIB_OPENSSL] = "openssl"};
        return lib < LIB_COUNT ? names[lib] : "?";
}

void *prof_own_memory(size_t bytes)
{
        void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
                return NULL;
        }
        atomic_fetch_add_explicit(&own_count, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&own_bytes, bytes, memory_order_relaxed);
        return memory;
}

/* --- threads -------------------------------------------------------------------------------------------------- */

static void on_thread_exit(void *arg)
{
        struct prof_thread *self = arg;
        self_cache = NULL;
        self->stage = STAGE_MAIN;
        self->wire = NULL;
        self->stack_low = 0;
        atomic_store_explicit(&self->used, false, memory_order_release);
}

static void make_key(void)
{
        (void)pthread_key_create(&exit_key, on_thread_exit);
}

/** A part that an ended thread left: its sums stay in it. */
static struct prof_thread *reuse(void)
{
        for (struct prof_thread *t = atomic_load_explicit(&threads, memory_order_acquire); t != NULL;
             t = t->next) {
                bool used = false;
                if (atomic_compare_exchange_strong(&t->used, &used, true)) {
                        return t;
                }
        }
        return NULL;
}

static struct prof_thread *enlist(void)
{
        (void)pthread_once(&exit_once, make_key);
        struct prof_thread *t = reuse();
        if (t == NULL) {
                t = prof_own_memory(sizeof *t);
                if (t == NULL) {
                        return NULL;
                }
                atomic_store_explicit(&t->used, true, memory_order_relaxed);
                t->random = (uintptr_t)t ^ clock_mono_ns();
                t->next = atomic_load_explicit(&threads, memory_order_relaxed);
                while (!atomic_compare_exchange_weak_explicit(&threads, &t->next, t, memory_order_release,
                                                              memory_order_relaxed)) {
                }
        }
        (void)pthread_setspecific(exit_key, t);
        self_cache = t;
        return t;
}

struct prof_thread *prof_self(void)
{
        return self_cache != NULL ? self_cache : enlist();
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

uint64_t prof_statements(void)
{
        uint64_t sum = 0;
        for (struct prof_thread *t = atomic_load_explicit(&threads, memory_order_acquire); t != NULL;
             t = t->next) {
                sum += atomic_load_explicit(&t->statements, memory_order_relaxed);
        }
        return sum;
}

static uint64_t sum_of(enum prof_stage stage, enum prof_lib lib, size_t member)
{
        uint64_t sum = 0;
        for (struct prof_thread *t = atomic_load_explicit(&threads, memory_order_acquire); t != NULL;
             t = t->next) {
                for (unsigned i = 0; i < LIB_COUNT; i++) {
                        if (lib == LIB_COUNT || lib == (enum prof_lib)i) {
                                char *cell = (char *)&t->cells[stage][i];
                                sum += atomic_load_explicit((_Atomic uint64_t *)(void *)(cell + member),
                                                            memory_order_acquire);
                        }
                }
        }
        return sum;
}

static void stretch(_Atomic int64_t *low, _Atomic int64_t *high, int64_t value)
{
        int64_t seen = atomic_load_explicit(low, memory_order_relaxed);
        while (value < seen && !atomic_compare_exchange_weak(low, &seen, value)) {
        }
        seen = atomic_load_explicit(high, memory_order_relaxed);
        while (value > seen && !atomic_compare_exchange_weak(high, &seen, value)) {
        }
}

struct prof_counts prof_read(enum prof_stage stage, enum prof_lib lib)
{
        struct prof_counts c = {0};
        /* frees first: a block is freed after it was allocated, so live never looks negative */
        c.count_free = sum_of(stage, lib, offsetof(struct cell, count_free));
        c.bytes_free = sum_of(stage, lib, offsetof(struct cell, bytes_free));
        c.count_alloc = sum_of(stage, lib, offsetof(struct cell, count_alloc));
        c.bytes_alloc = sum_of(stage, lib, offsetof(struct cell, bytes_alloc));
        if (stage == STAGE_PROFILE && (lib == LIB_OWN || lib == LIB_COUNT)) {
                c.count_alloc += atomic_load_explicit(&own_count, memory_order_relaxed);
                c.bytes_alloc += atomic_load_explicit(&own_bytes, memory_order_relaxed);
        }
        c.current_count_used = (int64_t)(c.count_alloc - c.count_free);
        c.current_bytes_used = (int64_t)(c.bytes_alloc - c.bytes_free);
        if (lib == LIB_COUNT) {
                struct extremes *e = &extremes[stage];
                stretch(&e->low_count, &e->high_count, c.current_count_used);
                stretch(&e->low_bytes, &e->high_bytes, c.current_bytes_used);
                c.low_count_used = atomic_load_explicit(&e->low_count, memory_order_relaxed);
                c.high_count_used = atomic_load_explicit(&e->high_count, memory_order_relaxed);
                c.low_bytes_used = atomic_load_explicit(&e->low_bytes, memory_order_relaxed);
                c.high_bytes_used = atomic_load_explicit(&e->high_bytes, memory_order_relaxed);
        }
        return c;
}

uint64_t prof_live_bytes(void)
{
        int64_t sum = 0;
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                sum += prof_read((enum prof_stage)i, LIB_COUNT).current_bytes_used;
        }
        return sum > 0 ? (uint64_t)sum : 0;
}

void prof_tick(void)
{
        for (unsigned i = 0; i < STAGE_COUNT; i++) {
                (void)prof_read((enum prof_stage)i, LIB_COUNT);
        }
        table_tick(clock_wall_ns());
}
