#include "capture/capture.h"
#include "capture/hex.h"
#include "mysql/wire/command.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define WHEN_NS 1767323045678901000ULL /* 2026-01-02T03:04:05.678901Z */

/* --- hex --------------------------------------------------------------------------------------------------------------- */

static bool dumps(const struct packet *p, const char *want)
{
        static char room[8192];
        struct writer w = writer_over(room, sizeof room);
        hex_packet(&w, 7, WHEN_NS, p, packet_kind_name(p->kind));
        bool right =
            !w.failed && span_equal(writer_span(&w), span_str(want)) && w.at <= hex_packet_size(p->head.len);
        if (!right) {
                printf("# got:\n%.*s# want:\n%s", (int)w.at, room, want);
        }
        return right;
}

static void a_packet_is_dumped(void)
{
        struct packet p = {.from = SIDE_CLIENT,
                           .length = 9,
                           .kind = packet_kind_of(COM_QUERY),
                           .head = span_str("\x03SELECT 1")};
        CU_ASSERT_TRUE(dumps(&p, "2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 9  COM_QUERY\n"
                                 "  000000  03 53 45 4c 45 43 54 20  31                       .SELECT 1\n"));
        p = (struct packet){.from = SIDE_SERVER, .seq = 255, .kind = PACKET_ROW};
        CU_ASSERT_TRUE(dumps(&p, "2026-01-02T03:04:05.678901Z  #7 server > client  seq 255  len 0  row\n"));
}

static void lines_hold_sixteen_bytes_of_ascii(void)
{
        uint8_t bytes[33];
        for (size_t i = 0; i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)(i < 16 ? i + 0x70 : i + 0xd0);
        }
        struct packet p = {.from = SIDE_SERVER, .length = 33, .kind = PACKET_OK, .head = span_of(bytes, 33)};
        CU_ASSERT_TRUE(dumps(&p,
                             "2026-01-02T03:04:05.678901Z  #7 server > client  seq 0  len 33  OK\n"
                             "  000000  70 71 72 73 74 75 76 77  78 79 7a 7b 7c 7d 7e 7f  pqrstuvwxyz{|}~.\n"
                             "  000010  e0 e1 e2 e3 e4 e5 e6 e7  e8 e9 ea eb ec ed ee ef  ................\n"
                             "  000020  f0                                                .\n"));
}

static void secrets_and_cuts_are_told(void)
{
        struct packet p = {
            .from = SIDE_CLIENT, .seq = 1, .length = 180, .kind = PACKET_LOGIN, .secret = true};
        CU_ASSERT_TRUE(dumps(&p, "2026-01-02T03:04:05.678901Z  #7 client > server  seq 1  len 180  login\n"
                                 "  (not shown: authentication data, or it may contain a password)\n"));
        p.head = span_str("secret"); /* even if somebody handed it over */
        CU_ASSERT_TRUE(dumps(&p, "2026-01-02T03:04:05.678901Z  #7 client > server  seq 1  len 180  login\n"
                                 "  (not shown: authentication data, or it may contain a password)\n"));
        p = (struct packet){.length = 100,
                            .kind = packet_kind_of(COM_QUERY),
                            .head = span_str("\x03"
                                             "AB")};
        CU_ASSERT_TRUE(dumps(&p,
                             "2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 100  COM_QUERY\n"
                             "  000000  03 41 42                                          .AB\n"
                             "  (97 bytes not shown)\n"));
        p.redacted = true;
        CU_ASSERT_TRUE(dumps(&p,
                             "2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 100  COM_QUERY\n"
                             "  000000  03 41 42                                          .AB\n"
                             "  (97 bytes not shown: redacted)\n"));
        p.cut_off = true;
        CU_ASSERT_TRUE(dumps(
            &p, "2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 100  COM_QUERY (cut off by "
                "the end of the session)\n"
                "  000000  03 41 42                                          .AB\n"));
}

