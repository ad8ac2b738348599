#include "packets.h"

#include "base/writer.h"

#include <stdlib.h>

enum {
        SYN = 2,
        FIN = 1,
        ACK = 16,
        ETHERNET = 1,
        RAW = 101,
        NULL_LINK = 0,
        COOKED = 113,
        COOKED_2 = 276,
        ETHERNET_MIN = 60
};

static bool is_big(const struct packets *p)
{
        return p->format == PACKETS_PCAP_BIG;
}

/** @p n of @p size bytes in the byte order of the file. */
static void put(const struct packets *p, struct writer *w, uint32_t n, unsigned size)
{
        for (unsigned i = 0; i < size; i++) {
                unsigned shift = 8 * (is_big(p) ? size - 1 - i : i);
                writer_uint(w, n >> shift & 0xff, 1);
        }
}

/** In the byte order of networks. */
static void put_net(struct writer *w, uint32_t n, unsigned size)
{
        for (unsigned i = size; i-- > 0;) {
                writer_uint(w, n >> 8 * i & 0xff, 1);
        }
}

static struct writer rest(struct packets *p)
{
        return writer_over(p->bytes + p->len, sizeof p->bytes - p->len);
}

static void add(struct packets *p, const struct writer *w)
{
        if (w->failed) {
                abort();
        }
        p->len += w->at;
}

void packets_open(struct packets *p, enum packets_format format)
{
        *p = (struct packets){
            .format = format, .link_type = ETHERNET, .port = 3306, .client_port = 40000, .seq = {1000, 5000}};
        struct writer w = rest(p);
        if (format == PACKETS_PCAPNG) {
                put(p, &w, 0x0a0d0d0a, 4);
                put(p, &w, 28, 4);
                put(p, &w, 0x1a2b3c4d, 4);
                put(p, &w, 1, 4);
                put(p, &w, UINT32_MAX, 4);
                put(p, &w, UINT32_MAX, 4);
                put(p, &w, 28, 4);
                put(p, &w, 1, 4); /* an interface */
                put(p, &w, 20, 4);
                put(p, &w, p->link_type, 4);
                put(p, &w, 0, 4);
                put(p, &w, 20, 4);
        } else {
                put(p, &w, format == PACKETS_PCAP_NS ? 0xa1b23c4d : 0xa1b2c3d4, 4);
                put(p, &w, 2, 2);
                put(p, &w, 4, 2);
                put(p, &w, 0, 4);
                put(p, &w, 0, 4);
                put(p, &w, 65535, 4);
                put(p, &w, p->link_type, 4);
        }
        add(p, &w);
}

