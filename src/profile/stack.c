#include "profile/stack.h"

#include <pthread.h>

/** What a function pushes on entry; the same on x86-64 and AArch64. */
struct frame {
        const struct frame *up;
        uintptr_t return_address;
};

/* Set by the linker: the bounds of the program's own text. */
extern const char __executable_start[];
extern const char etext[];

static bool is_ours(uintptr_t pc)
{
        return pc >= (uintptr_t)__executable_start && pc < (uintptr_t)etext;
}

static void ask_bounds(struct prof_thread *t)
{
        pthread_attr_t attr;
        void *low = NULL;
        size_t size = 0;
        t->stack_low = 1; /* asked; nothing lies between 1 and 0 */
        t->stack_high = 0;
        if (pthread_getattr_np(pthread_self(), &attr) != 0) {
                return;
        }
        if (pthread_attr_getstack(&attr, &low, &size) == 0) {
                t->stack_low = (uintptr_t)low;
                t->stack_high = (uintptr_t)low + size;
        }
        (void)pthread_attr_destroy(&attr);
}

static bool fits(const struct prof_thread *t, const struct frame *f)
{
        uintptr_t at = (uintptr_t)f;
        return at % 16 == 0 && at >= t->stack_low && at < t->stack_high && t->stack_high - at >= sizeof *f;
}

/* The sanitizers know nothing of the words that are read here. */
__attribute__((no_sanitize("address", "thread", "undefined"))) unsigned
stack_walk(struct prof_thread *t, const void *frame, const struct prof_scope *scope, uintptr_t *out,
           unsigned max)
{
        const struct frame *f = frame;
        unsigned n = 0;
        if (t->stack_low == 0) {
                ask_bounds(t);
        }
        out[n++] = f->return_address;
        while (n < max && fits(t, f)) {
                const struct frame *up = f->up;
                if (!is_ours(f->return_address)) {
                        while (scope != NULL && (uintptr_t)scope->frame <= (uintptr_t)f) {
                                scope = scope->outer;
                        }
                        if (scope == NULL) {
                                break;
                        }
                        out[n++] = scope->place;
                        up = scope->frame;
                }
                if (up <= f || !fits(t, up) || up->return_address == 0 || n == max) {
                        break;
                }
                f = up;
                out[n++] = f->return_address;
        }
        return n;
}
