#include "capture/tcp_stream.h"

#include "base/writer.h"

#include <arpa/inet.h>

enum {
        IPV4_HEADER = 20,
        IPV6_HEADER = 40,
        TCP_HEADER = 20,
        TCP_PROTOCOL = 6,
        HOPS = 64,
        FLAG_FIN = 1,
        FLAG_SYN = 2,
        FLAG_RST = 4,
        FLAG_PSH = 8,
        FLAG_ACK = 16,
        SEGMENT_MAX = 0xff00,
        FIRST_NUMBER = 1000,
        SKIPPED = 1 << 20,
        HOST_MAX = 63,
};

static enum side other(enum side side)
{
        return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

bool tcp_end_read(struct tcp_end *end, struct span text)
{
        char host[HOST_MAX + 1];
        size_t colon = text.len;
        uint32_t port = 0;
        while (colon > 0 && text.data[colon - 1] != ':') {
                colon--;
        }
        if (colon < 2 || colon == text.len || text.len - colon > 5) {
                return false;
        }
        for (size_t i = colon; i < text.len; i++) {
                if (text.data[i] < '0' || text.data[i] > '9') {
                        return false;
                }
                port = port * 10 + (uint32_t)(text.data[i] - '0');
        }
        struct span name = span_head(text, colon - 1);
        bool is_v6 = name.data[0] == '[' && name.data[name.len - 1] == ']';
        if (is_v6) {
                name = span_head(span_skip(name, 1), name.len - 2);
        }
        if (name.len > HOST_MAX || port > UINT16_MAX) {
                return false;
        }
        (void)span_copy((uint8_t *)host, name);
        host[name.len] = '\0';
        *end = (struct tcp_end){.port = (uint16_t)port, .is_v6 = is_v6};
        return inet_pton(is_v6 ? AF_INET6 : AF_INET, host, is_v6 ? end->ip : end->ip + 12) == 1;
}

/** An IPv4 address becomes one of ::ffff:0:0/96. */
static void map_to_v6(struct tcp_end *end)
{
        if (!end->is_v6) {
                end->is_v6 = true;
                end->ip[10] = 0xff;
                end->ip[11] = 0xff;
        }
}

/* --- headers --------------------------------------------------------------------------------------------------------- */

static void put_u16(struct writer *w, unsigned value)
{
        const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
        writer_bytes(w, bytes, sizeof bytes);
}

static void put_u32(struct writer *w, uint32_t value)
{
        put_u16(w, value >> 16);
        put_u16(w, value & 0xffff);
}

/** Add @p bytes to a checksum (RFC 1071). *@p odd: the number of bytes so far is odd. */
static uint64_t sum_of(uint64_t sum, struct span bytes, bool *odd)
{
        for (size_t i = 0; i < bytes.len; i++) {
                sum += (uint64_t)bytes.data[i] << (*odd ? 0 : 8);
                *odd = !*odd;
        }
        return sum;
}

static unsigned folded(uint64_t sum)
{
        while (sum > 0xffff) {
                sum = (sum & 0xffff) + (sum >> 16);
        }
        return (unsigned)(~sum & 0xffff);
}

static struct span address_of(const struct tcp_end *end)
{
        return end->is_v6 ? span_of(end->ip, 16) : span_of(end->ip + 12, 4);
}

static void put_checksum(struct writer *w, size_t at, unsigned checksum)
{
        w->data[at] = (uint8_t)(checksum >> 8);
        w->data[at + 1] = (uint8_t)checksum;
}

static void put_ip(const struct tcp_end *from, const struct tcp_end *to, size_t length, struct writer *w)
{
        if (from->is_v6) {
                put_u32(w, 6U << 28);
                put_u16(w, (unsigned)(TCP_HEADER + length));
                put_u16(w, TCP_PROTOCOL << 8 | HOPS);
        } else {
                put_u16(w, 0x4500);
                put_u16(w, (unsigned)(IPV4_HEADER + TCP_HEADER + length));
                put_u16(w, 0);
                put_u16(w, 0x4000); /* not a fragment */
                put_u16(w, HOPS << 8 | TCP_PROTOCOL);
                put_u16(w, 0); /* the checksum */
        }
        writer_put(w, address_of(from));
        writer_put(w, address_of(to));
        if (!from->is_v6) {
                bool odd = false;
                put_checksum(w, 10, folded(sum_of(0, writer_span(w), &odd)));
        }
}

/** What one segment carries: two pieces, which are the beginning of its @p length bytes. */
struct segment {
        unsigned flags;
        struct span bytes[2];
        size_t length;
};

static void send_segment(struct tcp_stream *t, enum side from, uint64_t wall_ns, const struct segment *s,
                         struct span comment)
{
        uint8_t headers[IPV6_HEADER + TCP_HEADER + TCP_STREAM_HEAD];
        const struct tcp_end *source = &t->ends[from];
        const struct tcp_end *target = &t->ends[other(from)];
        struct writer w = writer_over(headers, sizeof headers);
        put_ip(source, target, s->length, &w);
        size_t tcp_at = w.at;
        put_u16(&w, source->port);
        put_u16(&w, target->port);
        put_u32(&w, t->next[from]);
        put_u32(&w, (s->flags & FLAG_ACK) != 0 ? t->next[other(from)] : 0);
        put_u16(&w, 5U << 12 | s->flags); /* a header of 5 words */
        put_u16(&w, 0xffff);              /* the window */
        put_u32(&w, 0);                   /* the checksum, and no urgent data */
        writer_put(&w, s->bytes[0]);
        if (s->bytes[0].len + s->bytes[1].len == s->length) {
                bool odd = false;
                uint64_t sum = sum_of(TCP_PROTOCOL + TCP_HEADER + s->length, address_of(source), &odd);
                sum = sum_of(sum, address_of(target), &odd);
                sum = sum_of(sum, span_skip(writer_span(&w), tcp_at), &odd);
                put_checksum(&w, tcp_at + 16, folded(sum_of(sum, s->bytes[1], &odd)));
        }
        const struct pcapng_packet p = {.interface = t->interface,
                                        .wall_ns = wall_ns,
                                        .headers = writer_span(&w),
                                        .payload = s->bytes[1],
                                        .length = (uint32_t)(tcp_at + TCP_HEADER + s->length),
                                        .comment = comment};
        pcapng_packet(t->out, &p);
        t->next[from] += (uint32_t)s->length + ((s->flags & (FLAG_SYN | FLAG_FIN)) != 0 ? 1 : 0);
}

static void send_flags(struct tcp_stream *t, enum side from, uint64_t wall_ns, unsigned flags,
                       struct span comment)
{
        const struct segment s = {.flags = flags};
        send_segment(t, from, wall_ns, &s, comment);
}

/* --- the connection -------------------------------------------------------------------------------------------------- */

void tcp_stream_open(struct tcp_stream *t, struct pcapng *out, const struct tcp_end *client,
                     const struct tcp_end *server, uint64_t wall_ns, struct span comment)
{
        *t = (struct tcp_stream){.out = out,
                                 .next = {FIRST_NUMBER, FIRST_NUMBER},
                                 .ends = {[SIDE_CLIENT] = *client, [SIDE_SERVER] = *server}};
        if (client->is_v6 != server->is_v6) {
                map_to_v6(&t->ends[SIDE_CLIENT]);
                map_to_v6(&t->ends[SIDE_SERVER]);
        }
        const struct span none = {NULL, 0};
        send_flags(t, SIDE_CLIENT, wall_ns, FLAG_SYN, comment);
        send_flags(t, SIDE_SERVER, wall_ns, FLAG_SYN | FLAG_ACK, none);
        send_flags(t, SIDE_CLIENT, wall_ns, FLAG_ACK, none);
}

void tcp_stream_send(struct tcp_stream *t, enum side from, uint64_t wall_ns, struct span head,
                     struct span rest, size_t length, struct span comment)
{
        while (length > 0) {
                struct segment s = {.flags = FLAG_PSH | FLAG_ACK,
                                    .length = length < SEGMENT_MAX ? length : SEGMENT_MAX};
                s.bytes[0] = span_head(head, s.length);
                s.bytes[1] = span_head(rest, s.length - s.bytes[0].len);
                send_segment(t, from, wall_ns, &s, comment);
                length -= s.length;
                head = span_skip(head, s.bytes[0].len);
                rest = span_skip(rest, s.bytes[1].len);
                comment = (struct span){NULL, 0};
        }
}

void tcp_stream_skip(struct tcp_stream *t)
{
        t->next[SIDE_CLIENT] += SKIPPED;
        t->next[SIDE_SERVER] += SKIPPED;
}

void tcp_stream_close(struct tcp_stream *t, enum side from, uint64_t wall_ns, bool reset, struct span comment)
{
        if (reset) {
                send_flags(t, from, wall_ns, FLAG_RST | FLAG_ACK, comment);
                return;
        }
        const struct span none = {NULL, 0};
        send_flags(t, from, wall_ns, FLAG_FIN | FLAG_ACK, comment);
        send_flags(t, other(from), wall_ns, FLAG_FIN | FLAG_ACK, none);
        send_flags(t, from, wall_ns, FLAG_ACK, none);
}
