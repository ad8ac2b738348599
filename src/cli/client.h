/** @file client.h  Requests to the admin port of a running proxy. Errors are reported on standard error.
 * Threads: main. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/flags.h"
#include "settings/settings.h"

#include <stdio.h>

struct address;

enum { CLIENT_FILTER_MAX = 8192 };

/** Where to send a request, and what to ask for; from the flags of a command. */
struct client_options {
        char admin[SETTINGS_TEXT_MAX]; /**< host:port, from --admin, the file of -c, or the default */
        const char *format;            /**< "text" or "json"; for records "ltsv" and "slow" too */
        bool verbose;                  /**< for records as text: with their details */
        bool endless;                  /**< the response is a stream, and may pause for any time */
        bool may_end;                  /**< an endless response may end though the proxy does not stop */
        bool records;                  /**< it asks for records, which can be in color */
        const char *group;             /**< for records: "transaction" or "scope" to group them; NULL = not */
        bool since;                    /**< --since is in `filter` */
        const char *count;             /**< the value of -n; NULL if it is not there */
        char filter[CLIENT_FILTER_MAX]; /**< for records: "&user=…", to be added to a path */
        const char *fails_with; /**< a header that makes the response a failure (EXIT_FAILED); NULL = none */
        bool *interrupted;      /**< set when the user interrupts the request; may be NULL */
        /** Where the response goes, and the sentence of a response that is an error; NULL = standard output and standard error. If @p err is
         *  set, the caller reports why there is no response. */
        FILE *out;
        FILE *err;
        /** Called with @p tick_arg several times a second until the response is complete; NULL = nothing is. */
        void (*tick)(void *arg);
        void *tick_arg;
        /** The request is interrupted when one of these becomes readable; ends with -1; NULL = none. */
        const int *watched;
};

/** Take --admin, -c, --format, -n and the @p n_more flags of @p more out of argv; the other arguments stay in order.
 *  @return false if something is wrong, which is reported. */
bool client_parse(struct client_options *options, int *argc, char **argv, const struct flag *more,
                  size_t n_more);
/** The same for a command that shows records: with all their formats, --verbose and the flags of filters. */
bool client_parse_records(struct client_options *options, int *argc, char **argv);

/** Add a parameter to options->filter. @return false if there is no room for it. */
bool client_add_parameter(struct client_options *options, const char *name, const char *value);
/** Add the words of argv from @p first on, joined by blanks, as an expression of the filter language (querytap-filter(7)).
 *  @return false if they are too long, which is reported. */
bool client_add_expression(struct client_options *options, int first, int argc, char **argv);

/** Is @p text a number that the admin port reads: digits only, and not too many? */
bool client_is_number(const char *text);
/** Where the admin port is; localhost is 127.0.0.1, as for the proxy. @return false if @p options were not parsed. */
bool client_address(const struct client_options *options, struct address *out);
/** The columns of the terminal to which standard output leads; 0 if it leads elsewhere. */
unsigned client_columns(void);
/** Report that the proxy has stopped, or that the connection to it was lost. @return the exit status for that. */
int client_report_stop(const struct client_options *options);
int client_report_loss(const struct client_options *options);
/** The same for no response at all. */
int client_report_silence(const struct client_options *options);
/** Print the response to standard output as it arrives. @return an exit status (exit.h); EXIT_USAGE if the proxy objects to a parameter. */
int client_get(const struct client_options *options, const char *path);
int client_post(const struct client_options *options, const char *path);

#endif
