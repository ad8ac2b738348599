#include "profile/heap/counts.h"
#include "proxy/quota.h"
#include "tap.h"

#include <stdio.h>

static struct quota_entry *take(struct quota *q, enum quota_kind kind, const char *key, uint64_t max)
{
        bool no_memory;
        struct quota_entry *e = quota_take(q, kind, span_str(key), max, &no_memory);
        CU_ASSERT_FALSE(no_memory);
        return e;
}

static void a_key_has_its_maximum(void)
{
        struct quota *q = quota_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(q);
        struct quota_entry *a = take(q, QUOTA_CLIENT, "10.0.0.1", 2);
        struct quota_entry *b = take(q, QUOTA_CLIENT, "10.0.0.1", 2);
        CU_ASSERT_PTR_NOT_NULL(a);
        CU_ASSERT_PTR_EQUAL(a, b);
        CU_ASSERT_PTR_NULL(take(q, QUOTA_CLIENT, "10.0.0.1", 2));
        struct quota_entry *user =
            take(q, QUOTA_USER, "10.0.0.1", 2); /* a user of this name is another key */
        CU_ASSERT_PTR_NOT_NULL(user);
        CU_ASSERT_PTR_NOT_EQUAL(user, a);
        quota_return(q, b);
        b = take(q, QUOTA_CLIENT, "10.0.0.1", 2);
        CU_ASSERT_PTR_NOT_NULL(b);
        quota_return(q, a);
        quota_return(q, b);
        quota_return(q, user);
        quota_return(q, NULL);
        quota_free(q);
}

static void many_keys_are_apart_and_leave_nothing(void)
{
        enum { KEYS = 3000 };
        static struct quota_entry *entries[KEYS];
        char key[32];
        struct quota *q = quota_new();
        int64_t before = prof_read(STAGE_LISTENER, LIB_COUNT).current_bytes_used;
        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < KEYS; i++) {
                        (void)snprintf(key, sizeof key, "user-%d", i);
                        entries[i] = take(q, QUOTA_USER, key, 1);
                        CU_ASSERT_PTR_NOT_NULL(entries[i]);
                        CU_ASSERT_PTR_NULL(take(q, QUOTA_USER, key, 1));
                }
                for (int i = 0; i < KEYS; i++) {
                        quota_return(q, entries[i]);
                }
                CU_ASSERT_EQUAL(prof_read(STAGE_LISTENER, LIB_COUNT).current_bytes_used, before);
        }
        quota_free(q);
}

static const struct tap_test tests[] = {
    {"a key has its maximum", a_key_has_its_maximum},
    {"many keys are apart and leave nothing", many_keys_are_apart_and_leave_nothing},
};

int main(void)
{
        return TAP_RUN("quota", tests);
}
