/** @file tap_copy.h  A copy of what is recorded of a session, and of who the session is: taken by its thread, written to a file by any.
 *
 * Knows: how a capture file is made of the recorder's packets.   Does not know: where the file goes.
 * Threads: tap_copy and tap_copy_ended the tap's, the rest any.   Memory: STAGE_CAPTURE. */
#ifndef TAP_TAP_COPY_H
#define TAP_TAP_COPY_H

#include "capture/pcapng.h"
#include "tap/tap.h"

struct tap_copy;

/** @return NULL if memory is out. */
struct tap_copy *tap_copy(const struct tap *tap);
/** The same for a session that has ended, as far as newer packets have not replaced its own. @return NULL also if no packet of it is
 *  kept. */
struct tap_copy *tap_copy_ended(const struct tap_shared *shared, uint64_t conn_id);
/** NULL is allowed. */
void tap_copy_free(struct tap_copy *copy);

/** Write it as a capture file (session_pcap.h). */
void tap_copy_pcap(const struct tap_copy *copy, struct pcapng *out);

#endif
