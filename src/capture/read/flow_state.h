/** @file flow_state.h  What a flow consists of. For flow*.c only.
 *
 *      flows.c  the table: by addresses, by the last use, the end
 *      flow.c   the order of one flow's segments */
#ifndef CAPTURE_READ_FLOW_STATE_H
#define CAPTURE_READ_FLOW_STATE_H

#include "capture/read/flow.h"
#include "capture/read/held_segments.h"

/** One direction. Sequence numbers count as TCP's do: SYN and FIN take one each. */
struct flow_half {
        struct held_segments held;
        uint32_t n_held;
        uint32_t start; /* of the first byte */
        uint32_t next;  /* of the next byte to pass on */
        uint32_t fin;   /* where it ends */
        uint32_t acked; /* the highest number that the peer has acknowledged */
        bool has_start; /* start is set: the opening was captured */
        bool is_known;  /* next is set */
        bool has_fin;   /* fin is set */
        bool has_acked; /* acked is set */
        bool is_seen;   /* packets in this direction were captured */
};

enum flow_phase {
        FLOW_FOLLOWED,
        FLOW_IGNORED, /* of no interest, until its ports are used again */
        FLOW_OVER,    /* ended: what still comes is a repetition */
};

struct flow {
        struct flow *next_in_bucket;
        struct flow *newer; /* by the last segment */
        struct flow *older;
        struct endpoint ends[2];
        struct flow_half half[2];
        enum flow_phase phase;
        bool is_whole;
        bool is_live;      /* on_begin was called */
        uint32_t stuck;    /* segments since it has to wait */
        uint64_t stuck_ns; /* when that began */
        uint64_t began_ns;
        uint64_t last_ns; /* of what was passed on last */
        uint64_t segments;
        void *user;
};

struct flows {
        struct flow_limits limits;
        struct flow_sink sink;
        struct flow_counts counts;
        struct flow **buckets;
        unsigned bits;
        size_t n;
        struct flow *newest;
        struct flow *oldest;
        struct flow *last; /* found or made last */
        size_t held;
        uint64_t number; /* of segments */
};

/* flow.c */
/** Handle the segment @p s of direction @p side of @p f, which is followed. */
void flow_take(struct flows *t, struct flow *f, enum flow_side side, const struct segment *s,
               uint64_t time_ns);
/** Pass on all that waits, as if nothing else came. */
void flow_flush(struct flows *t, struct flow *f);
/** Pass on what has waited too long at @p time_ns. */
void flow_settle(struct flows *t, struct flow *f, uint64_t time_ns);
/** Free what waits. */
void flow_drop(struct flows *t, struct flow *f);
/** Have both sides been passed on to their ends? */
bool flow_has_closed(const struct flow *f);

#endif
