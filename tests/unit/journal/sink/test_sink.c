/* The sink and its queue, without threads. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/sample.h"
#include "journal/sink/sink.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the buffer ------------------------------------------------------------------------------------------------------- */

static bool add(struct output_queue *q, uint64_t number, size_t len)
{
        struct record r = sample_record(1, number, len);
        return output_queue_add(q, FORMAT_JSON, &r, (struct span){NULL, 0});
}

static void an_output_queue_gives_out_what_it_took(void)
{
        struct output_queue q;
        CU_ASSERT_TRUE_FATAL(output_queue_init(&q, 4096));
        static char out[1000000];
        size_t len = 0;
        uint64_t put = 0;
        uint64_t done = 0;
        uint32_t seed = 1;
        while (len < sizeof out - 8192) {
                while (add(&q, put, put * 13 % 300)) {
                        put++;
                }
                struct span due = output_queue_pending(&q);
                if (due.len == 0) {
                        break; /* the count of records will tell */
                }
                seed = seed * 1664525U + 1013904223U;
                size_t n =
                    1 + (seed >> 8) %
                            (due.len < 900 ? due.len : 900); /* never where records end, but by chance */
                memcpy(out + len, due.data, n);
                len += n;
                done += output_queue_advance(&q, n);
        }
        struct span rest = output_queue_pending(&q);
        memcpy(out + len, rest.data, rest.len);
        len += rest.len;
        done += output_queue_advance(&q, rest.len);
        struct sample_log log = sample_read(span_of(out, len), 0);
        CU_ASSERT_EQUAL(log.records, put);
        CU_ASSERT_EQUAL(done, put);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_TRUE(log.ends_whole);
        output_queue_fini(&q);
}

static void an_output_queue_counts_what_is_not_wholly_out(void)
{
        struct output_queue q;
        CU_ASSERT_TRUE_FATAL(output_queue_init(&q, 4096));
        CU_ASSERT_TRUE(add(&q, 0, 100));
        size_t first = output_queue_pending(&q).len;
        CU_ASSERT_TRUE(add(&q, 1, 100));
        CU_ASSERT_TRUE(add(&q, 2, 100));
        CU_ASSERT_EQUAL(output_queue_advance(&q, first - 1), 0);
        CU_ASSERT_EQUAL(output_queue_advance(&q, 1), 1);
        CU_ASSERT_EQUAL(output_queue_advance(&q, 10), 0);
        struct span due = output_queue_pending(&q);
        output_queue_rewind(&q); /* the second comes whole again, the first does not */
        CU_ASSERT_EQUAL(output_queue_pending(&q).len, due.len + 10);
        CU_ASSERT_EQUAL(memcmp(output_queue_pending(&q).data, "{\"ts\":", 6), 0);
        CU_ASSERT_EQUAL(output_queue_discard(&q), 2);
        CU_ASSERT_EQUAL(output_queue_pending(&q).len, 0);
        CU_ASSERT_EQUAL(output_queue_discard(&q), 0);
        output_queue_fini(&q);
}

