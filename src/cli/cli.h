/** @file cli.h  The commands of querytap: from argv to an exit status (exit.h).
 * Threads: main. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>

/** Run the command argv[1] with the rest of argv as its arguments. @return an exit status (exit.h). */
int cli_main(int argc, char **argv);
/** The name of command @p i, for the test of the manual; NULL past the last. */
const char *cli_command(size_t i);

#endif
