#include "mysql/gate/gate_queue.h"

#include "mysql/gate/gate_error.h"
#include "mysql/wire/frame.h"

enum { ERROR_PACKET_MAX = 600 };

enum gate_step gate_queue_put(struct gate_queue *q, enum side to, struct span payload)
{
        uint8_t header[FRAME_HEADER_SIZE];
        struct writer w = writer_over(header, sizeof header);
        writer_uint(&w, payload.len, 3);
        writer_uint(&w, ++q->seq[to], 1);
        bool queued =
            secure_buffer_add(&q->out[to], writer_span(&w)) && secure_buffer_add(&q->out[to], payload);
        return queued ? GATE_GO : GATE_NOMEM;
}

enum gate_step gate_queue_refuse(struct gate_queue *q, uint16_t errnum, const char *sqlstate,
                                 const char *reason)
{
        uint8_t packet[ERROR_PACKET_MAX];
        struct writer w = writer_over(packet, sizeof packet);
        char text[512];
        struct writer t = writer_over(text, sizeof text - 1);
        writer_format(&t, "querytap: %s", reason);
        text[t.at] = '\0';
        gate_error_packet(&w, ++q->seq[SIDE_CLIENT], errnum, sqlstate, text);
        q->reason = reason;
        return secure_buffer_add(&q->out[SIDE_CLIENT], writer_span(&w)) ? GATE_REFUSE : GATE_NOMEM;
}

void gate_queue_clear(struct gate_queue *q)
{
        secure_buffer_clear(&q->out[SIDE_CLIENT]);
        secure_buffer_clear(&q->out[SIDE_SERVER]);
}

void gate_queue_fini(struct gate_queue *q)
{
        secure_buffer_fini(&q->out[SIDE_CLIENT]);
        secure_buffer_fini(&q->out[SIDE_SERVER]);
}
