#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "script.h"
#include "tap.h"

#include <stdlib.h>

/* Each allocation of a session fails in turn: nothing crashes, nothing leaks, and what is told stays whole JSON (tape.c
 * looks). The first one is the dissector itself. */
static struct script s;

static void play_each_fault(struct tape_options options)
{
        uint64_t seen = 0;
        prof_fail_nth(1 << 30);
        char *whole = tape_records(span_of(s.bytes, s.len), &options);
        seen = prof_fail_seen();
        CU_ASSERT_PTR_NULL(strstr(whole, "opaque"));
        CU_ASSERT_TRUE(seen > 3);
        for (uint64_t nth = 2; nth <= seen; nth++) {
                prof_fail_nth(nth);
                char *records = tape_records(span_of(s.bytes, s.len), &options);
                CU_ASSERT_PTR_NOT_NULL(strstr(records, "\"event\":"));
                free(records);
        }
        prof_fail_nth(0);
        char *again = tape_records(span_of(s.bytes, s.len), &options);
        CU_ASSERT_STRING_EQUAL(whole, again);
        free(whole);
        free(again);
        struct prof_counts counts = prof_read(STAGE_DISSECT, LIB_COUNT);
        CU_ASSERT_EQUAL(counts.current_count_used, 0);
        counts = prof_read(STAGE_JOURNAL, LIB_COUNT);
        CU_ASSERT_EQUAL(counts.current_count_used, 0);
}

/** In pieces as recorded, and in small ones, with packets. */
static void play_with_each_fault(uint32_t rows)
{
        play_each_fault((struct tape_options){.rows = rows, .without_gate = true});
        play_each_fault((struct tape_options){.rows = rows,
                                              .hash_rows = 2,
                                              .packet_bytes = 16,
                                              .split = 7,
                                              .query_bytes = 64,
                                              .without_gate = true});
}

static void rows_of_all_kinds(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\x16SELECT ?"));
        script_answer(&s, SPAN("\0\1\0\0\0\1\0\1\0\0\0\0"));
        script_answer_column(&s, "?", 253, 0, 63);
        script_answer_eof(&s);
        script_answer_column(&s, "a", 253, 0, 8);
        script_answer_eof(&s);
        script_send(&s, SPAN("\x17\1\0\0\0\1\1\0\0\0\0\1\xfd\0\1\xe9"));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 253, 0, 8);
        script_answer(&s, SPAN("\xfe\0\0\x42\0"));
        script_send(&s, SPAN("\x1c\1\0\0\0\2\0\0\0"));
        script_answer(&s, SPAN("\0\0\1\xe9"));
        script_answer(&s, SPAN("\0\0\1\xe8"));
        script_answer_eof(&s);
        script_send(&s, SPAN("\x03SELECT"));
        script_answer(&s, SPAN("\2"));
        script_answer_column(&s, "a", 253, 0, 8);
        script_answer_column(&s, "a longer name than before", 253, 0, 8);
        script_answer_eof(&s);
        for (int i = 0; i < 40; i++) {
                script_answer(&s, SPAN("\1\xe9\1x"));
        }
        script_answer_eof(&s);
        play_with_each_fault(50);
}

static void values_and_changes(void)
{
        script_open(&s, CAP_SESSION_TRACK | CAP_QUERY_ATTRIBUTES | CAP_MARIADB_BULK, 8);
        script_prepare(&s, 1, "INSERT \xe9", 1);
        script_send(&s, SPAN("\x18\1\0\0\0\0\0sent \xe9"));
        script_send(&s, SPAN("\x17\1\0\0\0\x08\1\0\0\0\2\0\1\xfd\0\0\xfd\0\1n\1\xe9"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\xfa\1\0\0\0\x80\0\xfd\0\0\1\xe9"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03\1\1\0\1\xfd\0\1n\1\xe9SET NAMES latin1"));
        script_answer(&s, SPAN("\0\0\0\x02\x40\0\0\0\x09\1\3\2db\0\2\0\0"));
        script_send(&s, SPAN("\x03\0\1USE x"));
        script_answer(&s, SPAN("\0\0\0\x02\x40\0\0\0\x0b\1\3\2db\0\4\1a\1b"));
        script_send(&s, SPAN("\x11u\0\0d\0\x08\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x02n"));
        script_answer_ok(&s);
        play_with_each_fault(0);
}

