/* Captures to log records: what is recognised, what is lost, and what is said about it. */
#include "observe/command_head.h"
#include "observe/observer.h"
#include "packets.h"
#include "script.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct packets p;
static struct settings settings;
static char records[1 << 18];
static struct observer_counts counts;

/** Let an observer read the capture, with a log as JSON. @return the log. */
static const char *observe(void)
{
        char path[] = "/tmp/querytap-observe-XXXXXX";
        int fd = mkstemp(path);
        settings_defaults(&settings);
        settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK;
        settings.sinks[0].format = SETTINGS_FORMAT_JSON;
        (void)snprintf(settings.sinks[0].file, sizeof settings.sinks[0].file, "%s", path);
        const struct observer_config config = {
            .settings = &settings, .ports = {3306}, .n_ports = 1, .limits = {64, 1 << 20}};
        struct observer *o = NULL;
        struct capture_file f;
        struct captured packet;
        struct span in = packets_span(&p);
        records[0] = '\0';
        if (fd < 0 || observer_new(&config, &o) != STATUS_OK) {
                return records;
        }
        capture_file_init(&f);
        while (capture_file_next(&f, &in, &packet) == CAPTURE_PACKET) {
                observer_add(o, &packet);
        }
        observer_finish(o);
        counts = observer_counts(o);
        observer_free(o);
        capture_file_fini(&f);
        ssize_t n = read(fd, records, sizeof records - 1);
        records[n > 0 ? n : 0] = '\0';
        (void)close(fd);
        (void)unlink(path);
        return records;
}

/* --- sessions ------------------------------------------------------------------------------------------------------------------ */

static struct script s;
static size_t sent; /* bytes of the tape that are packets already */

/** What to do with the packets of a tape. */
enum fate { CAPTURED, LOST };

/** Each piece of the script's tape that is not in the capture yet becomes a segment. */
static void pass(enum fate client, enum fate server)
{
        struct reader r = reader_over(span_of(s.bytes + sent, s.len - sent));
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                struct span bytes = reader_take(&r, reader_u32(&r));
                if ((side == SIDE_CLIENT ? client : server) == CAPTURED) {
                        packets_send(&p, side, bytes);
                } else {
                        packets_lose(&p, side, bytes);
                }
        }
        sent = s.len;
}

static void begin(enum fate login)
{
        packets_open(&p, PACKETS_PCAP);
        script_open(&s, CAP_MYSQL | CAP_MULTI_STATEMENTS, 255);
        sent = 0;
        if (login == CAPTURED) {
                packets_syn(&p);
        }
        pass(login, login);
}

/** A COM_QUERY of one letter behind SELECT, and its result: one column, one row. */
static void query(char letter)
{
        char text[] = "\x03SELECT ?";
        text[8] = letter;
        script_send(&s, span_of(text, sizeof text - 1));
        script_answer(&s, SPAN("\1"));
        script_answer_column(&s, "a", 3, 0, 63);
        script_answer_eof(&s);
        script_answer(&s, SPAN("\1"
                               "5"));
        script_answer_eof(&s);
}

static void a_session_is_logged(void)
{
        begin(CAPTURED);
        query('x');
        pass(CAPTURED, CAPTURED);
        packets_fin(&p);
        const char *r = observe();
        CU_ASSERT_TRUE(script_has(r, "\"event\":\"connect\",\"conn_id\":1,\"client_addr\":\"10.0.0.1:40000\","
                                     "\"remote_addr\":\"10.0.0.2:3306\""));
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT x\""));
        CU_ASSERT_TRUE(script_has(r, "\"rows\":1"));
        CU_ASSERT_TRUE(script_has(r, "\"reason\":\"closed\""));
        CU_ASSERT_TRUE(script_has(r, "\"ts\":\"2023-11-14T22:13:20.001"));
        CU_ASSERT_EQUAL(script_count(r, "\"notice\""), 0);
        CU_ASSERT_EQUAL(script_count(r, "proxy_"), 0);
}

static void a_server_is_recognised_on_any_port(void)
{
        begin(CAPTURED);
        p = (struct packets){0};
        packets_open(&p, PACKETS_PCAP);
        p.port = 4711;
        packets_syn(&p);
        sent = 0;
        query('x');
        pass(CAPTURED, CAPTURED);
        CU_ASSERT_TRUE(script_has(observe(), "\"query\":\"SELECT x\""));
        packets_open(&p, PACKETS_PCAP);
        p.port = 80;
        packets_syn(&p);
        packets_send(&p, SIDE_CLIENT, SPAN("GET / HTTP/1.1\r\n\r\n"));
        packets_send(&p, SIDE_SERVER, SPAN("HTTP/1.1 200 OK\r\n\r\n"));
        packets_fin(&p);
        CU_ASSERT_STRING_EQUAL(observe(), "");
        CU_ASSERT_EQUAL(counts.sessions.others, 1);
        packets_open(&p, PACKETS_PCAP);
        p.port = 33060;
        packets_syn(&p);
        packets_send(&p, SIDE_SERVER, SPAN("\5\0\0\0\x0b\x08\5\x1a\0"));
        CU_ASSERT_STRING_EQUAL(observe(), "");
        CU_ASSERT_EQUAL(counts.sessions.x_protocol, 1);
}

