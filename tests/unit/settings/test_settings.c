#include "base/diag.h"
#include "loading.h"
#include "settings/changes.h"
#include "settings/places.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void defaults_are_as_told(void)
{
        struct settings s;
        settings_defaults(&s);
        CU_ASSERT_STRING_EQUAL(s.listen, "127.0.0.1:3307");
        CU_ASSERT_STRING_EQUAL(s.remote, "127.0.0.1:3306");
        CU_ASSERT_STRING_EQUAL(s.admin, "127.0.0.1:6060");
        CU_ASSERT_EQUAL(s.log_level, DIAG_INFO);
        CU_ASSERT_EQUAL(s.log.ring_bytes, 4 << 20);
        CU_ASSERT_EQUAL(s.limits.query_bytes, 1 << 20);
        CU_ASSERT_EQUAL(s.profile.sample_bytes, 524288);
        CU_ASSERT_FALSE(s.profile.fault_injection);
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK);
        for (size_t i = 0; i < settings_row_count; i++) {
                char text[SETTINGS_TEXT_MAX];
                settings_print(&s, &settings_rows[i], text, sizeof text);
                CU_ASSERT_STRING_EQUAL(text, settings_rows[i].def);
        }
}

static void a_file_sets_what_it_names(void)
{
        struct settings s;
        CU_ASSERT_EQUAL(load(&s, "listen = \"[::1]:0\";\n"
                                 "hex = true;\n"
                                 "workers = 3L;\n"
                                 "log_level = \"debug\";\n"
                                 "log: { format = \"json\"; flush_ms = \"1s\"; ring_bytes = 0x100000; };\n"
                                 "limits: { query_bytes = \"2k\"; connect_timeout_ms = \"250ms\"; }\n"),
                        STATUS_OK);
        CU_ASSERT_STRING_EQUAL(said, "");
        CU_ASSERT_STRING_EQUAL(s.listen, "[::1]:0");
        CU_ASSERT_STRING_EQUAL(s.remote, "127.0.0.1:3306");
        CU_ASSERT_TRUE(s.hex);
        CU_ASSERT_EQUAL(s.workers, 3);
        CU_ASSERT_EQUAL(s.log_level, DIAG_DEBUG);
        CU_ASSERT_EQUAL(s.sinks[0].format, SETTINGS_FORMAT_JSON);
        CU_ASSERT_EQUAL(s.log.flush_ms, 1000);
        CU_ASSERT_EQUAL(s.log.ring_bytes, 1 << 20);
        CU_ASSERT_EQUAL(s.limits.query_bytes, 2048);
        CU_ASSERT_EQUAL(s.limits.connect_timeout_ms, 250);
}

static void a_parse_error_names_its_line(void)
{
        expect_refusal("listen = \"127.0.0.1:1\";\nremote = = 3;\n", "2: syntax error");
        expect_refusal("hex = true;\nhex = false;\n", "2: duplicate setting name");
}

static void unknown_settings_get_a_hint(void)
{
        expect_refusal("\nlimits = {\n foo = 1;\n};\n",
                       "3: unknown setting 'limits.foo'; 'querytap config print'");
        expect_refusal("limits = { query_byte = 1; };",
                       "1: unknown setting 'limits.query_byte', did you mean "
                       "'limits.query_bytes'?");
        expect_refusal("query_bytes = 1000;",
                       "1: unknown setting 'query_bytes', did you mean 'limits.query_bytes'?");
        expect_refusal("log = { level = \"info\"; };",
                       "1: unknown setting 'log.level', did you mean 'log_level'?");
        expect_refusal("zzzzzzzz = { a = 1; };", "1: unknown setting 'zzzzzzzz';");
        expect_refusal("limits = { a = { b = 1; }; };", "1: unknown setting 'limits.a';");
        expect_refusal("zzzzzzzz = [1, 2];", "1: unknown setting 'zzzzzzzz';");
}