static void the_size_is_a_bound(void)
{
        static uint8_t bytes[4096];
        char name[200];
        memset(name, 'n', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        for (size_t len = 0; len <= sizeof bytes; len += len < 64 ? 1 : 509) {
                struct packet p = {.seq = 255, .length = UINT32_MAX, .head = span_of(bytes, len)};
                for (int cut_off = 0; cut_off < 2; cut_off++) {
                        p.cut_off = cut_off != 0;
                        size_t size = hex_packet_size(len);
                        char *room = malloc(size);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(room);
                        struct writer w = writer_over(room, size);
                        hex_packet(&w, UINT64_MAX, WHEN_NS, &p, name);
                        CU_ASSERT_FALSE(w.failed);
                        free(room);
                }
        }
}

/* --- the recorder -------------------------------------------------------------------------------------------------------- */

struct seen {
        unsigned n;
        unsigned next; /* number of the packet that must come */
        bool right;
};

/** Packet @p i: all of it follows from its number. */
static struct packet packet_of(unsigned i, uint8_t *room)
{
        size_t len = i * 7 % 90;
        memset(room, (int)(i & 0xff), len);
        return (struct packet){
            .from = i % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER,
            .seq = (uint8_t)i,
            .secret = i % 5 == 0,
            .cut_off = i % 7 == 0,
            .length = i,
            .kind = i % 2 == 0 ? packet_kind_of(COM_QUERY) : PACKET_OK,
            .head = span_of(room, i % 5 == 0 ? 0 : len),
        };
}

static void on_packet(void *arg, const struct capture_packet *p)
{
        struct seen *seen = arg;
        uint8_t room[90];
        struct packet want = packet_of(seen->next, room);
        const struct packet *got = &p->packet;
        seen->right = seen->right && p->wall_ns == 1000 + seen->next && got->from == want.from &&
                      got->seq == want.seq && got->secret == want.secret && got->cut_off == want.cut_off &&
                      got->length == want.length && got->kind == want.kind &&
                      span_equal(got->head, want.head);
        seen->next += 2; /* each session has every other packet */
        seen->n++;
}

static void count(void *arg, const struct capture_packet *p)
{
        unsigned *n = arg;
        (void)p;
        ++*n;
}

static void the_newest_packets_are_kept(void)
{
        enum { BYTES = 16384 };
        struct prof_counts before = prof_read(STAGE_CAPTURE, LIB_COUNT);
        struct capture *c = capture_new(BYTES);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        struct prof_counts with = prof_read(STAGE_CAPTURE, LIB_COUNT);
        CU_ASSERT_EQUAL(with.current_count_used - before.current_count_used, 1);
        CU_ASSERT_EQUAL(with.current_bytes_used - before.current_bytes_used, BYTES);
        for (unsigned i = 0; i < 3000; i++) {
                uint8_t room[90];
                unsigned kept = 0;
                struct packet p = packet_of(i, room);
                capture_add(c, i % 2, &p, 1000 + i);
                CU_ASSERT_EQUAL_FATAL(capture_walk(c, i % 2, count, &kept), kept);
                struct seen seen = {.next = i - 2 * (kept - 1), .right = true};
                (void)capture_walk(c, i % 2, on_packet, &seen);
                CU_ASSERT_TRUE_FATAL(seen.right);
                CU_ASSERT_EQUAL_FATAL(seen.n, kept);
                CU_ASSERT_EQUAL_FATAL(seen.next, i + 2); /* up to the newest */
                CU_ASSERT_TRUE_FATAL(kept == i / 2 + 1 || kept >= 30);
        }
        unsigned none = 0;
        CU_ASSERT_EQUAL(capture_walk(c, 7, count, &none), 0);
        CU_ASSERT_EQUAL(none, 0);
        capture_free(c);
        CU_ASSERT_EQUAL(prof_read(STAGE_CAPTURE, LIB_COUNT).current_count_used, before.current_count_used);
        capture_free(NULL);
}

static void a_packet_that_can_not_fit_is_not_kept(void)
{
        static uint8_t big[10000];
        unsigned seen = 0;
        struct capture *c = capture_new(4096);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        struct packet p = {.kind = PACKET_ROW, .length = sizeof big, .head = span_of(big, sizeof big)};
        capture_add(c, 1, &p, 1);
        CU_ASSERT_EQUAL(capture_walk(c, 1, count, &seen), 0);
        CU_ASSERT_EQUAL(seen, 0);
        capture_free(c);
        for (size_t size = 0; size < 1024; size++) {
                c = capture_new(size);
                CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                p.head.len = size % 100;
                for (unsigned i = 0; i < 20; i++) {
                        capture_add(c, 1, &p, i);
                }
                seen = 0;
                CU_ASSERT_EQUAL(capture_walk(c, 1, count, &seen), seen);
                CU_ASSERT_TRUE(size > 0 || seen == 0);
                capture_free(c);
        }
}

static void on_row(void *arg, const struct capture_packet *p)
{
        unsigned *next = arg;
        CU_ASSERT_EQUAL(p->packet.seq, (uint8_t)*next);
        CU_ASSERT_EQUAL(p->packet.length, 100);
        CU_ASSERT_EQUAL(p->packet.kind, *next == 0 ? PACKET_COLUMN_COUNT : PACKET_ROW);
        ++*next;
}

static void runs_are_kept_and_long_ones_are_cut(void)
{
        enum { ROWS = 600, ROW = 104 };
        static uint8_t bytes[ROWS * ROW];
        const uint16_t kinds[] = {PACKET_COLUMN_COUNT, PACKET_ROW, PACKET_ROW};
        struct capture *c = capture_new(1 << 20);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        for (unsigned i = 0; i < ROWS; i++) {
                bytes[(size_t)i * ROW] = ROW - 4;
                bytes[(size_t)i * ROW + 3] = (uint8_t)i;
        }
        struct packet_run run = {
            .from = SIDE_SERVER, .n = 3, .kinds = kinds, .bytes = span_of(bytes, 3UL * ROW)};
        unsigned next = 0;
        capture_add_run(c, 1, &run, 1);
        CU_ASSERT_EQUAL(capture_walk(c, 1, on_row, &next), 3);
        CU_ASSERT_EQUAL(next, 3);
        run = (struct packet_run){
            .from = SIDE_SERVER, .n = ROWS, .kind = PACKET_ROW, .bytes = span_of(bytes, sizeof bytes)};
        capture_add_run(c, 2, &run, 2);
        unsigned kept = 0;
        (void)capture_walk(c, 2, count, &kept);
        CU_ASSERT_TRUE(kept > 100 && kept < 200); /* its last ones: */
        next = ROWS - kept;
        (void)capture_walk(c, 2, on_row, &next);
        CU_ASSERT_EQUAL(next, ROWS);
        next = 0;
        CU_ASSERT_EQUAL(capture_walk(c, 1, on_row, &next), 3);
        capture_free(c);
}

static void without_memory_there_is_no_recorder(void)
{
        prof_fail_nth(1);
        struct capture *c = capture_new(4096);
        prof_fail_nth(0);
        CU_ASSERT_PTR_NULL(c);
        capture_free(c);
}

static const struct tap_test tests[] = {
    {"hex: a packet is dumped", a_packet_is_dumped},
    {"hex: lines hold sixteen bytes, in ASCII", lines_hold_sixteen_bytes_of_ascii},
    {"hex: secrets and cuts are told", secrets_and_cuts_are_told},
    {"hex: the size is a bound", the_size_is_a_bound},
    {"recorder: the newest packets are kept, whole and in order", the_newest_packets_are_kept},
    {"recorder: a packet that can't fit is not kept", a_packet_that_can_not_fit_is_not_kept},
    {"recorder: runs are kept, and of long ones the last packets", runs_are_kept_and_long_ones_are_cut},
    {"recorder: without memory there is none", without_memory_there_is_no_recorder},
};

int main(void)
{
        return TAP_RUN("capture", tests);
}