static void an_output_queue_grows_for_one_and_shrinks(void)
{
        struct output_queue q;
        struct prof_counts before = prof_read(STAGE_SINK, LIB_COUNT);
        CU_ASSERT_TRUE_FATAL(output_queue_init(&q, 4096));
        int64_t normal = prof_read(STAGE_SINK, LIB_COUNT).current_bytes_used;
        struct record r = sample_record(1, 0, 1000000);
        CU_ASSERT_FALSE(output_queue_add(&q, FORMAT_JSON, &r, (struct span){NULL, 0}));
        CU_ASSERT_TRUE(add(&q, 0, 10));
        CU_ASSERT_FALSE(output_queue_add_large(&q, FORMAT_JSON, &r)); /* not empty */
        CU_ASSERT_EQUAL(output_queue_discard(&q), 1);
        CU_ASSERT_TRUE(output_queue_add_large(&q, FORMAT_JSON, &r));
        CU_ASSERT_TRUE(output_queue_pending(&q).len > 1000000);
        CU_ASSERT_EQUAL(output_queue_advance(&q, output_queue_pending(&q).len), 1);
        CU_ASSERT_EQUAL(prof_read(STAGE_SINK, LIB_COUNT).current_bytes_used, normal);
        prof_fail_nth(1);
        CU_ASSERT_FALSE(output_queue_add_large(&q, FORMAT_JSON, &r));
        prof_fail_nth(0);
        CU_ASSERT_TRUE(add(&q, 0, 10)); /* it still works */
        output_queue_fini(&q);
        CU_ASSERT_EQUAL(prof_read(STAGE_SINK, LIB_COUNT).current_count_used, before.current_count_used);
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

/** Settings stay for as long as their sink: a few of them are enough. */
static struct settings_sink *settings_for(const char *path, uint64_t format)
{
        static struct settings_sink all[4];
        static unsigned next;
        struct settings_sink *s = &all[next++ % 4];
        *s = (struct settings_sink){.format = format};
        (void)snprintf(s->file, sizeof s->file, "%s", path);
        return s;
}

static enum status open_quietly(struct sink *sink, const char *path, uint64_t format)
{
        memset(sink, 0, sizeof *sink);
        return sink_open(sink, settings_for(path, format), NULL);
}

static void put(struct sink *sink, uint64_t from, uint64_t to, size_t len)
{
        for (uint64_t i = from; i < to; i++) {
                struct record r = sample_record(1, i, len);
                sink_put(sink, &r, (struct span){NULL, 0});
        }
}

static struct sample_log read_file(const char *path)
{
        size_t len = 0;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *text = sample_slurp(fd, &len);
        struct sample_log log = sample_read(span_of(text, len), 0);
        free(text);
        (void)close(fd);
        return log;
}

static char *copy_path(const char *name)
{
        static char paths[4][512];
        static unsigned next;
        char *path = paths[next++ % 4];
        (void)snprintf(path, sizeof paths[0], "%s", sample_path(name));
        return path;
}

static void a_file_is_appended_to(void)
{
        struct sink sink;
        struct stat st;
        const char *path = copy_path("append");
        (void)umask(022);
        for (uint64_t i = 0; i < 3; i++) {
                CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_AUTO), STATUS_OK);
                CU_ASSERT_EQUAL(sink.format, FORMAT_JSON);
                put(&sink, i * 10, i * 10 + 10, 50);
                CU_ASSERT_TRUE(sink_flush(&sink));
                CU_ASSERT_EQUAL(sink.counters.records, 10);
                sink_close(&sink);
        }
        struct sample_log log = read_file(path);
        CU_ASSERT_EQUAL(log.records, 30);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(stat(path, &st), 0);
        CU_ASSERT_EQUAL(st.st_mode & 0777, 0640);
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_TEXT), STATUS_OK);
        CU_ASSERT_EQUAL(sink.format, FORMAT_TEXT); /* no colour in a file */
        sink_close(&sink);
}

static void what_can_not_be_opened_is_refused(void)
{
        struct sink sink;
        uint64_t said = diag_count(DIAG_ERROR);
        CU_ASSERT_EQUAL(open_quietly(&sink, sample_path("none/such"), SETTINGS_FORMAT_AUTO), STATUS_IO);
        CU_ASSERT_EQUAL(open_quietly(&sink, sample_path("."), SETTINGS_FORMAT_AUTO), STATUS_IO);
        CU_ASSERT_EQUAL(mkfifo(sample_path("fifo"), 0600), 0);
        CU_ASSERT_EQUAL(open_quietly(&sink, sample_path("fifo"), SETTINGS_FORMAT_AUTO),
                        STATUS_IO); /* and does not hang */
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 3);
        const char *path = copy_path("memory");
        for (uint64_t nth = 1; nth <= 2; nth++) {
                prof_fail_nth(nth);
                CU_ASSERT_EQUAL(open_quietly(&sink, path, SETTINGS_FORMAT_AUTO), STATUS_NOMEM);
                prof_fail_nth(0);
                CU_ASSERT_EQUAL(sink.destination.fd, -1);
        }
}

