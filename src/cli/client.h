/** @file client.h  Asking a running proxy's admin port.
 * Threads: main.   Errors are said. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/flags.h"
#include "settings/settings.h"

/** Where to ask, and in which form; from a command's flags. */
struct client_options {
        char admin[SETTINGS_TEXT_MAX]; /**< host:port: --admin, or as -c FILE says, or the default */
        const char *format;            /**< text, json; of records ltsv and slow too */
        bool verbose;                  /**< text with its details */
        bool endless;                  /**< silence is no failure: the answer is a stream */
        const char *count;             /**< -n, or NULL */
        char filter[2048];             /**< of records: "&user=…", ready for a path */
        const char *fails_with; /**< a header of the answer that makes it a failure (status 1), or NULL */
        bool *interrupted;      /**< set when the user ended it; NULL: nobody asks */
};

/** Take --admin, -c, --format, -n and the @p n_more flags of @p more out of argv; what is left stays in order.
 *  @return false, and says why, if something is wrong. */
bool client_parse(struct client_options *options, int *argc, char **argv, const struct flag *more,
                  size_t n_more);
/** The same for a command that shows records: in any of their formats, with --verbose and the flags of filters. */
bool client_parse_records(struct client_options *options, int *argc, char **argv);

/** Print the answer to standard output as it comes. @return an exit status. */
int client_get(const struct client_options *options, const char *path);
int client_post(const struct client_options *options, const char *path);

#endif
