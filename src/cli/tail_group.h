/** @file tail_group.h  tail --group: follow the log records, grouped by transaction or scope (grouper.h).
 * Threads: main. */
#ifndef CLI_TAIL_GROUP_H
#define CLI_TAIL_GROUP_H

#include "cli/client.h"

/** Request @p path, a stream of records, and print it in groups by options->group. @return an exit status (exit.h). */
int tail_group(struct client_options *options, const char *path);

#endif
