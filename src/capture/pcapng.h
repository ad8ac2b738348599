/** @file pcapng.h  Write a capture file in the pcapng format, block by block.
 *
 *      section header, interface descriptions, then enhanced packet blocks and interface statistics
 *
 * Each packet is an IP datagram without a link layer (LINKTYPE_RAW); times are in nanoseconds. Numbers are in the byte order of this
 * machine, as the format allows.
 * Knows: blocks and options.   Does not know: TCP, MySQL, where the bytes go.
 * Source: draft-ietf-opsawg-pcapng, sections 3 and 4.
 * Threads: one owner.   Memory: allocates nothing. */
#ifndef CAPTURE_PCAPNG_H
#define CAPTURE_PCAPNG_H

#include "base/span.h"

/** Where the blocks go. */
struct pcapng {
        /** Called several times for each block; @p bytes live only during the call. @return false if they could not be taken. */
        bool (*put)(void *arg, struct span bytes);
        void *arg;
        bool failed; /**< put has failed: nothing more is passed to it */
};

enum { PCAPNG_TEXT_MAX = 1024 /**< bytes of an option's text; longer ones are cut between two characters */ };

/** Begin a section; @p application is the program that writes it. */
void pcapng_section(struct pcapng *out, struct span application);
/** Describe the next interface of the section. Interfaces are numbered from 0. */
void pcapng_interface(struct pcapng *out, struct span name, struct span description);

struct pcapng_packet {
        uint32_t interface;
        uint64_t wall_ns;
        struct span headers; /**< the first bytes of the packet */
        struct span payload; /**< the bytes behind them, as far as they were captured */
        uint32_t length;     /**< of the whole packet on the network */
        struct span comment; /**< UTF-8; empty = none */
};
void pcapng_packet(struct pcapng *out, const struct pcapng_packet *p);

/** Report that @p dropped packets of the interface were lost up to @p wall_ns. */
void pcapng_dropped(struct pcapng *out, uint32_t interface, uint64_t wall_ns, uint64_t dropped);

#endif
