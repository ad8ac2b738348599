/* The directory of saved packets: its bounds, and what it refuses. */
#include "journal/trigger.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "proxy/packet_directory.h"
#include "settings/settings.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct settings settings;
static char folder[] = "/tmp/querytap-unit-XXXXXX";

static const char *path_of(const char *name)
{
        static char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
        return path;
}

static void begin(const char *name, uint64_t files, uint64_t bytes)
{
        settings_defaults(&settings);
        settings.triggers.trouble = true;
        settings.triggers.files = files;
        settings.triggers.bytes = bytes;
        (void)snprintf(settings.triggers.directory, SETTINGS_TEXT_MAX, "%s", path_of(name));
}

/** What is in the directory @p name. */
static size_t count(const char *name, uint64_t *bytes)
{
        DIR *dir = opendir(path_of(name));
        size_t n = 0;
        const struct dirent *entry;
        *bytes = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
        while ((entry = readdir(dir)) != NULL) {
                struct stat st;
                if (entry->d_name[0] != '.' &&
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
                        CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
                        *bytes += (uint64_t)st.st_size;
                        n++;
                }
        }
        (void)closedir(dir);
        return n;
}

static void clear(const char *name)
{
        struct dirent **entries;
        int n = scandir(path_of(name), &entries, NULL, NULL);
        for (int i = 0; i < n; i++) {
                char path[512];
                (void)snprintf(path, sizeof path, "%s/%s", path_of(name), entries[i]->d_name);
                (void)unlink(path);
                free(entries[i]);
        }
        if (n >= 0) {
                free(entries);
        }
        CU_ASSERT_EQUAL(rmdir(path_of(name)), 0);
}

/** Save a file of @p size bytes. */
static bool save(struct packet_directory *d, uint64_t number, bool is_text, size_t size)
{
        static const uint8_t bytes[1000];
        bool done = packet_directory_begin(d, number, 7, is_text);
        while (done && size > 0) {
                size_t part = size < sizeof bytes ? size : sizeof bytes;
                done = packet_directory_put(d, span_of(bytes, part));
                size -= part;
        }
        return done && packet_directory_end(d);
}

static bool exists(const char *name, uint64_t number, const char *ending)
{
        char file[TRIGGER_NAME_MAX];
        char path[512];
        trigger_file_name(file, number, 7, ending);
        (void)snprintf(path, sizeof path, "%s/%s", path_of(name), file);
        return access(path, F_OK) == 0;
}

static void many_firings_stay_within_the_bounds(void)
{
        enum { FIRINGS = 10000, FILES = 20 };
        struct packet_directory d;
        struct stat st;
        uint64_t bytes;
        begin("many", FILES, 100000);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_OK);
        CU_ASSERT_NOT_EQUAL(access(path_of("many"), F_OK), 0); /* a check creates nothing */
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        CU_ASSERT_TRUE(stat(path_of("many"), &st) == 0 && (st.st_mode & 0777) == 0700);
        for (uint64_t i = 1; i <= FIRINGS; i++) {
                CU_ASSERT_TRUE(save(&d, i, false, i % 97 * 10));
                CU_ASSERT_TRUE(save(&d, i, true, i % 89 * 100));
                if (i % 1000 == 0) {
                        CU_ASSERT_TRUE(count("many", &bytes) <= FILES);
                        CU_ASSERT_TRUE(bytes <= 100000);
                        CU_ASSERT_EQUAL(bytes, d.bytes);
                }
        }
        CU_ASSERT_TRUE(exists("many", FIRINGS, ".pcapng") && exists("many", FIRINGS, ".txt"));
        CU_ASSERT_FALSE(exists("many", FIRINGS - FILES, ".pcapng"));
        packet_directory_close(&d);
        clear("many");
}

