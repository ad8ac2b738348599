#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/descriptors.h"
#include "cli/exit.h"
#include "cli/flags.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char out_text[65536];
static char err_text[16384];

static void read_back(FILE *from, char *to, size_t size)
{
        rewind(from);
        size_t n = fread(to, 1, size - 1, from);
        to[n] = '\0';
        (void)fclose(from);
}

/** Run the program with @p words (NULL at the end) in a process of its own. @return its exit status. */
static int run(const char *const *words)
{
        static char copies[12][160];
        char *argv[12] = {NULL};
        int argc = 0;
        for (; words[argc] != NULL; argc++) {
                (void)snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
                argv[argc] = copies[argc];
        }
        FILE *out = tmpfile();
        FILE *err = tmpfile();
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT_PTR_NOT_NULL_FATAL(err);
        (void)fflush(stdout);
        pid_t child = fork();
        CU_ASSERT_TRUE_FATAL(child >= 0);
        if (child == 0) {
                (void)dup2(fileno(out), STDOUT_FILENO);
                (void)dup2(fileno(err), STDERR_FILENO);
                int status = cli_main(argc, argv);
                (void)fflush(stdout);
                _exit(status);
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        read_back(out, out_text, sizeof out_text);
        read_back(err, err_text, sizeof err_text);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(...) run((const char *const[]){"querytap", __VA_ARGS__, NULL})

static bool has(const char *text, const char *part)
{
        if (strstr(text, part) == NULL) {
                printf("# wanted: %s\n# got: %s\n", part, text);
                return false;
        }
        return true;
}

static void without_a_command_there_is_usage(void)
{
        CU_ASSERT_EQUAL(run((const char *const[]){"querytap", NULL}), EXIT_USAGE);
        CU_ASSERT_STRING_EQUAL(out_text, "");
        CU_ASSERT_TRUE(has(err_text, "querytap proxy"));
        CU_ASSERT_EQUAL(RUN("frobnicate"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "no such command: frobnicate"));
}

static void each_command_has_help(void)
{
        CU_ASSERT_EQUAL(RUN("help"), EXIT_DONE);
        CU_ASSERT_STRING_EQUAL(err_text, "");
        for (size_t i = 0; cli_command(i) != NULL; i++) {
                char usage[64];
                CU_ASSERT_EQUAL(RUN("help"), EXIT_DONE);
                (void)snprintf(usage, sizeof usage, "querytap %s", cli_command(i));
                CU_ASSERT_TRUE(has(out_text, usage));
                CU_ASSERT_EQUAL(RUN("help", cli_command(i)), EXIT_DONE);
                CU_ASSERT_TRUE(has(out_text, usage));
                CU_ASSERT_EQUAL(RUN(cli_command(i), "--help"), EXIT_DONE);
                CU_ASSERT_TRUE(has(out_text, usage));
        }
        CU_ASSERT_EQUAL(RUN("help", "proxy"), EXIT_DONE);
        CU_ASSERT_TRUE(has(out_text, "--limits-query-bytes (default: 1M)"));
        CU_ASSERT_TRUE(has(out_text, "--listen, -l (default: 127.0.0.1:3307)"));
        CU_ASSERT_EQUAL(RUN("help", "frobnicate"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("help", "proxy", "more"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("--help"), EXIT_DONE);
}

static void the_version_is_told(void)
{
        CU_ASSERT_EQUAL(RUN("version"), EXIT_DONE);
        CU_ASSERT_TRUE(has(out_text, "querytap "));
        CU_ASSERT_EQUAL(RUN("--version"), EXIT_DONE);
        CU_ASSERT_EQUAL(RUN("version", "please"), EXIT_USAGE);
}

static void wrong_arguments_exit_with_2(void)
{
        CU_ASSERT_EQUAL(RUN("proxy", "--workers", "99"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "--workers: setting 'workers' must be from 0 to 64, not 99"));
        CU_ASSERT_EQUAL(RUN("proxy", "--nonsense"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("proxy", "db:3306"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "unexpected argument db:3306"));
        CU_ASSERT_EQUAL(RUN("proxy", "-c", "/nowhere.cfg"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "/nowhere.cfg: No such file or directory"));
        CU_ASSERT_EQUAL(RUN("proxy", "-l", "127.0.0.1:0", "--admin", "0.0.0.0:0", "--log", "off"),
                        EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "must be a loopback address"));
        CU_ASSERT_EQUAL(RUN("proxy", "--limits-query-bytes", "4M"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "log.ring_bytes"));
        CU_ASSERT_EQUAL(RUN("tail", "-n", "x"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("tail", "err", "usr:a"), EXIT_USAGE);
        CU_ASSERT_TRUE(
            has(err_text, "column 5 of the expression: 'usr' is not a term; did you mean 'user'?"));
        CU_ASSERT_EQUAL(RUN("tail", "--format", "xml"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("stages", "-n", "3"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("stages", "--admin"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("stages", "--admin", "nonsense"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("stages", "--admin", "off"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("hex"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("hex", "-1"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("sessions", "kill"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("sessions", "kill", "all"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("config", "frob"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("config", "check"), EXIT_USAGE);
}

static void without_a_proxy_the_clients_fail(void)
{
        static const char *const commands[] = {"tail", "stages", "sessions"};
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
                CU_ASSERT_EQUAL(RUN(commands[i], "--admin", "127.0.0.1:1"), EXIT_FAILED);
                CU_ASSERT_STRING_EQUAL(out_text, "");
                CU_ASSERT_TRUE(has(
                    err_text, "no response from the admin port at 127.0.0.1:1: is a proxy running there?"));
        }
        CU_ASSERT_EQUAL(RUN("hex", "1", "--admin=127.0.0.1:1"), EXIT_FAILED);
        CU_ASSERT_EQUAL(RUN("sessions", "kill", "1", "--admin=127.0.0.1:1"), EXIT_FAILED);
}

static void config_prints_and_checks(void)
{
        char path[] = "/tmp/querytap-cli.XXXXXX";
        int fd = mkstemp(path);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        CU_ASSERT_EQUAL(RUN("config"), EXIT_DONE);
        CU_ASSERT_TRUE(has(out_text, "listen = \"127.0.0.1:3307\";"));
        CU_ASSERT_EQUAL(write(fd, out_text, strlen(out_text)), (ssize_t)strlen(out_text));
        CU_ASSERT_EQUAL(RUN("config", "check", path), EXIT_DONE);
        CU_ASSERT_TRUE(has(out_text, ": ok\n"));
        CU_ASSERT_EQUAL(RUN("config", "print", "--workers=3", "-c", path), EXIT_DONE);
        CU_ASSERT_TRUE(has(out_text, "workers = 3;"));
        CU_ASSERT_EQUAL(pwrite(fd, "frobnicate = 1;#", 16, 0), 16);
        CU_ASSERT_EQUAL(RUN("config", "check", path), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, ":1: unknown setting 'frobnicate'"));
        (void)close(fd);
        (void)unlink(path);
}

static void client_flags_are_taken_out(void)
{
        struct client_options o;
        char words[][32] = {"sessions", "kill", "--admin=[::1]:7", "7", "--format", "json", "-n", "5"};
        char *argv[9] = {NULL};
        int argc = 8;
        for (int i = 0; i < argc; i++) {
                argv[i] = words[i];
        }
        CU_ASSERT_TRUE(client_parse(&o, &argc, argv, NULL, 0));
        CU_ASSERT_EQUAL(argc, 3);
        CU_ASSERT_STRING_EQUAL(argv[1], "kill");
        CU_ASSERT_STRING_EQUAL(argv[2], "7");
        CU_ASSERT_STRING_EQUAL(o.admin, "[::1]:7");
        CU_ASSERT_STRING_EQUAL(o.format, "json");
        CU_ASSERT_STRING_EQUAL(o.count, "5");
        argc = 1;
        CU_ASSERT_TRUE(client_parse(&o, &argc, argv, NULL, 0));
        CU_ASSERT_STRING_EQUAL(o.admin, "127.0.0.1:6060");
        CU_ASSERT_STRING_EQUAL(o.format, "text");
        CU_ASSERT_PTR_NULL(o.count);
}

/** Parse @p line, words apart by blanks, with a flag of each kind. @return what is left, apart by blanks, or NULL. */
static const char *parse_line(const char *line, enum flags_order order, const char **text, bool *is_set)
{
        static char copy[160];
        static char left[160];
        char *argv[16] = {NULL};
        int argc = 1;
        char program[] = "command";
        const struct flag flags[] = {
            {"text", 't', FLAG_VALUE, flags_take_text, text},
            {"texts", .value = FLAG_VALUE, .take = flags_take_text, .into = text},
            {"set", 's', FLAG_SWITCH, flags_take_switch, is_set},
            {"maybe", .value = FLAG_OPTIONAL, .take = flags_take_text, .into = text},
        };
        argv[0] = program;
        (void)snprintf(copy, sizeof copy, "%s", line);
        for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
                argv[argc++] = word;
        }
        *text = "unset";
        *is_set = false;
        left[0] = '\0';
        if (!flags_parse(flags, 4, order, NULL, &argc, argv)) {
                return NULL;
        }
        for (int i = 1; i < argc; i++) {
                (void)strcat(strcat(left, i > 1 ? " " : ""), argv[i]);
        }
        return left;
}

static void flags_are_parsed_by_a_table(void)
{
        static const struct {
                const char *line;
                enum flags_order order;
                const char *left; /* NULL: refused */
                const char *text;
                bool is_set;
        } cases[] = {
            {"", FLAGS_ANYWHERE, "", "unset", false},
            {"a -s b --text c d", FLAGS_ANYWHERE, "a b d", "c", true},
            {"a --text=c=d b", FLAGS_ANYWHERE, "a b", "c=d", false},
            {"-t c -tx", FLAGS_ANYWHERE, "", "x", false},
            {"-st c", FLAGS_ANYWHERE, "", "c", true},
            {"--text --set", FLAGS_ANYWHERE, "", "--set", false},
            {"--text= a", FLAGS_ANYWHERE, "a", "", false},
            {"a -- -s --text b", FLAGS_ANYWHERE, "a -s --text b", "unset", false},
            {"- a", FLAGS_ANYWHERE, "- a", "unset", false},
            {"--maybe=x a", FLAGS_ANYWHERE, "a", "x", false},
            {"-s a -s b --text c", FLAGS_FIRST, "a -s b --text c", "unset", true},
            {"-s -- -s", FLAGS_FIRST, "-s", "unset", true},
            {"--text", FLAGS_ANYWHERE, NULL, "unset", false},
            {"a -t", FLAGS_ANYWHERE, NULL, "unset", false},
            {"--set=1", FLAGS_ANYWHERE, NULL, "unset", false},
            {"--tex c", FLAGS_ANYWHERE, NULL, "unset", false},
            {"--se", FLAGS_ANYWHERE, NULL, "unset", false},
            {"--frob", FLAGS_ANYWHERE, NULL, "unset", false},
            {"-1", FLAGS_ANYWHERE, NULL, "unset", false},
        };
        CU_ASSERT_EQUAL(setenv("POSIXLY_CORRECT", "1", 1), 0); /* must not matter */
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const char *text;
                bool is_set;
                const char *left = parse_line(cases[i].line, cases[i].order, &text, &is_set);
                CU_ASSERT_EQUAL(left == NULL, cases[i].left == NULL);
                if (left != NULL && cases[i].left != NULL) {
                        CU_ASSERT_STRING_EQUAL(left, cases[i].left);
                        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
                        CU_ASSERT_EQUAL(is_set, cases[i].is_set);
                }
        }
        CU_ASSERT_EQUAL(unsetenv("POSIXLY_CORRECT"), 0);
}

static void wrong_flags_are_named(void)
{
        CU_ASSERT_EQUAL(RUN("sessions", "kill", "--frob", "1"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "unknown option --frob\n"));
        CU_ASSERT_EQUAL(RUN("tail", "--user"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "option --user needs a value"));
        CU_ASSERT_EQUAL(RUN("digest", "--ansi", "SELECT 1"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "unknown option --ansi; did you mean --ansi-quotes?"));
        CU_ASSERT_EQUAL(RUN("digest", "SELECT 1", "--ansi"), EXIT_DONE);
        CU_ASSERT_EQUAL(RUN("top", "-x"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "unknown option -x\n"));
        CU_ASSERT_EQUAL(RUN("top", "count", "tabel:x"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "'tabel' is not a term; did you mean 'table'?"));
        CU_ASSERT_EQUAL(RUN("tail", "--usre=app"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "unknown option --usre=app; did you mean --user?"));
        CU_ASSERT_EQUAL(RUN("sesions"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "no such command: sesions; did you mean sessions?"));
        CU_ASSERT_EQUAL(RUN("help", "tial"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("heap", "verdict"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "no subcommand verdict, did you mean verdicts;"));
        CU_ASSERT_EQUAL(RUN("heap", "births", "--since"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("heap", "births", "--stack", "more"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "usage: querytap heap births"));
        CU_ASSERT_EQUAL(RUN("heap", "sample", "1", "--stage=main", "--admin=127.0.0.1:1"), EXIT_FAILED);
        CU_ASSERT_EQUAL(RUN("heap", "explain", "--format=xml", "-"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "usage: querytap heap explain"));
        CU_ASSERT_EQUAL(RUN("heap", "explain", "--rounds=7-3", "-"), EXIT_USAGE);
        CU_ASSERT_EQUAL(RUN("heap", "watch", "--every=never", "http://127.0.0.1:1"), EXIT_USAGE);
        CU_ASSERT_TRUE(has(err_text, "usage: querytap heap watch"));
        CU_ASSERT_EQUAL(RUN("heap", "watch", "--ci"), EXIT_USAGE);
}

static void descriptors_are_shared_out(void)
{
        struct settings s;
        settings_defaults(&s);
        uint64_t fixed = descriptors_fixed(&s, 2);
        uint64_t wanted = descriptors_wanted(&s, fixed);
        CU_ASSERT_TRUE(wanted > 2 * s.limits.sessions + s.limits.admin_connections + fixed);
        CU_ASSERT_FALSE(descriptors_share(&s, (struct descriptors){wanted, fixed}));
        CU_ASSERT_FALSE(descriptors_share(&s, (struct descriptors){UINT64_MAX, fixed}));
        CU_ASSERT_EQUAL(s.limits.sessions, 10000);
        CU_ASSERT_TRUE(descriptors_share(&s, (struct descriptors){wanted - 2, fixed}));
        CU_ASSERT_EQUAL(s.limits.sessions, 9999);
        CU_ASSERT_EQUAL(s.limits.admin_connections, 64);
        for (uint64_t limit = 0; limit < 1000; limit++) {
                settings_defaults(&s);
                CU_ASSERT_TRUE(descriptors_share(&s, (struct descriptors){limit, fixed}));
                CU_ASSERT_TRUE(s.limits.sessions >= 1 && s.limits.admin_connections >= 4);
                if (limit >= descriptors_least(&s, fixed)) { /* enough for anything at all: then it fits */
                        CU_ASSERT_TRUE(fixed + s.limits.admin_connections + 2 * s.limits.sessions <= limit);
                }
        }
        settings_defaults(&s);
        CU_ASSERT_EQUAL(settings_set(&s, "admin", "off", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(descriptors_wanted(&s, fixed), wanted - 64);
        CU_ASSERT_EQUAL(descriptors_least(&s, fixed), fixed + 4);
        CU_ASSERT_EQUAL(settings_set(&s, "remote", "db.example:3306", "test"), STATUS_OK);
        CU_ASSERT_TRUE(descriptors_fixed(&s, 2) > fixed); /* a resolver each */
        CU_ASSERT_TRUE(descriptors_fixed(&s, 4) > descriptors_fixed(&s, 2));
}

static const struct tap_test tests[] = {
    {"without a command there is usage", without_a_command_there_is_usage},
    {"each command has help", each_command_has_help},
    {"the version is told", the_version_is_told},
    {"wrong arguments exit with 2", wrong_arguments_exit_with_2},
    {"without a proxy the clients fail", without_a_proxy_the_clients_fail},
    {"config prints and checks", config_prints_and_checks},
    {"client flags are taken out", client_flags_are_taken_out},
    {"flags are parsed by a table", flags_are_parsed_by_a_table},
    {"wrong flags are named", wrong_flags_are_named},
    {"descriptors are shared out", descriptors_are_shared_out},
};

int main(void)
{
        return TAP_RUN("cli", tests);
}
