#include "proxy/worker.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/start.h"
#include "profile/heap/prof.h"
#include "proxy/net/listener.h"
#include "proxy/session.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH_BYTES = 128 * 1024, PLAIN_BYTES = 64 * 1024 };

void worker_read_wall(struct worker *w)
{
        w->wall_read_ns = w->now_ns;
        w->tap.wall_offset_ns = clock_wall_ns() - w->now_ns;
}

enum status worker_event_add(struct event *event, const struct timeval *timeout)
{
        PROF_SCOPE(STAGE_WORKER);
        return event_add(event, timeout) == 0 ? STATUS_OK : STATUS_NOMEM;
}

void worker_post(struct worker *w, struct message *message)
{
        mailbox_post(&w->mailbox, message);
}

/* --- held ----------------------------------------------------------------------------------------------------------- */

bool worker_puts_off(struct worker *w, struct message *message)
{
        if (!w->held) {
                return false;
        }
        message->next = NULL;
        *w->waiting_last = message;
        w->waiting_last = &message->next;
        return true;
}

/** Run what was put off, though the worker may be held anew meanwhile. */
static void run_waiting(struct worker *w)
{
        struct message *message = w->waiting;
        w->waiting = NULL;
        w->waiting_last = &w->waiting;
        while (message != NULL) {
                struct message *next = message->next; /* run may free it */
                message->run(message);
                message = next;
        }
}

/** The log has room again. */
static void on_room(evutil_socket_t fd, short what, void *arg)
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
        worker_tick(w);
        for (struct session *s = w->sessions, *next; s != NULL; s = next) {
                next = session_next(s);
                session_go_on(s);
        }
        if (w->listener != NULL) {
                listener_hold(w->listener, false);
        }
        run_waiting(w);
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

static struct worker *worker_of_stop(struct message *message)
{
        return (struct worker *)(void *)((char *)message - offsetof(struct worker, stop));
}

static void end_sessions(struct worker *w)
{
        w->held = false; /* nothing is put off any more */
        run_waiting(w);
        while (w->sessions != NULL) {
                session_close(w->sessions, REASON_SHUTDOWN);
        }
}

static void on_stop(struct message *message)
{
        PROF_SCOPE(STAGE_WORKER);
        struct worker *w = worker_of_stop(message);
        worker_tick(w);
        end_sessions(w);
        (void)event_base_loopbreak(w->base);
}

static void *run(void *arg)
{
        struct worker *w = arg;
        (void)prof_enter(STAGE_WORKER);
        w->ticker = ticker_new();
        worker_tick(w);
        if (event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
                diag(DIAG_ERROR, "worker %u: the event loop ended: %s", w->index, strerror(errno));
        }
        return NULL;
}

static struct event_base *new_base(void)
{
        struct event_config *config = event_config_new();
        struct event_base *base = NULL;
        /* Not EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST: it would take a descriptor out of the poll set only after it was closed,
         * when another thread may have it already; and since links write at once there is next to nothing to save. */
        if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
            /* nor the loop's reading of the clock: worker_tick has its own, and timers are few */
            event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0) {
                base = event_base_new_with_config(config);
        }
        if (config != NULL) {
                event_config_free(config);
        }
        return base;
}

static bool needs_dns(const struct address *remote)
{
        struct sockaddr_storage ss;
        socklen_t len;
        return !address_numeric(remote, &ss, &len);
}

/** Needs /etc/resolv.conf; without one there is still /etc/hosts, and maybe a name server on this machine. */
static struct evdns_base *new_dns(struct event_base *base)
{
        struct evdns_base *dns =
            evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (dns == NULL && (dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE)) != NULL) {
                (void)evdns_base_load_hosts(dns, "/etc/hosts");
                (void)evdns_base_nameserver_ip_add(dns, "127.0.0.1");
        }
        return dns;
}

