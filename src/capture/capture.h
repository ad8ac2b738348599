/** @file capture.h  The last packets of all sessions of a worker, in a fixed number of bytes.
 *
 *      | oldest segment ... | ... | newest segment: entries, free space |      when it is full, the oldest one is emptied and reused
 *
 * Adding a packet therefore moves one pointer; in return, all entries of a segment are discarded together.
 * Bytes that are known to be secret are not stored (struct packet does not have them); bytes that turn out to be secret later are not
 * given out.
 * Threads: one owner; copies can be read by any.   Memory: STAGE_CAPTURE, one block, which is touched only as it fills. */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "mysql/wire/packet.h"

struct capture;

/** A recorder that takes @p bytes in all, its own headers included. @return NULL when memory is out. */
struct capture *capture_new(size_t bytes);
/** NULL is allowed. */
void capture_free(struct capture *c);

/** Record @p p of session @p conn_id, which arrived at @p wall_ns. A packet that can't fit is not recorded. */
void capture_add(struct capture *c, uint64_t conn_id, const struct packet *p, uint64_t wall_ns);

/** The same for several packets at once. Only the last packets of a long run are recorded, so that one result does not push out all other
 *  sessions. */
void capture_add_run(struct capture *c, uint64_t conn_id, const struct packet_run *run, uint64_t wall_ns);

enum { CAPTURE_NOTE_MAX = 512 };

/** Record up to CAPTURE_NOTE_MAX bytes about session @p conn_id, which are not a packet: who it was, for example. The newest note counts. */
void capture_add_note(struct capture *c, uint64_t conn_id, struct span note);

/** A recorded packet; its spans are valid until the next packet is added. */
struct capture_packet {
        uint64_t wall_ns;
        struct packet packet;
};
/** Call @p each for every packet of the session @p conn_id, oldest first. @return how many there are. */
uint64_t capture_walk(struct capture *c, uint64_t conn_id,
                      void (*each)(void *arg, const struct capture_packet *p), void *arg);

/** A copy of what is recorded of one session, to be read by any thread. */
struct capture_copy {
        size_t len;
        _Alignas(8) uint8_t entries[];
};
/** @return the copy, which the caller frees with prof_free; NULL if nothing is recorded of the session, or memory is out. */
struct capture_copy *capture_copy(struct capture *c, uint64_t conn_id);
/** As capture_walk. Spans are valid as long as the copy. */
uint64_t capture_copy_walk(const struct capture_copy *copy,
                           void (*each)(void *arg, const struct capture_packet *p), void *arg);
/** The newest note; empty if there is none. */
struct span capture_copy_note(const struct capture_copy *copy);

#endif
