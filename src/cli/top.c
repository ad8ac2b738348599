/* top: statistics of statements by their digest, updated every second on a terminal, where keys select a statement and the order. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/diag.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/stop_watch.h"
#include "cli/terminal.h"
#include "cli/top_view.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        EVERY_MS = 1000,
        ROWS_MAX = 500, /* through which one can scroll */
        LAST_WORD_MS = 500,
        ERROR_MAX = 512,
};

/* Orders of digests, and of scopes. */
static const char *const digest_orders[] = {"active", "time", "count", "errors", "max",
                                            "p99",    "rows", "last",  NULL};
static const char *const scope_orders[] = {"time", "count", "errors", "rows", "between", "last", NULL};

enum state { RUNNING, QUIT, ENDED }; /* ENDED: the proxy does not answer any more */

struct top {
        struct client_options *options;
        const char *order;
        const char *by;            /* tag.route and the like; NULL: digests are shown */
        const char *const *orders; /* ends with NULL */
        bool has_keys;
        bool was_interrupted;
        bool is_due; /* for an update */
        enum state state;
        int status; /* of the last request, or of the command */
        int signal; /* by which the command ends; 0 = none */
        struct top_view view;
        struct stop_watch watch;
        enum stop_watch_state watch_state;
        char error[ERROR_MAX]; /* what the proxy said instead of a response */
};

/* --- requests ------------------------------------------------------------------------------------------------------ */

/** Request @p path into memory; keys interrupt it if @p keys_interrupt, signals in any case. @return NULL if there was no response: then
 *  t->error may say why. */
static char *fetch(struct top *t, const char *path, bool keys_interrupt, size_t *len)
{
        const int watched[] = {terminal_signals_fd(), keys_interrupt ? STDIN_FILENO : -1, -1};
        char *text = NULL;
        *len = 0;
        t->error[0] = '\0';
        t->was_interrupted = false;
        t->options->watched = watched;
        t->options->interrupted = &t->was_interrupted;
        t->options->out = open_memstream(&text, len);
        t->options->err = fmemopen(t->error, sizeof t->error, "w");
        t->status = EXIT_FAILED;
        if (t->options->out != NULL && t->options->err != NULL) {
                t->status = client_get(t->options, path);
        }
        if (t->options->out != NULL) {
                (void)fclose(t->options->out);
        }
        if (t->options->err != NULL) {
                (void)fclose(t->options->err);
        }
        t->error[sizeof t->error - 1] = '\0';
        t->options->watched = NULL;
        if (t->status != EXIT_DONE || t->was_interrupted) {
                free(text);
                text = NULL;
        }
        return text;
}

/** The request failed: unless the user wants something else, the command ends. */
static void on_failure(struct top *t)
{
        if (t->was_interrupted) {
                t->state = t->has_keys ? RUNNING : QUIT;
                t->status = EXIT_DONE;
        } else {
                t->state = ENDED;
        }
}

static void update(struct top *t)
{
        char path[CLIENT_FILTER_MAX + 160];
        char count[24];
        size_t len;
        terminal_size(&t->view.columns, &t->view.rows);
        (void)snprintf(count, sizeof count, "%d", ROWS_MAX);
        (void)snprintf(path, sizeof path, "/digests?sort=%s&n=%s&width=%u&ids=1%s", t->order,
                       t->options->count != NULL ? t->options->count : count, t->view.columns,
                       t->options->filter);
        char *text = fetch(t, path, t->has_keys, &len);
        t->is_due = text == NULL;
        if (text == NULL) {
                on_failure(t);
        } else {
                (void)top_view_set_list(&t->view, text, len);
        }
}

static void show_detail(struct top *t)
{
        char path[160];
        size_t len;
        if (t->by != NULL) {
                return; /* a row has all there is to know */
        }
        if (t->view.selected[0] == '\0') {
                top_view_move(&t->view, 0); /* nothing was selected so far: the first row is highlighted */
        }
        (void)snprintf(path, sizeof path, "/digests/detail?digest=%s", t->view.selected);
        char *text = t->view.selected[0] != '\0' ? fetch(t, path, false, &len) : NULL;
        if (text != NULL) {
                (void)top_view_set_detail(&t->view, text, len);
        }
}

/* --- keys ---------------------------------------------------------------------------------------------------------- */

