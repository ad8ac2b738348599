#include "cli/cli.h"

#include "base/diag.h"
#include "config.h"

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
     "proxy [-c FILE] [-l LISTEN] [-r REMOTE] [--admin ADDR] [--log FILE] [--format text|json] [--hex] …",
     "Run the proxy. Any setting is a flag: limits.sessions is --limits-sessions. Without -r it forwards to\n"
     "127.0.0.1:3306. Records go to standard output, diagnostics to standard error.\n"
     "SIGTERM and SIGINT stop it, SIGUSR1 opens the log file anew."},
    {"tail", cli_tail, "tail [--admin ADDR] [--format text|json] [-n COUNT]",
     "Follow the records of a running proxy; -n shows that many recent ones first."},
    {"sessions", cli_sessions, "sessions [--admin ADDR] [--format text|json] [kill ID]",
     "List the sessions of a running proxy, or close one."},
    {"stages", cli_stages, "stages [--admin ADDR] [--format text|json]",
     "Show a running proxy's memory by stage."},
    {"hex", cli_hex, "hex [--admin ADDR] ID", "Show the last packets of a session in hex."},
    {"config", cli_config, "config [print | check FILE]",
     "Print all settings with their defaults, or check a file."},
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

static int help(int argc, char **argv)
{
        const struct command *command = argc > 1 ? find(argv[1]) : NULL;
        if (argc > 1 && command == NULL) {
                diag(DIAG_ERROR, "no such command: %s", argv[1]);
                return EXIT_USAGE;
        }
        if (command != NULL) {
                (void)printf("Usage: querytap %s\n\n%s\n", command->usage, command->help);
        } else {
                print_usage(stdout);
        }
        return EXIT_DONE;
}

int cli_version(int argc, char **argv)
{
        (void)argc;
        (void)argv;
        (void)printf("querytap %s\n", PACKAGE_VERSION);
        return EXIT_DONE;
}

static bool asks_for_help(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
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
                char *words[] = {argv[0], argv[1], NULL};
                return help(2, words);
        }
        return command->run(argc - 1, argv + 1);
}
