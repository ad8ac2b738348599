/* Recent records, as the page reads them: server-sent events, and single ones. */
#include "admin/admin_state.h"
#include "admin/event_stream.h"
#include "admin/port.h"
#include "profile/heap/counts.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GOT_SIZE = 64 << 20 };

/* What a reader has got so far. */
static char *got;
static size_t got_len;
static int reader;

static bool has_streams(uint64_t n)
{
        return admin->context.n_streams == n;
}

static bool has_records(uint64_t n)
{
        return journal_recent_last(journal) >= n;
}

static void start_reading(const char *path, const char *headers)
{
        got_len = 0;
        got[0] = '\0';
        reader = send_get_with(path, headers);
        evutil_make_socket_nonblocking(reader);
}

/** Run the loop until the reader has got @p text. */
static bool reads(const char *text)
{
        const struct timeval step = {0, 1000};
        const char *found = strstr(got, text);
        for (int i = 0; i < 20000 && found == NULL; i++) {
                (void)event_base_loopexit(base, &step);
                (void)event_base_dispatch(base);
                size_t from = got_len > strlen(text) ? got_len - strlen(text) : 0;
                ssize_t n = read(reader, got + got_len, GOT_SIZE - 1 - got_len);
                got_len += n > 0 ? (size_t)n : 0;
                got[got_len] = '\0';
                found = strstr(got + from, text);
        }
        if (found == NULL) {
                printf("# not read: %s\n# but: %.2000s\n", text, got);
        }
        return found != NULL;
}

static void stop_reading(void)
{
        (void)close(reader);
        CU_ASSERT_TRUE(loop_until(has_streams, 0));
}

/** Format with the run of this proxy, as %s. */
static const char *with_run(const char *format)
{
        static char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(text, sizeof text, format, admin->context.run, admin->context.run, admin->context.run);
#pragma GCC diagnostic pop
        return text;
}

static const char accept_events[] = "Accept: text/event-stream\r\n";

/* --- events --------------------------------------------------------------------------------------------------------- */

static void events_carry_records(void)
{
        open_port();
        put_notice(span_str("before"));
        CU_ASSERT_TRUE(loop_until(has_records, 1));
        start_reading("/records/stream", accept_events);
        CU_ASSERT_TRUE(
            reads(with_run("event: run\nid: %s:1\ndata: {\"run\":\"%s\",\"first\":1,\"last\":1}\n\n")));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "Content-Type: text/event-stream\r\n"));
        put_notice(span_str("a\nb"));
        CU_ASSERT_TRUE(reads("\"reason\":\"a\\nb\"}\n\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, with_run("id: %s:2\ndata: {\"id\":\"%s:2\",\"ts\":\"")));
        CU_ASSERT_PTR_NULL(strstr(got, "before"));
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap"));
        stop_reading();
        start_reading("/records/stream?n=1", accept_events);
        CU_ASSERT_TRUE(reads("\"reason\":\"a\\nb\"}\n\n"));
        CU_ASSERT_PTR_NULL(strstr(got, "before"));
        stop_reading();
        /* an explicit format is that of lines */
        start_reading("/records/stream?n=1&format=ltsv", accept_events);
        CU_ASSERT_TRUE(reads("reason:a"));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "text/plain"));
        stop_reading();
        close_port();
}

/** Whoever is up to date gets the events that are formatted once for all, without a break, and so does whoever comes later. */
static void readers_share_events(void)
{
        enum { RECORDS = 4000 };
        open_port();
        int other = send_get_with("/records/stream", accept_events);
        start_reading("/records/stream", accept_events);
        CU_ASSERT_TRUE(reads("event: run"));
        CU_ASSERT_TRUE(loop_until(has_streams, 2));
        CU_ASSERT_EQUAL(admin->context.n_followers, 2);
        for (unsigned i = 1; i <= RECORDS; i++) {
                put_notice(span_of("some words of a reason", 22));
                if (i % 100 == 0) {
                        char id[64];
                        CU_ASSERT_TRUE(loop_until(has_records, i));
                        (void)snprintf(id, sizeof id, "\nid: %s:%u\n", admin->context.run, i);
                        CU_ASSERT_TRUE(reads(id)); /* nobody is slow */
                }
        }
        uint64_t number = 0;
        char mark[64];
        (void)snprintf(mark, sizeof mark, "\ndata: {\"id\":\"%s:", admin->context.run);
        for (const char *at = strstr(got, mark); at != NULL; at = strstr(at + 1, mark)) {
                CU_ASSERT_EQUAL(strtoull(at + strlen(mark), NULL, 10), ++number);
        }
        CU_ASSERT_EQUAL(number, RECORDS);
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap"));
        (void)close(reader);
        (void)close(other);
        CU_ASSERT_TRUE(loop_until(has_streams, 0));
        CU_ASSERT_EQUAL(admin->context.n_followers, 0);
        close_port();
}

