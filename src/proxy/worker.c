#include "proxy/worker.h"

#include "base/diag.h"
#include "base/start.h"
#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"
#include "proxy/net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void worker_post(struct worker *w, struct message *message)
{
        mailbox_post(&w->mailbox, message);
}

struct session *worker_session(const struct worker *w, uint64_t conn_id)
{
        struct session *s = w->sessions.first;
        while (s != NULL && session_id(s) != conn_id) {
                s = session_next(s);
        }
        return s;
}

/* --- a full log ------------------------------------------------------------------------------------------------------- */

bool worker_postpone(struct worker *w, struct message *message)
{
        if (!worker_log_is_full(w)) {
                return false;
        }
        message->next = NULL;
        *w->postponed_last = message;
        w->postponed_last = &message->next;
        return true;
}

/** Run what was postponed, though the log may fill up again meanwhile. */
static void run_postponed(struct worker *w)
{
        struct message *message = w->postponed;
        w->postponed = NULL;
        w->postponed_last = &w->postponed;
        while (message != NULL) {
                struct message *next = message->next; /* run may free it */
                message->run(message);
                message = next;
        }
}

void worker_hold_listeners(struct worker *w, bool hold)
{
        for (unsigned i = 0; i < w->n_listeners; i++) {
                listener_hold(w->listeners[i], hold);
        }
}

static void on_log_room(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_WORKER);
        struct worker *w = arg;
        uint64_t count;
        ssize_t n = read(fd, &count, sizeof count);
        (void)n;
        (void)what;
        if (!journal_port_settle(w->port)) {
                return;
        }
        loop_tick(&w->sessions.loop);
        for (struct session *s = w->sessions.first, *next; s != NULL; s = next) {
                next = session_next(s);
                session_go_on(s);
        }
        worker_hold_listeners(w, false);
        run_postponed(w);
}

