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

/** Which packets of a result a run contains besides rows; they stand in this order. */
enum packet_layout {
        LAYOUT_COUNT = 1 << 0, /**< the column count; the definitions follow it */
        LAYOUT_EOF = 1 << 1,   /**< the EOF behind the definitions; the rows follow it */
        LAYOUT_END_EOF = 1 << 2,
        LAYOUT_END_OK = 1 << 3,
};

/** Several complete packets of one side that came at once, one behind the other. Unless they are redacted, none is secret, or longer than
 *  packet_bytes. */
struct packet_run {
        enum side from;
        size_t n;
        const uint16_t *kinds; /**< enum packet_kind of each; NULL: the layout determines them */
        enum packet_kind kind; /**< of those that the layout does not name */
        uint8_t layout;        /**< flags of enum packet_layout; 0, without definitions: all are of @p kind */
        uint8_t definitions;   /**< so many of columns, behind the column count if that is there */
        uint8_t agreed;        /**< as of struct packet */
        bool redacted;         /**< only the bytes that identify each packet may be shown (packet_run_head) */
        struct span bytes;     /**< with the packets' headers */
        uint64_t mono_ns;
};

/** @return the kind of packet @p i of @p run, counted from 0. */
static inline enum packet_kind packet_run_kind(const struct packet_run *run, size_t i)
{
        size_t definitions_at = (run->layout & LAYOUT_COUNT) != 0 ? 1 : 0;
        size_t rows_at = definitions_at + run->definitions;
        if (run->kinds != NULL) {
                return (enum packet_kind)run->kinds[i];
        }
        if (i < rows_at) {
                return i < definitions_at ? PACKET_COLUMN_COUNT : PACKET_COLUMN_DEFINITION;
        }
        if (i == rows_at && (run->layout & LAYOUT_EOF) != 0) {
                return PACKET_EOF;
        }
        if (i + 1 == run->n && (run->layout & (LAYOUT_END_EOF | LAYOUT_END_OK)) != 0) {
                return (run->layout & LAYOUT_END_OK) != 0 ? PACKET_OK : PACKET_EOF;
        }
        return run->kind;
}

/** @return what may be shown of @p payload, that of a packet of @p kind in @p run. */
static inline struct span packet_run_head(const struct packet_run *run, enum packet_kind kind,
                                          struct span payload)
{
        return run->redacted ? span_head(payload, packet_kind_shown_bytes(kind)) : payload;
}

#endif