static void readers_resume(void)
{
        open_port();
        put_notice(span_str("one"));
        put_notice(span_str("two"));
        put_notice(span_str("three"));
        CU_ASSERT_TRUE(loop_until(has_records, 3));
        start_reading("/records/stream", with_run("Accept: text/event-stream\r\nLast-Event-ID: %s:1\r\n"));
        CU_ASSERT_TRUE(reads("three"));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "two"));
        CU_ASSERT_PTR_NULL(strstr(got, "\"one\""));
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap"));
        stop_reading();
        start_reading(with_run("/records/stream?last_event_id=%s:2"), accept_events);
        CU_ASSERT_TRUE(reads("three"));
        CU_ASSERT_PTR_NULL(strstr(got, "two"));
        stop_reading();
        /* the header of a reader that comes back is newer than the address */
        start_reading("/records/stream?last_event_id=abc:1",
                      with_run("Accept: text/event-stream\r\nLast-Event-ID: %s:2\r\n"));
        CU_ASSERT_TRUE(reads("three"));
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap"));
        stop_reading();
        /* a number that is not reached yet */
        start_reading(with_run("/records/stream?last_event_id=%s:18446744073709551615"), accept_events);
        CU_ASSERT_TRUE(reads(with_run("id: %s:3\n")));
        put_notice(span_str("four"));
        CU_ASSERT_TRUE(reads("four"));
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap"));
        stop_reading();
        close_port();
}

static void another_run_is_a_gap_of_unknown_size(void)
{
        open_port();
        put_notice(span_str("one"));
        CU_ASSERT_TRUE(loop_until(has_records, 1));
        start_reading("/records/stream?last_event_id=abc:41", accept_events);
        CU_ASSERT_TRUE(reads("\"one\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "event: gap\ndata: {\"run\":\"abc\",\"from\":42}\n\n"));
        stop_reading();
        close_port();
}

static void wrong_ids_are_refused(void)
{
        static const char *const wrong[] = {"x",
                                            "abc",
                                            "abc:",
                                            ":1",
                                            "abc:1x",
                                            "abc:-1",
                                            "ABC:1",
                                            "abc:18446744073709551616",
                                            "00112233445566778:1"};
        open_port();
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                char path[128];
                (void)snprintf(path, sizeof path, "/records/stream?last_event_id=%s", wrong[i]);
                CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, path, NULL, HEADERS("Accept", "text/event-stream"))->code,
                                400);
                CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/records/stream", NULL,
                                    HEADERS("Accept", "text/event-stream", "Last-Event-ID", wrong[i]))
                                    ->code,
                                400);
                (void)snprintf(path, sizeof path, "/records/%s", wrong[i]);
                CU_ASSERT_EQUAL(get(path)->code, 404);
        }
        CU_ASSERT_EQUAL(admin->context.n_streams, 0);
        close_port();
}

