#include "proxy/net/proxy_protocol.h"

#include "base/reader.h"
#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* V1_MAX: with CRLF, but without the NUL that the document counts. */
enum { SIGNATURE_LEN = 12, V2_FIXED = 16, V1_MAX = 107, V4_BYTES = 12, V6_BYTES = 36, UNIX_BYTES = 216 };
enum { CRC_LEN = 4, TLV_HEAD = 3, TLV_CRC32C = 3 };

static const uint8_t signature[SIGNATURE_LEN + 1] = "\r\n\r\n\0\r\nQUIT\n";
static const char v1_word[] = "PROXY ";

static enum proxy_protocol_step wrong(struct proxy_protocol *out, const char *error)
{
        out->error = error;
        return PROXY_PROTOCOL_WRONG;
}

/** Does @p in begin with @p text, as far as it goes? */
static bool may_begin(struct span in, const void *text, size_t len)
{
        size_t n = in.len < len ? in.len : len;
        return n == 0 || memcmp(in.data, text, n) == 0;
}

/* --- version 1 ------------------------------------------------------------------------------------------------------ */

/** Take the next word of the line; a single space ends it, except for the last one. "" if there is none, or it does not fit. */
static void next_word(const char **at, bool is_last, char *out, size_t size)
{
        size_t len = strcspn(*at, " ");
        bool ends_well = is_last ? (*at)[len] == '\0' : (*at)[len] == ' ';
        out[0] = '\0';
        if (ends_well && len < size) {
                memcpy(out, *at, len);
                out[len] = '\0';
                *at += len + (is_last ? 0 : 1);
        }
}

/** A port from 0 to 65535, in decimal digits without leading zeros. */
static bool read_port(const char *text, uint16_t *out)
{
        unsigned value = 0;
        size_t len = strlen(text);
        if (len == 0 || len > 5 || (text[0] == '0' && len > 1)) {
                return false;
        }
        for (size_t i = 0; i < len; i++) {
                if (text[i] < '0' || text[i] > '9') {
                        return false;
                }
                value = value * 10 + (unsigned)(text[i] - '0');
        }
        *out = (uint16_t)value;
        return value <= UINT16_MAX;
}

/** Store the client's address @p host (network order), in @p family. */
static void set_source(struct proxy_protocol *out, int family, const void *host, uint16_t port)
{
        out->has_source = true;
        if (family == AF_INET) {
                struct sockaddr_in *v4 = (struct sockaddr_in *)&out->source;
                v4->sin_family = AF_INET;
                v4->sin_port = htons(port);
                memcpy(&v4->sin_addr, host, sizeof v4->sin_addr);
                out->source_len = sizeof *v4;
        } else {
                struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->source;
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(port);
                memcpy(&v6->sin6_addr, host, sizeof v6->sin6_addr);
                out->source_len = sizeof *v6;
        }
}

/** What follows "PROXY ", without the line's end. */
static enum proxy_protocol_step read_line(const char *line, struct proxy_protocol *out)
{
        char protocol[8];
        char hosts[2][INET6_ADDRSTRLEN];
        char ports[2][8];
        uint8_t bytes[2][sizeof(struct in6_addr)];
        uint16_t numbers[2];
        if (strcmp(line, "UNKNOWN") == 0 || strncmp(line, "UNKNOWN ", strlen("UNKNOWN ")) == 0) {
                return PROXY_PROTOCOL_HEADER; /* the rest is to be ignored */
        }
        next_word(&line, false, protocol, sizeof protocol);
        next_word(&line, false, hosts[0], sizeof hosts[0]);
        next_word(&line, false, hosts[1], sizeof hosts[1]);
        next_word(&line, false, ports[0], sizeof ports[0]);
        next_word(&line, true, ports[1], sizeof ports[1]);
        int family = strcmp(protocol, "TCP4") == 0 ? AF_INET : strcmp(protocol, "TCP6") == 0 ? AF_INET6 : 0;
        if (family == 0) {
                return wrong(out, "the PROXY header has neither TCP4, TCP6 nor UNKNOWN");
        }
        for (int i = 0; i < 2; i++) {
                if (inet_pton(family, hosts[i], bytes[i]) != 1 || !read_port(ports[i], &numbers[i])) {
                        return wrong(out, "the PROXY header has a wrong address or port");
                }
        }
        set_source(out, family, bytes[0], numbers[0]);
        return PROXY_PROTOCOL_HEADER;
}

