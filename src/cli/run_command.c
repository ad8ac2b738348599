/* run: a command behind a proxy of its own, and a report on what it sent. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/diag.h"
#include "cli/descriptors.h"
#include "cli/exit.h"
#include "cli/flags.h"
#include "journal/journal_counts.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "proxy/proxy.h"
#include "run/findings.h"
#include "run/handover.h"
#include "run/report_text.h"
#include "run/supervisor.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
        EXIT_NOT_EXECUTABLE = 126, /* as shells have it */
        EXIT_NOT_FOUND = 127,
        SESSIONS_END_MS = 1000, /* the longest time that sessions have to end after the command */
        POLL_MS = 5,
        SESSIONS = 2000, /* at most, unless the settings say more: each needs two open files */
};

struct run {
        struct settings settings; /* of the proxy */
        struct handover handover;
        struct supervisor supervisor;
        struct event_base *base;
        struct journal *journal;
        struct proxy *proxy;
        struct tally_state *tally;
        struct outcome outcome;
        struct rlimit files; /* open files that the command may have, as we may */
        char port[8];
        uint64_t end_ns; /* monotonic: sessions get no longer */
        /* options */
        const char *remote;
        const char *scope_tag;
        const char *findings;
        const char *report;
        const char *settings_file;
        bool allow_empty;
        uint64_t finding_set;
        /* the command */
        int n_arguments;
        char **arguments;
};

/* --- options -------------------------------------------------------------------------------------------------------- */

static bool take_template(void *into, const char *value)
{
        struct handover *h = into;
        const char *equals = strchr(value, '=');
        if (equals == NULL || equals == value || h->n_templates == HANDOVER_TEMPLATES_MAX) {
                diag(DIAG_ERROR, "--env: NAME=TEXT is expected, at most %d times", HANDOVER_TEMPLATES_MAX);
                return false;
        }
        h->templates[h->n_templates++] = value;
        return true;
}

/** Split argv at "--": what follows is the command. @return false if there is none, which is reported. */
static bool take_command(struct run *r, int *argc, char **argv)
{
        for (int i = 1; i < *argc; i++) {
                if (strcmp(argv[i], "--") == 0 && i + 1 < *argc) {
                        r->arguments = argv + i + 1;
                        r->n_arguments = *argc - i - 1;
                        *argc = i;
                        argv[i] = NULL;
                        return true;
                }
        }
        diag(DIAG_ERROR, "which command? It follows two dashes, as in querytap run -- pytest");
        return false;
}

static bool take_options(struct run *r, int argc, char **argv)
{
        struct span unknown;
        r->scope_tag = "test";
        r->findings = FINDINGS_DEFAULT;
        const struct flag flags[] = {
            {"remote", 'r', FLAG_VALUE, flags_take_text, &r->remote},
            {"env", .value = FLAG_VALUE, .take = take_template, .into = &r->handover},
            {"scope-tag", .value = FLAG_VALUE, .take = flags_take_text, .into = &r->scope_tag},
            {"findings", .value = FLAG_VALUE, .take = flags_take_text, .into = &r->findings},
            {"report", .value = FLAG_VALUE, .take = flags_take_text, .into = &r->report},
            {"settings", .value = FLAG_VALUE, .take = flags_take_text, .into = &r->settings_file},
            {"allow-empty", .take = flags_take_switch, .into = &r->allow_empty},
        };
        if (!take_command(r, &argc, argv) ||
            !flags_parse(flags, sizeof flags / sizeof flags[0], FLAGS_FIRST, NULL, &argc, argv)) {
                return false;
        }
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s; the command follows two dashes", argv[1]);
                return false;
        }
        if (!findings_parse(r->findings, &r->finding_set, &unknown)) {
                diag(DIAG_ERROR, "--findings: there is no finding %.*s; querytap-record(5) lists them",
                     (int)unknown.len, (const char *)unknown.data);
                return false;
        }
        return true;
}

