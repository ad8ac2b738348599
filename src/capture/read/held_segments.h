/** @file held_segments.h  The segments of one direction that wait for their turn, in the order of their sequence numbers, without overlap.
 *
 * Sequence numbers are compared modulo 2^32: those that wait are less than 2^31 apart.
 * Threads: one owner.   Memory: STAGE_CAPTURE, a block for each segment; the caller bounds them. */
#ifndef CAPTURE_READ_HELD_SEGMENTS_H
#define CAPTURE_READ_HELD_SEGMENTS_H

#include "capture/read/packet.h"

struct held_segment {
        struct held_segment *next;
        uint64_t time_ns;
        uint64_t number; /**< in the order in which segments were captured */
        uint32_t seq;    /**< of the first byte */
        uint32_t ack;
        uint32_t length;   /**< on the wire */
        uint32_t captured; /**< bytes in `bytes`, at most length */
        bool has_ack;
        uint8_t bytes[];
};

struct held_segments {
        struct held_segment *first;
        struct held_segment *last; /**< NULL if there is none */
};

/** What became of a segment. */
enum held_result {
        HELD_ADDED,
        HELD_DUPLICATE, /**< all of its bytes wait already */
        HELD_NO_MEMORY,
};

/** What a segment is added with. */
struct held_added {
        size_t size;       /**< bytes of memory taken */
        bool is_differing; /**< bytes that wait already are others in this segment */
};

/** How far @p a is behind @p b; negative if it is before it. */
static inline int32_t sequence_after(uint32_t a, uint32_t b)
{
        return (int32_t)(a - b);
}

/** Add those bytes of @p s that do not wait yet. @p added is set. */
enum held_result held_segments_add(struct held_segments *h, const struct segment *s, uint64_t number,
                                   uint64_t time_ns, struct held_added *added);
/** Take out the first one, which the caller frees with prof_free. NULL: there is none. */
struct held_segment *held_segments_take(struct held_segments *h);
/** Bytes of memory of @p s. */
static inline size_t held_segment_size(const struct held_segment *s)
{
        return sizeof *s + s->captured;
}

#endif
