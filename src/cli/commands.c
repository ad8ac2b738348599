/* The short commands. Most of them send a request to the admin port and print the response. */
#include "base/diag.h"
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "journal/format/schema.h"
#include "journal/sink/sink_check.h"
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

static int too_many(const char *arg)
{
        diag(DIAG_ERROR, "unexpected argument %s", arg);
        return EXIT_USAGE;
}

static bool is_number(const char *text)
{
        return *text != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 20;
}

/** client_parse for the commands that take no -n. */
static bool parse(struct client_options *options, int *argc, char **argv)
{
        if (!client_parse(options, argc, argv)) {
                return false;
        }
        if (options->count != NULL) {
                diag(DIAG_ERROR, "this command does not accept -n");
                return false;
        }
        return true;
}

int cli_tail(int argc, char **argv)
{
        struct client_options options;
        if (!client_parse_records(&options, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (argc > 1) {
                return too_many(argv[1]);
        }
        options.endless = true;
        if (options.count != NULL && !is_number(options.count)) {
                diag(DIAG_ERROR, "-n needs a number, not '%s'", options.count);
                return EXIT_USAGE;
        }
        char path[sizeof options.filter + 64];
        (void)snprintf(path, sizeof path, "/records/stream?n=%s%s",
                       options.count != NULL ? options.count : "0", options.filter);
        return client_get(&options, path);
}

int cli_sessions(int argc, char **argv)
{
        struct client_options options;
        if (!parse(&options, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (argc == 1) {
                return client_get(&options, "/sessions");
        }
        if (argc != 3 || strcmp(argv[1], "kill") != 0 || !is_number(argv[2])) {
                diag(DIAG_ERROR, "usage: querytap sessions [kill ID]");
                return EXIT_USAGE;
        }
        char path[64];
        (void)snprintf(path, sizeof path, "/sessions/%s/kill", argv[2]);
        return client_post(&options, path);
}

int cli_stages(int argc, char **argv)
{
        struct client_options options;
        if (!parse(&options, &argc, argv)) {
                return EXIT_USAGE;
        }
        return argc > 1 ? too_many(argv[1]) : client_get(&options, "/stages");
}

int cli_hex(int argc, char **argv)
{
        struct client_options options;
        char path[64];
        if (!parse(&options, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (argc != 2 || !is_number(argv[1])) {
                diag(DIAG_ERROR, "usage: querytap hex ID ('querytap sessions' lists them)");
                return EXIT_USAGE;
        }
        (void)snprintf(path, sizeof path, "/sessions/%s/hex", argv[1]);
        return client_get(&options, path);
}

static int check(const char *path)
{
        struct settings settings;
        settings_defaults(&settings);
        enum status status = settings_load(&settings, path);
        if (status == STATUS_OK) {
                status = settings_check(&settings);
        }
        if (status == STATUS_OK) {
                status = sink_check(&settings);
        }
        if (status == STATUS_OK) {
                shown_print(stdout, span_str(path));
                (void)printf(": ok\n");
        }
        return status == STATUS_OK ? EXIT_DONE : EXIT_USAGE;
}

int cli_config(int argc, char **argv)
{
        struct settings settings;
        if (argc == 3 && strcmp(argv[1], "check") == 0 && argv[2][0] != '-') {
                return check(argv[2]);
        }
        settings_defaults(&settings);
        if (settings_args(&settings, &argc, argv) != STATUS_OK || sink_check(&settings) != STATUS_OK) {
                return EXIT_USAGE;
        }
        if (argc == 1 || (argc == 2 && strcmp(argv[1], "print") == 0)) {
                settings_write(&settings, stdout);
                return EXIT_DONE;
        }
        diag(DIAG_ERROR, "usage: querytap config [print [-c FILE] [--SETTING VALUE …] | check FILE]");
        return EXIT_USAGE;
}

int cli_schema(int argc, char **argv)
{
        if (argc > 1) {
                return too_many(argv[1]);
        }
        schema_write(stdout);
        return EXIT_DONE;
}
