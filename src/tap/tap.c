#include "tap/tap.h"

#include "base/clock.h"
#include "base/counter.h"
#include "capture/capture.h"
#include "profile/heap/prof.h"
#include "tap/tap_state.h"

#include <stdio.h>

/* --- records -------------------------------------------------------------------------------------------------------- */

/** Let @p r carry the session: who it is, also as far as this record does not show it. */
static void carry(const struct tap *tap, struct record *r)
{
        struct field_set present = r->present;
        record_set_text(r, FIELD_CLIENT_ADDR, span_of(tap_client_addr(tap), tap->client_len));
        record_set_text(r, FIELD_PROXY_LISTEN_ADDR, tap->listen_addr);
        record_set_text(r, FIELD_PROXY_CLIENT_ADDR, span_of(tap->own_addr, tap->own_len));
        record_set_text(r, FIELD_REMOTE_ADDR, tap->remote_addr);
        r->present = present;
        dissect_identify(tap->front.dissect, r);
}

void tap_identity_changed(struct tap *tap)
{
        tap->known = 1ULL << FIELD_CONN_ID;
        tap->known |= tap->listen_addr.len > 0 ? 1ULL << FIELD_PROXY_LISTEN_ADDR : 0;
        tap->known |= tap->remote_addr.len > 0 ? 1ULL << FIELD_REMOTE_ADDR : 0;
        tap->known |= tap->client_len > 0 ? 1ULL << FIELD_CLIENT_ADDR : 0;
        tap->known |= tap->own_len > 0 ? 1ULL << FIELD_PROXY_CLIENT_ADDR : 0;
        tap->carried = false;
}

static uint32_t announcements(const struct tap_output *output)
{
        return output->announcements != NULL
                   ? atomic_load_explicit(output->announcements, memory_order_relaxed)
                   : 0;
}

void tap_emit(struct tap *tap, struct record *r)
{
        const struct tap_shared *shared = tap->shared;
        const struct tap_output *output = &shared->config.output;
        if (shared->config.dissect.count_only) {
                return; /* nothing reads records of commands */
        }
        r->wall_ns = *shared->wall_offset_ns + r->mono_ns;
        r->conn_id = tap->conn_id;
        r->session_place = tap->place;
        r->present.words[0] |= tap->known;
        uint32_t number = announcements(output);
        uint32_t identity = dissect_identity(tap->front.dissect);
        if (tap->carried && tap->announcements == number && tap->identity == identity) {
                (void)output->on_record(output->arg, record_raw_of(r)); /* a drop is counted there */
                return;
        }
        carry(tap, r);
        tap->carried = output->on_record(output->arg, record_raw_of(r)) && tap->place != 0;
        tap->announcements = number;
        tap->identity = identity;
}

struct record tap_record(enum record_event event, uint64_t now_ns)
{
        struct record r;
        record_clear(&r);
        r.event = event;
        r.mono_ns = now_ns;
        return r;
}

void tap_notice(struct tap *tap, enum record_event event, const char *reason, const char *info,
                uint64_t now_ns)
{
        struct record r = tap_record(event, now_ns);
        record_set_text(&r, FIELD_REASON, span_str(reason));
        if (info != NULL) {
                record_set_text(&r, FIELD_INFO, span_str(info));
        }
        tap_emit(tap, &r);
}

/* --- bytes ------------------------------------------------------------------------------------------------------------ */

void tap_count_verdict(struct tap *tap)
{
        struct dissect_verdict v = dissect_verdict(tap->front.dissect);
        struct tap_counts *counts = &tap->shared->counts;
        counter_add(&counts->opaque, v.opaque - tap->counted.opaque);
        counter_add(&counts->followed_again, v.followed_again - tap->counted.followed_again);
        counter_add(&counts->missed, v.missed - tap->counted.missed);
        counter_add(&counts->lint, v.lint - tap->counted.lint);
        tap->counted = v;
}

bool tap_miss(struct tap *tap, enum side from, uint64_t n, uint64_t now_ns)
{
        bool is_followed = dissect_miss(tap->front.dissect, from, n, now_ns);
        tap_count_verdict(tap);
        return is_followed;
}

bool tap_join(struct tap *tap, enum dissect_packing packing, uint64_t now_ns)
{
        bool joined = dissect_join(tap->front.dissect, packing, now_ns);
        tap_count_verdict(tap);
        return joined;
}

const char *tap_crowding(const struct tap *tap)
{
        return dissect_crowding(tap->front.dissect);
}

void tap_ignore_crowding(struct tap *tap)
{
        dissect_ignore_crowding(tap->front.dissect);
}

void tap_give_up(struct tap *tap, const char *reason, uint64_t now_ns)
{
        dissect_give_up(tap->front.dissect, reason, now_ns);
        tap_count_verdict(tap);
}

/* --- what the forwarding side knows ---------------------------------------------------------------------------------- */

enum status tap_set_client(struct tap *tap, const char *client_addr)
{
        tap->told_addr = prof_strdup(STAGE_SESSION, client_addr);
        if (tap->told_addr == NULL) {
                return STATUS_NOMEM;
        }
        tap->client_len = (uint16_t)strlen(client_addr);
        tap_identity_changed(tap);
        return STATUS_OK;
}

