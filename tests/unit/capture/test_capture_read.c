/* Capture files, segments, and flows. */
#include "capture/read/capture_file.h"
#include "capture/read/flows.h"
#include "capture/read/packet_text.h"
#include "packets.h"
#include "profile/heap/counts.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define S(literal) span_of("" literal, sizeof(literal) - 1)

/* --- what flows report, as text --------------------------------------------------------------------------------------------- */

static char story[65536];
static size_t told;
static bool keeps; /* what on_data answers */

static void tell(char mark, struct span text)
{
        int size = snprintf(story + told, sizeof story - told, "%c%.*s", mark, (int)text.len,
                            (const char *)text.data);
        told += (size_t)size < sizeof story - told ? (size_t)size : 0;
}

static void *on_begin(void *arg, struct flow *f, uint64_t time_ns)
{
        (void)f;
        (void)time_ns;
        return arg;
}

static bool on_data(void *user, enum flow_side from, struct span bytes, uint32_t length, uint64_t time_ns)
{
        (void)user;
        (void)time_ns;
        (void)length;
        tell(from == FLOW_FIRST ? '>' : '<', bytes);
        return keeps;
}

static bool on_gap(void *user, enum flow_side from, uint64_t n, uint64_t time_ns)
{
        (void)user;
        (void)time_ns;
        char text[32];
        (void)snprintf(text, sizeof text, "(%llu)", (unsigned long long)n);
        tell(from == FLOW_FIRST ? '>' : '<', span_str(text));
        return true;
}

static void on_end(void *user, enum flow_end how, uint64_t time_ns)
{
        static const char *const names[] = {[FLOW_CLOSED] = "closed",
                                            [FLOW_RESET] = "reset",
                                            [FLOW_REPLACED] = "replaced",
                                            [FLOW_DISCARDED] = "discarded",
                                            [FLOW_UNENDED] = "unended"};
        (void)user;
        (void)time_ns;
        tell('|', span_str(names[how]));
}

static struct flow_counts counts;
static enum capture_found found_last;
static uint64_t contents[CONTENT_COUNT];

/** Read @p file, in pieces of @p piece bytes, into flows with @p limits. */
static const char *read_with(struct span file, size_t piece, struct flow_limits limits)
{
        static int any;
        const struct flow_sink sink = {&any, on_begin, on_data, on_gap, on_end};
        struct flows *flows = NULL;
        struct capture_file f;
        size_t given = 0;
        told = 0;
        story[0] = '\0';
        memset(contents, 0, sizeof contents);
        capture_file_init(&f);
        if (flows_new(&limits, &sink, &flows) != STATUS_OK) {
                return "no memory";
        }
        struct span in = {file.data, 0};
        do {
                struct captured packet;
                size_t more = file.len - given < piece ? file.len - given : piece;
                given += more;
                in = span_of(in.data != NULL ? in.data : file.data + given - more, in.len + more);
                while ((found_last = capture_file_next(&f, &in, &packet)) == CAPTURE_PACKET) {
                        struct segment s;
                        enum packet_content content = packet_decode(&packet, &s);
                        contents[content]++;
                        if (content == CONTENT_TCP) {
                                flows_add(flows, &s, packet.time_ns);
                        }
                }
        } while (given < file.len && found_last == CAPTURE_MORE);
        flows_finish(flows);
        counts = flows_counts(flows);
        CU_ASSERT_EQUAL(flows_held(flows), 0);
        flows_free(flows);
        capture_file_fini(&f);
        return story;
}

static const char *read_story(const struct packets *p)
{
        static char whole[sizeof story];
        const struct flow_limits limits = {64, 1 << 20};
        keeps = true;
        (void)snprintf(whole, sizeof whole, "%s", read_with(packets_span(p), SIZE_MAX, limits));
        CU_ASSERT_STRING_EQUAL(read_with(packets_span(p), 7, limits), whole);
        return story;
}

static void expect(const struct packets *p, const char *want)
{
        const char *got = read_story(p);
        if (strcmp(got, want) != 0) {
                printf("# got:  %s\n# want: %s\n", got, want);
        }
        CU_ASSERT_STRING_EQUAL(got, want);
}

