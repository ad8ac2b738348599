/** @file packet.h  A packet as the dissector describes it to those who show or keep packets.
 *
 * Memory: none; spans and lists of kinds live as long as the call that hands a packet over. */
#ifndef MYSQL_WIRE_PACKET_H
#define MYSQL_WIRE_PACKET_H

#include "base/span.h"
#include "mysql/wire/packet_kind.h"
#include "mysql/wire/side.h"

/** One packet of the wire, complete (or cut off by the end of the session). */
struct packet {
        enum side from;
        uint8_t seq;
        bool secret;     /**< it contains passwords or authentication data: head is empty */
        bool redacted;   /**< head has only the bytes that identify the packet (packet_kind_shown_bytes) */
        bool cut_off;    /**< the session ended within it */
        uint32_t length; /**< payload, as the header says */
        enum packet_kind kind;
        uint8_t agreed;   /**< the capabilities that its layout depends on: capability_pack */
        uint64_t mono_ns; /**< when its last byte came */
        struct span head; /**< the payload's first bytes */
};

/** Several complete packets of one side that came at once, one behind the other. None is secret, or longer than packet_bytes. */
struct packet_run {
        enum side from;
        size_t n;
        const uint16_t *kinds; /**< enum packet_kind of each; NULL = all are of @p kind */
        enum packet_kind kind;
        uint8_t agreed;    /**< as of struct packet */
        struct span bytes; /**< with the packets' headers */
        uint64_t mono_ns;
};

#endif
