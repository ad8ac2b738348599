/* Rotation, what becomes of rotated files, and messages to syslog and journald. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/journal.h"
#include "journal/journal_counts.h"
#include "journal/sample.h"
#include "journal/sink/compress_file.h"
#include "journal/sink/old_files.h"
#include "journal/sink/sink.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define PATIENCE_NS (60 * CLOCK_S_NS)
#define STAMP       ".20200101T000000.000001Z"

static struct settings settings;
static struct settings_sink *own = &settings.sinks[0];
static char path[512];

static void defaults(const char *name)
{
        settings_defaults(&settings);
        (void)snprintf(path, sizeof path, "%s", sample_path(name));
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "log.file", path, "test"), STATUS_OK);
        settings.log.digests = 0;
        settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK; /* no record may be missing */
        own->format = SETTINGS_FORMAT_JSON;
}

static void open_sink(struct sink *sink)
{
        memset(sink, 0, sizeof *sink);
        CU_ASSERT_EQUAL_FATAL(sink_open(sink, own, NULL), STATUS_OK);
}

static void put(struct sink *sink, uint64_t from, uint64_t to, size_t len)
{
        for (uint64_t i = from; i < to; i++) {
                struct record r = sample_record(1, i, len);
                sink_put(sink, &r);
        }
}

static glob_t rotated(const char *end)
{
        char pattern[600];
        glob_t found = {0};
        (void)snprintf(pattern, sizeof pattern, "%s.2*Z%s", path, end);
        (void)glob(pattern, 0, NULL, &found); /* sorted */
        return found;
}

static size_t count_rotated(const char *end)
{
        glob_t found = rotated(end);
        size_t n = found.gl_pathc;
        globfree(&found);
        return n;
}

static void append_file(FILE *out, const char *name)
{
        char piece[4096];
        int n;
        gzFile in = gzopen(name, "rb"); /* reads plain files as they are */
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        while ((n = gzread(in, piece, sizeof piece)) > 0) {
                (void)fwrite(piece, 1, (size_t)n, out);
        }
        CU_ASSERT_EQUAL(n, 0);
        (void)gzclose(in);
}

/** All files of the log, in the order of their names, as one. Each must be of whole lines, and at most @p most long. */
static struct sample_log read_all(size_t most)
{
        char *text = NULL;
        size_t len = 0;
        size_t before = 0;
        FILE *out = open_memstream(&text, &len);
        glob_t found = rotated("*");
        for (size_t i = 0; i <= found.gl_pathc; i++) {
                append_file(out, i < found.gl_pathc ? found.gl_pathv[i] : path);
                (void)fflush(out);
                CU_ASSERT_TRUE(len - before <= most);
                CU_ASSERT_TRUE(len == before || text[len - 1] == '\n');
                before = len;
        }
        globfree(&found);
        (void)fclose(out);
        struct sample_log log = sample_read(span_of(text, len), 0);
        free(text);
        return log;
}

/* --- by size and time ---------------------------------------------------------------------------------------------- */

static void no_file_becomes_larger_and_no_record_is_cut(void)
{
        struct sink sink;
        defaults("size");
        own->rotate_bytes = 10000;
        for (uint64_t round = 0; round < 3; round++) { /* what an earlier process left counts */
                open_sink(&sink);
                for (uint64_t i = 0; i < 1000; i += 100) {
                        put(&sink, round * 1000 + i, round * 1000 + i + 100, i % 300);
                        CU_ASSERT_TRUE(sink_flush(&sink));
                }
                CU_ASSERT_EQUAL(sink.counters.records, 1000);
                CU_ASSERT_TRUE(sink.counters.rotations > 5);
                sink_close(&sink);
        }
        struct sample_log log = read_all(10000);
        CU_ASSERT_EQUAL(log.records, 3000);
        CU_ASSERT_EQUAL(log.bad, 0);
}

