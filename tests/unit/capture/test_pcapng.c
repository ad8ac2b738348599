#include "base/utf8.h"
#include "capture/session_pcap.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define WHEN_NS 1767323045678901234ULL
#define SECRET  "hunter2"

enum { FILE_MAX = 1 << 20, PACKETS_MAX = 64 };

static uint8_t file[FILE_MAX];
static size_t file_len;
static size_t file_room;

static bool put(void *arg, struct span bytes)
{
        unsigned *calls = arg;
        ++*calls;
        if (bytes.len > file_room - file_len) {
                return false;
        }
        memcpy(file + file_len, bytes.data, bytes.len);
        file_len += bytes.len;
        return true;
}

static unsigned calls;

static struct pcapng begin_file(size_t room)
{
        calls = 0;
        file_len = 0;
        file_room = room;
        return (struct pcapng){.put = put, .arg = &calls};
}

/* --- a reader ---------------------------------------------------------------------------------------------------------- */

/** A segment of the file. */
struct seen {
        bool from_server;
        uint64_t wall_ns;
        uint32_t seq;
        uint32_t ack;
        uint8_t flags;
        size_t length; /* of the payload on the network */
        struct span payload;
        struct span comment;
};

static struct seen seen[PACKETS_MAX];
static size_t n_seen;
static uint64_t n_dropped;

static uint32_t u32(const uint8_t *at)
{
        uint32_t n;
        memcpy(&n, at, sizeof n);
        return n;
}

static uint16_t u16(const uint8_t *at)
{
        uint16_t n;
        memcpy(&n, at, sizeof n);
        return n;
}

static uint32_t big(const uint8_t *at, unsigned n)
{
        uint32_t value = 0;
        for (unsigned i = 0; i < n; i++) {
                value = value << 8 | at[i];
        }
        return value;
}

static unsigned sum16(struct span s, uint32_t sum)
{
        for (size_t i = 0; i < s.len; i++) {
                sum += (uint32_t)s.data[i] << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
                sum = (sum & 0xffff) + (sum >> 16);
        }
        return sum;
}

/** The value of the first option with @p code. */
static struct span option(const uint8_t *at, const uint8_t *end, unsigned code)
{
        while (at < end) {
                unsigned len = u16(at + 2);
                if (u16(at) == code) {
                        return span_of(at + 4, len);
                }
                at += 4 + ((len + 3) & ~3U);
        }
        CU_ASSERT_PTR_EQUAL(at, end);
        return (struct span){NULL, 0};
}

static void read_packet(const uint8_t *block, const uint8_t *end)
{
        uint32_t captured = u32(block + 20);
        uint32_t length = u32(block + 24);
        const uint8_t *ip = block + 28;
        CU_ASSERT_EQUAL_FATAL(ip[0], 0x45);
        CU_ASSERT_EQUAL(big(ip + 2, 2), length);
        CU_ASSERT_TRUE(captured <= length && captured >= 40);
        CU_ASSERT_EQUAL(sum16(span_of(ip, 20), 0), 0xffff);
        const uint8_t *tcp = ip + 20;
        if (captured == length) {
                uint32_t pseudo = sum16(span_of(ip + 12, 8), 6 + length - 20);
                CU_ASSERT_EQUAL(sum16(span_of(tcp, captured - 20), pseudo), 0xffff);
        }
        CU_ASSERT_TRUE_FATAL(n_seen < PACKETS_MAX);
        seen[n_seen++] = (struct seen){
            .from_server = big(tcp, 2) == 3306,
            .wall_ns = (uint64_t)u32(block + 12) << 32 | u32(block + 16),
            .seq = big(tcp + 4, 4),
            .ack = big(tcp + 8, 4),
            .flags = tcp[13],
            .length = length - 40,
            .payload = span_of(tcp + 20, captured - 40),
            .comment = option(ip + ((captured + 3) & ~3U), end - 4, 1),
        };
}

