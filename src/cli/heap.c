/* querytap heap: marks, and how the allocation records grow between them. */
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAX_BYTES = 448 }; /* the form is added to it */

/* --- a path with parameters --------------------------------------------------------------------------------------- */

struct path {
        char text[PATH_MAX_BYTES];
        size_t at;
        bool failed; /**< it did not fit */
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

/** Add name=value; what means something in a query as %XX. @p value NULL adds nothing. */
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

/** client_parse; what is left must be @p least to @p most arguments. */
static bool parse(struct client_options *options, int *argc, char **argv, int least, int most,
                  const char *usage)
{
        if (!client_parse(options, argc, argv)) {
                return false;
        }
        if (*argc - 1 < least || *argc - 1 > most) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
                return false;
        }
        return true;
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

/** Take FLAG VALUE or FLAG=VALUE out of argv. @return NULL if it is not there; "" if its value is missing. */
static const char *take_flag(int *argc, char **argv, const char *flag)
{
        const size_t len = strlen(flag);
        const char *value = NULL;
        int kept = 1;
        for (int i = 1; i < *argc; i++) {
                if (strcmp(argv[i], flag) == 0) {
                        value = i + 1 < *argc ? argv[++i] : "";
                } else if (strncmp(argv[i], flag, len) == 0 && argv[i][len] == '=') {
                        value = argv[i] + len + 1;
                } else {
                        argv[kept++] = argv[i];
                }
        }
        *argc = kept;
        return value;
}

/** Take @p flag out of argv. @return whether it was there. */
static bool take_switch(int *argc, char **argv, const char *flag)
{
        int kept = 1;
        for (int i = 1; i < *argc; i++) {
                if (strcmp(argv[i], flag) != 0) {
                        argv[kept++] = argv[i];
                }
        }
        bool found = kept < *argc;
        *argc = kept;
        return found;
}

static int births(int argc, char **argv, const char *usage)
{
        struct client_options options;
        struct path p = path_of("/births");
        const char *since = take_flag(&argc, argv, "--since");
        bool stack = take_switch(&argc, argv, "--stack");
        if (!parse(&options, &argc, argv, 0, 0, usage)) {
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
        const char *stage = take_flag(&argc, argv, "--stage");
        if (!parse(&options, &argc, argv, 1, 1, usage)) {
                return EXIT_USAGE;
        }
        put_param(&p, "bytes", argv[1]);
        put_param(&p, "stage", stage);
        return ask(&options, true, &p);
}

/** argv[0] of a subcommand is its own name. */
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
    {"explain", cli_explain,
     "explain [--format=text|json|csv|svg] [--verbose] [--rounds=A[-B]] FILE ... | URL"},
    {"watch", cli_watch, "watch [--every=TIME] [--gc] [--ci] [--rounds=N] [--format=text|json] URL ..."},
    {"series", series, "series [STAGE]"},
    {"sample", sample, "sample BYTES [--stage NAME]"},
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

int cli_heap(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < SUBCOMMANDS; i++) {
                if (strcmp(argv[1], subcommands[i].name) == 0) {
                        return subcommands[i].run(argc - 1, argv + 1, subcommands[i].usage);
                }
        }
        if (argc > 1) {
                diag(DIAG_ERROR, "querytap heap has no subcommand %s; 'querytap help heap' lists them",
                     argv[1]);
        } else {
                diag(DIAG_ERROR, "querytap heap requires a subcommand; 'querytap help heap' lists them");
        }
        return EXIT_USAGE;
}
