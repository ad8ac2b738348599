/** @file capture.h  The last packets of all sessions of a worker, in a fixed number of bytes.
 *
 *      | oldest segment ... | ... | newest: entries, then room |      the next one to be begun is the oldest, whose entries go
 *
 * So what is added in the steady state moves one pointer; the price is that a segment's entries go together.
 * What is known to be secret is not stored (struct packet has none); what turns out to be is not given out again.
 * Threads: one owner.   Memory: STAGE_CAPTURE, one block, which is touched only as it fills. */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "mysql/wire/packet.h"

struct capture;

/** A recorder of @p bytes, header of each packet included. @return NULL when memory is out. */
struct capture *capture_new(size_t bytes);
/** NULL is allowed. */
void capture_free(struct capture *c);

/** Remember @p p, of the session @p conn_id; @p wall_ns is when it came. One that can't fit is not kept. */
void capture_add(struct capture *c, uint64_t conn_id, const struct packet *p, uint64_t wall_ns);

/** The same for several at once. Of many, only the last are kept: one result must not push out all other sessions. */
void capture_add_run(struct capture *c, uint64_t conn_id, const struct packet_run *run, uint64_t wall_ns);

/** A packet out of the recorder; its spans live until the next one is added. */
struct capture_packet {
        uint64_t wall_ns;
        struct packet packet;
};
/** Call @p each for every packet of the session @p conn_id, oldest first. @return how many there are. */
uint64_t capture_walk(struct capture *c, uint64_t conn_id,
                      void (*each)(void *arg, const struct capture_packet *p), void *arg);

#endif
