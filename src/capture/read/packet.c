#include "capture/read/packet.h"

#include "base/reader.h"

#include <arpa/inet.h>
#include <stdio.h>

enum link_type {
        LINK_NULL = 0,
        LINK_ETHERNET = 1,
        LINK_RAW_BSD = 12,
        LINK_RAW_OPENBSD = 14,
        LINK_RAW = 101,
        LINK_LOOP = 108,
        LINK_COOKED = 113,
        LINK_IPV4 = 228,
        LINK_IPV6 = 229,
        LINK_COOKED_2 = 276,
};

enum ether_type {
        ETHER_IPV4 = 0x0800,
        ETHER_VLAN = 0x8100,
        ETHER_VLAN_OLD = 0x9100,
        ETHER_VLAN_OLDER = 0x9200,
        ETHER_VLAN_OUTER = 0x88a8,
        ETHER_IPV6 = 0x86dd,
        ETHER_MPLS = 0x8847,
        ETHER_MPLS_MULTICAST = 0x8848,
        ETHER_PPPOE = 0x8864,
};

enum protocol {
        PROTOCOL_HOP_OPTIONS = 0,
        PROTOCOL_IPV4 = 4,
        PROTOCOL_TCP = 6,
        PROTOCOL_UDP = 17,
        PROTOCOL_IPV6 = 41,
        PROTOCOL_ROUTING = 43,
        PROTOCOL_FRAGMENT = 44,
        PROTOCOL_GRE = 47,
        PROTOCOL_ESP = 50,
        PROTOCOL_AUTHENTICATION = 51,
        PROTOCOL_DESTINATION_OPTIONS = 60,
        PROTOCOL_ETHERIP = 97,
};

enum {
        VLAN_TAGS = 4,
        EXTENSION_HEADERS = 8,
        IPV4_MIN = 20,
        IPV6_HEADER = 40,
        TCP_MIN = 20,
        PORT_VXLAN = 4789,
        PORT_GENEVE = 6081,
        PORT_GTP = 2152,
};

static uint16_t be16(struct span s, size_t at)
{
        return (uint16_t)(s.data[at] << 8 | s.data[at + 1]);
}

static uint32_t be32(struct span s, size_t at)
{
        return (uint32_t)be16(s, at) << 16 | be16(s, at + 2);
}

/** The bytes of a packet from some header on, and what is known of their length on the wire. */
struct layer {
        struct span bytes;
        uint32_t length; /* on the wire, maybe with padding */
};

static struct layer inside(struct layer outer, size_t header)
{
        return (struct layer){span_skip(outer.bytes, header),
                              outer.length > header ? outer.length - (uint32_t)header : 0};
}

/** Headers of @p size bytes are missing: were they cut off, or is the packet too short for them? */
static enum packet_content too_short(struct layer l, size_t size)
{
        return l.length < size ? CONTENT_MALFORMED : CONTENT_CUT;
}

/* --- TCP ------------------------------------------------------------------------------------------------------------------- */

static enum packet_content decode_tcp(struct layer l, struct segment *out)
{
        if (l.bytes.len < TCP_MIN) {
                return too_short(l, TCP_MIN);
        }
        size_t header = (size_t)(l.bytes.data[12] >> 4) * 4;
        if (header < TCP_MIN || header > l.length) {
                return CONTENT_MALFORMED;
        }
        out->from.port = be16(l.bytes, 0);
        out->to.port = be16(l.bytes, 2);
        out->seq = be32(l.bytes, 4);
        out->ack = be32(l.bytes, 8);
        out->flags = l.bytes.data[13];
        struct layer payload = inside(l, header);
        out->payload = payload.bytes;
        out->length = payload.length;
        return CONTENT_TCP;
}

static enum packet_content decode_udp(struct layer l)
{
        uint16_t port = l.bytes.len >= 4 ? be16(l.bytes, 2) : 0;
        return port == PORT_VXLAN || port == PORT_GENEVE || port == PORT_GTP ? CONTENT_TUNNEL : CONTENT_OTHER;
}

