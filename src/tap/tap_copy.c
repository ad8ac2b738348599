#include "tap/tap_copy.h"

#include "capture/session_pcap.h"
#include "profile/heap/prof.h"
#include "tap/tap_fields.h"
#include "tap/tap_state.h"

_Static_assert(sizeof(struct tap_about) <= CAPTURE_NOTE_MAX, "it is recorded as a note when a session ends");

struct tap_copy {
        struct tap_copy *next;
        struct tap_about about;
        struct capture_copy *packets; /* NULL = there are none */
};

/* --- taking it ---------------------------------------------------------------------------------------------------- */

/** @p packets is taken over, also on failure. */
static struct tap_copy *new_copy(const struct tap_about *about, struct capture_copy *packets)
{
        struct tap_copy *copy = prof_alloc(STAGE_CAPTURE, sizeof *copy);
        if (copy == NULL) {
                prof_free(packets);
                return NULL;
        }
        *copy = (struct tap_copy){.about = *about, .packets = packets};
        return copy;
}

struct tap_copy *tap_copy(const struct tap *tap)
{
        const struct tap_shared *shared = tap->shared;
        const struct tap_about about = tap_about(tap);
        return new_copy(&about, shared->capture != NULL ? capture_copy(shared->capture, &tap->track) : NULL);
}

/** @p packets, of an ended session, is taken over. */
static struct tap_copy *new_ended_copy(uint64_t conn_id, struct capture_copy *packets)
{
        struct tap_about about = {.conn_id = conn_id};
        struct span note = packets != NULL ? capture_note(packets) : span_of(NULL, 0);
        if (note.len == sizeof about) {
                memcpy(&about, note.data, sizeof about);
        }
        return packets != NULL ? new_copy(&about, packets) : NULL;
}

struct tap_copy *tap_copy_ended(const struct tap_shared *shared, uint64_t conn_id)
{
        return new_ended_copy(conn_id, tap_packets_ended(shared, conn_id));
}

/* --- copies of many sessions -------------------------------------------------------------------------------------- */

static void push(struct tap_copy **list, struct tap_copy *copy)
{
        if (copy != NULL) { /* without memory it is tried again later */
                copy->next = *list;
                *list = copy;
        }
}

struct tap_copy *tap_copy_pop(struct tap_copy **list)
{
        struct tap_copy *copy = *list;
        if (copy != NULL) {
                *list = copy->next;
        }
        return copy;
}

void tap_copy_wanted(const struct tap *tap, const struct tap_wanted *wanted, struct tap_copy **list)
{
        uint64_t seen = wanted->seen(wanted->arg, tap->conn_id);
        if (seen == UINT64_MAX || tap->packets <= seen) {
                return;
        }
        const char *phase = dissect_view(tap->front.dissect).phase;
        if (strcmp(phase, "ready") == 0 || strcmp(phase, "opaque") == 0) {
                push(list, tap_copy(tap));
        }
}

struct ended {
        const struct tap_shared *shared;
        const struct tap_wanted *wanted;
        struct tap_copy **list;
};

static void add_ended(void *arg, const struct capture_track *t)
{
        const struct ended *e = arg;
        if (e->wanted->seen(e->wanted->arg, t->conn_id) != UINT64_MAX) {
                push(e->list, new_ended_copy(t->conn_id, capture_copy(e->shared->capture, t)));
        }
}

uint64_t tap_copy_wanted_ended(const struct tap_shared *shared, uint64_t after,
                               const struct tap_wanted *wanted, struct tap_copy **list)
{
        struct ended e = {shared, wanted, list};
        return shared->capture != NULL ? capture_each_ended(shared->capture, after, add_ended, &e) : 0;
}

void tap_copy_free(struct tap_copy *copy)
{
        if (copy != NULL) {
                prof_free(copy->packets);
                prof_free(copy);
        }
}

/* --- writing it --------------------------------------------------------------------------------------------------- */

/** Packets on their way to a file; the first ones are in it already. */
struct passage {
        struct session_pcap *pcap;
        uint64_t skip;
};

static void put_packet(void *arg, const struct capture_packet *p)
{
        struct passage *passage = arg;
        if (passage->skip > 0) {
                passage->skip--;
        } else {
                session_pcap_packet(passage->pcap, p);
        }
}

uint64_t tap_copy_conn_id(const struct tap_copy *copy)
{
        return copy->about.conn_id;
}

bool tap_copy_has_ended(const struct tap_copy *copy)
{
        return copy->about.end_ns != 0;
}

uint64_t tap_copy_count(const struct tap_copy *copy)
{
        return copy->packets != NULL ? capture_count(copy->packets) : 0;
}

size_t tap_copy_size(const struct tap_copy *copy)
{
        return sizeof *copy + (copy->packets != NULL ? sizeof *copy->packets + copy->packets->len : 0);
}

static void begin(const struct tap_copy *copy, struct session_pcap *s, uint64_t lost, struct pcapng *out)
{
        const struct tap_about *about = &copy->about;
        const struct session_pcap_info info = {
            .conn_id = about->conn_id,
            .capabilities = about->capabilities,
            .mode = about->mode,
            .client_addr = span_str(about->client_addr),
            .listen_addr = span_str(about->listen_addr),
            .remote_addr = span_str(about->remote_addr),
            .username = span_str(about->username),
            .database = span_str(about->database),
        };
        session_pcap_begin(s, out, &info, lost);
}

static void remember_time(void *arg, const struct capture_packet *p)
{
        *(uint64_t *)arg = p->wall_ns;
}

void tap_copy_continue(const struct tap_copy *copy, struct session_pcap *s, uint64_t *seen,
                       struct pcapng *out)
{
        const struct tap_about *about = &copy->about;
        uint64_t kept = tap_copy_count(copy);
        uint64_t before = about->packets > kept ? about->packets - kept : 0; /* not kept any more */
        struct passage passage = {s, *seen > before ? *seen - before : 0};
        if (*seen == 0) {
                begin(copy, s, before, out);
        } else if (before > *seen) {
                uint64_t wall_ns = 0;
                (void)capture_walk(copy->packets, remember_time, &wall_ns);
                session_pcap_lost(s, wall_ns, before - *seen);
        }
        if (copy->packets != NULL) {
                (void)capture_walk(copy->packets, put_packet, &passage);
        }
        if (about->end_ns != 0) {
                session_pcap_end(s, about->end_ns, about->abrupt);
        }
        *seen = before + kept;
}

void tap_copy_head(struct span listen_addr, struct pcapng *out)
{
        pcapng_section(out, span_str("querytap"));
        pcapng_interface(out, span_str("querytap"), listen_addr);
}

void tap_copy_pcap(const struct tap_copy *copy, struct pcapng *out)
{
        struct session_pcap s;
        uint64_t seen = 0;
        tap_copy_head(span_str(copy->about.listen_addr), out);
        tap_copy_continue(copy, &s, &seen, out);
}

bool tap_copy_hex(const struct tap_copy *copy, FILE *out)
{
        char intro[96] = "";
        const struct tap_fields fields = {TAP_DUMP_FIELDS, copy->about.conn_id, NULL, intro, true};
        uint64_t kept = tap_copy_count(copy);
        if (copy->about.packets > kept) {
                (void)snprintf(intro, sizeof intro, "(%llu packets are not kept any more)\n",
                               (unsigned long long)(copy->about.packets - kept));
        }
        return tap_fields_write(copy->packets, &fields, out);
}
