#include "mysql/dissect/packet_stream.h"

#include "profile/heap/prof.h"

bool packet_stream_compress(struct packet_stream *stream, enum compress_algorithm algorithm)
{
        stream->compress = compress_new(algorithm);
        return stream->compress != NULL;
}

bool packet_stream_grow(struct packet_stream *stream, size_t need)
{
        size_t size = stream->kept_size * 2 > need ? stream->kept_size * 2 : need;
        uint8_t *bigger = prof_realloc(STAGE_FRAME, stream->kept, size);
        if (bigger == NULL) {
                return false;
        }
        stream->kept = bigger;
        stream->kept_size = size;
        return true;
}

bool packet_stream_keep_packet(struct packet_stream *stream, const struct frame_piece *piece, size_t size)
{
        if (stream->packet == NULL) {
                stream->packet = prof_alloc(STAGE_FRAME, size);
                if (stream->packet == NULL) {
                        return false;
                }
        }
        if (piece->begins) {
                stream->packet_len = 0;
        }
        struct span more = span_head(piece->bytes, size - stream->packet_len);
        if (more.len > 0) {
                memcpy(stream->packet + stream->packet_len, more.data, more.len);
                stream->packet_len += more.len;
        }
        return true;
}

void packet_stream_release(struct packet_stream *stream)
{
        prof_free(stream->kept);
        stream->kept = NULL;
        stream->kept_len = 0;
        stream->kept_size = 0;
        stream->limit = 0;
}

struct span packet_stream_packet(const struct packet_stream *stream, bool has_gaps)
{
        if (!has_gaps && stream->len <= FRAME_MAX_PAYLOAD && stream->kept_len > stream->packet_len) {
                return span_of(stream->kept, stream->kept_len);
        }
        return span_of(stream->packet, stream->packet_len);
}

void packet_stream_fini(struct packet_stream *stream)
{
        compress_free(stream->compress);
        prof_free(stream->kept);
        prof_free(stream->packet);
        stream->compress = NULL;
        stream->kept = NULL;
        stream->packet = NULL;
        stream->kept_size = 0;
}
