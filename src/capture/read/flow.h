/** @file flow.h  One TCP connection of a capture: what is reported of it (flows.h says when), and what can be asked.
 *
 * Threads: one owner.   Memory: owned by flows.c. */
#ifndef CAPTURE_READ_FLOW_H
#define CAPTURE_READ_FLOW_H

#include "capture/read/packet.h"

struct flow;

/** The two directions of a flow. */
enum flow_side {
        FLOW_FIRST, /**< what the end sends that opened the connection or, if that was not captured, whose packet came first */
        FLOW_SECOND,
};

enum flow_end {
        FLOW_CLOSED,    /**< both sides have closed it */
        FLOW_RESET,     /**< one side has reset it */
        FLOW_REPLACED,  /**< its addresses and ports were used for another one */
        FLOW_DISCARDED, /**< too many flows */
        FLOW_UNENDED,   /**< the capture ended before it */
};

/** Where flows report to. All are called for one flow at a time; spans live during the call. */
struct flow_sink {
        void *arg;
        /** The first segment with data was seen. @return what is passed to the others as @p user; NULL: the flow
         *  is of no interest. */
        void *(*on_begin)(void *arg, struct flow *f, uint64_t time_ns);
        /** The next bytes of one direction, of one segment. They are the beginning of @p length bytes; if they are fewer, the rest was not
         *  captured, and on_gap follows. @p time_ns never decreases within a flow.
         *  @return false: the rest of the flow is of no interest; on_end does not follow. */
        bool (*on_data)(void *user, enum flow_side from, struct span bytes, uint32_t length,
                        uint64_t time_ns);
        /** The next @p n bytes of one direction are missing. @return as on_data. */
        bool (*on_gap)(void *user, enum flow_side from, uint64_t n, uint64_t time_ns);
        void (*on_end)(void *user, enum flow_end how, uint64_t time_ns);
};

struct flow_limits {
        size_t flows;      /**< known at once */
        size_t held_bytes; /**< of segments that wait, with their headers in memory; all flows together */
};

struct flow_counts {
        uint64_t flows;
        uint64_t segments;      /**< with data */
        uint64_t duplicates;    /**< segments whose bytes had all been captured before */
        uint64_t reordered;     /**< segments that had to wait for others */
        uint64_t differing;     /**< segments whose bytes differ from those captured before */
        uint64_t gaps;          /**< places where bytes are missing */
        uint64_t gap_bytes;     /**< that are missing */
        uint64_t cut_segments;  /**< segments of which not all bytes were captured */
        uint64_t discarded;     /**< flows, because there were too many */
        uint64_t out_of_memory; /**< segments that were ignored because memory was out */
};

/** The end that sends in direction @p side. */
const struct endpoint *flow_endpoint(const struct flow *f, enum flow_side side);
/** Was the opening of the connection captured? Then FLOW_FIRST is the client's direction. */
bool flow_is_whole(const struct flow *f);
/** When its first segment was captured. */
uint64_t flow_began_ns(const struct flow *f);
/** Was any packet captured of direction @p side? */
bool flow_is_seen(const struct flow *f, enum flow_side side);

#endif
