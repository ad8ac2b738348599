#include "cli/cli.h"

#include "base/diag.h"
#include "config.h"
#include "settings/settings.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static int help(int argc, char **argv);

static const struct command {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *usage;
        const char *help;
} commands[] = {
    {"proxy", cli_proxy,
     "proxy [-c FILE] [-l LISTEN] [-r REMOTE] [--admin ADDR] [--log FILE] [--format text|json|ltsv|slow] "
     "[--hex] …",
     "Run the proxy. Any setting is a flag: limits.sessions is --limits-sessions. Without -r it forwards to\n"
     "127.0.0.1:3306. Records go to standard output, diagnostics to standard error.\n"
     "SIGTERM, SIGINT and SIGHUP stop it, SIGUSR1 opens the log file anew.\n\nThe settings, with their "
     "defaults:"},
    {"tail", cli_tail, "tail [--admin ADDR] [--format text|json|ltsv|slow] [--verbose] [-n COUNT]",
     "Follow the records of a running proxy; -n shows that many recent ones first. --verbose: with their "
     "details.\nFilters: --user, --schema, --client, --command, --event, --digest, --session, --errno, "
     "--errors, --finding, "
     "--pattern,\n--min-duration, --min-rows, --sample, --sample-sessions; see filter.* in querytap(1)."},
    {"top", cli_top,
     "top [--admin ADDR] [--format text|json] [-n COUNT] [time|active|count|errors|max|p99|rows|last]",
     "Show the statements of a running proxy by shape: how many, how long, and what is worth a look in them. "
     "On a "
     "terminal\nit is shown anew each second until interrupted, the shapes that keep the server busy now "
     "first; else "
     "once, those that\ntook most time first."},
    {"digest", cli_digest,
     "digest [--server VERSION] [--ansi-quotes] [--no-backslash-escapes] [--null] [STATEMENT …]",
     "Print the digest of statements: its hash and its text, as records have them. Without arguments, of "
     "each line of "
     "standard\ninput, or with --null of what\nstands between NULs, which then separate the output too."},
    {"sessions", cli_sessions, "sessions [--admin ADDR] [--format text|json] [kill ID]",
     "List the sessions of a running proxy, or close one."},
    {"stages", cli_stages, "stages [--admin ADDR] [--format text|json]",
     "Show a running proxy's memory by stage."},
    {"heap", cli_heap,
     "heap mark NAME | marks | diff A [B] | births [--since MARK]  [--admin ADDR] [--format text|json] [-n "
     "COUNT]\n"
     "       querytap heap explain FILE ... | watch [--every TIME] [--gc] [--ci] URL ...",
     "Tell how the allocation records of a running proxy grow. mark remembers what all records have counted "
     "under a\n"
     "name, marks lists those; diff shows what happened between two marks, or since one: by stage, by "
     "record, and the\n"
     "records that were born, with the statement that was on the wire. births shows those alone; -n says how "
     "many.\n"
     "explain reads saved heap profiles of any program, and watch takes them itself: does it leak, where, "
     "and "
     "why do\n"
     "its records grow? Both end with 1 if bytes rise."},
    {"hex", cli_hex, "hex [--admin ADDR] ID", "Show the last packets of a session in hex."},
    {"config", cli_config, "config [print [-c FILE] [--SETTING VALUE …] | check FILE]",
     "Print all settings as an annotated file: the defaults, or what a file and flags make of them. Or check "
     "a\n"
     "file: each wrong setting is told with its line."},
    {"schema", cli_schema, "schema",
     "Print the JSON Schema of a record: what a line of the format json is valid against."},
    {"version", cli_version, "version", "Print the version, and those of the libraries."},
    {"help", help, "help [COMMAND]", "Tell about the commands."},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < COMMANDS; i++) {
                if (strcmp(commands[i].name, name) == 0) {
                        return &commands[i];
                }
        }
        return NULL;
}

static void print_usage(FILE *out)
{
        (void)fputs("querytap - a proxy that shows what an application says to MySQL or MariaDB\n\nUsage:\n",
                    out);
        for (size_t i = 0; i < COMMANDS; i++) {
                (void)fprintf(out, "  querytap %s\n", commands[i].usage);
        }
        (void)fputs("\n'querytap help COMMAND' tells more; so does querytap(1).\n", out);
}

/** The setting's flag: dots and underscores as dashes. */
static void put_flag(FILE *out, const struct settings_row *row)
{
        char flag[64];
        int n = snprintf(flag, sizeof flag, "--%s", row->name);
        for (int i = 0; i < n && i < (int)sizeof flag; i++) {
                if (flag[i] == '.' || flag[i] == '_') {
                        flag[i] = '-';
                }
        }
        char letter[8] = "";
        if (row->letter != 0) {
                (void)snprintf(letter, sizeof letter, ", -%c", row->letter);
        }
        (void)fprintf(out, "\n    %s%s (%s)\n        %s\n", flag, letter, row->def, row->help);
}

static int help(int argc, char **argv)
{
        if (argc > 2) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[2]);
                return EXIT_USAGE;
        }
        const struct command *command = argc > 1 ? find(argv[1]) : NULL;
        if (argc > 1 && command == NULL) {
                diag(DIAG_ERROR, "no such command: %s", argv[1]);
                return EXIT_USAGE;
        }
        if (command != NULL) {
                (void)printf("Usage: querytap %s\n\n%s\n", command->usage, command->help);
                for (size_t i = 0; command->run == cli_proxy && i < settings_row_count; i++) {
                        put_flag(stdout, &settings_rows[i]);
                }
        } else {
                print_usage(stdout);
        }
        return EXIT_DONE;
}

int cli_version(int argc, char **argv)
{
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[1]);
                return EXIT_USAGE;
        }
        (void)printf("querytap %s\nlibevent %s\n", PACKAGE_VERSION, event_get_version());
        return EXIT_DONE;
}

static bool asks_for_help(int argc, char **argv)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                        return true;
                }
        }
        return false;
}

int cli_main(int argc, char **argv)
{
        if (argc < 2) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        if (strcmp(argv[1], "--version") == 0) {
                return cli_version(1, argv + 1);
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
                return help(1, argv + 1);
        }
        const struct command *command = find(argv[1]);
        if (command == NULL) {
                diag(DIAG_ERROR, "no such command: %s", argv[1]);
                print_usage(stderr);
                return EXIT_USAGE;
        }
        if (asks_for_help(argc - 1, argv + 1)) {
                return help(2, argv);
        }
        int status = command->run(argc - 1, argv + 1);
        if (fflush(stdout) != 0 && status == EXIT_DONE) {
                diag(DIAG_ERROR, "standard output can't be written: %s", strerror(errno));
                return EXIT_FAILED;
        }
        return status;
}

const char *cli_command(size_t i)
{
        return i < COMMANDS ? commands[i].name : NULL;
}
