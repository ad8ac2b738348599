/* What a session tells: records to the journal, packets to its recorder. */
#include "base/clock.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/leak_injection.h"
#include "proxy/net/tls.h"
#include "proxy/session_state.h"

enum { TLS_TEXT_MAX = 96 };

/** Add what the session knows, and hand it to the journal. */
void report_emit(struct session *s, struct record *r)
{
        if (s->worker->dissect.count_only) {
                return; /* nobody reads it */
        }
        r->wall_ns = worker_wall_ns(s->worker, r->mono_ns);
        RECORD_PUT(r, FIELD_CONN_ID, conn_id, s->id);
        if (s->client_len > 0) {
                RECORD_PUT(r, FIELD_CLIENT_ADDR, client_addr, span_of(s->client_addr, s->client_len));
        }
        RECORD_PUT(r, FIELD_PROXY_LISTEN_ADDR, proxy_listen_addr, s->worker->listen_addr);
        RECORD_PUT(r, FIELD_REMOTE_ADDR, remote_addr, s->worker->remote_addr);
        field_set_add(&r->lasting, FIELD_PROXY_LISTEN_ADDR);
        field_set_add(&r->lasting, FIELD_REMOTE_ADDR);
        if (s->proxy_client_len > 0) {
                RECORD_PUT(r, FIELD_PROXY_CLIENT_ADDR, proxy_client_addr,
                           span_of(s->proxy_client, s->proxy_client_len));
        }
        (void)journal_put(s->worker->port, r); /* the journal counts what it drops */
}

struct record report_new(const struct session *s, enum record_event event)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        r.mono_ns = s->worker->now_ns;
        return r;
}

void report_notice(struct session *s, enum record_event event, const char *reason, const char *info)
{
        struct record r = report_new(s, event);
        record_set_text(&r, FIELD_REASON, span_str(reason));
        if (info != NULL) {
                record_set_text(&r, FIELD_INFO, span_str(info));
        }
        report_emit(s, &r);
}

/** What the session knows of a login beside the dissector. */
static void add_handshake(struct session *s, struct record *r, char tls[2][TLS_TEXT_MAX])
{
        static const enum record_field fields[2] = {FIELD_TLS, FIELD_REMOTE_TLS};
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                if (s->links[side].tls != NULL && tls_established(s->links[side].tls)) {
                        tls_describe(s->links[side].tls, tls[side], TLS_TEXT_MAX);
                        record_set_text(r, fields[side], span_str(tls[side]));
                }
        }
        if (record_has(r, FIELD_SERVER_CAPABILITIES)) { /* the dissector saw what the client was offered */
                record_set_uint(r, FIELD_SERVER_CAPABILITIES, s->offer.offered);
        }
        if (s->offer.removed != 0) {
                record_set_uint(r, FIELD_CAPABILITIES_REMOVED, s->offer.removed);
        }
        if (s->offer.added != 0) {
                record_set_uint(r, FIELD_CAPABILITIES_ADDED, s->offer.added);
        }
        if (s->mediated) {
                record_set_text(
                    r, FIELD_INFO,
                    span_str(
                        "the password exchange was translated: one side is encrypted, the other is not"));
        }
}

/** With several commands in flight they are of all of them since the last record. */
static void add_own_times(struct session *s, struct record *r)
{
        if (record_has(r, FIELD_SERVER_US)) {
                RECORD_PUT(r, FIELD_PROXY_US, proxy_us, clock_cycles_ns(s->own_cycles) / CLOCK_US_NS);
        }
        if (s->stall_ns >= CLOCK_US_NS) {
                record_set_uint(r, FIELD_STALL_US, s->stall_ns / CLOCK_US_NS);
        }
        s->own_cycles = 0;
        s->stall_ns = 0;
}

/** A command came to its end. */
static void count_command(struct session *s)
{
        prof_count_statement();
        worker_add(&s->worker->counts.statements, 1);
}

void report_command(void *arg)
{
        count_command(arg);
}

void report_record(void *arg, struct record *r)
{
        struct session *s = arg;
        char tls[2][TLS_TEXT_MAX];
        if (r->event == EVENT_AUTH) {
                add_handshake(s, r, tls);
        }
        if (r->event == EVENT_QUERY) {
                if (record_has(r, FIELD_ERRNO)) {
                        plant_grow(PLANT_ERROR);
                }
                count_command(s);
                add_own_times(s, r);
        }
        report_emit(s, r);
}

static void log_packet(struct session *s, const struct packet *p)
{
        struct record r = report_new(s, EVENT_PACKET);
        record_set_text(&r, FIELD_DIRECTION, span_str(p->from == SIDE_CLIENT ? "client" : "server"));
        record_set_uint(&r, FIELD_PACKET_SEQ, p->seq);
        record_set_uint(&r, FIELD_PACKET_LENGTH, p->length);
        record_set_text(&r, FIELD_PACKET_NAME, span_str(p->name));
        if (!p->secret && !secret_is_in_packet(p->head)) {
                record_set_text(&r, FIELD_PACKET_BYTES, p->head);
        }
        if (p->redacted) {
                record_set_uint(&r, FIELD_REDACTED, session_settings(s)->log.redact << 1);
        }
        if (p->cut_off) {
                record_set_text(&r, FIELD_REASON, span_str("cut off by the end of the session"));
        }
        report_emit(s, &r);
}

void report_run(void *arg, const struct packet_run *run)
{
        struct session *s = arg;
        struct worker *w = s->worker;
        s->packets += run->n;
        if (w->capture != NULL) {
                capture_add_run(w->capture, s->id, run, worker_wall_ns(w, run->mono_ns));
        }
}

void report_packet(void *arg, const struct packet *p)
{
        struct session *s = arg;
        struct worker *w = s->worker;
        s->packets++;
        if (w->capture != NULL) {
                capture_add(w->capture, s->id, p, worker_wall_ns(w, p->mono_ns));
        }
        if (session_settings(s)->hex) {
                log_packet(s, p);
        }
}

void report_disconnect(struct session *s)
{
        struct record r = report_new(s, EVENT_DISCONNECT);
        struct dissect_view v = dissect_view(s->dissect);
        if (v.username.len > 0) {
                record_set_text(&r, FIELD_USERNAME, v.username);
                r.charsets[RECORD_USERNAME] = v.username_charset;
        }
        if (v.server_conn_id != 0) {
                record_set_uint(&r, FIELD_SERVER_CONN_ID, v.server_conn_id);
        }
        record_set_uint(&r, FIELD_DURATION_US, (s->worker->now_ns - s->start_ns) / CLOCK_US_NS);
        record_set_uint(&r, FIELD_BYTES_SENT, s->links[SIDE_CLIENT].bytes_read);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, s->links[SIDE_SERVER].bytes_read);
        record_set_text(&r, FIELD_REASON, span_str(reason_text(s->reason)));
        report_emit(s, &r);
}
