#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        LONG_PASSWORD = 1,
        CONNECT_WITH_DB = 8,
        LOCAL_FILES = 128,
        PROTOCOL_41 = 512,
        TRANSACTIONS = 8192,
        SECURE_CONNECTION = 32768,
        PLUGIN_AUTH = 1 << 19,
        LAST_PACKET = 9, /* EOF with its header */
};

void wire_fail(const char *what)
{
        (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
}

static void fill(struct wire *w, size_t wanted)
{
        if (w->at > 0) {
                memmove(w->room, w->room + w->at, w->len - w->at);
                w->len -= w->at;
                w->at = 0;
        }
        while (w->len < wanted) {
                ssize_t n = read(w->fd, w->room + w->len, WIRE_ROOM - w->len);
                if (n <= 0) {
                        wire_fail(n == 0 ? "the server closed" : "read");
                }
                w->len += (size_t)n;
        }
}

/** The next packet's payload length; its first byte is at room[at + 4]. */
static size_t next_header(struct wire *w)
{
        if (w->len - w->at < 5) {
                fill(w, 5);
        }
        const uint8_t *p = w->room + w->at;
        return p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}

static void skip(struct wire *w, size_t n)
{
        while (n > w->len - w->at) {
                n -= w->len - w->at;
                w->at = w->len;
                fill(w, 1);
        }
        w->at += n;
}

static void send_all(struct wire *w, const uint8_t *data, size_t n)
{
        while (n > 0) {
                ssize_t written = write(w->fd, data, n);
                if (written < 0) {
                        wire_fail("write");
                }
                data += written;
                n -= (size_t)written;
        }
}

static void send_packet(struct wire *w, uint8_t seq, uint8_t *packet, size_t payload)
{
        packet[0] = (uint8_t)payload;
        packet[1] = (uint8_t)(payload >> 8);
        packet[2] = (uint8_t)(payload >> 16);
        packet[3] = seq;
        send_all(w, packet, payload + 4);
}

/** SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))) */
static void scramble_password(const uint8_t scramble[20], const char *password,
                              uint8_t out[SHA_DIGEST_LENGTH])
{
        uint8_t once[SHA_DIGEST_LENGTH];
        uint8_t joined[20 + SHA_DIGEST_LENGTH];
        SHA1((const uint8_t *)password, strlen(password), once);
        memcpy(joined, scramble, 20);
        SHA1(once, sizeof once, joined + 20);
        SHA1(joined, sizeof joined, out);
        for (int i = 0; i < SHA_DIGEST_LENGTH; i++) {
                out[i] ^= once[i];
        }
}

static void expect_ok(struct wire *w)
{
        size_t n = next_header(w);
        fill(w, n + 4 < WIRE_ROOM ? n + 4 : WIRE_ROOM);
        if (w->room[w->at + 4] != 0) {
                (void)fprintf(stderr, "the server refused: %.*s\n", (int)(n > 9 ? n - 9 : 0),
                              (char *)w->room + w->at + 13);
                exit(1);
        }
        skip(w, n + 4);
}

void wire_login(struct wire *w, uint16_t port, uint8_t *room)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
        int on = 1;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        *w = (struct wire){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .room = room};
        if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&a, sizeof a) != 0) {
                wire_fail("connect");
        }
        (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        size_t n = next_header(w);
        fill(w, n + 4);
        const uint8_t *p = w->room + 4;
        const uint8_t *version_end = memchr(p, 0, n);
        if (p[0] != 10 || version_end == NULL || n - (size_t)(version_end - p) < 44) {
                (void)fprintf(stderr, "no greeting of a server\n");
                exit(1);
        }
        uint8_t scramble[20];
        memcpy(scramble, version_end + 5, 8);
        memcpy(scramble + 8, version_end + 32, 12);
        skip(w, n + 4);

        const uint32_t capabilities = LONG_PASSWORD | CONNECT_WITH_DB | LOCAL_FILES | PROTOCOL_41 |
                                      TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH;
        uint8_t packet[256] = {0};
        uint8_t *out = packet + 4;
        for (int i = 0; i < 4; i++) {
                out[i] = (uint8_t)(capabilities >> 8 * i);
        }
        out[7] = 1; /* packets up to 16 MiB */
        out[8] = 45;
        out += 32;
        memcpy(out, "pw", 3);
        out[3] = SHA_DIGEST_LENGTH;
        scramble_password(scramble, "secret", out + 4);
        out += 4 + SHA_DIGEST_LENGTH;
        memcpy(out, "shop", 5);
        memcpy(out + 5, "mysql_native_password", 22);
        send_packet(w, 1, packet, (size_t)(out + 27 - packet) - 4);
        expect_ok(w);
}

void wire_send(struct wire *w, uint8_t command, const char *text)
{
        uint8_t packet[4096];
        size_t n = strlen(text);
        if (n > sizeof packet - 5) {
                errno = E2BIG;
                wire_fail("query");
        }
        packet[4] = command;
        memcpy(packet + 5, text, n);
        send_packet(w, 0, packet, n + 1);
}

uint64_t wire_drain(struct wire *w)
{
        uint64_t bytes = 0;
        unsigned ends = 0;
        size_t packets = 0;
        for (size_t before = 0; ends < 2;) {
                size_t n = next_header(w);
                uint8_t first = w->room[w->at + 4];
                if (first == 0xff && packets++ == 0) {
                        fill(w, n + 4);
                        (void)fprintf(stderr, "the query failed: %.*s\n", (int)n - 9, (char *)w->room + 13);
                        exit(1);
                }
                if (packets++ == 0 && first == 0) {
                        ends = 2; /* OK: no result */
                } else if (first == 0xfe && n < LAST_PACKET && before < 0xffffff) {
                        ends++;
                }
                before = n;
                bytes += n + 4;
                skip(w, n + 4);
        }
        return bytes;
}

void wire_drain_bytes(struct wire *w, uint64_t bytes)
{
        size_t here = w->len - w->at;
        w->at = w->len;
        if (bytes < LAST_PACKET || here > bytes - LAST_PACKET) {
                w->at = w->len - here;
                (void)wire_drain(w);
                return;
        }
        bytes -= here + LAST_PACKET;
        while (bytes > 0) {
                ssize_t n = recv(w->fd, NULL, bytes < WIRE_ROOM ? (size_t)bytes : WIRE_ROOM, MSG_TRUNC);
                if (n <= 0) {
                        wire_fail("recv");
                }
                bytes -= (uint64_t)n;
        }
        if (next_header(w) != 5 || w->room[w->at + 4] != 0xfe) {
                (void)fprintf(stderr, "the result does not end where the first one did\n");
                exit(1);
        }
        skip(w, LAST_PACKET);
}

void wire_quit(struct wire *w)
{
        wire_send(w, 1, "");
        (void)close(w->fd);
}
