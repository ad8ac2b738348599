#include "tap/tap.h"

#include "base/reader.h"
#include "journal/format/convert.h"
#include "journal/format/format.h"
#include "script.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const tapes[] = {"denied-1",           "mariadb-1", "perl-1",   "php-1",
                                    "procedure-cursor-1", "pymysql-1", "values-1", "values-2"};
static struct script s;

/* --- the same records as from the dissector alone --------------------------------------------------------------------- */

static void print(FILE *out, const struct record *r)
{
        size_t size = format_size(FORMAT_JSON, r);
        uint8_t *line = malloc(size);
        struct writer w = writer_over(line, size);
        format_record(&w, FORMAT_JSON, r);
        CU_ASSERT_FALSE(w.failed);
        (void)fwrite(line, 1, w.at, out);
        free(line);
}

/** Print @p raw without what a tap adds to a dissector's record, which is asserted. */
static bool on_record(void *arg, const struct record_raw *raw)
{
        static const enum record_field added[] = {FIELD_CONN_ID, FIELD_CLIENT_ADDR, FIELD_PROXY_LISTEN_ADDR,
                                                  FIELD_REMOTE_ADDR, FIELD_PROXY_US};
        struct convert convert;
        struct record copy;
        record_assign(&copy, &raw->with_secrets);
        if (copy.event == EVENT_DISCONNECT) {
                return true; /* the tap's own */
        }
        CU_ASSERT_EQUAL(record_uint_if_any(&copy, FIELD_CONN_ID), 7);
        CU_ASSERT_TRUE(span_equal(record_text_if_any(&copy, FIELD_CLIENT_ADDR), span_str("10.0.0.1:5000")));
        CU_ASSERT_TRUE(span_equal(record_text_if_any(&copy, FIELD_PROXY_LISTEN_ADDR), span_str("listen:1")));
        CU_ASSERT_TRUE(span_equal(record_text_if_any(&copy, FIELD_REMOTE_ADDR), span_str("remote:2")));
        for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
                record_remove(&copy, added[i]);
        }
        convert_init(&convert);
        print(arg, convert_record(&convert, &copy));
        convert_fini(&convert);
        return true;
}

/** @return JSON lines, which the caller frees. */
static char *records_of_tap(struct span tape)
{
        static struct tap_shared shared;
        const uint64_t wall_offset_ns = 0;
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        const struct tap_config config = {.dissect = {.query_bytes = 65536,
                                                      .value_bytes = 256,
                                                      .held_bytes = 4 << 20,
                                                      .pipeline = 256,
                                                      .statements = 256,
                                                      .rows = 3,
                                                      .lint = 16},
                                          .output = {.arg = out, .on_record = on_record}};
        struct tap_times times = {0};
        CU_ASSERT_EQUAL_FATAL(tap_shared_init(&shared, &config, &wall_offset_ns), STATUS_OK);
        struct tap *tap = tap_new(&shared, 7, "10.0.0.1:5000", &times, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tap);
        tap_set_listen(tap, span_str("listen:1"));
        tap_set_remote(tap, span_str("remote:2"));
        struct reader r = reader_over(tape);
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                tap_feed(tap, side, reader_take(&r, reader_u32(&r)), 0);
        }
        tap_end(tap, &(struct tap_ending){.reason = "the end"}, 0);
        tap_free(tap);
        tap_shared_fini(&shared);
        (void)fclose(out);
        return text;
}

