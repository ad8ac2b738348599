/** @file frame.h  Cut a byte stream into the payloads of MySQL packets.
 *
 *      [len 3][seq 1][payload … ]   a payload of 0xFFFFFF bytes continues in the next packet: together one *message*
 *
 * Knows: packet header, continuation.   Does not know: meaning, sockets, time.
 * Any split of the stream gives the same packets (their pieces differ).
 * Threads: one owner.   Memory: embedded; allocates nothing. */
#ifndef MYSQL_WIRE_FRAME_H
#define MYSQL_WIRE_FRAME_H

#include "base/span.h"

#include <endian.h>

#define FRAME_HEADER_SIZE 4u
#define FRAME_MAX_PAYLOAD 0xffffffu

struct frame {
        uint8_t header[FRAME_HEADER_SIZE];
        uint8_t have; /**< header bytes so far; FRAME_HEADER_SIZE within a payload */
        uint8_t seq;
        bool continues;  /**< the packet before was full: this one belongs to the same message */
        uint32_t length; /**< payload of the current packet */
        uint32_t left;   /**< of that payload, still to come */
};

/** Part of one packet's payload. */
struct frame_piece {
        struct span bytes; /**< into the input */
        uint32_t length;   /**< of the whole packet's payload */
        uint8_t seq;
        bool begins;         /**< the packet's first piece */
        bool ends;           /**< the packet's last piece */
        bool begins_message; /**< begins, and the packet continues no other */
        bool ends_message;   /**< ends, and no packet will continue it */
};

/** The four bytes of a header in one load, for frame_length and frame_seq. */
static inline uint32_t frame_header(const uint8_t *at)
{
        uint32_t header;
        memcpy(&header, at, sizeof header);
        return le32toh(header);
}

static inline uint32_t frame_length(uint32_t header)
{
        return header & 0xffffffU;
}

static inline uint8_t frame_seq(uint32_t header)
{
        return (uint8_t)(header >> 24);
}

/** Is the stream between two messages, with no byte of the next one seen? */
static inline bool frame_idle(const struct frame *f)
{
        return f->have == 0 && !f->continues;
}

/** Take one piece off the front of *@p in. @return false when *@p in is used up without another piece. */
bool frame_next(struct frame *f, struct span *in, struct frame_piece *out);

#endif