static void wrong_types_are_told(void)
{
        expect_refusal("\nlisten = 3307;", "2: setting 'listen' must be a text in quotes");
        expect_refusal("hex = 1;", "1: setting 'hex' must be true or false");
        expect_refusal("hex = \"maybe\";", "1: setting 'hex' must be true or false, not 'maybe'");
        expect_refusal("workers = true;", "1: setting 'workers' must be a whole number");
        expect_refusal("workers = 1.5;", "1: setting 'workers' must be a whole number");
        expect_refusal("workers = [1, 2];", "1: setting 'workers' must be a whole number");
        expect_refusal("workers = { a = 1; };", "1: setting 'workers' must be a whole number");
        expect_refusal("workers = \"1K\";", "1: setting 'workers' must be a whole number, not '1K'");
        expect_refusal("limits = 5;", "1: 'limits' is a group of settings: limits = { … };");
        expect_refusal("log = { format = \"xml\"; };",
                       "1: setting 'log.format' must be one of auto, text, json, ltsv, slow, not "
                       "'xml'");
        expect_refusal("log = { format = 1; };", "1: setting 'log.format' must be a text in quotes");
        expect_refusal("log = { file = \"\"; };", "1: setting 'log.file' must have 1 to 1023 characters");
        char text[1100];
        memset(text, 'a', sizeof text);
        memcpy(text, "log:{file=\"", 11);
        memcpy(text + sizeof text - 5, "\";};", 5);
        expect_refusal(text, "1: setting 'log.file' must have 1 to 1023 characters");
}

static void ranges_are_told(void)
{
        expect_refusal("workers = 65;", "1: setting 'workers' must be from 0 to 64, not 65");
        expect_refusal("workers = -1;", "1: setting 'workers' must be from 0 to 64, not -1");
        expect_refusal("workers = \"-1\";", "1: setting 'workers' must be from 0 to 64, not -1");
        expect_refusal("workers = 99999999999L;",
                       "1: setting 'workers' must be from 0 to 64, not 99999999999");
        expect_refusal("limits = { query_bytes = \"63\"; };",
                       "1: setting 'limits.query_bytes' must be from 64 to 64M, not 63");
        expect_refusal("limits = { query_bytes = \"65M\"; };",
                       "1: setting 'limits.query_bytes' must be from 64 to 64M");
        expect_refusal("limits = { query_bytes = \"99999999999999999999G\"; };",
                       "1: setting 'limits.query_bytes' must "
                       "be from 64 to 64M");
        expect_refusal("limits = { query_bytes = \"18014398509481985K\"; };",
                       "1: setting 'limits.query_bytes' must be "
                       "from 64 to 64M");
        expect_refusal("limits = { query_bytes = \"10 M\"; };",
                       "1: setting 'limits.query_bytes' must be a size");
        expect_refusal("limits = { query_bytes = \"10s\"; };",
                       "1: setting 'limits.query_bytes' must be a size");
        expect_refusal("limits = { query_bytes = \"K\"; };",
                       "1: setting 'limits.query_bytes' must be a size");
        expect_refusal("log = { flush_ms = \"2s\"; };",
                       "1: setting 'log.flush_ms' must be from 0 to 1000 ms, not 2s");
}

