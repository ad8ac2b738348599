/* A session is carried by its first record and by the first after a change, and the others refer to it: what a reader that keeps sessions
 * makes of them is what records say that carry their session each. */
#include "journal/format/format.h"
#include "mysql/record/record_packed.h"
#include "script.h"
#include "tap.h"
#include "tap/tap.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINES = 400, LINE_SIZE = 16384, PLACES = 4 };

/* What stands where the journal does. */
struct keeper {
        bool has_places;
        unsigned drop_in;     /* of so many records one is dropped; 0 = none */
        unsigned announce_in; /* as often all sessions are wanted again */
        unsigned n;           /* records so far, dropped ones too */
        unsigned carried;     /* records that carried their session */
        char *lines[LINES];   /* NULL: dropped */
        bool taken[PLACES];
        uint64_t conn_ids[PLACES];
        struct record carrier[PLACES]; /* the last one, in bytes of its own */
        uint8_t *bytes[PLACES];
        _Atomic uint32_t announcements;
};

static void keep(struct keeper *k, const struct record *r)
{
        uint8_t *bytes = malloc(record_pack_size(r));
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        record_pack(r, bytes);
        free(k->bytes[r->session_place]);
        k->bytes[r->session_place] = bytes;
        record_assign(&k->carrier[r->session_place], record_unpack((struct record_packed *)(void *)bytes));
        k->conn_ids[r->session_place] = r->conn_id;
}

static char *line_of(const struct record *r)
{
        char *line = malloc(LINE_SIZE);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        struct writer w = writer_over(line, LINE_SIZE - 1);
        format_record(&w, FORMAT_JSON, r);
        CU_ASSERT_FALSE(w.failed);
        line[w.at] = '\0';
        return line;
}

static bool on_record(void *arg, const struct record_raw *raw)
{
        const struct record *record = &raw->with_secrets;
        struct keeper *k = arg;
        struct record r;
        CU_ASSERT_FATAL(k->n < LINES);
        if (k->announce_in > 0 && tap_random_below(k->announce_in) == 0) {
                k->announcements++;
        }
        if (k->drop_in > 0 && tap_random_below(k->drop_in) == 0) {
                k->n++;
                return false;
        }
        record_assign(&r, record);
        r.wall_ns = 0;
        if (r.session_source == RECORD_SESSION_CARRIED) {
                k->carried++;
                keep(k, &r);
        } else { /* it was carried before */
                CU_ASSERT_FATAL(r.session_place > 0 && r.session_place < PLACES);
                CU_ASSERT_EQUAL(k->conn_ids[r.session_place], r.conn_id);
                record_refer(&r, record_session(&k->carrier[r.session_place]),
                             field_set_both(&r.present, &fields_session));
        }
        /* character sets of texts are not what this is about, but they come along */
        k->lines[k->n++] = line_of(&r);
        return true;
}

static uint32_t begin_session(void *arg)
{
        struct keeper *k = arg;
        for (uint32_t i = 1; i < PLACES; i++) {
                if (!k->taken[i]) {
                        k->taken[i] = true;
                        return i;
                }
        }
        return 0;
}

static void end_session(void *arg, uint32_t place)
{
        struct keeper *k = arg;
        CU_ASSERT_TRUE(place == 0 || k->taken[place]);
        k->taken[place] = false;
}

static void feed_tape(struct tap *tap, struct span tape, uint64_t *now_ns)
{
        struct reader r = reader_over(tape);
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                uint32_t n = reader_u32(&r);
                tap_feed(tap, side, reader_take(&r, n < reader_left(&r) ? n : reader_left(&r)), *now_ns);
        }
}

