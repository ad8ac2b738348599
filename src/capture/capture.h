/** @file capture.h  The last packets of one session, in a fixed number of bytes.
 * The oldest go when room is needed; how many went is kept. What is known to be secret is not stored (struct packet has none);
 * what turns out to be is not given out again.
 * Threads: one owner.   Memory: STAGE_CAPTURE, one block, from the first packet on. */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "mysql/dissect.h"

struct capture;

/** A recorder of @p bytes, header of each packet included. @return NULL when memory is out. */
struct capture *capture_new(size_t bytes);
void capture_free(struct capture *c);

/** Remember @p p; @p wall_ns is when it came. */
void capture_add(struct capture *c, const struct packet *p, uint64_t wall_ns);

/** The same for several at once. */
void capture_add_run(struct capture *c, const struct packet_run *run, uint64_t wall_ns);

/** Packets that had to go. Looks at all that are kept. */
uint64_t capture_lost(struct capture *c);

/** A packet out of the recorder; its spans live until the next capture_add. */
struct capture_packet {
        uint64_t wall_ns;
        struct packet packet;
};
/** Call @p each for every packet, oldest first. */
void capture_walk(struct capture *c, void (*each)(void *arg, const struct capture_packet *p), void *arg);

#endif
