#include "journal/sink/hook.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 50 };

/** The program gets the signal mask and dispositions that it expects: this thread blocks all signals. */
static int start(const char *program, const char *argument, pid_t *pid)
{
        union {
                const char *given;
                char *wanted; /* posix_spawn does not write to it */
        } name = {.given = program}, file = {.given = argument};
        char *argv[] = {name.wanted, file.wanted, NULL};
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_t actions;
        sigset_t none;
        sigset_t all;
        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        int error = posix_spawnattr_init(&attributes);
        if (error != 0) {
                return error;
        }
        error = posix_spawn_file_actions_init(&actions);
        if (error == 0) {
                (void)posix_spawnattr_setsigmask(&attributes, &none);
                (void)posix_spawnattr_setsigdefault(&attributes, &all);
                (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
                (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
                (void)posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
                error = posix_spawnp(pid, program, &actions, &attributes, argv, environ);
                (void)posix_spawn_file_actions_destroy(&actions);
        }
        (void)posix_spawnattr_destroy(&attributes);
        return error;
}

/* A running program. */
struct child {
        pid_t pid;
        int fd; /* readable when it has ended; -1: no descriptor was left, so it is polled */
        int status;
};

static bool has_ended(struct child *child)
{
        pid_t pid;
        do {
                pid = waitpid(child->pid, &child->status, WNOHANG);
        } while (pid < 0 && errno == EINTR);
        return pid != 0;
}

/** @return true if it ended in time. */
static bool wait_for(struct child *child, int stop_fd, unsigned most_ms, const _Atomic uint64_t *stop_ns)
{
        uint64_t until_ns = clock_mono_ns() + most_ms * CLOCK_MS_NS;
        bool stopping = false;
        for (;;) {
                uint64_t now_ns = clock_mono_ns();
                if (has_ended(child)) {
                        return true;
                }
                if (now_ns >= until_ns) {
                        return false;
                }
                uint64_t left_ms = (until_ns - now_ns) / CLOCK_MS_NS + 1;
                bool must_look = child->fd < 0 && left_ms > LOOK_MS;
                struct pollfd p[] = {{.fd = child->fd, .events = POLLIN},
                                     {.fd = stopping ? -1 : stop_fd, .events = POLLIN}};
                (void)poll(p, 2, must_look ? LOOK_MS : (int)left_ms);
                if (p[1].revents != 0) {
                        uint64_t end_ns = atomic_load(stop_ns);
                        until_ns = end_ns < until_ns ? end_ns : until_ns;
                        stopping = true;
                }
        }
}

static bool is_executable(const char *path)
{
        struct stat st;
        if (stat(path, &st) != 0) {
                return false;
        }
        if (!S_ISREG(st.st_mode)) {
                errno = EACCES;
                return false;
        }
        return access(path, X_OK) == 0;
}

bool hook_is_found(const char *program)
{
        char path[PATH_MAX];
        const char *folders = getenv("PATH");
        if (strchr(program, '/') != NULL) {
                return is_executable(program);
        }
        folders = folders != NULL ? folders : "/bin:/usr/bin"; /* as execvp does */
        while (folders != NULL) {
                int len = (int)strcspn(folders, ":");
                (void)snprintf(path, sizeof path, "%.*s%s%s", len, folders, len > 0 ? "/" : "", program);
                if (is_executable(path)) {
                        return true;
                }
                folders = folders[len] == ':' ? folders + len + 1 : NULL;
        }
        errno = ENOENT;
        return false;
}

bool hook_run(const char *program, const char *argument, int stop_fd, unsigned most_ms,
              const _Atomic uint64_t *stop_ns)
{
        struct child child = {.fd = -1};
        int error = start(program, argument, &child.pid);
        if (error != 0) {
                diag(DIAG_WARNING, "log.rotate_hook %s can't be started: %s", program, strerror(error));
                return false;
        }
        child.fd = pidfd_open(child.pid, 0);
        bool in_time = wait_for(&child, stop_fd, most_ms, stop_ns);
        if (child.fd >= 0) {
                (void)close(child.fd);
        }
        if (!in_time) {
                (void)kill(child.pid, SIGKILL);
                while (waitpid(child.pid, &child.status, 0) < 0 && errno == EINTR) {
                }
                diag(DIAG_WARNING, "log.rotate_hook %s took too long for %s and was killed", program,
                     argument);
                return false;
        }
        int status = child.status;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                diag(DIAG_WARNING, "log.rotate_hook %s failed for %s: %s %d", program, argument,
                     WIFEXITED(status) ? "exit status" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
                return false;
        }
        return true;
}
