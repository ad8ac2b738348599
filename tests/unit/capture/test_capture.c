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

/** The number of packets of a session, after a look at each of them. */
static unsigned walk(const struct capture *c, const struct capture_track *t,
                     void (*each)(void *arg, const struct capture_packet *p), void *arg)
{
        struct capture_copy *copy = capture_copy(c, t);
        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        uint64_t n = capture_walk(copy, each, arg);
        CU_ASSERT_EQUAL(n, capture_count(copy));
        prof_free(copy);
        return (unsigned)n;
}

static unsigned kept_of(const struct capture *c, const struct capture_track *t)
{
        unsigned n = 0;
        CU_ASSERT_EQUAL(walk(c, t, count, &n), n);
        return n;
}

static void the_newest_packets_are_kept(void)
{
        enum { BYTES = 16384 };
        struct prof_counts before = prof_read(STAGE_CAPTURE, LIB_COUNT);
        struct capture *c = capture_new(BYTES, 2);
        struct capture_track tracks[2];
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        struct prof_counts with = prof_read(STAGE_CAPTURE, LIB_COUNT);
        CU_ASSERT_EQUAL(with.current_count_used - before.current_count_used, 1);
        CU_ASSERT_EQUAL(with.current_bytes_used - before.current_bytes_used, BYTES);
        capture_begin(c, &tracks[0], 1);
        capture_begin(c, &tracks[1], 2);
        for (unsigned i = 0; i < 3000; i++) {
                uint8_t room[90];
                struct packet p = packet_of(i, room);
                capture_add(c, &tracks[i % 2], &p, 1000 + i);
                unsigned kept = kept_of(c, &tracks[i % 2]);
                struct seen seen = {.next = i - 2 * (kept - 1), .right = true};
                (void)walk(c, &tracks[i % 2], on_packet, &seen);
                CU_ASSERT_TRUE_FATAL(seen.right);
                CU_ASSERT_EQUAL_FATAL(seen.n, kept);
                CU_ASSERT_EQUAL_FATAL(seen.next, i + 2); /* up to the newest */
                CU_ASSERT_TRUE_FATAL(kept == i / 2 + 1 || kept >= 30);
        }
        capture_free(c);
        CU_ASSERT_EQUAL(prof_read(STAGE_CAPTURE, LIB_COUNT).current_count_used, before.current_count_used);
        capture_free(NULL);
}