/* --- trouble --------------------------------------------------------------------------------------------------------- */

static void a_full_device_is_said_once(void)
{
        struct sink sink;
        uint64_t said = diag_count(DIAG_ERROR);
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, "/dev/full", SETTINGS_FORMAT_JSON), STATUS_OK);
        put(&sink, 0, 20000, 200); /* more than the buffer holds */
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(sink_is_blocked(&sink));
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 1);
        CU_ASSERT_EQUAL(sink.counters.records, 0);
        CU_ASSERT_TRUE(sink.counters.dropped > 10000 && sink.counters.dropped < 20000);
        CU_ASSERT_TRUE(sink.counters.errors < 100); /* a failing sink is not tried for each record */
        CU_ASSERT_EQUAL(sink.counters.bytes, 0);
        sink_close(&sink);
        CU_ASSERT_EQUAL(sink.counters.dropped, 20000); /* all accounted for */
}

/** A limit on the size of files: the write before it is cut in mid-record, the next ones fail, until it is lifted. */
static void a_full_disk_leaves_whole_lines_and_a_gap(void)
{
        struct sink sink;
        struct rlimit before;
        const char *path = copy_path("full");
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_JSON), STATUS_OK);
        struct rlimit small = {100001, before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
        uint64_t errors = diag_count(DIAG_ERROR);
        uint64_t infos = diag_count(DIAG_INFO);
        for (uint64_t i = 0; i < 5000; i += 250) {
                put(&sink, i, i + 250, 1000);
                CU_ASSERT_TRUE(!sink_flush(&sink) || i == 0); /* the writer tries again now and then */
        }
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        CU_ASSERT_EQUAL(diag_count(DIAG_INFO), infos);
        uint64_t dropped = sink.counters.dropped;
        CU_ASSERT_TRUE(dropped > 2000);
        CU_ASSERT_TRUE(sink_flush(&sink)); /* without a new record: the gap is told at once */
        CU_ASSERT_EQUAL(diag_count(DIAG_INFO), infos + 1);
        struct sample_log log = read_file(path);
        CU_ASSERT_EQUAL(log.gaps, 1);
        CU_ASSERT_EQUAL(log.missing, dropped);
        put(&sink, 5000, 5100, 200);
        CU_ASSERT_TRUE(sink_flush(&sink));
        log = read_file(path);
        CU_ASSERT_EQUAL(log.bad,
                        0); /* each record is where its number says, with the gap in the right place */
        CU_ASSERT_EQUAL(log.next, 5100);
        CU_ASSERT_EQUAL(log.gaps, 1);
        CU_ASSERT_TRUE(log.ends_whole);
        CU_ASSERT_EQUAL(sink.counters.dropped, dropped);
        CU_ASSERT_EQUAL(sink.counters.records, log.records);
        CU_ASSERT_EQUAL(sink.counters.records + sink.counters.dropped, 5100);
        sink_close(&sink);
}

static void a_reopened_file_begins_with_a_whole_record(void)
{
        struct sink sink;
        struct rlimit before;
        char *path = copy_path("moved");
        char *old = copy_path("moved.1");
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_JSON), STATUS_OK);
        struct rlimit small = {10001, before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
        put(&sink, 0, 100, 200);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_EQUAL(rename(path, old), 0);
        sink_reopen(&sink);
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
        CU_ASSERT_TRUE(sink_flush(&sink));
        struct sample_log first = read_file(old);
        CU_ASSERT_FALSE(first.ends_whole);
        CU_ASSERT_EQUAL(first.bad, 0);
        size_t len = 0;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *text = sample_slurp(fd, &len);
        char want[64];
        (void)snprintf(want, sizeof want, "\"conn_seq_num\":%llu,", (unsigned long long)first.next);
        CU_ASSERT_TRUE_FATAL(text != NULL && len > 100);
        CU_ASSERT_EQUAL(memcmp(text, "{\"ts\":", 6), 0);
        CU_ASSERT_TRUE(memmem(text, 100, want, strlen(want)) != NULL);
        CU_ASSERT_EQUAL(sink.counters.records, 100);
        CU_ASSERT_EQUAL(sink.counters.dropped, 0);
        free(text);
        (void)close(fd);
        sink_close(&sink);
}

