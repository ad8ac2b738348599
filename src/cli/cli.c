#include "cli/cli.h"

#include "base/diag.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "config.h"
#include "settings/settings.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static int help(int argc, char **argv);
static int version(int argc, char **argv);

static const struct command {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *usage;
        const char *help;
} commands[] = {
    {"proxy", command_proxy,
     "proxy [-c FILE] [-l LISTEN] [-r REMOTE] [--admin ADDR] [--log FILE] [--format text|json|ltsv|slow] "
     "[--hex] …",
     "Run the proxy: forward clients to the server at REMOTE (127.0.0.1:3306 if not given) and log "
     "what\nthey do. Log records go to standard output, querytap's own messages to standard error. "
     "SIGTERM\nand SIGINT stop the proxy; SIGHUP reads the settings file again; SIGUSR1 reopens the log "
     "files.\n\nEach setting is an "
     "option: limits.sessions is --limits-sessions. -c reads settings from a file.\nThe options, with their "
     "defaults:"},
    {"run", command_run, "run [OPTION …] -- COMMAND [ARGUMENT …]",
     "Run a command, such as a test suite, behind a proxy of its own, and report what it sent: the "
     "statements "
     "of\neach scope (test), N+1 and other findings. The proxy listens on a free port; MYSQL_HOST, "
     "MYSQL_TCP_PORT,\nDATABASE_URL and the like lead to it, and {host}, {port} and {socket} in the "
     "arguments "
     "are replaced.\n\n"
     "  -r, --remote ADDR     the server; without it, the one to which the environment leads\n"
     "      --env NAME=TEXT   set a variable; {host}, {port} and {socket} are replaced\n"
     "      --scope-tag NAME  the comment tag that names the scope of a statement (default: test)\n"
     "      --findings LIST   the findings that fail the run (default: n_plus_one,in_write_loop); all, none\n"
     "      --allow-empty     it is no error if no statement comes through the proxy\n"
     "      --budget M=N[@SCOPE]  limit what a scope sends: statements, writes, errors, rows, n_plus_one "
     "...\n"
     "      --total M=N       the same of the whole run\n"
     "      --contract FILE   compare the shapes that each scope sends, and how often, with a file\n"
     "      --baseline FILE   accept the findings in a file\n"
     "      --update          write both files anew; --learn widens the ranges in the contract; --prune "
     "removes\n"
     "                        scopes that did not run\n"
     "  -c, --config FILE     settings of these options (default: .querytap.cfg, up to the repository's "
     "root)\n"
     "      --report FILE     write the report to a file instead of standard error\n"
     "      --json FILE       write it in other forms, too; also --junit, --sarif, --markdown (appends)\n"
     "      --github          write annotations for GitHub Actions to standard error\n"
     "      --compare FILE    say what differs from a run that has written FILE with --json\n"
     "      --settings FILE   settings of the proxy\n\n"
     "The exit status is that of the command; if the command succeeds, 1 if something was found."},
    {"tail", command_tail,
     "tail [--admin ADDR] [--format text|json|ltsv|slow] [--verbose] [--group transaction|scope] [-n COUNT] "
     "[--since MARK] [EXPRESSION …]",
     "Follow the log records of a running proxy. -n shows that many recent ones first, --since those since "
     "a\n"
     "mark (POST /marks); --verbose adds details; --group puts the statements of a transaction or a scope\n"
     "together, with the time between them. An expression selects records: d:100ms+ or err,\n"
     "table:orders op:update, finding:n_plus_one, user:app* rows:1000+; see querytap-filter(7).\n"
     "Older filters: --user, --schema, "
     "--client, --command,\n--event, --digest, --session, --errno, --errors, --finding, --pattern, "
     "--min-duration, --min-rows,\n--sample and --sample-sessions; see filter.user in querytap(1)."},
    {"top", command_top,
     "top [--admin ADDR] [--format text|json] [--by KIND] [-n COUNT] [ORDER] [EXPRESSION …]",
     "Show the statements of a running proxy, grouped by digest: how often they ran, how long they "
     "took,\nand what was found (slow, no index, N+1, duplicates). On a terminal the table is updated "
     "every\nsecond, with the statements that occupy the server most at the top; the arrow keys select a "
     "statement\nand the order, Enter shows a statement in full, and q quits. Otherwise the table is printed "
     "once,\nsorted by total time. ORDER is time, active, count, errors, max, p99, rows or last; an "
     "expression "
     "such as\ntable:orders or finding:n_plus_one selects digests; see querytap-filter(7)."},
    {"sessions", command_sessions, "sessions [--admin ADDR] [--format text|json] [kill ID]",
     "List the open sessions of a running proxy and what each is doing, or close one."},
    {"hex", command_hex, "hex [--admin ADDR] [--format text|json] [--annotate | --table | --text2pcap] ID",
     "Show the last packets of a session as a hex dump, also of one that has ended, as long as its "
     "packets\nare kept (capture.bytes). --annotate names every byte: hex by field, with the name and the "
     "content of\neach field; --table lists the fields without hex. --text2pcap prints the dump as text2pcap "
     "reads\nit. The log "
     "shows the ID of each session: #7 is session 7."},
    {"read", command_read,
     "read [-p PORT,…] [--follow] [--digests] [--format text|json|ltsv|slow] [--SETTING VALUE …] FILE|- "
     "[EXPRESSION …]",
     "Decode a capture file (pcap or pcapng, also compressed with gzip), or standard input, and log what "
     "the\n"
     "sessions in it did, as the proxy does with its own sessions. Servers are recognised by their greeting; "
     "-p\nnames the ports of servers (3306 if not given), for sessions whose beginning was not captured. "
     "--follow\nwaits for more at the end of the file. An expression selects records: d:100ms+ or err; see\n"
     "querytap-filter(7). The settings of the proxy that concern records are options here, too: --log-rows,\n"
     "--log-redact and the like. Standard error has counts of what could not be read."},
    {"probe", command_probe,
     "probe -i INTERFACE [-p PORT,…] [--promiscuous] [--digests] [--format text|json|ltsv|slow] [--SETTING "
     "VALUE …] "
     "[EXPRESSION …]",
     "Log what sessions do whose packets pass an interface of this machine, as read does with a capture; -i "
     "any "
     "takes\nall interfaces. It needs root or the capability CAP_NET_RAW, and gives up all privileges when "
     "the\n"
     "interface is open. Packets that are not sent to this machine are read only with --promiscuous. SIGINT "
     "and "
     "SIGTERM\nend it; standard error has counts of what could not be read."},
    {"pcap", command_pcap, "pcap [--admin ADDR] [SESSION | EXPRESSION …]",
     "Write the packets of a running proxy to standard output as they come, as a capture file for "
     "'wireshark\n"
     "-k -i -' or 'tshark -i -': decrypted and decompressed. Of all sessions, of one, or of those with a "
     "log\nrecord that the expression selects; see querytap-filter(7)."},
    {"digest", command_digest,
     "digest [--server VERSION] [--ansi-quotes] [--no-backslash-escapes] [--null] [STATEMENT …]",
     "Print the digest of each statement: its hash and its text, as in log records. Without arguments,\neach "
     "line of standard input is a statement; with --null, statements are separated by NUL bytes,\nand so is "
     "the output. --server (such as 10.11.6-MariaDB), --ansi-quotes and --no-backslash-escapes\nset the SQL "
     "dialect."},
    {"config", command_config, "config [print [-c FILE] [--SETTING VALUE …] | check FILE]",
     "Print all settings as an annotated settings file: the defaults, or those of a file and of options.\nOr "
     "check a settings file: each error is reported with its line number."},
    {"schema", command_schema, "schema", "Print the JSON Schema of the log records in the format json."},
    {"mcp", command_mcp, "mcp [--admin ADDR] [--allow-actions]",
     "Serve the Model Context Protocol on standard input and output, for AI assistants: tools that show "
     "the\nstatements, findings, digests, sessions and memory of a running proxy. An assistant starts this "
     "program;\nsee doc/agents.md. --allow-actions also offers the tool that closes a session."},
    {"stages", command_stages, "stages [--admin ADDR] [--format text|json]",
     "Show the memory of a running proxy by stage (part of the program)."},
    {"heap", command_heap,
     "heap mark NAME | marks | diff A [B] | births [--since MARK] | verdicts | series | sample …\n"
     "       querytap heap explain FILE ... | watch [--every TIME] [--gc] [--ci] URL ...",
     "Find memory leaks, with the heap profile of this proxy or of another program.\n\n"
     "Of a running proxy ([--admin ADDR] [--format text|json] [-n COUNT]):\n"
     "  verdicts              whether the memory of each stage grows; exit status 1 if it does\n"
     "  mark NAME             remember the current counts of all allocation records; marks lists such marks\n"
     "  diff A [B]            what changed from mark A to mark B, or until now\n"
     "  births [--since MARK] new allocation records, with the statement that was running\n"
     "  series [STAGE]        memory over time\n"
     "  sample BYTES          change the sampling rate\n"
     "Of any program:\n"
     "  explain FILE ...      read saved heap profiles: does memory leak, and where?\n"
     "  watch URL ...         the same, but fetch the profiles over HTTP\n"
     "Both end with exit status 1 if memory leaks."},
    {"version", version, "version", "Print the version of querytap and of libevent."},
    {"help", help, "help [COMMAND]", "Describe the commands, or one of them."},
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

static void report_unknown(const char *name)
{
        struct nearest n = nearest_to(name);
        for (size_t i = 0; i < COMMANDS; i++) {
                nearest_try(&n, commands[i].name);
        }
        const char *near = nearest_found(&n);
        diag(DIAG_ERROR, "no such command: %s%s%s%s", name, near != NULL ? "; did you mean " : "",
             near != NULL ? near : "", near != NULL ? "?" : "");
}

static void print_usage(FILE *out)
{
        (void)fputs("querytap - a proxy that logs what an application sends to MySQL or MariaDB\n\nUsage:\n",
                    out);
        for (size_t i = 0; i < COMMANDS; i++) {
                (void)fprintf(out, "  querytap %s\n", commands[i].usage);
        }
        (void)fputs("\n'querytap help COMMAND' describes a command; querytap(1) is the manual.\n", out);
}

/** Print the option of a setting: its name with dashes instead of dots and underscores. */
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
        const char *label = *row->def != '\0' ? " (default: " : "";
        (void)fprintf(out, "\n    %s%s%s%s%s\n", flag, letter, label, row->def, *label != '\0' ? ")" : "");
        settings_write_help(row, "        ", out);
}

static int help(int argc, char **argv)
{
        if (argc > 2) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[2]);
                return EXIT_USAGE;
        }
        const struct command *command = argc > 1 ? find(argv[1]) : NULL;
        if (argc > 1 && command == NULL) {
                report_unknown(argv[1]);
                return EXIT_USAGE;
        }
        if (command != NULL) {
                (void)printf("Usage: querytap %s\n\n%s\n", command->usage, command->help);
                for (size_t i = 0; command->run == command_proxy && i < settings_row_count; i++) {
                        put_flag(stdout, &settings_rows[i]);
                }
        } else {
                print_usage(stdout);
        }
        return EXIT_DONE;
}

static int version(int argc, char **argv)
{
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[1]);
                return EXIT_USAGE;
        }
        (void)printf("querytap %s\nlibevent %s\n", PACKAGE_VERSION, event_get_version());
        return EXIT_DONE;
}

/** Whether --help is among the arguments. It is looked for here, as one rule for all commands: the flags of some are settings. */
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
                return version(1, argv + 1);
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
                return help(1, argv + 1);
        }
        const struct command *command = find(argv[1]);
        if (command == NULL) {
                report_unknown(argv[1]);
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