/** Read the file that was written; each block and option has to be whole. */
static void read_file(void)
{
        const uint8_t *at = file;
        n_seen = 0;
        n_dropped = 0;
        while (at < file + file_len) {
                uint32_t length = u32(at + 4);
                CU_ASSERT_EQUAL_FATAL(length % 4, 0);
                CU_ASSERT_TRUE_FATAL(length >= 12 && length <= (size_t)(file + file_len - at));
                CU_ASSERT_EQUAL_FATAL(u32(at + length - 4), length);
                if (u32(at) == 6) {
                        read_packet(at, at + length);
                } else if (u32(at) == 5) {
                        struct span n = option(at + 20, at + length - 4, 5);
                        CU_ASSERT_EQUAL_FATAL(n.len, 8);
                        n_dropped += u32(n.data);
                }
                at += length;
        }
        for (size_t i = 0; i < n_seen; i++) {
                CU_ASSERT_TRUE(utf8_valid(seen[i].comment));
                CU_ASSERT_TRUE(seen[i].comment.len <= PCAPNG_TEXT_MAX);
        }
}

/** Does each segment begin where the one before it in its direction has ended, and acknowledge all of the other direction? */
static bool is_in_sequence(void)
{
        uint32_t next[2] = {0, 0};
        for (size_t i = 0; i < n_seen; i++) {
                const struct seen *p = &seen[i];
                bool syn = (p->flags & 2) != 0;
                if ((!syn && p->seq != next[p->from_server]) ||
                    ((p->flags & 16) != 0 && p->ack != next[!p->from_server])) {
                        printf("# packet %zu is out of sequence\n", i);
                        return false;
                }
                next[p->from_server] = p->seq + (uint32_t)p->length + ((p->flags & 3) != 0 ? 1 : 0);
        }
        return true;
}

