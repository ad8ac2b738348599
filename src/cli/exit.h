/** @file exit.h  How a command ends: what it returns, and the program exits with. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1, /**< the reason is on standard error */
        EXIT_USAGE = 2,  /**< called wrongly; what is wrong is on standard error */
};

#endif
