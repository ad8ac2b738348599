#include "cli/client.h"

#include "admin/admin.h"
#include "base/diag.h"
#include "base/shown.h"
#include "cli/exit.h"
#include "proxy/net/address.h"
#include "rules/expr.h"
#include "rules/filter.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TICK_US = 250000, PATIENCE_S = 30, YEAR_S = 365 * 24 * 3600, OK_FIRST = 200, OK_LAST = 299 };

/* --- flags --------------------------------------------------------------------------------------------------------- */

/** What is collected while flags are parsed. */
struct parsing {
        struct client_options *options;
        const char *const *formats; /* ends with NULL */
        const char *admin;          /* NULL: use the setting */
        struct settings settings;
};

static bool take_config(void *into, const char *value)
{
        struct parsing *p = into;
        return settings_load(&p->settings, value) == STATUS_OK;
}

bool client_is_number(const char *text)
{
        enum { DIGITS_MAX = 19 };
        size_t n = strspn(text, "0123456789");
        return n > 0 && n <= DIGITS_MAX && text[n] == '\0';
}

static bool take_count(void *into, const char *value)
{
        struct parsing *p = into;
        p->options->count = value;
        if (!client_is_number(value)) {
                diag(DIAG_ERROR, "-n needs a number, not '%s'", value);
                return false;
        }
        return true;
}

static bool take_format(void *into, const char *value)
{
        struct parsing *p = into;
        for (size_t i = 0; p->formats[i] != NULL; i++) {
                if (strcmp(value, p->formats[i]) == 0) {
                        p->options->format = p->formats[i];
                        return true;
                }
        }
        diag(DIAG_ERROR, "--format must be %s, not '%s'",
             p->formats[2] != NULL ? "text, json, ltsv or slow" : "text or json", value);
        return false;
}

static bool take_group(void *into, const char *value)
{
        *(const char **)into = value;
        bool is_known = strcmp(value, "transaction") == 0 || strcmp(value, "scope") == 0;
        if (!is_known) {
                diag(DIAG_ERROR, "--group must be transaction or scope, not '%s'", value);
        }
        return is_known;
}

/** A flag such as --user or --min-duration. */
struct filter_flag {
        struct client_options *options;
        enum filter_key key;
        char name[32];
};

bool client_add_parameter(struct client_options *options, const char *name, const char *value)
{
        size_t at = strlen(options->filter);
        char *encoded = evhttp_uriencode(value, -1, 0);
        int n = encoded == NULL
                    ? -1
                    : snprintf(options->filter + at, sizeof options->filter - at, "&%s=%s", name, encoded);
        free(encoded);
        return n >= 0 && (size_t)n < sizeof options->filter - at;
}

static bool take_filter(void *into, const char *value)
{
        const struct filter_flag *f = into;
        bool is_added = client_add_parameter(f->options, filter_keys[f->key], value != NULL ? value : "1");
        if (!is_added) {
                diag(DIAG_ERROR, "--%s: too long", f->name);
        }
        return is_added;
}

/** The bytes before @p column, counted in characters from 1. */
static size_t bytes_before(const char *text, size_t column)
{
        size_t n = 0;
        for (size_t at = 1; at < column && text[n] != '\0'; at++) {
                do {
                        n++;
                } while (((unsigned char)text[n] & 0xc0U) == 0x80);
        }
        return n;
}

/** Report what is wrong with an expression, with a mark below the column. */
static void report_error(const char *text, const struct expr_error *error)
{
        struct span head = span_of(text, bytes_before(text, error->column));
        diag(DIAG_ERROR, "column %zu of the expression: %s", error->column, error->text);
        (void)fputs("    ", stderr);
        shown_print(stderr, span_str(text));
        (void)fprintf(stderr, "\n    %*s^\n", (int)shown_columns(head), "");
}

bool client_add_expression(struct client_options *options, int first, int argc, char **argv)
{
        char text[CLIENT_FILTER_MAX] = "";
        size_t at = 0;
        struct expr *e = NULL;
        struct expr_error error;
        for (int i = first; i < argc && at < sizeof text; i++) {
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i > first ? " " : "", argv[i]);
        }
        if (first >= argc) {
                return true;
        }
        if (at >= sizeof text || !client_add_parameter(options, "q", text)) {
                diag(DIAG_ERROR, "the expression is too long");
                return false;
        }
        bool is_right = expr_new(span_str(text), &e, &error) == STATUS_OK;
        if (!is_right) {
                report_error(text, &error);
        }
        expr_free(e);
        return is_right;
}