/** The number of orders; *@p at is that of @p order, or the last. */
static size_t count_orders(const char *const *orders, const char *order, size_t *at)
{
        size_t n = 0;
        *at = 0;
        for (; orders[n] != NULL; n++) {
                *at = strcmp(orders[n], order) == 0 ? n : *at;
        }
        return n;
}

/** The next order, or with @p back the one before. */
static void change_order(struct top *t, bool back)
{
        size_t at;
        size_t n = count_orders(t->orders, t->order, &at);
        if (n > 0) {
                t->order = t->orders[(at + (back ? n - 1 : 1)) % n];
        }
        t->view.at = 0; /* the top of the new order */
        t->view.selected[0] = '\0';
        t->is_due = true;
}

/** A key while all about one digest is shown. @return false if the key is not one of these. */
static bool on_detail_key(struct top *t, int key)
{
        if (!top_view_is_detail(&t->view)) {
                return false;
        }
        if (key == KEY_ENTER || key == KEY_ESCAPE || key == KEY_LEFT || key == KEY_CHAR + 'q') {
                top_view_end_detail(&t->view);
                return true;
        }
        return key == KEY_RIGHT || key == KEY_CHAR + 'o' || key == KEY_CHAR + 'O';
}

static void on_key(struct top *t, int key)
{
        long page = (long)top_view_page(&t->view);
        if (on_detail_key(t, key)) {
                return;
        }
        switch (key) {
        case KEY_CHAR + 'q':
        case KEY_CHAR + 'Q':
        case KEY_GONE:
                t->state = QUIT;
                t->status = EXIT_DONE;
                break;
        case KEY_UP: top_view_move(&t->view, -1); break;
        case KEY_DOWN: top_view_move(&t->view, 1); break;
        case KEY_PAGE_UP: top_view_move(&t->view, -page); break;
        case KEY_PAGE_DOWN: top_view_move(&t->view, page); break;
        case KEY_HOME: top_view_move(&t->view, -ROWS_MAX * 100); break;
        case KEY_END: top_view_move(&t->view, ROWS_MAX * 100); break;
        case KEY_RIGHT:
        case KEY_CHAR + 'o': change_order(t, false); break;
        case KEY_LEFT:
        case KEY_CHAR + 'O': change_order(t, true); break;
        case KEY_ENTER: show_detail(t); break;
        default: break;
        }
}

static void on_signal(struct top *t, int number)
{
        switch (number) {
        case SIGWINCH:
        case SIGCONT: t->is_due = true; break;
        case SIGTSTP:
                terminal_stop();
                t->is_due = true;
                break;
        case SIGINT:
                t->state = QUIT;
                t->status = EXIT_DONE;
                break;
        default:
                t->state = QUIT;
                t->signal = number;
                break;
        }
}

/* --- the loop ------------------------------------------------------------------------------------------------------ */

static void draw(struct top *t)
{
        char status[160];
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        if (out == NULL) {
                return;
        }
        (void)snprintf(status, sizeof status,
                       top_view_is_detail(&t->view) ? "q: back  up/down: scroll"
                       : t->by != NULL
                           ? "q: quit  up/down: select  left/right: order (%s)"
                           : "q: quit  up/down: select  Enter: whole statement  left/right: order (%s)",
                       t->order);
        terminal_size(&t->view.columns, &t->view.rows);
        top_view_draw(&t->view, t->has_keys ? status : NULL, out);
        (void)fclose(out);
        (void)fwrite(text, 1, len, stdout);
        (void)fflush(stdout);
        free(text);
}

/** Wait for a key, a signal, the end of the proxy or the time @p until_ns, and handle it. */
static void wait_for_event(struct top *t, uint64_t until_ns)
{
        uint64_t now_ns = clock_mono_ns();
        struct pollfd p[] = {{.fd = t->has_keys ? STDIN_FILENO : -1, .events = POLLIN},
                             {.fd = t->has_keys ? terminal_signals_fd() : -1, .events = POLLIN},
                             {.fd = t->watch.fd, .events = POLLIN}};
        int ms = until_ns > now_ns ? (int)((until_ns - now_ns) / CLOCK_MS_NS) + 1 : 0;
        (void)poll(p, sizeof p / sizeof p[0], ms);
        int number;
        while (p[1].revents != 0 && (number = terminal_take_signal()) != 0) {
                on_signal(t, number);
        }
        int key;
        while (p[0].revents != 0 && t->state == RUNNING && (key = terminal_read_key()) != KEY_NONE) {
                on_key(t, key);
        }
        if (p[2].revents != 0) {
                t->watch_state = stop_watch_read(&t->watch);
                if (t->watch_state == STOP_WATCH_STOPPED || t->watch_state == STOP_WATCH_LOST) {
                        t->state = ENDED;
                }
        }
}

