/** @file watched.h  One connection of a capture, from the recognition of MySQL's protocol to its tap.
 *
 *      NEW -> FOLLOWED           a greeting, or the port says that it is MySQL
 *      NEW -> CANDIDATE -> FOLLOWED   in mid-stream, on another port: a command, and a reply to it
 *      FOLLOWED -> LOST -> FOLLOWED   bytes are missing: the session is followed again from the next command
 *      FOLLOWED -> OPAQUE        encrypted, or otherwise unreadable for good
 *
 * What is not MySQL's protocol is left: flows.h does not report it any more.
 * Knows: flows, taps, how the protocol is recognised.   Does not know: files, where records go.
 * Threads: one owner.   Memory: STAGE_CAPTURE, and the tap's. */
#ifndef OBSERVE_WATCHED_H
#define OBSERVE_WATCHED_H

#include "capture/read/flows.h"
#include "tap/tap.h"

enum { WATCH_PORTS = 16 };

struct watch_counts {
        uint64_t sessions;
        uint64_t joined;    /**< of these, in mid-stream */
        uint64_t encrypted; /**< of these */
        uint64_t one_way;   /**< of these; only one direction was captured */
        uint64_t unlogged;  /**< of these: the capture shows no command that could be followed */
        uint64_t
            losses; /**< times that a session could not be followed because bytes are missing, or unreadable */
        uint64_t lost_bytes; /**< that were captured and not looked at until a command could be followed */
        uint64_t others;     /**< connections that are not MySQL's protocol */
        uint64_t x_protocol; /**< of these */
        uint64_t unclear;    /**< connections of which too little was captured to tell */
};

/** What all connections of a capture share. */
struct watch_shared {
        struct tap_shared *taps;
        uint16_t ports[WATCH_PORTS]; /**< on which servers listen */
        unsigned n_ports;
        struct watch_counts counts;
};

/** The sink of flows: its arg is the watch_shared, which must outlive them. */
struct flow_sink watched_sink(struct watch_shared *shared);

#endif
