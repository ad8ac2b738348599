/** @file capture_file.h  Read the capture formats pcap and pcapng, one packet at a time, from bytes that arrive in any pieces.
 *
 *      bytes -> capture_file_next -> packet | more bytes are needed | the file is damaged
 *
 * Knows: both formats, in both byte orders, with their resolutions of time; sections, interfaces and the lengths of blocks.
 * Does not know: files, compression, what a packet contains (packet.h).
 * libpcap is not used for files: it refuses a pcapng file whose interfaces differ in link type, and a file that is still being written.
 * Threads: one owner.   Memory: STAGE_CAPTURE, for the interfaces of a pcapng section.
 * Source: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. */
#ifndef CAPTURE_READ_CAPTURE_FILE_H
#define CAPTURE_READ_CAPTURE_FILE_H

#include "base/span.h"

enum {
        CAPTURE_FILE_RECORD_MAX = 4 << 20, /**< bytes of a packet with its header; a longer one is damage */
        CAPTURE_FILE_INTERFACES = 65536,   /**< in a section */
};

/** A captured packet. */
struct captured {
        struct span bytes;  /**< as much as was captured; into the input */
        uint32_t length;    /**< of the packet on the wire */
        uint32_t link_type; /**< LINKTYPE_ number */
        uint64_t time_ns;   /**< since 1970; 0 = not known */
};

enum capture_format { CAPTURE_FORMAT_UNKNOWN, CAPTURE_FORMAT_PCAP, CAPTURE_FORMAT_PCAPNG };

/** What capture_file_next has found. */
enum capture_found {
        CAPTURE_PACKET,  /**< a packet */
        CAPTURE_MORE,    /**< nothing yet: more bytes are needed */
        CAPTURE_DAMAGED, /**< the rest can't be read; capture_file.damage says why */
};

struct capture_interface {
        uint64_t units_per_second;
        int64_t offset_s; /**< to be added to times */
        uint32_t link_type;
        uint32_t snap_length; /**< 0 = no limit */
};

struct capture_file {
        enum capture_format format;
        bool is_swapped;              /**< the byte order is not the machine's */
        bool has_long_records;        /**< pcap, with 8 more bytes in the header of each packet */
        uint64_t at;                  /**< bytes read so far */
        uint64_t skip;                /**< bytes of a block that is of no interest, still to come */
        const char *damage;           /**< NULL: none */
        struct capture_interface own; /**< of a pcap file */
        struct capture_interface *interfaces;
        uint32_t n_interfaces;
        uint32_t room; /**< for interfaces */
        /* counts */
        uint64_t packets;
        uint64_t sections;
        uint64_t unknown_blocks;
        uint64_t secrets; /**< blocks with keys, which are not used */
        uint64_t untimed; /**< packets without a time */
        uint64_t dropped; /**< packets that were not captured, as far as the file says */
};

void capture_file_init(struct capture_file *f);
void capture_file_fini(struct capture_file *f);

/** Take what is complete off the front of *@p in, up to and including the next packet, to which @p out is set. With CAPTURE_MORE, what is
 *  left of *@p in has to be passed again together with the bytes that follow: CAPTURE_FILE_RECORD_MAX of them always suffice. */
enum capture_found capture_file_next(struct capture_file *f, struct span *in, struct captured *out);

#endif
