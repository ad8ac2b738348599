/* proxy: creates the parts of the proxy, connects them, and runs the main event loop. */
#include "cli/commands.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/diag.h"
#include "cli/descriptors.h"
#include "cli/exit.h"
#include "cli/reload.h"
#include "cli/service.h"
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
#include "proxy/net/inherited.h"
#include "proxy/proxy.h"
#include "settings/listeners.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

enum { SIGNALS = 4, DRAIN_POLL_MS = 10 };

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
        struct event *drain;    /* set while sessions end their transactions */
        struct event *watchdog; /* NULL = no service manager wants to hear of us */
        uint64_t drain_end_ns;
};

/* --- reload -------------------------------------------------------------------------------------------------------- */

static void control_reload(void *arg, control_on_reloaded *done, void *done_arg)
{
        struct parts *h = arg;
        service_notify_reloading();
        reload_run(&h->reload, done, done_arg);
        service_notify("READY=1");
}

/* --- signals and timers -------------------------------------------------------------------------------------------- */

/** While sessions end their transactions: stop when none is left or the time is over. */
static void on_drain(evutil_socket_t fd, short what, void *arg)
{
        const struct parts *h = arg;
        (void)fd;
        (void)what;
        if (proxy_counts(h->proxy).sessions == 0 || clock_mono_ns() >= h->drain_end_ns) {
                (void)event_base_loopbreak(h->base);
        }
}

/** The first signal lets sessions end their transactions, the next one ends them at once. */
static void stop(struct parts *h, int number)
{
        static const struct timeval poll = {0, DRAIN_POLL_MS * 1000};
        const uint64_t ms = h->reload.current.limits.shutdown_timeout_ms;
        if (h->drain != NULL) {
                diag(DIAG_INFO, "stopping at once (SIG%s)", sigabbrev_np(number));
                (void)event_base_loopbreak(h->base);
                return;
        }
        diag(DIAG_INFO, "stopping (SIG%s)", sigabbrev_np(number));
        service_notify("STOPPING=1");
        h->drain_end_ns = clock_mono_ns() + ms * CLOCK_MS_NS;
        h->drain = event_new(h->base, -1, EV_PERSIST, on_drain, h);
        if (ms == 0 || h->drain == NULL || event_add(h->drain, &poll) != 0) {
                (void)event_base_loopbreak(h->base);
                return;
        }
        proxy_drain(h->proxy);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
        struct parts *h = arg;
        (void)what;
        if (number == SIGUSR1) {
                journal_reopen(h->journal);
        } else if (number == SIGHUP && reload_has_file(&h->reload)) {
                control_reload(h, NULL, NULL);
        } else {
                stop(h, number);
        }
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

/** All workers have answered: the proxy works. */
static void on_alive(void *arg)
{
        (void)arg;
        service_notify("WATCHDOG=1");
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
        const struct parts *h = arg;
        (void)fd;
        (void)what;
        proxy_ping(h->proxy, on_alive, NULL);
}

/** @return false when memory is out. */
static bool watch_for_manager(struct parts *h)
{
        const uint64_t ms = service_watchdog_ms();
        const struct timeval interval = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        if (ms == 0) {
                return true;
        }
        h->watchdog = event_new(h->base, -1, EV_PERSIST, on_watchdog, h);
        return h->watchdog != NULL && event_add(h->watchdog, &interval) == 0;
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
        if (h->tick == NULL || event_add(h->tick, &interval) != 0 || !watch_for_manager(h)) {
                diag(DIAG_ERROR, "the timers can't be started: out of memory");
                return STATUS_NOMEM;
        }
        return STATUS_OK;
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
        inherited_end();
        h->reload.proxy = h->proxy;
        h->reload.workers = proxy_workers(&h->settings);
        h->control = (struct control){.arg = h, .reload = control_reload};
        admin_set_control(h->admin, &h->control);
        return watch(h);
}

static void tear_down(struct parts *h)
{
        if (h->journal != NULL) {
                journal_hurry(h->journal);
        }
        admin_end_captures(h->admin);
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
        struct event *timers[] = {h->tick, h->drain, h->watchdog};
        for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
                if (timers[i] != NULL) {
                        event_free(timers[i]);
                }
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

/** One line for each listener; the last one is complete when the proxy accepts clients on all of them. */
static void report_start(const struct parts *h)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        unsigned n = listeners_all(&h->settings, all);
        for (unsigned i = 1; i < n; i++) {
                diag(DIAG_INFO, "listening on %s, forwarding to %s", proxy_listener_addr(h->proxy, i),
                     all[i].upstream);
        }
        diag(DIAG_INFO, "listening on %s, forwarding to %s, admin port %s", proxy_listener_addr(h->proxy, 0),
             all[0].upstream, admin_addr(h->admin));
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
        if (settings_args(&h.settings, &argc, argv) != STATUS_OK || sink_check(&h.settings) != STATUS_OK ||
            trigger_check(&h.settings) != STATUS_OK) {
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
        inherited_init();
        h.settings.takes_over = inherited_any();
        enum status status = build(&h);
        if (status != STATUS_OK &&
            diag_count(DIAG_ERROR) == 0) { /* otherwise the reason was reported already */
                diag(DIAG_ERROR, "the proxy can't be started: %s", status_text(status));
        }
        if (status == STATUS_OK) {
                report_start(&h);
                service_notify("READY=1");
                /* what libevent itself allocates on this loop is for the HTTP of the admin port */
                (void)prof_enter(STAGE_ADMIN);
                (void)event_base_dispatch(h.base);
        }
        tear_down(&h);
        return status == STATUS_OK ? EXIT_DONE : status == STATUS_INVALID ? EXIT_USAGE : EXIT_FAILED;
}
