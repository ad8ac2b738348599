/* proxy: creates the parts of the proxy, connects them, and runs the main event loop. */
#include "cli/commands.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/diag.h"
#include "cli/descriptors.h"
#include "cli/exit.h"
#include "cli/reload.h"
#include "journal/journal_counts.h"
#include "journal/sink/sink_check.h"
#include "profile/export/growth.h"
#include "profile/export/series.h"
#include "profile/export/snapshot.h"
#include "profile/export/symbol.h"
#include "profile/heap/counts.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "profile/heap/record.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

enum { SIGNALS = 4 };

struct parts {
        struct settings settings; /* as they were at the start */
        struct reload reload;
        struct control control; /* for the admin port */
        struct event_base *base;
        struct journal *journal;
        struct proxy *proxy;
        struct admin *admin;
        struct event *signals[SIGNALS];
        struct event *tick;
};

static void on_signal(evutil_socket_t number, short what, void *arg)
{
        struct parts *h = arg;
        (void)what;
        if (number == SIGUSR1) {
                journal_reopen(h->journal);
                return;
        }
        if (number == SIGHUP && reload_has_file(&h->reload)) {
                reload_run(&h->reload, NULL, NULL);
                return;
        }
        diag(DIAG_INFO, "stopping (SIG%s)", sigabbrev_np(number));
        (void)event_base_loopbreak(h->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        const struct parts *h = arg;
        (void)fd;
        (void)what;
        prof_tick();
        const struct proxy_counts counts = proxy_counts(h->proxy);
        const struct growth_traffic traffic = {counts.sessions, counts.accepted, admin_requests(h->admin)};
        series_tick(clock_wall_ns(), counts.sessions);
        growth_tick(clock_wall_ns(), &traffic);
}

static enum status watch(struct parts *h)
{
        static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
        const uint64_t ms = h->settings.profile.interval_ms;
        const struct timeval interval = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        (void)signal(SIGPIPE, SIG_IGN);
        series_init();
        growth_init();
        for (int i = 0; i < SIGNALS; i++) {
                h->signals[i] = evsignal_new(h->base, numbers[i], on_signal, h);
                if (h->signals[i] == NULL || event_add(h->signals[i], NULL) != 0) {
                        diag(DIAG_ERROR, "signal handlers can't be installed: out of memory");
                        return STATUS_NOMEM;
                }
        }
        h->tick = event_new(h->base, -1, EV_PERSIST, on_tick, h);
        if (h->tick == NULL || event_add(h->tick, &interval) != 0) {
                diag(DIAG_ERROR, "the profiler's timer can't be started: out of memory");
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

static void control_reload(void *arg, control_on_reloaded *done, void *done_arg)
{
        reload_run(arg, done, done_arg);
}

static enum status build(struct parts *h)
{
        enum status status;
        h->base = event_base_new();
        if (h->base == NULL) {
                diag(DIAG_ERROR, "the event loop can't be created: %s", strerror(errno));
                return STATUS_NOMEM;
        }
        if ((status = journal_new(&h->settings, proxy_workers(&h->settings) + 1, &h->journal)) != STATUS_OK ||
            (status = journal_start(h->journal)) != STATUS_OK ||
            (status = proxy_new(&h->settings, h->base, h->journal, &h->proxy)) != STATUS_OK ||
            (status = admin_new(&h->reload.current, h->base, h->proxy, h->journal, &h->admin)) != STATUS_OK) {
                return status;
        }
        h->reload.proxy = h->proxy;
        h->reload.workers = proxy_workers(&h->settings);
        h->control = (struct control){.arg = &h->reload, .reload = control_reload};
        admin_set_control(h->admin, &h->control);
        return watch(h);
}

static void tear_down(struct parts *h)
{
        if (h->journal != NULL) {
                journal_hurry(h->journal);
        }
        proxy_free(h->proxy); /* completes the requests of the admin port */
        if (h->journal != NULL) {
                journal_stop(h->journal);
                journal_report_dropped(h->journal);
        }
        admin_free(h->admin); /* sends the last records to those who follow the log */
        journal_free(h->journal);
        /* last, so that a second signal cannot end the process before the log is complete */
        for (int i = 0; i < SIGNALS; i++) {
                if (h->signals[i] != NULL) {
                        event_free(h->signals[i]);
                }
        }
        if (h->tick != NULL) {
                event_free(h->tick);
        }
        if (h->base != NULL) {
                event_base_free(h->base);
        }
        reload_fini(&h->reload);
        snapshot_fini();
        symbol_fini();
        series_fini();
        growth_fini();
        libevent_global_shutdown();
}

int command_proxy(int argc, char **argv)
{
        static struct parts h; /* large; there is one in a process */
        prof_set_sample_bytes(
            0); /* no samples before the setting is known: a record keeps the rate at which it was sampled */
        (void)prof_hooks_install();
        settings_defaults(&h.settings);
        if (reload_init(&h.reload, argc, argv) != STATUS_OK) {
                return EXIT_FAILED;
        }
        if (settings_args(&h.settings, &argc, argv) != STATUS_OK || sink_check(&h.settings) != STATUS_OK) {
                return EXIT_USAGE;
        }
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s; 'querytap help proxy' lists the options", argv[1]);
                return EXIT_USAGE;
        }
        diag_set_level((enum diag_level)h.settings.log_level);
        prof_set_records((uint32_t)h.settings.profile.records);
        prof_set_sample_bytes(h.settings.profile.sample_bytes);
        h.reload.given = h.settings;
        if (!descriptors_fit(&h.settings, proxy_workers(&h.settings))) {
                return EXIT_FAILED;
        }
        h.reload.current = h.settings;
        enum status status = build(&h);
        if (status != STATUS_OK &&
            diag_count(DIAG_ERROR) == 0) { /* otherwise the reason was reported already */
                diag(DIAG_ERROR, "the proxy can't be started: %s", status_text(status));
        }
        if (status == STATUS_OK) {
                diag(DIAG_INFO, "listening on %s, forwarding to %s, admin port %s",
                     proxy_listen_addr(h.proxy), h.settings.remote, admin_addr(h.admin));
                /* what libevent itself allocates on this loop is for the HTTP of the admin port */
                (void)prof_enter(STAGE_ADMIN);
                (void)event_base_dispatch(h.base);
        }
        tear_down(&h);
        return status == STATUS_OK ? EXIT_DONE : status == STATUS_INVALID ? EXIT_USAGE : EXIT_FAILED;
}
