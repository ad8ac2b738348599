/* config and schema: they need no running proxy. */
#include "cli/commands.h"

#include "base/diag.h"
#include "base/shown.h"
#include "cli/config_check.h"
#include "cli/exit.h"
#include "journal/format/schema.h"
#include "journal/sink/sink_check.h"
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

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
                status = config_check_start(&settings);
        }
        if (status == STATUS_OK) {
                shown_print(stdout, span_str(path));
                (void)printf(": ok\n");
        }
        return status == STATUS_OK ? EXIT_DONE : EXIT_USAGE;
}

int command_config(int argc, char **argv)
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

int command_schema(int argc, char **argv)
{
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[1]);
                return EXIT_USAGE;
        }
        schema_write(stdout);
        return EXIT_DONE;
}
