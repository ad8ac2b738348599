#include "profile/heap/thread.h"

#include <pthread.h>
#include <sys/mman.h>

_Thread_local struct prof_thread *thread_mine;

static struct prof_thread shared_block = {.shared = true, .taken = true, .sample_mean = UINT64_MAX};
static struct prof_thread *_Atomic head = &shared_block;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool have_key;

/** The thread ends. If other destructors still free memory after this, it takes a block again, and this is called again. */
static void on_thread_end(void *block)
{
        struct prof_thread *t = block;
        thread_mine = NULL;
        atomic_store_explicit(&t->taken, false, memory_order_release);
}

static void make_key(void)
{
        have_key = pthread_key_create(&key, on_thread_end) == 0;
}

static struct prof_thread *take_left_block(void)
{
        for (struct prof_thread *t = thread_first(); t != NULL; t = t->next) {
                bool taken = false;
                if (atomic_compare_exchange_strong_explicit(&t->taken, &taken, true, memory_order_acquire,
                                                            memory_order_relaxed)) {
                        t->stack_low = 0;
                        t->stack_high = 0;
                        return t;
                }
        }
        return NULL;
}

static struct prof_thread *map_block(void)
{
        struct prof_thread *t =
            mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (t == MAP_FAILED) {
                return NULL;
        }
        atomic_init(&t->taken, true);
        t->sample_mean = UINT64_MAX;
        thread_count_alloc(t, STAGE_PROFILE, LIB_OWN, sizeof *t);
        t->next = thread_first();
        while (!atomic_compare_exchange_weak_explicit(&head, &t->next, t, memory_order_acq_rel,
                                                      memory_order_acquire)) {
        }
        return t;
}

struct prof_thread *thread_take(void)
{
        (void)pthread_once(&key_once, make_key);
        struct prof_thread *t = take_left_block();
        if (t == NULL) {
                t = map_block();
        }
        if (t == NULL) {
                return &shared_block; /* not remembered: there may be memory at the next call */
        }
        thread_mine = t;
        if (have_key) {
                (void)pthread_setspecific(
                    key,
                    t); /* if this fails, later threads cannot take the block over; its sums still count */
        }
        return t;
}

struct prof_thread *thread_first(void)
{
        return atomic_load_explicit(&head, memory_order_acquire);
}

uint64_t thread_statements(void)
{
        uint64_t sum = 0;
        for (const struct prof_thread *t = thread_first(); t != NULL; t = t->next) {
                sum += atomic_load_explicit(&t->statements, memory_order_relaxed);
        }
        return sum;
}

void *thread_map_for(enum prof_lib lib, size_t size)
{
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
                return NULL;
        }
        thread_count_alloc(thread_self(), STAGE_PROFILE, lib, size);
        return memory;
}

void thread_unmap_for(enum prof_lib lib, void *memory, size_t size)
{
        (void)munmap(memory, size);
        thread_count_free(thread_self(), STAGE_PROFILE, lib, size);
}

void *thread_map(size_t size)
{
        return thread_map_for(LIB_OWN, size);
}

void thread_unmap(void *memory, size_t size)
{
        thread_unmap_for(LIB_OWN, memory, size);
}