static size_t read_tape(const char *name, uint8_t *out, size_t size)
{
        char path[512];
        const char *top = getenv("top_srcdir");
        (void)snprintf(path, sizeof path, "%s/tests/data/tapes/%s.tape", top != NULL ? top : ".", name);
        FILE *in = fopen(path, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        size_t n = fread(out, 1, size, in);
        (void)fclose(in);
        return n;
}

static void records_are_the_dissectors(void)
{
        static uint8_t bytes[65536];
        for (size_t i = 0; i < sizeof tapes / sizeof tapes[0]; i++) {
                struct span tape = span_of(bytes, read_tape(tapes[i], bytes, sizeof bytes));
                char *expected = tape_records(tape, &(struct tape_options){.rows = 3, .without_gate = true});
                char *records = records_of_tap(tape);
                CU_ASSERT_TRUE(strlen(records) > 100);
                CU_ASSERT_STRING_EQUAL(records, expected);
                free(expected);
                free(records);
        }
}

/* --- what the forwarding side adds ------------------------------------------------------------------------------------- */

struct seen {
        unsigned events[EVENT_COUNT];
        struct record last;
        char tls[64];
        char own[64];
};

static bool note(void *arg, const struct record_raw *raw)
{
        struct seen *seen = arg;
        const struct record *r = &raw->with_secrets;
        seen->events[r->event]++;
        seen->last = *r;
        struct span tls = record_text_if_any(r, FIELD_TLS);
        struct span own = record_text_if_any(r, FIELD_PROXY_CLIENT_ADDR);
        if (tls.len > 0) {
                (void)snprintf(seen->tls, sizeof seen->tls, "%.*s", (int)tls.len, (const char *)tls.data);
        }
        (void)snprintf(seen->own, sizeof seen->own, "%.*s", (int)own.len, (const char *)own.data);
        return true;
}

static void the_forwarding_side_adds_what_it_knows(void)
{
        static struct tap_shared shared;
        const uint64_t wall_offset_ns = 1000;
        struct seen seen = {.last = {0}};
        struct tap_times times = {.stall_ns = 5000};
        const struct tap_config config = {.dissect = {.query_bytes = 100,
                                                      .value_bytes = 10,
                                                      .held_bytes = 1 << 20,
                                                      .pipeline = 8,
                                                      .statements = 8},
                                          .capture_bytes = 1 << 20,
                                          .output = {.arg = &seen, .on_record = note}};
        CU_ASSERT_EQUAL_FATAL(tap_shared_init(&shared, &config, &wall_offset_ns), STATUS_OK);
        struct tap *tap = tap_new(&shared, 9, "client:1", &times, 500);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tap);
        CU_ASSERT_STRING_EQUAL(tap_client_addr(tap), "client:1");
        CU_ASSERT_EQUAL(tap_connected(tap, "own:3", 600), STATUS_OK);
        CU_ASSERT_EQUAL(seen.events[EVENT_CONNECT], 1);
        CU_ASSERT_STRING_EQUAL(seen.own, "own:3");
        CU_ASSERT_EQUAL(seen.last.wall_ns, 1600);
        CU_ASSERT_EQUAL(tap_secured(tap, SIDE_CLIENT, "TLSv1.3 X"), STATUS_OK);
        tap_set_login(tap, (struct gate_offer){.offered = 3, .removed = 1}, true);
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03SELECT 1"));
        script_answer_ok(&s);
        struct reader r = reader_over(span_of(s.bytes, s.len));
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                tap_feed(tap, side, reader_take(&r, reader_u32(&r)), 700);
        }
        CU_ASSERT_EQUAL(seen.events[EVENT_AUTH], 1);
        CU_ASSERT_STRING_EQUAL(seen.tls, "TLSv1.3 X");
        CU_ASSERT_EQUAL(seen.events[EVENT_QUERY], 1);
        CU_ASSERT_EQUAL(record_uint_if_any(&seen.last, FIELD_STALL_US), 5);
        CU_ASSERT_EQUAL(times.stall_ns, 0); /* reported once */
        CU_ASSERT_EQUAL(atomic_load(&shared.counts.statements), 1);
        tap_give_up(tap, "enough", 800);
        CU_ASSERT_EQUAL(atomic_load(&shared.counts.opaque), 1);
        tap_give_up(tap, "enough", 800);
        CU_ASSERT_EQUAL(atomic_load(&shared.counts.opaque), 1);
        tap_end(tap, &(struct tap_ending){.reason = "over", .bytes_sent = 10, .bytes_received = 20}, 2500);
        CU_ASSERT_EQUAL(seen.events[EVENT_DISCONNECT], 1);
        CU_ASSERT_EQUAL(record_uint_if_any(&seen.last, FIELD_DURATION_US), 2);
        CU_ASSERT_EQUAL(record_uint_if_any(&seen.last, FIELD_BYTES_RECEIVED), 20);
        tap_free(tap);
        tap_free(NULL);
        tap_shared_fini(&shared);
}

/* --- the program ------------------------------------------------------------------------------------------------------- */

/** What tap_json prints of the session in @p bytes, into @p out. */
static void run_program(struct span bytes, char *out, size_t size)
{
        char path[] = "/tmp/querytap-tape-XXXXXX";
        int fd = mkstemp(path);
        int ends[2];
        int status = -1;
        CU_ASSERT_TRUE_FATAL(fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len &&
                             pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
                (void)dup2(ends[1], STDOUT_FILENO);
                (void)close(ends[0]);
                (void)execl("tests/unit/tap_json", "tap_json", path, (char *)NULL);
                _exit(127);
        }
        (void)close(ends[1]);
        FILE *in = fdopen(ends[0], "r");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        out[fread(out, 1, size - 1, in)] = '\0';
        (void)fclose(in);
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        CU_ASSERT_EQUAL(status, 0);
        (void)close(fd);
        (void)unlink(path);
}

static void a_program_prints_a_session_without_passwords(void)
{
        static char lines[65536];
        script_open(&s, 0, 45);
        script_send(&s, SPAN("\x03"
                             "ALTER USER app IDENTIFIED BY 'hunter2'"));
        script_answer_ok(&s);
        script_send(&s, SPAN("\x03SELECT 'visible'"));
        script_answer_ok(&s);
        run_program(span_of(s.bytes, s.len), lines, sizeof lines);
        CU_ASSERT_PTR_NULL(strstr(lines, "hunter2"));
        CU_ASSERT_TRUE(script_has(lines, "ALTER USER app IDENTIFIED BY '<secret>'"));
        CU_ASSERT_TRUE(script_has(lines, "SELECT 'visible'"));
        CU_ASSERT_TRUE(script_has(lines, "\"event\":\"disconnect\""));
}

static const struct tap_test tests[] = {
    {"records are those of the dissector, and say whose they are", records_are_the_dissectors},
    {"what the forwarding side knows is in the records", the_forwarding_side_adds_what_it_knows},
    {"a program prints a recorded session without passwords", a_program_prints_a_session_without_passwords},
};

int main(void)
{
        return TAP_RUN("tap", tests);
}