/* --- files ------------------------------------------------------------------------------------------------------------------- */

static struct packets p;

static void talk(void)
{
        packets_syn(&p);
        packets_send(&p, SIDE_SERVER, S("hello"));
        packets_send(&p, SIDE_CLIENT, S("ask"));
        packets_send(&p, SIDE_SERVER, S("answer"));
        packets_fin(&p);
}

static void each_format_is_read(void)
{
        for (enum packets_format format = PACKETS_PCAP; format <= PACKETS_PCAPNG; format++) {
                packets_open(&p, format);
                talk();
                expect(&p, "<hello>ask<answer|closed");
        }
}

static void each_link_type_is_read(void)
{
        static const uint32_t types[] = {0, 1, 101, 113, 276};
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
                for (int v6 = 0; v6 < 2; v6++) {
                        packets_open(&p, PACKETS_PCAP);
                        p.link_type = types[i];
                        memcpy(p.bytes + 20, &types[i], 4);
                        p.is_ipv6 = v6 == 1;
                        p.has_vlan = v6 == 1;
                        talk();
                        expect(&p, "<hello>ask<answer|closed");
                }
        }
}

static void a_cut_file_gives_what_is_whole(void)
{
        packets_open(&p, PACKETS_PCAPNG);
        talk();
        for (size_t cut = p.len; cut > 0; cut -= cut > 7 ? 7 : cut) {
                p.len = cut;
                (void)read_story(&p);
                CU_ASSERT_EQUAL(found_last, CAPTURE_MORE);
        }
}

static void impossible_lengths_are_damage(void)
{
        static const uint32_t lengths[] = {UINT32_MAX, 0x7fffffff, CAPTURE_FILE_RECORD_MAX + 1};
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                packets_open(&p, PACKETS_PCAP);
                talk();
                memcpy(p.bytes + p.last + 8, &lengths[i], 4);
                (void)read_story(&p);
                CU_ASSERT_EQUAL(found_last, CAPTURE_DAMAGED);
                packets_open(&p, PACKETS_PCAPNG);
                talk();
                memcpy(p.bytes + p.last + 4, &lengths[i], 4);
                (void)read_story(&p);
                CU_ASSERT_EQUAL(found_last, CAPTURE_DAMAGED);
                packets_open(&p, PACKETS_PCAPNG);
                talk();
                memcpy(p.bytes + p.last + 20, &lengths[i], 4);
                (void)read_story(&p);
                CU_ASSERT_EQUAL(found_last, CAPTURE_DAMAGED);
        }
        packets_open(&p, PACKETS_PCAP);
        talk();
        memset(p.bytes + p.last + 8, 0, 4); /* nothing was captured of the packet */
        p.len = p.last + 16;
        (void)read_story(&p);
        CU_ASSERT_EQUAL(contents[CONTENT_CUT], 1);
        CU_ASSERT_EQUAL(found_last, CAPTURE_MORE);
}

static void unknown_blocks_and_sections_are_skipped(void)
{
        static struct packets other;
        uint32_t block[5] = {0x0bad, 20, 1, 2, 20};
        packets_open(&p, PACKETS_PCAPNG);
        packets_syn(&p);
        packets_send(&p, SIDE_SERVER, S("hello"));
        memcpy(p.bytes + p.len, block, sizeof block);
        p.len += sizeof block;
        packets_open(&other, PACKETS_PCAPNG); /* a second section, with an interface of its own */
        memcpy(p.bytes + p.len, other.bytes, other.len);
        p.len += other.len;
        packets_send(&p, SIDE_CLIENT, S("ask"));
        expect(&p, "<hello>ask|unended");
}

/* --- the order of segments ----------------------------------------------------------------------------------------------------- */

static void copies_count_once(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_send(&p, SIDE_SERVER, S("hello"));
        packets_repeat(&p);
        packets_send(&p, SIDE_CLIENT, S("ask"));
        packets_repeat(&p);
        packets_segment(&p, SIDE_CLIENT, p.seq[0] - 3, p.seq[1], 16, S("askmore"));
        expect(&p, "<hello>ask>more|unended");
        CU_ASSERT_EQUAL(counts.duplicates, 2);
}

