/** @file packets.h  Captures written by hand: TCP segments of one connection as a file in a capture format.
 *
 *      struct packets p;
 *      packets_open(&p, PACKETS_PCAP);
 *      packets_syn(&p);                               opens the connection: three packets
 *      packets_send(&p, SIDE_CLIENT, SPAN("…"));      a segment that acknowledges all before it
 *      packets_lose(&p, SIDE_SERVER, SPAN("…"));      the same, but it is not captured
 *      packets_fin(&p);
 *
 * The client is 10.0.0.1:40000, the server 10.0.0.2 with `port`. Each packet is a millisecond after the one before. */
#ifndef TESTS_PACKETS_H
#define TESTS_PACKETS_H

#include "base/span.h"
#include "mysql/wire/packet.h"

enum packets_format { PACKETS_PCAP, PACKETS_PCAP_BIG, PACKETS_PCAP_NS, PACKETS_PCAPNG };

struct packets {
        uint8_t bytes[1 << 20];
        size_t len;
        enum packets_format format;
        uint32_t link_type; /**< of the next packets; 1 is Ethernet */
        uint16_t port;      /**< 3306 */
        uint16_t client_port;
        uint32_t snap;   /**< bytes captured of each packet; 0 = all */
        uint32_t seq[2]; /**< by enum side: of the next byte */
        uint32_t time_ms;
        bool is_ipv6;
        bool has_vlan;
        size_t last; /**< where the last packet of the file begins */
};

void packets_open(struct packets *p, enum packets_format format);
void packets_syn(struct packets *p);
void packets_fin(struct packets *p);
void packets_send(struct packets *p, enum side from, struct span payload);
void packets_lose(struct packets *p, enum side from, struct span payload);
/** A segment with these numbers; the connection's own stay as they are. */
void packets_segment(struct packets *p, enum side from, uint32_t seq, uint32_t ack, uint8_t flags,
                     struct span payload);
/** Write the last packet once more. */
void packets_repeat(struct packets *p);
/** Exchange the last two packets, which have the same size in the file or not. */
void packets_swap(struct packets *p, size_t before_last);
static inline struct span packets_span(const struct packets *p)
{
        return span_of(p->bytes, p->len);
}

#endif