/** @return false when memory is out. */
static bool watch_log(struct worker *w)
{
        int fd = journal_port_keep(w->port, &w->sessions.links.log_full);
        if (fd < 0) {
                return true;
        }
        w->log_room = event_new(w->sessions.loop.base, fd, EV_READ | EV_PERSIST, on_log_room, w);
        return w->log_room != NULL && event_add(w->log_room, NULL) == 0;
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

static struct worker *worker_of_stop(struct message *message)
{
        return (struct worker *)(void *)((char *)message - offsetof(struct worker, stop));
}

static void end_sessions(struct worker *w)
{
        w->sessions.links.log_full = false; /* nothing is postponed any more */
        run_postponed(w);
        session_shared_end(&w->sessions);
}

static void on_drain(struct message *message)
{
        PROF_SCOPE(STAGE_WORKER);
        struct worker *w = (struct worker *)(void *)((char *)message - offsetof(struct worker, drain));
        loop_tick(&w->sessions.loop);
        session_shared_drain(&w->sessions, w->hands_over);
        for (unsigned i = 0; i < w->n_listeners; i++) {
                listener_close(w->listeners[i]);
        }
}

void worker_drain(struct worker *w, bool hands_over)
{
        w->hands_over = hands_over; /* the message makes it visible */
        worker_post(w, &w->drain);
}

static void on_stop(struct message *message)
{
        PROF_SCOPE(STAGE_WORKER);
        struct worker *w = worker_of_stop(message);
        loop_tick(&w->sessions.loop);
        end_sessions(w);
        (void)event_base_loopbreak(w->sessions.loop.base);
}

static void *run(void *arg)
{
        struct worker *w = arg;
        (void)prof_enter(STAGE_WORKER);
        loop_begin(&w->sessions.loop);
        if (event_base_loop(w->sessions.loop.base, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
                diag(DIAG_ERROR, "worker %u: the event loop ended: %s", w->sessions.config.worker,
                     strerror(errno));
        }
        return NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void discard(struct worker *w)
{
        mailbox_fini(&w->mailbox);
        if (w->log_room != NULL) {
                event_free(w->log_room);
        }
        session_shared_fini(&w->sessions);
        prof_free(w);
}

static bool put_record(void *arg, const struct record_raw *r)
{
        return journal_put(arg, r); /* which counts what it drops */
}

static uint32_t begin_session(void *arg)
{
        return journal_session_begin(arg);
}

static void end_session(void *arg, uint32_t place)
{
        journal_session_end(arg, place);
}

/** The bits of the field `redacted` for a packet of which log.redact has hidden a part. */
static uint64_t redacted_bits(uint64_t redact)
{
        return (settings_redacts_literals(redact) ? 1U << REDACTED_LITERALS : 0U) |
               (settings_redacts_values(redact) ? 1U << REDACTED_VALUES : 0U);
}

static enum status init_sessions(struct worker *w, const struct worker_config *config)
{
        const struct settings *s = config->settings;
        struct session_config sessions = {
            .worker = config->index,
            .backlog_bytes = s->limits.backlog_bytes,
            .quota = config->quota,
            .tap = {.dissect = {.query_bytes = s->limits.query_bytes,
                                .value_bytes = s->limits.value_bytes,
                                .packet_bytes = s->hex || s->capture.bytes > 0 ? s->capture.packet_bytes : 0,
                                .held_bytes = s->limits.held_bytes,
                                .pipeline = (uint32_t)s->limits.pipeline,
                                .pipeline_slack = LINK_READ_BYTES / FRAME_HEADER_SIZE,
                                .statements = (uint32_t)s->limits.statements,
                                .rows = (uint32_t)s->log.rows,
                                .hash_rows = (uint32_t)settings_hashed_rows(s),
                                .lint = (uint32_t)s->limits.lint,
                                .count_only = config->count_only,
                                .hide_packets = s->log.redact != SETTINGS_REDACT_NONE},
                    .capture_bytes = s->capture.bytes / config->workers,
                    .sessions = s->limits.sessions / config->workers + 1,
                    .log_packets = s->hex,
                    .packets_redacted = redacted_bits(s->log.redact),
                    .output = {.arg = config->port,
                               .on_record = put_record,
                               .begin_session = begin_session,
                               .end_session = end_session,
                               .announcements = journal_port_announcements(config->port)}},
        };
        return session_shared_init(&w->sessions, &sessions, config->generation);
}

struct worker *worker_new(const struct worker_config *config)
{
        PROF_SCOPE(STAGE_WORKER);
        struct worker *w = prof_calloc(STAGE_WORKER, 1, sizeof *w);
        if (w == NULL) {
                diag(DIAG_ERROR, "a worker can't be created: out of memory");
                return NULL;
        }
        w->port = config->port;
        w->postponed_last = &w->postponed;
        w->drain.run = on_drain;
        w->stop.run = on_stop;
        if (init_sessions(w, config) != STATUS_OK ||
            mailbox_init(&w->mailbox, w->sessions.loop.base) != STATUS_OK || !watch_log(w)) {
                diag(DIAG_ERROR, "a worker can't be created: out of memory");
                discard(w);
                return NULL;
        }
        return w;
}

enum status worker_start(struct worker *w)
{
        PROF_SCOPE(STAGE_WORKER);
        char name[16];
        (void)snprintf(name, sizeof name, "worker-%u", w->sessions.config.worker);
        int error = start_thread(&w->thread, name, run, w);
        if (error != 0) {
                diag(DIAG_ERROR, "a worker thread can't be started: %s", strerror(error));
                return STATUS_IO;
        }
        w->started = true;
        return STATUS_OK;
}

void worker_stop(struct worker *w)
{
        PROF_SCOPE(STAGE_WORKER);
        if (w->started) {
                worker_post(w, &w->stop);
                (void)pthread_join(w->thread, NULL);
        }
        mailbox_drain(&w->mailbox); /* clients and requests that came after the stop */
        end_sessions(w);
}

void worker_free(struct worker *w)
{
        PROF_SCOPE(STAGE_WORKER);
        discard(w);
}
