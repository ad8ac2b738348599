#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "tap.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/evp.h>

/* The sanitizer leaves much of a frame as it was: the words of older calls may stand in it. */
#if defined __SANITIZE_ADDRESS__
#define SPARSE true
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPARSE true
#endif
#endif
#ifndef SPARSE
#define SPARSE false
#endif

static int64_t live(enum prof_stage stage, enum prof_lib lib)
{
        return prof_read(stage, lib).current_bytes_used;
}

/** Comes first: OpenSSL takes no other allocator once it has used its own. */
static void hooks_are_installed(void)
{
        CU_ASSERT_EQUAL(prof_hooks_install(), STATUS_OK);
}

static void libevent_is_charged_to_the_stage(void)
{
        int64_t before = live(STAGE_LINK, LIB_LIBEVENT);
        struct evbuffer *buffer;
        {
                PROF_SCOPE(STAGE_LINK);
                buffer = evbuffer_new();
                CU_ASSERT_PTR_NOT_NULL_FATAL(buffer);
                CU_ASSERT_EQUAL(evbuffer_expand(buffer, 100000), 0);
        }
        CU_ASSERT_TRUE(live(STAGE_LINK, LIB_LIBEVENT) >= before + 100000);
        evbuffer_free(buffer);
        CU_ASSERT_EQUAL(live(STAGE_LINK, LIB_LIBEVENT), before);
        CU_ASSERT_EQUAL(prof_bad_frees(), 0);
}

static void openssl_is_charged_to_the_stage(void)
{
        int64_t before = live(STAGE_TLS, LIB_OPENSSL);
        PROF_SCOPE(STAGE_TLS);
        void *p = OPENSSL_malloc(1000);
        CU_ASSERT_EQUAL(live(STAGE_TLS, LIB_OPENSSL), before + 1000);
        p = OPENSSL_realloc(p, 3000);
        CU_ASSERT_EQUAL(live(STAGE_TLS, LIB_OPENSSL), before + 3000);
        CU_ASSERT_PTR_NULL(OPENSSL_realloc(p, 0)); /* frees */
        CU_ASSERT_EQUAL(live(STAGE_TLS, LIB_OPENSSL), before);
        CU_ASSERT_PTR_NULL(OPENSSL_malloc(0));
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(md);
        CU_ASSERT_TRUE(live(STAGE_TLS, LIB_OPENSSL) > before);
        EVP_MD_CTX_free(md);
        CU_ASSERT_EQUAL(prof_bad_frees(), 0);
}

static void faults_reach_the_libraries(void)
{
        PROF_SCOPE(STAGE_LINK);
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(evbuffer_new());
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(EVP_MD_CTX_new());
        prof_fail_nth(0);
}

static bool inside(uintptr_t pc, void (*function)(void))
{
        return pc > (uintptr_t)function && pc < (uintptr_t)function + 4096;
}

/** The last record that a library's allocation made. */
static struct prof_record newest_of(enum prof_lib lib)
{
        struct prof_record r = {0};
        for (uint32_t id = prof_record_count(); id > 0; id--) {
                if (prof_record_get(id, &r) && r.lib == lib) {
                        return r;
                }
        }
        return (struct prof_record){.lib = LIB_COUNT};
}

static void a_library_s_stack_goes_on_in_our_code(void)
{
        PROF_SCOPE(STAGE_TLS);
        prof_set_sample_bytes(1);
        uint32_t before = prof_record_count();
        for (volatile int line = 7; line < 10; line++) {
                OPENSSL_free(CRYPTO_malloc(77, "some/file.c", line));
        }
        CU_ASSERT_EQUAL(prof_record_count(),
                        before + 3); /* one call of ours, three places of the library's */
        OPENSSL_free(OPENSSL_malloc(77));
        struct evbuffer *buffer = evbuffer_new();
        prof_set_sample_bytes(0);
        evbuffer_free(buffer);
        struct prof_record r = newest_of(LIB_OPENSSL);
        CU_ASSERT_EQUAL_FATAL(r.lib, LIB_OPENSSL);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.site, "test_hooks.c:"));
        r = newest_of(LIB_LIBEVENT);
        CU_ASSERT_EQUAL_FATAL(r.lib, LIB_LIBEVENT);
        CU_ASSERT_STRING_EQUAL(r.site, "");
        CU_ASSERT_TRUE_FATAL(r.depth >= 3);