static void a_reply_waits_for_its_request(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_send(&p, SIDE_SERVER, S("hello"));
        packets_send(&p, SIDE_CLIENT, S("ask"));
        size_t before = p.last;
        packets_send(&p, SIDE_SERVER, S("answer"));
        packets_swap(&p, before);
        packets_send(&p, SIDE_CLIENT, S("thanks"));
        expect(&p, "<hello>ask<answer>thanks|unended");
        CU_ASSERT_EQUAL(counts.gaps, 0);
}

static void segments_are_put_in_order(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        p.seq[0] = UINT32_MAX - 4; /* and the numbers wrap around */
        packets_syn(&p);
        uint32_t at = p.seq[0];
        packets_segment(&p, SIDE_CLIENT, at + 6, p.seq[1], 16, S("78"));
        packets_segment(&p, SIDE_CLIENT, at + 3, p.seq[1], 16, S("456"));
        packets_segment(&p, SIDE_CLIENT, at + 2, p.seq[1], 16, S("xyzzy!!")); /* overlaps both, and differs */
        packets_segment(&p, SIDE_CLIENT, at, p.seq[1], 16, S("12"));
        expect(&p, ">12>x>456>78>!|unended");
        CU_ASSERT_EQUAL(counts.differing, 1);
}

static void missing_bytes_are_a_gap(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_send(&p, SIDE_CLIENT, S("ask"));
        packets_lose(&p, SIDE_SERVER, S("answer"));
        packets_send(&p, SIDE_CLIENT, S("again"));
        packets_send(&p, SIDE_SERVER, S("yes"));
        packets_fin(&p);
        expect(&p, ">ask<(6)>again<yes|closed");
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_lose(&p, SIDE_CLIENT, S("ask"));
        for (int i = 0; i < 100; i++) { /* and it is not waited for until the end */
                packets_send(&p, SIDE_SERVER, S("a"));
                CU_ASSERT_TRUE(i < 40 || strstr(read_story(&p), ">(3)<a") != NULL);
        }
}

static void one_direction_is_enough(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_send(&p, SIDE_CLIENT, S("a"));
        packets_lose(&p, SIDE_SERVER, S("12"));
        packets_send(&p, SIDE_CLIENT, S("b"));
        packets_lose(&p, SIDE_SERVER, S("345"));
        packets_send(&p, SIDE_CLIENT, S("c"));
        expect(&p, ">a<(2)>b<(3)>c|unended");
}

static void a_short_capture_length_leaves_gaps(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        p.snap = 60;
        packets_send(&p, SIDE_CLIENT, S("0123456789"));
        packets_send(&p, SIDE_SERVER, S("answer"));
        expect(&p, ">012345>(4)<answer|unended");
        CU_ASSERT_EQUAL(counts.cut_segments, 1);
}

static void ports_are_used_again(void)
{
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_send(&p, SIDE_CLIENT, S("one"));
        p.seq[0] += 70000000;
        p.seq[1] += 50000000;
        packets_syn(&p);
        packets_send(&p, SIDE_CLIENT, S("two"));
        packets_segment(&p, SIDE_SERVER, p.seq[1], 0, 4, (struct span){NULL, 0});
        packets_send(&p, SIDE_CLIENT, S("late"));
        expect(&p, ">one|replaced>two|reset");
}

static void the_number_of_flows_is_bounded(void)
{
        static struct packets one;
        const struct flow_limits limits = {16, 1 << 20};
        packets_open(&p, PACKETS_PCAP);
        packets_send(&p, SIDE_CLIENT, S("first"));
        for (uint16_t i = 0; i < 5000; i++) { /* connections that are never opened */
                p.client_port = (uint16_t)(1000 + i);
                packets_segment(&p, SIDE_CLIENT, 1, 0, 2, (struct span){NULL, 0});
        }
        keeps = true;
        one = p;
        CU_ASSERT_STRING_EQUAL(read_with(packets_span(&one), SIZE_MAX, limits), ">first|discarded");
        CU_ASSERT_EQUAL(counts.flows, 5001);
}

