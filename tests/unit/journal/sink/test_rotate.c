/* Rotation by size and by time. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/sink/log_file.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- by size and time ---------------------------------------------------------------------------------------------- */

static void no_file_becomes_larger_and_no_record_is_cut(void)
{
        struct sink sink;
        log_defaults("size");
        log_sink->rotate_bytes = 10000;
        for (uint64_t round = 0; round < 3; round++) { /* what an earlier process left counts */
                log_open(&sink);
                for (uint64_t i = 0; i < 1000; i += 100) {
                        log_put(&sink, round * 1000 + i, round * 1000 + i + 100, i % 300);
                        CU_ASSERT_TRUE(sink_flush(&sink));
                }
                CU_ASSERT_EQUAL(sink.counters.records, 1000);
                CU_ASSERT_TRUE(sink.counters.rotations > 5);
                sink_close(&sink);
        }
        struct sample_log log = log_read_all(10000);
        CU_ASSERT_EQUAL(log.records, 3000);
        CU_ASSERT_EQUAL(log.bad, 0);
}

static void a_record_larger_than_a_file_has_one_of_its_own(void)
{
        struct sink sink;
        log_defaults("large");
        log_sink->rotate_bytes = 5000;
        log_open(&sink);
        log_put(&sink, 0, 3, 100);
        log_put(&sink, 3, 5, 20000);
        log_put(&sink, 5, 8, 100);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 3);
        sink_close(&sink);
        struct sample_log log = log_read_all(30000);
        CU_ASSERT_EQUAL(log.records, 8);
        CU_ASSERT_EQUAL(log.bad, 0);
}

static void an_old_file_is_rotated(void)
{
        struct sink sink;
        log_defaults("time");
        log_sink->rotate_seconds = 3600;
        log_open(&sink);
        log_put(&sink, 0, 5, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        uint64_t was = sink.counters.rotations; /* the full hour may have struck just now */
        int wait_ms = sink_wait_ms(&sink);
        CU_ASSERT_TRUE(wait_ms >= 0 && wait_ms <= 60000);
        sink.destination.rotate.period--; /* as if it had been begun an hour ago */
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, was + 1);
        sink.destination.rotate.period--; /* it is empty: it stays */
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, was + 1);
        sink_close(&sink);
        struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
        log_open(&sink);
        log_put(&sink, 5, 6, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        sink_close(&sink);
        CU_ASSERT_EQUAL(utimensat(AT_FDCWD, log_path, old, 0), 0);
        log_open(&sink); /* a file of an earlier process, by its date */
        log_put(&sink, 6, 7, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 1);
        sink_close(&sink);
        CU_ASSERT_EQUAL(log_read_all(100000).records, 7);
}

static void a_rotation_that_fails_keeps_the_file(void)
{
        struct sink sink;
        log_defaults("failing");
        log_sink->rotate_bytes = 3000;
        log_open(&sink);
        struct rlimit before;
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
        struct rlimit none = {3, before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
        uint64_t said = diag_count(DIAG_ERROR);
        for (uint64_t i = 0; i < 50; i++) {
                log_put(&sink, i, i + 1, 500);
                CU_ASSERT_TRUE(sink_flush(&sink));
        }
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 1);
        CU_ASSERT_EQUAL(sink.counters.errors, 1); /* not tried for each record */
        CU_ASSERT_EQUAL(sink.counters.rotations, 0);
        CU_ASSERT_EQUAL(log_count_rotated("*"), 0);
        sink.destination.rotate.retry_ns = 0; /* a second later */
        log_put(&sink, 50, 51, 500);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 1);
        sink_close(&sink);
        CU_ASSERT_EQUAL(log_read_all(100000).records, 51);
}

static void a_name_is_never_given_twice(void)
{
        struct sink sink;
        log_defaults("twice");
        log_sink->rotate_bytes = 1000;
        log_open(&sink);
        sink.destination.rotate.last_us =
            (clock_wall_ns() / CLOCK_US_NS / 1000000 + 1000) * 1000000; /* the clock was set back */
        char taken[700];
        time_t t = (time_t)(sink.destination.rotate.last_us / 1000000);
        struct tm tm;
        char stamp[32] = "";
        CU_ASSERT_PTR_NOT_NULL(gmtime_r(&t, &tm));
        (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
        (void)snprintf(taken, sizeof taken, "%s.%s.000001Z", log_path, stamp);
        (void)close(open(taken, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        (void)snprintf(taken, sizeof taken, "%s.%s.000002Z.gz", log_path, stamp);
        (void)close(open(taken, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        log_put(&sink, 0, 2, 800);
        CU_ASSERT_TRUE(sink_flush(&sink));
        (void)snprintf(taken, sizeof taken, "%s.%s.000003Z", log_path, stamp);
        CU_ASSERT_EQUAL(access(taken, F_OK), 0);
        sink_close(&sink);
}

static void a_file_that_was_taken_away_is_noticed(void)
{
        struct sink sink;
        log_defaults("gone");
        log_open(&sink);
        log_put(&sink, 0, 5, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        uint64_t said = diag_count(DIAG_INFO);
        for (uint64_t i = 1; i < 4; i++) {
                CU_ASSERT_EQUAL(unlink(log_path), 0);
                log_put(&sink, 5 * i, 5 * i + 5, 10);
                sink.destination.rotate.look_ns = 0; /* a second later */
                CU_ASSERT_TRUE(sink_flush(&sink));
                CU_ASSERT_EQUAL(access(log_path, F_OK), 0);
                CU_ASSERT_EQUAL(diag_count(DIAG_INFO), said + i);
        }
        CU_ASSERT_EQUAL(sink.counters.records, 20);
        sink_close(&sink);
}

static const struct tap_test tests[] = {
    {"no file becomes larger and no record is cut", no_file_becomes_larger_and_no_record_is_cut},
    {"a record larger than a file has one of its own", a_record_larger_than_a_file_has_one_of_its_own},
    {"an old file is rotated", an_old_file_is_rotated},
    {"a rotation that fails keeps the file", a_rotation_that_fails_keeps_the_file},
    {"a name is never given twice", a_name_is_never_given_twice},
    {"a file that was taken away is noticed", a_file_that_was_taken_away_is_noticed},
};

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        if (!sample_begin()) {
                return 1;
        }
        int status = TAP_RUN("rotate", tests);
        sample_end();
        return status;
}
