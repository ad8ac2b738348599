#include "base/diag.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A sanitizer's malloc stops the program when asked for too much, unless told to return NULL as the real one does. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
        return "allocator_may_return_null=1";
}

/** What a stage counted since @p before. */
static struct prof_counts since(const struct prof_counts *before, enum prof_stage stage, enum prof_lib lib)
{
        struct prof_counts now = prof_read(stage, lib);
        now.count_alloc -= before->count_alloc;
        now.count_free -= before->count_free;
        now.bytes_alloc -= before->bytes_alloc;
        now.bytes_free -= before->bytes_free;
        now.current_count_used -= before->current_count_used;
        now.current_bytes_used -= before->current_bytes_used;
        return now;
}

static void stages_have_names(void)
{
        for (enum prof_stage s = STAGE_MAIN; s < STAGE_COUNT; s++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(prof_stage_name(s));
                CU_ASSERT_EQUAL(prof_stage_find(prof_stage_name(s)), s);
        }
        CU_ASSERT_EQUAL(prof_stage_find("nonsense"), STAGE_COUNT);
        CU_ASSERT_STRING_EQUAL(prof_lib_name(LIB_OPENSSL), "openssl");
}

static void blocks_are_aligned_and_counted(void)
{
        struct prof_counts before = prof_read(STAGE_FRAME, LIB_COUNT);
        void *blocks[64];
        uint64_t bytes = 0;
        for (size_t i = 0; i < 64; i++) {
                blocks[i] = prof_alloc(STAGE_FRAME, i * 7);
                CU_ASSERT_PTR_NOT_NULL_FATAL(blocks[i]);
                CU_ASSERT_EQUAL((uintptr_t)blocks[i] % 16, 0);
                memset(blocks[i], 0xa5, i * 7);
                bytes += i * 7;
        }
        struct prof_counts c = since(&before, STAGE_FRAME, LIB_COUNT);
        CU_ASSERT_EQUAL(c.count_alloc, 64);
        CU_ASSERT_EQUAL(c.bytes_alloc, bytes);
        CU_ASSERT_EQUAL(c.current_count_used, 64);
        CU_ASSERT_EQUAL(c.current_bytes_used, (int64_t)bytes);
        for (size_t i = 0; i < 64; i++) {
                prof_free(blocks[i]);
        }
        c = since(&before, STAGE_FRAME, LIB_COUNT);
        CU_ASSERT_EQUAL(c.count_free, 64);
        CU_ASSERT_EQUAL(c.bytes_free, bytes);
        CU_ASSERT_EQUAL(c.current_count_used, 0);
        CU_ASSERT_TRUE(c.high_count_used >= 64);
        CU_ASSERT_TRUE(c.high_bytes_used >= (int64_t)bytes);
        CU_ASSERT_TRUE(c.low_count_used <= before.current_count_used);
        prof_free(NULL);
}

static void calloc_zeroes_and_refuses_to_wrap(void)
{
        unsigned char *p = prof_calloc(STAGE_FRAME, 10, 30);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        unsigned char all = 0;
        for (int i = 0; i < 300; i++) {
                all |= p[i];
        }
        CU_ASSERT_EQUAL(all, 0);
        prof_free(p);
        CU_ASSERT_PTR_NULL(prof_calloc(STAGE_FRAME, SIZE_MAX / 2, 3));
        volatile size_t huge = SIZE_MAX - 8;
        CU_ASSERT_PTR_NULL(prof_alloc(STAGE_FRAME, huge));
}

static void texts_are_copied(void)
{
        char *a = prof_strdup(STAGE_DIGEST, "select 1");
        char *b = prof_spandup(STAGE_DIGEST, span_of("a\0b", 3));
        char *c = prof_spandup(STAGE_DIGEST, span_of(NULL, 0));
        CU_ASSERT_STRING_EQUAL(a, "select 1");
        CU_ASSERT_EQUAL(memcmp(b, "a\0b", 4), 0);
        CU_ASSERT_STRING_EQUAL(c, "");
        prof_free(a);
        prof_free(b);
        prof_free(c);
}