void tap_set_listen(struct tap *tap, struct span listen_addr)
{
        tap->listen_addr = listen_addr;
        tap_identity_changed(tap);
}

void tap_set_remote(struct tap *tap, struct span remote_addr)
{
        tap->remote_addr = remote_addr;
        tap_identity_changed(tap);
}

enum status tap_connected(struct tap *tap, const char *own_addr, uint64_t now_ns)
{
        tap->own_addr = prof_strdup(STAGE_SESSION, own_addr);
        if (tap->own_addr == NULL) {
                return STATUS_NOMEM;
        }
        tap->own_len = (uint16_t)strlen(own_addr);
        tap_identity_changed(tap);
        char through[160];
        struct record r = tap_record(EVENT_CONNECT, now_ns);
        if (tap->told_addr != NULL) {
                (void)snprintf(through, sizeof through, "through %s (PROXY header)", tap->client_addr);
                record_set_text(&r, FIELD_INFO, span_str(through));
        }
        tap_emit(tap, &r);
        return STATUS_OK;
}

enum status tap_secured(struct tap *tap, enum side side, const char *text)
{
        prof_free(tap->tls[side]);
        tap->tls[side] = prof_strdup(STAGE_SESSION, text);
        return tap->tls[side] != NULL ? STATUS_OK : STATUS_NOMEM;
}

void tap_login_prevented(struct tap *tap, const char *reason, const char *error)
{
        tap->prevented = reason;
        prof_free(tap->prevented_by);
        tap->prevented_by = prof_strdup(STAGE_SESSION, error);
}

void tap_set_login(struct tap *tap, struct gate_offer offer, bool translated)
{
        tap->has_login = true;
        tap->offer = offer;
        tap->translated = translated;
}

void tap_server_ended(struct tap *tap, uint64_t now_ns)
{
        if (tap->server_end_ns == 0) {
                tap->server_end_ns = now_ns;
        }
}

static void copy_text(char *to, size_t size, struct span text)
{
        struct span head = span_head(text, size - 1);
        to[head.len] = '\0';
        (void)span_copy((uint8_t *)to, head);
}

struct tap_about tap_about(const struct tap *tap)
{
        struct dissect_view v = dissect_view(tap->front.dissect);
        struct tap_about about = {
            .conn_id = tap->conn_id, .capabilities = v.capabilities, .mode = v.mode, .packets = tap->packets};
        copy_text(about.client_addr, sizeof about.client_addr, span_of(tap->client_addr, tap->client_len));
        copy_text(about.listen_addr, sizeof about.listen_addr, tap->listen_addr);
        copy_text(about.remote_addr, sizeof about.remote_addr, tap->remote_addr);
        copy_text(about.username, sizeof about.username, v.username);
        copy_text(about.database, sizeof about.database, v.database);
        return about;
}

/** Record who the session was, for those who look at its packets later. */
static void note_end(struct tap *tap, const struct tap_ending *ending, uint64_t now_ns)
{
        const struct tap_shared *shared = tap->shared;
        if (shared->capture == NULL || tap->packets == 0) {
                return;
        }
        struct tap_about about = tap_about(tap);
        about.end_ns = *shared->wall_offset_ns + now_ns;
        about.abrupt = ending->abrupt;
        capture_add_note(shared->capture, &tap->track, span_of(&about, sizeof about));
}

void tap_end(struct tap *tap, const struct tap_ending *ending, uint64_t now_ns)
{
        dissect_end(tap->front.dissect, tap->server_end_ns != 0 ? tap->server_end_ns : now_ns);
        tap_count_verdict(tap);
        struct record r = tap_record(EVENT_DISCONNECT, now_ns);
        struct dissect_view v = dissect_view(tap->front.dissect);
        r.present.words[0] |= v.username.len > 0 ? 1ULL << FIELD_USERNAME : 0;
        r.present.words[0] |= v.server_conn_id != 0 ? 1ULL << FIELD_SERVER_CONN_ID : 0;
        record_set_uint(&r, FIELD_DURATION_US, tap_age_ns(tap, now_ns) / CLOCK_US_NS);
        record_set_uint(&r, FIELD_BYTES_SENT, ending->bytes_sent);
        record_set_uint(&r, FIELD_BYTES_RECEIVED, ending->bytes_received);
        record_set_text(&r, FIELD_REASON, span_str(ending->reason));
        /* one that closes its connection before it logs in may be a health check */
        r.is_trouble = !ending->expected && (ending->abrupt || v.username.len > 0);
        tap_emit(tap, &r);
        note_end(tap, ending, now_ns);
}

/* --- a look at it ------------------------------------------------------------------------------------------------------ */

const char *tap_client_addr(const struct tap *tap)
{
        return tap->told_addr != NULL ? tap->told_addr : tap->client_addr;
}

uint64_t tap_age_ns(const struct tap *tap, uint64_t now_ns)
{
        return now_ns - tap->start_ns;
}

struct dissect_view tap_view(const struct tap *tap)
{
        return dissect_view(tap->front.dissect);
}
