/* probe: decode what passes an interface. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/diag.h"
#include "capture/read/live_packets.h"
#include "cli/exit.h"
#include "cli/interrupt.h"
#include "cli/observe_digests.h"
#include "cli/observe_options.h"
#include "cli/observe_summary.h"
#include "journal/journal_counts.h"

#include <errno.h>
#include <string.h>

enum { WAIT_MS = 100, BATCH = 256 };

struct probe {
        struct observe_options options;
        struct live_packets *packets;
        struct observer *observer;
        uint64_t drops;
        uint64_t looked_ns; /* when drops were counted last */
        bool failed;
};

/** What is to be done now and then: idle sessions, packets that the system dropped. */
static void look_around(struct probe *p, uint64_t now_ns)
{
        uint64_t drops = live_packets_take_drops(p->packets);
        p->looked_ns = now_ns;
        p->drops += drops;
        if (drops > 0) {
                observer_note_drops(p->observer, drops);
        }
        observer_wait(p->observer, clock_wall_ns());
        observe_progress(p->observer, -1);
}

/** Take what is there, after waiting for it. @return false: stop. */
static bool take_packets(struct probe *p)
{
        struct captured packet;
        enum live_found found = live_packets_next(p->packets, WAIT_MS, &packet);
        for (int n = 0; n < BATCH && found == LIVE_PACKET; n++) {
                observer_add(p->observer, &packet);
                found = live_packets_next(p->packets, 0, &packet);
        }
        if (found == LIVE_PACKET) {
                observer_add(p->observer, &packet);
        }
        if (found == LIVE_FAILED) {
                diag(DIAG_ERROR, "%s can't be read: %s", p->options.source, strerror(errno));
                p->failed = true;
                return false;
        }
        uint64_t now_ns = clock_mono_ns();
        if (now_ns - p->looked_ns > WAIT_MS * CLOCK_MS_NS) {
                look_around(p, now_ns);
        }
        observer_flush(p->observer);
        return !interrupt_has_come() && journal_counts(observer_journal(p->observer)).sink_errors == 0;
}

static bool run(struct probe *p)
{
        diag(DIAG_INFO, "listening on %s", p->options.source);
        while (take_packets(p)) {
        }
        look_around(p, clock_mono_ns());
        bool ok = !p->failed && journal_counts(observer_journal(p->observer)).sink_errors == 0;
        observer_finish(p->observer);
        observe_progress_end();
        if (p->options.digests) {
                observe_print_digests(p->observer);
        }
        observe_report(p->observer);
        if (p->drops > 0) {
                diag(DIAG_WARNING,
                     "%llu packets were dropped by the system, because they were not read in time",
                     (unsigned long long)p->drops);
        }
        return ok;
}

int command_probe(int argc, char **argv)
{
        static struct probe p;
        const char *why;
        if (!observe_options_parse(&p.options, OBSERVE_INTERFACE, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (live_packets_open(p.options.source, p.options.promiscuous, &p.packets, &why) != STATUS_OK) {
                diag(DIAG_ERROR, "%s can't be read: %s", p.options.source, why);
                return EXIT_FAILED;
        }
        if (!live_packets_drop_privileges()) {
                diag(DIAG_ERROR, "privileges can't be dropped: %s", strerror(errno));
                live_packets_close(p.packets);
                return EXIT_FAILED;
        }
        interrupt_catch();
        enum status status = observer_new(&p.options.observer, &p.observer);
        bool ok = status == STATUS_OK && run(&p);
        observer_free(p.observer);
        live_packets_close(p.packets);
        return status == STATUS_INVALID ? EXIT_USAGE : ok ? EXIT_DONE : EXIT_FAILED;
}
