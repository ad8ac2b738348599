/* The journal with its threads: many workers, the writer, a reader of the recent records. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/journal.h"
#include "journal/journal_counts.h"
#include "journal/sample.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_NS (60 * CLOCK_S_NS) /* for what must happen; never waited for in full when all is well */

static struct settings settings;
static struct journal *journal;

static void defaults(const char *file)
{
        memset(&settings, 0, sizeof settings);
        settings.n_sinks = 1;
        (void)snprintf(settings.sinks[0].file, sizeof settings.sinks[0].file, "%s", file);
        settings.sinks[0].format = SETTINGS_FORMAT_JSON;
        settings.log.ring_bytes = 1UL << 20;
        settings.log.recent_bytes = 1UL << 18;
        settings.log.flush_ms = 10;
}

static bool begin(unsigned ports)
{
        return journal_new(&settings, ports, &journal) == STATUS_OK && journal_start(journal) == STATUS_OK;
}

static void end(void)
{
        journal_stop(journal);
        journal_free(journal);
}

static bool put(unsigned port, uint64_t number, size_t len)
{
        struct record r = sample_record(port + 1, number, len);
        return journal_put(journal_port(journal, port), record_raw_of(&r));
}

static bool wait_until(bool (*is_so)(uint64_t), uint64_t what)
{
        uint64_t start_ns = clock_mono_ns();
        while (!is_so(what)) {
                if (clock_mono_ns() - start_ns > PATIENCE_NS) {
                        return false;
                }
                (void)sched_yield();
        }
        return true;
}

static bool are_written(uint64_t n)
{
        return journal_counts(journal).records >= n;
}

static bool are_settled(uint64_t n)
{
        struct journal_counts c = journal_counts(journal);
        return c.records + c.dropped >= n;
}

static bool are_recent(uint64_t n)
{
        return journal_recent_last(journal) >= n;
}

static char *slurp_path(const char *path, size_t *len)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *text = sample_slurp(fd, len);
        (void)close(fd);
        return text;
}

static struct sample_log read_path(const char *path, uint64_t conn)
{
        size_t len = 0;
        char *text = slurp_path(path, &len);
        struct sample_log log = sample_read(span_of(text, len), conn);
        free(text);
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

/* --- from worker to file ------------------------------------------------------------------------------------------------ */

#define EACH 20000UL
enum { WORKERS = 3 };

static void *work(void *arg)
{
        unsigned port = *(unsigned *)arg;
        for (uint64_t i = 0; i < EACH; i++) {
                while (!put(port, i,
                            i % 50)) { /* here nothing is dropped for good: the drops are counted below */
                        (void)sched_yield();
                }
        }
        return NULL;
}

static _Atomic bool reading;

/** Follow the recent records as the admin port does. */
static void *follow(void *arg)
{
        static char room[64 * 1024];
        uint64_t *seen = arg;
        uint64_t cursor = 0;
        bool more = true;
        while (more || atomic_load(&reading)) {
                struct writer w = writer_over(room, sizeof room);
                more = journal_recent(journal, &cursor, NULL, FORMAT_JSON, &w);
                if (more && !w.failed) {
                        struct sample_log log = sample_read(writer_span(&w), 1);
                        *seen += log.bad == 0 ? 1 : 0;
                }
                (void)journal_counts(journal);
        }
        return NULL;
}

static void records_of_all_workers_arrive_in_order(void)
{
        pthread_t threads[WORKERS];
        pthread_t reader;
        unsigned ports[WORKERS];
        uint64_t seen = 0;
        char *path = copy_path("workers");
        defaults(path);
        CU_ASSERT_TRUE_FATAL(begin(WORKERS));
        atomic_store(&reading, true);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&reader, NULL, follow, &seen), 0);
        for (unsigned i = 0; i < WORKERS; i++) {
                ports[i] = i;
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work, &ports[i]), 0);
        }
        for (unsigned i = 0; i < WORKERS; i++) {
                (void)pthread_join(threads[i], NULL);
        }
        journal_stop(journal);
        atomic_store(&reading, false);
        (void)pthread_join(reader, NULL);
        CU_ASSERT_TRUE(seen > 0);
        struct journal_counts c = journal_counts(journal);
        CU_ASSERT_EQUAL(c.records, WORKERS * EACH);
        uint64_t missing = 0;
        for (unsigned i = 0; i < WORKERS; i++) {
                struct sample_log log = read_path(path, i + 1);
                CU_ASSERT_EQUAL(log.records, EACH);
                CU_ASSERT_EQUAL(log.bad, 0);
                CU_ASSERT_EQUAL(log.next, EACH);
                CU_ASSERT_TRUE(log.ends_whole);
                missing = log.missing;
        }
        CU_ASSERT_EQUAL(c.dropped, missing); /* each drop stands in a gap record */
        CU_ASSERT_EQUAL(c.sink_errors, 0);
        journal_free(journal);
}