static void a_session_is_followed_in_mid_stream(void)
{
        static const uint16_t ports[] = {3306, 4711}; /* the second one is not known to be a server's */
        for (int i = 0; i < 2; i++) {
                begin(LOST);
                p.port = ports[i];
                query('x');
                query('y');
                pass(CAPTURED, CAPTURED);
                const char *r = observe();
                CU_ASSERT_TRUE(script_has(
                    r, "\"reason\":\"the session is followed from here on, not from its beginning\""));
                CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT x\""));
                CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT y\""));
                CU_ASSERT_EQUAL(script_count(r, "\"rows\":1"), 2);
                CU_ASSERT_EQUAL(script_count(r, "\"lint\""), 0);
                CU_ASSERT_EQUAL(counts.sessions.joined, 1);
        }
}

/** What was agreed on at a login that was not captured shows in the packets. */
static void agreements_are_recognised(void)
{
        static const uint64_t agreed[] = {CAP_DEPRECATE_EOF | CAP_SESSION_TRACK, CAP_QUERY_ATTRIBUTES,
                                          CAP_MARIADB_CACHE_METADATA};
        for (size_t i = 0; i < sizeof agreed / sizeof agreed[0]; i++) {
                packets_open(&p, PACKETS_PCAP);
                script_open(&s, (i < 2 ? CAP_MYSQL : 0) | agreed[i], 255);
                sent = 0;
                pass(LOST, LOST);
                for (int n = 0; n < 2; n++) {
                        script_send(&s, i == 1 ? SPAN("\x03\0\1SELECT x") : SPAN("\x03SELECT x"));
                        script_answer(&s, i == 2 ? SPAN("\1\1") : SPAN("\1"));
                        script_answer_column(&s, "a", 3, 0, 63);
                        if (i != 0) {
                                script_answer_eof(&s);
                        }
                        script_answer(&s, SPAN("\1"
                                               "5"));
                        if (i == 0) {
                                script_answer(&s, SPAN("\xfe\0\0\2\0\0\0"));
                        } else {
                                script_answer_eof(&s);
                        }
                }
                if (i == 0) { /* an OK that reports the database */
                        script_send(&s, SPAN("\x03USE shop"));
                        script_answer(&s, SPAN("\0\0\0\2\x40\0\0\0\7\1\5\4shop"));
                }
                pass(CAPTURED, CAPTURED);
                const char *r = observe();
                CU_ASSERT_TRUE(i != 0 || script_has(r, "\"session_changes\":{\"schema\":\"shop\"}"));
                CU_ASSERT_EQUAL(script_count(r, "\"query\":\"SELECT x\""), 2);
                CU_ASSERT_EQUAL(script_count(r, "\"rows\":1"), 2);
                CU_ASSERT_EQUAL(script_count(r, "\"notice\""), 1);
        }
}

static void parameters_are_not_invented(void)
{
        begin(LOST);
        script_send(&s, SPAN("\x17\7\0\0\0\0\1\0\0\0\0\1\3\0\x2a\0\0\0"));
        script_answer_ok(&s);
        pass(CAPTURED, CAPTURED);
        const char *r = observe();
        CU_ASSERT_TRUE(script_has(r, "\"stmt_id\":7"));
        CU_ASSERT_EQUAL(script_count(r, "stmt_execute_values"), 0);
        CU_ASSERT_EQUAL(script_count(r, "stmt_prepare_query"), 0);
}

static void a_session_is_followed_again_after_a_loss(void)
{
        begin(CAPTURED);
        query('a');
        pass(CAPTURED, CAPTURED);
        query('b');
        pass(CAPTURED, LOST);
        query('c');
        pass(LOST, CAPTURED);
        query('d');
        pass(CAPTURED, CAPTURED);
        packets_fin(&p);
        const char *r = observe();
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT a\""));
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT b\""));
        CU_ASSERT_TRUE(script_has(r, "not followed to its end"));
        CU_ASSERT_EQUAL(script_count(r, "SELECT c"), 0);
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT d\""));
        CU_ASSERT_EQUAL(script_count(r, "\"rows\":1"), 2); /* of a and d: no reply is taken for another's */
        CU_ASSERT_TRUE(script_has(r, "bytes are missing in the capture"));
        CU_ASSERT_TRUE(script_has(r, "the session is followed again"));
        CU_ASSERT_EQUAL(counts.sessions.losses, 1);
}

static void a_long_statement_is_cut(void)
{
        begin(CAPTURED);
        p.snap = 80;
        script_send(&s, SPAN("\x03SELECT 'a text that is longer than what is captured of each packet'"));
        script_answer_ok(&s);
        pass(CAPTURED, CAPTURED);
        const char *r = observe();
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT 'a text that i\",\"query_length\":67"));
        CU_ASSERT_TRUE(script_has(r, "the text is cut: the rest was not captured"));
        CU_ASSERT_EQUAL(script_count(r, "\"notice\""), 0);
}