static void what_was_there_before_counts(void)
{
        struct packet_directory d;
        uint64_t bytes;
        begin("again", 10, 100000);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        for (uint64_t i = 1; i <= 10; i++) {
                CU_ASSERT_TRUE(save(&d, i, false, 100));
        }
        packet_directory_close(&d);
        int fd = open(path_of("again/mine"), O_WRONLY | O_CREAT, 0600); /* not one of those */
        CU_ASSERT_TRUE(fd >= 0 && close(fd) == 0);
        settings.triggers.files = 6;
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        CU_ASSERT_EQUAL(count("again", &bytes), 7);
        CU_ASSERT_EQUAL(d.bytes, 600);
        CU_ASSERT_TRUE(exists("again", 10, ".pcapng") && !exists("again", 4, ".pcapng"));
        CU_ASSERT_FALSE(packet_directory_begin(&d, 10, 7, false)); /* it is there: never written over */
        CU_ASSERT_EQUAL(d.error, EEXIST);
        packet_directory_close(&d);
        clear("again");
}

static void packets_that_are_too_many_are_not_saved(void)
{
        struct packet_directory d;
        uint64_t bytes;
        begin("large", 10, 65536);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        CU_ASSERT_TRUE(save(&d, 1, false, 1000));
        CU_ASSERT_FALSE(save(&d, 2, false, 65537));
        CU_ASSERT_PTR_NOT_NULL(strstr(d.what, "triggers.bytes"));
        CU_ASSERT_EQUAL(count("large", &bytes), 0);
        CU_ASSERT_TRUE(save(&d, 3, false, 40000));
        CU_ASSERT_FALSE(save(&d, 3, true, 40000)); /* it does not replace the file beside it */
        CU_ASSERT_EQUAL(count("large", &bytes), 1);
        CU_ASSERT_EQUAL(d.bytes, 40000);
        packet_directory_close(&d);
        clear("large");
}

static void a_disk_that_takes_no_more_is_reported(void)
{
        struct packet_directory d;
        struct rlimit before;
        uint64_t bytes;
        begin("full", 10, 1000000);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)getrlimit(RLIMIT_FSIZE, &before);
        const struct rlimit small = {2500, before.rlim_max};
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &small), 0);
        CU_ASSERT_FALSE(save(&d, 1, false, 10000));
        CU_ASSERT_EQUAL(d.error, EFBIG);
        (void)setrlimit(RLIMIT_FSIZE, &before);
        CU_ASSERT_EQUAL(count("full", &bytes), 0); /* half a file is of no use */
        CU_ASSERT_EQUAL(d.bytes, 0);
        CU_ASSERT_TRUE(save(&d, 2, false, 10000));
        packet_directory_close(&d);
        clear("full");
}

static enum status try_open(void)
{
        struct packet_directory d;
        enum status status = packet_directory_open(&d, &settings);
        if (status == STATUS_OK) {
                packet_directory_close(&d);
        }
        return status;
}

static void wrong_directories_are_refused(void)
{
        struct packet_directory d;
        begin("mode", 10, 65536);
        CU_ASSERT_EQUAL(mkdir(path_of("mode"), 0755), 0);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_INVALID);
        CU_ASSERT_EQUAL(try_open(), STATUS_IO);
        CU_ASSERT_EQUAL(chmod(path_of("mode"), 0700), 0);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_OK);
        CU_ASSERT_EQUAL(try_open(), STATUS_OK);

        CU_ASSERT_EQUAL(symlink("mode", path_of("link")), 0);
        begin("link", 10, 65536);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_INVALID);
        CU_ASSERT_EQUAL(try_open(), STATUS_IO);
        (void)unlink(path_of("link"));

        begin("none/such", 10, 65536);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_INVALID);
        CU_ASSERT_EQUAL(try_open(), STATUS_IO);

        begin("mode", 10, 65536);
        (void)snprintf(settings.triggers.directory, SETTINGS_TEXT_MAX,
                       "/proc"); /* it is root's, or of mode 0555 */
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_INVALID);

        begin("mode", 10, 65536); /* a lock is of an open directory, not of a process: this shows the same */
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        CU_ASSERT_EQUAL(packet_directory_check(&settings), STATUS_OK); /* the proxy may run meanwhile */
        struct packet_directory next;
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&next, &settings), STATUS_OK);
        CU_ASSERT_FALSE(save(&next, 1, false, 10));
        CU_ASSERT_PTR_NOT_NULL(strstr(next.what, "another process"));
        CU_ASSERT_TRUE(save(&d, 2, false, 10));
        packet_directory_close(&d);
        CU_ASSERT_TRUE(save(&next, 3, false, 10));
        CU_ASSERT_EQUAL(next.bytes, 20);
        packet_directory_close(&next);
        clear("mode");
}

