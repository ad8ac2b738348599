/** @file cli.h  The commands of querytap: from argv to an exit status.
 * 0 = done, 1 = it failed (said on standard error), 2 = used wrongly (said). */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/** Run argv[1] with the rest of argv. */
int cli_main(int argc, char **argv);
/** Name of the command in row @p i of the table, for the manual's test; NULL past the last. */
const char *cli_command(size_t i);

/* The commands; argv[0] is the command's own name. */
int cli_proxy(int argc, char **argv);
int cli_tail(int argc, char **argv);
int cli_sessions(int argc, char **argv);
int cli_stages(int argc, char **argv);
int cli_heap(int argc, char **argv);
int cli_digest(int argc, char **argv);
int cli_top(int argc, char **argv);
int cli_hex(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_schema(int argc, char **argv);
int cli_version(int argc, char **argv);

/* Subcommands of heap, which tells their usage. */
int cli_explain(int argc, char **argv, const char *usage);
int cli_watch(int argc, char **argv, const char *usage);

#endif