static enum proxy_protocol_step read_v1(struct span in, struct proxy_protocol *out)
{
        char line[V1_MAX + 1];
        struct span head = span_head(in, V1_MAX);
        const uint8_t *end = memchr(head.data, '\n', head.len);
        if (end == NULL) {
                return in.len >= V1_MAX ? wrong(out, "the PROXY header of version 1 is too long")
                                        : PROXY_PROTOCOL_MORE;
        }
        size_t len = (size_t)(end - head.data);
        if (len < sizeof v1_word || head.data[len - 1] != '\r' || memchr(head.data, '\0', len) != NULL) {
                return wrong(out, "the line of the PROXY header does not end with CRLF");
        }
        memcpy(line, head.data, len - 1);
        line[len - 1] = '\0';
        out->len = len + 1;
        return read_line(line + sizeof v1_word - 1, out);
}

/* --- version 2 ------------------------------------------------------------------------------------------------------ */

/** CRC-32C (Castagnoli) of @p bytes, as if the CRC_LEN bytes from @p hole on were 0. */
static uint32_t crc32c(struct span bytes, size_t hole)
{
        enum { BITS = 8 };
        uint32_t crc = UINT32_MAX;
        for (size_t i = 0; i < bytes.len; i++) {
                crc ^= i >= hole && i < hole + CRC_LEN ? 0U : bytes.data[i];
                for (int bit = 0; bit < BITS; bit++) {
                        crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
                }
        }
        return ~crc;
}

static unsigned big_endian16(const uint8_t *at)
{
        return (unsigned)at[0] << 8 | at[1];
}

/** Check the entries behind the addresses: each must fit, and a checksum must be right. */
static const char *check_entries(struct span header, size_t at)
{
        while (at < header.len) {
                size_t left = header.len - at;
                size_t len = left >= TLV_HEAD ? big_endian16(header.data + at + 1) : 0;
                if (left < TLV_HEAD || len > left - TLV_HEAD) {
                        return "an entry of the PROXY header is longer than the header";
                }
                const uint8_t *value = header.data + at + TLV_HEAD;
                if (header.data[at] == TLV_CRC32C) {
                        uint32_t sent = len == CRC_LEN
                                            ? (uint32_t)big_endian16(value) << 16 | big_endian16(value + 2)
                                            : 0;
                        if (len != CRC_LEN || sent != crc32c(header, at + TLV_HEAD)) {
                                return "the checksum of the PROXY header is wrong";
                        }
                }
                at += TLV_HEAD + len;
        }
        return NULL;
}

/** @p header is whole. */
static enum proxy_protocol_step read_addresses(struct span header, struct proxy_protocol *out)
{
        enum { AT_COMMAND = 12, AT_FAMILY = 13, FAMILIES = 4, LOCAL = 0 };
        static const size_t sizes[FAMILIES] = {0, V4_BYTES, V6_BYTES, UNIX_BYTES};
        unsigned family = header.data[AT_FAMILY] >> 4;
        unsigned transport = header.data[AT_FAMILY] & 15U;
        const uint8_t *body = header.data + V2_FIXED;
        if (family >= FAMILIES || transport > 2) {
                return wrong(out, "the PROXY header has an unknown address family or transport");
        }
        if (header.len - V2_FIXED < sizes[family]) {
                return wrong(out, "the PROXY header is too short for its addresses");
        }
        const char *error = check_entries(header, V2_FIXED + sizes[family]);
        if (error != NULL) {
                return wrong(out, error);
        }
        if ((header.data[AT_COMMAND] & 15U) == LOCAL || transport != 1) {
                return PROXY_PROTOCOL_HEADER; /* the addresses are to be ignored */
        }
        if (family == 1) {
                set_source(out, AF_INET, body, (uint16_t)big_endian16(body + 8));
        } else if (family == 2) {
                set_source(out, AF_INET6, body, (uint16_t)big_endian16(body + 32));
        }
        return PROXY_PROTOCOL_HEADER;
}