static void a_packet_that_can_not_fit_is_not_kept(void)
{
        static uint8_t big[10000];
        struct capture *c = capture_new(4096, 1);
        struct capture_track t;
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        capture_begin(c, &t, 1);
        struct packet p = {.kind = PACKET_ROW, .length = sizeof big, .head = span_of(big, sizeof big)};
        capture_add(c, &t, &p, 1);
        CU_ASSERT_EQUAL(kept_of(c, &t), 0);
        capture_end(c, &t);
        capture_free(c);
        for (size_t size = 0; size < 4096; size += 3) {
                c = capture_new(size, 1);
                CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                capture_begin(c, &t, 1);
                p.head.len = size % 100;
                for (unsigned i = 0; i < 20; i++) {
                        capture_add(c, &t, &p, i);
                }
                CU_ASSERT_TRUE(size > 0 || kept_of(c, &t) == 0);
                capture_end(c, &t);
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
        struct capture *c = capture_new(1 << 20, 2);
        struct capture_track tracks[2];
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        capture_begin(c, &tracks[0], 1);
        capture_begin(c, &tracks[1], 2);
        for (unsigned i = 0; i < ROWS; i++) {
                bytes[(size_t)i * ROW] = ROW - 4;
                bytes[(size_t)i * ROW + 3] = (uint8_t)i;
        }
        struct packet_run run = {
            .from = SIDE_SERVER, .n = 3, .kinds = kinds, .bytes = span_of(bytes, 3UL * ROW)};
        unsigned next = 0;
        capture_add_run(c, &tracks[0], &run, 1);
        CU_ASSERT_EQUAL(walk(c, &tracks[0], on_row, &next), 3);
        CU_ASSERT_EQUAL(next, 3);
        run = (struct packet_run){
            .from = SIDE_SERVER, .n = ROWS, .kind = PACKET_ROW, .bytes = span_of(bytes, sizeof bytes)};
        capture_add_run(c, &tracks[1], &run, 2);
        unsigned kept = kept_of(c, &tracks[1]);
        CU_ASSERT_TRUE(kept > 100 && kept < 200); /* its last ones: */
        next = ROWS - kept;
        (void)walk(c, &tracks[1], on_row, &next);
        CU_ASSERT_EQUAL(next, ROWS);
        next = 0;
        CU_ASSERT_EQUAL(walk(c, &tracks[0], on_row, &next), 3);
        capture_free(c);
}

/** What on_kind expects: the kinds of all packets of a run, and which of them comes next. */
struct expected_kinds {
        const struct packet_run *run;
        size_t next;
};

static void on_kind(void *arg, const struct capture_packet *p)
{
        struct expected_kinds *expected = arg;
        CU_ASSERT_EQUAL(p->packet.seq, expected->next);
        CU_ASSERT_EQUAL(p->packet.kind, packet_run_kind(expected->run, expected->next));
        CU_ASSERT_EQUAL(p->packet.redacted, expected->run->redacted);
        CU_ASSERT_EQUAL(p->packet.head.len,
                        expected->run->redacted ? packet_kind_shown_bytes(p->packet.kind) : p->packet.length);
        expected->next++;
}

/** The kinds of a result's packets follow from its layout, also where a small memory keeps only the last of them. */
static void results_are_recorded_by_their_layout(void)
{
        enum { PACKETS = 12, DEFINITIONS = 3, PAYLOAD_MAX = 240 };
        static const enum packet_kind kinds[PACKETS] = {
            PACKET_COLUMN_COUNT, PACKET_COLUMN_DEFINITION, PACKET_COLUMN_DEFINITION, PACKET_COLUMN_DEFINITION,
            PACKET_EOF,          PACKET_BINARY_ROW,        PACKET_BINARY_ROW,        PACKET_BINARY_ROW,
            PACKET_BINARY_ROW,   PACKET_BINARY_ROW,        PACKET_BINARY_ROW,        PACKET_OK};
        unsigned seen = 0; /* a bit for each number of packets that was kept */
        for (size_t payload = 8; payload <= PAYLOAD_MAX; payload += 4) {
                uint8_t bytes[PACKETS * (PAYLOAD_MAX + 4)] = {0};
                struct packet_run run = {.from = SIDE_SERVER,
                                         .n = PACKETS,
                                         .kind = PACKET_BINARY_ROW,
                                         .layout = LAYOUT_COUNT | LAYOUT_EOF | LAYOUT_END_OK,
                                         .definitions = DEFINITIONS,
                                         .bytes = span_of(bytes, PACKETS * (payload + 4))};
                for (size_t i = 0; i < PACKETS; i++) {
                        bytes[i * (payload + 4)] = (uint8_t)payload;
                        bytes[i * (payload + 4) + 3] = (uint8_t)i;
                        CU_ASSERT_EQUAL(packet_run_kind(&run, i), kinds[i]);
                }
                struct capture *c = capture_new(6000, 1);
                struct capture_track track;
                CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                capture_begin(c, &track, 1);
                capture_add_run(c, &track, &run, 1);
                unsigned kept = kept_of(c, &track);
                struct expected_kinds expected = {&run, PACKETS - kept};
                (void)walk(c, &track, on_kind, &expected);
                CU_ASSERT_EQUAL(expected.next, PACKETS);
                seen |= 1U << kept;
                capture_free(c);
        }
        CU_ASSERT_TRUE((seen & 1U << PACKETS) != 0 && __builtin_popcount(seen) > 6);
}

/** Of redacted packets only what identifies them is kept, and of many the last ones. */
static void redacted_runs_keep_no_values(void)
{
        enum { PACKETS = 3000, PAYLOAD = 20, PACKET = PAYLOAD + 4 };
        static uint8_t bytes[PACKETS * PACKET];
        static uint16_t kinds[PACKETS];
        struct packet_run run = {.from = SIDE_SERVER,
                                 .kind = PACKET_ROW,
                                 .layout = LAYOUT_COUNT | LAYOUT_EOF | LAYOUT_END_EOF,
                                 .definitions = 2,
                                 .redacted = true};
        for (unsigned i = 0; i < PACKETS; i++) {
                bytes[(size_t)i * PACKET] = PAYLOAD;
                bytes[(size_t)i * PACKET + 3] = (uint8_t)i;
        }
        for (run.n = 6; run.n <= 250; run.n += 61) {
                for (unsigned listed = 0; listed < 2; listed++) {
                        struct capture *c = capture_new(12000, 1);
                        struct capture_track track;
                        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                        capture_begin(c, &track, 1);
                        run.kinds = NULL;
                        for (size_t i = 0; i < run.n; i++) {
                                kinds[i] = (uint16_t)packet_run_kind(&run, i);
                        }
                        run.kinds = listed != 0 ? kinds : NULL;
                        run.bytes = span_of(bytes, run.n * PACKET);
                        capture_add_run(c, &track, &run, 1);
                        unsigned kept = kept_of(c, &track);
                        struct expected_kinds expected = {&run, run.n - kept};
                        CU_ASSERT_TRUE(kept == run.n || (kept > 100 && kept < run.n));
                        (void)walk(c, &track, on_kind, &expected);
                        CU_ASSERT_EQUAL(expected.next, run.n);
                        capture_free(c);
                }
        }
        for (unsigned kind = 0; kind < PACKET_KINDS; kind++) {
                CU_ASSERT_TRUE(packet_kind_shown_bytes((enum packet_kind)kind) <= PACKET_SHOWN_MAX);
        }
}

/* --- shares ----------------------------------------------------------------------------------------------------------------- */

/** A packet with the number @p i in its length, and as many bytes as follow from it. */
static void add_numbered(struct capture *c, struct capture_track *t, unsigned i, unsigned len)
{
        static uint8_t bytes[4096];
        struct packet p = {.length = i, .kind = PACKET_ROW, .head = span_of(bytes, len)};
        capture_add(c, t, &p, i);
}

/** What is expected of a session's packets: each is the next one after the one before. */
struct numbers {
        unsigned next;
        unsigned n;
        size_t bytes;
};

static void on_number(void *arg, const struct capture_packet *p)
{
        struct numbers *seen = arg;
        CU_ASSERT_TRUE_FATAL(seen->n == 0 || p->packet.length == seen->next);
        seen->next = p->packet.length + 1;
        seen->n++;
        seen->bytes += p->packet.head.len;
}

static void each_session_is_sure_of_its_share(void)
{
        enum { BYTES = 1 << 24, SESSIONS_MAX = 10000 };
        static struct capture_track tracks[SESSIONS_MAX];
        const unsigned sessions[] = {10, 1000, SESSIONS_MAX};
        for (size_t k = 0; k < 3; k++) {
                unsigned n = sessions[k];
                struct prof_counts before = prof_read(STAGE_CAPTURE, LIB_COUNT);
                struct capture *c = capture_new(BYTES, SESSIONS_MAX);
                CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                for (unsigned i = 0; i < n; i++) {
                        capture_begin(c, &tracks[i], i + 1);
                }
                unsigned each = BYTES / 2 / n / 100 + 20; /* packets of 100 bytes: more than the share */
                for (unsigned i = 0; i < each * n; i++) {
                        add_numbered(c, &tracks[i % n], i / n, 100);
                }
                for (unsigned i = 0; i < BYTES / 400; i++) {
                        add_numbered(c, &tracks[0], each + i, 1000); /* one of them talks much */
                }
                for (unsigned i = 1; i < n; i += 1 + n / 100) {
                        struct numbers seen = {0, 0, 0};
                        (void)walk(c, &tracks[i], on_number, &seen);
                        /* blocks of 512 bytes, of which an entry has 24 besides its bytes */
                        size_t sure = (BYTES / 2 / n - BYTES / 2 / n % 512) * 8 / 10 * 100 / 128;
                        CU_ASSERT_EQUAL(seen.next, each);
                        CU_ASSERT_TRUE(seen.bytes + 256 >= sure);
                }
                struct numbers busy = {0, 0, 0};
                (void)walk(c, &tracks[0], on_number, &busy);
                CU_ASSERT_TRUE(busy.bytes > BYTES / 3); /* the rest is the talker's */
                CU_ASSERT_EQUAL(busy.next, each + BYTES / 400);
                CU_ASSERT_EQUAL(prof_read(STAGE_CAPTURE, LIB_COUNT).current_bytes_used,
                                before.current_bytes_used + BYTES);
                capture_free(c);
        }
}

static void ended_sessions_stay_until_others_need_the_memory(void)
{
        struct capture *c = capture_new(1 << 16, 4);
        struct capture_track t;
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        for (unsigned id = 1; id < 50; id++) {
                capture_begin(c, &t, id);
                for (unsigned i = 0; i < 10; i++) {
                        add_numbered(c, &t, i, 300);
                }
                capture_add_note(c, &t, span_of(&id, sizeof id));
                capture_end(c, &t);
                const struct capture_track *ended = capture_find_ended(c, id);
                CU_ASSERT_PTR_NOT_NULL_FATAL(ended);
                struct capture_copy *copy = capture_copy(c, ended);
                CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
                CU_ASSERT_EQUAL(capture_count(copy), 10);
                CU_ASSERT_TRUE(span_equal(capture_note(copy), span_of(&id, sizeof id)));
                prof_free(copy);
        }
        CU_ASSERT_PTR_NULL(capture_find_ended(c, 1));
        CU_ASSERT_PTR_NULL(capture_find_ended(c, 1000));
        capture_begin(c, &t, 50);
        for (unsigned i = 0; i < 1000; i++) {
                add_numbered(c, &t, i, 300);
        }
        CU_ASSERT_PTR_NULL(capture_find_ended(c, 49));
        struct numbers seen = {0, 0, 0};
        (void)walk(c, &t, on_number, &seen);
        CU_ASSERT_TRUE(seen.bytes > (1 << 16) / 2);
        capture_end(c, &t);
        capture_free(c);
}

/** Sessions begin, talk and end at random, with packets of all sizes: of each, the packets that are kept are its last ones. */
static void whatever_comes_the_last_packets_are_kept(void)
{
        enum { SESSIONS = 40, STEPS = 60000 };
        static struct capture_track tracks[SESSIONS];
        unsigned next[SESSIONS] = {0};
        bool open[SESSIONS] = {false};
        uint64_t ids = 0;
        for (size_t bytes = 4096; bytes <= 1 << 18; bytes *= 8) {
                struct capture *c = capture_new(bytes, SESSIONS);
                CU_ASSERT_PTR_NOT_NULL_FATAL(c);
                memset(open, 0, sizeof open);
                for (unsigned step = 0; step < STEPS; step++) {
                        unsigned i = (unsigned)tap_random_below(SESSIONS);
                        if (!open[i]) {
                                capture_begin(c, &tracks[i], ++ids);
                                open[i] = true;
                                next[i] = 0;
                        }
                        unsigned len = (unsigned)tap_random_below(tap_random_below(10) == 0 ? 4096 : 80);
                        unsigned before = kept_of(c, &tracks[i]);
                        add_numbered(c, &tracks[i], next[i], len);
                        struct numbers seen = {0, 0, 0};
                        (void)walk(c, &tracks[i], on_number, &seen);
                        if (seen.n > 0 && seen.next == next[i] + 1) {
                                next[i]++;
                        } else {
                                CU_ASSERT_TRUE(len >= bytes / 10 || seen.n == 0); /* it was too long */
                                CU_ASSERT_TRUE(before >= seen.n);
                        }
                        if (tap_random_below(50) == 0) {
                                capture_end(c, &tracks[i]);
                                open[i] = false;
                        }
                }
                capture_free(c);
        }
}

static void without_memory_there_is_no_recorder(void)
{
        prof_fail_nth(1);
        struct capture *c = capture_new(4096, 1);
        prof_fail_nth(0);
        CU_ASSERT_PTR_NULL(c);
        struct capture_track t;
        c = capture_new(4096, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        capture_begin(c, &t, 1);
        prof_fail_nth(1);
        CU_ASSERT_PTR_NULL(capture_copy(c, &t));
        prof_fail_nth(0);
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
    {"recorder: results are recorded by their layout", results_are_recorded_by_their_layout},
    {"recorder: redacted runs keep no values", redacted_runs_keep_no_values},
    {"recorder: each session is sure of its share, and who talks gets the rest",
     each_session_is_sure_of_its_share},
    {"recorder: ended sessions stay until others need the memory",
     ended_sessions_stay_until_others_need_the_memory},
    {"recorder: whatever comes, the last packets are kept", whatever_comes_the_last_packets_are_kept},
    {"recorder: without memory there is none", without_memory_there_is_no_recorder},
};

int main(void)
{
        return TAP_RUN("capture", tests);
}
