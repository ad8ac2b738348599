/* run: a command behind a proxy of its own, and a report on what it sent. */
#include "cli/commands.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/diag.h"
#include "cli/descriptors.h"
#include "cli/exit.h"
#include "cli/run_options.h"
#include "journal/journal_counts.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "proxy/proxy.h"
#include "run/comparison.h"
#include "run/judge.h"
#include "run/report.h"
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
        SOCKET_MODE = 0600,
        PATH_BYTES = 108, /* of a UNIX socket: sun_path */
        SESSIONS = 2000,  /* at most, unless the settings say more: each needs two open files */
};

struct run {
        struct run_options options;
        struct settings settings; /* of the proxy */
        struct supervisor supervisor;
        struct event_base *base;
        struct journal *journal;
        struct proxy *proxy;
        struct admin *admin;
        struct tally_state *tally;
        struct judge judge;
        struct comparison comparison;
        struct outcome outcome;
        struct rlimit files; /* open files that the command may have, as we may */
        char port[8];
        char folder[PATH_BYTES]; /* private, for the socket; "" = there is none */
        char socket[PATH_BYTES];
        char admin_socket[PATH_BYTES];
        uint64_t end_ns; /* monotonic: sessions get no longer */
};

/** The arguments of the command may contain passwords, and whoever lists processes sees ours: make them empty. */
static void hide_arguments(const struct run *r)
{
        for (int i = 1; i < r->options.n_arguments; i++) {
                char *argument = r->options.arguments[i];
                memset(argument, 0, strlen(argument));
        }
}

/* --- the proxy ------------------------------------------------------------------------------------------------------ */

/** Listen on a UNIX socket, too, which clients use for the host localhost. Without one, only that does not work. */
static void add_socket(struct run *r)
{
        struct settings *s = &r->settings;
        const char *base = getenv("TMPDIR");
        s->n_listeners = 0; /* those of the settings file are of the proxy that it is for */
        int n = snprintf(r->folder, sizeof r->folder, "%s/querytap-XXXXXX",
                         base != NULL && *base == '/' ? base : "/tmp");
        if (n >= (int)(sizeof r->folder - sizeof "/mysql.sock")) {
                (void)snprintf(r->folder, sizeof r->folder, "/tmp/querytap-XXXXXX");
        }
        if (mkdtemp(r->folder) == NULL) {
                diag(DIAG_WARNING, "no UNIX socket is made: %s: %s", r->folder, strerror(errno));
                r->folder[0] = '\0';
                return;
        }
        (void)snprintf(r->socket, sizeof r->socket, "%.90s/mysql.sock", r->folder);
        (void)snprintf(r->admin_socket, sizeof r->admin_socket, "%.90s/admin.sock", r->folder);
        (void)snprintf(s->admin, sizeof s->admin, "unix:%s", r->admin_socket);
        struct settings_listener *l = &s->listeners[0];
        *l = (struct settings_listener){.socket_mode = SOCKET_MODE};
        (void)snprintf(l->address, sizeof l->address, "unix:%s", r->socket);
        s->n_listeners = 1;
}

static void remove_socket(const struct run *r)
{
        if (r->folder[0] != '\0') {
                (void)unlink(r->socket);
                (void)unlink(r->admin_socket);
                (void)rmdir(r->folder);
        }
}

/** The server is the one of --remote, of the settings, or the one to which the environment leads. */
static enum status make_settings(struct run *r)
{
        struct settings *s = &r->settings;
        settings_defaults(s);
        handover_find_server(&r->options.handover, environ);
        (void)snprintf(s->remote, sizeof s->remote, "%s", r->options.handover.server);
        (void)snprintf(s->sinks[0].file, sizeof s->sinks[0].file, "off");
        s->limits.sessions = SESSIONS;
        if (r->options.settings_file != NULL && settings_load(s, r->options.settings_file) != STATUS_OK) {
                return STATUS_INVALID;
        }
        if (r->options.remote != NULL &&
            settings_set(s, "remote", r->options.remote, "--remote") != STATUS_OK) {
                return STATUS_INVALID;
        }
        r->options.handover.all = strcmp(s->remote, r->options.handover.server) != 0;
        (void)snprintf(r->options.handover.server, sizeof r->options.handover.server, "%.*s",
                       HANDOVER_SERVER_MAX - 1, s->remote);
        (void)snprintf(s->listen, sizeof s->listen, "127.0.0.1:0");
        (void)snprintf(s->admin, sizeof s->admin, "off");
        add_socket(r);
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
            (status = tally_new(r->options.config.scope_tag, &r->tally)) != STATUS_OK ||
            (status = journal_new(&r->settings, proxy_workers(&r->settings) + 1, &r->journal)) != STATUS_OK) {
                return status;
        }
        journal_set_reader(r->journal, tally_see, r->tally);
        if ((status = journal_start(r->journal)) != STATUS_OK ||
            (status = proxy_new(&r->settings, r->base, r->journal, &r->proxy)) != STATUS_OK ||
            (status = admin_new(&r->settings, r->base, r->proxy, r->journal, &r->admin)) != STATUS_OK) {
                return status;
        }
        const char *colon = strrchr(proxy_listener_addr(r->proxy, 0), ':');
        (void)snprintf(r->port, sizeof r->port, "%s", colon != NULL ? colon + 1 : "");
        r->options.handover.address = (struct handover_address){
            .host = "127.0.0.1", .port = r->port, .socket = r->socket, .admin = admin_addr(r->admin)};
        return STATUS_OK;
}

