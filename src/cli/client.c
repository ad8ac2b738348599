#include "cli/client.h"

#include "base/diag.h"
#include "cli/cli.h"
#include "proxy/net/address.h"
#include "rules/filter.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 30, YEAR_S = 365 * 24 * 3600, OK_FIRST = 200, OK_LAST = 299 };

/* --- flags --------------------------------------------------------------------------------------------------------- */

/** The value of a flag at argv[*i], as --flag VALUE or --flag=VALUE; NULL if it is another flag or has none. */
static const char *flag_value(const char *flag, int argc, char **argv, int *i)
{
        const char *arg = argv[*i];
        size_t len = strlen(flag);
        if (arg == NULL || strncmp(arg, flag, len) != 0) {
                return NULL;
        }
        if (arg[len] == '=') {
                return arg + len + 1;
        }
        return arg[len] == '\0' && *i + 1 < argc ? argv[++*i] : NULL;
}

/** @p names ends in NULL. */
static bool set_format(struct client_options *options, const char *value, const char *const *names)
{
        for (size_t i = 0; names[i] != NULL; i++) {
                if (strcmp(value, names[i]) == 0) {
                        options->format = names[i];
                        return true;
                }
        }
        diag(DIAG_ERROR, "--format must be %s, not '%s'",
             names[2] != NULL ? "text, json, ltsv or slow" : "text or json", value);
        return false;
}

/** Take a flag such as --user or --min-duration. @return false if it is none, or is too long (said). */
static bool take_filter(struct client_options *options, int argc, char **argv, int *i)
{
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                char flag[32];
                (void)snprintf(flag, sizeof flag, "--%s", filter_keys[key]);
                for (char *c = flag; *c != '\0'; c++) {
                        *c = *c == '_' ? '-' : *c;
                }
                bool bare = key == FILTER_ERRORS && strcmp(argv[*i], flag) == 0;
                const char *value = bare ? "1" : flag_value(flag, argc, argv, i);
                if (value == NULL) {
                        continue;
                }
                char *encoded = evhttp_uriencode(value, -1, 0);
                size_t at = strlen(options->filter);
                int n = encoded == NULL ? -1
                                        : snprintf(options->filter + at, sizeof options->filter - at,
                                                   "&%s=%s", filter_keys[key], encoded);
                free(encoded);
                if (n < 0 || (size_t)n >= sizeof options->filter - at) {
                        diag(DIAG_ERROR, "%s: too long", flag);
                        return false;
                }
                return true;
        }
        return false;
}

static bool parse(struct client_options *options, int *argc, char **argv, bool records)
{
        static const char *const of_records[] = {"text", "json", "ltsv", "slow", NULL};
        static const char *const of_others[] = {"text", "json", NULL};
        int kept = 1;
        *options = (struct client_options){.format = of_others[0]};
        struct settings settings;
        const char *admin = NULL;
        settings_defaults(&settings);
        for (int i = 1; i < *argc; i++) {
                const char *arg = argv[i];
                const char *value;
                if ((value = flag_value("--admin", *argc, argv, &i)) != NULL) {
                        admin = value;
                } else if ((value = flag_value("-c", *argc, argv, &i)) != NULL ||
                           (value = flag_value("--config", *argc, argv, &i)) != NULL) {
                        if (settings_load(&settings, value) != STATUS_OK) {
                                return false;
                        }
                } else if ((value = flag_value("--format", *argc, argv, &i)) != NULL) {
                        if (!set_format(options, value, records ? of_records : of_others)) {
                                return false;
                        }
                } else if (records && strcmp(arg, "--verbose") == 0) {
                        options->verbose = true;
                } else if ((value = flag_value("-n", *argc, argv, &i)) != NULL) {
                        options->count = value;
                } else if (records && arg[0] == '-' && take_filter(options, *argc, argv, &i)) {
                        continue;
                } else if (arg[0] == '-') {
                        diag(DIAG_ERROR, "unknown option %s, or its value is missing", arg);
                        return false;
                } else {
                        argv[kept++] = argv[i];
                }
        }
        *argc = kept;
        (void)snprintf(options->admin, sizeof options->admin, "%s", admin != NULL ? admin : settings.admin);
        return true;
}

bool client_parse(struct client_options *options, int *argc, char **argv)
{
        return parse(options, argc, argv, false);
}