static void realloc_keeps_stage_and_contents(void)
{
        struct prof_counts tls = prof_read(STAGE_TLS, LIB_COUNT);
        struct prof_counts link = prof_read(STAGE_LINK, LIB_COUNT);
        char *p = prof_realloc(STAGE_TLS, NULL, 10);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        memcpy(p, "123456789", 10);
        for (size_t size = 20; size < 3000000; size *= 3) {
                p = prof_realloc(STAGE_LINK, p, size);
                CU_ASSERT_PTR_NOT_NULL_FATAL(p);
                CU_ASSERT_STRING_EQUAL(p, "123456789");
                CU_ASSERT_EQUAL(since(&tls, STAGE_TLS, LIB_COUNT).current_bytes_used, (int64_t)size);
        }
        volatile size_t huge = SIZE_MAX / 2;
        int64_t held = since(&tls, STAGE_TLS, LIB_COUNT).current_bytes_used;
        char *q = prof_realloc(STAGE_TLS, p, huge);
        CU_ASSERT_PTR_NULL(q);
        CU_ASSERT_STRING_EQUAL(p, "123456789");
        CU_ASSERT_EQUAL(since(&tls, STAGE_TLS, LIB_COUNT).current_bytes_used, held);
        p = prof_realloc(STAGE_TLS, p, 0);
        CU_ASSERT_PTR_NOT_NULL(p);
        CU_ASSERT_EQUAL(since(&tls, STAGE_TLS, LIB_COUNT).current_count_used, 1);
        prof_free(p);
        CU_ASSERT_EQUAL(since(&tls, STAGE_TLS, LIB_COUNT).current_count_used, 0);
        CU_ASSERT_EQUAL(since(&tls, STAGE_TLS, LIB_COUNT).current_bytes_used, 0);
        CU_ASSERT_EQUAL(since(&link, STAGE_LINK, LIB_COUNT).count_alloc, 0);
}

/** What a library's hook passes on. */
#define SITE_HERE (&(const struct alloc_site){.frame = __builtin_frame_address(0)})

static void libraries_are_charged_to_the_current_stage(void)
{
        struct prof_counts session = prof_read(STAGE_SESSION, LIB_LIBEVENT);
        struct prof_counts own = prof_read(STAGE_SESSION, LIB_OWN);
        struct prof_counts link = prof_read(STAGE_LINK, LIB_OPENSSL);
        void *a;
        void *b;
        {
                PROF_SCOPE(STAGE_SESSION);
                a = prof_lib_alloc(LIB_LIBEVENT, 10);
                {
                        PROF_SCOPE(STAGE_LINK);
                        b = prof_realloc_at(prof_here.stage, LIB_OPENSSL, NULL, 20, SITE_HERE);
                        a = prof_realloc_at(prof_here.stage, LIB_LIBEVENT, a, 30,
                                            SITE_HERE); /* keeps its stage */
                }
                CU_ASSERT_EQUAL(prof_enter(STAGE_SESSION), STAGE_SESSION);
        }
        CU_ASSERT_EQUAL(prof_enter(STAGE_MAIN), STAGE_MAIN);
        CU_ASSERT_EQUAL(since(&session, STAGE_SESSION, LIB_LIBEVENT).current_bytes_used, 30);
        CU_ASSERT_EQUAL(since(&link, STAGE_LINK, LIB_OPENSSL).current_bytes_used, 20);
        CU_ASSERT_EQUAL(since(&own, STAGE_SESSION, LIB_OWN).count_alloc, 0);
        prof_free(a);
        prof_free(b);
        CU_ASSERT_EQUAL(since(&session, STAGE_SESSION, LIB_LIBEVENT).current_count_used, 0);
}

/* --- frees that are wrong ------------------------------------------------------------------------------------------ */

static void wrong_frees_are_named_and_not_done(void)
{
        _Alignas(16) static unsigned char foreign[64];
        uint64_t bad = prof_bad_frees();
        uint64_t errors = diag_count(DIAG_ERROR);
        enum diag_level level = diag_level();
        struct prof_counts before = prof_read(STAGE_FRAME, LIB_COUNT);
        diag_set_level(DIAG_ERROR);
        prof_free(foreign + 32);
        CU_ASSERT_EQUAL(prof_bad_frees(), bad + 1);
        CU_ASSERT_PTR_NULL(prof_realloc(STAGE_FRAME, foreign + 32, 10));
        CU_ASSERT_EQUAL(prof_bad_frees(), bad + 2);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 2);
        CU_ASSERT_EQUAL(since(&before, STAGE_FRAME, LIB_COUNT).count_free, 0);
        diag_set_level(level);
}