static void what_waits_is_bounded(void)
{
        const struct flow_limits limits = {16, 4096};
        static uint8_t bytes[1000];
        memset(bytes, 'x', sizeof bytes);
        packets_open(&p, PACKETS_PCAP);
        packets_syn(&p);
        packets_lose(&p, SIDE_CLIENT, S("ask"));
        for (int i = 0; i < 6; i++) {
                packets_send(&p, SIDE_CLIENT, span_of(bytes, sizeof bytes));
        }
        keeps = true;
        const char *got = read_with(packets_span(&p), SIZE_MAX, limits);
        CU_ASSERT_TRUE(strncmp(got, ">(3)>xxx", 8) == 0);
        CU_ASSERT_EQUAL(counts.gap_bytes, 3);
}

static void what_is_of_no_interest_is_left(void)
{
        const struct flow_limits limits = {16, 4096};
        packets_open(&p, PACKETS_PCAP);
        talk();
        keeps = false;
        CU_ASSERT_STRING_EQUAL(read_with(packets_span(&p), SIZE_MAX, limits), "<hello");
}

/* --- other packets ----------------------------------------------------------------------------------------------------------------- */

static void other_packets_are_named(void)
{
        enum { ETHERNET_HEADER = 14, FILE_HEADER = 16 };
        packets_open(&p, PACKETS_PCAP);
        packets_send(&p, SIDE_CLIENT, S("one"));
        uint8_t *ip = p.bytes + p.last + FILE_HEADER + ETHERNET_HEADER;
        ip[6] = 0x20; /* more fragments follow */
        packets_send(&p, SIDE_CLIENT, S("two"));
        p.bytes[p.last + FILE_HEADER + ETHERNET_HEADER + 9] = 47; /* GRE */
        packets_send(&p, SIDE_CLIENT, S("three"));
        p.bytes[p.last + FILE_HEADER + ETHERNET_HEADER + 3] =
            3; /* a length that is shorter than the header */
        packets_send(&p, SIDE_CLIENT, S("four"));
        p.bytes[p.last + FILE_HEADER + ETHERNET_HEADER + 32] =
            0xf0; /* a TCP header that is longer than the packet */
        packets_send(&p, SIDE_CLIENT, S("five"));
        p.bytes[p.last + FILE_HEADER + 12] = 8; /* ARP */
        p.bytes[p.last + FILE_HEADER + 13] = 6;
        expect(&p, "");
        CU_ASSERT_EQUAL(contents[CONTENT_FRAGMENT], 1);
        CU_ASSERT_EQUAL(contents[CONTENT_TUNNEL], 1);
        CU_ASSERT_EQUAL(contents[CONTENT_MALFORMED], 2);
        CU_ASSERT_EQUAL(contents[CONTENT_OTHER], 1);
}

/** The last packet of @p p as tcpdump prints it, from byte @p from on. */
static size_t print_packet(char *out, size_t room, size_t from, const char *time)
{
        enum { FILE_HEADER = 16 };
        size_t n = p.len - p.last - FILE_HEADER;
        const uint8_t *bytes = p.bytes + p.last + FILE_HEADER;
        size_t at =
            (size_t)snprintf(out, room, "%s IP 10.0.0.1.40000 > 10.0.0.2.3306: Flags [P.], length 1\n", time);
        for (size_t i = from; i < n && at < room; i += 16) {
                at += (size_t)snprintf(out + at, room - at, "\t0x%04zx:  ", i - from);
                for (size_t k = i; k < i + 16 && k < n; k++) {
                        at +=
                            (size_t)snprintf(out + at, room - at, "%02x%s", bytes[k], k % 2 == 1 ? " " : "");
                }
                at += (size_t)snprintf(out + at, room - at, " abcd 4142\n");
        }
        return at;
}