static void one_direction_has_commands(void)
{
        begin(CAPTURED);
        packets_open(&p, PACKETS_PCAP);
        sent = 0;
        query('a');
        query('b');
        pass(CAPTURED, LOST);
        const char *r = observe();
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT a\""));
        CU_ASSERT_TRUE(script_has(r, "\"query\":\"SELECT b\""));
        CU_ASSERT_EQUAL(script_count(r, "the reply was not captured"), 1);
        CU_ASSERT_EQUAL(script_count(r, "\"notice\""), 1);
        CU_ASSERT_EQUAL(counts.sessions.one_way, 1);
}

static void encryption_is_named_once(void)
{
        begin(CAPTURED);
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        struct reader r = reader_over(span_of(s.bytes, s.len));
        (void)reader_u8(&r);
        packets_send(&p, SIDE_SERVER, reader_take(&r, reader_u32(&r))); /* the greeting */
        packets_send(
            &p, SIDE_CLIENT,
            SPAN("\x20\0\0\1\x05\xae\xff\x01\0\0\0\1\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        for (int i = 0; i < 3; i++) {
                packets_send(&p, SIDE_CLIENT, SPAN("\x16\3\1\0\x05hello"));
                packets_send(&p, SIDE_SERVER, SPAN("\x16\3\3\0\x05hello"));
        }
        const char *log = observe();
        CU_ASSERT_EQUAL(script_count(log, "the session is encrypted"), 1);
        CU_ASSERT_EQUAL(counts.sessions.encrypted, 1);
}

/** @p n random bytes: whatever is captured, sessions end and nothing is read that is not there. */
static void any_capture_is_survived(void)
{
        for (int round = 0; round < 200; round++) {
                begin(round % 3 == 0 ? LOST : CAPTURED);
                for (int c = 'a'; c < 'h'; c++) {
                        query((char)c);
                        pass(tap_random_below(8) == 0 ? LOST : CAPTURED,
                             tap_random_below(8) == 0 ? LOST : CAPTURED);
                }
                for (uint64_t n = tap_random_below(5); n > 0; n--) {
                        p.bytes[24 + tap_random_below(p.len - 24)] = (uint8_t)tap_random();
                }
                (void)observe();
        }
}

static void heads_are_recognised(void)
{
        enum dissect_packing packing;
        CU_ASSERT_TRUE(head_is_command(SPAN("\x09\0\0\0\3SELECT 1"), 13, &packing));
        CU_ASSERT_TRUE(head_is_command(SPAN("\1\0\0\0\x0e\1\0\0\0\1"), 10, &packing)); /* two of them */
        CU_ASSERT_FALSE(head_is_command(SPAN("\x09\0\0\1\3SELECT 1"), 13, &packing));
        CU_ASSERT_FALSE(head_is_command(SPAN("\x09\0\0\0\3SELECT 12"), 14, &packing));
        CU_ASSERT_FALSE(head_is_command(SPAN("\x09\0\0\0\3\1ELECT 1"), 13, &packing));
        CU_ASSERT_FALSE(head_is_command(SPAN("\x09\0\0\0\x7fSELECT 1"), 13, &packing));
        CU_ASSERT_FALSE(head_is_command(SPAN("\1\0\0\0"), 4, &packing));
        CU_ASSERT_TRUE(head_is_command(SPAN("\5\0\0\0\0\0\0\1\0\0\0\x0e"), 12, &packing));
        CU_ASSERT_EQUAL(packing, DISSECT_ZLIB);
        CU_ASSERT_FALSE(head_is_greeting(SPAN("GET / HTTP/1.1\r\n\r\n"), 18));
#define CUT_GREETING "\x4a\0\0\0\n8.4.3\0\1\0\0\0abcdefgh\0\xff\xff"
        CU_ASSERT_TRUE(head_is_greeting(SPAN(CUT_GREETING), 0x4a + 4));
        CU_ASSERT_FALSE(head_is_greeting(SPAN(CUT_GREETING), 0x4a + 5)); /* something follows the packet */
        CU_ASSERT_FALSE(head_is_greeting(span_head(SPAN(CUT_GREETING), sizeof CUT_GREETING - 4), 0x4a + 4));
        CU_ASSERT_TRUE(head_is_tls(SPAN("\x17\3\3\0\x20xxxx")));
}

static const struct tap_test tests[] = {
    {"a session is logged as the proxy would", a_session_is_logged},
    {"a server is recognised on any port, and other protocols are left", a_server_is_recognised_on_any_port},
    {"a session is followed in mid-stream", a_session_is_followed_in_mid_stream},
    {"what was agreed on is recognised in mid-stream", agreements_are_recognised},
    {"parameters of unknown statements are not invented", parameters_are_not_invented},
    {"a session is followed again after a loss", a_session_is_followed_again_after_a_loss},
    {"a statement of which a part was captured", a_long_statement_is_cut},
    {"one direction has commands", one_direction_has_commands},
    {"encryption is named once", encryption_is_named_once},
    {"any capture is survived", any_capture_is_survived},
    {"heads of commands are recognised", heads_are_recognised},
};

int main(void)
{
        return TAP_RUN("observe", tests);
}
