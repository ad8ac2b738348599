/** @file client.h  Asking a running proxy's admin port.
 * Threads: main.   Errors are said. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdbool.h>

/** Where to ask, and in which form; from a command's flags. */
struct client_options {
        const char *admin; /**< host:port */
        bool json;
        const char *count; /**< -n, or NULL */
};

/** Take --admin, --format and -n out of argv; what is left stays in order. @return false (said) for anything wrong. */
bool client_parse(struct client_options *options, int *argc, char **argv);

/** Print the answer to standard output as it comes. @return an exit status. */
int client_get(const struct client_options *options, const char *path);
int client_post(const struct client_options *options, const char *path);

#endif