static bool take_since(void *into, const char *value)
{
        struct client_options *options = into;
        options->since = client_add_parameter(options, "since", value);
        if (!options->since) {
                diag(DIAG_ERROR, "--since: too long");
        }
        return options->since;
}

static struct flag flag_of_filter(struct filter_flag *f, struct client_options *options, enum filter_key key)
{
        f->options = options;
        f->key = key;
        (void)snprintf(f->name, sizeof f->name, "%s", filter_keys[key]);
        for (char *c = f->name; *c != '\0'; c++) {
                *c = *c == '_' ? '-' : *c;
        }
        return (struct flag){.name = f->name,
                             .value = key == FILTER_ERRORS ? FLAG_OPTIONAL : FLAG_VALUE,
                             .take = take_filter,
                             .into = f};
}

/** Parse the flags that all clients have and the @p n_more flags of @p more. */
static bool parse(struct parsing *p, int *argc, char **argv, const struct flag *more, size_t n_more)
{
        const struct flag common[] = {
            {"admin", .value = FLAG_VALUE, .take = flags_take_text, .into = &p->admin},
            {"config", 'c', FLAG_VALUE, take_config, p},
            {"format", .value = FLAG_VALUE, .take = take_format, .into = p},
            {.letter = 'n', .value = FLAG_VALUE, .take = take_count, .into = p},
        };
        struct flag flags[FLAGS_MAX];
        size_t n = 0;
        *p->options = (struct client_options){.format = p->formats[0]};
        settings_defaults(&p->settings);
        for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
                flags[n++] = common[i];
        }
        for (size_t i = 0; i < n_more && n < FLAGS_MAX; i++) {
                flags[n++] = more[i];
        }
        if (!flags_parse(flags, n, FLAGS_ANYWHERE, NULL, argc, argv)) {
                return false;
        }
        if (p->admin != NULL && settings_set(&p->settings, "admin", p->admin, "--admin") != STATUS_OK) {
                return false;
        }
        if (strcmp(p->settings.admin, "off") == 0) {
                diag(DIAG_ERROR, "setting 'admin' is off: specify an admin port with --admin HOST:PORT");
                return false;
        }
        /* the proxy can only be there, and no name has to be looked up, which may take long */
        if (admin_check(&p->settings) != STATUS_OK) {
                return false;
        }
        (void)snprintf(p->options->admin, sizeof p->options->admin, "%s", p->settings.admin);
        return true;
}

bool client_parse(struct client_options *options, int *argc, char **argv, const struct flag *more,
                  size_t n_more)
{
        static const char *const formats[] = {"text", "json", NULL};
        struct parsing p = {.options = options, .formats = formats};
        return parse(&p, argc, argv, more, n_more);
}