/** Play each tape in a session of its own, all of them open at the same time. */
static void play(struct keeper *k, const struct span *tapes, size_t n)
{
        static const uint64_t wall_offset_ns = 0;
        enum { TAPS = 6 };
        struct tap_shared shared;
        struct tap_times times = {0};
        struct tap *taps[TAPS];
        uint64_t now_ns = 1;
        struct tap_config config = {
            .dissect = {.query_bytes = 65536,
                        .value_bytes = 256,
                        .held_bytes = 4 << 20,
                        .pipeline = 256,
                        .statements = 256,
                        .lint = 16},
            .output = {.arg = k, .on_record = on_record},
        };
        if (k->has_places) {
                config.output.begin_session = begin_session;
                config.output.end_session = end_session;
                config.output.announcements = &k->announcements;
        }
        CU_ASSERT_FATAL(n <= TAPS);
        CU_ASSERT_EQUAL_FATAL(tap_shared_init(&shared, &config, &wall_offset_ns), STATUS_OK);
        for (size_t i = 0; i < n; i++) {
                taps[i] = tap_new(&shared, 100 + i, i % 2 == 0 ? "127.0.0.1:5" : "", &times, now_ns);
                CU_ASSERT_PTR_NOT_NULL_FATAL(taps[i]);
                tap_set_listen(taps[i], span_str("127.0.0.1:33060"));
                tap_set_remote(taps[i], span_str("127.0.0.1:3306"));
                tap_notice(taps[i], EVENT_NOTICE, "before it is connected", NULL, now_ns);
                CU_ASSERT_EQUAL(tap_connected(taps[i], "127.0.0.1:6", now_ns), STATUS_OK);
        }
        for (size_t i = 0; i < n; i++) {
                feed_tape(taps[i], tapes[i], &now_ns);
                tap_notice(taps[i], EVENT_NOTICE, "in its midst", "a detail", now_ns);
        }
        for (size_t i = 0; i < n; i++) {
                const struct tap_ending ending = {.reason = "the end", .bytes_sent = i};
                tap_end(taps[i], &ending, now_ns);
                tap_free(taps[i]);
        }
        tap_shared_fini(&shared);
}

static void forget(struct keeper *k)
{
        for (size_t i = 0; i < LINES; i++) {
                free(k->lines[i]);
        }
        for (size_t i = 0; i < PLACES; i++) {
                CU_ASSERT_FALSE(k->taken[i] && i > 0);
                free(k->bytes[i]);
        }
        *k = (struct keeper){.has_places = true};
}

static void same_whoever_carries(const struct span *tapes, size_t n)
{
        static struct keeper all;
        static struct keeper few;
        all = (struct keeper){.has_places = false};
        play(&all, tapes, n);
        CU_ASSERT_TRUE(all.n > 3);
        CU_ASSERT_EQUAL(all.carried, all.n);
        for (unsigned round = 0; round < 50; round++) {
                few =
                    (struct keeper){.has_places = true, .drop_in = round % 5, .announce_in = round % 3 * 10};
                play(&few, tapes, n);
                CU_ASSERT_EQUAL_FATAL(few.n, all.n);
                CU_ASSERT_TRUE(round > 0 || few.carried < all.carried || n >= PLACES);
                for (unsigned i = 0; i < all.n; i++) {
                        CU_ASSERT_TRUE(few.lines[i] == NULL || strcmp(few.lines[i], all.lines[i]) == 0);
                }
                forget(&few);
        }
        forget(&all);
}

static struct span script_tape(const struct script *s)
{
        return span_of(s->bytes, s->len);
}

/** User, database and character set change, by statements, commands and what the server tracks. */
static void what_changes_is_carried_again(void)
{
        static struct script s;
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT 1"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SET NAMES latin1"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 2"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x02shop"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 3"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 4"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x1f"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x11"
                             "other\0\0books\0\x2d\0mysql_native_password\0"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 5"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03USE music"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 6"));
        script_answer_ok(&s);
        struct span tape = script_tape(&s);
        same_whoever_carries(&tape, 1);
}

static void recorded_sessions_are_the_same(void)
{
        static const char *const names[] = {"php-1.tape", "mariadb-1.tape", "values-1.tape", "denied-1.tape",
                                            "perl-1.tape"};
        enum { TAPES = sizeof names / sizeof names[0] };
        static uint8_t bytes[TAPES][1 << 16];
        struct span tapes[TAPES];
        const char *top = getenv("top_srcdir");
        for (size_t i = 0; i < TAPES; i++) {
                char path[4096];
                (void)snprintf(path, sizeof path, "%s/tests/data/tapes/%s", top != NULL ? top : ".",
                               names[i]);
                FILE *in = fopen(path, "rb");
                CU_ASSERT_PTR_NOT_NULL_FATAL(in);
                tapes[i] = span_of(bytes[i], fread(bytes[i], 1, sizeof bytes[i], in));
                (void)fclose(in);
                same_whoever_carries(&tapes[i], 1);
        }
        same_whoever_carries(tapes, 3);
        same_whoever_carries(tapes, TAPES); /* more than there are places */
}

static const struct tap_test tests[] = {
    {"what changes is carried again", what_changes_is_carried_again},
    {"recorded sessions are the same", recorded_sessions_are_the_same},
};

int main(void)
{
        return TAP_RUN("carry", tests);
}