bool client_parse_records(struct client_options *options, int *argc, char **argv)
{
        return parse(options, argc, argv, true);
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

struct talk {
        bool *interrupted;
        const char *fails_with;
        struct event_base *base;
        int status;
        bool begun; /* an answer came, or a part of it */
        bool done;
};

static void on_chunk(struct evhttp_request *request, void *arg)
{
        struct talk *talk = arg;
        struct evbuffer *in = evhttp_request_get_input_buffer(request);
        talk->begun = true;
        int code = evhttp_request_get_response_code(request);
        FILE *out = code >= OK_FIRST && code <= OK_LAST ? stdout : stderr;
        while (evbuffer_get_length(in) > 0) {
                char buffer[16384];
                int n = evbuffer_remove(in, buffer, sizeof buffer);
                if (n <= 0 || fwrite(buffer, 1, (size_t)n, out) != (size_t)n) {
                        break;
                }
        }
        if (fflush(out) != 0 || ferror(out)) {
                if (errno != EPIPE) { /* else whoever reads has enough */
                        diag(DIAG_ERROR, "the response can't be written: %s", strerror(errno));
                }
                talk->done = true;
                talk->status = EXIT_FAILED;
                (void)event_base_loopbreak(talk->base);
        }
}

static void on_end(struct evhttp_request *request, void *arg)
{
        struct talk *talk = arg;
        int code = request != NULL ? evhttp_request_get_response_code(request) : 0;
        if (code > 0 && !talk->done) {
                on_chunk(request, arg);
        }
        if (code > 0 && !talk->done) { /* and it could be written */
                bool is_bad =
                    talk->fails_with != NULL &&
                    evhttp_find_header(evhttp_request_get_input_headers(request), talk->fails_with) != NULL;
                talk->status = code >= OK_FIRST && code <= OK_LAST && !is_bad ? EXIT_DONE : EXIT_FAILED;
                talk->done = true;
        }
        (void)event_base_loopbreak(talk->base);
}

static void on_interrupt(evutil_socket_t number, short what, void *arg)
{
        struct talk *talk = arg;
        (void)number;
        (void)what;
        talk->status = EXIT_DONE;
        talk->done = true;
        if (talk->interrupted != NULL) {
                *talk->interrupted = true;
        }
        (void)event_base_loopbreak(talk->base);
}

static int ask(const struct client_options *options, const struct address *address,
               enum evhttp_cmd_type method, const char *path)
{
        struct talk talk = {.interrupted = options->interrupted,
                            .fails_with = options->fails_with,
                            .base = event_base_new(),
                            .status = EXIT_FAILED};
        struct evhttp_connection *connection = NULL;
        struct evhttp_request *request = NULL;
        struct event *interrupt = NULL;
        if (talk.base != NULL) {
                connection = evhttp_connection_base_new(talk.base, NULL, address->host, address->port);
                request = evhttp_request_new(on_end, &talk);
                interrupt = evsignal_new(talk.base, SIGINT, on_interrupt, &talk);
        }
        if (connection == NULL || request == NULL || interrupt == NULL || event_add(interrupt, NULL) != 0) {
                diag(DIAG_ERROR, "out of memory");
                goto out;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        evhttp_connection_set_timeout(connection, options->endless ? YEAR_S : PATIENCE_S);
        evhttp_request_set_chunked_cb(request, on_chunk);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Host", options->admin);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
        if (evhttp_make_request(connection, request, method, path) == 0) {
                request = NULL; /* the connection's from now on */
                (void)event_base_dispatch(talk.base);
        }
        if (!talk.done && talk.begun) {
                diag(DIAG_ERROR, "the proxy at %s closed the connection before its response was complete",
                     options->admin);
        } else if (!talk.done) {
                diag(DIAG_ERROR,
                     "no response from the admin port at %s: is a proxy running there? (--admin HOST:PORT)",
                     options->admin);
        }
out:
        if (interrupt != NULL) {
                event_free(interrupt);
        }
        if (connection != NULL) {
                evhttp_connection_free(connection);
        } else if (request != NULL) {
                evhttp_request_free(request);
        }
        if (talk.base != NULL) {
                event_base_free(talk.base);
        }
        return talk.status;
}

static int talk_to(const struct client_options *options, enum evhttp_cmd_type method, const char *path)
{
        struct address address;
        if (address_parse(options->admin, &address) != STATUS_OK || address.is_unix) {
                diag(DIAG_ERROR,
                     "'%s' is not the address of an admin port: specify one with --admin HOST:PORT",
                     options->admin);
                return EXIT_USAGE;
        }
        char full[4096];
        bool is_text = strcmp(options->format, "text") == 0;
        (void)snprintf(full, sizeof full, "%s%cformat=%s%s%s", path, strchr(path, '?') != NULL ? '&' : '?',
                       options->format, options->verbose ? "&verbose=1" : "",
                       is_text && isatty(STDOUT_FILENO) ? "&color=1" : "");
        return ask(options, &address, method, full);
}

int client_get(const struct client_options *options, const char *path)
{
        return talk_to(options, EVHTTP_REQ_GET, path);
}

int client_post(const struct client_options *options, const char *path)
{
        return talk_to(options, EVHTTP_REQ_POST, path);
}