bool client_parse_records(struct client_options *options, int *argc, char **argv)
{
        static const char *const formats[] = {"text", "json", "ltsv", "slow", NULL};
        struct parsing p = {.options = options, .formats = formats};
        struct filter_flag filters[FILTER_KEYS];
        struct flag flags[FILTER_KEYS + 3];
        size_t n = 0;
        for (enum filter_key key = FILTER_EXPRESSION + 1; key < FILTER_KEYS; key++) {
                flags[n++] = flag_of_filter(&filters[key], options, key);
        }
        flags[n++] = (struct flag){.name = "since", .value = FLAG_VALUE, .take = take_since, .into = options};
        flags[n++] = (struct flag){.name = "verbose", .take = flags_take_switch, .into = &options->verbose};
        const char *group = NULL;
        flags[n++] =
            (struct flag){.name = "group", .value = FLAG_VALUE, .take = take_group, .into = (void *)&group};
        bool ok = parse(&p, argc, argv, flags, n);
        options->group = group;
        options->records = true;
        return ok;
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

struct exchange {
        const struct client_options *options;
        struct event_base *base;
        int status;
        bool begun; /* the headers of the response have arrived */
        bool done;
        bool is_interrupted; /* by the user */
};

static int on_headers(struct evhttp_request *request, void *arg)
{
        struct exchange *exchange = arg;
        (void)request;
        exchange->begun = true;
        return 0;
}

static void on_chunk(struct evhttp_request *request, void *arg)
{
        struct exchange *exchange = arg;
        struct evbuffer *in = evhttp_request_get_input_buffer(request);
        int code = evhttp_request_get_response_code(request);
        const struct client_options *o = exchange->options;
        FILE *out = code >= OK_FIRST && code <= OK_LAST ? (o->out != NULL ? o->out : stdout)
                                                        : (o->err != NULL ? o->err : stderr);
        while (evbuffer_get_length(in) > 0) {
                char buffer[16384];
                int n = evbuffer_remove(in, buffer, sizeof buffer);
                if (n <= 0 || fwrite(buffer, 1, (size_t)n, out) != (size_t)n) {
                        break;
                }
        }
        if (fflush(out) != 0 || ferror(out)) {
                if (errno != EPIPE) { /* EPIPE: the reader has closed the pipe, which is not an error */
                        diag(DIAG_ERROR, "the response can't be written: %s", strerror(errno));
                }
                exchange->done = true;
                exchange->status = EXIT_FAILED;
                (void)event_base_loopbreak(exchange->base);
        }
}

static void on_end(struct evhttp_request *request, void *arg)
{
        struct exchange *exchange = arg;
        int code = request != NULL ? evhttp_request_get_response_code(request) : 0;
        if (code > 0 && !exchange->done) {
                on_chunk(request, arg);
        }
        if (code > 0 && !exchange->done) { /* and it was written */
                const char *bad = exchange->options->fails_with;
                bool is_bad =
                    bad != NULL && evhttp_find_header(evhttp_request_get_input_headers(request), bad) != NULL;
                bool is_ok = code >= OK_FIRST && code <= OK_LAST && !is_bad;
                exchange->status = is_ok ? EXIT_DONE : code == HTTP_BADREQUEST ? EXIT_USAGE : EXIT_FAILED;
                exchange->done = true;
        }
        (void)event_base_loopbreak(exchange->base);
}

static void on_interrupt(evutil_socket_t number, short what, void *arg)
{
        struct exchange *exchange = arg;
        (void)number;
        (void)what;
        exchange->status = EXIT_DONE;
        exchange->done = true;
        exchange->is_interrupted = true;
        if (exchange->options->interrupted != NULL) {
                *exchange->options->interrupted = true;
        }
        (void)event_base_loopbreak(exchange->base);
}

int client_report_stop(const struct client_options *options)
{
        diag(DIAG_INFO, "the proxy at %s has stopped", options->admin);
        return EXIT_DONE;
}

int client_report_loss(const struct client_options *options)
{
        diag(DIAG_ERROR,
             "the connection to the proxy at %s was lost: the proxy has ended without stopping properly, or "
             "it has dropped this reader because it read too slowly",
             options->admin);
        return EXIT_FAILED;
}

int client_report_silence(const struct client_options *options)
{
        diag(DIAG_ERROR,
             "no response from the admin port at %s: is a proxy running there? (--admin HOST:PORT)",
             options->admin);
        return EXIT_FAILED;
}

/** Report how the request ended, unless the response was complete and was to end. */
static void report_end(const struct exchange *exchange, const struct client_options *options)
{
        if (options->err != NULL) {
                return; /* the caller does */
        }
        if (exchange->done && options->endless && !options->may_end && exchange->status == EXIT_DONE &&
            !exchange->is_interrupted) {
                (void)client_report_stop(options);
        } else if (!exchange->done && exchange->begun && options->endless) {
                (void)client_report_loss(options);
        } else if (!exchange->done && exchange->begun) {
                diag(DIAG_ERROR, "the proxy at %s closed the connection before its response was complete",
                     options->admin);
        } else if (!exchange->done) {
                (void)client_report_silence(options);
        }
}

enum { WATCHED_MAX = 4 };

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        const struct exchange *exchange = arg;
        (void)fd;
        (void)what;
        exchange->options->tick(exchange->options->tick_arg);
}

