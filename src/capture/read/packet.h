/** @file packet.h  Find the TCP segment in a captured packet.
 *
 * Knows: link types (Ethernet with VLAN tags, loopback, raw IP, Linux cooked), IPv4, IPv6, TCP.   Does not know: connections.
 * Checksums are not looked at: with offload, the sender's are wrong in a capture. Fragments and tunnels are named, not put together.
 * Threads: any.   Memory: none. */
#ifndef CAPTURE_READ_PACKET_H
#define CAPTURE_READ_PACKET_H

#include "capture/read/capture_file.h"

/** One end of a connection. IPv4 addresses are mapped into IPv6 (::ffff:a.b.c.d). */
struct endpoint {
        uint8_t address[16];
        uint16_t port;
};

enum { SEGMENT_FIN = 1, SEGMENT_SYN = 2, SEGMENT_RST = 4, SEGMENT_ACK = 16 };

struct segment {
        struct endpoint from;
        struct endpoint to;
        uint32_t seq;
        uint32_t ack;
        uint8_t flags;       /**< SEGMENT_ bits */
        struct span payload; /**< as much of it as was captured */
        uint32_t length;     /**< of the payload on the wire */
};

/** What is in a packet. */
enum packet_content {
        CONTENT_TCP,
        CONTENT_OTHER,     /**< no IP, or no TCP */
        CONTENT_FRAGMENT,  /**< of an IP packet */
        CONTENT_TUNNEL,    /**< another packet, in a tunnel */
        CONTENT_CUT,       /**< so little was captured that not all headers are there */
        CONTENT_MALFORMED, /**< headers whose lengths are impossible */
        CONTENT_LINK_TYPE, /**< the link type is not supported */
        CONTENT_COUNT
};

/** @return what @p packet contains; with CONTENT_TCP, @p out is set. */
enum packet_content packet_decode(const struct captured *packet, struct segment *out);
/** What a packet with @p content is called in a summary, in the plural, such as "IP fragments". */
const char *packet_content_name(enum packet_content content);

enum { ENDPOINT_TEXT_MAX = 64 };
/** Write @p e as 192.0.2.1:3306 or [2001:db8::1]:3306. */
void endpoint_print(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);

#endif
