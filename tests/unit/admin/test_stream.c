/* Recent records, as the page reads them: server-sent events, pages of records with their IDs, single ones; and the files of the page. */
#include "admin/admin_state.h"
#include "admin/port.h"
#include "admin/web.h"
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

static void records_have_pages(void)
{
        char path[128];
        open_port();
        for (unsigned i = 1; i <= 10; i++) {
                char text[16];
                (void)snprintf(text, sizeof text, "n%02u", i);
                put_notice(span_str(text));
        }
        CU_ASSERT_TRUE(loop_until(has_records, 10));
        static const struct {
                const char *query;
                const char *first;
                const char *last;
        } pages[] = {
            {"n=3", "n08", "n10"},
            {"n=3&before=8", "n05", "n07"},
            {"n=3&after=2", "n03", "n05"},
            {"n=3&before=2", "n01", "n01"},
            {"n=3&after=9", "n10", "n10"},
            {"n=9&after=2&before=5", "n03", "n04"},
            {"before=99&n=1", "n10", "n10"},
            {"n=2&q=event:notice", "n09", "n10"},
            {"n=2&q=event:notice&before=5", "n03", "n04"},
            {"n=2&q=event:notice&after=5", "n06", "n07"},
        };
        for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
                (void)snprintf(path, sizeof path, "/records?format=json&ids=1&%s", pages[i].query);
                const struct reply *r = get(path);
                CU_ASSERT_EQUAL(r->code, 200);
                const char *first = strstr(r->body, "\"reason\":\"");
                const char *last = first;
                for (const char *at = first; at != NULL; at = strstr(at + 1, "\"reason\":\"")) {
                        last = at;
                }
                if (first == NULL || strncmp(first + 10, pages[i].first, 3) != 0 ||
                    strncmp(last + 10, pages[i].last, 3) != 0) {
                        printf("# %s: %s\n", pages[i].query, r->body);
                        CU_FAIL("another page");
                }
        }
        CU_ASSERT_STRING_EQUAL(get("/records?after=10")->body, "");
        CU_ASSERT_STRING_EQUAL(get("/records?before=0")->body, "");
        CU_ASSERT_STRING_EQUAL(get("/records?before=1")->body, "");
        CU_ASSERT_EQUAL(get("/records?before=abc:1")->code, 404);
        CU_ASSERT_EQUAL(get("/records?after=x")->code, 400);
        CU_ASSERT_EQUAL(get("/records?ids=1")->code, 400);
        CU_ASSERT_EQUAL(get("/records?ids=1&format=json&cut=65537")->code, 400);
        close_port();
}

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

/* --- the page ------------------------------------------------------------------------------------------------------- */

static void the_page_is_embedded(void)
{
        open_port();
        const struct reply *r = ask(EVHTTP_REQ_GET, "/", NULL, HEADERS("Accept", "text/html,*/*;q=0.8"));
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->type, "text/html; charset=utf-8");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->policy, "default-src 'none'; script-src 'self';"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->policy, "frame-ancestors 'none'"));
        CU_ASSERT_PTR_NULL(strstr(r->policy, "unsafe"));
        size_t total = 0;
        for (size_t i = 0; i < web_files_n; i++) {
                char path[128];
                char tag[64];
                total += web_files[i].size;
                (void)snprintf(path, sizeof path, "/web/%s", web_files[i].name);
                r = get(path);
                CU_ASSERT_EQUAL(r->code, 200);
                CU_ASSERT_STRING_EQUAL(r->type, web_files[i].type);
                CU_ASSERT_STRING_EQUAL(r->sniff, "nosniff");
                CU_ASSERT_STRING_EQUAL(r->tag, web_files[i].tag);
                (void)snprintf(tag, sizeof tag, "%s", r->tag);
                r = ask(EVHTTP_REQ_GET, path, NULL, HEADERS("If-None-Match", tag));
                CU_ASSERT_EQUAL(r->code, 304);
                CU_ASSERT_EQUAL(r->len, 0);
                CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, path, NULL, NULL)->code, 405);
        }
        CU_ASSERT_TRUE(total < 150 * 1024);
        CU_ASSERT_EQUAL(get("/web/none.js")->code, 404);
        CU_ASSERT_EQUAL(get("/web/../index.html")->code, 404);
        CU_ASSERT_EQUAL(get("/web/")->code, 404);
        CU_ASSERT_EQUAL(get("/web")->code, 404);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/")->body, "/records/stream")); /* the list, for curl */
        close_port();
}

static const struct tap_test tests[] = {
    {"events carry records", events_carry_records},
    {"readers share events", readers_share_events},
    {"readers resume", readers_resume},
    {"another run is a gap of unknown size", another_run_is_a_gap_of_unknown_size},
    {"wrong IDs are refused", wrong_ids_are_refused},
    {"a filter selects events", a_filter_selects_events},
    {"the end is said", the_end_is_said},
    {"slow readers get gaps", slow_readers_get_gaps},
    {"records have pages", records_have_pages},
    {"large records are cut in lists", large_records_are_cut_in_lists},
    {"the page is embedded", the_page_is_embedded},
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