/** Commands that wait for others, short ones and long ones. */
static void a_pipeline(void)
{
        static uint8_t query[2000] = "\3SELECT";
        script_open(&s, 0, 8);
        for (size_t i = 0; i < 40; i++) {
                script_send(&s, span_of(query, i % 3 == 0 ? sizeof query : 20));
        }
        for (size_t i = 0; i < 40; i++) {
                s.seq = 1;
                script_answer_ok(&s);
        }
        script_send(&s, SPAN("\3SELECT 1"));
        script_answer_ok(&s);
        play_with_each_fault(0);
}

/** Each is longer than the one before it, whose memory it gets. */
static void a_growing_pipeline(void)
{
        static uint8_t query[500] = "\3SELECT";
        script_open(&s, 0, 8);
        for (size_t size = 20; size <= sizeof query; size += 60) {
                script_send(&s, span_of(query, size));
        }
        for (size_t size = 20; size <= sizeof query; size += 60) {
                s.seq = 1;
                script_answer_ok(&s);
        }
        play_with_each_fault(0);
}

/** Definitions that the server may leave out are kept with the statement. */
static void definitions_that_are_kept(void)
{
        script_open(&s, CAP_MARIADB_CACHE_METADATA, 8);
        script_send(&s, SPAN("\x16SELECT 1"));
        script_answer(&s, SPAN("\0\1\0\0\0\1\0\0\0\0\0\0"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_eof(&s);
        for (int i = 0; i < 2; i++) {
                script_send(&s, SPAN("\x17\1\0\0\0\0\1\0\0\0"));
                script_answer(&s, i == 0 ? SPAN("\1\1") : SPAN("\1\0"));
                if (i == 0) {
                        script_answer_column(&s, "b", 3, 0, 63);
                }
                script_answer_eof(&s);
                script_answer(&s, SPAN("\0\0\1\0\0\0"));
                script_answer(&s, SPAN("\0\0\2\0\0\0"));
                script_answer_eof(&s);
        }
        play_with_each_fault(2);
}

/** The server answers before the end of a command. */
static void an_early_answer(void)
{
        script_open(&s, 0, 8);
        script_send(&s, SPAN("\3DO 1"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\3SELECT 'the text so far'"));
        s.bytes[s.len - 24 - 4] = 60; /* the packet has 60 bytes */
        s.seq = 1;
        script_answer(&s, SPAN("\xff\x81\x04#08S01Got a packet bigger than 'max_allowed_packet' bytes"));
        play_with_each_fault(0);
}

/** Values that are longer than what is kept of them. */
static void long_values(void)
{
        static uint8_t execution[150000] = "\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\xfd\xdd\x49\2";
        script_open(&s, 0, 8);
        script_prepare(&s, 1, "DO ?", 1);
        script_send(&s, span_of(execution, sizeof execution));
        script_answer_ok(&s);
        play_each_fault((struct tape_options){.query_bytes = 64, .split = 1000, .without_gate = true});
}

static const struct tap_test tests[] = {
    {"a pipeline", a_pipeline},
    {"rows of all kinds", rows_of_all_kinds},
    {"values and changes", values_and_changes},
    {"a growing pipeline", a_growing_pipeline},
    {"definitions that are kept", definitions_that_are_kept},
    {"an early answer", an_early_answer},
    {"long values", long_values},
};

int main(void)
{
        return TAP_RUN("faults", tests);
}
