/** @file exit.h  The exit statuses of the commands. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1, /**< the reason was reported */
        EXIT_USAGE = 2,  /**< wrong arguments or settings, which were reported */
};

#endif
