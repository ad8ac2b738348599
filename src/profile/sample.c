/* Which allocations are sampled, and the stack of one that is. */
#include "profile/prof_state.h"

#include <link.h>
#include <math.h>
#include <pthread.h>

#define DEFAULT_MEAN 524288

static _Atomic uint64_t mean_bytes = DEFAULT_MEAN;

void prof_set_sample_bytes(uint64_t mean)
{
        atomic_store_explicit(&mean_bytes, mean, memory_order_relaxed);
}

uint64_t prof_sample_bytes(void)
{
        return atomic_load_explicit(&mean_bytes, memory_order_relaxed);
}

/** xorshift64*: quick, and good enough to be independent of allocation patterns. */
static uint64_t next_random(uint64_t *state)
{
        uint64_t x = *state != 0 ? *state : 88172645463325252ULL;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        *state = x;
        return x * 2685821657736338717ULL;
}

/** Bytes to the next sample: exponential, so that each byte is as likely as any other to be the sampled one. */
static int64_t draw(struct prof_thread *self, uint64_t mean)
{
        double uniform = ((double)(next_random(&self->random) >> 11) + 1.0) / 9007199254740993.0;
        double bytes = -log(uniform) * (double)mean;
        return bytes < 1e15 ? (int64_t)bytes + 1 : (int64_t)1e15;
}

/** Upper bound of the size's class: four classes a doubling. */
static size_t class_of(size_t size)
{
        if (size <= 16) {
                return size <= 8 ? 8 : 16;
        }
        unsigned shift = 63U - (unsigned)__builtin_clzll(size - 1);
        size_t step = (size_t)1 << (shift - 2);
        return (size + step - 1) & ~(step - 1);
}

static void find_bounds(struct prof_thread *self)
{
        pthread_attr_t attr;
        void *low = NULL;
        size_t size = 0;
        if (pthread_getattr_np(pthread_self(), &attr) == 0) {
                (void)pthread_attr_getstack(&attr, &low, &size);
                (void)pthread_attr_destroy(&attr);
        }
        self->stack_low = low != NULL ? (uintptr_t)low : 1;
        self->stack_high = (uintptr_t)low + size;
}

/* Executable parts of the program and its libraries, found at the first sample. A return address outside of them is
 * whatever a library without frame pointers had left in the register. */
enum { CODE_RANGES = 128 };

static struct {
        uintptr_t low;
        uintptr_t high;
} code[CODE_RANGES];
static size_t n_code;
static pthread_once_t code_once = PTHREAD_ONCE_INIT;

static int add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
        (void)size;
        (void)arg;
        for (size_t i = 0; i < info->dlpi_phnum && n_code < CODE_RANGES; i++) {
                const ElfW(Phdr) *part = &info->dlpi_phdr[i];
                if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
                        code[n_code].low = info->dlpi_addr + part->p_vaddr;
                        code[n_code].high = code[n_code].low + part->p_memsz;
                        n_code++;
                }
        }
        return 0;
}

static void find_code(void)
{
        (void)dl_iterate_phdr(add_module, NULL);
}

static bool is_code(uintptr_t pc)
{
        for (size_t i = 0; i < n_code; i++) {
                if (pc >= code[i].low && pc < code[i].high) {
                        return true;
                }
        }
        return false;
}

static bool is_seam(uintptr_t pc)
{
        return pc >= (uintptr_t)__start_prof_seam && pc < (uintptr_t)__stop_prof_seam;
}

/** The stack of the heap function's caller, leaf first. Frames of libraries that keep no frame pointers end the walk:
 *  a link must be aligned, lie within the stack and rise. */
PROF_SEAM __attribute__((noinline, no_sanitize("address", "undefined", "thread"))) static unsigned
walk(struct prof_thread *self, uintptr_t *stack, unsigned max)
{
        uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
        unsigned depth = 0;
        while (depth < max && frame >= self->stack_low && frame + 2 * sizeof(uintptr_t) <= self->stack_high &&
               frame % sizeof(uintptr_t) == 0) {
                const uintptr_t *link = (const uintptr_t *)frame; /* saved frame pointer, return address */
                if (!is_code(link[1])) {
                        break;
                }
                if (depth > 0 || !is_seam(link[1])) {
                        stack[depth++] = link[1];
                }
                if (link[0] <= frame) {
                        break;
                }
                frame = link[0];
        }
        return depth;
}

PROF_SEAM __attribute__((noinline)) static uint32_t take(struct prof_thread *self, enum prof_stage stage,
                                                         enum prof_lib lib, size_t size)
{
        uintptr_t stack[PROF_STACK_MAX];
        (void)pthread_once(&code_once, find_code);
        if (self->stack_low == 0) {
                find_bounds(self);
        }
        unsigned depth = walk(self, stack, PROF_STACK_MAX);
        return table_count_alloc(stage, lib, class_of(size), stack, depth, self->wire);
}

PROF_SEAM uint32_t sample_alloc(struct prof_thread *self, enum prof_stage stage, enum prof_lib lib,
                                size_t size)
{
        uint64_t mean = prof_sample_bytes();
        if (mean != self->countdown_mean) {
                self->countdown_mean = mean;
                self->countdown = mean > 1 ? draw(self, mean) : 0;
        }
        if (mean == 0) {
                return 0;
        }
        if (mean > 1) {
                self->countdown -= (int64_t)(size > 0 ? size : 1);
                if (self->countdown > 0) {
                        return 0;
                }
                self->countdown = draw(self, mean);
        }
        return take(self, stage, lib, size);
}