static void a_record_larger_than_a_file_has_one_of_its_own(void)
{
        struct sink sink;
        defaults("large");
        own->rotate_bytes = 5000;
        open_sink(&sink);
        put(&sink, 0, 3, 100);
        put(&sink, 3, 5, 20000);
        put(&sink, 5, 8, 100);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 3);
        sink_close(&sink);
        struct sample_log log = read_all(30000);
        CU_ASSERT_EQUAL(log.records, 8);
        CU_ASSERT_EQUAL(log.bad, 0);
}

static void an_old_file_is_rotated(void)
{
        struct sink sink;
        defaults("time");
        own->rotate_seconds = 3600;
        open_sink(&sink);
        put(&sink, 0, 5, 10);
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
        open_sink(&sink);
        put(&sink, 5, 6, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        sink_close(&sink);
        CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, old, 0), 0);
        open_sink(&sink); /* a file of an earlier process, by its date */
        put(&sink, 6, 7, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 1);
        sink_close(&sink);
        CU_ASSERT_EQUAL(read_all(100000).records, 7);
}

static void a_rotation_that_fails_keeps_the_file(void)
{
        struct sink sink;
        defaults("failing");
        own->rotate_bytes = 3000;
        open_sink(&sink);
        struct rlimit before;
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
        struct rlimit none = {3, before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
        uint64_t said = diag_count(DIAG_ERROR);
        for (uint64_t i = 0; i < 50; i++) {
                put(&sink, i, i + 1, 500);
                CU_ASSERT_TRUE(sink_flush(&sink));
        }
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), said + 1);
        CU_ASSERT_EQUAL(sink.counters.errors, 1); /* not tried for each record */
        CU_ASSERT_EQUAL(sink.counters.rotations, 0);
        CU_ASSERT_EQUAL(count_rotated("*"), 0);
        sink.destination.rotate.retry_ns = 0; /* a second later */
        put(&sink, 50, 51, 500);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.rotations, 1);
        sink_close(&sink);
        CU_ASSERT_EQUAL(read_all(100000).records, 51);
}