/** Small blocks, whose prefix the C library writes over, and one that it keeps apart as it was. */
static void double_free_is_caught(void)
{
        static const size_t sizes[] = {8, 100, 1000, 4000};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                uint64_t bad = prof_bad_frees();
                struct prof_counts before = prof_read(STAGE_FRAME, LIB_COUNT);
                void *volatile p = prof_alloc(STAGE_FRAME, sizes[i]);
                void *neighbour =
                    prof_alloc(STAGE_FRAME, sizes[i]); /* or p would be merged with what follows */
                CU_ASSERT_PTR_NOT_NULL_FATAL(p);
                prof_free(p);
                prof_free(p);
                CU_ASSERT_EQUAL(prof_bad_frees(), bad + 1);
                CU_ASSERT_EQUAL(since(&before, STAGE_FRAME, LIB_COUNT).count_free, 1);
                CU_ASSERT_EQUAL(since(&before, STAGE_FRAME, LIB_COUNT).current_count_used, 1);
                prof_free(neighbour);
                CU_ASSERT_EQUAL(prof_bad_frees(), bad + 1);
        }
}

static void a_block_that_realloc_left_is_caught(void)
{
        uint64_t bad = prof_bad_frees();
        void *volatile p = prof_alloc(STAGE_FRAME, 100);
        void *neighbour = prof_alloc(STAGE_FRAME, 100);
        void *q = prof_realloc(STAGE_FRAME, p, 5000);
        CU_ASSERT_PTR_NOT_NULL_FATAL(q);
        if (q != p) {
                prof_free(p);
                CU_ASSERT_EQUAL(prof_bad_frees(), bad + 1);
        }
        prof_free(q);
        prof_free(neighbour);
        CU_ASSERT_EQUAL(prof_bad_frees(), q != p ? bad + 1 : bad);
}

/* --- threads ---------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 20000, SLOTS = 64 };

static void *_Atomic slots[SLOTS];

/** Puts blocks into the slots and frees what was there: most blocks die in another thread than they were born in. */
static void *exchange(void *seed)
{
        uint64_t x = (uintptr_t)seed + 1;
        for (int i = 0; i < ROUNDS; i++) {
                x = x * 6364136223846793005U + 1442695040888963407U;
                prof_free(atomic_exchange(&slots[(x >> 33) % SLOTS], prof_alloc(STAGE_JOURNAL, x >> 56)));
        }
        return NULL;
}

static atomic_bool stop_reading;
static atomic_bool negative;

static void *watch(void *unused)
{
        do {
                struct prof_counts c = prof_read(STAGE_JOURNAL, LIB_COUNT);
                if (c.current_count_used < 0 || c.current_bytes_used < 0) {
                        atomic_store(&negative, true);
                }
        } while (!atomic_load(&stop_reading));
        return unused;
}

static void threads_lose_no_count(void)
{
        struct prof_counts before = prof_read(STAGE_JOURNAL, LIB_COUNT);
        pthread_t threads[THREADS];
        pthread_t reader;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&reader, NULL, watch, NULL), 0);
        for (uintptr_t i = 0; i < THREADS; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, exchange, (void *)i), 0);
        }
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
        }
        atomic_store(&stop_reading, true);
        pthread_join(reader, NULL);
        CU_ASSERT_FALSE(atomic_load(&negative));
        for (int i = 0; i < SLOTS; i++) {
                prof_free(atomic_exchange(&slots[i], NULL));
        }
        struct prof_counts c = since(&before, STAGE_JOURNAL, LIB_COUNT);
        CU_ASSERT_EQUAL(c.count_alloc, THREADS * ROUNDS);
        CU_ASSERT_EQUAL(c.count_free, THREADS * ROUNDS);
        CU_ASSERT_EQUAL(c.bytes_alloc, c.bytes_free);
        CU_ASSERT_EQUAL(c.current_count_used, 0);
}

static void *touch(void *unused)
{
        prof_free(prof_alloc(STAGE_SINK, 10));
        prof_count_statement();
        return unused;
}