static void a_reopen_that_fails_keeps_the_old_file(void)
{
        struct sink sink;
        char *path = copy_path("kept");
        char *old = copy_path("kept.1");
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_JSON), STATUS_OK);
        put(&sink, 0, 10, 10);
        CU_ASSERT_EQUAL(rename(path, old), 0);
        CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
        uint64_t said = diag_count(DIAG_ERROR);
        sink_reopen(&sink);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 1);
        put(&sink, 10, 20, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(read_file(old).records, 20);
        CU_ASSERT_EQUAL(rmdir(path), 0);
        sink_reopen(&sink);
        put(&sink, 0, 5, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(read_file(path).records, 5);
        CU_ASSERT_EQUAL(read_file(old).records, 20);
        sink_close(&sink);
}

/* --- pipes ------------------------------------------------------------------------------------------------------------ */

static int saved_stdout = -1;

/** Standard output becomes a pipe; @return its reading end. */
static int pipe_stdout(void)
{
        int ends[2];
        (void)fflush(stdout);
        if (pipe(ends) != 0) {
                return -1;
        }
        (void)fcntl(ends[0], F_SETPIPE_SZ, 65536);
        saved_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[1]);
        return ends[0];
}

static void restore_stdout(void)
{
        (void)dup2(saved_stdout, STDOUT_FILENO);
        (void)close(saved_stdout);
}

static void a_stuck_pipe_is_not_waited_for(void)
{
        struct sink sink;
        int fd = pipe_stdout();
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, "-", SETTINGS_FORMAT_AUTO), STATUS_OK);
        CU_ASSERT_EQUAL(sink.format, FORMAT_JSON);
        CU_ASSERT_FALSE(sink.destination.may_block);
        CU_ASSERT_EQUAL(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0); /* what others share is as it was */
        uint64_t said = diag_count(DIAG_WARNING);
        uint64_t start_ns = clock_mono_ns();
        put(&sink, 0, 20000, 200);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(clock_mono_ns() - start_ns < 5ULL * SINK_STUCK_MS * CLOCK_MS_NS);
        CU_ASSERT_TRUE(sink_is_blocked(&sink));
        CU_ASSERT_TRUE(sink_wait_fd(&sink) >= 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), said + 1);
        uint64_t dropped = sink.counters.dropped;
        CU_ASSERT_TRUE(dropped > 5000);
        /* the reader wakes up: what was kept, the gap, and what is new */
        static char text[8 * 1024 * 1024];
        size_t len = 0;
        CU_ASSERT_EQUAL(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        sink.deadline_ns = 1; /* we are the reader: waiting for us is in vain */
        while (!sink_flush(&sink)) {
                ssize_t n = read(fd, text + len, sizeof text - len);
                len += n > 0 ? (size_t)n : 0;
        }
        CU_ASSERT_FALSE(sink_is_blocked(&sink));
        put(&sink, 20000, 20010, 200);
        CU_ASSERT_TRUE(sink_flush(&sink));
        for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0) {
                n = read(fd, text + len, sizeof text - len);
        }
        sink_close(&sink);
        restore_stdout();
        (void)close(fd);
        struct sample_log log = sample_read(span_of(text, len), 0);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(log.gaps, 1);
        CU_ASSERT_EQUAL(log.missing, dropped);
        CU_ASSERT_EQUAL(log.next, 20010);
        CU_ASSERT_EQUAL(sink.counters.records, log.records);
        CU_ASSERT_EQUAL(sink.counters.bytes, len);
}

