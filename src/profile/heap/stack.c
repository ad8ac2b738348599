#include "profile/heap/stack.h"

#include "profile/heap/thread.h"

#include <link.h>
#include <pthread.h>
#include <string.h>

/** For functions that read what the sanitizers know nothing about: code, and words of the stack. */
#define PLAIN __attribute__((no_sanitize("address", "thread", "undefined")))

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
        t->stack_low = 1; /* the bounds were asked for; no address lies between 1 and 0 */
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

/* --- the function by which a library was entered ------------------------------------------------------------------------ */

enum { LIBRARIES = 8, SCAN_WORDS = 2048 };

/** The text of the libraries that call the hooks. Written once, before there are other threads. */
static struct {
        uintptr_t low;
        uintptr_t high;
} libraries[LIBRARIES];
static unsigned n_libraries;

/** The program's own data, in which the linker keeps the addresses of the libraries' functions. */
static struct {
        uintptr_t low;
        uintptr_t high;
} own_data;

static bool is_library(uintptr_t pc)
{
        for (unsigned i = 0; i < n_libraries; i++) {
                if (pc >= libraries[i].low && pc < libraries[i].high) {
                        return true;
                }
        }
        return false;
}

/** Where a segment of a program or library is mapped. */
static uintptr_t begin_of(const struct dl_phdr_info *info, unsigned part)
{
        return info->dlpi_addr + info->dlpi_phdr[part].p_vaddr;
}

static bool is_loaded(const struct dl_phdr_info *info, unsigned part, unsigned flag)
{
        return info->dlpi_phdr[part].p_type == PT_LOAD && (info->dlpi_phdr[part].p_flags & flag) != 0;
}

static void note_own_data(const struct dl_phdr_info *info)
{
        for (unsigned i = 0; i < info->dlpi_phnum; i++) {
                if (is_loaded(info, i, PF_W)) {
                        own_data.low = begin_of(info, i);
                        own_data.high = own_data.low + info->dlpi_phdr[i].p_filesz;
                }
        }
}

static int add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
        bool *is_program = arg; /* it comes first */
        (void)size;
        if (*is_program) {
                note_own_data(info);
                *is_program = false;
        }
        const char *name = info->dlpi_name != NULL ? info->dlpi_name : "";
        if (strstr(name, "libssl") == NULL && strstr(name, "libcrypto") == NULL &&
            strstr(name, "libevent") == NULL) {
                return 0;
        }
        for (unsigned i = 0; i < info->dlpi_phnum && n_libraries < LIBRARIES; i++) {
                if (is_loaded(info, i, PF_X)) {
                        libraries[n_libraries].low = begin_of(info, i);
                        libraries[n_libraries].high = libraries[n_libraries].low + info->dlpi_phdr[i].p_memsz;
                        n_libraries++;
                }
        }
        return 0;
}

void stack_learn_libraries(void)
{
        bool is_program = true;
        if (n_libraries == 0) {
                (void)dl_iterate_phdr(add_library, &is_program);
        }
}

#ifdef __x86_64__
/* Code is read byte by byte: the thread sanitizer may have no shadow of it, and replaces memcpy and memcmp. */
/** The target of the relative address in the four bytes at @p code, which counts from the byte after them. */
PLAIN static uintptr_t behind(const uint8_t *code)
{
        uint32_t distance =
            code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
        return (uintptr_t)code + 4 + (uintptr_t)(intptr_t)(int32_t)distance;
}

/** The function of a library that was called by the instruction before @p pc, an address in our text; 0 if there was none.
 * call *slot(%rip), or call stub, where the stub is: [endbr64] [bnd] jmp *slot(%rip). */
PLAIN static uintptr_t called_before(uintptr_t pc)
{
        const uint8_t *code = (const uint8_t *)pc;
        uintptr_t slot = 0;
        if (pc - (uintptr_t)__executable_start < 16) {
                return 0;
        }
        if (code[-6] == 0xff && code[-5] == 0x15) {
                slot = behind(code - 4);
        } else if (code[-5] == 0xe8) {
                const uint8_t *stub = (const uint8_t *)behind(code - 4);
                if (!is_ours((uintptr_t)stub) || !is_ours((uintptr_t)stub + 16)) {
                        return 0;
                }
                stub += stub[0] == 0xf3 && stub[1] == 0x0f && stub[2] == 0x1e && stub[3] == 0xfa ? 4 : 0;
                stub += *stub == 0xf2 ? 1 : 0;
                slot = stub[0] == 0xff && stub[1] == 0x25 ? behind(stub + 2) : 0;
        }
        if (slot == 0 || slot % sizeof(uintptr_t) != 0 || slot < own_data.low ||
            slot + sizeof(uintptr_t) > own_data.high) {
                return 0;
        }
        uintptr_t function = *(const uintptr_t *)slot;
        return is_library(function) ? function : 0;
}

/** Somewhere between @p low and @p high, frames of a library without frame pointers lie above those of ours that called it. The
 * highest word that is a return address behind such a call names the function. Stale words might name another of the library's. */
PLAIN static uintptr_t entered_by(const void *low, const void *high)
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

PLAIN unsigned stack_walk(struct prof_thread *t, const void *frame, const struct prof_scope *scope,
                          uintptr_t *out, unsigned max)
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
