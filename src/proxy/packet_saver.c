#include "proxy/packet_saver.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/diag.h"
#include "base/start.h"
#include "profile/heap/prof.h"
#include "proxy/packet_directory.h"
#include "proxy/session_view.h"
#include "tap/tap_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER = 64 * 1024, STOP_MS = 1000, REPORT_S = 60 };

/** A firing on its way. */
struct job {
        struct message message;
        struct job *next;
        struct packet_saver *saver;
        struct worker *worker;
        struct trigger_firing firing;
        struct tap_copy *copy;
        size_t size;
        bool is_too_much; /* the copies that wait take too much memory: this one was freed */
};

struct packet_saver {
        const struct settings *settings;
        struct journal *journal;
        struct worker **workers;
        unsigned n_workers;
        pthread_t thread;
        pthread_mutex_t mutex; /* for the next six members */
        pthread_cond_t wake;
        struct job *free;
        struct job *first; /* with copies that are to be written */
        struct job **last;
        size_t bytes; /* of these copies */
        bool stopping;
        uint64_t stop_ns;
        /* the rest is the thread's own, but for the counts */
        struct packet_directory directory;
        uint64_t reported_ns; /* monotonic: when a failure was reported last; 0 = never */
        _Atomic uint64_t saved;
        _Atomic uint64_t failed;
        char buffer[BUFFER];
        struct job jobs[PACKET_SAVER_JOBS];
};

/* --- taking copies -------------------------------------------------------------------------------------------------------- */

static void take_copy(struct job *job)
{
        const struct session *s = worker_session(job->worker, job->firing.conn_id);
        job->copy =
            s != NULL ? session_copy(s) : tap_copy_ended(&job->worker->sessions.tap, job->firing.conn_id);
        job->size = job->copy != NULL ? tap_copy_size(job->copy) : 0;
}

/** On the worker's thread. */
static void on_worker(struct message *message)
{
        PROF_SCOPE(STAGE_CAPTURE);
        struct job *job = (struct job *)message;
        struct packet_saver *saver = job->saver;
        take_copy(job);
        (void)pthread_mutex_lock(&saver->mutex);
        job->is_too_much = saver->bytes > 0 && saver->bytes + job->size > 2 * saver->settings->capture.bytes;
        if (job->is_too_much) {
                tap_copy_free(job->copy);
                job->copy = NULL;
                job->size = 0;
        }
        saver->bytes += job->size;
        job->next = NULL;
        *saver->last = job;
        saver->last = &job->next;
        (void)pthread_cond_signal(&saver->wake);
        (void)pthread_mutex_unlock(&saver->mutex);
}

/** For struct trigger_output, on the journal thread. */
static bool save(void *arg, const struct trigger_firing *firing)
{
        struct packet_saver *saver = arg;
        if (firing->port >= saver->n_workers) {
                return false;
        }
        (void)pthread_mutex_lock(&saver->mutex);
        struct job *job = saver->bytes < saver->settings->capture.bytes ? saver->free : NULL;
        saver->free = job != NULL ? job->next : saver->free;
        (void)pthread_mutex_unlock(&saver->mutex);
        if (job == NULL) {
                return false;
        }
        *job = (struct job){.message.run = on_worker,
                            .saver = saver,
                            .worker = saver->workers[firing->port],
                            .firing = *firing};
        worker_post(job->worker, &job->message);
        return true;
}

/* --- writing files ---------------------------------------------------------------------------------------------------------- */

static ssize_t on_write(void *cookie, const char *bytes, size_t n)
{
        return packet_directory_put(cookie, span_of(bytes, n)) ? (ssize_t)n : 0;
}

static bool put(void *arg, struct span bytes)
{
        return fwrite(bytes.data, 1, bytes.len, arg) == bytes.len;
}

static bool write_pcap(const struct tap_copy *copy, FILE *out)
{
        struct pcapng pcap = {.put = put, .arg = out};
        tap_copy_pcap(copy, &pcap);
        return !pcap.failed;
}

/** @return false with the reason in the directory. */
static bool write_file(struct packet_saver *saver, const struct job *job, bool is_text)
{
        static const cookie_io_functions_t functions = {.write = on_write};
        struct packet_directory *d = &saver->directory;
        if (!packet_directory_begin(d, job->firing.number, job->firing.conn_id, is_text)) {
                return false;
        }
        d->what = "can't be written to: out of memory";
        d->error = 0;
        FILE *out = fopencookie(d, "w", functions);
        if (out == NULL) {
                packet_directory_abandon(d);
                return false;
        }
        (void)setvbuf(out, saver->buffer, _IOFBF, sizeof saver->buffer);
        bool done = is_text ? tap_copy_hex(job->copy, out) : write_pcap(job->copy, out);
        done = fclose(out) == 0 && done;
        if (!done) {
                packet_directory_abandon(d);
        }
        return done && packet_directory_end(d);
}