/** The proxy does not answer: find out why, if it has not been said. */
static void hear_last_word(struct top *t)
{
        struct pollfd p = {.fd = t->watch.fd, .events = POLLIN};
        while (t->watch_state == STOP_WATCH_WAITING && t->error[0] == '\0' && poll(&p, 1, LAST_WORD_MS) > 0) {
                t->watch_state = stop_watch_read(&t->watch);
        }
}

static int report_end(const struct top *t)
{
        if (t->watch_state == STOP_WATCH_STOPPED) {
                return client_report_stop(t->options);
        }
        if (t->error[0] != '\0') {
                (void)fputs(t->error, stderr);
        } else if (t->watch_state == STOP_WATCH_LOST) {
                return client_report_loss(t->options);
        } else {
                return client_report_silence(t->options);
        }
        return t->status;
}

static void run(struct top *t)
{
        while (t->state == RUNNING) {
                uint64_t next_ns = clock_mono_ns() + EVERY_MS * CLOCK_MS_NS;
                t->is_due = false;
                if (!top_view_is_detail(&t->view)) {
                        update(t);
                }
                do {
                        draw(t);
                        wait_for_event(t, next_ns);
                } while (t->state == RUNNING && !t->is_due && clock_mono_ns() < next_ns);
        }
}

/** Update the table until the user or the proxy ends that. */
static int show_live(struct client_options *options, const char *order, const char *by)
{
        struct top t = {.options = options,
                        .order = order,
                        .by = by,
                        .orders = by != NULL ? scope_orders : digest_orders,
                        .has_keys = terminal_is_there()};
        stop_watch_open(&t.watch, options);
        if (t.has_keys && !terminal_enter()) {
                stop_watch_close(&t.watch);
                return EXIT_FAILED;
        }
        t.view.has_selection = t.has_keys;
        run(&t);
        if (t.state == ENDED) {
                hear_last_word(&t);
        }
        terminal_leave();
        stop_watch_close(&t.watch);
        top_view_free(&t.view);
        options->out = NULL;
        options->err = NULL;
        if (t.signal != 0) {
                (void)signal(t.signal, SIG_DFL);
                (void)raise(t.signal); /* its default action: whoever started us sees what ended us */
        }
        return t.state == ENDED ? report_end(&t) : t.status;
}

static int show_once(const struct client_options *options, const char *order)
{
        char path[CLIENT_FILTER_MAX + 128];
        (void)snprintf(path, sizeof path, "/digests?sort=%s&n=%s%s", order,
                       options->count != NULL ? options->count : "20", options->filter);
        return client_get(options, path);
}

static bool is_order(const char *word, bool of_scopes)
{
        const char *const *orders = of_scopes ? scope_orders : digest_orders;
        size_t i = 0;
        while (orders[i] != NULL && strcmp(orders[i], word) != 0) {
                i++;
        }
        return orders[i] != NULL;
}

int command_top(int argc, char **argv)
{
        struct client_options options;
        const char *by = NULL;
        const struct flag flags[] = {
            {"by", .value = FLAG_VALUE, .take = flags_take_text, .into = &by},
        };
        if (!client_parse(&options, &argc, argv, flags, sizeof flags / sizeof flags[0])) {
                return EXIT_USAGE;
        }
        bool live = isatty(STDOUT_FILENO) && strcmp(options.format, "text") == 0;
        bool has_order = argc > 1 && is_order(argv[1], by != NULL);
        const char *order = has_order ? argv[1] : live && by == NULL ? "active" : "time";
        int first = has_order ? 2 : 1;
        bool is_right = by == NULL ? client_add_expression(&options, first, argc, argv)
                                   : argc == first && client_add_parameter(&options, "by", by);
        if (!is_right) {
                diag(DIAG_INFO, "usage: querytap top [-n COUNT] [time|active|count|errors|max|p99|rows|last] "
                                "[EXPRESSION], or querytap top --by "
                                "user|db|client|session|scope|trace|tag.NAME [-n COUNT] "
                                "[time|count|errors|rows|between|last]");
                return EXIT_USAGE;
        }
        return live ? show_live(&options, order, by) : show_once(&options, order);
}
