/* heap: marks of the allocation records and the differences between them, verdicts, series, and subcommands for saved profiles. */
#include "cli/commands.h"

#include "base/diag.h"
#include "base/nearest.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/flags.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAX_BYTES = 448 }; /* without the parameter `format` */

/* --- a path with parameters --------------------------------------------------------------------------------------- */

struct path {
        char text[PATH_MAX_BYTES];
        size_t at;
        bool failed; /**< it was too long */
};

static void put_char(struct path *p, char c)
{
        if (p->at + 1 < sizeof p->text) {
                p->text[p->at++] = c;
                p->text[p->at] = '\0';
        } else {
                p->failed = true;
        }
}

static void put_text(struct path *p, const char *text)
{
        for (; *text != '\0'; text++) {
                put_char(p, *text);
        }
}

/** Add the parameter @p name with its value, percent-encoded; nothing if @p value is NULL. */
static void put_param(struct path *p, const char *name, const char *value)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
        if (value == NULL) {
                return;
        }
        put_char(p, strchr(p->text, '?') == NULL ? '?' : '&');
        put_text(p, name);
        put_char(p, '=');
        for (; *value != '\0'; value++) {
                char hex[8];
                (void)snprintf(hex, sizeof hex, "%%%02X", (unsigned)(unsigned char)*value);
                if (strchr(plain, *value) != NULL) {
                        put_char(p, *value);
                } else {
                        put_text(p, hex);
                }
        }
}

static struct path path_of(const char *start)
{
        struct path p = {.at = 0};
        put_text(&p, start);
        return p;
}

static int ask(const struct client_options *options, bool post, const struct path *p)
{
        if (p->failed) {
                diag(DIAG_ERROR, "the name is too long");
                return EXIT_USAGE;
        }
        return post ? client_post(options, p->text) : client_get(options, p->text);
}

/* --- subcommands --------------------------------------------------------------------------------------------------- */

/** How many arguments there may be. */
struct range {
        int least;
        int most;
};

/** Parse the flags that all clients have and the @p n flags of @p flags; check the number of arguments that are left. */
static bool parse_with(const struct flag *flags, size_t n, struct client_options *options, int *argc,
                       char **argv, struct range range, const char *usage)
{
        if (!client_parse(options, argc, argv, flags, n)) {
                return false;
        }
        if (*argc - 1 < range.least || *argc - 1 > range.most) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
                return false;
        }
        return true;
}

static bool parse(struct client_options *options, int *argc, char **argv, int least, int most,
                  const char *usage)
{
        return parse_with(NULL, 0, options, argc, argv, (struct range){least, most}, usage);
}

static int mark(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/marks");
        if (!parse(&options, &argc, argv, 1, 1, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "name", argv[1]);
        return ask(&options, true, &p);
}

static int marks(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/marks");
        return parse(&options, &argc, argv, 0, 0, usage) ? ask(&options, false, &p) : EXIT_USAGE;
}

static int diff(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/marks/diff");
        if (!parse(&options, &argc, argv, 1, 2, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "from", argv[1]);
        put_param(&p, "to", argc > 2 ? argv[2] : NULL);
        put_param(&p, "n", options.count);
        return ask(&options, false, &p);
}

static int births(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/births");
        const char *since = NULL;
        bool stack = false;
        const struct flag flags[] = {
            {"since", .value = FLAG_VALUE, .take = flags_take_text, .into = &since},
            {"stack", .take = flags_take_switch, .into = &stack},
        };
        if (!parse_with(flags, 2, &options, &argc, argv, (struct range){0, 0}, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "since", since);
        put_param(&p, "stack", stack ? "1" : NULL);
        put_param(&p, "n", options.count);
        return ask(&options, false, &p);
}

static int verdicts(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/verdicts");
        if (!parse(&options, &argc, argv, 0, 0, usage)) {
                return EXIT_USAGE;
        }
        options.fails_with = "X-Querytap-Rises";
        return ask(&options, false, &p);
}

static int series(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/series");
        if (!parse(&options, &argc, argv, 0, 1, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "stage", argc > 1 ? argv[1] : NULL);
        return ask(&options, false, &p);
}

static int sample(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/sample");
        const char *stage = NULL;
        const struct flag flag = {"stage", .value = FLAG_VALUE, .take = flags_take_text, .into = &stage};
        if (!parse_with(&flag, 1, &options, &argc, argv, (struct range){1, 1}, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "bytes", argv[1]);
        put_param(&p, "stage", stage);
        return ask(&options, true, &p);
}

/** The subcommands; their argv[0] is their name. */
static const struct {
        const char *name;
        int (*run)(int argc, char **argv, const char *usage);
        const char *usage;
} subcommands[] = {
    {"mark", mark, "mark NAME"},
    {"marks", marks, "marks"},
    {"diff", diff, "diff A [B]"},
    {"births", births, "births [--since MARK|TIME|STATEMENT] [--stack] [-n COUNT]"},
    {"verdicts", verdicts, "verdicts"},
    {"explain", command_explain,
     "explain [--format=text|json|csv|svg] [--verbose] [--rounds=A[-B]] FILE ... | URL"},
    {"watch", command_watch, "watch [--every=TIME] [--gc] [--ci] [--rounds=N] [--format=text|json] URL ..."},
    {"series", series, "series [STAGE]"},
    {"sample", sample, "sample BYTES [--stage NAME]"},
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

int command_heap(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < SUBCOMMANDS; i++) {
                if (strcmp(argv[1], subcommands[i].name) == 0) {
                        return subcommands[i].run(argc - 1, argv + 1, subcommands[i].usage);
                }
        }
        if (argc > 1) {
                struct nearest n = nearest_to(argv[1]);
                for (size_t i = 0; i < SUBCOMMANDS; i++) {
                        nearest_try(&n, subcommands[i].name);
                }
                const char *near = nearest_found(&n);
                diag(DIAG_ERROR, "querytap heap has no subcommand %s%s%s; 'querytap help heap' lists them",
                     argv[1], near != NULL ? ", did you mean " : "", near != NULL ? near : "");
        } else {
                diag(DIAG_ERROR, "querytap heap requires a subcommand; 'querytap help heap' lists them");
        }
        return EXIT_USAGE;
}