static void links_are_not_followed(void)
{
        struct packet_directory d;
        char file[TRIGGER_NAME_MAX];
        char path[512];
        begin("links", 10, 65536);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        trigger_file_name(file, 5, 7, ".txt");
        (void)snprintf(path, sizeof path, "%s/%s", path_of("links"), file);
        CU_ASSERT_EQUAL(symlink(path_of("victim"), path), 0);
        CU_ASSERT_FALSE(save(&d, 5, true, 10));
        CU_ASSERT_NOT_EQUAL(access(path_of("victim"), F_OK), 0);
        packet_directory_close(&d);
        clear("links");
}

static void a_directory_that_was_removed_comes_again(void)
{
        struct packet_directory d;
        uint64_t bytes;
        begin("gone", 10, 65536);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        CU_ASSERT_TRUE(save(&d, 1, false, 10));
        clear("gone");
        CU_ASSERT_TRUE(save(&d, 2, false, 10));
        CU_ASSERT_EQUAL(count("gone", &bytes), 1);
        CU_ASSERT_EQUAL(d.bytes, 10);
        clear("gone");
        CU_ASSERT_EQUAL(symlink("/tmp", path_of("gone")), 0);
        CU_ASSERT_FALSE(save(&d, 3, false, 10));
        CU_ASSERT_FALSE(save(&d, 4, false, 10));
        (void)unlink(path_of("gone"));
        CU_ASSERT_TRUE(save(&d, 5, false, 10));
        packet_directory_close(&d);
        clear("gone");
}

static void without_memory_nothing_is_left(void)
{
        int64_t before = prof_read(STAGE_CAPTURE, LIB_COUNT).current_count_used;
        struct packet_directory d;
        begin("memory", 4, 65536);
        CU_ASSERT_EQUAL_FATAL(packet_directory_open(&d, &settings), STATUS_OK);
        for (uint64_t i = 1; i <= 4; i++) {
                CU_ASSERT_TRUE(save(&d, i, false, 10));
        }
        packet_directory_close(&d);
        settings.triggers.files = 2; /* what is in it needs more memory than what may be */
        (void)mkdir(path_of("memory"), 0700);
        for (uint64_t i = 5; i <= 8; i++) {
                char file[TRIGGER_NAME_MAX];
                char path[512];
                trigger_file_name(file, i, 7, ".txt");
                (void)snprintf(path, sizeof path, "%s/%s", path_of("memory"), file);
                int fd = open(path, O_WRONLY | O_CREAT, 0600);
                CU_ASSERT_TRUE(fd >= 0 && close(fd) == 0);
        }
        enum status status = STATUS_NOMEM;
        uint64_t nth = 0;
        while (status != STATUS_OK && nth < 10) {
                prof_fail_nth(++nth);
                status = packet_directory_open(&d, &settings);
                prof_fail_nth(0);
        }
        CU_ASSERT_EQUAL(status, STATUS_OK);
        CU_ASSERT_TRUE(nth > 2);
        packet_directory_close(&d);
        CU_ASSERT_EQUAL(prof_read(STAGE_CAPTURE, LIB_COUNT).current_count_used, before);
        clear("memory");
}

static const struct tap_test tests[] = {
    {"many firings stay within the bounds", many_firings_stay_within_the_bounds},
    {"what was there before counts", what_was_there_before_counts},
    {"packets that are too many are not saved", packets_that_are_too_many_are_not_saved},
    {"a disk that takes no more is reported", a_disk_that_takes_no_more_is_reported},
    {"wrong directories are refused", wrong_directories_are_refused},
    {"links are not followed", links_are_not_followed},
    {"a directory that was removed comes again", a_directory_that_was_removed_comes_again},
    {"without memory nothing is left", without_memory_nothing_is_left},
};

int main(void)
{
        if (mkdtemp(folder) == NULL) {
                return 1;
        }
        int status = TAP_RUN("packet-directory", tests);
        return rmdir(folder) == 0 ? status : 1;
}
