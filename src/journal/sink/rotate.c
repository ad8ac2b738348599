#include "journal/sink/rotate.h"

#include "base/clock.h"
#include "settings/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_MAX = 1000, WAIT_MAX_MS = 60000 };

/** Seconds of local time, so that intervals of 86400 end at midnight. */
static uint64_t local_seconds(uint64_t wall_ns)
{
        time_t t = (time_t)(wall_ns / CLOCK_S_NS);
        struct tm tm;
        return localtime_r(&t, &tm) != NULL ? (uint64_t)(t + tm.tm_gmtoff) : (uint64_t)t;
}

static uint64_t period_of(const struct rotate *r, uint64_t wall_ns)
{
        return r->settings->rotate_seconds > 0 ? local_seconds(wall_ns) / r->settings->rotate_seconds : 0;
}

void rotate_begin(struct rotate *r, const struct settings_sink *settings, int fd)
{
        struct stat st;
        r->settings = NULL;
        r->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
        if (!r->is_file) {
                return;
        }
        r->bytes = (uint64_t)st.st_size;
        if (settings == NULL) {
                return;
        }
        r->settings = settings;
        r->bytes = (uint64_t)st.st_size;
        uint64_t begun_ns = (uint64_t)st.st_mtim.tv_sec * CLOCK_S_NS + (uint64_t)st.st_mtim.tv_nsec;
        r->period = period_of(r, st.st_size > 0 ? begun_ns : clock_wall_ns());
        r->look_ns = clock_mono_ns() + CLOCK_S_NS;
}

size_t rotate_bytes_left(const struct rotate *r)
{
        if (r->settings == NULL || r->settings->rotate_bytes == 0 || clock_mono_ns() < r->retry_ns) {
                return SIZE_MAX;
        }
        return r->bytes < r->settings->rotate_bytes ? (size_t)(r->settings->rotate_bytes - r->bytes) : 0;
}

bool rotate_is_old(const struct rotate *r, uint64_t wall_ns)
{
        return r->settings != NULL && r->settings->rotate_seconds > 0 && r->bytes > 0 &&
               period_of(r, wall_ns) != r->period && clock_mono_ns() >= r->retry_ns;
}

int rotate_wait_ms(const struct rotate *r, uint64_t wall_ns)
{
        if (r->settings == NULL || r->settings->rotate_seconds == 0 || r->bytes == 0) {
                return -1;
        }
        uint64_t left_ms =
            (r->settings->rotate_seconds - local_seconds(wall_ns) % r->settings->rotate_seconds) * 1000;
        return left_ms < WAIT_MAX_MS ? (int)left_ms : WAIT_MAX_MS;
}

static void print_name(const struct rotate *r, uint64_t us, char *name, size_t size)
{
        time_t t = (time_t)(us / 1000000);
        struct tm tm;
        char stamp[32] = "";
        if (gmtime_r(&t, &tm) != NULL) {
                (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
        }
        (void)snprintf(name, size, "%s.%s.%06uZ", r->settings->file, stamp, (unsigned)(us % 1000000));
}

/** Does its compressed form exist? */
static bool is_taken(const char *name)
{
        char compressed[PATH_MAX];
        struct stat st;
        (void)snprintf(compressed, sizeof compressed, "%s.gz", name);
        return lstat(compressed, &st) == 0;
}

static int rename_new(const char *from, const char *to)
{
        struct stat st;
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
                return 0;
        }
        if (errno != EINVAL && errno != ENOSYS) {
                return -1;
        }
        if (lstat(to, &st) ==
            0) { /* RENAME_NOREPLACE is not supported; nobody else gives names of this form */
                errno = EEXIST;
                return -1;
        }
        return rename(from, to);
}

void rotate_put_off(struct rotate *r)
{
        r->retry_ns = clock_mono_ns() + CLOCK_S_NS;
}