static void what_tcpdump_prints_is_read(void)
{
        static char text[65536];
        static struct packet_text t;
        static const char *const times[] = {"12:00:00.000123", "2024-05-01 12:00:00.5",
                                            "1714557600.000000001"};
        static const uint64_t fractions[] = {123000, 500000000, 1};
        struct captured packet;
        struct segment s;
        for (size_t i = 0; i < 3; i++) {
                for (size_t link = 0; link < 2; link++) {
                        size_t from = link == 0 ? 14 : 0;
                        packets_open(&p, PACKETS_PCAP);
                        packets_send(&p, SIDE_CLIENT, S("one and more than a line of text"));
                        size_t len = print_packet(text, sizeof text, from, times[i]);
                        packets_send(&p, SIDE_CLIENT, S("two"));
                        len += print_packet(text + len, sizeof text - len, from, times[i]);
                        struct span in = span_of(text, len);
                        CU_ASSERT_TRUE(packet_text_is_one(span_head(in, 24)));
                        packet_text_init(&t);
                        CU_ASSERT_EQUAL(packet_text_next(&t, &in, &packet), CAPTURE_PACKET);
                        CU_ASSERT_EQUAL(packet.time_ns % 1000000000, fractions[i]);
                        CU_ASSERT_EQUAL(packet_decode(&packet, &s), CONTENT_TCP);
                        CU_ASSERT_TRUE(span_equal(s.payload, S("one and more than a line of text")));
                        CU_ASSERT_EQUAL(packet_text_next(&t, &in, &packet), CAPTURE_MORE);
                        CU_ASSERT_TRUE(packet_text_last(&t, &packet));
                        CU_ASSERT_EQUAL(packet_decode(&packet, &s), CONTENT_TCP);
                        CU_ASSERT_TRUE(span_equal(s.payload, S("two")));
                        CU_ASSERT_FALSE(packet_text_last(&t, &packet));
                        CU_ASSERT_EQUAL(t.undated > 0, i == 0);
                }
        }
}

static void any_bytes_are_survived(void)
{
        for (int round = 0; round < 300; round++) {
                packets_open(&p, (enum packets_format)tap_random_below(PACKETS_PCAPNG + 1));
                talk();
                for (uint64_t n = tap_random_below(8); n > 0; n--) {
                        p.bytes[24 + tap_random_below(p.len - 24)] = (uint8_t)tap_random();
                }
                (void)read_story(&p);
        }
}

static void endpoints_are_printed(void)
{
        struct endpoint e = {.address = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1},
                             .port = 3306};
        char text[ENDPOINT_TEXT_MAX];
        endpoint_print(&e, text);
        CU_ASSERT_STRING_EQUAL(text, "192.0.2.1:3306");
        e = (struct endpoint){.address = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 1};
        endpoint_print(&e, text);
        CU_ASSERT_STRING_EQUAL(text, "[2001:db8::1]:1");
}

static const struct tap_test tests[] = {
    {"each format of capture files is read, in any pieces", each_format_is_read},
    {"each link type is read", each_link_type_is_read},
    {"a cut file gives what is whole", a_cut_file_gives_what_is_whole},
    {"impossible lengths are damage", impossible_lengths_are_damage},
    {"unknown blocks and further sections", unknown_blocks_and_sections_are_skipped},
    {"bytes that were captured twice count once", copies_count_once},
    {"a reply waits for its request", a_reply_waits_for_its_request},
    {"segments are put in order", segments_are_put_in_order},
    {"bytes that are missing are reported", missing_bytes_are_a_gap},
    {"one direction is enough", one_direction_is_enough},
    {"segments that are captured in part", a_short_capture_length_leaves_gaps},
    {"ports are used again", ports_are_used_again},
    {"the number of flows is bounded", the_number_of_flows_is_bounded},
    {"what waits is bounded", what_waits_is_bounded},
    {"a flow of no interest is left", what_is_of_no_interest_is_left},
    {"fragments, tunnels and other packets are named", other_packets_are_named},
    {"what tcpdump prints is read", what_tcpdump_prints_is_read},
    {"any bytes are survived", any_bytes_are_survived},
    {"endpoints are printed", endpoints_are_printed},
};

int main(void)
{
        return TAP_RUN("capture_read", tests);
}
