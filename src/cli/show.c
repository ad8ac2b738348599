/* tail, sessions, stages, hex and pcap: they send a request to the admin port and print the response. */
#include "cli/commands.h"

#include "base/diag.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/tail_group.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int too_many(const char *arg)
{
        diag(DIAG_ERROR, "unexpected argument %s", arg);
        return EXIT_USAGE;
}

/** client_parse, for the commands that do not have -n. */
static bool parse(struct client_options *options, int *argc, char **argv, const struct flag *more,
                  size_t n_more)
{
        if (!client_parse(options, argc, argv, more, n_more)) {
                return false;
        }
        if (options->count != NULL) {
                diag(DIAG_ERROR, "this command does not accept -n");
                return false;
        }
        return true;
}

/** In a shell, d>100ms without quotes writes to a file that is named 100ms. */
static void warn_of_redirection(void)
{
        enum { NAME_SIZE = 4096 };
        char path[NAME_SIZE];
        struct stat info;
        ssize_t n = readlink("/proc/self/fd/1", path, sizeof path - 1);
        if (n <= 0 || fstat(STDOUT_FILENO, &info) != 0 || !S_ISREG(info.st_mode)) {
                return;
        }
        path[n] = '\0';
        const char *name = strrchr(path, '/');
        name = name != NULL ? name + 1 : path;
        const char *number = name + strspn(name, "=");
        const char *unit = number + strspn(number, "0123456789.");
        if (unit > number && strspn(unit, "usmhkMGi+") == strlen(unit)) {
                diag(DIAG_WARNING,
                     "the output goes to a file with the name %s: write d:%s+ instead of d>%s, or put the "
                     "expression in quotes",
                     name, number, number);
        }
}

int command_tail(int argc, char **argv)
{
        struct client_options options;
        if (!client_parse_records(&options, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (!client_add_expression(&options, 1, argc, argv)) {
                return EXIT_USAGE;
        }
        warn_of_redirection();
        options.endless = true;
        char path[sizeof options.filter + 64];
        const char *all = "1000000"; /* the most that can be asked for: those since the mark are fewer */
        const char *count = options.count != NULL ? options.count : options.since ? all : "0";
        (void)snprintf(path, sizeof path, "/records/stream?n=%s%s", count, options.filter);
        return options.group != NULL ? tail_group(&options, path) : client_get(&options, path);
}

int command_sessions(int argc, char **argv)
{
        struct client_options options;
        if (!parse(&options, &argc, argv, NULL, 0)) {
                return EXIT_USAGE;
        }
        if (argc == 1) {
                char path[64];
                (void)snprintf(path, sizeof path, "/sessions?width=%u", client_columns());
                return client_get(&options, path);
        }
        if (argc != 3 || strcmp(argv[1], "kill") != 0 || !client_is_number(argv[2])) {
                diag(DIAG_ERROR, "usage: querytap sessions [kill ID]");
                return EXIT_USAGE;
        }
        char path[64];
        (void)snprintf(path, sizeof path, "/sessions/%s/kill", argv[2]);
        return client_post(&options, path);
}

int command_stages(int argc, char **argv)
{
        struct client_options options;
        if (!parse(&options, &argc, argv, NULL, 0)) {
                return EXIT_USAGE;
        }
        return argc > 1 ? too_many(argv[1]) : client_get(&options, "/stages");
}

int command_hex(int argc, char **argv)
{
        struct client_options options;
        char path[64];
        bool is_annotated = false;
        bool is_table = false;
        bool is_for_text2pcap = false;
        const struct flag flags[] = {
            {.name = "annotate", .take = flags_take_switch, .into = &is_annotated},
            {.name = "table", .take = flags_take_switch, .into = &is_table},
            {.name = "text2pcap", .take = flags_take_switch, .into = &is_for_text2pcap},
        };
        if (!parse(&options, &argc, argv, flags, sizeof flags / sizeof flags[0])) {
                return EXIT_USAGE;
        }
        if (argc != 2 || !client_is_number(argv[1])) {
                diag(DIAG_ERROR, "usage: querytap hex [--annotate | --table | --text2pcap] ID ('querytap "
                                 "sessions' lists open sessions; #7 in the "
                                 "log is session 7)");
                return EXIT_USAGE;
        }
        if (is_annotated + is_table + is_for_text2pcap > 1) {
                diag(DIAG_ERROR, "--annotate, --table and --text2pcap exclude each other");
                return EXIT_USAGE;
        }
        (void)snprintf(path, sizeof path, "/sessions/%s/hex%s", argv[1],
                       is_table           ? "?annotate=table"
                       : is_annotated     ? "?annotate=1"
                       : is_for_text2pcap ? "?annotate=text2pcap"
                                          : "");
        return client_get(&options, path);
}

int command_pcap(int argc, char **argv)
{
        struct client_options options;
        char path[sizeof options.filter + 64];
        if (!parse(&options, &argc, argv, NULL, 0)) {
                return EXIT_USAGE;
        }
        bool is_session = argc == 2 && client_is_number(argv[1]);
        if (!is_session && argc > 1 && !client_add_expression(&options, 1, argc, argv)) {
                return EXIT_USAGE;
        }
        if (isatty(STDOUT_FILENO)) {
                diag(DIAG_ERROR, "the output is not for a terminal: write it to a file, or pipe it into "
                                 "'wireshark -k -i -' or 'tshark -i -'");
                return EXIT_USAGE;
        }
        options.endless = true;
        options.may_end = is_session;
        if (is_session) {
                (void)snprintf(path, sizeof path, "/pcap?session=%s", argv[1]);
        } else {
                (void)snprintf(path, sizeof path, "/pcap%s%s", argc > 1 ? "?" : "",
                               argc > 1 ? options.filter + 1 : ""); /* without its '&' */
        }
        return client_get(&options, path);
}
