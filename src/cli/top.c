/* top: statistics of statements by their digest, updated every second on a terminal. */
#include "cli/commands.h"

#include "base/diag.h"
#include "cli/client.h"
#include "cli/exit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EVERY_MS = 1000, HEAD_LINES = 5, ROWS_USUAL = 20 };

/** The size of the terminal, which may change at any time. */
static void measure(unsigned *columns, unsigned *rows)
{
        struct winsize size;
        bool known =
            ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > HEAD_LINES + 1 && size.ws_col > 0;
        *columns = known ? size.ws_col : 0;
        *rows = known ? (unsigned)size.ws_row - HEAD_LINES - 1 : ROWS_USUAL;
}

static int show(const struct client_options *options, const char *order)
{
        char path[128];
        unsigned columns = 0;
        unsigned rows = ROWS_USUAL;
        char count[24];
        if (isatty(STDOUT_FILENO) && strcmp(options->format, "text") == 0) {
                measure(&columns, &rows);
                (void)fputs("\033[H\033[2J", stdout);
        }
        (void)snprintf(count, sizeof count, "%u", rows);
        (void)snprintf(path, sizeof path, "/digests?sort=%s&n=%s&width=%u", order,
                       options->count != NULL ? options->count : count, columns);
        int status = client_get(options, path);
        (void)fflush(stdout);
        return status;
}

/** Wait until the next update. @return false if the user has pressed Ctrl-C. */
static bool wait_for_update(void)
{
        sigset_t interrupt;
        const struct timespec pause = {.tv_sec = EVERY_MS / 1000, .tv_nsec = EVERY_MS % 1000 * 1000000L};
        (void)sigemptyset(&interrupt);
        (void)sigaddset(&interrupt, SIGINT);
        return sigtimedwait(&interrupt, NULL, &pause) != SIGINT;
}

int command_top(int argc, char **argv)
{
        struct client_options options;
        if (!client_parse(&options, &argc, argv, NULL, 0)) {
                return EXIT_USAGE;
        }
        if (options.count != NULL && (*options.count == '\0' || strlen(options.count) > 9 ||
                                      strspn(options.count, "0123456789") != strlen(options.count))) {
                diag(DIAG_ERROR, "-n needs a number, not '%s'", options.count);
                return EXIT_USAGE;
        }
        if (argc > 2 ||
            (argc == 2 && strspn(argv[1], "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(argv[1]))) {
                diag(DIAG_ERROR,
                     "usage: querytap top [-n COUNT] [time|active|count|errors|max|p99|rows|last]");
                return EXIT_USAGE;
        }
        bool live = isatty(STDOUT_FILENO) && strcmp(options.format, "text") == 0;
        bool interrupted = false;
        const char *order = argc == 2 ? argv[1] : live ? "active" : "time";
        options.interrupted = &interrupted;
        int status = show(&options, order);
        if (!live || status != EXIT_DONE) {
                return status;
        }
        sigset_t interrupt;
        (void)sigemptyset(&interrupt);
        (void)sigaddset(&interrupt, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &interrupt, NULL); /* sigtimedwait gets it between requests */
        while (status == EXIT_DONE && !interrupted && wait_for_update()) {
                status = show(&options, order);
        }
        return status;
}
