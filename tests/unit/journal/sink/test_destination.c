/* A log file that somebody removes, with its folder or without, while it is written. */
#include "base/diag.h"
#include "journal/sample.h"
#include "journal/sink/sink.h"
#include "settings/settings.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct settings_sink settings;
static struct sink sink;
static char folder[512];

static void begin(const char *name)
{
        (void)snprintf(folder, sizeof folder, "%s", sample_path(name));
        CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0700), 0);
        settings = (struct settings_sink){.format = SETTINGS_FORMAT_JSON};
        (void)snprintf(settings.file, sizeof settings.file, "%.200s/log", folder);
        memset(&sink, 0, sizeof sink);
        CU_ASSERT_EQUAL_FATAL(sink_open(&sink, &settings, NULL), STATUS_OK);
}

static void end(void)
{
        sink_close(&sink);
        (void)unlink(settings.file);
        (void)rmdir(folder);
}

static void put(uint64_t from, uint64_t to)
{
        for (uint64_t i = from; i < to; i++) {
                struct record r = sample_record(1, i, 10);
                sink_put(&sink, &r, (struct span){NULL, 0});
        }
}

/** As if a second had passed, after which the file's path is looked at. */
static bool flush_later(void)
{
        sink.destination.rotate.look_ns = 0;
        return sink_flush(&sink);
}

static size_t read_file(char *text, size_t size)
{
        int fd = open(settings.file, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, size - 1) : 0;
        text[n > 0 ? n : 0] = '\0';
        (void)close(fd);
        return n > 0 ? (size_t)n : 0;
}

static void no_record_goes_to_a_removed_file(void)
{
        static char text[65536];
        begin("removed");
        put(0, 10);
        CU_ASSERT_TRUE(flush_later());
        uint64_t errors = diag_count(DIAG_ERROR);
        CU_ASSERT_EQUAL(unlink(settings.file), 0);
        CU_ASSERT_EQUAL(rmdir(folder), 0);
        put(10, 20);
        CU_ASSERT_FALSE(flush_later());
        CU_ASSERT_TRUE(sink_is_blocked(&sink));
        CU_ASSERT_FALSE(sink_flush(&sink)); /* within the same second: it is still known */
        CU_ASSERT_EQUAL(sink.counters.records, 10);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
        CU_ASSERT_TRUE(sink_flush(&sink)); /* no second need pass */
        CU_ASSERT_FALSE(sink_is_blocked(&sink));
        CU_ASSERT_EQUAL(sink.counters.records, 20);
        size_t len = read_file(text, sizeof text);
        struct sample_log log = sample_read(span_of(text, len), 2); /* none is of this connection */
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"conn_seq_num\":10,"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"conn_seq_num\":19,"));
        CU_ASSERT_PTR_NULL(strstr(text, "\"conn_seq_num\":9,"));
        end();
}

static void what_does_not_fit_meanwhile_is_counted(void)
{
        static char text[4 * 1024 * 1024];
        begin("long");
        CU_ASSERT_EQUAL(unlink(settings.file), 0);
        CU_ASSERT_EQUAL(rmdir(folder), 0);
        put(0, 1);
        CU_ASSERT_FALSE(flush_later());
        put(1, 30000); /* more than the queue holds */
        CU_ASSERT_TRUE(sink.counters.dropped > 0);
        CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
        CU_ASSERT_TRUE(sink_flush(&sink));
        size_t len = read_file(text, sizeof text);
        struct sample_log log = sample_read(span_of(text, len), 0);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(log.missing, sink.counters.dropped);
        CU_ASSERT_EQUAL(log.records + log.missing, 30000);
        end();
}

static void records_that_were_removed_with_it_are_reported(void)
{
        begin("lost");
        put(0, 10);
        CU_ASSERT_TRUE(sink_flush(&sink)); /* within the second after the open: nobody looks */
        uint64_t warnings = diag_count(DIAG_WARNING);
        CU_ASSERT_TRUE(sink_wait_ms(&sink) >= 0 && sink_wait_ms(&sink) <= 1000); /* without traffic, too */
        CU_ASSERT_EQUAL(unlink(settings.file), 0);
        CU_ASSERT_TRUE(flush_later());
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), warnings + 1);
        CU_ASSERT_TRUE(flush_later());
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), warnings + 1);
        CU_ASSERT_EQUAL(sink_wait_ms(&sink), -1); /* there is nothing more to look for */
        end();
}

static void a_renamed_file_loses_nothing(void)
{
        char moved[SETTINGS_TEXT_MAX + 16];
        begin("renamed");
        (void)snprintf(moved, sizeof moved, "%s.1", settings.file);
        put(0, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        uint64_t warnings = diag_count(DIAG_WARNING);
        CU_ASSERT_EQUAL(rename(settings.file, moved), 0);
        CU_ASSERT_TRUE(flush_later());
        CU_ASSERT_EQUAL(access(settings.file, F_OK), -1); /* it is created for the next record */
        CU_ASSERT_EQUAL(sink_wait_ms(&sink), -1);
        put(10, 11);
        CU_ASSERT_TRUE(flush_later());
        put(11, 12);
        CU_ASSERT_TRUE(flush_later());
        CU_ASSERT_EQUAL(access(settings.file, F_OK), 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), warnings);
        CU_ASSERT_EQUAL(sink.counters.records, 12);
        (void)unlink(moved);
        end();
}

/** Two processes are as two sinks here: each has a descriptor and thus a lock of its own. */
static void a_file_is_handed_over(void)
{
        char text[65536];
        struct sink next = {.takes_over = true};
        begin("handed-over");
        uint64_t errors = diag_count(DIAG_ERROR);
        CU_ASSERT_EQUAL_FATAL(sink_open(&next, &settings, NULL), STATUS_OK);
        struct record r = sample_record(1, 12, 10);
        sink_put(&next, &r, (struct span){NULL, 0});
        put(10, 11);
        CU_ASSERT_TRUE(sink_flush(&sink));
        size_t len = read_file(text, sizeof text);
        CU_ASSERT_FALSE(sink_flush(&next)); /* as long as the other one has it, nothing is written … */
        CU_ASSERT_TRUE(sink_is_blocked(&next));
        sink_reopen(&next);
        CU_ASSERT_EQUAL(read_file(text, sizeof text), len);
        put(11, 12);
        CU_ASSERT_TRUE(sink_flush(&sink));
        sink_close(&sink);
        CU_ASSERT_TRUE(sink_flush(&next)); /* … but then all of it is */
        CU_ASSERT_FALSE(sink_is_blocked(&next));
        len = read_file(text, sizeof text);
        struct sample_log log = sample_read(span_of(text, len), 1);
        CU_ASSERT_EQUAL(log.records, 3);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(next.counters.dropped, 0);
        CU_ASSERT_EQUAL(next.counters.errors, 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors);
        CU_ASSERT_EQUAL(sink_open(&sink, &settings, NULL),
                        STATUS_IO); /* without being told to it does not wait */
        sink_close(&next);
        end();
}

static const struct tap_test tests[] = {
    {"no record goes to a removed file", no_record_goes_to_a_removed_file},
    {"what does not fit meanwhile is counted", what_does_not_fit_meanwhile_is_counted},
    {"records that were removed with the file are reported", records_that_were_removed_with_it_are_reported},
    {"a renamed file loses nothing", a_renamed_file_loses_nothing},
    {"a file is handed over", a_file_is_handed_over},
};

int main(void)
{
        if (!sample_begin()) {
                puts("Bail out! no private directory");
                return 1;
        }
        int status = TAP_RUN("destination", tests);
        sample_end();
        return status;
}