static void every_wrong_setting_is_told_and_the_right_ones_hold(void)
{
        struct settings s;
        CU_ASSERT_EQUAL(load(&s, "workers = 99;\nhex = true;\nfoo = 1;\n"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has(":1: setting 'workers'"));
        CU_ASSERT_TRUE(said_has(":3: unknown setting 'foo'"));
        CU_ASSERT_TRUE(s.hex);
        CU_ASSERT_EQUAL(s.workers, 0);
}

static void addresses_are_checked(void)
{
        static const char *const good[] = {"db:3306", "127.0.0.1:0", "[::1]:65535", "unix:/run/m.sock"};
        static const char *const bad[] = {"3306",      "db:",      ":",      "db:65536", "db:33 06",
                                          ":99999",    ":33 06",   "::1",    "::1:3306", "[]",
                                          "[]:3306",   "[::1",     "[::1]:", "[::1]]",   "[::1]3306",
                                          "unix:",     "unix:run", "/run/m", "off",      "OFF",
                                          "db server", "db\t",     "db:-1",  "db:3306x"};
        struct settings s;
        settings_defaults(&s);
        listen_to_diag();
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
                CU_ASSERT_EQUAL(settings_set(&s, "remote", good[i], "-r"), STATUS_OK);
                CU_ASSERT_STRING_EQUAL(s.remote, good[i]);
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                CU_ASSERT_EQUAL(settings_set(&s, "remote", bad[i], "-r"), STATUS_INVALID);
        }
        static const char *const lists[] = {"a,",   ",a",       "a,,b",   "a b,c",
                                            "a, a", "a:3306,a", "a , b,", "a, ,b"};
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
                CU_ASSERT_EQUAL(settings_set(&s, "remote", lists[i], "-r"), STATUS_INVALID);
        }
        CU_ASSERT_EQUAL(settings_set(&s, "listen", "a, b", "-l"), STATUS_INVALID);
        CU_ASSERT_EQUAL(settings_set(&s, "remote", "a ,b:1,  :2,unix:/m.sock", "-r"), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(s.remote, "a:3306, b:1, 127.0.0.1:2, unix:/m.sock");
        char name[300];
        memset(name, 'a', sizeof name);
        memcpy(name, "unix:/", 6);
        name[6 + 107] = '\0';
        CU_ASSERT_EQUAL(settings_set(&s, "remote", name, "-r"), STATUS_INVALID);
        name[6 + 106] = '\0';
        CU_ASSERT_EQUAL(settings_set(&s, "remote", name, "-r"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_set(&s, "admin", "off", "--admin"), STATUS_OK);
        stop_listening();
        CU_ASSERT_TRUE(
            said_has("-r: setting 'remote' must be host:port, host, :port, [v6]:port or unix:/path, "
                     "not '3306'"));
}

static void an_address_takes_its_defaults(void)
{
        static const struct {
                const char *name;
                const char *given;
                const char *complete;
        } cases[] = {
            {"remote", "db.example", "db.example:3306"},
            {"remote", "10.0.0.7", "10.0.0.7:3306"},
            {"remote", ":3310", "127.0.0.1:3310"},
            {"remote", "[::1]", "[::1]:3306"},
            {"remote", "unix:/run/x.sock", "unix:/run/x.sock"},
            {"remote", "db:3311", "db:3311"},
            {"listen", ":3308", "127.0.0.1:3308"},
            {"listen", "0.0.0.0", "0.0.0.0:3307"},
            {"admin", ":6061", "127.0.0.1:6061"},
            {"admin", "localhost", "localhost:6060"},
            {"admin", "off", "off"},
        };
        struct settings s;
        settings_defaults(&s);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                CU_ASSERT_EQUAL(settings_set(&s, cases[i].name, cases[i].given, "-x"), STATUS_OK);
                const char *got = *cases[i].name == 'r'   ? s.remote
                                  : *cases[i].name == 'l' ? s.listen
                                                          : s.admin;
                CU_ASSERT_STRING_EQUAL(got, cases[i].complete);
        }
        CU_ASSERT_EQUAL(load(&s, "remote = \"db.example\";\nlisten = \":3308\";\n"), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(s.remote, "db.example:3306");
        CU_ASSERT_STRING_EQUAL(s.listen, "127.0.0.1:3308");

        char longest[SETTINGS_TEXT_MAX];
        memset(longest, 'a', sizeof longest);
        longest[sizeof longest - 1] = '\0'; /* it fits, but not with its port */
        listen_to_diag();
        CU_ASSERT_EQUAL(settings_set(&s, "remote", longest, "-r"), STATUS_INVALID);
        stop_listening();
}

static void files_that_cannot_be_read(void)
{
        struct settings s;
        settings_defaults(&s);
        listen_to_diag();
        CU_ASSERT_EQUAL(settings_load(&s, "/nowhere/at/all.cfg"), STATUS_IO);
        CU_ASSERT_EQUAL(settings_load(&s, dir), STATUS_IO);
        stop_listening();
        CU_ASSERT_TRUE(said_has("/nowhere/at/all.cfg: No such file or directory"));
        CU_ASSERT_TRUE(said_has("Is a directory"));

        FILE *f = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fwrite("hex = true;\0nonsense", 1, 20, f);
        (void)fclose(f);
        listen_to_diag();
        CU_ASSERT_EQUAL(settings_load(&s, path), STATUS_INVALID);
        CU_ASSERT_EQUAL(truncate(path, 0), 0);
        CU_ASSERT_EQUAL(settings_load(&s, path), STATUS_OK);
        CU_ASSERT_EQUAL(settings_load(&s, "/dev/null"), STATUS_OK);
        stop_listening();
        CU_ASSERT_TRUE(said_has(":1: syntax error"));
}

/** Run settings_args over up to 8 words. */
static enum status args(struct settings *s, int *argc, char **argv, const char *const *words)
{
        static char copies[16][128];
        int n = 0;
        for (; words[n] != NULL; n++) {
                (void)snprintf(copies[n], sizeof copies[n], "%s", words[n]);
                argv[n] = copies[n];
        }
        argv[n] = NULL;
        *argc = n;
        settings_defaults(s);
        listen_to_diag();
        enum status status = settings_args(s, argc, argv);
        stop_listening();
        return status;
}

#define ARGS(s, argc, argv, ...)                                                                             \
        args((s), (argc), (argv), (const char *const[]){"querytap", __VA_ARGS__, NULL})

static void flags_of_all_shapes(void)
{
        struct settings s;
        int argc;
        char *argv[16];
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "-l", "0.0.0.0:1", "left", "-rdb:2", "--limits-query-bytes=2M",
                             "--hex", "--log-ring-bytes", "8M", "--format=json", "over", "--", "--hex"),
                        STATUS_OK);
        CU_ASSERT_STRING_EQUAL(s.listen, "0.0.0.0:1");
        CU_ASSERT_STRING_EQUAL(s.remote, "db:2");
        CU_ASSERT_EQUAL(s.limits.query_bytes, 2 << 20);
        CU_ASSERT_EQUAL(s.log.ring_bytes, 8 << 20);
        CU_ASSERT_EQUAL(s.sinks[0].format, SETTINGS_FORMAT_JSON);
        CU_ASSERT_TRUE(s.hex);
        CU_ASSERT_EQUAL_FATAL(argc, 4);
        CU_ASSERT_STRING_EQUAL(argv[1], "left");
        CU_ASSERT_STRING_EQUAL(argv[2], "over");
        CU_ASSERT_STRING_EQUAL(argv[3], "--hex");
        CU_ASSERT_PTR_NULL(argv[4]);
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--hex=false", "-"), STATUS_OK);
        CU_ASSERT_FALSE(s.hex);
        CU_ASSERT_EQUAL(argc, 2);
}

