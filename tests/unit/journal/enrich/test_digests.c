/* Statistics of digests. */
#include "journal/enrich/enriched.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

struct seen {
        unsigned n;
        struct digest_stat first;
        char text[64];
        char example[64];
};

static void see(void *arg, const struct digest_stat *s)
{
        struct seen *seen = arg;
        if (seen->n++ == 0) {
                seen->first = *s;
                (void)snprintf(seen->text, sizeof seen->text, "%.*s", (int)s->text_len,
                               (const char *)s->text);
                (void)snprintf(seen->example, sizeof seen->example, "%.*s", (int)s->example_len,
                               (const char *)s->example);
        }
}

static void statistics(void)
{
        enriched_begin(0);
        for (unsigned i = 1; i <= 100; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT %u FROM t", i);
                struct record r = enriched_query(1, sql);
                r.duration_us = i * 10;
                record_set_uint(&r, FIELD_ROWS, 2);
                record_set_uint(&r, FIELD_STATUS_FLAGS, i % 4 == 0 ? 0x20 : 0);
                if (i % 10 == 0) {
                        record_set_uint(&r, FIELD_ERRNO, 1);
                }
                CU_ASSERT_EQUAL(enrich_record(&enriched, &enriched_session, &r), 0);
                CU_ASSERT_TRUE(enriched_is(r.digest_text, "SELECT ? FROM `t`"));
                CU_ASSERT_EQUAL(record_has(&r, FIELD_FINDINGS), i % 4 == 0);
        }
        struct seen seen = {0};
        struct digests_totals totals = digests_each(enriched.digests, see, &seen);
        const struct digest_stat *s = &seen.first;
        CU_ASSERT_TRUE(totals.shapes == 1 && totals.max == 8 && totals.evicted == 0);
        CU_ASSERT_TRUE(s->count == 100 && s->errors == 10 && s->rows == 200 &&
                       s->findings[FINDING_NO_INDEX] == 25);
        CU_ASSERT_TRUE(s->min_us == 10 && s->max_us == 1000 && s->sum_us == 50500);
        CU_ASSERT_STRING_EQUAL(seen.example, "SELECT 100 FROM t");
        uint64_t p50 = digest_percentile_us(s, 0.5);
        uint64_t p99 = digest_percentile_us(s, 0.99);
        CU_ASSERT_TRUE(p50 >= 500 && p50 <= 640 && p99 >= 990 && p99 <= 1000);
        struct digest_rate rate = digest_rate(s, s->last_wall_ns);
        CU_ASSERT_TRUE(rate.per_second > 4.9 && rate.per_second < 10.1 && rate.active > 0);
        rate = digest_rate(s, s->last_wall_ns + 3 * DIGEST_WINDOW_NS);
        CU_ASSERT_TRUE(rate.per_second == 0 && rate.active == 0);
        digests_reset(enriched.digests);
        seen.n = 0;
        (void)digests_each(enriched.digests, see, &seen);
        CU_ASSERT_TRUE(seen.n == 1 && seen.first.count == 0);
        struct record r = enriched_query(1, "SELECT 5 FROM t");
        (void)enrich_record(&enriched, &enriched_session, &r);
        seen.n = 0;
        (void)digests_each(enriched.digests, see, &seen);
        CU_ASSERT_TRUE(seen.first.count == 1 && seen.first.min_us == 100);
        CU_ASSERT_STRING_EQUAL(seen.example, "SELECT 5 FROM t");
        enriched_finish();
}

/** Digest and text as JSON have what the record has, or nothing where that would need an escape. */
static void digests_are_formatted_in_advance(void)
{
        char wanted[256];
        enriched_begin(0);
        struct record r = enriched_query(1, "SELECT 1 FROM t WHERE a = 'x'");
        (void)enrich_record(&enriched, &enriched_session, &r);
        (void)snprintf(wanted, sizeof wanted, ",\"digest\":\"%.*s\",\"digest_text\":\"%.*s\"",
                       (int)r.digest.len, (const char *)r.digest.data, (int)r.digest_text.len,
                       (const char *)r.digest_text.data);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r.digest_json);
        CU_ASSERT_TRUE(enriched_is(*r.digest_json, wanted));
        static const char *const others[] = {"SELECT `\\`", "SELECT `\"`", "SELECT `caf\xc3\xa9`",
                                             "SELECT `\xe9`", "SELECT `\n`"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                r = enriched_query(1, others[i]);
                (void)enrich_record(&enriched, &enriched_session, &r);
                CU_ASSERT_TRUE(record_has(&r, FIELD_DIGEST_TEXT));
                CU_ASSERT_TRUE(r.digest_json == NULL || r.digest_json->len == 0);
        }
        char longest[2 * DIGEST_JSON_MAX] = "SELECT ";
        memset(longest + 7, 'c', sizeof longest - 8);
        r = enriched_query(1, longest);
        (void)enrich_record(&enriched, &enriched_session, &r);
        CU_ASSERT_TRUE(r.digest_text.len > DIGEST_JSON_MAX && r.digest_json->len == 0);
        enriched_finish();
}

static void percentiles_are_upper_ends(void)
{
        enriched_begin(0);
        static const uint64_t times[] = {0,   1,    2,     3,     4,       5,          7,         8,
                                         100, 1000, 65535, 65536, 1000000, 3600000000, 4000000000};
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
                digests_reset(enriched.digests);
                struct record r = enriched_query(1, "SELECT 1");
                r.duration_us = times[i];
                (void)enrich_record(&enriched, &enriched_session, &r);
                struct seen seen = {0};
                (void)digests_each(enriched.digests, see, &seen);
                CU_ASSERT_EQUAL(digest_percentile_us(&seen.first, 0.5), times[i]);
                r.duration_us = times[i] * 2;
                (void)enrich_record(&enriched, &enriched_session, &r);
                seen.n = 0;
                (void)digests_each(enriched.digests, see, &seen);
                uint64_t p50 = digest_percentile_us(&seen.first, 0.5);
                CU_ASSERT_TRUE(p50 >= times[i] && p50 <= times[i] + times[i] / 4);
        }
        enriched_finish();
}

static void the_least_recent_goes(void)
{
        enriched_begin(0);
        for (unsigned i = 0; i < 20; i++) {
                char sql[64];
                (void)snprintf(sql, sizeof sql, "SELECT a%u", i);
                struct record r = enriched_query(1, sql);
                (void)enrich_record(&enriched, &enriched_session, &r);
                r = enriched_query(1, "SELECT often");
                (void)enrich_record(&enriched, &enriched_session, &r);
        }
        struct seen seen = {0};
        struct digests_totals totals = digests_each(enriched.digests, see, &seen);
        CU_ASSERT_TRUE(totals.shapes == 8 && seen.n == 8 && totals.evicted == 13 && totals.forgotten == 13);
        CU_ASSERT_TRUE(seen.first.count == 20);
        CU_ASSERT_STRING_EQUAL(seen.text, "SELECT `often`");
        enriched_finish();
}

static const struct tap_test tests[] = {
    {"statistics", statistics},
    {"digests are formatted in advance", digests_are_formatted_in_advance},
    {"percentiles are upper ends", percentiles_are_upper_ends},
    {"the least recent goes", the_least_recent_goes},
};

int main(void)
{
        return TAP_RUN("digests", tests);
}
