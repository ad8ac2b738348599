/* What becomes of rotated files: compression, hooks, and how many are kept. With the threads of a journal. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/journal.h"
#include "journal/journal_counts.h"
#include "journal/sink/compress_file.h"
#include "journal/sink/log_file.h"
#include "journal/sink/old_files.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PATIENCE_NS (60 * CLOCK_S_NS)
#define STAMP       ".20200101T000000.000001Z"

/* --- rotated files, with the journal's threads ------------------------------------------------------------------------ */

static struct journal *journal;

static bool wait_until(bool (*is_so)(size_t), size_t n)
{
        uint64_t start_ns = clock_mono_ns();
        while (!is_so(n)) {
                if (clock_mono_ns() - start_ns > PATIENCE_NS) {
                        return false;
                }
                (void)sched_yield();
        }
        return true;
}

static bool are_settled(size_t n)
{
        struct journal_counts c = journal_counts(journal);
        return c.records + c.dropped >= n;
}

static bool are_packed(size_t unused)
{
        (void)unused;
        return log_count_rotated("") == 0 && log_count_rotated(".gz.tmp") == 0;
}

static bool are_few(size_t n)
{
        return log_count_rotated("*") == n;
}

static bool is_full;

static bool is_room(size_t unused)
{
        (void)unused;
        return journal_port_settle(journal_port(journal, 0));
}