static void a_filter_selects_events(void)
{
        open_port();
        start_reading("/records/stream?q=event:error", accept_events);
        CU_ASSERT_TRUE(reads("event: run"));
        put_notice(span_str("one"));
        CU_ASSERT_TRUE(loop_until(has_records, 1));
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_ERROR;
        record_set_text(&r, FIELD_REASON, span_str("two"));
        CU_ASSERT_TRUE(journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
        CU_ASSERT_TRUE(reads("\"two\""));
        CU_ASSERT_PTR_NULL(strstr(got, "\"one\""));
        CU_ASSERT_PTR_NULL(strstr(got, "event: gap")); /* what the filter rejects is not missing */
        stop_reading();
        close_port();
}

/** What could not be formatted is a gap before the next ID, and be it that of a sign of life: the reader may continue behind that. */
static void a_sign_of_life_tells_what_is_missing(void)
{
        struct event_stream e = {.run = "abc", .from = 5};
        struct record_buffer buffer = {NULL, 0};
        struct span text;
        CU_ASSERT_TRUE_FATAL(event_stream_beat(&e, 7, &buffer, &text));
        CU_ASSERT_TRUE(span_equal(
            text, span_str("id: abc:7\nevent: gap\ndata: "
                           "{\"run\":\"abc\",\"from\":5,\"to\":7,\"count\":3}\n\n:\nid: abc:7\n\n")));
        CU_ASSERT_TRUE_FATAL(event_stream_beat(&e, 7, &buffer, &text));
        CU_ASSERT_TRUE(span_equal(text, span_str(":\nid: abc:7\n\n")));
        record_buffer_free(&buffer);
}

static void the_end_is_said(void)
{
        open_port();
        start_reading("/records/stream", accept_events);
        CU_ASSERT_TRUE(loop_until(has_streams, 1));
        put_notice(span_str("last"));
        CU_ASSERT_TRUE(loop_until(has_records, 1));
        const char *end =
            strdup(with_run("event: end\nid: %s:1\ndata: {\"run\":\"%s\",\"first\":1,\"last\":1}\n\n"));
        close_port();
        ssize_t n;
        while ((n = read(reader, got + got_len, GOT_SIZE - 1 - got_len)) > 0) {
                got_len += (size_t)n;
        }
        got[got_len] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"last\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, end));
        free((char *)(uintptr_t)end);
        (void)close(reader);
}

/** Put @p n records that are large enough to overwrite others soon. */
static void put_large(unsigned n)
{
        static char text[16000];
        memset(text, 'x', sizeof text);
        uint64_t before = journal_recent_last(journal);
        for (unsigned i = 1; i <= n; i++) {
                put_notice(span_of(text, sizeof text));
                if (i % 16 == 0 || i == n) { /* before the buffer of the port is full */
                        CU_ASSERT_TRUE(loop_until(has_records, before + i));
                }
        }
}

/** A reader that does not read costs bounded memory; what it misses meanwhile is a gap, and the numbers add up. */
static void slow_readers_get_gaps(void)
{
        enum { RECORDS = 800, RECEIVED = 64 * 1024 };
        const int received = RECEIVED;
        open_port_with(1 << 20);
        start_reading("/records/stream?cut=65535", accept_events);
        CU_ASSERT_TRUE(reads("event: run"));
        CU_ASSERT_EQUAL(setsockopt(reader, SOL_SOCKET, SO_RCVBUF, &received, sizeof received), 0);
        int64_t used = prof_read(STAGE_ADMIN, LIB_COUNT).current_bytes_used;
        put_large(RECORDS);
        CU_ASSERT_TRUE(prof_read(STAGE_ADMIN, LIB_COUNT).current_bytes_used < used + (1 << 20));
        CU_ASSERT_TRUE(journal_recent_first(journal) > 1);
        char last[64];
        (void)snprintf(last, sizeof last, "id: %s:%d\ndata", admin->context.run, RECORDS);
        CU_ASSERT_TRUE(reads(last));
        uint64_t seen = 0;
        uint64_t missing = 0;
        for (const char *at = strstr(got, "data: {\"id\""); at != NULL;
             at = strstr(at + 1, "data: {\"id\"")) {
                seen++;
        }
        for (const char *at = strstr(got, "\"count\":"); at != NULL; at = strstr(at + 1, "\"count\":")) {
                missing += strtoull(at + strlen("\"count\":"), NULL, 10);
        }
        CU_ASSERT_TRUE(missing > 0);
        CU_ASSERT_EQUAL(seen + missing, RECORDS);
        stop_reading();
        close_port();
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */

static void large_records_are_cut_in_lists(void)
{
        static char text[100000];
        open_port();
        memset(text, 's', sizeof text);
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_text(&r, FIELD_QUERY, span_of(text, sizeof text));
        CU_ASSERT_TRUE(journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
        CU_ASSERT_TRUE(loop_until(has_records, 1));
        const struct reply *reply = get("/records?format=json&ids=1");
        CU_ASSERT_TRUE(reply->len < 4096);
        CU_ASSERT_PTR_NOT_NULL(strstr(reply->body, ",\"truncated\":100000}\n"));
        reply = get("/records?format=json&ids=1&cut=0");
        CU_ASSERT_TRUE(reply->len > 65000);
        start_reading("/records/stream?n=1&cut=0", accept_events);
        CU_ASSERT_TRUE(reads(",\"truncated\":100000}\n\n")); /* a stream is bounded in any case */
        stop_reading();
        start_reading(with_run("/records/%s:1?format=json"), "");
        CU_ASSERT_TRUE(reads("sss\""));
        CU_ASSERT_PTR_NULL(strstr(got, "truncated"));
        CU_ASSERT_TRUE(got_len > 100000);
        (void)close(reader);
        CU_ASSERT_EQUAL(get(with_run("/records/%s%%3A1?format=json"))->code, 200);
        CU_ASSERT_EQUAL(get("/records/1")->code, 200);
        CU_ASSERT_EQUAL(get("/records/2")->code, 404);
        CU_ASSERT_EQUAL(get("/records/0")->code, 404);
        CU_ASSERT_EQUAL(get("/records/abc:1")->code, 404);
        close_port();
}

static const struct tap_test tests[] = {
    {"events carry records", events_carry_records},
    {"readers share events", readers_share_events},
    {"readers resume", readers_resume},
    {"another run is a gap of unknown size", another_run_is_a_gap_of_unknown_size},
    {"wrong IDs are refused", wrong_ids_are_refused},
    {"a filter selects events", a_filter_selects_events},
    {"a sign of life tells what is missing", a_sign_of_life_tells_what_is_missing},
    {"the end is said", the_end_is_said},
    {"slow readers get gaps", slow_readers_get_gaps},
    {"large records are cut in lists", large_records_are_cut_in_lists},
};

int main(void)
{
        got = malloc(GOT_SIZE);
        (void)prof_hooks_install();
        int status = TAP_RUN("admin stream", tests);
        libevent_global_shutdown();
        free(got);
        return status;
}
