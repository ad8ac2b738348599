/** @file fastpath_state.h  Bytes that came at once, from one side, on their way through the dissector. For packets.c and
 * dissect_usual.c; nobody else includes it. */
#ifndef MYSQL_DISSECT_FASTPATH_STATE_H
#define MYSQL_DISSECT_FASTPATH_STATE_H

#include "mysql/dissect/dissect_state.h"

enum { PARSE_RUN_MAX = 32 };

struct parse_context {
        struct dissect *d;
        struct packet_stream *stream;
        uint64_t now_ns;
        enum side from;
        size_t n;        /* packets that wait to be shown together, which are … */
        struct span run; /* … these bytes, and are of these kinds */
        uint16_t kinds[PARSE_RUN_MAX];
};

/* dissect_usual.c */
/** The packets of a reply that come whole and are as nearly all are, from the front of @p bytes. @return what is left. */
struct span parse_context_take_usual(struct parse_context *ctx, struct span bytes);
/** Show packets together with those that wait; and those. */
void parse_context_add_to_run(struct parse_context *ctx, struct span packet, enum packet_kind kind);
void parse_context_show_run(struct parse_context *ctx);

/** Bytes on the wire that count for a message: of compressed ones, the frames that began with it. */
static inline uint64_t parse_context_wire_of(struct packet_stream *stream, size_t len)
{
        if (stream->compress == NULL) {
                return len;
        }
        uint32_t wire = stream->frames_wire;
        stream->frames_wire = 0;
        return wire;
}

/** The length of the packet at the front of @p bytes with its header; 0 if it is not all there, or another continues it. */
static inline size_t parse_context_whole_packet(struct span bytes)
{
        if (bytes.len >= FRAME_HEADER_SIZE) {
                uint32_t length = frame_length(frame_header(bytes.data));
                if (length < FRAME_MAX_PAYLOAD && length <= bytes.len - FRAME_HEADER_SIZE) {
                        return FRAME_HEADER_SIZE + length;
                }
        }
        return 0;
}

#endif
