/** @file cli.h  The commands of querytap: from argv to an exit status (exit.h).
 * Threads: main. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>

/** Run argv[1] with the rest of argv. */
int cli_main(int argc, char **argv);
/** Name of the command in row @p i of the table, for the manual's test; NULL past the last. */
const char *cli_command(size_t i);

#endif
