/** @file capture_copy.h  A copy of what is recorded of one session (capture.h), to be read by any thread.
 * Threads: any, one at a time.   Memory: one block of STAGE_CAPTURE, which its reader frees with prof_free. */
#ifndef CAPTURE_CAPTURE_COPY_H
#define CAPTURE_CAPTURE_COPY_H

#include "mysql/wire/packet.h"

struct capture_copy {
        size_t len;
        _Alignas(8) uint8_t entries[];
};

/** A recorded packet; its spans are valid as long as the copy. */
struct capture_packet {
        uint64_t wall_ns;
        struct packet packet;
};
/** Call @p each for every packet, oldest first. @return how many there are. */
uint64_t capture_walk(const struct capture_copy *copy,
                      void (*each)(void *arg, const struct capture_packet *p), void *arg);
/** @return how many packets there are. */
uint64_t capture_count(const struct capture_copy *copy);
/** The newest note; empty if there is none. */
struct span capture_note(const struct capture_copy *copy);

#endif