/** The arguments of the command may contain passwords, and whoever lists processes sees ours: make them empty. */
static void hide_arguments(struct run *r)
{
        for (int i = 1; i < r->n_arguments; i++) {
                memset(r->arguments[i], 0, strlen(r->arguments[i]));
        }
}

/* --- the proxy ------------------------------------------------------------------------------------------------------ */

/** The server is the one of --remote, of the settings, or the one to which the environment leads. */
static enum status make_settings(struct run *r)
{
        struct settings *s = &r->settings;
        settings_defaults(s);
        handover_find_server(&r->handover, environ);
        (void)snprintf(s->remote, sizeof s->remote, "%s", r->handover.server);
        (void)snprintf(s->sinks[0].file, sizeof s->sinks[0].file, "off");
        s->limits.sessions = SESSIONS;
        if (r->settings_file != NULL && settings_load(s, r->settings_file) != STATUS_OK) {
                return STATUS_INVALID;
        }
        if (r->remote != NULL && settings_set(s, "remote", r->remote, "--remote") != STATUS_OK) {
                return STATUS_INVALID;
        }
        r->handover.all = strcmp(s->remote, r->handover.server) != 0;
        (void)snprintf(r->handover.server, sizeof r->handover.server, "%.*s", HANDOVER_SERVER_MAX - 1,
                       s->remote);
        (void)snprintf(s->listen, sizeof s->listen, "127.0.0.1:0");
        (void)snprintf(s->admin, sizeof s->admin, "off");
        s->log.when_full = SETTINGS_WHEN_FULL_BLOCK; /* nothing may be lost */
        return settings_check(s);
}

static enum status start_proxy(struct run *r)
{
        enum status status;
        (void)getrlimit(RLIMIT_NOFILE, &r->files);
        if (!descriptors_fit(&r->settings, proxy_workers(&r->settings))) {
                return STATUS_IO;
        }
        if ((status = supervisor_init(&r->supervisor, r->base)) != STATUS_OK ||
            (status = tally_new(r->scope_tag, &r->tally)) != STATUS_OK ||
            (status = journal_new(&r->settings, proxy_workers(&r->settings) + 1, &r->journal)) != STATUS_OK) {
                return status;
        }
        journal_set_reader(r->journal, tally_see, r->tally);
        if ((status = journal_start(r->journal)) != STATUS_OK ||
            (status = proxy_new(&r->settings, r->base, r->journal, &r->proxy)) != STATUS_OK) {
                return status;
        }
        const char *colon = strrchr(proxy_listen_addr(r->proxy), ':');
        (void)snprintf(r->port, sizeof r->port, "%s", colon != NULL ? colon + 1 : "");
        r->handover.address =
            (struct handover_address){.host = "127.0.0.1", .port = r->port, .socket = "", .admin = ""};
        return STATUS_OK;
}

/** Start the command with the limits that we were started with. @return 0 or an errno. */
static int start_command(struct run *r)
{
        struct rlimit ours;
        char **environment = handover_environment(&r->handover, environ);
        char **arguments = handover_arguments(&r->handover, r->n_arguments, r->arguments);
        int error = environment == NULL || arguments == NULL ? ENOMEM : 0;
        if (error == 0) {
                hide_arguments(r);
                bool has_limit = getrlimit(RLIMIT_NOFILE, &ours) == 0;
                (void)setrlimit(RLIMIT_NOFILE, &r->files);
                error = supervisor_start(&r->supervisor, arguments, environment);
                if (has_limit) {
                        (void)setrlimit(RLIMIT_NOFILE, &ours);
                }
        }
        handover_free(environment);
        handover_free(arguments);
        return error;
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
        struct run *r = arg;
        (void)fd;
        (void)what;
        if (proxy_counts(r->proxy).sessions == 0 || clock_mono_ns() >= r->end_ns) {
                (void)event_base_loopbreak(r->base);
        }
}

