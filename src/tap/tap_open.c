/* How a tap begins and ends, and what its dissector reports to it. */
#include "base/clock.h"
#include "base/counter.h"
#include "capture/capture.h"
#include "profile/heap/counts.h"
#include "profile/heap/leak_injection.h"
#include "profile/heap/prof.h"
#include "tap/tap_state.h"

/* --- records of the dissector ------------------------------------------------------------------------------------------- */

/** What the forwarding side knows of a login besides the dissector. */
static void add_login(const struct tap *tap, struct record *r)
{
        static const enum record_field fields[2] = {FIELD_TLS, FIELD_REMOTE_TLS};
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                if (tap->tls[side] != NULL) {
                        record_set_text(r, fields[side], span_str(tap->tls[side]));
                }
        }
        /* the dissector saw what the client was offered */
        if (tap->has_login && record_has(r, FIELD_SERVER_CAPABILITIES)) {
                record_set_uint(r, FIELD_SERVER_CAPABILITIES, tap->offer.offered);
        }
        if (tap->offer.removed != 0) {
                record_set_uint(r, FIELD_CAPABILITIES_REMOVED, tap->offer.removed);
        }
        if (tap->offer.added != 0) {
                record_set_uint(r, FIELD_CAPABILITIES_ADDED, tap->offer.added);
        }
        if (tap->translated) {
                record_set_text(
                    r, FIELD_INFO,
                    span_str(
                        "the password exchange was translated: one side is encrypted, the other is not"));
        }
}

/** If several commands are in flight, the times cover all of them since the last record. */
static void add_times(const struct tap *tap, struct record *r)
{
        struct tap_times *times = tap->times;
        if (times == NULL) {
                return; /* nobody forwards anything */
        }
        if (record_has(r, FIELD_SERVER_US)) {
                record_set_uint(r, FIELD_PROXY_US, clock_cycles_ns(times->own_cycles) / CLOCK_US_NS);
        }
        if (times->stall_ns >= CLOCK_US_NS) {
                record_set_uint(r, FIELD_STALL_US, times->stall_ns / CLOCK_US_NS);
        }
        *times = (struct tap_times){0};
}

/** Without a login packet there is no user, and no errno: the reason has to tell that the login failed. */
static void add_failure(const struct tap *tap, struct record *r)
{
        if (record_has(r, FIELD_CLIENT_CAPABILITIES)) {
                return; /* the login was sent */
        }
        if (tap->prevented != NULL) {
                record_set_text(r, FIELD_REASON, span_str(tap->prevented));
                if (tap->prevented_by != NULL) {
                        record_set_text(r, FIELD_INFO, span_str(tap->prevented_by));
                }
        } else if (record_has(r, FIELD_REASON) && !record_has(r, FIELD_ERRNO) &&
                   tap->tls[SIDE_CLIENT] != NULL) {
                record_set_text(
                    r, FIELD_INFO,
                    span_str("the client left after the TLS handshake: it may not trust the certificate"));
        }
}

static void on_command(void *arg)
{
        const struct tap *tap = arg;
        prof_count_statement();
        counter_add(&tap->shared->counts.statements, 1);
}

static void on_record(void *arg, struct record *r)
{
        struct tap *tap = arg;
        if (r->event == EVENT_AUTH) {
                add_login(tap, r);
                add_failure(tap, r);
        }
        if (r->event == EVENT_QUERY) {
                if (record_has(r, FIELD_ERRNO)) {
                        leak_injection_on_event(LEAK_INJECTION_ERROR);
                }
                on_command(tap);
                add_times(tap, r);
        }
        tap_emit(tap, r);
}

/* --- life -------------------------------------------------------------------------------------------------------------- */

enum status tap_shared_init(struct tap_shared *shared, const struct tap_config *config,
                            const uint64_t *wall_offset_ns)
{
        *shared = (struct tap_shared){.config = *config, .wall_offset_ns = wall_offset_ns};
        shared->config.dissect.pool = &shared->pool;
        if (config->capture_bytes > 0) {
                shared->capture = capture_new(config->capture_bytes, config->sessions);
        }
        return config->capture_bytes > 0 && shared->capture == NULL ? STATUS_NOMEM : STATUS_OK;
}

void tap_shared_fini(struct tap_shared *shared)
{
        capture_free(shared->capture);
        dissect_pool_drain(&shared->pool);
}

_Static_assert(offsetof(struct tap, front) == 0 && offsetof(struct tap_front, wire) == 0,
               "a tap is found by what it begins with, and the other way round");

/** What is on the wire just now; @p wire is a tap's. */
static struct prof_wire describe(const struct prof_wire *wire)
{
        const struct tap *tap = (const struct tap *)(const void *)wire; /* it begins with it */
        struct dissect_now now = dissect_now(tap->front.dissect);
        return (struct prof_wire){.session = tap->conn_id,
                                  .command = now.command,
                                  .text = now.hidden ? span_str("(hidden)") : now.query};
}

struct tap *tap_new(struct tap_shared *shared, uint64_t conn_id, const char *client_addr,
                    struct tap_times *times, uint64_t now_ns)
{
        size_t len = strlen(client_addr);
        const struct tap_config *config = &shared->config;
        struct tap *tap = prof_calloc(STAGE_SESSION, 1, sizeof *tap + len + 1);
        const struct dissect_sink sink = {.arg = tap,
                                          .on_record = on_record,
                                          .on_command = on_command,
                                          .on_packet =
                                              config->dissect.packet_bytes > 0 ? tap_on_packet : NULL,
                                          /* in the log each packet has its place among the records */
                                          .on_run = config->log_packets ? NULL : tap_on_run};
        if (tap == NULL) {
                return NULL;
        }
        tap->shared = shared;
        tap->times = times;
        tap->front.wire = (struct prof_wire){.session = conn_id, .describe = describe};
        tap->conn_id = conn_id;
        tap->start_ns = now_ns;
        tap->client_len = (uint16_t)len;
        memcpy(tap->client_addr, client_addr, len);
        tap->front.dissect = dissect_new(&config->dissect, sink);
        if (tap->front.dissect == NULL) {
                prof_free(tap);
                return NULL;
        }
        if (config->output.begin_session != NULL) {
                tap->place = config->output.begin_session(config->output.arg);
        }
        if (shared->capture != NULL) {
                capture_begin(shared->capture, &tap->track, conn_id);
        }
        tap_identity_changed(tap);
        shared->taps++;
        return tap;
}

void tap_free(struct tap *tap)
{
        if (tap == NULL) {
                return;
        }
        struct tap_shared *shared = tap->shared;
        const struct tap_output *output = &shared->config.output;
        if (output->end_session != NULL) {
                output->end_session(output->arg, tap->place);
        }
        if (shared->capture != NULL) {
                capture_end(shared->capture, &tap->track);
        }
        dissect_free(tap->front.dissect);
        prof_free(tap->prevented_by);
        prof_free(tap->own_addr);
        prof_free(tap->told_addr);
        prof_free(tap->tls[SIDE_CLIENT]);
        prof_free(tap->tls[SIDE_SERVER]);
        prof_free(tap);
        if (--shared->taps == 0) {
                dissect_pool_drain(&shared->pool);
        }
}
