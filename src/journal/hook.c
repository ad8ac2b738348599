#include "journal/hook.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/** A signal mask and dispositions as a program expects them; ours are those of a thread that takes no signals. */
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

/** @return true if it ended in time. */
static bool wait_for(int pid_fd, int stop_fd, unsigned most_ms, unsigned grace_ms)
{
        uint64_t until_ns = clock_mono_ns() + most_ms * CLOCK_MS_NS;
        bool stopping = false;
        for (;;) {
                uint64_t now_ns = clock_mono_ns();
                if (now_ns >= until_ns) {
                        return false;
                }
                struct pollfd p[] = {{.fd = pid_fd, .events = POLLIN},
                                     {.fd = stopping ? -1 : stop_fd, .events = POLLIN}};
                (void)poll(p, 2, (int)((until_ns - now_ns) / CLOCK_MS_NS + 1));
                if (p[0].revents != 0) {
                        return true;
                }
                if (p[1].revents != 0) {
                        uint64_t end_ns = clock_mono_ns() + grace_ms * CLOCK_MS_NS;
                        until_ns = end_ns < until_ns ? end_ns : until_ns;
                        stopping = true;
                }
        }
}

bool hook_run(const char *program, const char *argument, int stop_fd, unsigned most_ms, unsigned grace_ms)
{
        pid_t pid = 0;
        int status = 0;
        int error = start(program, argument, &pid);
        if (error != 0) {
                diag(DIAG_WARNING, "log.rotate_hook %s can't be started: %s", program, strerror(error));
                return false;
        }
        int pid_fd = pidfd_open(pid, 0);
        bool in_time = pid_fd >= 0 && wait_for(pid_fd, stop_fd, most_ms, grace_ms);
        if (pid_fd >= 0) {
                if (!in_time) {
                        (void)kill(pid, SIGKILL);
                }
                (void)close(pid_fd);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (pid_fd >= 0 && !in_time) {
                diag(DIAG_WARNING, "log.rotate_hook %s took too long for %s and was killed", program,
                     argument);
                return false;
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                diag(DIAG_WARNING, "log.rotate_hook %s failed for %s: %s %d", program, argument,
                     WIFEXITED(status) ? "exit status" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
                return false;
        }
        return true;
}