static enum proxy_protocol_step read_v2(struct span in, struct proxy_protocol *out)
{
        enum { AT_VERSION = 12, AT_LEN = 14, VERSION = 2, COMMANDS = 2 };
        if (in.len > AT_VERSION &&
            (in.data[AT_VERSION] >> 4 != VERSION || (in.data[AT_VERSION] & 15U) >= COMMANDS)) {
                return wrong(out, "the PROXY header has an unknown version or command");
        }
        if (in.len < V2_FIXED) {
                return PROXY_PROTOCOL_MORE;
        }
        size_t len = V2_FIXED + big_endian16(in.data + AT_LEN);
        if (len > PROXY_PROTOCOL_MAX) {
                return wrong(out, "the PROXY header is too long");
        }
        if (in.len < len) {
                return PROXY_PROTOCOL_MORE;
        }
        out->len = len;
        return read_addresses(span_head(in, len), out);
}

enum proxy_protocol_step proxy_protocol_read(struct span in, struct proxy_protocol *out)
{
        *out = (struct proxy_protocol){.len = 0};
        if (in.len == 0) {
                return PROXY_PROTOCOL_MORE;
        }
        if (may_begin(in, v1_word, sizeof v1_word - 1)) {
                return in.len < sizeof v1_word - 1 ? PROXY_PROTOCOL_MORE : read_v1(in, out);
        }
        if (may_begin(in, signature, SIGNATURE_LEN)) {
                return in.len < SIGNATURE_LEN ? PROXY_PROTOCOL_MORE : read_v2(in, out);
        }
        return wrong(out, "there is no PROXY header");
}

bool proxy_protocol_begins(struct span in)
{
        return (in.len >= sizeof v1_word - 1 && may_begin(in, v1_word, sizeof v1_word - 1)) ||
               (in.len >= SIGNATURE_LEN && may_begin(in, signature, SIGNATURE_LEN));
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void write_v1(struct writer *w, const struct address_bytes *source, uint16_t source_port,
                     const struct address_bytes *destination, uint16_t destination_port)
{
        char text[INET6_ADDRSTRLEN] = "";
        int family = source->len == sizeof(struct in_addr) ? AF_INET : AF_INET6;
        if (source->len == 0) {
                writer_format(w, "PROXY UNKNOWN\r\n");
                return;
        }
        (void)inet_ntop(family, source->at, text, sizeof text);
        writer_format(w, "PROXY TCP%c %s ", family == AF_INET ? '4' : '6', text);
        (void)inet_ntop(family, destination->at, text, sizeof text);
        writer_format(w, "%s %u %u\r\n", text, source_port, destination_port);
}

static void put_big_endian16(struct writer *w, unsigned value)
{
        writer_uint(w, value >> 8, 1);
        writer_uint(w, value & 255U, 1);
}

void proxy_protocol_write(struct writer *w, unsigned version, const struct sockaddr_storage *source,
                          const struct sockaddr_storage *destination)
{
        enum { V2_LOCAL = 0x20, V2_PROXY = 0x21, TCP4 = 0x11, TCP6 = 0x21 };
        struct address_bytes from = address_bytes(source);
        struct address_bytes to = address_bytes(destination);
        from.len = from.len == to.len ? from.len : 0;
        if (version == 1) {
                write_v1(w, &from, address_port(source), &to, address_port(destination));
                return;
        }
        writer_bytes(w, signature, SIGNATURE_LEN);
        /* PROXY without an address is allowed, but HAProxy resets such a connection */
        writer_uint(w, from.len == 0 ? V2_LOCAL : V2_PROXY, 1);
        writer_uint(w, from.len == 0 ? 0U : from.len == sizeof(struct in_addr) ? TCP4 : TCP6, 1);
        put_big_endian16(w, from.len > 0 ? (unsigned)(2 * from.len + 4) : 0);
        if (from.len > 0) {
                writer_bytes(w, from.at, from.len);
                writer_bytes(w, to.at, from.len);
                put_big_endian16(w, address_port(source));
                put_big_endian16(w, address_port(destination));
        }
}