static void a_name_is_never_given_twice(void)
{
        struct sink sink;
        defaults("twice");
        own->rotate_bytes = 1000;
        open_sink(&sink);
        sink.destination.rotate.last_us =
            (clock_wall_ns() / CLOCK_US_NS / 1000000 + 1000) * 1000000; /* the clock was set back */
        char taken[700];
        time_t t = (time_t)(sink.destination.rotate.last_us / 1000000);
        struct tm tm;
        char stamp[32] = "";
        CU_ASSERT_PTR_NOT_NULL(gmtime_r(&t, &tm));
        (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
        (void)snprintf(taken, sizeof taken, "%s.%s.000001Z", path, stamp);
        (void)close(open(taken, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        (void)snprintf(taken, sizeof taken, "%s.%s.000002Z.gz", path, stamp);
        (void)close(open(taken, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        put(&sink, 0, 2, 800);
        CU_ASSERT_TRUE(sink_flush(&sink));
        (void)snprintf(taken, sizeof taken, "%s.%s.000003Z", path, stamp);
        CU_ASSERT_EQUAL(access(taken, F_OK), 0);
        sink_close(&sink);
}

static void a_file_that_was_taken_away_is_noticed(void)
{
        struct sink sink;
        defaults("gone");
        open_sink(&sink);
        put(&sink, 0, 5, 10);
        CU_ASSERT_TRUE(sink_flush(&sink));
        uint64_t said = diag_count(DIAG_INFO);
        for (uint64_t i = 1; i < 4; i++) {
                CU_ASSERT_EQUAL(unlink(path), 0);
                put(&sink, 5 * i, 5 * i + 5, 10);
                sink.destination.rotate.look_ns = 0; /* a second later */
                CU_ASSERT_TRUE(sink_flush(&sink));
                CU_ASSERT_EQUAL(access(path, F_OK), 0);
                CU_ASSERT_EQUAL(diag_count(DIAG_INFO), said + i);
        }
        CU_ASSERT_EQUAL(sink.counters.records, 20);
        sink_close(&sink);
}

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
        return count_rotated("") == 0 && count_rotated(".gz.tmp") == 0;
}

static bool are_few(size_t n)
{
        return count_rotated("*") == n;
}

static bool is_full;

static bool is_room(size_t unused)
{
        (void)unused;
        return journal_port_settle(journal_port(journal, 0));
}

static void begin(void)
{
        CU_ASSERT_EQUAL_FATAL(settings_check(&settings), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(journal_new(&settings, 1, &journal), STATUS_OK);
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
        defaults("packed");
        own->rotate_bytes = 100000;
        own->rotate_compress = true;
        int64_t before = prof_read(STAGE_SINK, LIB_COUNT).current_count_used;
        uint64_t zlib = prof_read(STAGE_SINK, LIB_ZLIB).count_alloc;
        begin();
        put_journal(0, 5000, 100);
        CU_ASSERT_TRUE(wait_until(are_packed, 0));
        CU_ASSERT_TRUE(prof_read(STAGE_SINK, LIB_ZLIB).count_alloc > zlib);
        CU_ASSERT_TRUE(journal_counts(journal).rotations >= 5);
        CU_ASSERT_EQUAL(journal_counts(journal).sink_errors, 0);
        CU_ASSERT_EQUAL(count_rotated(".gz"), journal_counts(journal).rotations);
        end();
        struct sample_log log = read_all(100000);
        CU_ASSERT_EQUAL(log.records, 5000);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(prof_read(STAGE_SINK, LIB_COUNT).current_count_used, before);
}

static void touch(const char *stamp, const char *text)
{
        char name[700];
        (void)snprintf(name, sizeof name, "%s%s", path, stamp);
        FILE *f = fopen(name, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fputs(text, f);
        (void)fclose(f);
}

static void what_a_crash_left_is_put_right(void)
{
        defaults("crash");
        own->rotate_bytes = 100000;
        own->rotate_compress = true;
        touch(".20200101T000000.000001Z", "left plain\n");
        touch(".20200101T000000.000002Z", "half packed\n");
        touch(".20200101T000000.000002Z.gz.tmp", "half");
        touch(".20200101T000000.000003Z", "packed already, not removed\n");
        touch(".20200101T000000.000003Z.gz", "packed already, not removed\n"); /* gzread takes it */
        touch(".20200101T000000.000004Zx", "not ours\n");
        begin();
        CU_ASSERT_TRUE(wait_until(are_packed, 0));
        end();
        CU_ASSERT_EQUAL(count_rotated(".gz"), 3);
        CU_ASSERT_EQUAL(count_rotated("x"), 1);
}

static void as_many_as_wanted_are_kept(void)
{
        defaults("keep");
        own->rotate_bytes = 10000;
        own->rotate_keep = 3;
        begin();
        put_journal(0, 2000, 100);
        CU_ASSERT_TRUE(wait_until(are_few, 3));
        end();
        glob_t found = rotated("*"); /* the newest: all there is continues up to the end */
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
        glob_t found = rotated("*");
        struct stat st;
        size_t sum = stat(path, &st) == 0 ? (size_t)st.st_size : 0;
        for (size_t i = 0; i < found.gl_pathc; i++) {
                sum += stat(found.gl_pathv[i], &st) == 0 ? (size_t)st.st_size : 0;
        }
        globfree(&found);
        return sum <= most;
}

static void the_disk_s_bound_holds(void)
{
        defaults("disk");
        own->rotate_bytes = 10000;
        own->disk_bytes = 50000;
        begin();
        put_journal(0, 3000, 100);
        CU_ASSERT_TRUE(wait_until(fits_the_disk, 50000));
        CU_ASSERT_TRUE(count_rotated("*") >= 3);
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
        (void)snprintf(script, sizeof script, "%s.sh", path);
        FILE *f = fopen(script, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fprintf(f, "#!/bin/sh\n%s\n", body);
        (void)fclose(f);
        CU_ASSERT_EQUAL(chmod(script, 0700), 0);
        CU_ASSERT_EQUAL(settings_set(&settings, "log.rotate_hook", script, "test"), STATUS_OK);
}

static void the_hook_gets_each_file_once(void)
{
        char body[700];
        defaults("hook");
        (void)snprintf(told, sizeof told, "%s-told", path);
        (void)snprintf(body, sizeof body, "test -f \"$1\" && echo \"$1\" >>%s", told);
        write_hook(body);
        own->rotate_bytes = 100000;
        own->rotate_compress = true;
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
        defaults("bad-hook");
        own->rotate_bytes = 100000;
        write_hook("exit 7");
        uint64_t said = diag_count(DIAG_WARNING);
        begin();
        put_journal(0, 1000, 100);
        CU_ASSERT_TRUE(wait_until(are_errors, 1));
        CU_ASSERT_TRUE(diag_count(DIAG_WARNING) > said);
        end();
        CU_ASSERT_EQUAL(settings_set(&settings, "log.rotate_hook", "/nowhere/to/be/found", "test"),
                        STATUS_OK);
        begin();
        put_journal(1000, 2000, 100);
        CU_ASSERT_TRUE(wait_until(are_errors, 1));
        end();
}

/** A hook that hangs does not keep the journal from its end. */
static void a_hook_that_hangs_is_killed_at_the_end(void)
{
        defaults("slow-hook");
        (void)snprintf(told, sizeof told, "%s-told", path);
        char body[700];
        (void)snprintf(body, sizeof body, "echo begun >>%s; exec sleep 1000", told);
        write_hook(body);
        own->rotate_bytes = 100000;
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
        CU_ASSERT_EQUAL(read_all(200000).records, 3000);
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
        defaults("faults");
        touch("", "some text\n");
        (void)snprintf(name, sizeof name, "%s.gz", path);
        uint64_t nth = 0;
        enum status status;
        do {
                prof_fail_nth(++nth);
                status = compress_file(path, goes_on, &going, &names);
                prof_fail_nth(0);
                CU_ASSERT_TRUE(status == STATUS_OK || status == STATUS_NOMEM);
                CU_ASSERT_EQUAL(access(path, F_OK) == 0, status != STATUS_OK);
                CU_ASSERT_EQUAL(access(name, F_OK) == 0, status == STATUS_OK);
        } while (status != STATUS_OK && nth < 100);
        CU_ASSERT_TRUE(nth > 2);
        touch("", "more\n");
        going = false;
        CU_ASSERT_EQUAL(compress_file(path, goes_on, &going, &names), STATUS_IO);
        CU_ASSERT_EQUAL(errno, ECANCELED);
        CU_ASSERT_EQUAL(access(path, F_OK), 0);
        CU_ASSERT_EQUAL(count_rotated("*"), 0);
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
        (void)snprintf(name, sizeof name, "%s" STAMP ".gz", path);
        for (unsigned i = 0; i < PACKED_FILES; i++) {
                char plain[700];
                (void)snprintf(plain, sizeof plain, "%s" STAMP, path);
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
        defaults("listed");
        touch(STAMP, "some text\n");
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, pack_again_and_again, &packer), 0);
        while (!packer.ended) {
                lock_take(&packer.names);
                missed += old_files_list(&files, path) && files.n == 1 &&
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
        defaults("memory");
        own->rotate_bytes = 100000;
        CU_ASSERT_TRUE(settings_add_sink(&settings));
        CU_ASSERT_EQUAL(settings_set_sink(&settings, "file", sample_path("memory2"), "test"), STATUS_OK);
        uint64_t nth = 0;
        bool made = false;
        while (!made && nth < 1000) {
                prof_fail_nth(++nth);
                made = journal_new(&settings, 1, &journal) == STATUS_OK;
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
        defaults("two");
        CU_ASSERT_TRUE(settings_add_sink(&settings));
        CU_ASSERT_EQUAL(settings_set_sink(&settings, "file", other, "test"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_set_sink(&settings, "format", "ltsv", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_set_sink(&settings, "filter.event", "connect", "test"), STATUS_OK);
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

/* --- syslog and journald ----------------------------------------------------------------------------------------------- */

static int listen_at(const char *socket_path)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        int size = 1 << 16;
        (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path);
        (void)unlink(socket_path);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        return fd;
}

static char socket_path[100];

static int begin_messages(const char *kind)
{
        char file[200];
        defaults("messages");
        (void)snprintf(socket_path, sizeof socket_path, "%s", sample_path("socket"));
        (void)snprintf(file, sizeof file, "%s:%s", kind, socket_path);
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "log.file", file, "test"), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "log.syslog_facility", "local1", "test"), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "log.syslog_tag", "tap", "test"), STATUS_OK);
        return listen_at(socket_path);
}

static void a_record_is_a_message_of_syslog(void)
{
        struct sink sink;
        char text[4096];
        int fd = begin_messages("syslog");
        open_sink(&sink);
        put(&sink, 0, 2, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        for (uint64_t i = 0; i < 2; i++) {
                char want[64];
                ssize_t n = recv(fd, text, sizeof text - 1, 0);
                CU_ASSERT_TRUE_FATAL(n > 0);
                text[n] = '\0';
                (void)snprintf(want, sizeof want, " tap[%ld]: {\"ts\":", (long)getpid());
                CU_ASSERT_EQUAL(strncmp(text, "<142>", 5), 0); /* 17 * 8 + 6 */
                CU_ASSERT_TRUE(text[8] == ' ' && text[11] == ' ' && text[14] == ':' && text[17] == ':');
                CU_ASSERT_EQUAL(strncmp(text + 20, want, strlen(want)), 0);
                CU_ASSERT_EQUAL(text[n - 1], '}');
        }
        CU_ASSERT_EQUAL(recv(fd, text, sizeof text, 0), -1);
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        sink_close(&sink);
        (void)close(fd);
}

static void a_message_that_is_too_long_is_a_gap(void)
{
        struct sink sink;
        static char text[1 << 20];
        int fd = begin_messages("syslog");
        open_sink(&sink);
        uint64_t said = diag_count(DIAG_WARNING);
        put(&sink, 0, 1, 20);
        put(&sink, 1, 3, 900000);
        put(&sink, 3, 4, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        CU_ASSERT_EQUAL(sink.counters.dropped, 2);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), said + 1);
        for (unsigned i = 0; i < 4; i++) {
                ssize_t n = recv(fd, text, sizeof text - 1, 0);
                CU_ASSERT_TRUE_FATAL(n > 0);
                text[n] = '\0';
                CU_ASSERT_EQUAL(strstr(text, "\"event\":\"gap\"") != NULL, i == 1 || i == 2);
                CU_ASSERT_EQUAL(strncmp(text, i == 1 || i == 2 ? "<140>" : "<142>", 5), 0);
        }
        sink_close(&sink);
        (void)close(fd);
}

static void a_daemon_that_goes_away_and_comes_back(void)
{
        struct sink sink;
        char text[4096];
        int fd = begin_messages("syslog");
        open_sink(&sink);
        put(&sink, 0, 1, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        (void)close(fd);
        (void)unlink(socket_path);
        uint64_t errors = diag_count(DIAG_ERROR);
        put(&sink, 1, 20001, 200); /* more than is kept */
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        CU_ASSERT_TRUE(sink.counters.dropped > 0 && sink.counters.dropped < 20000);
        fd = listen_at(socket_path);
        sink.deadline_ns = 1; /* the reader is this thread: no use to wait for it */
        uint64_t got = 0;
        uint64_t missing = 0;
        uint64_t start_ns = clock_mono_ns();
        while (got + missing < 20000 && clock_mono_ns() - start_ns < PATIENCE_NS) {
                (void)sink_flush(&sink);
                ssize_t n;
                while ((n = recv(fd, text, sizeof text - 1, 0)) > 0) {
                        text[n] = '\0';
                        const char *gap = strstr(text, "\"dropped\":");
                        missing += gap != NULL ? strtoull(gap + 10, NULL, 10) : 0;
                        got += gap == NULL ? 1 : 0;
                }
        }
        CU_ASSERT_EQUAL(got + missing, 20000);
        CU_ASSERT_EQUAL(missing, sink.counters.dropped);
        CU_ASSERT_EQUAL(sink.counters.records, got + 1);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        sink_close(&sink);
        (void)close(fd);
}

/** poll would tell at once, each time, that such a socket is ready. */
static void a_full_socket_whose_daemon_goes_away_is_not_waited_for(void)
{
        struct sink sink;
        int fd = begin_messages("syslog");
        open_sink(&sink);
        put(&sink, 0, 2000, 300);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(sink_wait_fd(&sink) >= 0);
        (void)close(fd);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(sink_is_blocked(&sink));
        CU_ASSERT_EQUAL(sink_wait_fd(&sink), -1);
        fd = listen_at(socket_path);
        CU_ASSERT_FALSE(sink_flush(&sink)); /* as much as it takes */
        CU_ASSERT_TRUE(sink.counters.records > 0);
        CU_ASSERT_TRUE(sink_wait_fd(&sink) >= 0);
        sink_close(&sink);
        (void)close(fd);
}

static void journald_gets_fields(void)
{
        struct sink sink;
        static char text[8192];
        int fd = begin_messages("journald");
        open_sink(&sink);
        put(&sink, 0, 1, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        CU_ASSERT_TRUE_FATAL(n > 100);
        static const char head[] = "PRIORITY=6\nSYSLOG_FACILITY=17\nSYSLOG_IDENTIFIER=tap\nSYSLOG_PID=";
        CU_ASSERT_EQUAL(strncmp(text, head, strlen(head)), 0);
        char *at = memmem(text, (size_t)n, "\nQUERYTAP_EVENT=query\nMESSAGE\n", 30);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        at += 30;
        uint64_t len = 0;
        memcpy(&len, at, sizeof len); /* little-endian, as this machine */
        CU_ASSERT_EQUAL((size_t)n, (size_t)(at - text) + sizeof len + len + 1);
        CU_ASSERT_EQUAL(text[n - 1], '\n');
        CU_ASSERT_EQUAL(at[8], '{');
        CU_ASSERT_EQUAL(text[n - 2], '}');
        put(&sink, 1, 2, 900000); /* larger than a datagram: a file */
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = {text, sizeof text};
        struct msghdr m = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        CU_ASSERT_EQUAL(recvmsg(fd, &m, MSG_CMSG_CLOEXEC), 0);
        const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        int file = -1;
        struct stat st = {.st_size = 0};
        memcpy(&file, CMSG_DATA(c), sizeof file);
        CU_ASSERT_EQUAL(fstat(file, &st), 0);
        CU_ASSERT_TRUE(st.st_size > 900000);
        (void)close(file);
        sink_close(&sink);
        (void)close(fd);
}

static void a_socket_that_is_not_there_is_refused(void)
{
        struct sink sink;
        int fd = begin_messages("journald");
        (void)close(fd);
        (void)unlink(socket_path);
        memset(&sink, 0, sizeof sink);
        CU_ASSERT_EQUAL(sink_open(&sink, own, NULL), STATUS_IO);
        (void)snprintf(own->file, sizeof own->file, "syslog:/%0150d", 1);
        CU_ASSERT_EQUAL(sink_open(&sink, own, NULL), STATUS_IO);
}

static const struct tap_test tests[] = {
    {"no file becomes larger and no record is cut", no_file_becomes_larger_and_no_record_is_cut},
    {"a record larger than a file has one of its own", a_record_larger_than_a_file_has_one_of_its_own},
    {"an old file is rotated", an_old_file_is_rotated},
    {"a rotation that fails keeps the file", a_rotation_that_fails_keeps_the_file},
    {"a name is never given twice", a_name_is_never_given_twice},
    {"a file that was taken away is noticed", a_file_that_was_taken_away_is_noticed},
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
    {"a record is a message of syslog", a_record_is_a_message_of_syslog},
    {"a message that is too long is a gap", a_message_that_is_too_long_is_a_gap},
    {"a daemon that goes away and comes back", a_daemon_that_goes_away_and_comes_back},
    {"a full socket whose daemon goes away is not waited for",
     a_full_socket_whose_daemon_goes_away_is_not_waited_for},
    {"journald gets fields", journald_gets_fields},
    {"a socket that is not there is refused", a_socket_that_is_not_there_is_refused},
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
