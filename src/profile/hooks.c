#include "profile/hooks.h"

#include "base/diag.h"
#include "profile/prof_state.h"

#include <event2/event.h>
#include <openssl/crypto.h>

PROF_SEAM static void *on_event_malloc(size_t size)
{
        return prof_lib_alloc(LIB_LIBEVENT, size);
}

PROF_SEAM static void *on_event_realloc(void *block, size_t size)
{
        return prof_lib_realloc(LIB_LIBEVENT, block, size);
}

PROF_SEAM static void *on_ssl_malloc(size_t size, const char *file, int line)
{
        (void)file;
        (void)line;
        return prof_lib_alloc(LIB_OPENSSL, size);
}

/* OpenSSL documents realloc to 0 as a free. */
PROF_SEAM static void *on_ssl_realloc(void *block, size_t size, const char *file, int line)
{
        (void)file;
        (void)line;
        if (size == 0) {
                prof_free(block);
                return NULL;
        }
        return prof_lib_realloc(LIB_OPENSSL, block, size);
}

static void on_ssl_free(void *block, const char *file, int line)
{
        (void)file;
        (void)line;
        prof_free(block);
}

enum status prof_hooks_install(void)
{
        event_set_mem_functions(on_event_malloc, on_event_realloc, prof_free);
        if (CRYPTO_set_mem_functions(on_ssl_malloc, on_ssl_realloc, on_ssl_free) != 1) {
                diag(DIAG_WARNING,
                     "libcrypto has allocated before the profiler was tied to it: its memory shows as "
                     "unattributed");
                return STATUS_INVALID;
        }
        return STATUS_OK;
}
