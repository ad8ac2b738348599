/** @file supervisor.h  Runs a command to its end, on an event loop: signals, and processes that it leaves behind.
 *
 *      start -> RUNNING -> the command ends -> LEFT_BEHIND: its other processes get SIGTERM, then SIGKILL -> ENDED
 *
 * The command is in our process group, so the terminal works for it as without us, and its ^C reaches the command itself. Signals that
 * another process sends to us are passed on to the command. The second SIGINT kills the command and all its processes.
 * Processes whose parent has ended become our children (PR_SET_CHILD_SUBREAPER), so that none is forgotten.
 * Threads: main; supervisor_init before other threads start.   Memory: STAGE_MAIN. */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include "base/status.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event;
struct event_base;

struct supervisor {
        struct event_base *base;
        struct event *signals; /**< of the signalfd */
        struct event *timer;
        int fd;
        sigset_t before;   /**< the signals that were blocked before */
        bool ignores_pipe; /**< whoever started us ignores SIGPIPE */
        enum supervisor_state {
                SUPERVISOR_IDLE,
                SUPERVISOR_RUNNING,
                SUPERVISOR_LEFT_BEHIND,
                SUPERVISOR_ENDED
        } state;
        pid_t pid;
        int status;           /**< of waitpid, of the command */
        unsigned interrupts;  /**< how often SIGINT came */
        int signal;           /**< the last that we received which ends programs; 0 = none */
        unsigned left_behind; /**< processes that the command left */
        uint64_t deadline_ns; /**< monotonic: when they are killed */
};

/** Block the signals; from now on they are handled by @p base. */
enum status supervisor_init(struct supervisor *s, struct event_base *base);
/** Start @p arguments, with @p environment. @return 0, or the errno for which it can't be started. */
int supervisor_start(struct supervisor *s, char **arguments, char **environment);
/** Run the loop until the command and all of its processes have ended. */
void supervisor_run(struct supervisor *s);
void supervisor_fini(struct supervisor *s);

/** The exit status as a shell has it: that of the command, or 128 and the number of the signal that ended it. */
int supervisor_exit(const struct supervisor *s);

#endif
