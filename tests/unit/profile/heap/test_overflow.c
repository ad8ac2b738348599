/* More distinct records than the table holds: it stays in its bound, and says what overflowed. */
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "tap.h"

#include <stdlib.h>

static void the_table_stays_in_its_bound(void)
{
        /* ten million with QUERYTAP_LONG; a sanitizer takes its time */
        const uint64_t n = getenv("QUERYTAP_LONG") != NULL ? 10000000 : 200000;
        const uint64_t before = prof_record_count_of(STAGE_TLS) - 1; /* without the overflow record */
        const uint64_t overflowed = prof_record_overflowed();
        prof_set_sample_bytes(1);
        for (uint64_t i = 0; i < n; i++) { /* a library that names another line each time */
                const struct alloc_site site = {
                    .frame = __builtin_frame_address(0), .file = "many.c", .line = (int)i};
                void *block = prof_alloc_at(STAGE_DIGEST, LIB_OPENSSL, 16, false, &site);
                CU_ASSERT_PTR_NOT_NULL_FATAL(block);
                prof_free(block);
        }
        prof_set_sample_bytes(0);
        struct prof_counts own = prof_read(STAGE_PROFILE, LIB_COUNT);
        printf("# %llu records pushed: %u in the table, %llu samples in overflow records, %lld bytes of its "
               "own\n",
               (unsigned long long)n, prof_record_count(), (unsigned long long)prof_record_overflowed(),
               (long long)own.current_bytes_used);
        CU_ASSERT_EQUAL(prof_record_count_of(STAGE_DIGEST), PROF_RECORDS - before + 1);
        CU_ASSERT_EQUAL(prof_record_overflowed() - overflowed, n - PROF_RECORDS + before);
        CU_ASSERT_TRUE(own.current_bytes_used < 16 << 20);
        struct prof_record r;
        CU_ASSERT_TRUE(prof_record_get(prof_record_count(), &r) && r.overflow && r.stage == STAGE_DIGEST);
        CU_ASSERT_TRUE(r.allocs == n - PROF_RECORDS + before && r.frees == r.allocs &&
                       r.bytes_alloc == r.bytes_free);
        struct prof_counts digest = prof_read(STAGE_DIGEST, LIB_COUNT);
        CU_ASSERT_TRUE(digest.count_alloc == n && digest.count_free == n && digest.current_bytes_used == 0);
}

static void a_smaller_bound_is_kept(void)
{
        prof_set_records(100);
        prof_set_sample_bytes(1);
        for (int i = 0; i < 300; i++) {
                const struct alloc_site site = {
                    .frame = __builtin_frame_address(0), .file = "few.c", .line = i};
                prof_free(prof_alloc_at(STAGE_TLS, LIB_OPENSSL, 16, false, &site));
        }
        prof_set_sample_bytes(0);
        CU_ASSERT_EQUAL(prof_record_count_of(STAGE_TLS), 101);
        CU_ASSERT_EQUAL(prof_record_overflowed(), 200);
        prof_set_records(PROF_RECORDS);
}

static const struct tap_test tests[] = {
    {"a smaller bound is kept", a_smaller_bound_is_kept},
    {"the table stays in its bound", the_table_stays_in_its_bound},
};

int main(void)
{
        return TAP_RUN("overflow", tests);
}
