/* The recent records as their readers see them: in order, from a cursor on, with gaps for what was overwritten. */
#include "journal/recent.h"
#include "journal/sample.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdio.h>

static struct recent recent;
static char text[1024 * 1024];

static void add_recent(uint64_t number, size_t len)
{
        struct record r = sample_record(1, number, len);
        recent_add(&recent, &r, NULL);
}

/** Read all after @p cursor. */
static struct sample_log read_recent(uint64_t *cursor)
{
        size_t len = 0;
        for (;;) {
                struct writer w = writer_over(text + len, sizeof text - len);
                if (!recent_read(&recent, cursor, NULL, FORMAT_JSON, &w) || w.failed) {
                        break;
                }
                len += w.at;
        }
        return sample_read(span_of(text, len), 0);
}

static void recent_records_are_read_in_order(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 65536), STATUS_OK);
        CU_ASSERT_EQUAL(read_recent(&cursor).records, 0);
        CU_ASSERT_EQUAL(recent_last(&recent), 0);
        for (uint64_t i = 0; i < 10; i++) {
                add_recent(i, 20);
        }
        CU_ASSERT_EQUAL(recent_last(&recent), 10);
        struct sample_log log = read_recent(&cursor);
        CU_ASSERT_EQUAL(log.records, 10);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(cursor, 10);
        CU_ASSERT_EQUAL(read_recent(&cursor).records, 0);
        cursor = 7;
        CU_ASSERT_EQUAL(read_recent(&cursor).records, 3);
        recent_fini(&recent);
        recent_fini(&recent);
}

static void recent_records_tell_what_was_overwritten(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 65536), STATUS_OK);
        add_recent(0, 20);
        CU_ASSERT_EQUAL(read_recent(&cursor).records, 1);
        for (uint64_t i = 1; i < 1000; i++) {
                add_recent(i, 20);
        }
        uint64_t next = 1;
        struct writer w = writer_over(text, sizeof text);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        struct sample_log gap = sample_read(writer_span(&w), 0);
        CU_ASSERT_EQUAL(gap.gaps, 1);
        next += gap.missing;
        CU_ASSERT_EQUAL(cursor, next); /* the numbers from 1 are one ahead of the samples' */
        uint64_t from = cursor;
        struct sample_log log = read_recent(&cursor);
        CU_ASSERT_EQUAL(log.records, 1000 - from);
        CU_ASSERT_TRUE(log.records > 50);
        CU_ASSERT_EQUAL(cursor, 1000);
        cursor = 0; /* who begins at the oldest misses nothing */
        CU_ASSERT_EQUAL(read_recent(&cursor).gaps, 0);
        recent_fini(&recent);
}

static void large_recent_records_are_shortened(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 65536), STATUS_OK);
        add_recent(0, 20);
        add_recent(1, 200000);
        add_recent(2, 20);
        struct record r = sample_record(1, 3, 20);
        record_set_text(&r, FIELD_ERROR, r.query);
        r.error.len = 200000; /* what can't be shortened */
        recent_add(&recent, &r, NULL);
        struct sample_log log = read_recent(&cursor);
        CU_ASSERT_EQUAL(log.records, 3);
        CU_ASSERT_EQUAL(log.gaps, 1);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(log.next, 4);
        CU_ASSERT_PTR_NOT_NULL(memmem(text, sizeof text, "\"query_length\":200000", 21));
        recent_fini(&recent);
}

static void recent_records_without_room_end(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 0), STATUS_OK);
        add_recent(0, 20);
        add_recent(1, 20);
        CU_ASSERT_EQUAL(recent_last(&recent), 2);
        struct writer w = writer_over(text, sizeof text);
        CU_ASSERT_FALSE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w)); /* a reader's loop must end */
        CU_ASSERT_EQUAL(cursor, 2);
        recent_fini(&recent);
        prof_fail_nth(1);
        CU_ASSERT_EQUAL(recent_init(&recent, 65536), STATUS_NOMEM);
        prof_fail_nth(0);
        recent_fini(&recent);
}

static void a_recent_record_that_does_not_fit_is_passed(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 65536), STATUS_OK);
        add_recent(0, 1000);
        add_recent(1, 10);
        struct writer w = writer_over(text, 500);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        CU_ASSERT_TRUE(w.failed);
        CU_ASSERT_EQUAL(cursor, 1);
        w = writer_over(text, 500);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        CU_ASSERT_FALSE(w.failed);
        recent_fini(&recent);
}

static void a_recent_record_that_can_not_be_read_is_a_gap(void)
{
        uint64_t cursor = 0;
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 65536), STATUS_OK);
        add_recent(0, 20);
        add_recent(1, 20);
        struct writer w = writer_over(text, sizeof text);
        prof_fail_nth(1);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(cursor, 1);
        CU_ASSERT_EQUAL(sample_read(writer_span(&w), 0).missing, 1);
        CU_ASSERT_EQUAL(read_recent(&cursor).records, 1);
        recent_fini(&recent);
}

static const struct tap_test tests[] = {
    {"read in order", recent_records_are_read_in_order},
    {"what was overwritten is told", recent_records_tell_what_was_overwritten},
    {"large ones are shortened", large_recent_records_are_shortened},
    {"without room a reader's loop ends", recent_records_without_room_end},
    {"one that does not fit the reader's room is passed", a_recent_record_that_does_not_fit_is_passed},
    {"one that can't be read is a gap", a_recent_record_that_can_not_be_read_is_a_gap},
};

int main(void)
{
        if (!sample_begin()) {
                puts("Bail out! no private directory");
                return 1;
        }
        int status = TAP_RUN("recent_reading", tests);
        sample_end();
        return status;
}
