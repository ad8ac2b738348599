#include "journal/sink/logfile.h"

#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_PATH_SIZE = 32, END_MAX = 8, TRIES = 3 };

bool logfile_is_stream(int fd)
{
        struct stat st;
        return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd) != 0);
}

/** If a process is started without a standard output, its descriptor 1 may be something else. */
bool logfile_is_output(int fd)
{
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0) {
                return false;
        }
        if ((st.st_mode & S_IFMT) == 0 ||
            S_ISDIR(st.st_mode)) { /* no type: an eventfd, an epoll instance, … */
                errno = EBADF;
                return false;
        }
        return true;
}

static bool is_regular(int fd)
{
        struct stat st;
        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/** @return false with EWOULDBLOCK if somebody else holds the lock. File systems without locks are accepted. */
static bool lock(int fd)
{
        return !is_regular(fd) || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/** Is @p fd what @p path leads to, also by a link such as /dev/stdout? */
static bool is_still(int fd, const char *path)
{
        struct stat here;
        struct stat there;
        return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
               here.st_dev == there.st_dev;
}

int logfile_open(const char *path)
{
        for (int i = 0; i < TRIES; i++) {
                int fd = files_append(path, 0, FILES_LOG_MODE);
                bool locked = fd >= 0 && lock(fd);
                /* whoever had the lock may have rotated the file after it was opened here */
                if (fd < 0 || (locked && (!is_regular(fd) || is_still(fd, path)))) {
                        return fd;
                }
                (void)close(fd);
                if (!locked) {
                        break;
                }
        }
        errno = EWOULDBLOCK;
        return -1;
}

int logfile_create(const char *path)
{
        if (unlink(path) != 0 && errno != ENOENT) {
                return -1;
        }
        int fd = files_append(path, 0, FILES_LOG_MODE);
        (void)(fd >= 0 && lock(fd)); /* nobody else knows it */
        return fd;
}

int logfile_stdout(bool *owns)
{
        /* A pipe or terminal on standard output is shared with other processes, so O_NONBLOCK must not be set on it. When opened
         * again it has flags of its own. (A file must not be: its offset is shared on purpose.) */
        char path[FD_PATH_SIZE];
        *owns = false;
        if (!logfile_is_stream(STDOUT_FILENO)) {
                return STDOUT_FILENO;
        }
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", STDOUT_FILENO);
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        *owns = fd >= 0;
        return fd >= 0 ? fd : STDOUT_FILENO;
}

bool logfile_is_at(int fd, const char *path)
{
        struct stat here;
        struct stat there;
        return fd >= 0 && fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_ino == there.st_ino &&
               here.st_dev == there.st_dev;
}

bool logfile_is_same(int a, int b)
{
        struct stat x;
        struct stat y;
        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && (S_ISREG(x.st_mode) || S_ISFIFO(x.st_mode)) &&
               x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

ssize_t logfile_write(int fd, const struct settings_sink *unused, struct span bytes, enum record_event event)
{
        (void)unused;
        (void)event;
        return write(fd, bytes.data, bytes.len);
}

static uint64_t size_of(int fd)
{
        struct stat st;
        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

bool logfile_ends_whole(int fd, const char *record_end)
{
        char path[FD_PATH_SIZE];
        char end[END_MAX] = "";
        size_t len = strlen(record_end);
        uint64_t size = size_of(fd);
        bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
        off_t at = appends ? (off_t)size : lseek(fd, 0, SEEK_CUR);
        if (size == 0 || at <= 0) {
                return true;
        }
        if (at < (off_t)len || len > sizeof end) {
                return false;
        }
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* @p fd is write-only */
        int in = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        ssize_t n = in >= 0 ? pread(in, end, len, at - (off_t)len) : 0;
        if (in >= 0) {
                (void)close(in);
        }
        return n == (ssize_t)len && memcmp(end, record_end, len) == 0;
}
