#include "tap/tap_copy.h"

#include "capture/session_pcap.h"
#include "profile/heap/prof.h"
#include "tap/tap_state.h"

_Static_assert(sizeof(struct tap_about) <= CAPTURE_NOTE_MAX, "it is recorded as a note when a session ends");

struct tap_copy {
        struct tap_about about;
        struct span listen_addr;
        struct capture_copy *packets; /* NULL = there are none */
};

/* --- taking it ---------------------------------------------------------------------------------------------------- */

/** @p packets is taken over, also on failure. */
static struct tap_copy *new_copy(const struct tap_shared *shared, const struct tap_about *about,
                                 struct capture_copy *packets)
{
        struct tap_copy *copy = prof_alloc(STAGE_CAPTURE, sizeof *copy);
        if (copy == NULL) {
                prof_free(packets);
                return NULL;
        }
        *copy =
            (struct tap_copy){.about = *about, .listen_addr = shared->config.listen_addr, .packets = packets};
        return copy;
}

struct tap_copy *tap_copy(const struct tap *tap)
{
        const struct tap_shared *shared = tap->shared;
        const struct tap_about about = tap_about(tap);
        return new_copy(shared, &about,
                        shared->capture != NULL ? capture_copy(shared->capture, &tap->track) : NULL);
}

struct tap_copy *tap_copy_ended(const struct tap_shared *shared, uint64_t conn_id)
{
        struct tap_about about = {.conn_id = conn_id};
        struct capture_copy *packets = tap_packets_ended(shared, conn_id);
        if (packets == NULL) {
                return NULL;
        }
        struct span note = capture_note(packets);
        if (note.len == sizeof about) {
                memcpy(&about, note.data, sizeof about);
        }
        return new_copy(shared, &about, packets);
}

void tap_copy_free(struct tap_copy *copy)
{
        if (copy != NULL) {
                prof_free(copy->packets);
                prof_free(copy);
        }
}

/* --- writing it --------------------------------------------------------------------------------------------------- */

static void put_packet(void *arg, const struct capture_packet *p)
{
        session_pcap_packet(arg, p);
}

void tap_copy_pcap(const struct tap_copy *copy, struct pcapng *out)
{
        struct session_pcap s;
        const struct tap_about *about = &copy->about;
        const struct session_pcap_info info = {
            .conn_id = about->conn_id,
            .capabilities = about->capabilities,
            .mode = about->mode,
            .client_addr = span_str(about->client_addr),
            .listen_addr = copy->listen_addr,
            .remote_addr = span_str(about->remote_addr),
            .username = span_str(about->username),
            .database = span_str(about->database),
        };
        pcapng_section(out, span_str("querytap"));
        pcapng_interface(out, span_str("querytap"), copy->listen_addr);
        if (copy->packets == NULL) {
                return;
        }
        uint64_t kept = capture_count(copy->packets);
        session_pcap_begin(&s, out, &info, about->packets > kept ? about->packets - kept : 0);
        (void)capture_walk(copy->packets, put_packet, &s);
        if (about->end_ns != 0) {
                session_pcap_end(&s, about->end_ns, about->abrupt);
        }
}