static void a_flag_wins_over_the_file(void)
{
        struct settings s;
        int argc;
        char *argv[16];
        CU_ASSERT_EQUAL(load(&s, "workers = 5; hex = true;"), STATUS_OK);
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--workers=7", "-c", path), STATUS_OK);
        CU_ASSERT_EQUAL(s.workers, 7);
        CU_ASSERT_TRUE(s.hex);
        CU_ASSERT_EQUAL(argc, 1);
        char flag[128];
        (void)snprintf(flag, sizeof flag, "--config=%s", path);
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, flag, "x"), STATUS_OK);
        CU_ASSERT_EQUAL(s.workers, 5);
        CU_ASSERT_EQUAL(argc, 2);
}

static void wrong_flags_are_told(void)
{
        struct settings s;
        int argc;
        char *argv[16];
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--limits-query-byte", "1"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has("unknown option --limits-query-byte; did you mean --limits-query-bytes?"));
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "-z"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has("unknown option -z"));
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--workers"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has("--workers needs a value"));
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--workers=99"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has("--workers: setting 'workers' must be from 0 to 64, not 99"));
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--format", "xml"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has(
            "--format: setting 'log.format' must be one of auto, text, json, ltsv, slow, not 'xml'"));
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "-c"), STATUS_INVALID);
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "-c", "/nowhere.cfg"), STATUS_IO);
        CU_ASSERT_EQUAL(ARGS(&s, &argc, argv, "--h"), STATUS_INVALID);
        listen_to_diag();
        CU_ASSERT_EQUAL(settings_set(&s, "limits.session", "1", "here"), STATUS_INVALID);
        stop_listening();
        CU_ASSERT_TRUE(said_has("here: unknown setting 'limits.session', did you mean 'limits.sessions'?"));
}

