#include "profile/heap/hooks.h"

#include "base/diag.h"
#include "profile/heap/prof.h"
#include "profile/heap/stack.h"

#include <event2/event.h>
#include <openssl/crypto.h>

/* A hook's own frame leads to the place in the library that called it. */
#define HOOK       __attribute__((noinline)) static
#define SITE(f, l) (&(const struct alloc_site){.frame = __builtin_frame_address(0), .file = (f), .line = (l)})

HOOK void *on_event_malloc(size_t size)
{
        return prof_alloc_at(prof_here.stage, LIB_LIBEVENT, size, false, SITE(NULL, 0));
}

HOOK void *on_event_realloc(void *block, size_t size)
{
        return prof_realloc_at(prof_here.stage, LIB_LIBEVENT, block, size, SITE(NULL, 0));
}

/* OpenSSL's own allocator returns NULL for 0 bytes, and its callers rely on realloc to free the block then. */

HOOK void *on_crypto_malloc(size_t size, const char *file, int line)
{
        return size > 0 ? prof_alloc_at(prof_here.stage, LIB_OPENSSL, size, false, SITE(file, line)) : NULL;
}

HOOK void *on_crypto_realloc(void *block, size_t size, const char *file, int line)
{
        if (size == 0) {
                prof_free(block);
                return NULL;
        }
        return prof_realloc_at(prof_here.stage, LIB_OPENSSL, block, size, SITE(file, line));
}

HOOK void on_crypto_free(void *block, const char *file, int line)
{
        (void)file;
        (void)line;
        prof_free(block);
}

enum status prof_hooks_install(void)
{
        stack_learn_libraries();
        event_set_mem_functions(on_event_malloc, on_event_realloc, prof_free);
        if (CRYPTO_set_mem_functions(on_crypto_malloc, on_crypto_realloc, on_crypto_free) != 1) {
                diag(DIAG_ERROR, "OpenSSL has already allocated memory: its memory is not counted by stage");
                return STATUS_INVALID;
        }
        return STATUS_OK;
}
