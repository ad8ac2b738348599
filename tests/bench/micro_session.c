#include "micro.h"

#include "capture/capture.h"
#include "mysql/record/record_packed.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

enum {
        PIECES = 64,
        RESULT_BYTES = 1 << 20,
        READ_BYTES = 65536,
        RECORDER_BYTES = 1 << 20,
        RECORDER_SESSIONS = 1000
};

const char micro_point_select[] = "SELECT c FROM sbtest1 WHERE id=4987";

/* --- a session, played over and over: its login once, then the pieces of one unit again and again */

static struct session {
        struct script script;
        struct dissect *dissect;
        struct capture *capture; /* NULL = packets are not asked for */
        struct capture_track track;
        struct {
                enum side side;
                struct span bytes;
        } pieces[PIECES];
        size_t pieces_n;
        uint8_t *result; /* rows of a result, RESULT_BYTES and what a row is longer */
        uint64_t now_ns;
        uint64_t records;
        struct record record; /* of the first command, in bytes of its own */
        bool has_record;
} s;

static void on_record(void *arg, struct record *r)
{
        (void)arg;
        s.records++;
        if (!s.has_record && r->event == EVENT_QUERY) {
                dissect_identify(s.dissect, r);
                uint8_t *room = malloc(record_pack_size(r));
                if (room == NULL) {
                        abort();
                }
                record_pack(r, room);
                record_assign(&s.record, record_unpack((struct record_packed *)(void *)room));
                record_refer(&s.record, &s.record.carried, /* as in the journal */
                             field_set_both(&s.record.present, &fields_session));
                s.has_record = true;
        }
}

static void on_packet(void *arg, const struct packet *p)
{
        (void)arg;
        capture_add(s.capture, &s.track, p, p->mono_ns);
}

static void on_run(void *arg, const struct packet_run *run)
{
        (void)arg;
        capture_add_run(s.capture, &s.track, run, run->mono_ns);
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
static void open_session(bool recorder, uint32_t hash_rows)
{
        static struct dissect_pool pool;
        static struct dissect_settings settings = {.pool = &pool,
                                                   .query_bytes = 1 << 20,
                                                   .value_bytes = 4096,
                                                   .held_bytes = 16 << 20,
                                                   .pipeline = 4096,
                                                   .statements = 16384,
                                                   .lint = 16};
        settings.packet_bytes = recorder ? 256 : 0;
        settings.hash_rows = hash_rows;
        s.capture = recorder ? capture_new(RECORDER_BYTES, RECORDER_SESSIONS) : NULL;
        if (s.capture != NULL) {
                capture_begin(s.capture, &s.track, 1);
        }
        s.dissect = dissect_new(&settings, (struct dissect_sink){.on_record = on_record,
                                                                 .on_packet = recorder ? on_packet : NULL,
                                                                 .on_run = recorder ? on_run : NULL});
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

void micro_play(uint64_t times)
{
        for (uint64_t i = 0; i < times; i++) {
                for (size_t k = 0; k < s.pieces_n; k++) {
                        feed(s.pieces[k].side, s.pieces[k].bytes);
                }
        }
}

static void begin_hashing(bool recorder, uint32_t hash_rows)
{
        open_session(recorder, hash_rows);
        script_open(&s.script, 0, 45);
        cut_pieces(0);
        micro_play(1);
}

static void begin(bool recorder)
{
        begin_hashing(recorder, 0);
}

static void end_of_setup(size_t at)
{
        uint64_t before = s.records;
        cut_pieces(at);
        micro_play(2);
        if (dissect_verdict(s.dissect).opaque || dissect_verdict(s.dissect).lint > 0 ||
            s.records != before + 2) {
                (void)fprintf(stderr, "the session of this part is not followed\n");
                exit(1);
        }
}

static void send_query(const char *text)
{
        static uint8_t room[MICRO_INSERT_BYTES + 1];
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
        send_query(micro_point_select);
        answer_columns();
        answer_row(SPAN(""));
        end_of_setup(at);
}

void micro_begin_text(void)
{
        begin_point(false);
}

void micro_begin_recorded(void)
{
        begin_point(true);
}

void micro_begin_prepared(void)
{
        begin(false);
        size_t at = s.script.len;
        script_prepare(&s.script, 1, "SELECT c FROM sbtest1 WHERE id=?", 1);
        cut_pieces(at);
        micro_play(1);
        at = s.script.len;
        script_send(&s.script, SPAN("\x17\1\0\0\0\0\1\0\0\0\0\1\3\0\x7b\x13\0\0"));
        answer_columns();
        answer_row(SPAN("\0\0"));
        end_of_setup(at);
}

void micro_begin_hashed(void)
{
        begin_hashing(false, ROW_HASHES_ROWS);
        size_t at = s.script.len;
        send_query("SELECT id, author, title FROM post ORDER BY id LIMIT 20");
        script_answer(&s.script, SPAN("\3"));
        script_answer_column(&s.script, "id", 3, 2, 63);
        script_answer_column(&s.script, "author", 3, 8, 63);
        script_answer_column(&s.script, "title", 253, 0, 45);
        script_answer_eof(&s.script);
        for (unsigned i = 0; i < 20; i++) {
                uint8_t row[] = {4,
                                 '1',
                                 '0',
                                 (uint8_t)('0' + i / 10),
                                 (uint8_t)('0' + i % 10),
                                 1,
                                 (uint8_t)('1' + i % 7),
                                 5,
                                 't',
                                 'i',
                                 't',
                                 'l',
                                 'e'};
                script_answer(&s.script, span_of(row, sizeof row));
        }
        script_answer_eof(&s.script);
        end_of_setup(at);
}

const char *micro_insert(void)
{
        static char text[MICRO_INSERT_BYTES + 1];
        if (text[0] != '\0') {
                return text;
        }
        struct writer w = writer_over(text, MICRO_INSERT_BYTES);
        writer_text(&w, "INSERT INTO sbtest1 (id, k, c) VALUES ");
        for (unsigned i = 0; i < 1000; i++) {
                writer_format(&w, "%s(%u, %u, 'row %077u')", i > 0 ? ", " : "", 1000 + i, 2000 + i, i);
        }
        while (w.at < MICRO_INSERT_BYTES) {
                writer_char(&w, ' ');
        }
        if (w.failed) {
                abort();
        }
        return text;
}

void micro_begin_insert(void)
{
        begin(false);
        size_t at = s.script.len;
        send_query(micro_insert());
        script_answer_ok(&s.script);
        end_of_setup(at);
}

void micro_play_inserts(uint64_t times)
{
        micro_play(times * (1000000 / MICRO_INSERT_BYTES));
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
        micro_play(1);
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

void micro_begin_rows_100(void)
{
        begin_rows(100);
}

void micro_begin_rows_1000(void)
{
        begin_rows(1000);
}

void micro_begin_rows_10000(void)
{
        begin_rows(10000);
}

void micro_play_rows(uint64_t times)
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

struct record *micro_record(void)
{
        return s.has_record ? &s.record : NULL;
}

void micro_reset(void)
{
        s = (struct session){0};
        result_at = 0;
}
