/* What the parts of the way cost alone: dissector, digest, JSON, recorder, allocations.
 *
 *      micro [PART …]          nanoseconds (and GB/s) for each unit, median of 7 rounds
 *      micro --list            a line a part: name, units of a counted run, unit
 *      micro --count N PART    N units and nothing else, to be counted (callgrind): compare N and 2 N
 */
#include "base/clock.h"
#include "capture/capture.h"
#include "journal/digests.h"
#include "journal/format.h"
#include "mysql/digest.h"
#include "profile/prof.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 7, ROUND_NS = 100000000, PIECES = 64, RESULT_BYTES = 1 << 20, READ_BYTES = 65536, KEPT = 64 };

static const char point_select[] = "SELECT c FROM sbtest1 WHERE id=4987";
static const char long_select[] = "SELECT o.id, o.placed_at, c.name, SUM(l.price * l.amount) AS total FROM "
                                  "orders AS o JOIN customer AS c ON c.id = o.customer_id "
                                  "LEFT JOIN order_line AS l ON l.order_id = o.id WHERE o.placed_at BETWEEN "
                                  "'2026-01-01' AND '2026-02-01' AND c.country IN "
                                  "('de', 'fr', 'it', 'es') AND o.state <> 'cancelled' /* of the report */ "
                                  "GROUP BY o.id, o.placed_at, c.name HAVING total > 100.50 "
                                  "ORDER BY total DESC LIMIT 50";

/* --- a session, played over and over: its login once, then the pieces of one unit again and again */

static struct session {
        struct script script;
        struct dissect *dissect;
        struct capture *capture; /* NULL = packets are not asked for */
        struct {
                enum side side;
                struct span bytes;
        } pieces[PIECES];
        size_t pieces_n;
        uint8_t *result; /* rows of a result, RESULT_BYTES and what a row is longer */
        uint64_t now_ns;
        uint64_t records;
        uint8_t *packed; /* the last record of a command */
        size_t packed_len;
} s;

static void on_record(void *arg, struct record *r)
{
        (void)arg;
        s.records++;
        if (s.packed == NULL && r->event == EVENT_QUERY) {
                s.packed_len = record_pack_size(r);
                s.packed = malloc(s.packed_len);
                if (s.packed == NULL) {
                        abort();
                }
                record_pack(r, s.packed);
        }
}

static void on_packet(void *arg, const struct packet *p)
{
        (void)arg;
        capture_add(s.capture, p, p->mono_ns);
}

static void feed(enum side side, struct span bytes)
{
        while (bytes.len > 0) {
                s.now_ns += 10000;
                dissect_feed(s.dissect, side, span_head(bytes, READ_BYTES), s.now_ns);
                bytes = span_skip(bytes, READ_BYTES);
        }
}

/** Play what the script has so far, and make pieces of what comes into it from now on. */
static void open_session(bool recorder)
{
        static struct dissect_settings settings = {.query_bytes = 1 << 20,
                                                   .value_bytes = 4096,
                                                   .held_bytes = 16 << 20,
                                                   .pipeline = 4096,
                                                   .statements = 16384,
                                                   .lint = 16};
        settings.packet_bytes = recorder ? 256 : 0;
        s.capture = recorder ? capture_new(16384) : NULL;
        s.dissect =
            dissect_new(&settings, (struct dissect_sink){NULL, on_record, recorder ? on_packet : NULL});
        if (s.dissect == NULL || (recorder && s.capture == NULL)) {
                abort();
        }
}

/** The script from @p at on: what one side sends in a row is one piece, as a read brings it. */
static void cut_pieces(size_t at)
{
        static uint8_t room[sizeof s.script.bytes];
        size_t used = 0;
        s.pieces_n = 0;
        while (at < s.script.len) {
                const uint8_t *p = s.script.bytes + at;
                enum side side = p[0] == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                size_t n = p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16;
                memcpy(room + used, p + 5, n);
                if (s.pieces_n == 0 || s.pieces[s.pieces_n - 1].side != side) {
                        if (s.pieces_n == PIECES) {
                                abort();
                        }
                        s.pieces[s.pieces_n].side = side;
                        s.pieces[s.pieces_n++].bytes = span_of(room + used, 0);
                }
                s.pieces[s.pieces_n - 1].bytes.len += n;
                used += n;
                at += 5 + n;
        }
}

static void play(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                for (size_t k = 0; k < s.pieces_n; k++) {
                        feed(s.pieces[k].side, s.pieces[k].bytes);
                }
        }
}

static void begin(bool recorder)
{
        open_session(recorder);
        script_open(&s.script, 0, 45);
        cut_pieces(0);
        play(1);
}

static void end_of_setup(size_t at)
{
        uint64_t before = s.records;
        cut_pieces(at);
        play(2);
        if (dissect_verdict(s.dissect).opaque || dissect_verdict(s.dissect).lint > 0 ||
            s.records != before + 2) {
                (void)fprintf(stderr, "the session of this part is not followed\n");
                exit(1);
        }
}