#ifdef __x86_64__
        CU_ASSERT_TRUE(SPARSE || r.stack[1] == (uintptr_t)evbuffer_new + 1);
        CU_ASSERT_TRUE(inside(r.stack[2], a_library_s_stack_goes_on_in_our_code));
#else
        CU_ASSERT_TRUE(inside(r.stack[1], a_library_s_stack_goes_on_in_our_code));
#endif
}

/* None of these opens a scope of its own. */
__attribute__((noinline)) static void hash(void)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        CU_ASSERT_EQUAL(EVP_Digest("abc", 3, digest, &len, EVP_sha256(), NULL), 1);
}

__attribute__((noinline)) static void make_key(void)
{
        EVP_PKEY_free(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
}

static bool any_entered_by(uintptr_t function, uint32_t after)
{
        struct prof_record r;
        for (uint32_t id = after + 1; prof_record_get(id, &r); id++) {
                for (unsigned i = 0; r.lib == LIB_OPENSSL && i < r.depth; i++) {
                        if (r.stack[i] == function + 1) {
                                return true;
                        }
                }
        }
        return false;
}

/** What was allocated within a library is told by the function that we called, however deep it was. */
static void a_library_is_entered_by_a_function(void)
{
#ifdef __x86_64__
        PROF_SCOPE(STAGE_TLS);
        prof_set_sample_bytes(1);
        uint32_t before = prof_record_count();
        hash();
        CU_ASSERT_TRUE(SPARSE || any_entered_by((uintptr_t)EVP_Digest, before));
        before = prof_record_count();
        make_key();
        prof_set_sample_bytes(0);
        CU_ASSERT_TRUE(SPARSE || any_entered_by((uintptr_t)EVP_PKEY_Q_keygen, before));
#endif
}

static void on_timeout(evutil_socket_t fd, short what, void *block)
{
        (void)fd;
        (void)what;
        PROF_SCOPE(STAGE_SESSION);
        *(void **)block = prof_alloc(STAGE_SESSION, 10);
}

/** Our callback, called by libevent, called by us: what libevent does in between does not hide the loop. */
static void a_stack_crosses_a_library(void)
{
        PROF_SCOPE(STAGE_WORKER);
        void *block = NULL;
        struct event_base *base = event_base_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(base);
        CU_ASSERT_EQUAL(event_base_once(base, -1, EV_TIMEOUT, on_timeout, &block, &(struct timeval){0, 0}),
                        0);
        prof_set_sample_bytes(1);
        (void)event_base_dispatch(base);
        prof_set_sample_bytes(0);
        struct prof_record r = newest_of(LIB_OWN);
        CU_ASSERT_EQUAL_FATAL(r.stage, STAGE_SESSION);
        CU_ASSERT_TRUE_FATAL(r.depth >= 3);
        CU_ASSERT_TRUE(r.stack[0] > (uintptr_t)on_timeout && r.stack[0] < (uintptr_t)on_timeout + 4096);
        CU_ASSERT_FALSE(inside(r.stack[1], a_stack_crosses_a_library));
#ifdef __x86_64__
        CU_ASSERT_TRUE_FATAL(r.depth >= 4);
        CU_ASSERT_TRUE(SPARSE || r.stack[2] == (uintptr_t)event_base_dispatch + 1);
        CU_ASSERT_TRUE(inside(r.stack[3], a_stack_crosses_a_library));
#else
        CU_ASSERT_TRUE(inside(r.stack[2], a_stack_crosses_a_library));
#endif
        prof_free(block);
        event_base_free(base);
}

static const struct tap_test tests[] = {
    {"the hooks are installed", hooks_are_installed},
    {"libevent is charged to the stage", libevent_is_charged_to_the_stage},
    {"OpenSSL is charged to the stage", openssl_is_charged_to_the_stage},
    {"faults reach the libraries", faults_reach_the_libraries},
    {"a library's stack goes on in our code", a_library_s_stack_goes_on_in_our_code},
    {"a library is entered by a function", a_library_is_entered_by_a_function},
    {"a stack crosses a library", a_stack_crosses_a_library},
};

int main(void)
{
        return TAP_RUN("hooks", tests);
}
