/* More distinct records than the table holds: it stays in its bound, and says what overflowed. */
#include "profile/record.h"
#include "profile/seam.h"
#include "tap.h"

#include <stdlib.h>

static void the_table_stays_in_its_bound(void)
{
        /* ten million with QUERYTAP_LONG; a sanitizer takes its time */
        const uint64_t n = getenv("QUERYTAP_LONG") != NULL ? 10000000 : 200000;
        prof_set_sample_bytes(1);
        for (uint64_t i = 0; i < n; i++) { /* a library that names another line each time */
                const struct seam_site site = {
                    .frame = __builtin_frame_address(0), .file = "many.c", .line = (int)i};
                void *block = seam_alloc(STAGE_DIGEST, LIB_OPENSSL, 16, false, &site);
                CU_ASSERT_PTR_NOT_NULL_FATAL(block);
                prof_free(block);
        }
        prof_set_sample_bytes(0);
        struct prof_counts own = prof_read(STAGE_PROFILE, LIB_COUNT);
        printf("# %llu records pushed: %u in the table, %llu samples in overflow records, %lld bytes of its "
               "own\n",
               (unsigned long long)n, prof_record_count(), (unsigned long long)prof_record_overflowed(),
               (long long)own.current_bytes_used);
        CU_ASSERT_EQUAL(prof_record_count_of(STAGE_DIGEST), PROF_RECORDS + 1);
        CU_ASSERT_EQUAL(prof_record_overflowed(), n - PROF_RECORDS);
        CU_ASSERT_TRUE(own.current_bytes_used < 16 << 20);
        struct prof_record r;
        CU_ASSERT_TRUE(prof_record_get(prof_record_count(), &r) && r.overflow && r.stage == STAGE_DIGEST);
        CU_ASSERT_TRUE(r.allocs == n - PROF_RECORDS && r.frees == r.allocs && r.bytes_alloc == r.bytes_free);
        struct prof_counts digest = prof_read(STAGE_DIGEST, LIB_COUNT);
        CU_ASSERT_TRUE(digest.count_alloc == n && digest.count_free == n && digest.current_bytes_used == 0);
}

static const struct tap_test tests[] = {
    {"the table stays in its bound", the_table_stays_in_its_bound},
};

int main(void)
{
        return TAP_RUN("overflow", tests);
}