static void a_record_must_fit_in_half_a_ring(void)
{
        struct settings s;
        settings_defaults(&s);
        s.limits.query_bytes = 3 << 20;
        listen_to_diag();
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_INVALID);
        s.log.ring_bytes = (4 << 20) + 1; /* rounded up to 8M */
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK);
        s.limits.query_bytes = (4 << 20) - (8 << 10);
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK);
        s.limits.query_bytes++;
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_INVALID);
        s.log.ring_bytes = 64 << 10; /* the smallest */
        s.limits.query_bytes = 24 << 10;
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK);
        stop_listening();
        CU_ASSERT_TRUE(
            said_has("setting 'limits.query_bytes' (3145728) is too large for 'log.ring_bytes' (4194304)"));
}

static void what_is_written_is_read_back(void)
{
        struct settings s;
        struct settings back;
        settings_defaults(&s);
        (void)snprintf(s.sinks[0].file, sizeof s.sinks[0].file, "%s", "/tmp/a \"b\\ \tc.log");
        s.sinks[0].format = SETTINGS_FORMAT_TEXT;
        s.hex = true;
        s.limits.query_bytes = 100001;
        s.profile.sample_bytes = 0;
        FILE *f = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        settings_write(&s, f);
        (void)fclose(f);
        settings_defaults(&back);
        CU_ASSERT_EQUAL(settings_load(&back, path), STATUS_OK);
        char place[SETTINGS_PLACE_MAX];
        char expected[SETTINGS_PLACE_MAX];
        CU_ASSERT_STRING_EQUAL(settings_place(&s, "listen", 0, place), "");
        (void)settings_place(&back, "listen", 0, place);
        (void)snprintf(expected, sizeof expected, "%s:", path);
        CU_ASSERT_EQUAL(strncmp(place, expected, strlen(expected)), 0);
        CU_ASSERT_EQUAL(settings_set(&back, "listen", "127.0.0.1:3307", "--listen"), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(settings_place(&back, "listen", 0, place),
                               ""); /* a flag has no place in a file */
        CU_ASSERT_TRUE(settings_row_count <= SETTINGS_ROWS_MAX);
        memset(back.files, 0, sizeof back.files); /* where the values come from differs */
        memset(back.lines, 0, sizeof back.lines);
        back.listen_given = false;
        /* Both were zeroed before: padding is equal too. NOLINTNEXTLINE */
        bool same = memcmp(&s, &back, sizeof s) == 0;
        CU_ASSERT_TRUE(same);
}

static void an_include_is_read_and_its_lines_are_named(void)
{
        struct settings s;
        char other[80];
        (void)snprintf(other, sizeof other, "%s/other.cfg", dir);
        FILE *f = fopen(other, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fputs("\nworkers = 99;\n", f);
        (void)fclose(f);
        CU_ASSERT_EQUAL(load(&s, "hex = true;\n@include \"other.cfg\"\n"), STATUS_INVALID);
        CU_ASSERT_TRUE(said_has("other.cfg:2: setting 'workers' must be from 0 to 64, not 99"));
        CU_ASSERT_TRUE(s.hex);
        (void)unlink(other);
        expect_refusal("@include \"other.cfg\"\n", "1: cannot open include file");
}

static void a_reload_takes_what_is_reloadable(void)
{
        struct settings from;
        struct settings to;
        struct settings_changes changes;
        settings_defaults(&from);
        settings_compare(&from, &from, &changes);
        CU_ASSERT_EQUAL(changes.n_reloadable + changes.n_others, 0);
        CU_ASSERT_EQUAL(load(&to, "remote = \"db\"; listen = \":4000\"; limits = { sessions = 7; };\n"
                                  "log = { verbose = true; };\nlogs = ( { file = \"a.log\"; } );\n"),
                        STATUS_OK);
        settings_compare(&from, &to, &changes);
        CU_ASSERT_EQUAL_FATAL(changes.n_reloadable, 2);
        CU_ASSERT_STRING_EQUAL(changes.reloadable[0], "remote");
        CU_ASSERT_STRING_EQUAL(changes.reloadable[1], "limits.sessions");
        CU_ASSERT_EQUAL_FATAL(changes.n_others, 3);
        CU_ASSERT_STRING_EQUAL(changes.others[0], "listen");
        CU_ASSERT_STRING_EQUAL(changes.others[1], "log.verbose");
        CU_ASSERT_STRING_EQUAL(changes.others[2], "logs");
        settings_take_reloadable(&from, &to);
        CU_ASSERT_STRING_EQUAL(from.remote, "db:3306");
        CU_ASSERT_EQUAL(from.limits.sessions, 7);
        CU_ASSERT_STRING_EQUAL(from.listen, "127.0.0.1:3307");
        CU_ASSERT_FALSE(from.sinks[0].verbose);
        settings_compare(&from, &to, &changes); /* what needs a restart is reported again */
        CU_ASSERT_EQUAL(changes.n_reloadable, 0);
        CU_ASSERT_EQUAL(changes.n_others, 3);
}

static void an_empty_file_is_remembered(void)
{
        struct settings s;
        CU_ASSERT_EQUAL(load(&s, ""), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(s.files[0], path);
        settings_defaults(&s);
        CU_ASSERT_STRING_EQUAL(s.files[0], "");
}

static void further_logs_are_compared(void)
{
        struct settings a;
        struct settings b;
        struct settings_changes changes;
        CU_ASSERT_EQUAL(load(&a, "logs = ( { file = \"a.log\"; }, { file = \"b.log\"; } );\n"), STATUS_OK);
        CU_ASSERT_EQUAL(load(&b, "logs = ( { file = \"a.log\"; }, { file = \"c.log\"; } );\n"), STATUS_OK);
        settings_compare(&a, &b, &changes);
        CU_ASSERT_EQUAL_FATAL(changes.n_others, 1);
        CU_ASSERT_STRING_EQUAL(changes.others[0], "logs");
}

static const struct tap_test tests[] = {
    {"defaults are as told", defaults_are_as_told},
    {"a file sets what it names", a_file_sets_what_it_names},
    {"a parse error names its line", a_parse_error_names_its_line},
    {"unknown settings get a hint", unknown_settings_get_a_hint},
    {"wrong types are told", wrong_types_are_told},
    {"ranges are told", ranges_are_told},
    {"every wrong setting is told, the right ones hold", every_wrong_setting_is_told_and_the_right_ones_hold},
    {"addresses are checked", addresses_are_checked},
    {"an address takes its defaults", an_address_takes_its_defaults},
    {"files that cannot be read", files_that_cannot_be_read},
    {"flags of all shapes", flags_of_all_shapes},
    {"a flag wins over the file", a_flag_wins_over_the_file},
    {"wrong flags are told", wrong_flags_are_told},
    {"a record must fit in half a ring", a_record_must_fit_in_half_a_ring},
    {"what is written is read back", what_is_written_is_read_back},
    {"a reload takes what is reloadable", a_reload_takes_what_is_reloadable},
    {"an empty file is remembered", an_empty_file_is_remembered},
    {"further logs are compared", further_logs_are_compared},
    {"an include is read and its lines are named", an_include_is_read_and_its_lines_are_named},
};

int main(void)
{
        if (!loading_begin()) {
                return 1;
        }
        int status = TAP_RUN("settings", tests);
        loading_end();
        return status;
}
