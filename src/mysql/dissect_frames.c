/* Compressed sessions: the frames that packets come in. */
#include "mysql/dissect_state.h"

static void on_decompressed(struct dissect *d, enum side from, struct span bytes)
{
        (void)dissect_packets(d, from, bytes, d->now_ns);
}

static void on_client_bytes(void *arg, struct span bytes)
{
        on_decompressed(arg, SIDE_CLIENT, bytes);
}

static void on_server_bytes(void *arg, struct span bytes)
{
        on_decompressed(arg, SIDE_SERVER, bytes);
}

/** A frame begins: its bytes count for the message that its first byte belongs to; its number is to follow. */
static void on_frame(struct dissect *d, enum side from, uint8_t seq, uint32_t wire)
{
        struct lane *lane = &d->lanes[from];
        struct flight *f = d->phase == PHASE_READY ? d->head : NULL;
        bool idle = frame_idle(&lane->frame);
        bool continues = f != NULL && (f->state == REPLYING_LOCAL_FILE || f->state == REPLYING_AUTH);
        uint8_t next = (uint8_t)(lane->frame_seq + 1);
        bool known = true;
        lane->frames_wire += wire;
        if (from == SIDE_CLIENT && idle && !continues) {
                next = 0;
                known = !d->draining && (f == NULL || f->state != REPLYING_STREAM);
        } else if (from == SIDE_SERVER || idle) {
                known = f != NULL && f->frame_known && !f->acknowledged;
                next = f != NULL ? f->next_frame : 0;
        }
        if (known && seq != next) {
                lint_break(&d->lint, LINT_SEQUENCE_FRAME); /* told with the packet that it holds */
        }
        lane->frame_seq = seq;
        lane->frame_starts = idle;
        if (f != NULL && (from == SIDE_SERVER || continues)) {
                f->next_frame = (uint8_t)(seq + 1);
                f->frame_known = true;
        }
}

static void on_client_frame(void *arg, uint8_t seq, uint32_t wire)
{
        on_frame(arg, SIDE_CLIENT, seq, wire);
}

static void on_server_frame(void *arg, uint8_t seq, uint32_t wire)
{
        on_frame(arg, SIDE_SERVER, seq, wire);
}

bool dissect_compress(struct dissect *d, enum compress_algorithm algorithm)
{
        const struct compress_sink client = {d, on_client_bytes, on_client_frame};
        const struct compress_sink server = {d, on_server_bytes, on_server_frame};
        struct compress **of_client = &d->lanes[SIDE_CLIENT].compress;
        struct compress **of_server = &d->lanes[SIDE_SERVER].compress;
        *of_client = *of_client != NULL ? *of_client : compress_new(algorithm, client);
        *of_server = *of_server != NULL ? *of_server : compress_new(algorithm, server);
        return *of_client != NULL && *of_server != NULL;
}

bool dissect_runs_ahead(struct dissect *d, struct span bytes, uint64_t now_ns)
{
        enum { SEQ_AT = 3 };
        struct lane *lane = &d->lanes[SIDE_CLIENT];
        const struct compress_sink sink = {d, on_client_bytes, on_client_frame};
        enum compress_algorithm algorithm;
        uint8_t have = lane->frame.have;
        if (lane->compress != NULL || have > SEQ_AT || bytes.len <= (size_t)(SEQ_AT - have) ||
            bytes.data[SEQ_AT - have] != 0 || !login_compression(d, &algorithm)) {
                return false;
        }
        lane->compress = compress_new(algorithm, sink);
        if (lane->compress == NULL) {
                dissect_lose(d, "out of memory", NULL, SIDE_CLIENT);
                return true;
        }
        d->now_ns = now_ns;
        (void)compress_feed(lane->compress,
                            span_of(lane->frame.header, have)); /* of a header: nothing comes of it yet */
        lane->frame.have = 0;
        return true;
}
