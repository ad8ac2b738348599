#include "journal/sink/sinks.h"

#include "base/clock.h"
#include "base/diag.h"
#include "journal/sink/logfile.h"
#include "journal/sink/retention.h"

#include <string.h>

enum { POLL_MS = 1000 };

/** Does the newest sink write to the file of another? It may have a second name: a hard link, /dev/stdout. */
static enum status check_alone(const struct sinks *sinks)
{
        const struct sink *newest = &sinks->all[sinks->n - 1];
        for (unsigned i = 0; i + 1 < sinks->n; i++) {
                if (logfile_is_same(newest->destination.fd, sinks->all[i].destination.fd)) {
                        diag(DIAG_ERROR, "two logs write to the same file: %s and %s",
                             sinks->all[i].settings->file, newest->settings->file);
                        return STATUS_INVALID;
                }
        }
        return STATUS_OK;
}

enum status sinks_open(struct sinks *sinks, const struct settings *settings)
{
        enum status status = retention_new(settings, &sinks->retention);
        for (uint64_t i = 0; i < settings->n_sinks && status == STATUS_OK; i++) {
                if (strcmp(settings->sinks[i].file, "off") != 0) {
                        sinks->all[sinks->n].takes_over = settings->takes_over;
                        status = sink_open(&sinks->all[sinks->n], &settings->sinks[i], sinks->retention);
                        sinks->n += status == STATUS_OK ? 1 : 0;
                        status = status == STATUS_OK ? check_alone(sinks) : status;
                }
        }
        return status;
}

void sinks_close(struct sinks *sinks)
{
        retention_stop(sinks->retention,
                       sinks->deadline_ns); /* who takes over finds nobody at work on old files */
        for (unsigned i = 0; i < sinks->n; i++) {
                sink_close(&sinks->all[i]);
        }
}

void sinks_free(struct sinks *sinks)
{
        sinks_close(sinks);
        retention_free(sinks->retention);
        sinks->retention = NULL;
}

/** Wake the retention thread if any file was rotated. */
static void wake_retention(struct sinks *sinks)
{
        bool any = false;
        for (unsigned i = 0; i < sinks->n; i++) {
                any = any || sinks->all[i].destination.has_rotated;
                sinks->all[i].destination.has_rotated = false;
        }
        if (any) {
                retention_wake(sinks->retention);
        }
}

bool sinks_flush(struct sinks *sinks)
{
        bool done = true;
        for (unsigned i = 0; i < sinks->n; i++) {
                done = sink_flush(&sinks->all[i]) && done;
        }
        wake_retention(sinks);
        return done;
}

void sinks_retry(struct sinks *sinks)
{
        for (unsigned i = 0; i < sinks->n; i++) {
                if (sink_is_blocked(&sinks->all[i])) {
                        (void)sink_flush(&sinks->all[i]);
                }
        }
        wake_retention(sinks);
}

bool sinks_are_awaited(const struct sinks *sinks)
{
        bool any = false;
        for (unsigned i = 0; i < sinks->n; i++) {
                any = any || sinks->all[i].awaited;
        }
        return any;
}

bool sinks_have_space(const struct sinks *sinks, size_t len)
{
        for (unsigned i = 0; i < sinks->n; i++) {
                if (!sink_has_space(&sinks->all[i], len)) {
                        return false;
                }
        }
        return true;
}

void sinks_reopen(struct sinks *sinks)
{
        for (unsigned i = 0; i < sinks->n; i++) {
                sink_reopen(&sinks->all[i]);
        }
}

unsigned sinks_poll(const struct sinks *sinks, struct pollfd *out)
{
        unsigned n = 0;
        for (unsigned i = 0; i < sinks->n; i++) {
                int fd = sink_wait_fd(&sinks->all[i]);
                if (fd >= 0) {
                        out[n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
                }
        }
        return n;
}

int sinks_wait_ms(const struct sinks *sinks, int ms)
{
        for (unsigned i = 0; i < sinks->n; i++) {
                int own = sink_wait_ms(&sinks->all[i]);
                ms = own >= 0 && (ms < 0 || own < ms) ? own : ms;
        }
        return ms;
}

void sinks_set_deadline(struct sinks *sinks, uint64_t deadline_ns)
{
        sinks->deadline_ns = deadline_ns;
        for (unsigned i = 0; i < sinks->n; i++) {
                sinks->all[i].deadline_ns = deadline_ns;
        }
}

/** The descriptors of those that have something left which their reader may still take. */
static unsigned unfinished(const struct sinks *sinks, struct pollfd *out)
{
        unsigned n = 0;
        for (unsigned i = 0; i < sinks->n; i++) {
                int fd = sink_unfinished_fd(&sinks->all[i]);
                if (fd >= 0) {
                        out[n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
                }
        }
        return n;
}

void sinks_finish(struct sinks *sinks, uint64_t deadline_ns)
{
        while (!sinks_flush(sinks)) {
                struct pollfd p[SETTINGS_SINKS];
                unsigned n = unfinished(sinks, p);
                uint64_t now_ns = clock_mono_ns();
                if (n == 0 || now_ns >= deadline_ns) {
                        break;
                }
                uint64_t ms = (deadline_ns - now_ns) / CLOCK_MS_NS + 1;
                (void)poll(p, n, ms < POLL_MS ? (int)ms : POLL_MS);
        }
}

uint64_t sinks_retention_errors(const struct sinks *sinks, unsigned i)
{
        return retention_errors(sinks->retention, sinks->all[i].settings);
}