static void a_closed_pipe_is_given_up(void)
{
        struct sink sink;
        int fd = pipe_stdout();
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, "-", SETTINGS_FORMAT_JSON), STATUS_OK);
        put(&sink, 0, 10, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        put(&sink, 10, 20, 10);
        uint64_t said = diag_count(DIAG_WARNING);
        (void)close(fd);
        CU_ASSERT_TRUE(sink_flush(&sink)); /* nothing is left to write */
        put(&sink, 20, 30, 10);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), said + 1);
        CU_ASSERT_EQUAL(sink.destination.fd, -1);
        CU_ASSERT_EQUAL(sink.counters.records, 10);
        CU_ASSERT_EQUAL(sink.counters.dropped, 20);
        CU_ASSERT_EQUAL(sink.counters.errors, 1);
        sink_close(&sink);
        restore_stdout();
        CU_ASSERT_TRUE(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

static void a_named_pipe_comes_back_with_its_reader(void)
{
        struct sink sink;
        char *path = copy_path("named");
        CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_JSON), STATUS_OK);
        (void)close(fd);
        put(&sink, 0, 10, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.dropped, 10);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        sink_reopen(&sink);
        put(&sink, 10, 20, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        sink_close(&sink);
        size_t len = 0;
        char *text = sample_slurp(fd, &len);
        struct sample_log log = sample_read(span_of(text, len), 0);
        CU_ASSERT_EQUAL(log.missing, 10);
        CU_ASSERT_EQUAL(log.records, 10);
        CU_ASSERT_EQUAL(log.bad, 0);
        free(text);
        (void)close(fd);
}

static void standard_output_must_be_there(void)
{
        struct sink sink;
        (void)fflush(stdout);
        saved_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
        (void)close(STDOUT_FILENO);
        CU_ASSERT_EQUAL(open_quietly(&sink, "-", SETTINGS_FORMAT_JSON), STATUS_IO);
        restore_stdout();
}

static void large_records_and_lost_memory(void)
{
        struct sink sink;
        const char *path = copy_path("large");
        CU_ASSERT_EQUAL_FATAL(open_quietly(&sink, path, SETTINGS_FORMAT_JSON), STATUS_OK);
        put(&sink, 0, 1, 3UL << 20);
        prof_fail_nth(1);
        put(&sink, 1, 2, 3UL << 20);
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(sink.counters.dropped, 1);
        put(&sink, 2, 3, 10);
        put(&sink, 3, 4, 3UL << 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        struct sample_log log = read_file(path);
        CU_ASSERT_EQUAL(log.records, 3);
        CU_ASSERT_EQUAL(log.missing, 1);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(log.next, 4);
        sink_close(&sink);
}

static const struct tap_test tests[] = {
    {"buffer: gives out what it took", an_output_queue_gives_out_what_it_took},
    {"buffer: counts what is not wholly out", an_output_queue_counts_what_is_not_wholly_out},
    {"buffer: grows for one large record and shrinks", an_output_queue_grows_for_one_and_shrinks},
    {"sink: a file is appended to", a_file_is_appended_to},
    {"sink: what can't be opened is refused", what_can_not_be_opened_is_refused},
    {"sink: a full device is said once, and all is counted", a_full_device_is_said_once},
    {"sink: a full disk leaves whole lines and a gap", a_full_disk_leaves_whole_lines_and_a_gap},
    {"sink: a reopened file begins with a whole record", a_reopened_file_begins_with_a_whole_record},
    {"sink: a reopen that fails keeps the old file", a_reopen_that_fails_keeps_the_old_file},
    {"sink: a stuck pipe is not waited for", a_stuck_pipe_is_not_waited_for},
    {"sink: a closed pipe is given up", a_closed_pipe_is_given_up},
    {"sink: a named pipe comes back with its reader", a_named_pipe_comes_back_with_its_reader},
    {"sink: standard output must be there", standard_output_must_be_there},
    {"sink: large records, and no memory for one", large_records_and_lost_memory},
};

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN);
        if (!sample_begin()) {
                puts("Bail out! no private directory");
                return 1;
        }
        int status = TAP_RUN("sink", tests);
        sample_end();
        return status;
}