static bool has(struct span text, const char *part)
{
        return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* --- a session ------------------------------------------------------------------------------------------------------------ */

static struct session_pcap session;
static struct pcapng out;

static void begin_session(uint64_t capabilities, uint64_t lost)
{
        const struct session_pcap_info info = {.conn_id = 7,
                                               .capabilities = capabilities,
                                               .client_addr = span_str("192.0.2.1:40000"),
                                               .listen_addr = span_str("127.0.0.1:3307"),
                                               .remote_addr = span_str("db.example:3306"),
                                               .username = span_str("app"),
                                               .database = span_str("shop"),
                                               .mode = {.version = 80400}};
        out = begin_file(FILE_MAX);
        pcapng_section(&out, span_str("querytap"));
        pcapng_interface(&out, span_str("querytap"), span_str("127.0.0.1:3307"));
        session_pcap_begin(&session, &out, &info, lost);
}

static void add(enum side from, uint8_t seq, enum packet_kind kind, struct span head, size_t length)
{
        const struct capture_packet p = {.wall_ns = WHEN_NS,
                                         .packet = {.from = from,
                                                    .seq = seq,
                                                    .length = (uint32_t)length,
                                                    .secret = head.data == NULL,
                                                    .kind = kind,
                                                    .head = head}};
        session_pcap_packet(&session, &p);
}

static void add_whole(enum side from, uint8_t seq, enum packet_kind kind, const char *text)
{
        add(from, seq, kind, span_str(text), strlen(text));
}

static const uint8_t login_ok[] = {0, 0, 0, 2, 0, 0, 0};

/** The login of a session with TLS and compression, as the recorder has it. */
static void add_login(void)
{
        const struct span hidden = {NULL, 0};
        add(SIDE_SERVER, 0, PACKET_GREETING, hidden, 90);
        add(SIDE_CLIENT, 1, PACKET_SSL_REQUEST, span_of(login_ok, 4), 32);
        add(SIDE_CLIENT, 2, PACKET_LOGIN, hidden, 120);
        add(SIDE_SERVER, 3, PACKET_AUTH_SWITCH, hidden, 44);
        add(SIDE_CLIENT, 4, PACKET_AUTH_DATA, hidden, 20);
        add(SIDE_SERVER, 5, PACKET_OK, span_of(login_ok, sizeof login_ok), sizeof login_ok);
}

static void a_session_is_a_tcp_connection(void)
{
        begin_session(CAP_SSL | CAP_COMPRESS | CAP_DEPRECATE_EOF | CAP_PLUGIN_AUTH, 0);
        add_login();
        add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), "\3SELECT 1");
        add_whole(SIDE_SERVER, 1, PACKET_COLUMN_COUNT, "\1");
        session_pcap_end(&session, WHEN_NS + 1, false);
        CU_ASSERT_FALSE(out.failed);
        read_file();
        CU_ASSERT_EQUAL_FATAL(n_seen, 11);
        CU_ASSERT_TRUE(is_in_sequence());
        CU_ASSERT_EQUAL(seen[0].flags, 2);
        CU_ASSERT_EQUAL(seen[1].flags, 2 | 16);
        CU_ASSERT_TRUE(has(seen[0].comment, "client 192.0.2.1:40000"));
        CU_ASSERT_TRUE(has(seen[0].comment, "server db.example:3306"));
        CU_ASSERT_EQUAL(seen[0].wall_ns, WHEN_NS);

        CU_ASSERT_TRUE(seen[3].from_server);
        CU_ASSERT_TRUE(has(seen[3].payload, "8.4.0"));
        const uint8_t *login = seen[4].payload.data;
        CU_ASSERT_EQUAL(login[3], 1); /* the sequence number, without an SSLRequest */
        CU_ASSERT_EQUAL(u32(login + 4) & (CAP_SSL | CAP_COMPRESS | CAP_PLUGIN_AUTH), 0);
        CU_ASSERT_TRUE((u32(login + 4) & CAP_DEPRECATE_EOF) != 0);
        CU_ASSERT_TRUE(has(seen[4].payload, "app") && has(seen[4].payload, "shop"));
        CU_ASSERT_TRUE(span_equal(seen[5].payload, span_of("\7\0\0\2\0\0\0\2\0\0\0", 11)));

        CU_ASSERT_TRUE(span_equal(seen[6].payload, span_of("\11\0\0\0\3SELECT 1", 13)));
        CU_ASSERT_TRUE(has(seen[6].comment, "#7 COM_QUERY digest "));
        CU_ASSERT_TRUE(has(seen[6].comment, " SELECT 1"));
        CU_ASSERT_TRUE(span_equal(seen[7].comment, span_str("#7 column count")));
        CU_ASSERT_EQUAL(seen[8].flags, 1 | 16);
        CU_ASSERT_EQUAL(seen[8].wall_ns, WHEN_NS + 1);
}

static void a_session_without_its_login_gets_one(void)
{
        begin_session(CAP_DEPRECATE_EOF, 3);
        add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), "\3SELECT 1");
        session_pcap_lost(&session, WHEN_NS, 12);
        add_whole(SIDE_SERVER, 1, PACKET_COLUMN_COUNT, "\1");
        session_pcap_end(&session, WHEN_NS, true);
        read_file();
        CU_ASSERT_EQUAL_FATAL(n_seen, 9);
        CU_ASSERT_TRUE(has(seen[3].payload, "8.4.0"));
        CU_ASSERT_TRUE(span_equal(seen[5].payload, span_of("\7\0\0\2\0\0\0\2\0\0\0", 11)));
        CU_ASSERT_TRUE(seen[6].seq > seen[4].seq + seen[4].length); /* what was lost, visibly */
        CU_ASSERT_EQUAL(n_dropped, 3 + 12);
        CU_ASSERT_EQUAL(seen[8].flags, 4 | 16);
        add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), "\3SELECT 1");
        read_file();
        CU_ASSERT_EQUAL(n_seen, 9); /* nothing follows the end */
}

