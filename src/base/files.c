#include "base/files.h"

#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 3 };

/** Is @p path in a folder where the links are those of the system? */
static bool is_of_system(const char *path)
{
        return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

int files_append(const char *path, int flags, mode_t mode)
{
        int fd = -1;
        flags |= O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        flags |= is_of_system(path) ? 0 : O_NOFOLLOW;
        for (int i = 0; i < TRIES; i++) { /* the file may appear or disappear meanwhile */
                fd = open(path, flags | O_CREAT | O_EXCL, mode);
                if (fd >= 0) {
                        (void)fchmod(fd, mode); /* the umask may have removed bits */
                        return fd;
                }
                if (errno != EEXIST) {
                        return -1;
                }
                fd = open(path, flags);
                if (fd >= 0 || errno != ENOENT) {
                        return fd;
                }
        }
        return fd;
}

int files_append_error(const char *path)
{
        struct stat st;
        const char *slash = strrchr(path, '/');
        int found = is_of_system(path) ? stat(path, &st) : lstat(path, &st);
        if (found == 0) {
                return S_ISLNK(st.st_mode)       ? ELOOP
                       : S_ISDIR(st.st_mode)     ? EISDIR
                       : access(path, W_OK) != 0 ? errno
                                                 : 0;
        }
        if (errno != ENOENT) {
                return errno;
        }
        char folder[PATH_MAX] = ".";
        if (slash != NULL && (size_t)(slash - path) + 1 < sizeof folder) {
                memcpy(folder, path, (size_t)(slash - path) + 1);
                folder[slash - path + 1] = '\0';
        }
        if (slash != NULL && slash[1] == '\0') {
                return EISDIR;
        }
        return stat(folder, &st) != 0             ? errno
               : !S_ISDIR(st.st_mode)             ? ENOTDIR
               : access(folder, W_OK | X_OK) != 0 ? errno
                                                  : 0;
}

const char *files_why(int error)
{
        switch (error) {
        case ELOOP:
                return "it is a symbolic link, and links are not followed; specify the file that it points "
                       "to";
        case ENXIO: return "this pipe has no reader; start the reader first";
        case EWOULDBLOCK:
                return "another process, or another log of this process, writes to it; each log needs a file "
                       "of its own";
        default: return strerror(error);
        }
}

void files_warn_exposed(const char *path, const char *what)
{
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
                diag(DIAG_WARNING,
                     "%s holds %s, and other users can read or write it (mode %04o): run chmod 600 on it",
                     path, what, (unsigned)(st.st_mode & 07777));
        }
}