/** Let what the caller watches interrupt the request, and call its tick. @return the number of events, which the caller frees. */
static size_t watch(struct exchange *exchange, struct event *events[WATCHED_MAX])
{
        const int *fds = exchange->options->watched;
        size_t n = 0;
        for (; fds != NULL && fds[n] >= 0 && n < WATCHED_MAX; n++) {
                events[n] = event_new(exchange->base, fds[n], EV_READ, on_interrupt, exchange);
                if (events[n] != NULL) {
                        (void)event_add(events[n], NULL);
                }
        }
        if (exchange->options->tick != NULL && n < WATCHED_MAX) {
                static const struct timeval interval = {0, TICK_US};
                events[n] = event_new(exchange->base, -1, EV_PERSIST, on_tick, exchange);
                if (events[n] != NULL) {
                        (void)event_add(events[n], &interval);
                }
                n++;
        }
        return n;
}

/** Send the request, and run the loop until its end. */
static void run(struct exchange *exchange, struct evhttp_connection *connection,
                struct evhttp_request *request, enum evhttp_cmd_type method, const char *path)
{
        const struct client_options *options = exchange->options;
        struct event *watched[WATCHED_MAX];
        size_t n = watch(exchange, watched);
        (void)signal(SIGPIPE, SIG_IGN);
        evhttp_connection_set_timeout(connection, options->endless ? YEAR_S : PATIENCE_S);
        evhttp_request_set_chunked_cb(request, on_chunk);
        evhttp_request_set_header_cb(request, on_headers);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Host", options->admin);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
        if (evhttp_make_request(connection, request, method, path) ==
            0) { /* it owns the request in any case */
                (void)event_base_dispatch(exchange->base);
        }
        while (n > 0) {
                n--;
                if (watched[n] != NULL) {
                        event_free(watched[n]);
                }
        }
        report_end(exchange, options);
}

static int ask(const struct client_options *options, const struct address *address,
               enum evhttp_cmd_type method, const char *path)
{
        struct exchange exchange = {.options = options, .base = event_base_new(), .status = EXIT_FAILED};
        struct evhttp_connection *connection = NULL;
        struct evhttp_request *request = NULL;
        struct event *interrupt = NULL;
        if (exchange.base != NULL) {
                connection = evhttp_connection_base_new(exchange.base, NULL, address->host, address->port);
                request = evhttp_request_new(on_end, &exchange);
                interrupt = evsignal_new(exchange.base, SIGINT, on_interrupt, &exchange);
        }
        if (connection == NULL || request == NULL || interrupt == NULL || event_add(interrupt, NULL) != 0) {
                diag(DIAG_ERROR, "out of memory");
                goto out;
        }
        run(&exchange, connection, request, method, path);
        request = NULL; /* the connection owned it */
out:
        if (interrupt != NULL) {
                event_free(interrupt);
        }
        if (connection != NULL) {
                evhttp_connection_free(connection);
        } else if (request != NULL) {
                evhttp_request_free(request);
        }
        if (exchange.base != NULL) {
                event_base_free(exchange.base);
        }
        return exchange.status;
}

unsigned client_columns(void)
{
        struct winsize size;
        return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool client_address(const struct client_options *options, struct address *out)
{
        if (address_parse(options->admin, out) != STATUS_OK) {
                return false; /* client_parse has checked it */
        }
        if (strcasecmp(out->host, "localhost") == 0) {
                (void)snprintf(out->host, sizeof out->host, "127.0.0.1");
        }
        return true;
}

static int request_path(const struct client_options *options, enum evhttp_cmd_type method, const char *path)
{
        struct address address;
        if (!client_address(options, &address)) {
                return EXIT_USAGE;
        }
        char full[2 * CLIENT_FILTER_MAX];
        bool is_text = strcmp(options->format, "text") == 0;
        (void)snprintf(full, sizeof full, "%s%cformat=%s%s%s", path, strchr(path, '?') != NULL ? '&' : '?',
                       options->format,
                       options->verbose         ? "&verbose=1"
                       : options->group != NULL ? "&grouped=1"
                                                : "",
                       is_text && options->records && isatty(STDOUT_FILENO) ? "&color=1" : "");
        return ask(options, &address, method, full);
}

int client_get(const struct client_options *options, const char *path)
{
        return request_path(options, EVHTTP_REQ_GET, path);
}

int client_post(const struct client_options *options, const char *path)
{
        return request_path(options, EVHTTP_REQ_POST, path);
}
