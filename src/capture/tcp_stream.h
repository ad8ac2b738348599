/** @file tcp_stream.h  A TCP connection that is reconstructed for a capture file: IP and TCP headers around given bytes.
 *
 *      SYN, SYN ACK, ACK, then segments of at most 64 KB with the right sequence and acknowledgement numbers, and FIN or RST
 *
 * Bytes that are not there keep their place in the sequence: their segment is longer than what is captured of it. All segments are
 * acknowledged by the next one in the other direction. Checksums are right where all bytes are captured, else 0 (TCP).
 * Knows: headers.   Does not know: MySQL, sessions.
 * Threads: one owner.   Memory: allocates nothing. */
#ifndef CAPTURE_TCP_STREAM_H
#define CAPTURE_TCP_STREAM_H

#include "capture/pcapng.h"
#include "mysql/wire/side.h"

/** An address; an IPv4 address is in the last 4 bytes of ip. */
struct tcp_end {
        uint8_t ip[16];
        uint16_t port;
        bool is_v6;
};

/** Read "host:port" with a numeric host, or "[host]:port". @return false if @p text is anything else, such as a UNIX socket. */
bool tcp_end_read(struct tcp_end *end, struct span text);

enum { TCP_STREAM_HEAD = 64 /**< most bytes of the head that tcp_stream_send takes */ };

struct tcp_stream {
        struct pcapng *out;
        uint32_t interface;
        uint32_t next[2]; /**< sequence number of the next byte, by enum side */
        struct tcp_end ends[2];
};

/** Begin a connection between @p client and @p server at @p wall_ns. If only one of the two has an IPv6 address, the other one is
 *  written as an IPv4-mapped address. @p comment stands at the first packet. */
void tcp_stream_open(struct tcp_stream *t, struct pcapng *out, const struct tcp_end *client,
                     const struct tcp_end *server, uint64_t wall_ns, struct span comment);

/** Send @p head (at most TCP_STREAM_HEAD bytes) and @p rest, the beginning of @p length bytes. @p comment stands at their first packet. */
void tcp_stream_send(struct tcp_stream *t, enum side from, uint64_t wall_ns, struct span head,
                     struct span rest, size_t length, struct span comment);

/** An unknown number of bytes of both sides was not captured: their numbers move on, so that readers see a gap. */
void tcp_stream_skip(struct tcp_stream *t);

/** The side @p from closes the connection, in order or with a reset. */
void tcp_stream_close(struct tcp_stream *t, enum side from, uint64_t wall_ns, bool reset,
                      struct span comment);

#endif
