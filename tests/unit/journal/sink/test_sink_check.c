/* What the settings of logs must fulfil, and how the kind of a sink is found. */
#include "base/diag.h"
#include "journal/sample.h"
#include "journal/sink/hook.h"
#include "journal/sink/sink_check.h"
#include "journal/sink/sink_kinds.h"
#include "settings/settings.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_kind_is_found_by_its_scheme(void)
{
        static const struct {
                const char *file;
                const struct sink_ops *ops;
                const char *path;
        } cases[] = {
            {"-", &sink_stdout_ops, "-"},
            {"-x", &sink_file_ops, "-x"},
            {"", &sink_file_ops, ""},
            {"syslog", &sink_file_ops, "syslog"},
            {"syslog:", &sink_syslog_ops, "/dev/log"},
            {"syslog:/run/a", &sink_syslog_ops, "/run/a"},
            {"./syslog:/run/a", &sink_file_ops, "./syslog:/run/a"},
            {"journald:", &sink_journald_ops, "/run/systemd/journal/socket"},
            {"journald:b", &sink_journald_ops, "b"},
            {"/var/log/journald:", &sink_file_ops, "/var/log/journald:"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const struct sink_ops *ops = sink_kinds_find(cases[i].file);
                CU_ASSERT_PTR_EQUAL(ops, cases[i].ops);
                CU_ASSERT_STRING_EQUAL(sink_kinds_path(ops, cases[i].file), cases[i].path);
        }
}

static enum status check_two(const char *a, const char *b)
{
        struct settings s;
        settings_defaults(&s);
        s.n_sinks = 2;
        s.sinks[1] = s.sinks[0];
        (void)snprintf(s.sinks[0].file, sizeof s.sinks[0].file, "%s", a);
        (void)snprintf(s.sinks[1].file, sizeof s.sinks[1].file, "%s", b);
        return sink_check(&s);
}

static void no_two_logs_share_a_file(void)
{
        char a[512];
        char b[512];
        (void)snprintf(a, sizeof a, "%s", sample_path("new"));
        (void)snprintf(b, sizeof b, "%s", sample_path("./new"));
        CU_ASSERT_EQUAL(check_two(a, a), STATUS_INVALID);
        CU_ASSERT_EQUAL(check_two(a, b), STATUS_INVALID); /* neither exists */
        int fd = open(a, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        (void)close(fd);
        (void)snprintf(b, sizeof b, "%s", sample_path("link"));
        CU_ASSERT_EQUAL(link(a, b), 0);
        CU_ASSERT_EQUAL(check_two(a, b), STATUS_INVALID);
        CU_ASSERT_EQUAL(check_two(a, "-"), STATUS_OK);
        CU_ASSERT_EQUAL(check_two("-", "-"), STATUS_INVALID);
        CU_ASSERT_EQUAL(check_two("off", "off"), STATUS_OK);
        CU_ASSERT_EQUAL(check_two("/dev/null", "/dev/./null"), STATUS_OK);
        CU_ASSERT_EQUAL(check_two("syslog:", "journald:"), STATUS_OK);
        CU_ASSERT_EQUAL(check_two("syslog:", "syslog:"), STATUS_INVALID);
}

static void a_kind_takes_what_it_can(void)
{
        static const struct {
                const char *file;
                uint64_t format;
                uint64_t rotate_bytes;
                uint64_t rotate_seconds;
                enum status status;
        } cases[] = {
            {"a.log", SETTINGS_FORMAT_SLOW, 1000, 60, STATUS_OK},
            {"-", SETTINGS_FORMAT_SLOW, 0, 0, STATUS_OK},
            {"-", SETTINGS_FORMAT_JSON, 1000, 0, STATUS_INVALID},
            {"syslog:", SETTINGS_FORMAT_JSON, 0, 60, STATUS_INVALID},
            {"syslog:", SETTINGS_FORMAT_SLOW, 0, 0, STATUS_INVALID},
            {"journald:", SETTINGS_FORMAT_SLOW, 0, 0, STATUS_OK},
            {"journald:", SETTINGS_FORMAT_JSON, 1000, 0, STATUS_INVALID},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct settings s;
                settings_defaults(&s);
                struct settings_sink *sink = &s.sinks[0];
                (void)snprintf(sink->file, sizeof sink->file, "%s", cases[i].file);
                sink->format = cases[i].format;
                sink->rotate_bytes = cases[i].rotate_bytes;
                sink->rotate_seconds = cases[i].rotate_seconds;
                CU_ASSERT_EQUAL(sink_check(&s), cases[i].status);
        }
}

static uint64_t warnings_with_hook(const char *hook, uint64_t rotate_bytes)
{
        struct settings s;
        settings_defaults(&s);
        (void)snprintf(s.sinks[0].file, sizeof s.sinks[0].file, "%s", "a.log");
        (void)snprintf(s.sinks[0].rotate_hook, sizeof s.sinks[0].rotate_hook, "%s", hook);
        s.sinks[0].rotate_bytes = rotate_bytes;
        uint64_t before = diag_count(DIAG_WARNING);
        CU_ASSERT_EQUAL(sink_check(&s), STATUS_OK);
        return diag_count(DIAG_WARNING) - before;
}

static void a_missing_hook_is_reported(void)
{
        char hook[512];
        (void)snprintf(hook, sizeof hook, "%s", sample_path("hook"));
        CU_ASSERT_EQUAL(warnings_with_hook("", 1000), 0);
        CU_ASSERT_EQUAL(warnings_with_hook(hook, 1000), 1);
        CU_ASSERT_EQUAL(warnings_with_hook(hook, 0), 0); /* nothing is rotated: it never runs */
        int fd = open(hook, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        (void)close(fd);
        CU_ASSERT_FALSE(hook_is_found(hook));
        CU_ASSERT_EQUAL(errno, EACCES);
        CU_ASSERT_EQUAL(chmod(hook, 0700), 0);
        CU_ASSERT_EQUAL(warnings_with_hook(hook, 1000), 0);
        CU_ASSERT_FALSE(hook_is_found(sample_path("."))); /* a folder */
}

static void a_hook_is_found_in_the_path(void)
{
        char *before = getenv("PATH");
        char *kept = before != NULL ? strdup(before) : NULL;
        CU_ASSERT_EQUAL(setenv("PATH", "/nowhere:/usr/bin:/bin", 1), 0);
        CU_ASSERT_TRUE(hook_is_found("sh"));
        CU_ASSERT_FALSE(hook_is_found("no-such-hook"));
        CU_ASSERT_EQUAL(errno, ENOENT);
        CU_ASSERT_EQUAL(setenv("PATH", "/nowhere", 1), 0);
        CU_ASSERT_FALSE(hook_is_found("sh"));
        CU_ASSERT_EQUAL(unsetenv("PATH"), 0);
        CU_ASSERT_TRUE(hook_is_found("sh"));
        CU_ASSERT_EQUAL(setenv("PATH", kept != NULL ? kept : "/bin", 1), 0);
        free(kept);
}

static const struct tap_test tests[] = {
    {"a kind is found by its scheme", a_kind_is_found_by_its_scheme},
    {"no two logs share a file", no_two_logs_share_a_file},
    {"a kind takes what it can", a_kind_takes_what_it_can},
    {"a missing hook is reported", a_missing_hook_is_reported},
    {"a hook is found in the path", a_hook_is_found_in_the_path},
};

int main(void)
{
        if (!sample_begin()) {
                puts("Bail out! no private directory");
                return 1;
        }
        int status = TAP_RUN("sink_check", tests);
        sample_end();
        return status;
}