static void a_refused_connection_has_no_login(void)
{
        begin_session(0, 0);
        add_whole(SIDE_SERVER, 0, PACKET_ERR, "\xff\x10\x04Too many connections");
        read_file();
        CU_ASSERT_EQUAL_FATAL(n_seen, 4);
        CU_ASSERT_EQUAL(seen[3].payload.data[3], 0);
}

static void long_packets_are_several_segments(void)
{
        static uint8_t bytes[150000];
        memset(bytes, 'x', sizeof bytes);
        for (size_t kept = 256; kept <= sizeof bytes; kept += sizeof bytes - 256) {
                begin_session(0, 3);
                add(SIDE_SERVER, 1, PACKET_ROW, span_of(bytes, kept), sizeof bytes);
                add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_PING), "\16");
                read_file();
                CU_ASSERT_EQUAL_FATAL(n_seen, 10);
                size_t captured = 0;
                size_t length = 0;
                for (size_t i = 6; i < 9; i++) {
                        CU_ASSERT_TRUE(seen[i].length <= 65535 - 40);
                        captured += seen[i].payload.len;
                        length += seen[i].length;
                }
                CU_ASSERT_EQUAL(captured, 4 + kept);
                CU_ASSERT_EQUAL(length, 4 + sizeof bytes);
                CU_ASSERT_EQUAL(seen[9].ack, seen[6].seq + 4 + sizeof bytes);
        }
}

static void what_is_hidden_is_not_written(void)
{
        begin_session(CAP_QUERY_ATTRIBUTES, 3);
        const struct span hidden = {NULL, 0};
        add(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), hidden, 40);
        add(SIDE_CLIENT, 0, packet_kind_of(COM_STMT_PREPARE), hidden, 2);
        add(SIDE_CLIENT, 0, packet_kind_of(COM_CHANGE_USER), hidden, 50);
        add(SIDE_SERVER, 1, PACKET_ROW, hidden, 30);
        const struct capture_packet secret = {
            .packet = {.secret = true, .length = 7, .kind = PACKET_ROW, .head = span_str(SECRET)}};
        session_pcap_packet(&session, &secret); /* even if somebody handed it over */
        const struct capture_packet redacted = {.packet = {.redacted = true,
                                                           .length = 17,
                                                           .kind = packet_kind_of(COM_STMT_EXECUTE),
                                                           .head = span_of("\x17\1\0\0\0", 5)}};
        session_pcap_packet(&session, &redacted);
        read_file();
        CU_ASSERT_EQUAL_FATAL(n_seen, 12);
        CU_ASSERT_TRUE(span_equal(seen[6].payload,
                                  span_of("\x28\0\0\0\3\0\1*************************************", 44)));
        CU_ASSERT_TRUE(span_equal(seen[7].payload, span_of("\2\0\0\0\x16*", 6)));
        const size_t lengths[] = {54, 34, 11, 21};
        const size_t kept[] = {5, 4, 4, 9};
        for (size_t i = 0; i < 4; i++) {
                CU_ASSERT_EQUAL(seen[8 + i].length, lengths[i]);
                CU_ASSERT_EQUAL(seen[8 + i].payload.len, kept[i]);
        }
        CU_ASSERT_TRUE(has(seen[6].comment, "may contain a password"));
        CU_ASSERT_TRUE(has(seen[11].comment, "redacted"));
        CU_ASSERT_FALSE(has(span_of(file, file_len), SECRET));
}

static void comments_are_short_and_valid(void)
{
        static const char smile[] = "\xf0\x9f\x98\x80";
        static char text[100000];
        for (unsigned n = 0; n < 300; n++) {
                begin_session(0, 3);
                for (size_t i = 0; i < sizeof text; i++) {
                        text[i] = n % 3 == 0 ? (char)tap_random_below(256) : smile[(i + n) % 4];
                }
                text[0] = COM_QUERY;
                size_t len = n < 200 ? n : tap_random_below(sizeof text);
                add(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), span_of(text, len), len + n % 2);
                read_file(); /* checks them */
        }
        struct pcapng f = begin_file(FILE_MAX);
        memset(text, 'x', 3000);
        memcpy(text + PCAPNG_TEXT_MAX - 1, "\xc3\xa9", 2);
        const struct pcapng_packet p = {.headers = span_of(login_ok, 7), .comment = span_of(text, 3000)};
        pcapng_packet(&f, &p);
        CU_ASSERT_EQUAL(u16(file + 28 + 8 + 2), PCAPNG_TEXT_MAX - 1); /* cut between two characters */
}

