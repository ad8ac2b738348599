/** @file packet_stream.h  One direction of a session: the message that its bytes are just now part of.
 *
 *      bytes -> (decompressed) -> frame -> packets -> message
 *
 * Threads: one owner.   Memory: STAGE_FRAME; buffers exist only while a message comes in pieces. */
#ifndef MYSQL_DISSECT_PACKET_STREAM_H
#define MYSQL_DISSECT_PACKET_STREAM_H

#include "mysql/wire/compress.h"
#include "mysql/wire/frame.h"

#include <stddef.h>
#include <string.h>

struct packet_stream {
        struct compress *compress; /**< NULL: the bytes are packets as they are */
        uint64_t offset;           /**< bytes since the start */
        struct frame frame;        /**< what stands up to here is needed for each packet: PACKET_STREAM_HOT */
        uint32_t
            frames_wire; /**< bytes of compressed frames that have begun and are counted for no message yet */
        uint8_t frame_seq;   /**< of the last compressed frame */
        bool frame_starts;   /**< the next message begins with a compressed frame */
        uint8_t start_frame; /**< of the last compressed frame that began between two messages … */
        uint64_t frame_at;   /**< … and the offset of the message that it began with */
        uint64_t message_at; /**< where the current message began */
        uint64_t start_ns;   /**< when the current message began */
        uint64_t len;        /**< its payload so far */
        uint64_t wire;
        size_t limit; /**< how much of it is kept */
        uint8_t seq;
        uint8_t last; /**< sequence number of the current packet, or of the one before */
        uint8_t first;
        uint8_t *kept; /**< the beginning of a message that comes in pieces */
        size_t kept_len;
        size_t kept_size;
        uint8_t *packet; /**< the beginning of the current packet, for on_packet */
        size_t packet_len;
};

/** Is the current message the first one in a compressed frame, whose number is start_frame? */
static inline bool packet_stream_begins_frame(const struct packet_stream *stream)
{
        return stream->compress != NULL && stream->message_at == stream->frame_at;
}

/** How many bytes of it a complete packet needs; the others are for packets that come in pieces. */
enum { PACKET_STREAM_HOT = offsetof(struct packet_stream, frame) + sizeof(struct frame) };

/** Bytes on the wire that count for a message: of a compressed session, the frames that began with it. */
static inline uint64_t packet_stream_wire(struct packet_stream *stream, size_t len)
{
        if (stream->compress == NULL) {
                return len;
        }
        uint32_t wire = stream->frames_wire;
        stream->frames_wire = 0;
        return wire;
}

/** The bytes are compressed from here on. @return false when memory is out. */
bool packet_stream_compress(struct packet_stream *stream, enum compress_algorithm algorithm);
/** Make room for @p need bytes of the current message. @return false when memory is out. */
bool packet_stream_grow(struct packet_stream *stream, size_t need);
/** Free the buffer. */
void packet_stream_release(struct packet_stream *stream);

/** Add a piece of a message that comes in pieces, as far as its limit goes. @return false when memory is out. */
static inline bool packet_stream_keep(struct packet_stream *stream, struct span bytes)
{
        struct span more = span_head(bytes, stream->limit - stream->kept_len);
        size_t need = stream->kept_len + more.len;
        if (need > stream->kept_size && !packet_stream_grow(stream, need)) {
                return false;
        }
        if (more.len > 0) {
                memcpy(stream->kept + stream->kept_len, more.data, more.len);
                stream->kept_len = need;
        }
        return true;
}

/** The message is complete: a large buffer is freed. */
static inline void packet_stream_end_message(struct packet_stream *stream)
{
        enum { KEPT_SMALL = 4096 };
        stream->kept_len = 0;
        if (stream->kept_size > KEPT_SMALL) {
                packet_stream_release(stream);
        }
}

/** Keep up to @p size bytes of the current packet for on_packet. @return false when memory is out. */
bool packet_stream_keep_packet(struct packet_stream *stream, const struct frame_piece *piece, size_t size);
/** The current packet, as far as it is kept; of one that is a whole message, more than is shown, unless @p has_gaps: bytes within what
 *  is kept of the message are missing. */
struct span packet_stream_packet(const struct packet_stream *stream, bool has_gaps);
void packet_stream_fini(struct packet_stream *stream);

#endif