static void begin(void)
{
        CU_ASSERT_EQUAL_FATAL(settings_check(&log_settings), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(journal_new(&log_settings, 1, &journal), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(journal_start(journal), STATUS_OK);
        CU_ASSERT_TRUE(journal_port_keep(journal_port(journal, 0), &is_full) >= 0);
}

static void put_journal(uint64_t from, uint64_t to, size_t len)
{
        for (uint64_t i = from; i < to; i++) {
                struct record r = sample_record(1, i, len);
                CU_ASSERT_TRUE(journal_put(journal_port(journal, 0), record_raw_of(&r)));
                CU_ASSERT_TRUE(!is_full || wait_until(is_room, 0));
        }
        CU_ASSERT_TRUE(wait_until(are_settled, to - from));
}

static void end(void)
{
        journal_stop(journal);
        journal_free(journal);
}

static void rotated_files_are_compressed(void)
{
        log_defaults("packed");
        log_sink->rotate_bytes = 100000;
        log_sink->rotate_compress = true;
        int64_t before = prof_read(STAGE_SINK, LIB_COUNT).current_count_used;
        uint64_t zlib = prof_read(STAGE_SINK, LIB_ZLIB).count_alloc;
        begin();
        put_journal(0, 5000, 100);
        CU_ASSERT_TRUE(wait_until(are_packed, 0));
        CU_ASSERT_TRUE(prof_read(STAGE_SINK, LIB_ZLIB).count_alloc > zlib);
        CU_ASSERT_TRUE(journal_counts(journal).rotations >= 5);
        CU_ASSERT_EQUAL(journal_counts(journal).sink_errors, 0);
        CU_ASSERT_EQUAL(log_count_rotated(".gz"), journal_counts(journal).rotations);
        end();
        struct sample_log log = log_read_all(100000);
        CU_ASSERT_EQUAL(log.records, 5000);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(prof_read(STAGE_SINK, LIB_COUNT).current_count_used, before);
}

static void touch(const char *stamp, const char *text)
{
        char name[700];
        (void)snprintf(name, sizeof name, "%s%s", log_path, stamp);
        FILE *f = fopen(name, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fputs(text, f);
        (void)fclose(f);
}

static void what_a_crash_left_is_put_right(void)
{
        log_defaults("crash");
        log_sink->rotate_bytes = 100000;
        log_sink->rotate_compress = true;
        touch(".20200101T000000.000001Z", "left plain\n");
        touch(".20200101T000000.000002Z", "half packed\n");
        touch(".20200101T000000.000002Z.gz.tmp", "half");
        touch(".20200101T000000.000003Z", "packed already, not removed\n");
        touch(".20200101T000000.000003Z.gz", "packed already, not removed\n"); /* gzread takes it */
        touch(".20200101T000000.000004Zx", "not ours\n");
        begin();
        CU_ASSERT_TRUE(wait_until(are_packed, 0));
        end();
        CU_ASSERT_EQUAL(log_count_rotated(".gz"), 3);
        CU_ASSERT_EQUAL(log_count_rotated("x"), 1);
}

static void as_many_as_wanted_are_kept(void)
{
        log_defaults("keep");
        log_sink->rotate_bytes = 10000;
        log_sink->rotate_keep = 3;
        begin();
        put_journal(0, 2000, 100);
        CU_ASSERT_TRUE(wait_until(are_few, 3));
        end();
        glob_t found = log_rotated("*"); /* the newest: all there is continues up to the end */
        size_t len = 0;
        int fd = open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC);
        char *text = sample_slurp(fd, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_TRUE(strstr(text, "\"conn_seq_num\":1900,") != NULL || len > 0);
        free(text);
        (void)close(fd);
        globfree(&found);
}

static bool fits_the_disk(size_t most)
{
        glob_t found = log_rotated("*");
        struct stat st;
        size_t sum = stat(log_path, &st) == 0 ? (size_t)st.st_size : 0;
        for (size_t i = 0; i < found.gl_pathc; i++) {
                sum += stat(found.gl_pathv[i], &st) == 0 ? (size_t)st.st_size : 0;
        }
        globfree(&found);
        return sum <= most;
}

static void the_disk_s_bound_holds(void)
{
        log_defaults("disk");
        log_sink->rotate_bytes = 10000;
        log_sink->disk_bytes = 50000;
        begin();
        put_journal(0, 3000, 100);
        CU_ASSERT_TRUE(wait_until(fits_the_disk, 50000));
        CU_ASSERT_TRUE(log_count_rotated("*") >= 3);
        end();
}

static size_t lines_of(const char *name)
{
        FILE *f = fopen(name, "r");
        size_t n = 0;
        int c;
        while (f != NULL && (c = getc(f)) != EOF) {
                n += c == '\n' ? 1 : 0;
        }
        if (f != NULL) {
                (void)fclose(f);
        }
        return n;
}

static char told[600];

static bool are_told(size_t unused)
{
        (void)unused;
        return lines_of(told) == journal_counts(journal).rotations;
}

static void write_hook(const char *body)
{
        char script[700];
        (void)snprintf(script, sizeof script, "%s.sh", log_path);
        FILE *f = fopen(script, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fprintf(f, "#!/bin/sh\n%s\n", body);
        (void)fclose(f);
        CU_ASSERT_EQUAL(chmod(script, 0700), 0);
        CU_ASSERT_EQUAL(settings_set(&log_settings, "log.rotate_hook", script, "test"), STATUS_OK);
}

static void the_hook_gets_each_file_once(void)
{
        char body[700];
        log_defaults("hook");
        (void)snprintf(told, sizeof told, "%s-told", log_path);
        (void)snprintf(body, sizeof body, "test -f \"$1\" && echo \"$1\" >>%s", told);
        write_hook(body);
        log_sink->rotate_bytes = 100000;
        log_sink->rotate_compress = true;
        touch(".20200101T000000.000001Z", "of an earlier time\n");
        begin();
        put_journal(0, 3000, 100);
        CU_ASSERT_TRUE(wait_until(are_told, 0));
        CU_ASSERT_TRUE(journal_counts(journal).rotations >= 5);
        CU_ASSERT_EQUAL(journal_counts(journal).sink_errors, 0);
        end();
}

static bool are_errors(size_t n)
{
        return journal_counts(journal).sink_errors >= n;
}

static void a_hook_that_fails_is_said_and_counted(void)
{
        log_defaults("bad-hook");
        log_sink->rotate_bytes = 100000;
        write_hook("exit 7");
        uint64_t said = diag_count(DIAG_WARNING);
        begin();
        put_journal(0, 1000, 100);
        CU_ASSERT_TRUE(wait_until(are_errors, 1));
        CU_ASSERT_TRUE(diag_count(DIAG_WARNING) > said);
        end();
        CU_ASSERT_EQUAL(settings_set(&log_settings, "log.rotate_hook", "/nowhere/to/be/found", "test"),
                        STATUS_OK);
        begin();
        put_journal(1000, 2000, 100);
        CU_ASSERT_TRUE(wait_until(are_errors, 1));
        end();
}

/** A hook that hangs does not keep the journal from its end. */
static void a_hook_that_hangs_is_killed_at_the_end(void)
{
        log_defaults("slow-hook");
        (void)snprintf(told, sizeof told, "%s-told", log_path);
        char body[700];
        (void)snprintf(body, sizeof body, "echo begun >>%s; exec sleep 1000", told);
        write_hook(body);
        log_sink->rotate_bytes = 100000;
        begin();
        put_journal(0, 3000, 100);
        uint64_t start_ns = clock_mono_ns();
        while (lines_of(told) == 0 && clock_mono_ns() - start_ns < PATIENCE_NS) {
                (void)sched_yield();
        }
        start_ns = clock_mono_ns();
        end();
        CU_ASSERT_TRUE(clock_mono_ns() - start_ns < 20 * CLOCK_S_NS);
        CU_ASSERT_EQUAL(lines_of(told), 1);
        CU_ASSERT_EQUAL(log_read_all(200000).records, 3000);
}

static bool goes_on(void *arg, uint64_t packed)
{
        (void)packed;
        return *(const bool *)arg;
}

static void packing_survives_a_lack_of_memory(void)
{
        bool going = true;
        struct lock names = {LOCK_FREE};
        char name[700];
        log_defaults("faults");
        touch("", "some text\n");
        (void)snprintf(name, sizeof name, "%s.gz", log_path);
        uint64_t nth = 0;
        enum status status;
        do {
                prof_fail_nth(++nth);
                status = compress_file(log_path, goes_on, &going, &names);
                prof_fail_nth(0);
                CU_ASSERT_TRUE(status == STATUS_OK || status == STATUS_NOMEM);
                CU_ASSERT_EQUAL(access(log_path, F_OK) == 0, status != STATUS_OK);
                CU_ASSERT_EQUAL(access(name, F_OK) == 0, status == STATUS_OK);
        } while (status != STATUS_OK && nth < 100);
        CU_ASSERT_TRUE(nth > 2);
        touch("", "more\n");
        going = false;
        CU_ASSERT_EQUAL(compress_file(log_path, goes_on, &going, &names), STATUS_IO);
        CU_ASSERT_EQUAL(errno, ECANCELED);
        CU_ASSERT_EQUAL(access(log_path, F_OK), 0);
        CU_ASSERT_EQUAL(log_count_rotated("*"), 0);
}

enum { PACKED_FILES = 300 };

/* A thread that compresses one file after the other. */
struct packer {
        struct lock names;
        _Atomic bool ended;
        unsigned packed;
};

static void *pack_again_and_again(void *arg)
{
        struct packer *p = arg;
        bool going = true;
        char name[700];
        (void)snprintf(name, sizeof name, "%s" STAMP ".gz", log_path);
        for (unsigned i = 0; i < PACKED_FILES; i++) {
                char plain[700];
                (void)snprintf(plain, sizeof plain, "%s" STAMP, log_path);
                lock_take(&p->names); /* so that the file is never missing */
                touch(STAMP, "some text\n");
                (void)unlink(name);
                lock_give(&p->names);
                p->packed += compress_file(plain, goes_on, &going, &p->names) == STATUS_OK ? 1 : 0;
        }
        p->ended = true;
        return NULL;
}

static void a_list_misses_no_file_that_is_being_packed(void)
{
        struct packer packer = {{LOCK_FREE}, false, 0};
        struct old_files files = {0};
        pthread_t thread;
        unsigned missed = 0;
        log_defaults("listed");
        touch(STAMP, "some text\n");
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, pack_again_and_again, &packer), 0);
        while (!packer.ended) {
                lock_take(&packer.names);
                missed += old_files_list(&files, log_path) && files.n == 1 &&
                                  (files.all[0].forms & (OLD_PLAIN | OLD_COMPRESSED)) != 0
                              ? 0
                              : 1;
                lock_give(&packer.names);
        }
        CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
        CU_ASSERT_EQUAL(missed, 0);
        CU_ASSERT_EQUAL(packer.packed, PACKED_FILES);
        old_files_free(&files);
}

static void the_journal_s_parts_survive_a_lack_of_memory(void)
{
        log_defaults("memory");
        log_sink->rotate_bytes = 100000;
        CU_ASSERT_TRUE(settings_add_sink(&log_settings));
        CU_ASSERT_EQUAL(settings_set_sink(&log_settings, "file", sample_path("memory2"), "test"), STATUS_OK);
        uint64_t nth = 0;
        bool made = false;
        while (!made && nth < 1000) {
                prof_fail_nth(++nth);
                made = journal_new(&log_settings, 1, &journal) == STATUS_OK;
                prof_fail_nth(0);
        }
        CU_ASSERT_TRUE(made);
        CU_ASSERT_TRUE(nth > 8);
        journal_free(journal);
}

static void two_logs_have_their_own_filter_and_counts(void)
{
        struct journal_counts c;
        char *other = strdup(sample_path("two.ltsv"));
        log_defaults("two");
        CU_ASSERT_TRUE(settings_add_sink(&log_settings));
        CU_ASSERT_EQUAL(settings_set_sink(&log_settings, "file", other, "test"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_set_sink(&log_settings, "format", "ltsv", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_set_sink(&log_settings, "filter.event", "connect", "test"), STATUS_OK);
        begin();
        put_journal(0, 100, 10);
        CU_ASSERT_TRUE(journal_sink_counts(journal, 0, &c));
        CU_ASSERT_EQUAL(c.records + c.dropped, 100);
        CU_ASSERT_EQUAL(c.filtered, 0);
        CU_ASSERT_TRUE(journal_sink_counts(journal, 1, &c));
        CU_ASSERT_EQUAL(c.filtered + c.dropped, 100);
        CU_ASSERT_EQUAL(c.records, 0);
        CU_ASSERT_STRING_EQUAL(c.file, other);
        CU_ASSERT_FALSE(journal_sink_counts(journal, 2, &c));
        end();
        CU_ASSERT_EQUAL(lines_of(other), 0);
        free(other);
}

static const struct tap_test tests[] = {
    {"rotated files are compressed", rotated_files_are_compressed},
    {"what a crash left is put right", what_a_crash_left_is_put_right},
    {"as many as wanted are kept", as_many_as_wanted_are_kept},
    {"the disk's bound holds", the_disk_s_bound_holds},
    {"the hook gets each file once", the_hook_gets_each_file_once},
    {"a hook that fails is said and counted", a_hook_that_fails_is_said_and_counted},
    {"a hook that hangs is killed at the end", a_hook_that_hangs_is_killed_at_the_end},
    {"packing survives a lack of memory", packing_survives_a_lack_of_memory},
    {"a list misses no file that is being packed", a_list_misses_no_file_that_is_being_packed},
    {"the journal's parts survive a lack of memory", the_journal_s_parts_survive_a_lack_of_memory},
    {"two logs have their own filter and counts", two_logs_have_their_own_filter_and_counts},
};

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        if (!sample_begin()) {
                return 1;
        }
        int status = TAP_RUN("retention", tests);
        sample_end();
        return status;
}