static void threads_one_after_the_other_share_a_block(void)
{
        pthread_t t;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, touch, NULL), 0);
        pthread_join(t, NULL);
        struct prof_counts own = prof_read(STAGE_PROFILE, LIB_COUNT);
        struct prof_counts sink = prof_read(STAGE_SINK, LIB_COUNT);
        uint64_t statements = prof_statements();
        for (int i = 0; i < 200; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, touch, NULL), 0);
                pthread_join(t, NULL);
        }
        CU_ASSERT_EQUAL(since(&own, STAGE_PROFILE, LIB_COUNT).count_alloc, 0);
        CU_ASSERT_EQUAL(since(&sink, STAGE_SINK, LIB_COUNT).count_free, 200);
        CU_ASSERT_EQUAL(prof_statements(), statements + 200);
        CU_ASSERT_TRUE(own.current_bytes_used > 0);
}

/* --- faults --------------------------------------------------------------------------------------------------------- */

static void the_nth_allocation_fails_once(void)
{
        uint64_t fired = prof_fail_fired();
        struct prof_counts before = prof_read(STAGE_SESSION, LIB_COUNT);
        void *kept[5];
        prof_fail_nth(3);
        void *uncounted = prof_alloc(STAGE_ADMIN, 1);
        for (int i = 0; i < 5; i++) {
                kept[i] = prof_alloc(STAGE_SESSION, 8);
                CU_ASSERT_EQUAL(kept[i] == NULL, i == 2);
        }
        CU_ASSERT_EQUAL(prof_fail_seen(), 5);
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_fail_fired(), fired + 1);
        CU_ASSERT_EQUAL(since(&before, STAGE_SESSION, LIB_COUNT).count_alloc, 4);
        prof_free(prof_alloc(STAGE_SESSION, 8));
        CU_ASSERT_EQUAL(prof_fail_seen(), 5);
        for (int i = 0; i < 5; i++) {
                prof_free(kept[i]);
        }
        prof_free(uncounted);
        CU_ASSERT_EQUAL(since(&before, STAGE_SESSION, LIB_COUNT).current_count_used, 0);
}

static void every_way_in_can_fail(void)
{
        PROF_SCOPE(STAGE_SESSION);
        uint64_t fired = prof_fail_fired();
        char *p = prof_strdup(STAGE_SESSION, "kept");
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_realloc(STAGE_SESSION, p, 1000));
        CU_ASSERT_STRING_EQUAL(p, "kept");
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_calloc(STAGE_SESSION, 2, 2));
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_strdup(STAGE_SESSION, "x"));
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_spandup(STAGE_SESSION, span_str("x")));
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_lib_alloc(LIB_OPENSSL, 1));
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(prof_realloc_at(STAGE_SESSION, LIB_OPENSSL, NULL, 1, SITE_HERE));
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_fail_fired(), fired + 6);
        prof_free(p);
}

static void uncounted_stages_never_fail(void)
{
        static const enum prof_stage spared[] = {STAGE_MAIN, STAGE_SETTINGS, STAGE_ADMIN, STAGE_PROFILE};
        prof_fail_nth(1);
        for (size_t i = 0; i < sizeof spared / sizeof spared[0]; i++) {
                void *p = prof_alloc(spared[i], 1);
                CU_ASSERT_PTR_NOT_NULL(p);
                prof_free(p);
        }
        CU_ASSERT_EQUAL(prof_fail_seen(), 0);
        prof_fail_nth(0);
}

static const struct tap_test tests[] = {
    {"stages and libraries have names", stages_have_names},
    {"blocks are aligned and counted exactly", blocks_are_aligned_and_counted},
    {"calloc zeroes and refuses products that wrap", calloc_zeroes_and_refuses_to_wrap},
    {"texts are copied", texts_are_copied},
    {"realloc keeps the stage and the contents", realloc_keeps_stage_and_contents},
    {"libraries are charged to the current stage", libraries_are_charged_to_the_current_stage},
    {"wrong frees are named and not carried out", wrong_frees_are_named_and_not_done},
    {"a double free is caught", double_free_is_caught},
    {"a block that realloc left behind is caught", a_block_that_realloc_left_is_caught},
    {"threads lose no count, and live is never negative", threads_lose_no_count},
    {"threads one after the other share a block", threads_one_after_the_other_share_a_block},
    {"the nth allocation fails, once", the_nth_allocation_fails_once},
    {"every way in can fail, and leaves all as it was", every_way_in_can_fail},
    {"faults spare the stages that are not counted", uncounted_stages_never_fail},
};

int main(void)
{
        return TAP_RUN("prof", tests);
}