static void discard(struct worker *w)
{
        mailbox_fini(&w->mailbox);
        if (w->room != NULL) {
                event_free(w->room);
        }
        if (w->dns != NULL) {
                /* cancelled look-ups end here and free themselves; they would use the evdns_base after its end */
                (void)event_base_loop(w->base, EVLOOP_NONBLOCK);
                evdns_base_free(w->dns, 1);
                (void)event_base_loop(w->base, EVLOOP_NONBLOCK);
        }
        if (w->base != NULL) {
                event_base_free(w->base);
        }
        prof_free(w->scratch);
        prof_free(w->plain);
        tap_shared_fini(&w->tap);
        prof_free(w);
}

/** @return false when memory is out. */
static bool watch_room(struct worker *w)
{
        int fd = journal_port_keep(w->port, &w->held);
        if (fd < 0) {
                return true;
        }
        w->room = event_new(w->base, fd, EV_READ | EV_PERSIST, on_room, w);
        return w->room != NULL && event_add(w->room, NULL) == 0;
}

static void put_record(void *arg, const struct record *r)
{
        (void)journal_put(arg, r); /* the journal counts what it drops */
}

/** The bits of the field `redacted` for a packet of which log.redact has hidden a part. */
static uint64_t redacted_bits(uint64_t redact)
{
        return (settings_redacts_literals(redact) ? 1U << REDACTED_LITERALS : 0U) |
               (settings_redacts_values(redact) ? 1U << REDACTED_VALUES : 0U);
}

static enum status init_tap(struct worker *w, const struct worker_config *config)
{
        const struct settings *s = config->settings;
        const struct tap_config tap = {
            .dissect = {.query_bytes = s->limits.query_bytes,
                        .value_bytes = s->limits.value_bytes,
                        .packet_bytes = s->hex || s->capture.bytes > 0 ? s->capture.packet_bytes : 0,
                        .held_bytes = s->limits.held_bytes,
                        .pipeline = (uint32_t)s->limits.pipeline,
                        .statements = (uint32_t)s->limits.statements,
                        .rows = (uint32_t)s->log.rows,
                        .lint = (uint32_t)s->limits.lint,
                        .count_only = config->count_only,
                        .hide_packets = s->log.redact != SETTINGS_REDACT_NONE},
            .capture_bytes = s->capture.bytes,
            .log_packets = s->hex,
            .packets_redacted = redacted_bits(s->log.redact),
            .listen_addr = config->listen_addr,
            .remote_addr = config->remote_addr,
            .output = {.arg = config->port, .on_record = put_record},
        };
        return tap_shared_init(&w->tap, &tap);
}

struct worker *worker_new(const struct worker_config *config)
{
        PROF_SCOPE(STAGE_WORKER);
        const struct settings *s = config->settings;
        struct worker *w = prof_calloc(STAGE_WORKER, 1, sizeof *w);
        if (w == NULL) {
                diag(DIAG_ERROR, "a worker can't be created: out of memory");
                return NULL;
        }
        w->index = config->index;
        w->settings = s;
        w->remote = config->remote;
        w->remote_text = config->remote_text;
        w->port = config->port;
        w->waiting_last = &w->waiting;
        w->tls = config->tls;
        w->stop.run = on_stop;
        w->scratch_size = SCRATCH_BYTES;
        w->scratch = prof_alloc(STAGE_WORKER, w->scratch_size);
        w->plain_size = PLAIN_BYTES;
        w->plain = prof_alloc(STAGE_TLS, w->plain_size);
        enum status tap = init_tap(w, config);
        w->base = new_base();
        bool dns_wanted = needs_dns(w->remote);
        if (w->base != NULL && dns_wanted) {
                w->dns = new_dns(w->base);
        }
        if (w->scratch == NULL || w->plain == NULL || tap != STATUS_OK || w->base == NULL ||
            (dns_wanted && w->dns == NULL) || mailbox_init(&w->mailbox, w->base) != STATUS_OK ||
            !watch_room(w)) {
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
        (void)snprintf(name, sizeof name, "worker-%u", w->index);
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
        mailbox_drain(&w->mailbox); /* arrivals and requests behind the stop */
        end_sessions(w);
}

void worker_free(struct worker *w)
{
        PROF_SCOPE(STAGE_WORKER);
        discard(w);
}
