#include "base/unix_socket.h"

#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 100, LOCK_PAUSE_MS = 10 };

_Static_assert(sizeof((struct sockaddr_un *)NULL)->sun_path == UNIX_SOCKET_PATH_MAX + 1,
               "the path must fit in an address");

/** The folder of @p path, open and locked; -1 if it can't be. Others may lock it, too, and for other purposes: that is waited for,
 *  but not for ever. */
static int lock_folder(const char *path)
{
        const struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
        const char *slash = strrchr(path, '/');
        char folder[UNIX_SOCKET_PATH_MAX + 1] = ".";
        if (slash != NULL) {
                size_t len = slash == path ? 1 : (size_t)(slash - path);
                memcpy(folder, path, len);
                folder[len] = '\0';
        }
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
                (void)nanosleep(&pause, NULL);
        }
        return fd;
}

/** Remove a socket that nobody listens on. A symbolic link is no socket: it is not followed. */
static void remove_stale(const struct sockaddr_un *address)
{
        struct stat st;
        if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
                return;
        }
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (probe >= 0) {
                if (connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
                    errno == ECONNREFUSED) {
                        (void)unlink(address->sun_path);
                }
                (void)close(probe);
        }
}

/** Nobody can connect before listen(2), so that the permissions apply from the beginning. */
static bool listen_on(int fd, const struct sockaddr_un *address, mode_t mode, int backlog,
                      struct unix_socket_file *file)
{
        struct stat st;
        if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
                return false;
        }
        if (lstat(address->sun_path, &st) == 0) {
                memcpy(file->path, address->sun_path, sizeof file->path);
                file->device = st.st_dev;
                file->inode = st.st_ino;
        }
        return chmod(address->sun_path, mode) == 0 && listen(fd, backlog) == 0;
}

int unix_socket_listen(const char *path, mode_t mode, int backlog, struct unix_socket_file *file)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        *file = (struct unix_socket_file){.path = ""};
        if (strlen(path) > UNIX_SOCKET_PATH_MAX) {
                errno = ENAMETOOLONG;
                return -1;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
                return -1;
        }
        int folder = lock_folder(path);
        remove_stale(&address);
        bool done = listen_on(fd, &address, mode, backlog, file);
        int error = errno;
        if (!done) {
                unix_socket_remove(file);
                (void)close(fd);
        }
        if (folder >= 0) {
                (void)close(folder);
        }
        errno = error;
        return done ? fd : -1;
}

void unix_socket_remove(struct unix_socket_file *file)
{
        struct stat now;
        if (file->path[0] != '\0' && lstat(file->path, &now) == 0 && now.st_dev == file->device &&
            now.st_ino == file->inode) {
                (void)unlink(file->path);
        }
        file->path[0] = '\0';
}

int unix_socket_objection(const char *path)
{
        struct stat st;
        if (strlen(path) > UNIX_SOCKET_PATH_MAX) {
                return ENAMETOOLONG;
        }
        bool other = lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode) && !S_ISDIR(st.st_mode);
        return other ? EADDRINUSE : files_append_error(path);
}
