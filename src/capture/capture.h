/** @file capture.h  The last packets of all sessions of a thread, in a fixed number of bytes.
 *
 *      memory    | block | block | block | …        each block belongs to one session, or to none
 *      session   oldest block -> … -> newest block, in which its next entry goes
 *
 * Each of N open sessions is sure of an equal share of half the memory, in whole blocks: nothing takes those from it. The other blocks
 * go to those who need them: a session whose block is full gets the oldest block of a session that has more than its share, or of one
 * that has ended. Blocks are small enough that each of the sessions that are allowed at once can have one, if the memory is large
 * enough for that; they have at least CAPTURE_BLOCK_MIN bytes.
 * Recording a packet copies it once and allocates nothing. Bytes that are known to be secret are not stored (struct packet does not have
 * them); bytes that turn out to be secret later are not given out.
 * Threads: one owner; copies can be read by any.   Memory: STAGE_CAPTURE, one block of memory, which is touched only as it fills. */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "capture/capture_copy.h"

struct capture;

enum { CAPTURE_BLOCK_MIN = 256, CAPTURE_BLOCK_MAX = 4096, CAPTURE_NOTE_MAX = 512 };

/** A session's part of the recorder; embedded in its owner, who does not look into it. */
struct capture_track {
        uint8_t *next; /**< where the next entry goes, in the newest block */
        uint8_t *end;  /**< of that block; NULL = there is none */
        uint64_t conn_id;
        uint64_t end_number; /**< of those that have ended, from 1 */
        uint32_t oldest;
        uint32_t newest;
        uint32_t n_blocks;
        bool has_ended;
};

/** A recorder that takes @p bytes in all, its own headers included, for at most @p sessions at once. @return NULL when memory is out. */
struct capture *capture_new(size_t bytes, size_t sessions);
/** After its tracks. NULL is allowed. */
void capture_free(struct capture *c);

/** Begin to record session @p conn_id. */
void capture_begin(struct capture *c, struct capture_track *t, uint64_t conn_id);
/** The session has ended: what is recorded of it stays until others need the memory. @p t is not used any more. */
void capture_end(struct capture *c, struct capture_track *t);

/** Record @p p, which arrived at @p wall_ns. A packet that would take more than a quarter of the memory is not recorded. */
void capture_add(struct capture *c, struct capture_track *t, const struct packet *p, uint64_t wall_ns);

/** The same for several packets at once. Only the last packets of a long run are recorded. */
void capture_add_run(struct capture *c, struct capture_track *t, const struct packet_run *run,
                     uint64_t wall_ns);

/** Record up to CAPTURE_NOTE_MAX bytes about the session, which are not a packet: who it was, for example. The newest note counts. */
void capture_add_note(struct capture *c, struct capture_track *t, struct span note);

/** The open or ended session @p conn_id. @return NULL if nothing is recorded of an ended one. An open session is not found by this. */
const struct capture_track *capture_find_ended(const struct capture *c, uint64_t conn_id);

/** Call @p each for every ended session of which something is recorded and whose number is more than @p after, in any order.
 *  @return the number of the last one that has ended. */
uint64_t capture_each_ended(const struct capture *c, uint64_t after,
                            void (*each)(void *arg, const struct capture_track *t), void *arg);

/** @return the copy, which the caller frees with prof_free; NULL if memory is out. */
struct capture_copy *capture_copy(const struct capture *c, const struct capture_track *t);

#endif
