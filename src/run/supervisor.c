#include "run/supervisor.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/shown.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        GRACE_MS = 2000, /* for processes left behind, between SIGTERM and SIGKILL */
        POLL_MS = 20,
        SIGNALED = 128,
        NAMED_MAX = 5, /* processes left behind that are named */
        COMMAND_MAX = 32,
};

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { PASSED_ON = sizeof passed_on / sizeof passed_on[0] };

/* --- processes left behind ------------------------------------------------------------------------------------------ */

/** Call @p see for each child of ours that is still running. */
static void each_child(struct supervisor *s, void (*see)(struct supervisor *s, pid_t pid, const char *name))
{
        DIR *dir = opendir("/proc");
        const struct dirent *entry;
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
                char path[64];
                char line[256] = "";
                long pid = strtol(entry->d_name, NULL, 10);
                (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
                FILE *file = pid > 0 ? fopen(path, "re") : NULL;
                if (file == NULL) {
                        continue;
                }
                char *end = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
                char *name = strchr(line, '(');
                (void)fclose(file);
                /* pid (name) state parent */
                if (end != NULL && name != NULL && end[1] == ' ' && end[2] != 'Z' &&
                    strtol(end + 3, NULL, 10) == (long)getpid()) {
                        *end = '\0';
                        see(s, (pid_t)pid, name + 1);
                }
        }
        if (dir != NULL) {
                (void)closedir(dir);
        }
}

static void terminate(struct supervisor *s, pid_t pid, const char *name)
{
        (void)s;
        (void)name;
        (void)kill(pid, SIGTERM);
}

static void destroy(struct supervisor *s, pid_t pid, const char *name)
{
        (void)s;
        (void)name;
        (void)kill(pid, SIGKILL);
}

static void report(struct supervisor *s, pid_t pid, const char *command)
{
        if (s->left_behind++ < NAMED_MAX) {
                diag(DIAG_WARNING, "the command left a process behind, which is ended: %.*s (%ld)",
                     COMMAND_MAX, command, (long)pid);
        }
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

static void enter(struct supervisor *s, enum supervisor_state state)
{
        static const struct timeval poll = {0, POLL_MS * 1000};
        s->state = state;
        if (state == SUPERVISOR_LEFT_BEHIND) {
                each_child(s, report);
                each_child(s, terminate);
                s->deadline_ns = s->interrupts > 1 ? 0 : clock_mono_ns() + GRACE_MS * CLOCK_MS_NS;
                (void)event_add(s->timer, &poll);
        } else if (state == SUPERVISOR_ENDED) {
                (void)event_del(s->timer);
                (void)event_base_loopbreak(s->base);
        }
}

/** Take the status of all children that have ended. */
static void reap(struct supervisor *s)
{
        pid_t pid;
        int status;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid == s->pid) {
                        s->status = status;
                        s->pid = 0;
                }
        }
        bool is_none_left = pid < 0 && errno == ECHILD;
        if (s->state == SUPERVISOR_RUNNING && s->pid == 0) {
                enter(s, is_none_left ? SUPERVISOR_ENDED : SUPERVISOR_LEFT_BEHIND);
        } else if (s->state == SUPERVISOR_LEFT_BEHIND && is_none_left) {
                enter(s, SUPERVISOR_ENDED);
        }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct supervisor *s = arg;
        (void)fd;
        (void)what;
        if (s->state == SUPERVISOR_LEFT_BEHIND && clock_mono_ns() >= s->deadline_ns) {
                each_child(s, destroy); /* again until none is left: their children become ours */
        }
        reap(s);
}

/* --- signals -------------------------------------------------------------------------------------------------------- */

static void on_signal(struct supervisor *s, const struct signalfd_siginfo *info)
{
        int number = (int)info->ssi_signo;
        if (number == SIGCHLD) {
                reap(s);
                return;
        }
        if (number != SIGUSR1 && number != SIGUSR2) {
                s->signal = number;
        }
        s->interrupts += number == SIGINT ? 1 : 0;
        if (s->interrupts > 1 && number == SIGINT) {
                s->deadline_ns = 0;
                each_child(s, destroy);
        } else if (s->state == SUPERVISOR_RUNNING && s->pid > 0 && info->ssi_code != SI_KERNEL) {
                (void)kill(s->pid, number);
        }
}

static void on_signals(evutil_socket_t fd, short what, void *arg)
{
        struct signalfd_siginfo info;
        (void)what;
        while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
                on_signal(arg, &info);
        }
}

enum status supervisor_init(struct supervisor *s, struct event_base *base)
{
        sigset_t set;
        *s = (struct supervisor){.base = base, .fd = -1};
        struct sigaction pipe_action;
        s->ignores_pipe = sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_IGN;
        (void)signal(SIGPIPE, SIG_IGN);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGCHLD);
        for (size_t i = 0; i < PASSED_ON; i++) {
                (void)sigaddset(&set, passed_on[i]);
        }
        (void)pthread_sigmask(SIG_BLOCK, &set, &s->before);
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        s->signals = s->fd >= 0 ? event_new(base, s->fd, EV_READ | EV_PERSIST, on_signals, s) : NULL;
        s->timer = event_new(base, -1, EV_PERSIST, on_timer, s);
        if (s->signals == NULL || s->timer == NULL || event_add(s->signals, NULL) != 0) {
                diag(DIAG_ERROR, "signals can't be received: %s", strerror(errno));
                return STATUS_IO;
        }
        return STATUS_OK;
}

int supervisor_start(struct supervisor *s, char **arguments, char **environment)
{
        posix_spawnattr_t attributes;
        sigset_t defaults;
        int error = posix_spawnattr_init(&attributes);
        if (error != 0) {
                return error;
        }
        (void)sigemptyset(&defaults);
        if (!s->ignores_pipe) {
                (void)sigaddset(&defaults, SIGPIPE); /* we ignore it; the command should not */
        }
        (void)posix_spawnattr_setsigmask(&attributes, &s->before);
        (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        error = posix_spawnp(&s->pid, arguments[0], NULL, &attributes, arguments, environment);
        (void)posix_spawnattr_destroy(&attributes);
        if (error == 0) {
                enter(s, SUPERVISOR_RUNNING);
        }
        return error;
}

void supervisor_run(struct supervisor *s)
{
        while (s->state != SUPERVISOR_ENDED && event_base_dispatch(s->base) == 0) {
        }
}

void supervisor_fini(struct supervisor *s)
{
        if (s->signals != NULL) {
                event_free(s->signals);
        }
        if (s->timer != NULL) {
                event_free(s->timer);
        }
        if (s->base != NULL && s->fd >= 0) {
                (void)close(s->fd);
        }
}

int supervisor_exit(const struct supervisor *s)
{
        return WIFEXITED(s->status) ? WEXITSTATUS(s->status) : SIGNALED + WTERMSIG(s->status);
}