static void a_packet_that_was_cut_off_has_the_length_that_came(void)
{
        begin_session(0, 3);
        const struct capture_packet p = {
            .packet = {.cut_off = true, .length = 1000, .kind = PACKET_CUT_OFF, .head = span_str("\3SEL")}};
        session_pcap_packet(&session, &p);
        read_file();
        CU_ASSERT_EQUAL(seen[6].length, 8);
}

static void addresses_are_read(void)
{
        struct tcp_end end;
        CU_ASSERT_TRUE(tcp_end_read(&end, span_str("10.1.2.3:65535")));
        CU_ASSERT_TRUE(!end.is_v6 && end.port == 65535 && end.ip[12] == 10 && end.ip[15] == 3);
        CU_ASSERT_TRUE(tcp_end_read(&end, span_str("[2001:db8::1]:1")));
        CU_ASSERT_TRUE(end.is_v6 && end.port == 1 && end.ip[0] == 0x20 && end.ip[15] == 1);
        static const char *const wrong[] = {
            "",        ":",        ":1",         "1.2.3.4",     "1.2.3.4:",
            "[]:1",    "[:1",      "]:1",        "host:3306",   "1.2.3.4:65536",
            "1.2.3:1", "[1.2.3:1", "1.2.3.4:1x", "unix:/a:3306"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                CU_ASSERT_FALSE(tcp_end_read(&end, span_str(wrong[i])));
        }
        struct tcp_stream t;
        struct pcapng f = begin_file(FILE_MAX);
        struct tcp_end v4;
        CU_ASSERT_TRUE(tcp_end_read(&v4, span_str("10.1.2.3:4")));
        CU_ASSERT_TRUE(tcp_end_read(&end, span_str("[::1]:3306")));
        tcp_stream_open(&t, &f, &v4, &end, WHEN_NS, span_of(NULL, 0));
        CU_ASSERT_EQUAL(file[28], 0x60);
        CU_ASSERT_TRUE(memcmp(file + 28 + 8 + 10, "\xff\xff\12\1\2\3", 6) == 0);
        CU_ASSERT_EQUAL(u32(file + 24), 60);
}

static void nothing_follows_a_failure(void)
{
        begin_session(0, 3);
        out = begin_file(file_len / 2);
        pcapng_section(&out, span_str("querytap"));
        add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), "\3SELECT 1");
        CU_ASSERT_TRUE(out.failed);
        unsigned before = calls;
        add_whole(SIDE_CLIENT, 0, packet_kind_of(COM_QUERY), "\3SELECT 1");
        CU_ASSERT_EQUAL(calls, before);
}

static const struct tap_test tests[] = {
    {"a session is a TCP connection with a login that can be read", a_session_is_a_tcp_connection},
    {"a session without its login gets one, and what is lost is a gap", a_session_without_its_login_gets_one},
    {"a refused connection has no login", a_refused_connection_has_no_login},
    {"long packets are several segments, with their true length", long_packets_are_several_segments},
    {"what is hidden is not written", what_is_hidden_is_not_written},
    {"comments are short and valid UTF-8", comments_are_short_and_valid},
    {"a packet that was cut off has the length that came",
     a_packet_that_was_cut_off_has_the_length_that_came},
    {"addresses are read", addresses_are_read},
    {"nothing follows a failure", nothing_follows_a_failure},
};

int main(void)
{
        return TAP_RUN("pcapng", tests);
}
