#include "journal/journal.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/ring.h"
#include "journal/gap.h"
#include "journal/recent.h"
#include "journal/sink.h"
#include "profile/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 256, RETRY_MS = 200, STOP_MS = 3000 };

struct journal_port {
        struct ring ring;
        struct journal *journal;
};

struct journal {
        const struct settings *settings;
        struct journal_port **ports;
        unsigned n_ports;
        struct sink sink;
        bool has_sink;
        struct recent recent;
        uint8_t *scratch; /* a packed gap record, for the recent ones */
        size_t scratch_size;

        pthread_t thread;
        bool running;
        int wake_fd;
        _Atomic int sleeping; /* the writer waits for wake_fd; whoever clears it must write to it */
        _Atomic bool stopping;
        _Atomic bool reopening;
};

/* --- the workers' side --------------------------------------------------------------------------------------------- */

static void signal_writer(struct journal *j)
{
        uint64_t one = 1;
        ssize_t n = write(j->wake_fd, &one, sizeof one);
        (void)n; /* fails only if the counter is full: then it is awake */
}

bool journal_put(struct journal_port *port, const struct record *r)
{
        size_t size = record_pack_size(r);
        uint8_t *to = ring_reserve(&port->ring, size);
        if (to == NULL) {
                return false;
        }
        record_pack(r, to);
        ring_commit(&port->ring, size);
        /* Both sides read and write `sleeping` in one step, so either the writer's look at the ring comes after our
         * commit, or we see that it sleeps. */
        if (atomic_exchange_explicit(&port->journal->sleeping, 0, memory_order_acq_rel) != 0) {
                signal_writer(port->journal);
        }
        return true;
}

/* --- the writer thread ---------------------------------------------------------------------------------------------- */

static void write_record(struct journal *j, const struct record *r)
{
        if (j->has_sink) {
                sink_put(&j->sink, r);
        }
}

static void write_gap(struct journal *j, uint64_t dropped)
{
        struct record gap = gap_record(dropped, "the ring between worker and writer was full");
        size_t size = record_pack_size(&gap);
        if (size <= j->scratch_size) {
                record_pack(&gap, j->scratch);
                recent_add(&j->recent, span_of(j->scratch, size));
        }
        write_record(j, &gap);
}

static void take_message(struct journal *j, const struct ring_message *m)
{
        struct record r;
        if (m->drops_before > 0) {
                write_gap(j, m->drops_before);
        }
        recent_add(&j->recent, m->bytes);
        /* the ring's memory is ours until it is popped */
        if (record_unpack((uint8_t *)(uintptr_t)m->bytes.data, m->bytes.len, &r)) {
                write_record(j, &r);
        }
}

/** Take a batch from each ring in turn. @return true if there was anything. */
static bool drain(struct journal *j)
{
        bool any = false;
        for (unsigned i = 0; i < j->n_ports; i++) {
                struct ring *ring = &j->ports[i]->ring;
                struct ring_message m;
                unsigned n = 0;
                while (n < BATCH && ring_peek(ring, &m)) {
                        take_message(j, &m);
                        ring_pop(ring);
                        n++;
                }
                if (n < BATCH) {
                        uint64_t drops = ring_take_drops(ring);
                        if (drops > 0) {
                                write_gap(j, drops);
                                n++;
                        }
                }
                any = any || n > 0;
        }
        return any;
}

static bool is_idle(struct journal *j)
{
        struct ring_message m;
        for (unsigned i = 0; i < j->n_ports; i++) {
                if (ring_peek(&j->ports[i]->ring, &m)) {
                        return false;
                }
        }
        return !atomic_load(&j->stopping) && !atomic_load(&j->reopening);
}

static void wait_for_wake(struct journal *j, int timeout_ms)
{
        struct pollfd p = {.fd = j->wake_fd, .events = POLLIN};
        uint64_t count;
        if (poll(&p, 1, timeout_ms) > 0) {
                ssize_t n = read(j->wake_fd, &count, sizeof count);
                (void)n;
        }
}

/** Nothing is left to do: sleep until a worker or the main thread has something. */
static void sleep_until_woken(struct journal *j, bool flushed)
{
        (void)atomic_exchange_explicit(&j->sleeping, 1, memory_order_acq_rel);
        if (is_idle(j)) {
                wait_for_wake(j, flushed ? -1 : RETRY_MS);
        }
        (void)atomic_exchange_explicit(&j->sleeping, 0, memory_order_acq_rel);
}

static void drain_all(struct journal *j)
{
        uint64_t deadline = clock_mono_ns() + STOP_MS * CLOCK_MS_NS;
        bool flushed = true;
        do {
                while (drain(j) && clock_mono_ns() < deadline) {
                }
                flushed = !j->has_sink || sink_flush(&j->sink);
        } while (!flushed && j->sink.fd >= 0 && j->sink.is_stream && clock_mono_ns() < deadline);
}