static void a_full_ring_leaves_a_gap_in_its_place(void)
{
        char *path = copy_path("ring");
        defaults(path);
        settings.log.ring_bytes = 4096;
        CU_ASSERT_TRUE_FATAL(begin(1));
        uint64_t kept = 0;
        uint64_t n = 0;
        uint64_t start_ns = clock_mono_ns();
        while ((n < 50000 || kept == n) && clock_mono_ns() - start_ns < PATIENCE_NS) {
                kept += put(0, n, 200) ? 1 : 0;
                n++;
        }
        CU_ASSERT_TRUE(kept < n);
        CU_ASSERT_TRUE(wait_until(are_settled, n));
        struct journal_counts c = journal_counts(journal);
        end();
        CU_ASSERT_EQUAL(c.records, kept);
        CU_ASSERT_EQUAL(c.dropped, n - kept);
        struct sample_log log = read_path(path, 0);
        CU_ASSERT_EQUAL(log.records, kept);
        CU_ASSERT_EQUAL(log.missing, n - kept);
        CU_ASSERT_EQUAL(log.bad, 0); /* every gap tells the number missing just there */
        CU_ASSERT_EQUAL(log.next, n);
}

static void a_record_too_large_for_the_ring_is_cut(void)
{
        char *path = copy_path("toolarge");
        defaults(path);
        settings.log.ring_bytes = 65536;
        CU_ASSERT_TRUE_FATAL(begin(1));
        CU_ASSERT_TRUE(put(0, 0, 100000));
        CU_ASSERT_TRUE(wait_until(are_recent, 1)); /* no other record has to come first */
        end();
        struct sample_log log = read_path(path, 0);
        CU_ASSERT_EQUAL(log.gaps, 0);
        CU_ASSERT_EQUAL(log.records, 1);
}

/** A lost wake-up would leave a record in the ring until the next one. */
static void no_wake_up_is_lost(void)
{
        defaults(copy_path("wake"));
        for (uint64_t flush_ms = 0; flush_ms <= 1; flush_ms++) {
                settings.log.flush_ms = flush_ms;
                CU_ASSERT_TRUE_FATAL(begin(2));
                for (uint64_t i = 0; i < (flush_ms == 0 ? 3000 : 300); i++) {
                        for (uint64_t spin = 0; spin < i % 97 * 10; spin++) {
                                atomic_signal_fence(memory_order_seq_cst);
                        }
                        CU_ASSERT_TRUE(put(i % 2, i / 2, 10));
                        CU_ASSERT_TRUE_FATAL(wait_until(are_written, i + 1));
                }
                end();
        }
}

static void waiting_for_company_ends_when_a_ring_fills(void)
{
        char *path = copy_path("company");
        defaults(path);
        settings.log.flush_ms = 3600000;
        CU_ASSERT_TRUE_FATAL(begin(1));
        CU_ASSERT_TRUE(put(0, 0, 1000));
        CU_ASSERT_TRUE(wait_until(are_written, 1)); /* now it waits for an hour */
        uint64_t n = 1;
        while (n < 450) { /* well over half of the ring's megabyte, and under all of it */
                CU_ASSERT_TRUE_FATAL(put(0, n, 1000));
                n++;
        }
        CU_ASSERT_TRUE(wait_until(are_written, n / 2));
        CU_ASSERT_TRUE(put(0, n, 1000));
        end(); /* and the stop does not wait for company either */
        struct sample_log log = read_path(path, 0);
        CU_ASSERT_EQUAL(log.records, n + 1);
        CU_ASSERT_EQUAL(log.bad, 0);
}

/* --- sinks -------------------------------------------------------------------------------------------------------------- */

