#include "base/json.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"
#include "tape.h"

#include <dirent.h>
#include <stdlib.h>

/** Number of places where @p part stands in @p text. */
static int count(const char *text, const char *part)
{
        int n = 0;
        for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
                n++;
        }
        return n;
}

static void cut_at_every_byte(void)
{
        static const char *const names[] = {"php-1.tape",     "perl-1.tape",   "pymysql-1.tape",
                                            "mariadb-1.tape", "values-1.tape", "values-2.tape",
                                            "denied-1.tape"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct span in = tape_load(names[i]);
                const struct tape_options whole = {.packet_bytes = 32};
                char *expected = tape_records(in, &whole);
                CU_ASSERT_TRUE(strlen(expected) > 500);
                CU_ASSERT_EQUAL(count(expected, "opaque"), 0);
                for (size_t cut = 1; cut < in.len; cut++) {
                        const struct tape_options options = {.packet_bytes = 32, .cut = cut};
                        char *text = tape_records(in, &options);
                        if (strcmp(text, expected) != 0) {
                                CU_FAIL("records differ");
                                (void)printf("# %s cut at %zu\n", names[i], cut);
                        }
                        free(text);
                }
                for (size_t split = 1; split < 9; split++) {
                        const struct tape_options options = {.packet_bytes = 32, .split = split};
                        char *text = tape_records(in, &options);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                }
                free(expected);
        }
}

/** They come together where they can; what is told of them is the same. */
static void runs_of_packets(void)
{
        static const char *const names[] = {"php-1.tape", "perl-1.tape", "pymysql-1.tape", "mariadb-1.tape",
                                            "values-1.tape"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct span in = tape_load(names[i]);
                for (size_t bytes = 8; bytes <= 512; bytes *= 8) {
                        const struct tape_options single = {.packet_bytes = bytes, .apart = true};
                        const struct tape_options runs = {.packet_bytes = bytes, .runs = true};
                        const struct tape_options pieces = {.packet_bytes = bytes, .runs = true, .split = 50};
                        char *expected = tape_records(in, &single);
                        char *text = tape_records(in, &runs);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                        text = tape_records(in, &pieces);
                        CU_ASSERT_STRING_EQUAL(text, expected);
                        free(text);
                        free(expected);
                }
        }
}

static void php_session(void)
{
        const struct tape_options options = {.split = 0};
        char *text = tape_records(tape_load("php-1.tape"), &options);
        static const char *const parts[] = {
            "\"query\":\"SELECT 1, 'zwei', NULL\"",
            "\"errno\":1146,\"sqlstate\":\"42S02\"",
            "\"stmt_execute_values\":[42,\"h\xc3\x83\xc2\xa4llo\",null,1.5]",
            "\"stmt_execute_values\":[-7,{\"hex\":\"62696eff00\"},null,1.5]",
            "\"stmt_execute_values\":[-7,\"xxxxxxxxxx", /* long data */
            "\"command\":\"COM_CHANGE_USER\"",
            "\"query\":\"CALL p()\"",
            "\"results\":2",
            "\"username\":\"root\",\"database\":\"mysql\"",
            "\"rows\":1",
        };
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                CU_ASSERT_TRUE(count(text, parts[i]) > 0);
        }
        CU_ASSERT_EQUAL(count(text, "\"command\":\"COM_STMT_EXECUTE\""), 4);
        CU_ASSERT_EQUAL(count(text, "\"event\":\"query\""), count(text, "\"conn_seq_num\""));
        free(text);
}

static void local_infile(void)
{
        const struct tape_options options = {.packet_bytes = 16};
        char *text = tape_records(tape_load("pymysql-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, "LOCAL INFILE request"), 1);
        CU_ASSERT_EQUAL(count(text, "LOCAL INFILE end"), 1);
        CU_ASSERT_EQUAL(count(text, "\"affected_rows\":3"), 1);
        free(text);
}

static void no_secrets_in_packets(void)
{
        const struct tape_options options = {.packet_bytes = 256};
        char *text = tape_records(tape_load("mariadb-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, " login:\n"), 1); /* no bytes behind the colon */
        free(text);
        text = tape_records(tape_load("denied-1.tape"), &options);
        CU_ASSERT_EQUAL(count(text, "\"errno\":1045"), 1);
        CU_ASSERT_EQUAL(count(text, "\"event\":\"auth\""), 1);
        free(text);
}

static void cut_texts_tell_their_length(void)
{
        const struct tape_options options = {.query_bytes = 10};
        char *text = tape_records(tape_load("php-1.tape"), &options);
        CU_ASSERT_TRUE(count(text, "\"query\":\"SELECT 1, \",\"query_length\":22") == 1);
        CU_ASSERT_EQUAL(count(text, "opaque"), 0);
        free(text);
}

/** Fail the n-th allocation of a played session, for each n: no crash, no leak. */
static void every_allocation_fails_once(void)
{
        struct span in = tape_load("php-1.tape");
        const struct tape_options options = {.packet_bytes = 32};
        int64_t before = prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                         prof_read(STAGE_FRAME, LIB_COUNT).current_count_used;
        prof_fail_nth(1000000);
        free(tape_records(in, &options));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 20);
        for (uint64_t n = 3; n <= all; n++) { /* the first two are the player's own dissector and gate */
                prof_fail_nth(n);
                free(tape_records(in, &options));
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used +
                            prof_read(STAGE_FRAME, LIB_COUNT).current_count_used,
                        before);
}

static const struct tap_test tests[] = {
    {"runs of packets", runs_of_packets},
    {"sessions cut at every byte give the same records", cut_at_every_byte},
    {"a PHP session", php_session},
    {"LOCAL INFILE", local_infile},
    {"packets show no authentication data", no_secrets_in_packets},
    {"cut texts tell their length", cut_texts_tell_their_length},
    {"each allocation of a session fails once", every_allocation_fails_once},
};

int main(void)
{
        return TAP_RUN("mysql/dissect/sessions", tests);
}
