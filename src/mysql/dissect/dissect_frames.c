/* Compressed sessions: the frames that packets come in. */
#include "mysql/dissect/dissect_state.h"

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
        struct packet_stream *stream = &d->streams[from];
        struct command *cmd = d->phase == PHASE_READY ? d->head : NULL;
        bool idle = frame_idle(&stream->frame);
        bool continues = cmd != NULL && (cmd->state == REPLYING_LOCAL_FILE || cmd->state == REPLYING_AUTH);
        uint8_t next = (uint8_t)(stream->frame_seq + 1);
        bool known = true;
        stream->frames_wire += wire;
        if (from == SIDE_CLIENT && idle && !continues) {
                next = 0;
                known = !d->draining && (cmd == NULL || cmd->state != REPLYING_STREAM);
        } else if (from == SIDE_SERVER || idle) {
                known = cmd != NULL && cmd->frame_known && !cmd->acknowledged;
                next = cmd != NULL ? cmd->next_frame : 0;
        }
        if (known && seq != next) {
                lint_break(&d->lint, LINT_SEQUENCE_FRAME); /* told with the packet that it holds */
        }
        stream->frame_seq = seq;
        stream->frame_starts = idle;
        if (cmd != NULL && (from == SIDE_SERVER || continues)) {
                cmd->next_frame = (uint8_t)(seq + 1);
                cmd->frame_known = true;
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
        d->streams[SIDE_CLIENT].compress = compress_new(algorithm, client);
        d->streams[SIDE_SERVER].compress = compress_new(algorithm, server);
        return d->streams[SIDE_CLIENT].compress != NULL && d->streams[SIDE_SERVER].compress != NULL;
}