/** Give @p file the name @p to, and @p fresh its own name. There is always a file of that name, which is one of the two: another process
 *  that opens it meanwhile finds the lock of the old file or that of the new one. (Without hard links there is none for a moment.)
 *  @return 0, or -1 with errno; then nothing has changed. */
static int exchange(const char *file, const char *fresh, const char *to)
{
        bool linked = linkat(AT_FDCWD, file, AT_FDCWD, to, 0) == 0;
        if (!linked && (errno == EEXIST || errno == ENOENT || rename_new(file, to) != 0)) {
                return -1;
        }
        if ((linked ? rename(fresh, file) : rename_new(fresh, file)) == 0) {
                return 0;
        }
        int error = errno;
        if (linked) {
                (void)unlink(to);
        } else {
                (void)rename_new(to, file);
        }
        errno = error;
        return -1;
}

bool rotate_move(struct rotate *r, const char *fresh, char *name, size_t size)
{
        uint64_t us = clock_wall_ns() / CLOCK_US_NS;
        us = us > r->last_us ? us : r->last_us + 1; /* the clock may have been set back */
        for (unsigned n = 0; n < NAMES_MAX; n++, us++) {
                print_name(r, us, name, size);
                if (!is_taken(name) && exchange(r->settings->file, fresh, name) == 0) {
                        r->last_us = us;
                        return true;
                }
                if (errno != EEXIST && errno != ENOENT && !is_taken(name)) {
                        break;
                }
                struct stat st;
                if (lstat(r->settings->file, &st) != 0) {
                        break; /* somebody moved the log file away */
                }
        }
        rotate_put_off(r);
        return false;
}

void rotate_after(struct rotate *r, const char *stamp)
{
        struct tm tm = {.tm_isdst = 0};
        const char *fraction = strptime(stamp, ".%Y%m%dT%H%M%S.", &tm);
        if (fraction == NULL) {
                return;
        }
        uint64_t us = strtoul(fraction, NULL, 10);
        time_t seconds = timegm(&tm);
        uint64_t last_us = seconds > 0 ? (uint64_t)seconds * 1000000 + us : 0;
        r->last_us = last_us > r->last_us ? last_us : r->last_us;
}

bool rotate_is_changed(struct rotate *r, int fd)
{
        struct stat st;
        if (!r->is_file || fstat(fd, &st) != 0 || (uint64_t)st.st_size == r->bytes) {
                return false;
        }
        r->bytes = (uint64_t)st.st_size;
        return true;
}

enum rotate_look rotate_look(struct rotate *r, int fd)
{
        struct stat here;
        struct stat there;
        uint64_t now_ns = clock_mono_ns();
        if (r->settings == NULL || now_ns < r->look_ns || fstat(fd, &here) != 0) {
                return ROTATE_NOT_LOOKED;
        }
        r->look_ns = now_ns + CLOCK_S_NS;
        if (here.st_nlink == 0) {
                return ROTATE_REMOVED;
        }
        if (stat(r->settings->file, &there) != 0) {
                return errno == ENOENT || errno == ENOTDIR ? ROTATE_RENAMED : ROTATE_NOT_LOOKED;
        }
        return here.st_ino == there.st_ino && here.st_dev == there.st_dev ? ROTATE_IN_PLACE : ROTATE_RENAMED;
}

int rotate_look_ms(const struct rotate *r)
{
        uint64_t now_ns = clock_mono_ns();
        if (r->settings == NULL) {
                return -1;
        }
        return r->look_ns > now_ns ? (int)((r->look_ns - now_ns + CLOCK_MS_NS - 1) / CLOCK_MS_NS) : 0;
}

bool rotate_is_stamp(const char *stamp)
{
        static const char form[] = ".00000000T000000.000000Z";
        _Static_assert(sizeof form == ROTATE_STAMP_LEN + 1, "ROTATE_STAMP_LEN");
        for (size_t i = 0; i < ROTATE_STAMP_LEN; i++) {
                if (form[i] == '0' ? !isdigit((unsigned char)stamp[i]) : stamp[i] != form[i]) {
                        return false;
                }
        }
        return true;
}