static void send_query(const char *text)
{
        uint8_t room[4096];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\x03');
        writer_text(&w, text);
        script_send(&s.script, writer_span(&w));
}

static void answer_columns(void)
{
        script_answer(&s.script, SPAN("\1"));
        script_answer_column(&s.script, "c", 254, 0, 45);
        script_answer_eof(&s.script);
}

/** A row of one column of 119 bytes, as sysbench's: behind @p head. */
static void answer_row(struct span head)
{
        uint8_t room[256];
        struct writer w = writer_over(room, sizeof room);
        writer_put(&w, head);
        writer_uint(&w, 119, 1);
        for (int i = 0; i < 119; i++) {
                writer_char(&w, (char)('0' + i % 10));
        }
        script_answer(&s.script, writer_span(&w));
        script_answer_eof(&s.script);
}

static void begin_point(bool recorder)
{
        begin(recorder);
        size_t at = s.script.len;
        send_query(point_select);
        answer_columns();
        answer_row(SPAN(""));
        end_of_setup(at);
}

static void begin_text(void)
{
        begin_point(false);
}

static void begin_recorded(void)
{
        begin_point(true);
}

static void begin_prepared(void)
{
        begin(false);
        size_t at = s.script.len;
        script_prepare(&s.script, 1, "SELECT c FROM sbtest1 WHERE id=?", 1);
        cut_pieces(at);
        play(1);
        at = s.script.len;
        script_send(&s.script, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\3\0\x7b\x13\0\0"));
        answer_columns();
        answer_row(SPAN("\0\0"));
        end_of_setup(at);
}

/* --- big results: a unit is a MB (10^6 bytes); the rows go on and on within one result */

static size_t result_len;
static size_t result_at;

static void begin_rows(size_t row_bytes)
{
        begin(false);
        size_t at = s.script.len;
        send_query("SELECT x FROM big");
        answer_columns();
        cut_pieces(at);
        play(1);
        size_t rows = (RESULT_BYTES / (row_bytes + 4) + 255) / 256 *
                      256; /* so sequence numbers go on from the last to the first */
        s.result = malloc(rows * (row_bytes + 4));
        if (s.result == NULL) {
                abort();
        }
        struct writer w = writer_over(s.result, rows * (row_bytes + 4));
        size_t head = row_bytes < 251 ? 1 : 4;
        for (uint8_t seq = s.script.seq; w.at < w.size; seq++) {
                writer_uint(&w, row_bytes, 3);
                writer_uint(&w, seq, 1);
                writer_uint(&w, head == 1 ? row_bytes - head : 0xfd, 1);
                if (head > 1) {
                        writer_uint(&w, row_bytes - head, 3);
                }
                memset(s.result + w.at, 'x', row_bytes - head);
                w.at += row_bytes - head;
        }
        result_len = w.at;
}

static void begin_rows_100(void)
{
        begin_rows(100);
}

static void begin_rows_1000(void)
{
        begin_rows(1000);
}

static void begin_rows_10000(void)
{
        begin_rows(10000);
}

static void play_rows(uint64_t times)
{
        for (uint64_t left = times * 1000000; left > 0;) {
                size_t n = result_len - result_at < READ_BYTES ? result_len - result_at : READ_BYTES;
                n = left < n ? (size_t)left : n;
                feed(SIDE_SERVER, span_of(s.result + result_at, n));
                result_at = (result_at + n) % result_len;
                left -= n;
        }
        if (dissect_verdict(s.dissect).opaque || dissect_verdict(s.dissect).lint > 0) {
                (void)fprintf(stderr, "the result is not followed\n");
                exit(1);
        }
}

/* --- what becomes of a record */

static struct digests *digests;
static struct record record;

static void no_setup(void)
{
}

static void digest_text(const char *text, uint64_t times)
{
        static struct digest out;
        for (uint64_t i = 0; i < times; i++) {
                digest_make(span_str(text), (struct sql_mode){.is_mariadb = true}, &out);
        }
}

static void digest_short(uint64_t times)
{
        digest_text(point_select, times);
}

static void digest_long(uint64_t times)
{
        digest_text(long_select, times);
}

static void begin_digests(void)
{
        if (digests_new(2000, &digests) != STATUS_OK) {
                abort();
        }
        begin_point(false);
        if (s.packed == NULL || !record_unpack(s.packed, s.packed_len, &record)) {
                abort();
        }
}

/** The text differs each time in its number, as a point select's does. */
static void find_digests(uint64_t times)
{
        char text[64];
        for (uint64_t i = 0; i < times; i++) {
                int n =
                    snprintf(text, sizeof text, "SELECT c FROM sbtest1 WHERE id=%u", (unsigned)(i % 10000));
                struct digest_found found = digests_find(digests, span_of(text, (size_t)n), record.sql_mode);
                digests_count(digests, &found, &record);
        }
}

static void format_json(uint64_t times)
{
        static uint8_t room[65536];
        for (uint64_t i = 0; i < times; i++) {
                struct writer w = writer_over(room, sizeof room);
                if (format_size(FORMAT_JSON, &record) > sizeof room) {
                        abort();
                }
                format_record(&w, FORMAT_JSON, &record);
        }
}

static void pack_unpack(uint64_t times)
{
        static _Alignas(16) uint8_t room[65536];
        struct record copy = record;
        for (uint64_t i = 0; i < times; i++) {
                size_t n = record_pack_size(&record);
                if (n > sizeof room) {
                        abort();
                }
                record_pack(&record, room);
                if (!record_unpack(room, n, &copy)) {
                        abort();
                }
        }
}

static void begin_capture(void)
{
        s.capture = capture_new(16384);
        if (s.capture == NULL) {
                abort();
        }
}

static void add_packets(uint64_t times)
{
        struct packet p = {
            .from = SIDE_CLIENT, .length = 36, .name = "COM_QUERY", .head = span_str(point_select)};
        for (uint64_t i = 0; i < times; i++) {
                capture_add(s.capture, &p, i);
        }
}

static void alloc_free(uint64_t times)
{
        void *kept[KEPT] = {NULL};
        for (uint64_t i = 0; i < times; i++) {
                prof_free(kept[i % KEPT]);
                kept[i % KEPT] = prof_alloc(STAGE_MAIN, 256);
        }
        for (unsigned i = 0; i < KEPT; i++) {
                prof_free(kept[i]);
        }
}

/* --- all of them */

static const struct part {
        const char *name;
        const char *unit;
        void (*begin)(void);
        void (*run)(uint64_t times);
        uint64_t counted; /* units of a counted run */
        bool is_mb;
} parts[] = {
    {"dissect-text", "statement", begin_text, play, 2000, false},
    {"dissect-prepared", "statement", begin_prepared, play, 2000, false},
    {"dissect-recorded", "statement", begin_recorded, play, 2000, false},
    {"dissect-rows-100", "MB", begin_rows_100, play_rows, 20, true},
    {"dissect-rows-1000", "MB", begin_rows_1000, play_rows, 20, true},
    {"dissect-rows-10000", "MB", begin_rows_10000, play_rows, 50, true},
    {"digest-short", "statement", no_setup, digest_short, 2000, false},
    {"digest-long", "statement", no_setup, digest_long, 500, false},
    {"digests-find", "statement", begin_digests, find_digests, 2000, false},
    {"pack", "record", begin_digests, pack_unpack, 2000, false},
    {"json", "record", begin_digests, format_json, 2000, false},
    {"recorder", "packet", begin_capture, add_packets, 5000, false},
    {"alloc", "pair", no_setup, alloc_free, 10000, false},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

static void measure(const struct part *part)
{
        double ns[ROUNDS];
        part->begin();
        uint64_t times = 1;
        for (;; times *= 2) {
                uint64_t before = clock_mono_ns();
                part->run(times);
                if (clock_mono_ns() - before > ROUND_NS / 2) {
                        break;
                }
        }
        for (int i = 0; i < ROUNDS; i++) {
                uint64_t before = clock_mono_ns();
                part->run(times);
                ns[i] = (double)(clock_mono_ns() - before) / (double)times;
        }
        qsort(ns, ROUNDS, sizeof ns[0], compare);
        (void)printf("| %s | %.1f | %s |", part->name, ns[ROUNDS / 2], part->unit);
        if (part->is_mb) {
                (void)printf(" %.1f |\n", 1e6 / ns[ROUNDS / 2]);
        } else {
                (void)printf(" |\n");
        }
        (void)fflush(stdout);
        s = (struct session){0}; /* parts leave their memory behind; the process is short */
        result_at = 0;
}

static const struct part *find(const char *name)
{
        for (int i = 0; i < PARTS; i++) {
                if (strcmp(parts[i].name, name) == 0) {
                        return &parts[i];
                }
        }
        (void)fprintf(stderr, "micro: %s: no such part (see --list)\n", name);
        exit(2);
}

int main(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
                for (int i = 0; i < PARTS; i++) {
                        (void)printf("%s %llu %s\n", parts[i].name, (unsigned long long)parts[i].counted,
                                     parts[i].unit);
                }
        } else if (argc == 4 && strcmp(argv[1], "--count") == 0) {
                const struct part *part = find(argv[3]);
                prof_set_sample_bytes(0); /* which allocations are sampled is random */
                part->begin();
                part->run(strtoull(argv[2], NULL, 10));
        } else if (argc > 1 && argv[1][0] == '-') {
                (void)fprintf(stderr, "Usage: micro [PART ...] | --list | --count N PART\n");
                return 2;
        } else {
                (void)printf("| part | ns | for each | GB/s |\n|---|---:|---|---:|\n");
                for (int i = 1; i < argc; i++) {
                        measure(find(argv[i]));
                }
                for (int i = 0; i < PARTS && argc == 1; i++) {
                        measure(&parts[i]);
                }
        }
        return 0;
}