static void a_log_that_is_off_keeps_recent_records(void)
{
        static char room[4096];
        uint64_t cursor = 0;
        defaults("off");
        CU_ASSERT_TRUE_FATAL(begin(1));
        CU_ASSERT_TRUE(put(0, 0, 10));
        CU_ASSERT_TRUE(put(0, 1, 10));
        CU_ASSERT_TRUE(wait_until(are_recent, 2));
        struct writer w = writer_over(room, sizeof room);
        CU_ASSERT_TRUE(journal_recent(journal, &cursor, NULL, FORMAT_JSON, &w));
        CU_ASSERT_TRUE(journal_recent(journal, &cursor, NULL, FORMAT_JSON, &w));
        CU_ASSERT_FALSE(journal_recent(journal, &cursor, NULL, FORMAT_JSON, &w));
        struct sample_log log = sample_read(writer_span(&w), 0);
        CU_ASSERT_EQUAL(log.records, 2);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(journal_counts(journal).records, 0);
        CU_ASSERT_EQUAL(journal_counts(journal).dropped, 0);
        end();
}

static bool exists(uint64_t unused)
{
        (void)unused;
        return access(sample_path("rotated"), F_OK) == 0;
}

static void a_moved_file_is_opened_anew(void)
{
        char *path = copy_path("rotated");
        char *old = copy_path("rotated.1");
        defaults(path);
        CU_ASSERT_TRUE_FATAL(begin(1));
        CU_ASSERT_TRUE(put(0, 0, 10));
        CU_ASSERT_TRUE(wait_until(are_written, 1));
        CU_ASSERT_EQUAL(rename(path, old), 0);
        CU_ASSERT_TRUE(put(0, 1, 10));
        CU_ASSERT_TRUE(wait_until(are_written, 2));
        journal_reopen(journal);
        CU_ASSERT_TRUE(wait_until(exists, 0));
        CU_ASSERT_TRUE(put(0, 0, 10));
        CU_ASSERT_TRUE(wait_until(are_written, 3));
        end();
        CU_ASSERT_EQUAL(read_path(old, 0).records, 2);
        CU_ASSERT_EQUAL(read_path(path, 0).records, 1);
}

static int saved_stdout;

