/* Headers of the PROXY protocol and what becomes of each. */
#include "proxy/net/address.h"
#include "proxy/net/proxy_protocol.h"
#include "tap.h"

#include <stdio.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\12\1\2\3\12\0\0\1\x13\x88\x0c\xea" /* 10.1.2.3:5000 to 10.0.0.1:3306 */
#define V6                                                                                                   \
        "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"                                                              \
        "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x13\x88\x0c\xea"
#define BYTES(TEXT) (TEXT), sizeof(TEXT) - 1

static const char unix_addresses[216];

/* The source is NULL if there is none; the rest of a header is what follows it. */
static const struct {
        const char *bytes;
        size_t len;
        enum proxy_protocol_step step;
        const char *source;
        const char *error; /* a part of it */
        size_t rest;       /* bytes behind the header */
} headers[] = {
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_HEADER, "10.1.2.3:5000", NULL, 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306\r\nmore"), PROXY_PROTOCOL_HEADER, "10.1.2.3:5000", NULL,
     4},
    {BYTES("PROXY TCP6 2001:db8::7 2001:db8::1 5000 3306\r\n"), PROXY_PROTOCOL_HEADER, "[2001:db8::7]:5000",
     NULL, 0},
    {BYTES("PROXY UNKNOWN\r\n"), PROXY_PROTOCOL_HEADER, NULL, NULL, 0},
    {BYTES("PROXY UNKNOWN ffff::1 whatever this is 1 2\r\n"), PROXY_PROTOCOL_HEADER, NULL, NULL, 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306"), PROXY_PROTOCOL_MORE, NULL, NULL, 0},
    {BYTES("PRO"), PROXY_PROTOCOL_MORE, NULL, NULL, 0},
    {BYTES(""), PROXY_PROTOCOL_MORE, NULL, NULL, 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306\n"), PROXY_PROTOCOL_WRONG, NULL, "CRLF", 0},
    {BYTES("PROXY TCP4 10.1.2.3\0 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "CRLF", 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 65536 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 05000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP4 10.1.2.3  10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306 \r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP4 10.1.2.300 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY TCP6 10.1.2.3 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "address or port", 0},
    {BYTES("PROXY UDP4 10.1.2.3 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "TCP4", 0},
    {BYTES("PROXY \r\n"), PROXY_PROTOCOL_WRONG, NULL, "TCP4", 0},
    {BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306                                                           "
           "   "
           "         \r\n"),
     PROXY_PROTOCOL_WRONG, NULL, "too long", 0},
    {BYTES("proxy TCP4 10.1.2.3 10.0.0.1 5000 3306\r\n"), PROXY_PROTOCOL_WRONG, NULL, "no PROXY header", 0},
    {BYTES("\x20\0\0\1\x85\xa6\xff"), PROXY_PROTOCOL_WRONG, NULL, "no PROXY header", 0}, /* a login */
    {BYTES(SIGNATURE "\x21\x11\0\14" V4), PROXY_PROTOCOL_HEADER, "10.1.2.3:5000", NULL, 0},
    {BYTES(SIGNATURE "\x21\x11\0\14" V4 "\x20"), PROXY_PROTOCOL_HEADER, "10.1.2.3:5000", NULL, 1},
    {BYTES(SIGNATURE "\x21\x21\0\44" V6), PROXY_PROTOCOL_HEADER, "[2001:db8::7]:5000", NULL, 0},
    {BYTES(SIGNATURE "\x20\0\0\0"), PROXY_PROTOCOL_HEADER, NULL, NULL, 0},       /* LOCAL */
    {BYTES(SIGNATURE "\x20\x11\0\14" V4), PROXY_PROTOCOL_HEADER, NULL, NULL, 0}, /* LOCAL, with addresses */
    {BYTES(SIGNATURE "\x21\0\0\0"), PROXY_PROTOCOL_HEADER, NULL, NULL, 0},       /* no address */
    {BYTES(SIGNATURE "\x21\x12\0\14" V4), PROXY_PROTOCOL_HEADER, NULL, NULL, 0}, /* a datagram */
    {BYTES(SIGNATURE "\x21\x11\0\24" V4 "\4\0\1x\x20\0\1y"), PROXY_PROTOCOL_HEADER, "10.1.2.3:5000", NULL, 0},
    {BYTES(SIGNATURE "\x21\x11\0\17" V4 "\4\0\1"), PROXY_PROTOCOL_WRONG, NULL, "entry", 0}, /* cut */
    {BYTES(SIGNATURE "\x21\x11\0\16" V4 "\4\0"), PROXY_PROTOCOL_WRONG, NULL, "entry", 0},
    {BYTES(SIGNATURE "\x21\x11\0\23" V4 "\3\0\4\1\2\3\4"), PROXY_PROTOCOL_WRONG, NULL, "checksum", 0},
    {BYTES(SIGNATURE "\x21\x11\0\22" V4 "\3\0\3\1\2\3"), PROXY_PROTOCOL_WRONG, NULL, "checksum", 0},
    {BYTES(SIGNATURE "\x21\x11\0\13"
                     "12345678901"),
     PROXY_PROTOCOL_WRONG, NULL, "too short", 0},
    {BYTES(SIGNATURE "\x11\x11\0\14" V4), PROXY_PROTOCOL_WRONG, NULL, "version or command", 0},
    {BYTES(SIGNATURE "\x22"), PROXY_PROTOCOL_WRONG, NULL, "version or command", 0},
    {BYTES(SIGNATURE "\x21\x41\0\14" V4), PROXY_PROTOCOL_WRONG, NULL, "family", 0},
    {BYTES(SIGNATURE "\x21\x13\0\14" V4), PROXY_PROTOCOL_WRONG, NULL, "family", 0},
    {BYTES(SIGNATURE "\x21\x11\xff\xff"), PROXY_PROTOCOL_WRONG, NULL, "too long", 0},
    {BYTES(SIGNATURE "\x21\x11\0\14"
                     "1234"),
     PROXY_PROTOCOL_MORE, NULL, NULL, 0},
    {BYTES("\r\n\r\n\0\r\nQUIT"), PROXY_PROTOCOL_MORE, NULL, NULL, 0},
    {BYTES("\r\n\r\n\0\r\nQUIET"), PROXY_PROTOCOL_WRONG, NULL, "no PROXY header", 0},
};

static void each_header_has_its_outcome(void)
{
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
                struct proxy_protocol p;
                char text[ADDRESS_TEXT_MAX] = "";
                enum proxy_protocol_step step =
                    proxy_protocol_read(span_of(headers[i].bytes, headers[i].len), &p);
                bool is_right = step == headers[i].step;
                if (is_right && step == PROXY_PROTOCOL_HEADER) {
                        if (p.has_source) {
                                address_format(&p.source, p.source_len, text);
                        }
                        is_right = p.len + headers[i].rest == headers[i].len &&
                                   strcmp(text, headers[i].source != NULL ? headers[i].source : "") == 0;
                } else if (is_right && step == PROXY_PROTOCOL_WRONG) {
                        is_right = strstr(p.error, headers[i].error) != NULL;
                }
                if (!is_right) {
                        printf("# header %zu: step %d, %s%s\n", i, (int)step, text,
                               step == PROXY_PROTOCOL_WRONG ? p.error : "");
                        CU_FAIL("another outcome");
                }
        }
}

/** However a header is split, all of its beginnings ask for more, until it is whole or wrong. */
static void a_header_may_come_in_pieces(void)
{
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
                struct proxy_protocol p;
                enum proxy_protocol_step step = PROXY_PROTOCOL_MORE;
                size_t n = 0;
                while (step == PROXY_PROTOCOL_MORE && n < headers[i].len) {
                        step = proxy_protocol_read(span_of(headers[i].bytes, ++n), &p);
                }
                CU_ASSERT_EQUAL(step, headers[i].step);
                CU_ASSERT_TRUE(step != PROXY_PROTOCOL_HEADER ||
                               (p.len == n && n + headers[i].rest == headers[i].len));
        }
}

static void addresses_of_unix_sockets_are_ignored(void)
{
        uint8_t bytes[16 + sizeof unix_addresses];
        struct proxy_protocol p;
        memcpy(bytes, SIGNATURE "\x21\x31\0\xd8", 16);
        memcpy(bytes + 16, unix_addresses, sizeof unix_addresses);
        CU_ASSERT_EQUAL(proxy_protocol_read(span_of(bytes, sizeof bytes), &p), PROXY_PROTOCOL_HEADER);
        CU_ASSERT_FALSE(p.has_source);
        CU_ASSERT_EQUAL(p.len, sizeof bytes);
}

/** The checksum is that of the header with zeros in its place: 16 bytes, the addresses, and the entry. */
static void a_right_checksum_is_accepted(void)
{
        uint8_t bytes[] = SIGNATURE "\x21\x11\0\23" V4 "\3\0\4\0\0\0\0";
        const size_t len = sizeof bytes - 1;
        struct proxy_protocol p;
        uint32_t crc = UINT32_MAX;
        for (size_t i = 0; i < len; i++) {
                crc ^= bytes[i];
                for (int bit = 0; bit < 8; bit++) {
                        crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
                }
        }
        crc = ~crc;
        for (size_t i = 0; i < 4; i++) {
                bytes[len - 1 - i] = (uint8_t)(crc >> 8 * i);
        }
        CU_ASSERT_EQUAL(proxy_protocol_read(span_of(bytes, len), &p), PROXY_PROTOCOL_HEADER);
        bytes[20] ^= 1;
        CU_ASSERT_EQUAL(proxy_protocol_read(span_of(bytes, len), &p), PROXY_PROTOCOL_WRONG);
}

static struct sockaddr_storage socket_address(const char *text)
{
        struct address address;
        struct sockaddr_storage out;
        socklen_t len;
        CU_ASSERT_EQUAL(address_parse(text, &address), STATUS_OK);
        CU_ASSERT_TRUE(address_numeric(&address, &out, &len));
        return out;
}

static void what_is_written_is_read(void)
{
        static const char *const pairs[][3] = {{"10.1.2.3:5000", "10.0.0.1:3306", "10.1.2.3:5000"},
                                               {"[2001:db8::7]:5000", "[::1]:3306", "[2001:db8::7]:5000"},
                                               {"[2001:db8::7]:5000", "10.0.0.1:3306", ""},
                                               {"unix:/tmp/a", "unix:/tmp/b", ""}};
        for (unsigned version = 1; version <= 2; version++) {
                for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
                        struct sockaddr_storage source = socket_address(pairs[i][0]);
                        struct sockaddr_storage destination = socket_address(pairs[i][1]);
                        char bytes[PROXY_PROTOCOL_WRITTEN_MAX];
                        char text[ADDRESS_TEXT_MAX] = "";
                        struct proxy_protocol p;
                        struct writer w = writer_over(bytes, sizeof bytes);
                        proxy_protocol_write(&w, version, &source, &destination);
                        CU_ASSERT_EQUAL(w.wanted, w.at);
                        CU_ASSERT_TRUE(proxy_protocol_begins(writer_span(&w)));
                        CU_ASSERT_EQUAL(proxy_protocol_read(writer_span(&w), &p), PROXY_PROTOCOL_HEADER);
                        CU_ASSERT_EQUAL(p.len, w.at);
                        if (p.has_source) {
                                address_format(&p.source, p.source_len, text);
                        }
                        CU_ASSERT_STRING_EQUAL(text, pairs[i][2]);
                        if (version ==
                            2) { /* HAProxy resets a connection with the command PROXY and no address */
                                CU_ASSERT_EQUAL(bytes[12], p.has_source ? 0x21 : 0x20);
                        }
                }
        }
}

static const struct tap_test tests[] = {
    {"each header has its outcome", each_header_has_its_outcome},
    {"a header may come in pieces", a_header_may_come_in_pieces},
    {"addresses of UNIX sockets are ignored", addresses_of_unix_sockets_are_ignored},
    {"a right checksum is accepted", a_right_checksum_is_accepted},
    {"what is written is read", what_is_written_is_read},
};

int main(void)
{
        return TAP_RUN("proxy protocol", tests);
}
