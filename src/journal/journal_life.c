/* The beginning and the end of a journal. */
#include "journal/journal.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/start.h"
#include "journal/journal_state.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static enum status make_ports(struct journal *j, unsigned n)
{
        j->ports = prof_calloc(STAGE_JOURNAL, n, sizeof(struct journal_port *));
        while (j->ports != NULL && j->n_ports < n) {
                j->ports[j->n_ports] = port_new(j->settings, &j->wake, j->enrich.n_plus_one, &j->recent);
                if (j->ports[j->n_ports] == NULL) {
                        return STATUS_NOMEM;
                }
                j->ports[j->n_ports]->number = j->n_ports;
                j->n_ports++;
        }
        return j->ports != NULL ? STATUS_OK : STATUS_NOMEM;
}

enum status journal_new(const struct settings *settings, unsigned ports, struct journal **out)
{
        struct journal *j = prof_calloc(STAGE_JOURNAL, 1, sizeof *j);
        if (j == NULL) {
                return STATUS_NOMEM;
        }
        j->settings = settings;
        convert_init(&j->convert);
        j->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (j->wake.fd < 0) {
                diag(DIAG_ERROR, "the log can't be set up: eventfd: %s", strerror(errno));
                journal_free(j);
                return STATUS_IO;
        }
        enum status status = recent_init(&j->recent, settings->log.recent_bytes);
        if (status == STATUS_OK) {
                status = enrich_init(&j->enrich, settings);
        }
        if (status == STATUS_OK) {
                status = session_findings_init(&j->findings, settings, j->enrich.digests);
        }
        if (status == STATUS_OK) {
                status = make_ports(j, ports);
        }
        scope_stats_init(&j->scopes, settings->log.digests > 0 ? settings->log.scopes : 0,
                         settings->log.scope_bytes, settings->log.scope_pause_ms);
        if (status == STATUS_OK) {
                status = accounts_init(&j->accounts, settings);
                j->accounts.write = journal_write_ended;
                j->accounts.arg = j;
        }
        if (status == STATUS_OK) {
                status = trigger_init(&j->trigger, settings);
        }
        conflicts_init(&j->conflicts, settings, &j->recent, j->ports, j->n_ports);
        if (status == STATUS_NOMEM) {
                diag(DIAG_ERROR, "the log can't be set up: %s", status_text(status));
        }
        if (status == STATUS_OK) { /* which reports its errors */
                status = sinks_open(&j->sinks, settings);
        }
        if (status != STATUS_OK) {
                journal_free(j);
                return status;
        }
        *out = j;
        return STATUS_OK;
}

void journal_set_reader(struct journal *j, void (*see)(void *arg, const struct record *r), void *arg)
{
        j->see = see;
        j->see_arg = arg;
}

enum status journal_start(struct journal *j)
{
        int error = start_thread(&j->thread, "journal", journal_run, j);
        if (error != 0) {
                diag(DIAG_ERROR, "the log's thread can't be started: %s", strerror(error));
                return STATUS_IO;
        }
        j->running = true;
        return STATUS_OK;
}

void journal_hurry(struct journal *j)
{
        j->hurry_ns = clock_mono_ns() + JOURNAL_STOP_MS * CLOCK_MS_NS;
}

void journal_stop(struct journal *j)
{
        if (!j->running) {
                return;
        }
        if (j->hurry_ns == 0) {
                journal_hurry(j);
        }
        atomic_store(&j->stopping, true);
        journal_wake_up(&j->wake);
        (void)pthread_join(j->thread, NULL);
        j->running = false;
        sinks_close(&j->sinks);
}

void journal_free(struct journal *j)
{
        if (j == NULL) {
                return;
        }
        conflicts_fini(&j->conflicts);
        for (unsigned i = 0; j->ports != NULL && i < j->n_ports; i++) {
                port_free(j->ports[i]);
        }
        scope_stats_fini(&j->scopes);
        sinks_free(&j->sinks);
        feed_fini(&j->feed);
        recent_fini(&j->recent);
        convert_fini(&j->convert);
        session_findings_fini(&j->findings);
        accounts_fini(&j->accounts);
        trigger_fini(&j->trigger);
        enrich_fini(&j->enrich);
        if (j->wake.fd >= 0) {
                (void)close(j->wake.fd);
        }
        prof_free(j->ports);
        prof_free(j);
}

struct journal_port *journal_port(struct journal *j, unsigned i)
{
        return j->ports[i];
}

bool journal_is_read(const struct journal *j)
{
        const struct settings *s = j->settings;
        return j->sinks.n > 0 || j->see != NULL || s->log.recent_bytes > 0 || s->log.digests > 0 ||
               settings_have_triggers(s);
}

void journal_attach(struct journal *j, const struct trigger_output *output)
{
        trigger_attach(&j->trigger, output);
}

void journal_reopen(struct journal *j)
{
        atomic_store(&j->reopening, true);
        journal_wake_up(&j->wake);
}
