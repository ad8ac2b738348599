/** @file tap_copy.h  A copy of what is recorded of a session, and of who the session is: taken by its thread, written to a file by any.
 *
 * Knows: how a capture file is made of the recorder's packets.   Does not know: where the file goes.
 * Threads: tap_copy and tap_copy_ended the tap's, the rest any.   Memory: STAGE_CAPTURE. */
#ifndef TAP_TAP_COPY_H
#define TAP_TAP_COPY_H

#include "capture/pcapng.h"
#include "tap/tap.h"

#include <stdio.h>

struct session_pcap;
struct tap_copy;

/** @return NULL if memory is out. */
struct tap_copy *tap_copy(const struct tap *tap);
/** The same for a session that has ended, as far as newer packets have not replaced its own. @return NULL also if no packet of it is
 *  kept. */
struct tap_copy *tap_copy_ended(const struct tap_shared *shared, uint64_t conn_id);
/** NULL is allowed. */
void tap_copy_free(struct tap_copy *copy);

/** What a reader of many sessions wants; asked by the thread of the sessions. */
struct tap_wanted {
        const void *arg;
        /** @return how many packets of session @p conn_id the reader has seen; UINT64_MAX: it does not want the session. */
        uint64_t (*seen)(const void *arg, uint64_t conn_id);
};
/** A list of copies; NULL = empty. @return the first one, which is removed from the list; NULL if there is none. */
struct tap_copy *tap_copy_pop(struct tap_copy **list);
/** Add a copy of @p tap to @p list if it has packets that are wanted. A session whose login goes on is left for later. */
void tap_copy_wanted(const struct tap *tap, const struct tap_wanted *wanted, struct tap_copy **list);
/** The same for sessions that have ended: those whose number is more than @p after. @return the number of the last one. */
uint64_t tap_copy_wanted_ended(const struct tap_shared *shared, uint64_t after,
                               const struct tap_wanted *wanted, struct tap_copy **list);

uint64_t tap_copy_conn_id(const struct tap_copy *copy);
bool tap_copy_has_ended(const struct tap_copy *copy);
/** Write the packets from number *@p seen on, which is increased. @p s is begun with the first ones, when *@p seen is 0. */
void tap_copy_continue(const struct tap_copy *copy, struct session_pcap *s, uint64_t *seen,
                       struct pcapng *out);
/** Write what stands before the packets of a file with many sessions. */
void tap_copy_head(struct span listen_addr, struct pcapng *out);

/** Write it as a capture file (session_pcap.h). */
void tap_copy_pcap(const struct tap_copy *copy, struct pcapng *out);
/** Write it as a hex dump with the names of the fields (tap_fields.h). @return false when memory is out. */
bool tap_copy_hex(const struct tap_copy *copy, FILE *out);
/** How many packets it has, and how many bytes of memory it takes. */
uint64_t tap_copy_count(const struct tap_copy *copy);
size_t tap_copy_size(const struct tap_copy *copy);

#endif