/** Count it, and report it if nothing was reported lately. */
static void fail(struct packet_saver *saver, const struct job *job, const char *what, int error)
{
        uint64_t now_ns = clock_mono_ns();
        counter_add(&saver->failed, 1);
        if (saver->reported_ns == 0 || now_ns - saver->reported_ns > REPORT_S * CLOCK_S_NS) {
                saver->reported_ns = now_ns;
                diag(DIAG_WARNING,
                     "packets of session %" PRIu64
                     " are not saved: %s %s%s%s (reported once a minute; counted as "
                     "packets_unsaved)",
                     job->firing.conn_id, saver->settings->triggers.directory, what, error != 0 ? ": " : "",
                     error != 0 ? strerror(error) : "");
        }
}

static void write_files(struct packet_saver *saver, const struct job *job, bool is_late)
{
        const struct packet_directory *d = &saver->directory;
        if (job->is_too_much || is_late) {
                fail(saver, job, "is too slow", 0);
        } else if (job->copy == NULL || tap_copy_count(job->copy) == 0) {
                fail(saver, job, "gets no packets: the recorder has none of it, or memory is out", 0);
        } else if (!write_file(saver, job, false) || !write_file(saver, job, true)) {
                fail(saver, job, d->what, d->error);
        } else {
                counter_add(&saver->saved, 1);
        }
}

/* --- the thread ----------------------------------------------------------------------------------------------------------- */

/** The next job; NULL: the thread is to end. With the mutex. */
static struct job *next_job(struct packet_saver *saver)
{
        while (saver->first == NULL && !saver->stopping) {
                (void)pthread_cond_wait(&saver->wake, &saver->mutex);
        }
        struct job *job = saver->first;
        if (job != NULL) {
                saver->first = job->next;
                saver->last = saver->first == NULL ? &saver->first : saver->last;
        }
        return job;
}

static void *run(void *arg)
{
        struct packet_saver *saver = arg;
        struct job *job;
        (void)prof_enter(STAGE_CAPTURE);
        (void)pthread_mutex_lock(&saver->mutex);
        while ((job = next_job(saver)) != NULL) {
                bool is_late = saver->stopping && clock_mono_ns() > saver->stop_ns;
                (void)pthread_mutex_unlock(&saver->mutex);
                write_files(saver, job, is_late);
                tap_copy_free(job->copy);
                (void)pthread_mutex_lock(&saver->mutex);
                saver->bytes -= job->size;
                job->next = saver->free;
                saver->free = job;
        }
        (void)pthread_mutex_unlock(&saver->mutex);
        return NULL;
}

static void discard(struct packet_saver *saver)
{
        packet_directory_close(&saver->directory);
        (void)pthread_mutex_destroy(&saver->mutex);
        (void)pthread_cond_destroy(&saver->wake);
        prof_free(saver);
}

enum status packet_saver_new(const struct settings *settings, struct journal *journal,
                             struct worker **workers, unsigned n, struct packet_saver **out)
{
        *out = NULL;
        if (!settings_have_triggers(settings)) {
                return STATUS_OK;
        }
        struct packet_saver *saver = prof_calloc(STAGE_CAPTURE, 1, sizeof *saver);
        if (saver == NULL) {
                diag(DIAG_ERROR, "packets can't be saved: out of memory");
                return STATUS_NOMEM;
        }
        saver->settings = settings;
        saver->journal = journal;
        saver->workers = workers;
        saver->n_workers = n;
        saver->last = &saver->first;
        for (size_t i = 0; i < PACKET_SAVER_JOBS; i++) {
                saver->jobs[i].next = saver->free;
                saver->free = &saver->jobs[i];
        }
        (void)pthread_mutex_init(&saver->mutex, NULL);
        (void)pthread_cond_init(&saver->wake, NULL);
        enum status status = packet_directory_open(&saver->directory, settings);
        int error = status == STATUS_OK ? start_thread(&saver->thread, "saver", run, saver) : 0;
        if (error != 0) {
                diag(DIAG_ERROR, "the thread that saves packets can't be started: %s", strerror(error));
                status = STATUS_IO;
        }
        if (status != STATUS_OK) {
                discard(saver);
                return status;
        }
        const struct trigger_output output = {save, saver};
        journal_attach(journal, &output);
        *out = saver;
        return STATUS_OK;
}

void packet_saver_detach(struct packet_saver *saver)
{
        if (saver != NULL) {
                journal_attach(saver->journal, NULL);
        }
}

void packet_saver_free(struct packet_saver *saver)
{
        if (saver == NULL) {
                return;
        }
        (void)pthread_mutex_lock(&saver->mutex);
        saver->stopping = true;
        saver->stop_ns = clock_mono_ns() + STOP_MS * CLOCK_MS_NS;
        (void)pthread_cond_signal(&saver->wake);
        (void)pthread_mutex_unlock(&saver->mutex);
        (void)pthread_join(saver->thread, NULL);
        discard(saver);
}

struct packet_saver_counts packet_saver_counts(const struct packet_saver *saver)
{
        if (saver == NULL) {
                return (struct packet_saver_counts){0, 0};
        }
        return (struct packet_saver_counts){counter_read(&saver->saved), counter_read(&saver->failed)};
}