static int pipe_stdout(void)
{
        int ends[2];
        (void)fflush(stdout);
        if (pipe(ends) != 0) {
                return -1;
        }
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

static void a_stuck_pipe_stops_neither_workers_nor_the_end(void)
{
        int fd = pipe_stdout();
        defaults("-");
        CU_ASSERT_TRUE_FATAL(begin(1));
        uint64_t kept = 0;
        for (uint64_t n = 0; n < 5000; n++) {
                kept += put(0, n, 1000) ? 1 : 0;
        }
        CU_ASSERT_TRUE(wait_until(are_recent, kept)); /* recent records go on */
        uint64_t start_ns = clock_mono_ns();
        journal_stop(journal);
        CU_ASSERT_TRUE(clock_mono_ns() - start_ns <
                       10 * CLOCK_S_NS); /* 3 are promised; this machine may be busy */
        struct journal_counts c = journal_counts(journal);
        CU_ASSERT_EQUAL(c.records + c.dropped, 5000);
        CU_ASSERT_TRUE(c.dropped > 0);
        journal_free(journal);
        restore_stdout();
        size_t len = 0;
        char *text = sample_slurp(fd, &len);
        CU_ASSERT_EQUAL(c.bytes, len);
        CU_ASSERT_EQUAL(sample_read(span_of(text, len), 0).records, c.records);
        free(text);
        (void)close(fd);
}

static void *read_all(void *arg)
{
        size_t len = 0;
        char *text = sample_slurp(*(int *)arg, &len);
        static struct sample_log log;
        log = sample_read(span_of(text, len), 0);
        free(text);
        return &log;
}

/** A reader that keeps up, if slowly, loses nothing: the writer waits for it, the ring holds the rest. */
static void a_pipe_that_is_read_gets_all(void)
{
        pthread_t reader;
        void *result;
        int fd = pipe_stdout();
        defaults("-");
        settings.log.ring_bytes = 1UL << 23;
        CU_ASSERT_TRUE_FATAL(begin(1));
        CU_ASSERT_EQUAL_FATAL(pthread_create(&reader, NULL, read_all, &fd), 0);
        for (uint64_t n = 0; n < 4000; n++) {
                CU_ASSERT_TRUE(put(0, n, 1000));
        }
        uint64_t start_ns = clock_mono_ns();
        while (journal_counts(journal).records < 4000 && clock_mono_ns() - start_ns < 60 * CLOCK_S_NS) {
                (void)
                    sched_yield(); /* a journal that stops waits for three seconds, and this machine may be busy */
        }
        end();
        restore_stdout(); /* the last writer: the reader sees the end */
        (void)pthread_join(reader, &result);
        const struct sample_log *log = result;
        CU_ASSERT_EQUAL(log->records, 4000);
        CU_ASSERT_EQUAL(log->gaps, 0);
        CU_ASSERT_EQUAL(log->bad, 0);
        (void)close(fd);
}

static void a_closed_pipe_only_counts(void)
{
        int fd = pipe_stdout();
        defaults("-");
        CU_ASSERT_TRUE_FATAL(begin(1));
        (void)close(fd);
        for (uint64_t n = 0; n < 100; n++) {
                CU_ASSERT_TRUE(put(0, n, 10));
        }
        CU_ASSERT_TRUE(wait_until(are_settled, 100));
        CU_ASSERT_EQUAL(journal_counts(journal).dropped, 100);
        CU_ASSERT_EQUAL(journal_counts(journal).sink_errors, 1);
        end();
        restore_stdout();
}

static void a_full_device_is_counted(void)
{
        defaults("/dev/full");
        CU_ASSERT_TRUE_FATAL(begin(1));
        uint64_t said = diag_count(DIAG_ERROR);
        for (uint64_t n = 0; n < 100; n++) {
                CU_ASSERT_TRUE(put(0, n, 10));
        }
        CU_ASSERT_TRUE(wait_until(are_recent, 100));
        journal_stop(journal);
        CU_ASSERT_EQUAL(journal_counts(journal).dropped, 100);
        CU_ASSERT_EQUAL(journal_counts(journal).records, 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 1);
        journal_free(journal);
}

/* --- life --------------------------------------------------------------------------------------------------------------- */

static int64_t blocks(void)
{
        return prof_read(STAGE_JOURNAL, LIB_COUNT).current_count_used +
               prof_read(STAGE_SINK, LIB_COUNT).current_count_used;
}

static void what_fails_at_the_start_is_clean(void)
{
        int64_t before = blocks();
        defaults(sample_path("none/such"));
        CU_ASSERT_EQUAL(journal_new(&settings, 2, &journal), STATUS_IO);
        CU_ASSERT_EQUAL(blocks(), before);
        defaults(copy_path("memory"));
        unsigned failures = 0;
        for (uint64_t nth = 1; nth < 50; nth++) {
                uint64_t fired = prof_fail_fired();
                prof_fail_nth(nth);
                enum status status = journal_new(&settings, 2, &journal);
                prof_fail_nth(0);
                if (prof_fail_fired() == fired) {
                        CU_ASSERT_EQUAL(status, STATUS_OK);
                        journal_stop(journal); /* never started: allowed */
                        journal_free(journal);
                        break;
                }
                CU_ASSERT_EQUAL(status, STATUS_NOMEM);
                CU_ASSERT_EQUAL(blocks(), before);
                failures++;
        }
        CU_ASSERT_TRUE(failures >= 6 && failures < 49);
        CU_ASSERT_EQUAL(blocks(), before);
        journal_free(NULL);
}

static void records_before_the_start_are_kept(void)
{
        char *path = copy_path("early");
        defaults(path);
        CU_ASSERT_EQUAL_FATAL(journal_new(&settings, 1, &journal), STATUS_OK);
        CU_ASSERT_TRUE(put(0, 0, 10));
        CU_ASSERT_EQUAL_FATAL(journal_start(journal), STATUS_OK);
        end();
        CU_ASSERT_EQUAL(read_path(path, 0).records, 1);
}

static const struct tap_test tests[] = {
    {"records of all workers arrive, in order", records_of_all_workers_arrive_in_order},
    {"a full ring leaves a gap in its place", a_full_ring_leaves_a_gap_in_its_place},
    {"a record too large for the ring is cut", a_record_too_large_for_the_ring_is_cut},
    {"no wake-up is lost", no_wake_up_is_lost},
    {"waiting for company ends when a ring fills", waiting_for_company_ends_when_a_ring_fills},
    {"a log that is off keeps recent records", a_log_that_is_off_keeps_recent_records},
    {"a moved file is opened anew", a_moved_file_is_opened_anew},
    {"a stuck pipe stops neither workers nor the end", a_stuck_pipe_stops_neither_workers_nor_the_end},
    {"a pipe that is read gets all", a_pipe_that_is_read_gets_all},
    {"a closed pipe only counts", a_closed_pipe_only_counts},
    {"a full device is counted", a_full_device_is_counted},
    {"what fails at the start leaves nothing behind", what_fails_at_the_start_is_clean},
    {"records before the start are kept", records_before_the_start_are_kept},
};

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        if (!sample_begin()) {
                puts("Bail out! no private directory");
                return 1;
        }
        int status = TAP_RUN("journal", tests);
        sample_end();
        return status;
}