static enum packet_content decode_protocol(uint8_t protocol, struct layer l, struct segment *out)
{
        switch (protocol) {
        case PROTOCOL_TCP: return decode_tcp(l, out);
        case PROTOCOL_UDP: return decode_udp(l);
        case PROTOCOL_IPV4:
        case PROTOCOL_IPV6:
        case PROTOCOL_GRE:
        case PROTOCOL_ESP:
        case PROTOCOL_ETHERIP: return CONTENT_TUNNEL;
        default: return CONTENT_OTHER;
        }
}

/* --- IP -------------------------------------------------------------------------------------------------------------------- */

/** @p l without what stands behind the @p length bytes of the IP packet: Ethernet pads short frames. */
static struct layer without_padding(struct layer l, uint32_t length)
{
        if (length < l.length) {
                l.length = length;
                l.bytes = span_head(l.bytes, length);
        }
        return l;
}

static void set_ipv4(struct endpoint *e, const uint8_t *address)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        memcpy(e->address, mapped, sizeof mapped);
        memcpy(e->address + sizeof mapped, address, 4);
}

static enum packet_content decode_ipv4(struct layer l, struct segment *out)
{
        enum { MORE_FRAGMENTS = 0x2000, FRAGMENT_OFFSET = 0x1fff };
        if (l.bytes.len < IPV4_MIN) {
                return too_short(l, IPV4_MIN);
        }
        size_t header = (size_t)(l.bytes.data[0] & 0x0f) * 4;
        uint32_t length = be16(l.bytes, 2);
        if (length ==
            0) { /* the network card was to fill it in, for each of the segments that it makes of this one */
                length = l.length;
        }
        if (header < IPV4_MIN || length < header) {
                return CONTENT_MALFORMED;
        }
        if ((be16(l.bytes, 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0) {
                return CONTENT_FRAGMENT;
        }
        set_ipv4(&out->from, l.bytes.data + 12);
        set_ipv4(&out->to, l.bytes.data + 16);
        return decode_protocol(l.bytes.data[9], inside(without_padding(l, length), header), out);
}

/** Skip the extension header @p next at the front of @p l. @return false if it is none. */
static bool skip_extension(uint8_t *next, struct layer *l)
{
        bool is_authentication = *next == PROTOCOL_AUTHENTICATION;
        bool is_one = *next == PROTOCOL_HOP_OPTIONS || *next == PROTOCOL_ROUTING ||
                      *next == PROTOCOL_DESTINATION_OPTIONS || is_authentication;
        if (!is_one || l->bytes.len < 2) {
                return false;
        }
        size_t size =
            is_authentication ? (size_t)(l->bytes.data[1] + 2) * 4 : (size_t)(l->bytes.data[1] + 1) * 8;
        *next = l->bytes.data[0];
        *l = inside(*l, size);
        return true;
}

static enum packet_content decode_ipv6(struct layer l, struct segment *out)
{
        if (l.bytes.len < IPV6_HEADER) {
                return too_short(l, IPV6_HEADER);
        }
        uint32_t length = be16(l.bytes, 4);
        uint8_t next = l.bytes.data[6];
        memcpy(out->from.address, l.bytes.data + 8, 16);
        memcpy(out->to.address, l.bytes.data + 24, 16);
        struct layer rest = inside(l, IPV6_HEADER);
        if (length > 0) { /* 0: it is longer than the field can tell */
                rest = without_padding(rest, length);
        }
        for (int i = 0; i < EXTENSION_HEADERS && skip_extension(&next, &rest); i++) {
        }
        if (next == PROTOCOL_FRAGMENT) {
                return CONTENT_FRAGMENT;
        }
        return decode_protocol(next, rest, out);
}

static enum packet_content decode_ip(struct layer l, struct segment *out)
{
        if (l.bytes.len == 0) {
                return too_short(l, 1);
        }
        switch (l.bytes.data[0] >> 4) {
        case 4: return decode_ipv4(l, out);
        case 6: return decode_ipv6(l, out);
        default: return CONTENT_MALFORMED;
        }
}

/* --- the link ---------------------------------------------------------------------------------------------------------------- */

static bool is_vlan(uint16_t type)
{
        return type == ETHER_VLAN || type == ETHER_VLAN_OUTER || type == ETHER_VLAN_OLD ||
               type == ETHER_VLAN_OLDER;
}

/** @p l begins behind the type @p type of an Ethernet frame or the like. */
static enum packet_content decode_ether_type(uint16_t type, struct layer l, struct segment *out)
{
        for (int i = 0; i < VLAN_TAGS && is_vlan(type); i++) {
                if (l.bytes.len < 4) {
                        return too_short(l, 4);
                }
                type = be16(l.bytes, 2);
                l = inside(l, 4);
        }
        switch (type) {
        case ETHER_IPV4:
        case ETHER_IPV6: return decode_ip(l, out);
        case ETHER_MPLS:
        case ETHER_MPLS_MULTICAST:
        case ETHER_PPPOE: return CONTENT_TUNNEL;
        default: return CONTENT_OTHER;
        }
}

/** The header has @p size bytes, with the type of what follows at @p at. */
static enum packet_content decode_typed(struct layer l, size_t size, size_t at, struct segment *out)
{
        if (l.bytes.len < size) {
                return too_short(l, size);
        }
        return decode_ether_type(be16(l.bytes, at), inside(l, size), out);
}

/** The header is the address family, in the byte order of whoever captured it. */
static enum packet_content decode_family(struct layer l, struct segment *out)
{
        enum { FAMILY = 4, FAMILY_MAX = 255 };
        if (l.bytes.len < FAMILY) {
                return too_short(l, FAMILY);
        }
        uint32_t family = be32(l.bytes, 0);
        family = family <= FAMILY_MAX ? family : __builtin_bswap32(family);
        bool is_ip = family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
        return is_ip ? decode_ip(inside(l, FAMILY), out) : CONTENT_OTHER;
}

enum packet_content packet_decode(const struct captured *packet, struct segment *out)
{
        struct layer l = {packet->bytes, packet->length};
        switch (packet->link_type) {
        case LINK_ETHERNET: return decode_typed(l, 14, 12, out);
        case LINK_COOKED: return decode_typed(l, 16, 14, out);
        case LINK_COOKED_2: return decode_typed(l, 20, 0, out);
        case LINK_NULL:
        case LINK_LOOP: return decode_family(l, out);
        case LINK_RAW:
        case LINK_RAW_BSD:
        case LINK_RAW_OPENBSD:
        case LINK_IPV4:
        case LINK_IPV6: return decode_ip(l, out);
        default: return CONTENT_LINK_TYPE;
        }
}

/* --- texts -------------------------------------------------------------------------------------------------------------------- */

const char *packet_content_name(enum packet_content content)
{
        static const char *const names[CONTENT_COUNT] = {
            [CONTENT_TCP] = "TCP segments",
            [CONTENT_OTHER] = "packets without TCP",
            [CONTENT_FRAGMENT] = "IP fragments",
            [CONTENT_TUNNEL] = "packets in tunnels",
            [CONTENT_CUT] = "packets cut within their headers",
            [CONTENT_MALFORMED] = "packets with impossible lengths",
            [CONTENT_LINK_TYPE] = "packets of an unsupported link type",
        };
        return names[content];
}

void endpoint_print(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        char address[INET6_ADDRSTRLEN] = "";
        if (memcmp(e->address, mapped, sizeof mapped) == 0) {
                (void)inet_ntop(AF_INET, e->address + sizeof mapped, address, sizeof address);
                (void)snprintf(out, ENDPOINT_TEXT_MAX, "%s:%u", address, e->port);
        } else {
                (void)inet_ntop(AF_INET6, e->address, address, sizeof address);
                (void)snprintf(out, ENDPOINT_TEXT_MAX, "[%s]:%u", address, e->port);
        }
}
