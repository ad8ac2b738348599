#include "profile/stack.h"

#include <link.h>
#include <pthread.h>
#include <string.h>

/** What a function pushes on entry; the same on x86-64 and AArch64. */
struct frame {
        const struct frame *up;
        uintptr_t return_address;
};

/* Set by the linker: the bounds of the program's own text. */
extern const char __executable_start[];
extern const char etext[];
extern const char end[];

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

/* --- by which function a library was entered ------------------------------------------------------------------------ */

enum { LIBRARIES = 8, SCAN_WORDS = 2048 };

/** The text of those libraries that call the hooks. Written once, before other threads. */
static struct {
        uintptr_t low;
        uintptr_t high;
} libraries[LIBRARIES];
static unsigned n_libraries;

static bool is_library(uintptr_t pc)
{
        for (unsigned i = 0; i < n_libraries; i++) {
                if (pc >= libraries[i].low && pc < libraries[i].high) {
                        return true;
                }
        }
        return false;
}

static int add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
        (void)size;
        (void)arg;
        const char *name = info->dlpi_name != NULL ? info->dlpi_name : "";
        if (strstr(name, "libssl") == NULL && strstr(name, "libcrypto") == NULL &&
            strstr(name, "libevent") == NULL) {
                return 0;
        }
        for (unsigned i = 0; i < info->dlpi_phnum && n_libraries < LIBRARIES; i++) {
                if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
                        libraries[n_libraries].low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
                        libraries[n_libraries].high = libraries[n_libraries].low + info->dlpi_phdr[i].p_memsz;
                        n_libraries++;
                }
        }
        return 0;
}

void stack_learn_libraries(void)
{
        if (n_libraries == 0) {
                (void)dl_iterate_phdr(add_library, NULL);
        }
}

#ifdef __x86_64__
static uintptr_t behind(const uint8_t *code, size_t at)
{
        int32_t distance;
        memcpy(&distance, code + at, sizeof distance);
        return (uintptr_t)(code + at + sizeof distance) + (uintptr_t)(intptr_t)distance;
}

/** The function of a library that was called by the instruction before @p pc, an address in our text. 0 = it called none.
 * call *slot(%rip), or call stub, where the stub is: [endbr64] [bnd] jmp *slot(%rip). */
__attribute__((no_sanitize("address", "thread", "undefined"))) static uintptr_t called_before(uintptr_t pc)
{
        const uint8_t *code = (const uint8_t *)pc;
        uintptr_t slot = 0;
        if (pc - (uintptr_t)__executable_start < 16) {
                return 0;
        }
        if (code[-6] == 0xff && code[-5] == 0x15) {
                slot = behind(code - 4, 0);
        } else if (code[-5] == 0xe8) {
                const uint8_t *stub = (const uint8_t *)behind(code - 4, 0);
                if (!is_ours((uintptr_t)stub) || !is_ours((uintptr_t)stub + 16)) {
                        return 0;
                }
                stub += memcmp(stub, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
                stub += *stub == 0xf2 ? 1 : 0;
                slot = stub[0] == 0xff && stub[1] == 0x25 ? behind(stub + 2, 0) : 0;
        }
        if (slot % sizeof(uintptr_t) != 0 || slot < (uintptr_t)etext || slot >= (uintptr_t)end) {
                return 0;
        }
        uintptr_t function = *(const uintptr_t *)slot;
        return is_library(function) ? function : 0;
}

/** Somewhere between @p low and @p high, frames of a library without frame pointers lie above those of ours that called it. The
 * highest word that is a return address behind such a call names the function. Stale words might name another of the library's. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static uintptr_t entered_by(const void *low,
                                                                                           const void *high)
{
        const uintptr_t *from = low;
        const uintptr_t *at = high;
        for (unsigned i = 0; i < SCAN_WORDS && at > from; i++) {
                uintptr_t word = *--at;
                uintptr_t function = is_ours(word) ? called_before(word) : 0;
                if (function != 0) {
                        return function;
                }
        }
        return 0;
}
#else
static uintptr_t entered_by(const void *low, const void *high)
{
        (void)low;
        (void)high;
        return 0;
}
#endif

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
                        uintptr_t function = fits(t, scope->frame) ? entered_by(f, scope->frame) : 0;
                        if (function != 0 && n + 1 < max) {
                                out[n++] = function +
                                           1; /* like a return address: it is the byte before that counts */
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
