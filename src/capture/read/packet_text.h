/** @file packet_text.h  Read packets from the text that tcpdump prints with -x, -xx, -X or -XX.
 *
 *      2024-05-01 12:00:00.000123 IP 10.0.0.1.40000 > 10.0.0.2.3306: Flags [P.], …
 *              0x0000:  4500 0038 …
 *
 * The bytes are used, and of the line above them only the time: with a date (-tttt), in seconds since 1970 (-tt), or of the day.
 * With -x and -X packets begin with the IP header, with -xx and -XX with that of Ethernet.
 * Knows: this format.   Does not know: files.
 * Threads: one owner.   Memory: embedded; allocates nothing. */
#ifndef CAPTURE_READ_PACKET_TEXT_H
#define CAPTURE_READ_PACKET_TEXT_H

#include "capture/read/capture_file.h"

enum { PACKET_TEXT_MAX = 1 << 17 }; /**< bytes of a packet; the rest of a longer one is left out */

struct packet_text {
        uint8_t bytes[PACKET_TEXT_MAX];
        size_t len;       /**< of the current packet */
        uint64_t time_ns; /**< of it; see captured.time_ns */
        bool is_done;     /**< it was handed over */
        bool is_broken;   /**< lines of it are missing: the rest is left out */
        uint64_t packets;
        uint64_t undated; /**< packets with a time of the day only: it counts from 1970-01-01 */
        uint64_t broken;  /**< packets of which lines are missing */
};

void packet_text_init(struct packet_text *t);
/** As capture_file_next; there is no damage. */
enum capture_found packet_text_next(struct packet_text *t, struct span *in, struct captured *out);
/** No more lines will come: the last packet. @return false if there is none. */
bool packet_text_last(struct packet_text *t, struct captured *out);
/** Can @p head, the beginning of a file, be such a text? */
bool packet_text_is_one(struct span head);

#endif