static void put_link(const struct packets *p, struct writer *w)
{
        uint32_t type = p->is_ipv6 ? 0x86dd : 0x0800;
        switch (p->link_type) {
        case ETHERNET:
                writer_bytes(w, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
                if (p->has_vlan) {
                        put_net(w, 0x8100, 2);
                        put_net(w, 100, 2);
                }
                put_net(w, type, 2);
                break;
        case COOKED:
                writer_bytes(w, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0", 14);
                put_net(w, type, 2);
                break;
        case COOKED_2:
                put_net(w, type, 2);
                writer_bytes(w, "\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0", 18);
                break;
        case NULL_LINK: writer_uint(w, p->is_ipv6 ? 30 : 2, 4); break;
        default: break;
        }
}

static void put_ip(const struct packets *p, struct writer *w, enum side from, size_t len)
{
        uint32_t last[2] = {1, 2};
        if (p->is_ipv6) {
                put_net(w, 0x60000000, 4);
                put_net(w, (uint32_t)len, 2);
                put_net(w, 6 << 8 | 64, 2);
                for (unsigned i = 0; i < 2; i++) {
                        writer_bytes(w, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
                        put_net(w, last[(i + (unsigned)from) & 1], 1);
                }
        } else {
                put_net(w, 0x4500, 2);
                put_net(w, (uint32_t)len + 20, 2);
                put_net(w, 0, 4);
                put_net(w, 64 << 8 | 6, 2);
                put_net(w, 0, 2);
                put_net(w, 0x0a000000 + last[from], 4);
                put_net(w, 0x0a000000 + last[!from], 4);
        }
}

/** The packet @p bytes as the file has it. */
static void put_packet(struct packets *p, struct span bytes)
{
        struct writer w = rest(p);
        struct span kept = p->snap > 0 ? span_head(bytes, p->snap) : bytes;
        uint32_t captured = (uint32_t)kept.len;
        uint32_t padding = (4 - captured % 4) % 4;
        uint64_t us = 1700000000000000ULL + p->time_ms * 1000ULL;
        p->last = p->len;
        if (p->format == PACKETS_PCAPNG) {
                put(p, &w, 6, 4);
                put(p, &w, 32 + captured + padding, 4);
                put(p, &w, 0, 4);
                put(p, &w, (uint32_t)(us >> 32), 4);
                put(p, &w, (uint32_t)us, 4);
        } else {
                put(p, &w, (uint32_t)(us / 1000000), 4);
                put(p, &w, (uint32_t)(us % 1000000) * (p->format == PACKETS_PCAP_NS ? 1000 : 1), 4);
        }
        put(p, &w, captured, 4);
        put(p, &w, (uint32_t)bytes.len, 4);
        writer_put(&w, kept);
        if (p->format == PACKETS_PCAPNG) {
                put(p, &w, 0, padding);
                put(p, &w, 32 + captured + padding, 4);
        }
        add(p, &w);
}

void packets_segment(struct packets *p, enum side from, uint32_t seq, uint32_t ack, uint8_t flags,
                     struct span payload)
{
        static uint8_t room[1 << 17];
        struct writer w = writer_over(room, sizeof room);
        uint32_t ports[2] = {p->client_port, p->port};
        p->time_ms++;
        put_link(p, &w);
        put_ip(p, &w, from, payload.len + 20);
        put_net(&w, ports[from], 2);
        put_net(&w, ports[!from], 2);
        put_net(&w, seq, 4);
        put_net(&w, ack, 4);
        put_net(&w, 0x5000U | flags, 2);
        put_net(&w, 0xffff, 2);
        put_net(&w, 0xdead, 2); /* no checksum */
        put_net(&w, 0, 2);
        writer_put(&w, payload);
        while (p->link_type == ETHERNET && w.at < ETHERNET_MIN) {
                writer_uint(&w, 0xee, 1);
        }
        put_packet(p, writer_span(&w));
}

void packets_syn(struct packets *p)
{
        packets_segment(p, SIDE_CLIENT, p->seq[SIDE_CLIENT] - 1, 0, SYN, (struct span){NULL, 0});
        packets_segment(p, SIDE_SERVER, p->seq[SIDE_SERVER] - 1, p->seq[SIDE_CLIENT], SYN | ACK,
                        (struct span){NULL, 0});
        packets_segment(p, SIDE_CLIENT, p->seq[SIDE_CLIENT], p->seq[SIDE_SERVER], ACK,
                        (struct span){NULL, 0});
}

void packets_fin(struct packets *p)
{
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                packets_segment(p, side, p->seq[side], p->seq[!side], FIN | ACK, (struct span){NULL, 0});
                p->seq[side]++;
        }
        packets_segment(p, SIDE_CLIENT, p->seq[SIDE_CLIENT], p->seq[SIDE_SERVER], ACK,
                        (struct span){NULL, 0});
}

void packets_send(struct packets *p, enum side from, struct span payload)
{
        packets_segment(p, from, p->seq[from], p->seq[!from], ACK, payload);
        p->seq[from] += (uint32_t)payload.len;
}

void packets_lose(struct packets *p, enum side from, struct span payload)
{
        p->time_ms++;
        p->seq[from] += (uint32_t)payload.len;
}

void packets_repeat(struct packets *p)
{
        size_t size = p->len - p->last;
        if (size > sizeof p->bytes - p->len) {
                abort();
        }
        memcpy(p->bytes + p->len, p->bytes + p->last, size);
        p->last = p->len;
        p->len += size;
}

void packets_swap(struct packets *p, size_t before_last)
{
        static uint8_t room[sizeof p->bytes];
        size_t first = p->last - before_last;
        size_t second = p->len - p->last;
        memcpy(room, p->bytes + before_last, first);
        memmove(p->bytes + before_last, p->bytes + p->last, second);
        memcpy(p->bytes + before_last + second, room, first);
        p->last = before_last + second;
}
