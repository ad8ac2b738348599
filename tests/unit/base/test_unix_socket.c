#include "base/unix_socket.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        BACKLOG = 4,
        WITHOUT_LOCK_MS = 50, /* more than a program needs that does not wait */
};

static char folder[] = "/tmp/querytap-unix.XXXXXX";
static char path[64];

static int listen_here(mode_t mode, struct unix_socket_file *file)
{
        return unix_socket_listen(path, mode, BACKLOG, file);
}

static bool can_connect(const char *to)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        memcpy(address.sun_path, to, strlen(to) + 1);
        bool done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
        (void)close(fd);
        return done;
}

static void it_has_the_mode_that_was_asked_for(void)
{
        static const mode_t masks[] = {0, 022, 077, 0777};
        static const mode_t modes[] = {0666, 0660, 0600};
        for (size_t i = 0; i < 4; i++) {
                for (size_t k = 0; k < 3; k++) {
                        struct unix_socket_file file;
                        struct stat st;
                        mode_t before = umask(masks[i]);
                        int fd = listen_here(modes[k], &file);
                        (void)umask(before);
                        CU_ASSERT_TRUE_FATAL(fd >= 0);
                        CU_ASSERT_EQUAL(lstat(path, &st), 0);
                        CU_ASSERT_TRUE(S_ISSOCK(st.st_mode));
                        CU_ASSERT_EQUAL(st.st_mode & 07777, modes[k]);
                        CU_ASSERT_TRUE(can_connect(path));
                        CU_ASSERT_EQUAL(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
                        CU_ASSERT_EQUAL(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
                        (void)close(fd);
                        unix_socket_remove(&file);
                        CU_ASSERT_EQUAL(lstat(path, &st), -1);
                        unix_socket_remove(&file); /* once more is harmless */
                }
        }
}

static void a_file_that_nobody_listens_on_is_replaced(void)
{
        struct unix_socket_file dead;
        struct unix_socket_file file;
        struct stat st;
        int fd = listen_here(0600, &dead);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        (void)close(fd); /* as if it had been killed */
        CU_ASSERT_EQUAL(lstat(path, &st), 0);
        CU_ASSERT_EQUAL(unix_socket_objection(path), 0);
        fd = listen_here(0666, &file);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        CU_ASSERT_TRUE(can_connect(path));
        dead.inode ^= 1; /* the number may have been given to the new file */
        unix_socket_remove(&dead);
        CU_ASSERT_TRUE(can_connect(path)); /* another one's file stays */
        (void)close(fd);
        unix_socket_remove(&file);
}

static void a_file_that_is_used_stays(void)
{
        struct unix_socket_file first;
        struct unix_socket_file second;
        int fd = listen_here(0666, &first);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        errno = 0;
        CU_ASSERT_EQUAL(listen_here(0666, &second), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        unix_socket_remove(&second);
        CU_ASSERT_TRUE(can_connect(path));
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int waiting[3 * BACKLOG];
        memcpy(address.sun_path, path, strlen(path) + 1);
        for (int i = 0; i < 3 * BACKLOG; i++) { /* nor if its queue is full */
                waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                (void)connect(waiting[i], (struct sockaddr *)&address, sizeof address);
        }
        CU_ASSERT_EQUAL(errno, EAGAIN);
        CU_ASSERT_EQUAL(listen_here(0666, &second), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        for (int i = 0; i < 3 * BACKLOG; i++) {
                (void)close(waiting[i]);
        }
        (void)close(fd);
        unix_socket_remove(&first);
}

static void only_sockets_are_replaced(void)
{
        static const char text[] = "not a socket";
        struct unix_socket_file file;
        struct unix_socket_file dead;
        struct stat st;
        char target[80];
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CU_ASSERT_EQUAL(write(fd, text, sizeof text), sizeof text);
        (void)close(fd);
        CU_ASSERT_EQUAL(listen_here(0666, &file), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        CU_ASSERT_EQUAL(unix_socket_objection(path), EADDRINUSE);
        CU_ASSERT_EQUAL(lstat(path, &st), 0);
        CU_ASSERT_EQUAL(st.st_size, sizeof text);
        CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
        (void)unlink(path);
        /* a link to a dead socket is no socket: what it points at stays, too */
        (void)snprintf(target, sizeof target, "%s/target", folder);
        fd = unix_socket_listen(target, 0600, BACKLOG, &dead);
        CU_ASSERT_TRUE(fd >= 0);
        (void)close(fd);
        CU_ASSERT_EQUAL(symlink(target, path), 0);
        CU_ASSERT_EQUAL(listen_here(0666, &file), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        CU_ASSERT_NOT_EQUAL(unix_socket_objection(path), 0);
        CU_ASSERT_EQUAL(lstat(path, &st), 0);
        CU_ASSERT_TRUE(S_ISLNK(st.st_mode));
        CU_ASSERT_EQUAL(lstat(target, &st), 0);
        (void)unlink(path);
        unix_socket_remove(&dead);
        /* a datagram socket belongs to another program */
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        CU_ASSERT_EQUAL(listen_here(0666, &file), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        (void)close(fd);
        (void)unlink(path);
}

static void what_is_wrong_is_reported(void)
{
        struct unix_socket_file file;
        char longest[UNIX_SOCKET_PATH_MAX + 2];
        char missing[80];
        (void)snprintf(missing, sizeof missing, "%s/none/s", folder);
        CU_ASSERT_EQUAL(unix_socket_listen(missing, 0666, BACKLOG, &file), -1);
        CU_ASSERT_EQUAL(errno, ENOENT);
        CU_ASSERT_EQUAL(unix_socket_objection(missing), ENOENT);
        CU_ASSERT_EQUAL(unix_socket_listen(folder, 0666, BACKLOG, &file), -1);
        CU_ASSERT_EQUAL(errno, EADDRINUSE);
        CU_ASSERT_EQUAL(unix_socket_objection(folder), EISDIR);
        memset(longest, 'a', sizeof longest);
        memcpy(longest, folder, sizeof folder - 1);
        longest[sizeof folder - 1] = '/';
        longest[UNIX_SOCKET_PATH_MAX + 1] = '\0';
        CU_ASSERT_EQUAL(unix_socket_listen(longest, 0666, BACKLOG, &file), -1);
        CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
        CU_ASSERT_EQUAL(unix_socket_objection(longest), ENAMETOOLONG);
        longest[UNIX_SOCKET_PATH_MAX] = '\0';
        CU_ASSERT_EQUAL(unix_socket_objection(longest), 0);
        int fd = unix_socket_listen(longest, 0666, BACKLOG, &file);
        CU_ASSERT_TRUE(fd >= 0);
        CU_ASSERT_TRUE(can_connect(longest));
        (void)close(fd);
        unix_socket_remove(&file);
        CU_ASSERT_EQUAL(access(longest, F_OK), -1);
}

/** Another program finds a dead socket and replaces it: meanwhile this one must not regard the file as dead. */
static void of_two_that_start_at_once_one_listens(void)
{
        struct unix_socket_file dead;
        struct unix_socket_file file;
        int outcome[2];
        int fd = listen_here(0600, &dead);
        CU_ASSERT_TRUE_FATAL(fd >= 0 && pipe(outcome) == 0);
        (void)close(fd);
        int locked = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CU_ASSERT_EQUAL(flock(locked, LOCK_EX), 0);
        pid_t other = fork();
        if (other == 0) {
                (void)close(locked);
                bool listens = listen_here(0600, &file) >= 0;
                char byte = !listens && errno == EADDRINUSE ? 'y' : 'n';
                _exit(write(outcome[1], &byte, 1) == 1 ? 0 : 1);
        }
        struct pollfd early = {.fd = outcome[0], .events = POLLIN};
        CU_ASSERT_EQUAL(poll(&early, 1, WITHOUT_LOCK_MS), 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path, path, strlen(path) + 1);
        (void)unlink(path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        CU_ASSERT_EQUAL(listen(fd, BACKLOG), 0);
        (void)close(locked);
        char byte = 0;
        CU_ASSERT_EQUAL(read(outcome[0], &byte, 1), 1);
        CU_ASSERT_EQUAL(byte, 'y');
        CU_ASSERT_EQUAL(waitpid(other, NULL, 0), other);
        (void)close(fd);
        (void)close(outcome[0]);
        (void)close(outcome[1]);
        (void)unlink(path);
}

static const struct tap_test tests[] = {
    {"the file has the mode that was asked for", it_has_the_mode_that_was_asked_for},
    {"a file that nobody listens on is replaced", a_file_that_nobody_listens_on_is_replaced},
    {"a file that is used stays", a_file_that_is_used_stays},
    {"only sockets are replaced", only_sockets_are_replaced},
    {"what is wrong is reported", what_is_wrong_is_reported},
    {"of two that start at once, one listens", of_two_that_start_at_once_one_listens},
};

int main(void)
{
        if (mkdtemp(folder) == NULL) {
                return 1;
        }
        (void)snprintf(path, sizeof path, "%s/s", folder);
        int status = TAP_RUN("unix-socket", tests);
        (void)rmdir(folder);
        return status;
}