/** Start the command with the limits that we were started with. @return 0 or an errno. */
static int start_command(struct run *r)
{
        struct rlimit ours;
        char **environment = handover_environment(&r->options.handover, environ);
        char **arguments =
            handover_arguments(&r->options.handover, r->options.n_arguments, r->options.arguments);
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
        admin_end_captures(r->admin);
        proxy_free(r->proxy);
        if (r->journal != NULL) {
                journal_stop(r->journal);
                journal_report_dropped(r->journal);
        }
        admin_free(r->admin);
        r->admin = NULL;
}

/* --- the report ----------------------------------------------------------------------------------------------------- */

/** Write the report in one form to @p path; NULL: to standard error. @return false if that is not possible, which is reported. */
static bool write_report(const struct run *r, report_write *write, const char *path, const char *mode)
{
        FILE *out = path != NULL ? fopen(path, mode) : stderr;
        if (out == NULL) {
                diag(DIAG_ERROR, "%s: %s", path, strerror(errno));
                return false;
        }
        write(&r->outcome, out);
        bool ok = fflush(out) == 0 && ferror(out) == 0;
        ok = (path == NULL || fclose(out) == 0) && ok;
        if (!ok) {
                diag(DIAG_ERROR, "the report %s can't be written: %s", path != NULL ? path : "",
                     strerror(errno));
        }
        return ok;
}

static bool write_reports(const struct run *r)
{
        static report_write *const forms[REPORT_FORMS] = {
            [REPORT_TEXT] = report_text,         [REPORT_JSON] = report_json,
            [REPORT_JUNIT] = report_junit,       [REPORT_SARIF] = report_sarif,
            [REPORT_MARKDOWN] = report_markdown, [REPORT_GITHUB] = report_github};
        bool ok = true;
        for (unsigned i = 0; i < REPORT_FORMS; i++) {
                const char *path = r->options.reports[i];
                bool is_wanted =
                    path != NULL || i == REPORT_TEXT || (i == REPORT_GITHUB && r->options.github);
                /* a summary of several steps is one file */
                ok =
                    (!is_wanted || write_report(r, forms[i], path, i == REPORT_MARKDOWN ? "ae" : "we")) && ok;
        }
        return ok;
}

static int report(struct run *r, uint64_t began_ns)
{
        struct outcome *o = &r->outcome;
        o->tally = tally_finish(r->tally);
        o->command = r->options.arguments[0];
        o->exit = supervisor_exit(&r->supervisor);
        o->signal = r->supervisor.signal;
        o->left_behind = r->supervisor.left_behind;
        o->is_empty = o->tally->total.statements == 0 && !r->options.config.allow_empty;
        o->duration_ns = clock_mono_ns() - began_ns;
        if (r->options.compare != NULL) {
                comparison_add(&r->comparison, o);
        }
        bool ok = judge_run(&r->judge, o);
        ok = write_reports(r) && ok;
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
                stop_proxy(r);
                return status == STATUS_INVALID ? EXIT_USAGE : EXIT_FAILED;
        }
        int error = start_command(r);
        if (error != 0) {
                diag(DIAG_ERROR, "%s: %s", r->options.arguments[0], strerror(error));
                stop_proxy(r);
                return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
        }
        supervisor_run(&r->supervisor);
        let_sessions_end(r);
        stop_proxy(r);
        r->proxy = NULL;
        return report(r, began_ns);
}

static enum status read_files(struct run *r)
{
        const struct run_options *o = &r->options;
        r->judge = (struct judge){.budgets = &o->config.budgets,
                                  .findings = o->findings,
                                  .contract_path = o->config.contract,
                                  .baseline_path = o->config.baseline,
                                  .mode = o->mode,
                                  .prune = o->prune};
        if (o->compare != NULL && comparison_read(&r->comparison, o->compare) != STATUS_OK) {
                return STATUS_INVALID;
        }
        return judge_read(&r->judge);
}

int command_run(int argc, char **argv)
{
        static struct run r; /* large; there is one in a process */
        prof_set_sample_bytes(0);
        (void)prof_hooks_install();
        int status = EXIT_USAGE;
        diag_set_level(DIAG_WARNING);
        if (run_options_parse(&r.options, argc, argv) && make_settings(&r) == STATUS_OK &&
            read_files(&r) == STATUS_OK) {
                r.base = event_base_new();
                status = EXIT_FAILED;
                if (r.base != NULL) {
                        status = run(&r);
                        supervisor_fini(&r.supervisor);
                        event_base_free(r.base);
                } else {
                        diag(DIAG_ERROR, "the event loop can't be created: %s", strerror(errno));
                }
        }
        remove_socket(&r);
        outcome_fini(&r.outcome);
        judge_fini(&r.judge);
        comparison_fini(&r.comparison);
        journal_free(r.journal);
        tally_free(r.tally);
        run_options_fini(&r.options);
        libevent_global_shutdown();
        return status;
}