static void *run(void *arg)
{
        struct journal *j = arg;
        (void)prof_enter(STAGE_JOURNAL);
        while (!atomic_load(&j->stopping)) {
                bool any = drain(j);
                bool flushed = !j->has_sink || sink_flush(&j->sink);
                if (atomic_exchange(&j->reopening, false) && j->has_sink) {
                        sink_reopen(&j->sink);
                }
                if (any) {
                        wait_for_wake(
                            j, (int)j->settings->log.flush_ms); /* for company: one write serves many */
                } else {
                        sleep_until_woken(j, flushed);
                }
        }
        drain_all(j);
        return NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static size_t power_of_two(uint64_t bytes)
{
        size_t size = 4096;
        while (size < bytes) {
                size *= 2;
        }
        return size;
}

static struct journal_port *new_port(struct journal *j)
{
        size_t size = power_of_two(j->settings->log.ring_bytes);
        struct journal_port *port = prof_calloc(STAGE_JOURNAL, 1, sizeof *port);
        uint8_t *memory = prof_alloc(STAGE_JOURNAL, size);
        if (port == NULL || memory == NULL) {
                prof_free(port);
                prof_free(memory);
                return NULL;
        }
        ring_init(&port->ring, memory, size);
        port->journal = j;
        return port;
}

static enum status open_sink(struct journal *j)
{
        static const enum format formats[] = {[SETTINGS_FORMAT_AUTO] = FORMAT_COUNT,
                                              [SETTINGS_FORMAT_TEXT] = FORMAT_TEXT,
                                              [SETTINGS_FORMAT_JSON] = FORMAT_JSON};
        j->has_sink = strcmp(j->settings->log.file, "off") != 0;
        return j->has_sink ? sink_open(&j->sink, j->settings->log.file, formats[j->settings->log.format])
                           : STATUS_OK;
}

enum status journal_new(const struct settings *settings, unsigned ports, struct journal **out)
{
        struct journal *j = prof_calloc(STAGE_JOURNAL, 1, sizeof *j);
        if (j == NULL) {
                return STATUS_NOMEM;
        }
        j->settings = settings;
        j->sink.fd = -1;
        j->scratch_size = 4096;
        j->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        j->scratch = prof_alloc(STAGE_JOURNAL, j->scratch_size);
        j->ports = prof_calloc(STAGE_JOURNAL, ports, sizeof(struct journal_port *));
        enum status status = j->wake_fd < 0 ? STATUS_IO : STATUS_OK;
        if (j->scratch == NULL || j->ports == NULL) {
                status = STATUS_NOMEM;
        }
        for (; status == STATUS_OK && j->n_ports < ports; j->n_ports++) {
                j->ports[j->n_ports] = new_port(j);
                if (j->ports[j->n_ports] == NULL) {
                        status = STATUS_NOMEM;
                        break;
                }
        }
        if (status == STATUS_OK) {
                status = recent_init(&j->recent, settings->log.recent_bytes);
        }
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "the journal can't be made: %s", status_text(status));
        } else {
                status = open_sink(j);
        }
        if (status != STATUS_OK) {
                journal_free(j);
                return status;
        }
        *out = j;
        return STATUS_OK;
}

enum status journal_start(struct journal *j)
{
        sigset_t all;
        sigset_t before;
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
        int error = pthread_create(&j->thread, NULL, run, j);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (error != 0) {
                diag(DIAG_ERROR, "the journal's thread can't be started: %s", strerror(error));
                return STATUS_IO;
        }
        (void)pthread_setname_np(j->thread, "journal");
        j->running = true;
        return STATUS_OK;
}

void journal_stop(struct journal *j)
{
        if (!j->running) {
                return;
        }
        atomic_store(&j->stopping, true);
        signal_writer(j);
        (void)pthread_join(j->thread, NULL);
        j->running = false;
        struct journal_counts counts = journal_counts(j);
        size_t unwritten = j->has_sink ? sink_close(&j->sink) : 0;
        if (counts.dropped > 0 || unwritten > 0) {
                diag(
                    DIAG_WARNING,
                    "the log lacks %llu records that could not be kept, and %zu bytes not written at the end",
                    (unsigned long long)counts.dropped, unwritten);
        }
}

void journal_free(struct journal *j)
{
        if (j == NULL) {
                return;
        }
        for (unsigned i = 0; i < j->n_ports; i++) {
                prof_free(j->ports[i]->ring.memory);
                prof_free(j->ports[i]);
        }
        (void)sink_close(&j->sink);
        recent_fini(&j->recent);
        if (j->wake_fd >= 0) {
                (void)close(j->wake_fd);
        }
        prof_free(j->ports);
        prof_free(j->scratch);
        prof_free(j);
}

struct journal_port *journal_port(struct journal *j, unsigned i)
{
        return j->ports[i];
}

void journal_reopen(struct journal *j)
{
        atomic_store(&j->reopening, true);
        signal_writer(j);
}

struct journal_counts journal_counts(const struct journal *j)
{
        struct journal_counts c = {
            .records = atomic_load_explicit(&j->sink.records, memory_order_relaxed),
            .dropped = atomic_load_explicit(&j->sink.dropped, memory_order_relaxed),
            .bytes = atomic_load_explicit(&j->sink.bytes, memory_order_relaxed),
            .sink_errors = atomic_load_explicit(&j->sink.errors, memory_order_relaxed),
        };
        for (unsigned i = 0; i < j->n_ports; i++) {
                c.dropped += ring_drops(&j->ports[i]->ring);
        }
        return c;
}

bool journal_recent(struct journal *j, uint64_t *cursor, enum format format, struct writer *w)
{
        return recent_read(&j->recent, cursor, format, w);
}

uint64_t journal_recent_last(struct journal *j)
{
        return recent_last(&j->recent);
}
