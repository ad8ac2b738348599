/* Requests to the admin port, and their responses. */
#include "cli/client.h"

#include "base/diag.h"
#include "cli/exit.h"
#include "cli/response.h"
#include "proxy/net/address.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TICK_US = 250000, PATIENCE_S = 30, YEAR_S = 365 * 24 * 3600, OK_FIRST = 200, OK_LAST = 299 };

struct exchange {
        const struct client_options *options;
        struct event_base *base;
        struct bufferevent *connection;
        struct response response;
        int status;
        bool begun; /* the headers of the response have arrived */
        bool done;
        bool is_interrupted; /* by the user */
};

static bool is_ok(const struct response *r)
{
        return r->code >= OK_FIRST && r->code <= OK_LAST;
}

static void end(struct exchange *exchange, int status)
{
        exchange->done = true;
        exchange->status = status;
        (void)event_base_loopbreak(exchange->base);
}

static FILE *output_of(const struct exchange *exchange)
{
        const struct client_options *o = exchange->options;
        return is_ok(&exchange->response) ? (o->out != NULL ? o->out : stdout)
                                          : (o->err != NULL ? o->err : stderr);
}

static void on_body(void *arg, const char *bytes, size_t n)
{
        (void)fwrite(bytes, 1, n, output_of(arg));
}

/** Write what has arrived; the response may be complete. */
static void on_readable(struct bufferevent *connection, void *arg)
{
        struct exchange *exchange = arg;
        struct response *r = &exchange->response;
        response_read(r, bufferevent_get_input(connection), on_body, exchange);
        exchange->begun = exchange->begun || response_has_begun(r);
        FILE *out = output_of(exchange);
        if (fflush(out) != 0 || ferror(out)) {
                if (errno != EPIPE) { /* EPIPE: the reader has closed the pipe, which is not an error */
                        diag(DIAG_ERROR, "the response can't be written: %s", strerror(errno));
                }
                end(exchange, EXIT_FAILED);
        } else if (r->state == RESPONSE_COMPLETE) {
                end(exchange, is_ok(r) && !r->has_wanted   ? EXIT_DONE
                              : r->code == HTTP_BADREQUEST ? EXIT_USAGE
                                                           : EXIT_FAILED);
        } else if (r->state == RESPONSE_WRONG) {
                (void)event_base_loopbreak(exchange->base);
        }
}

static void on_event(struct bufferevent *connection, short what, void *arg)
{
        struct exchange *exchange = arg;
        if ((what & BEV_EVENT_CONNECTED) != 0) {
                return;
        }
        if ((what & BEV_EVENT_EOF) != 0) {
                response_end(&exchange->response);
                on_readable(connection, exchange);
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

/** Send the request, and run the loop until its end. @return false if there can be no connection. */
static bool run(struct exchange *exchange, const struct address *address, const char *method,
                const char *path)
{
        const struct client_options *options = exchange->options;
        const struct timeval patience = {options->endless ? YEAR_S : PATIENCE_S, 0};
        struct event *watched[WATCHED_MAX];
        struct sockaddr_storage where;
        socklen_t len;
        struct bufferevent *connection = exchange->connection;
        if (!address_numeric(address, &where, &len)) {
                return false;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        bufferevent_setcb(connection, on_readable, NULL, on_event, exchange);
        bufferevent_set_timeouts(connection, &patience, &patience);
        (void)bufferevent_enable(connection, EV_READ | EV_WRITE);
        if (evbuffer_add_printf(bufferevent_get_output(connection),
                                "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", method, path,
                                address->is_unix ? "localhost" : options->admin,
                                strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "") < 0) {
                return false;
        }
        size_t n = watch(exchange, watched);
        if (bufferevent_socket_connect(connection, (const struct sockaddr *)&where, (int)len) == 0) {
                (void)event_base_dispatch(exchange->base);
        }
        while (n > 0) {
                n--;
                if (watched[n] != NULL) {
                        event_free(watched[n]);
                }
        }
        report_end(exchange, options);
        return true;
}

static int ask(const struct client_options *options, const struct address *address, const char *method,
               const char *path)
{
        struct exchange exchange = {.options = options,
                                    .base = event_base_new(),
                                    .status = EXIT_FAILED,
                                    .response = response_start(options->fails_with)};
        struct event *interrupt = NULL;
        if (exchange.base != NULL) {
                exchange.connection = bufferevent_socket_new(exchange.base, -1, BEV_OPT_CLOSE_ON_FREE);
                interrupt = evsignal_new(exchange.base, SIGINT, on_interrupt, &exchange);
        }
        if (exchange.connection == NULL || interrupt == NULL || event_add(interrupt, NULL) != 0 ||
            !run(&exchange, address, method, path)) {
                diag(DIAG_ERROR, "out of memory");
        }
        if (interrupt != NULL) {
                event_free(interrupt);
        }
        if (exchange.connection != NULL) {
                bufferevent_free(exchange.connection);
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

static int request_path(const struct client_options *options, const char *method, const char *path)
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
        return request_path(options, "GET", path);
}

int client_post(const struct client_options *options, const char *path)
{
        return request_path(options, "POST", path);
}