/** All clients have ended. What they sent last may still be on its way. */
static void let_sessions_end(struct run *r)
{
        static const struct timeval interval = {0, POLL_MS * 1000};
        struct event *poll = event_new(r->base, -1, EV_PERSIST, on_poll, r);
        r->end_ns = clock_mono_ns() + SESSIONS_END_MS * CLOCK_MS_NS;
        if (poll != NULL && event_add(poll, &interval) == 0) {
                (void)event_base_dispatch(r->base);
        }
        if (poll != NULL) {
                event_free(poll);
        }
}

static void stop_proxy(struct run *r)
{
        if (r->journal != NULL) {
                journal_hurry(r->journal);
        }
        proxy_free(r->proxy);
        if (r->journal != NULL) {
                journal_stop(r->journal);
                journal_report_dropped(r->journal);
        }
}

/* --- the report ----------------------------------------------------------------------------------------------------- */

static bool is_known(void *arg, struct span scope, const char *finding, struct span shape)
{
        (void)arg;
        (void)scope;
        (void)finding;
        (void)shape;
        return false;
}

/** @return false if the report can't be written, which is reported. */
static bool write_report(const struct run *r)
{
        FILE *out = r->report != NULL ? fopen(r->report, "we") : stderr;
        if (out == NULL) {
                diag(DIAG_ERROR, "%s: %s", r->report, strerror(errno));
                return false;
        }
        report_text(&r->outcome, out);
        bool ok = fflush(out) == 0 && ferror(out) == 0;
        if (!ok) {
                diag(DIAG_ERROR, "the report can't be written: %s", strerror(errno));
        }
        if (r->report != NULL && fclose(out) != 0 && ok) {
                diag(DIAG_ERROR, "%s: %s", r->report, strerror(errno));
                ok = false;
        }
        return ok;
}

static int judge(struct run *r, uint64_t began_ns)
{
        struct outcome *o = &r->outcome;
        o->tally = tally_finish(r->tally);
        o->command = r->arguments[0];
        o->exit = supervisor_exit(&r->supervisor);
        o->signal = r->supervisor.signal;
        o->left_behind = r->supervisor.left_behind;
        o->is_empty = o->tally->total.statements == 0 && !r->allow_empty;
        o->duration_ns = clock_mono_ns() - began_ns;
        findings_add(o, r->finding_set, is_known, NULL);
        outcome_sort(o);
        bool ok = write_report(r);
        int status = outcome_exit(o);
        return ok || status != 0 ? status : EXIT_FAILED;
}

static int run(struct run *r)
{
        uint64_t began_ns = clock_mono_ns();
        r->outcome.began_ns = clock_wall_ns();
        enum status status = start_proxy(r);
        if (status != STATUS_OK) {
                if (diag_count(DIAG_ERROR) == 0) {
                        diag(DIAG_ERROR, "the proxy can't be started: %s", status_text(status));
                }
                return status == STATUS_INVALID ? EXIT_USAGE : EXIT_FAILED;
        }
        int error = start_command(r);
        if (error != 0) {
                diag(DIAG_ERROR, "%s: %s", r->arguments[0], strerror(error));
                stop_proxy(r);
                return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
        }
        supervisor_run(&r->supervisor);
        let_sessions_end(r);
        stop_proxy(r);
        r->proxy = NULL;
        return judge(r, began_ns);
}

int command_run(int argc, char **argv)
{
        static struct run r; /* large; there is one in a process */
        prof_set_sample_bytes(0);
        (void)prof_hooks_install();
        if (!take_options(&r, argc, argv) || make_settings(&r) != STATUS_OK) {
                return EXIT_USAGE;
        }
        diag_set_level(DIAG_WARNING);
        r.base = event_base_new();
        int status = EXIT_FAILED;
        if (r.base == NULL) {
                diag(DIAG_ERROR, "the event loop can't be created: %s", strerror(errno));
        } else {
                status = run(&r);
                outcome_fini(&r.outcome);
                tally_free(r.tally);
                journal_free(r.journal);
                supervisor_fini(&r.supervisor);
                event_base_free(r.base);
        }
        libevent_global_shutdown();
        return status;
}
