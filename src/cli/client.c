#include "cli/client.h"

#include "admin/admin.h"
#include "base/diag.h"
#include "base/shown.h"
#include "proxy/net/address.h"
#include "rules/expr.h"
#include "rules/filter.h"

#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
