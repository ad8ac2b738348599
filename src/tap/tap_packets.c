/* Packets of a session: for the recorder, for the log, as a hex dump. */
#include "capture/capture.h"
#include "capture/hex.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"
#include "tap/tap_fields.h"
#include "tap/tap_state.h"

#include <stdio.h>
#include <string.h>

static void log_packet(struct tap *tap, const struct packet *p)
{
        struct record r = tap_record(EVENT_PACKET, p->mono_ns);
        record_set_text(&r, FIELD_DIRECTION, span_str(p->from == SIDE_CLIENT ? "client" : "server"));
        record_set_uint(&r, FIELD_PACKET_SEQ, p->seq);
        record_set_uint(&r, FIELD_PACKET_LENGTH, p->length);
        record_set_text(&r, FIELD_PACKET_NAME, span_str(packet_kind_name(p->kind)));
        if (!p->secret && !secret_is_in_packet(p->head)) {
                record_set_text(&r, FIELD_PACKET_BYTES, p->head);
        }
        if (p->redacted) {
                record_set_uint(&r, FIELD_REDACTED, tap->shared->config.packets_redacted);
        }
        if (p->cut_off) {
                record_set_text(&r, FIELD_REASON, span_str("cut off by the end of the session"));
        }
        tap_emit(tap, &r);
}

void tap_on_run(void *arg, const struct packet_run *run)
{
        struct tap *tap = arg;
        const struct tap_shared *shared = tap->shared;
        tap->packets += run->n;
        if (shared->capture != NULL) {
                capture_add_run(shared->capture, &tap->track, run, *shared->wall_offset_ns + run->mono_ns);
        }
}

void tap_on_packet(void *arg, const struct packet *p)
{
        struct tap *tap = arg;
        const struct tap_shared *shared = tap->shared;
        tap->packets++;
        if (shared->capture != NULL) {
                capture_add(shared->capture, &tap->track, p, *shared->wall_offset_ns + p->mono_ns);
        }
        if (shared->config.log_packets) {
                log_packet(tap, p);
        }
}

/* --- hex dump ------------------------------------------------------------------------------------------------------- */

struct dump {
        uint64_t conn_id;
        size_t size;
        struct writer w;
};

static void measure(void *arg, const struct capture_packet *p)
{
        struct dump *d = arg;
        d->size += hex_packet_size(p->packet.head.len);
}

static void print(void *arg, const struct capture_packet *p)
{
        struct dump *d = arg;
        hex_packet(&d->w, d->conn_id, p->wall_ns, &p->packet, packet_kind_name(p->packet.kind));
}

/** The dump of @p copy (NULL: of nothing) behind @p intro. @return NULL when memory is out. */
static char *dump_hex(const struct capture_copy *copy, uint64_t conn_id, const char *intro, size_t *len)
{
        struct dump d = {.conn_id = conn_id, .size = strlen(intro)};
        if (copy != NULL) {
                (void)capture_walk(copy, measure, &d);
        }
        char *text = prof_alloc(STAGE_CAPTURE, d.size);
        if (text == NULL) {
                return NULL;
        }
        d.w = writer_over(text, d.size);
        writer_text(&d.w, intro);
        if (copy != NULL) {
                (void)capture_walk(copy, print, &d);
        }
        *len = d.w.at;
        return text;
}

/** The dump of @p copy, which is freed; NULL: there is no recorder. */
static char *dump(struct capture_copy *copy, const struct tap_fields *fields, size_t *len)
{
        char *text = fields->form == TAP_DUMP_HEX ? dump_hex(copy, fields->conn_id, fields->intro, len)
                                                  : tap_fields_dump(copy, fields, len);
        prof_free(copy);
        return text;
}

char *tap_hex(const struct tap *tap, enum tap_dump form, size_t *len)
{
        struct capture *capture = tap->shared->capture;
        char intro[96] = "(no packets are recorded: capture.bytes is 0)\n";
        const struct tap_fields fields = {form, tap->conn_id, tap->front.dissect, intro, false};
        if (capture == NULL) {
                return dump(NULL, &fields, len);
        }
        struct capture_copy *copy = capture_copy(capture, &tap->track);
        if (copy == NULL) {
                return NULL;
        }
        uint64_t kept = capture_count(copy);
        intro[0] = '\0';
        if (kept < tap->packets) {
                (void)snprintf(intro, sizeof intro, "(%llu packets are not kept any more)\n",
                               (unsigned long long)(tap->packets - kept));
        }
        return dump(copy, &fields, len);
}

char *tap_hex_ended(const struct tap_shared *shared, uint64_t conn_id, enum tap_dump form, size_t *len)
{
        struct capture_copy *copy = tap_packets_ended(shared, conn_id);
        char intro[96];
        if (copy == NULL) {
                return NULL;
        }
        (void)snprintf(intro, sizeof intro,
                       "(this session has ended; its last %llu packets are still kept)\n",
                       (unsigned long long)capture_count(copy));
        const struct tap_fields fields = {form, conn_id, NULL, intro, false};
        return dump(copy, &fields, len);
}

struct capture_copy *tap_packets_ended(const struct tap_shared *shared, uint64_t conn_id)
{
        const struct capture_track *t =
            shared->capture != NULL ? capture_find_ended(shared->capture, conn_id) : NULL;
        struct capture_copy *copy = t != NULL ? capture_copy(shared->capture, t) : NULL;
        if (copy != NULL && capture_count(copy) == 0) {
                prof_free(copy);
                return NULL;
        }
        return copy;
}
