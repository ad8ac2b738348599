#include "admin/admin.h"
#include "admin/admin_listener.h"
#include "admin/admin_state.h"
#include "admin/endpoints.h"
#include "admin/guard.h"
#include "admin/port.h"
#include "admin/put.h"
#include "base/diag.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "tap.h"

#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- pure ------------------------------------------------------------------------------------------------------------ */

static void the_guard_knows_our_own_hosts(void)
{
        static const char *const good[] = {"localhost",      "LocalHost:80", "127.0.0.1",
                                           "127.0.0.1:6060", "[::1]",        "[::1]:6060"};
        static const char *const bad[] = {"",
                                          "evil.example",
                                          "evil.example:6060",
                                          "localhost.evil.example",
                                          "127.0.0.1.evil.example",
                                          "10.0.0.1",
                                          "[::2]",
                                          "[::1",
                                          "::1",
                                          "[::1]x",
                                          "localhost:80x",
                                          "localhost:80:90",
                                          ":6060",
                                          "[]"};
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
                CU_ASSERT_TRUE(guard_host(good[i]));
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                if (guard_host(bad[i])) {
                        printf("# let in: %s\n", bad[i]);
                        CU_FAIL("a foreign host");
                }
        }
        CU_ASSERT_FALSE(guard_host(NULL));
}

static void the_guard_knows_our_own_pages(void)
{
        CU_ASSERT_TRUE(guard_origin(NULL, "localhost:6060"));
        CU_ASSERT_TRUE(guard_origin("http://localhost:6060", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("http://localhost:6061", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("http://localhost", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("https://localhost:6060", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("http://127.0.0.1:6060", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("null", "localhost:6060"));
        CU_ASSERT_FALSE(guard_origin("", "localhost:6060"));
}

static void the_guard_knows_what_browsers_say(void)
{
        static const struct {
                struct guard_fetch fetch;
                bool anywhere; /* is it let in, wherever it goes */
                bool page;     /* is it let in to the page */
        } cases[] = {
            {{NULL, NULL, NULL}, true, true}, /* curl */
            {{"none", "navigate", "document"}, true, true},
            {{"same-origin", "cors", "empty"}, true, true},
            {{"same-origin", "no-cors", "script"}, true, true},
            {{"cross-site", "navigate", "document"}, false, true}, /* a link */
            {{"same-site", "navigate", "document"}, false, true},  /* a link on a page of another port */
            {{"same-site", "cors", "empty"}, false, false},
            {{"same-site", "no-cors", "script"}, false, false},
            {{"cross-site", "no-cors", "image"}, false, false},
            {{"cross-site", "no-cors", "style"}, false, false},
            {{"cross-site", "navigate", "iframe"}, false, false},
            {{"cross-site", "navigate", NULL}, false, false},
            {{"cross-site", NULL, "document"}, false, false},
            {{"same-origin", "navigate", "iframe"}, false, false},
            {{"none", "navigate", "object"}, false, false},
            {{NULL, NULL, "embed"}, false, false},
            {{"", "navigate", "empty"}, false, false},
            {{"elsewhere", "cors", "empty"}, false, false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                CU_ASSERT_EQUAL(guard_fetch(&cases[i].fetch, false), cases[i].anywhere);
                CU_ASSERT_EQUAL(guard_fetch(&cases[i].fetch, true), cases[i].page);
        }
}

static void the_guard_knows_loopback(void)
{
        CU_ASSERT_TRUE(guard_is_loopback("127.0.0.1"));
        CU_ASSERT_TRUE(guard_is_loopback("127.1.2.3"));
        CU_ASSERT_TRUE(guard_is_loopback("::1"));
        CU_ASSERT_TRUE(guard_is_loopback("localhost"));
        CU_ASSERT_FALSE(guard_is_loopback("0.0.0.0"));
        CU_ASSERT_FALSE(guard_is_loopback("128.0.0.1"));
        CU_ASSERT_FALSE(guard_is_loopback("::"));
        CU_ASSERT_FALSE(guard_is_loopback("db.example"));
}

static bool is_found(const char *path, uint64_t *id)
{
        char allow[32];
        struct endpoint_place place;
        bool found = endpoints_find("GET", path, &place, allow, sizeof allow) != NULL;
        *id = place.number;
        return found;
}

static void paths_are_matched_whole(void)
{
        uint64_t id = 0;
        CU_ASSERT_TRUE(is_found("/stages", &id));
        CU_ASSERT_FALSE(is_found("/stages/", &id));
        CU_ASSERT_FALSE(is_found("/stage", &id));
        CU_ASSERT_TRUE(is_found("/sessions/42/hex", &id));
        CU_ASSERT_EQUAL(id, 42);
        CU_ASSERT_TRUE(is_found("/sessions/18446744073709551615/hex", &id));
        CU_ASSERT_EQUAL(id, UINT64_MAX);
        CU_ASSERT_FALSE(is_found("/sessions/18446744073709551616/hex", &id));
        CU_ASSERT_FALSE(is_found("/sessions//hex", &id));
        CU_ASSERT_FALSE(is_found("/sessions/-1/hex", &id));
        CU_ASSERT_FALSE(is_found("/sessions/1/hexx", &id));
        CU_ASSERT_FALSE(is_found("/sessions/1", &id));
}

static void methods_are_told(void)
{
        struct endpoint_place place;
        char allow[32];
        CU_ASSERT_PTR_NOT_NULL(endpoints_find("GET", "/fault", &place, allow, sizeof allow));
        CU_ASSERT_PTR_NOT_NULL(endpoints_find("HEAD", "/stages", &place, allow, sizeof allow));
        CU_ASSERT_PTR_NULL(endpoints_find("GET", "/sessions/1/kill", &place, allow, sizeof allow));
        CU_ASSERT_STRING_EQUAL(allow, "POST");
        CU_ASSERT_PTR_NULL(endpoints_find("", "/fault", &place, allow, sizeof allow));
        CU_ASSERT_STRING_EQUAL(allow, "GET, POST");
        CU_ASSERT_PTR_NULL(endpoints_find("GET", "/nowhere", &place, allow, sizeof allow));
        CU_ASSERT_STRING_EQUAL(allow, "");
}

static void expect_put(void (*put)(FILE *, const char *), const char *text, const char *wanted)
{
        char *got = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&got, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        put(out, text);
        (void)fclose(out);
        CU_ASSERT_STRING_EQUAL(got, wanted);
        free(got);
}

static void texts_are_escaped(void)
{
        expect_put(put_plain, "a\x1b[2J\n\x7f\xc2\x9b é \xff", "a\\x1b[2J\\x0a\\x7f\\u009b é \\xff");
}

/* --- the port itself ------------------------------------------------------------------------------------------------- */

static void each_get_answers(void)
{
        static const char *const json[] = {"/",         "/sessions", "/counters",     "/settings",
                                           "/healthz",  "/stages",   "/debug/pprof/", "/debug/pprof/threads",
                                           "/fault",    "/findings", "/transactions", "/series/statements",
                                           "/verdicts", "/series",   "/marks",        "/births"};
        open_port();
        for (size_t i = 0; i < sizeof json / sizeof json[0]; i++) {
                char path[64];
                const struct reply *r = get(json[i]);
                CU_ASSERT_EQUAL(r->code, 200);
                CU_ASSERT_STRING_EQUAL(r->type, "text/plain; charset=utf-8");
                CU_ASSERT_NOT_EQUAL(r->body[0], '\0');
                (void)snprintf(path, sizeof path, "%s?format=json", json[i]);
                r = get(path);
                CU_ASSERT_EQUAL(r->code, 200);
                CU_ASSERT_STRING_EQUAL(r->type, "application/json");
                CU_ASSERT_TRUE(r->body[0] == '{' || r->body[0] == '[');
                CU_ASSERT_EQUAL(r->body[strlen(r->body) - 1], '\n');
        }
        const struct reply *r = ask(EVHTTP_REQ_GET, "/", NULL, HEADERS("Accept", "text/html,*/*"));
        CU_ASSERT_STRING_EQUAL(r->type, "text/html; charset=utf-8");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "/web/page.js"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/debug/pprof/heap?debug=1")->body, "heap profile: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/debug/pprof/symbol")->body, "num_symbols: 1"));
        CU_ASSERT_EQUAL(get("/records")->code, 200);
        r = get("/metrics");
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->type, "text/plain; version=0.0.4; charset=utf-8");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "\n# TYPE querytap_sessions gauge\nquerytap_sessions 0\n"));
        CU_ASSERT_STRING_EQUAL(get("/readyz")->body, "ready\n");
        CU_ASSERT_STRING_EQUAL(get("/readyz?format=json")->body, "{\"status\":\"ready\"}\n");
        close_port();
}

static void wrong_questions_are_told(void)
{
        open_port();
        CU_ASSERT_EQUAL(get("/nowhere")->code, 404);
        CU_ASSERT_EQUAL(get("/sessions/7/hex")->code, 404);
        CU_ASSERT_STRING_EQUAL(get("/sessions/7/hex")->body, "there is no session 7\n");
        CU_ASSERT_STRING_EQUAL(get("/sessions/7/hex?format=json")->body,
                               "{\"error\":\"there is no session 7\"}\n");
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/sessions/7/kill", NULL, NULL)->code, 404);
        const struct reply *r = get("/sessions/7/kill");
        CU_ASSERT_EQUAL(r->code, 405);
        CU_ASSERT_STRING_EQUAL(r->allow, "POST");
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_DELETE, "/stages", NULL, NULL)->code, 405);
        CU_ASSERT_EQUAL(get("/records?n=many")->code, 400);
        CU_ASSERT_EQUAL(get("/records?n=-1")->code, 400);
        CU_ASSERT_EQUAL(get("/records/stream?n=many")->code, 400);
        CU_ASSERT_EQUAL(get("/records?n")->code, 400);
        CU_ASSERT_EQUAL(get("/debug/pprof/heap?seconds=0")->code, 400);
        CU_ASSERT_EQUAL(get("/debug/pprof/heap?seconds=3601")->code, 400);
        CU_ASSERT_EQUAL(get("/debug/pprof")->code, 301);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/fault", NULL, NULL)->code, 400);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/fault?nth=0", NULL, NULL)->code, 200);
        settings.profile.fault_injection = false;
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/fault?nth=1", NULL, NULL)->code, 403);
        r = ask(EVHTTP_REQ_HEAD, "/healthz", NULL, NULL);
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->length, "3");
        CU_ASSERT_STRING_EQUAL(r->body, "");
        close_port();
}

static void a_reload_says_what_changed_or_why_not(void)
{
        open_port();
        CU_ASSERT_EQUAL(get("/reload")->code, 405);
        const struct reply *r = ask(EVHTTP_REQ_POST, "/reload", NULL, NULL);
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->body,
                               "reloaded\nnew sessions have: remote, tls.key\nneed a restart: listen\n");
        r = ask(EVHTTP_REQ_POST, "/reload?format=json", NULL, NULL);
        CU_ASSERT_STRING_EQUAL(r->body,
                               "{\"changed\":[\"remote\",\"tls.key\"],\"need_restart\":[\"listen\"]}\n");
        reload_fails = true;
        r = ask(EVHTTP_REQ_POST, "/reload", NULL, NULL);
        CU_ASSERT_EQUAL(r->code, 400);
        CU_ASSERT_STRING_EQUAL(r->body, "q.cfg:1: \\x1b one\nq.cfg:2: two\n");
        r = ask(EVHTTP_REQ_POST, "/reload?format=json", NULL, NULL);
        CU_ASSERT_EQUAL(r->code, 400);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "{\"error\":\"q.cfg:1: "));
        reload_fails = false;
        admin_set_control(admin, NULL);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, "/reload", NULL, NULL)->code, 501); /* nobody reloads */
        close_port();
}

static void strangers_are_refused(void)
{
        open_port();
        const char *addr = admin_addr(admin);
        char origin[160];
        (void)snprintf(origin, sizeof origin, "http://%s", addr);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/healthz", NULL, HEADERS("Host", "evil.example"))->code, 403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/healthz", NULL, HEADERS("Host", "localhost:1"))->code, 200);
        CU_ASSERT_EQUAL(
            ask(EVHTTP_REQ_GET, "/healthz", NULL, HEADERS("Host", addr, "Host", "evil.example"))->code, 403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/healthz", NULL, HEADERS("Origin", origin))->code, 200);
        CU_ASSERT_EQUAL(
            ask(EVHTTP_REQ_POST, "/sessions/1/kill", NULL, HEADERS("Origin", "http://evil.example"))->code,
            403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/healthz", NULL, HEADERS("Origin", "null"))->code, 403);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/counters?format=json")->body, "\"admin_refused\":4,"));
        /* a page on another port: its scripts, images and frames, and a form that posts */
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/records", NULL,
                            HEADERS("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"))
                            ->code,
                        403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/", NULL,
                            HEADERS("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate",
                                    "Sec-Fetch-Dest", "iframe"))
                            ->code,
                        403);
        CU_ASSERT_EQUAL(
            ask(EVHTTP_REQ_POST, "/digests/reset", "a=b",
                HEADERS("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest",
                        "document", "Content-Type", "application/x-www-form-urlencoded"))
                ->code,
            403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/records", NULL,
                            HEADERS("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"))
                            ->code,
                        403);
        CU_ASSERT_EQUAL(ask(EVHTTP_REQ_GET, "/", NULL,
                            HEADERS("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate",
                                    "Sec-Fetch-Dest", "document"))
                            ->code,
                        200); /* a link */
        close_port();
}

static void symbols_have_names(void)
{
        char body[128];
        open_port();
        (void)snprintf(body, sizeof body, "0x%zx+nonsense+0x1+0x%zx", (size_t)(uintptr_t)&admin_new,
                       (size_t)(uintptr_t)&admin_free);
        const struct reply *r = ask(EVHTTP_REQ_POST, "/debug/pprof/symbol", body, NULL);
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "num_symbols: 1\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "admin_new"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->body, "admin_free"));
        close_port();
}

/* --- clients that do not wait ---------------------------------------------------------------------------------------- */

static bool has_streams(uint64_t n)
{
        return admin->context.n_streams == n;
}

static bool has_requests(uint64_t n)
{
        return admin->context.requests >= n;
}

static void followers_may_leave(void)
{
        int fds[3];
        open_port();
        for (size_t i = 0; i < 3; i++) {
                fds[i] = send_get("/records/stream?format=json");
        }
        CU_ASSERT_TRUE(loop_until(has_streams, 3));
        (void)close(fds[0]);
        (void)close(fds[2]);
        CU_ASSERT_TRUE(loop_until(has_streams, 1));
        close_port(); /* with one still there */
        (void)close(fds[1]);
}

enum { FOLLOWERS = 17 }; /* one more than are served */
static int followers[FOLLOWERS];

/** Whether @p n followers have been answered with 503. Connections are not served in the order of their opening. */
static bool were_refused(uint64_t n)
{
        uint64_t refused = 0;
        for (size_t i = 0; i < FOLLOWERS; i++) {
                char text[16] = "";
                if (recv(followers[i], text, sizeof text - 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
                        refused += strncmp(text, "HTTP/1.1 503", 12) == 0 ? 1 : 0;
                }
        }
        return refused == n;
}

static void followers_are_limited(void)
{
        open_port();
        for (size_t i = 0; i < FOLLOWERS; i++) {
                followers[i] = send_get("/records/stream");
        }
        CU_ASSERT_TRUE(loop_until(has_requests, FOLLOWERS));
        CU_ASSERT_TRUE(has_streams(FOLLOWERS - 1));
        CU_ASSERT_TRUE(loop_until(were_refused, 1));
        for (size_t i = 0; i < FOLLOWERS; i++) {
                (void)close(followers[i]);
        }
        CU_ASSERT_TRUE(loop_until(has_streams, 0));
        close_port();
}

static void askers_may_leave(void)
{
        open_port();
        for (size_t i = 0; i < 20; i++) {
                (void)close(send_get(i % 2 == 0 ? "/sessions" : "/sessions/1/hex"));
        }
        CU_ASSERT_TRUE(loop_until(has_requests, 20));
        for (size_t i = 0; i < 20; i++) {
                (void)close(send_get("/sessions"));
        }
        close_port(); /* with questions and connections under way */
}

/** A record arrives at a follower, whole. */
static void a_stream_carries_records(void)
{
        static const char text[] = "the record of this test";
        char got[4096] = "";
        size_t at = 0;
        open_port();
        int fd = send_get("/records/stream?format=json");
        CU_ASSERT_TRUE(loop_until(has_streams, 1));
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_NOTICE;
        record_set_text(&r, FIELD_REASON, span_str(text));
        CU_ASSERT_TRUE(journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
        evutil_make_socket_nonblocking(fd);
        const struct timeval step = {0, 1000};
        for (int i = 0; i < 20000 && strstr(got, "}\n") == NULL; i++) {
                (void)event_base_loopexit(base, &step);
                (void)event_base_dispatch(base);
                ssize_t n = read(fd, got + at, sizeof got - 1 - at);
                at += n > 0 ? (size_t)n : 0;
                got[at] = '\0';
        }
        CU_ASSERT_PTR_NOT_NULL(strstr(got, text));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "application/x-ndjson"));
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/records?n=1&format=json")->body, text));
        (void)close(fd);
        close_port();
}

/** The last records reach a follower, and then the end of the reply, by which it knows that the proxy has stopped. */
static void a_stream_ends_with_the_proxy(void)
{
        enum { RECORDS = 500 }; /* all of which the recent records have room for */
        static char got[1 << 20];
        size_t at = 0;
        ssize_t n;
        open_port();
        int fd = send_get("/records/stream?format=json");
        CU_ASSERT_TRUE(loop_until(has_streams, 1));
        for (unsigned i = 0; i < RECORDS; i++) {
                char text[32];
                struct record r;
                memset(&r, 0, sizeof r);
                r.event = EVENT_NOTICE;
                (void)snprintf(text, sizeof text, "record %u", i);
                record_set_text(&r, FIELD_REASON, span_str(text));
                CU_ASSERT_TRUE(
                    journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
        }
        close_port();
        while ((n = read(fd, got + at, sizeof got - 1 - at)) > 0) {
                at += (size_t)n;
        }
        CU_ASSERT_EQUAL(n, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"record 0\""));
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"record 499\""));
        CU_ASSERT_TRUE(at > 5 && strcmp(got + at - 5, "0\r\n\r\n") == 0);
        (void)close(fd);
}

static void a_port_in_use_or_not_ours_is_refused(void)
{
        struct admin *second = NULL;
        open_port();
        diag_set_level(DIAG_ERROR);
        CU_ASSERT_EQUAL(settings_set(&settings, "admin", admin_addr(admin), "test"), STATUS_OK);
        CU_ASSERT_EQUAL(admin_new(&settings, base, proxy, journal, &second), STATUS_IO);
        CU_ASSERT_EQUAL(settings_set(&settings, "admin", "0.0.0.0:0", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(admin_new(&settings, base, proxy, journal, &second), STATUS_INVALID);
        CU_ASSERT_EQUAL(settings_set(&settings, "admin", "db.example:6060", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(admin_new(&settings, base, proxy, journal, &second), STATUS_INVALID);
        CU_ASSERT_EQUAL(settings_set(&settings, "admin", "unix:/tmp/x", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(admin_new(&settings, base, proxy, journal, &second), STATUS_INVALID);
        CU_ASSERT_PTR_NULL(second);
        CU_ASSERT_EQUAL(settings_set(&settings, "admin", "off", "test"), STATUS_OK);
        CU_ASSERT_EQUAL(admin_new(&settings, base, proxy, journal, &second), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(admin_addr(second), "off");
        diag_set_level(DIAG_INFO);
        close_port();
}

static bool are_turned_away(uint64_t n)
{
        return admin_listener_counts(admin->context.listener).turned_away >= n;
}

static bool are_connected(uint64_t n)
{
        return admin_listener_counts(admin->context.listener).connections == n;
}

static bool has_accept_errors(uint64_t n)
{
        return admin_listener_counts(admin->context.listener).accept_errors >= n;
}

static bool answers(uint64_t code)
{
        return (uint64_t)get("/healthz")->code == code;
}

static void the_listener_is_bounded(void)
{
        enum { MORE = 10 };
        int fds[64 + MORE];
        open_port();
        diag_set_level(DIAG_ERROR);
        for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
                fds[i] = send_get(i < 4 ? "/records/stream" : "/healthz");
        }
        CU_ASSERT_TRUE(loop_until(are_turned_away, MORE));
        CU_ASSERT_TRUE(loop_until(are_connected, 64)); /* they are kept alive … */
        CU_ASSERT_TRUE(
            loop_until(answers, 200)); /* … but without a request for a second, one gives its place */
        CU_ASSERT_TRUE(admin_listener_counts(admin->context.listener).timed_out > 0);
        CU_ASSERT_EQUAL(admin->context.n_streams, 4); /* these had one */
        for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
                (void)close(fds[i]);
        }
        CU_ASSERT_TRUE(loop_until(are_connected, 0));
        diag_set_level(DIAG_INFO);
        close_port();
}

static void a_failed_accept_is_survived(void)
{
        struct rlimit before;
        open_port();
        diag_set_level(DIAG_ERROR);
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
        int fd = send_get("/healthz");
        const struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
        CU_ASSERT_TRUE(loop_until(has_accept_errors, 1));
        CU_ASSERT_FALSE(has_accept_errors(10)); /* it pauses */
        CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
        CU_ASSERT_TRUE(loop_until(are_connected, 1));
        CU_ASSERT_EQUAL(get("/healthz")->code, 200);
        (void)close(fd);
        diag_set_level(DIAG_INFO);
        close_port();
}

static const struct tap_test tests[] = {
    {"the guard knows our own hosts", the_guard_knows_our_own_hosts},
    {"the guard knows our own pages", the_guard_knows_our_own_pages},
    {"the guard knows what browsers say", the_guard_knows_what_browsers_say},
    {"the guard knows loopback", the_guard_knows_loopback},
    {"paths are matched whole", paths_are_matched_whole},
    {"methods are told", methods_are_told},
    {"texts are escaped", texts_are_escaped},
    {"each GET answers", each_get_answers},
    {"wrong questions are told", wrong_questions_are_told},
    {"a reload says what changed, or why not", a_reload_says_what_changed_or_why_not},
    {"strangers are refused", strangers_are_refused},
    {"symbols have names", symbols_have_names},
    {"followers may leave", followers_may_leave},
    {"followers are limited", followers_are_limited},
    {"askers may leave", askers_may_leave},
    {"a stream carries records", a_stream_carries_records},
    {"a stream ends with the proxy", a_stream_ends_with_the_proxy},
    {"the number of connections is bounded", the_listener_is_bounded},
    {"a failed accept is survived", a_failed_accept_is_survived},
    {"a port in use or not ours is refused", a_port_in_use_or_not_ours_is_refused},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("admin", tests);
        libevent_global_shutdown();
        return status;
}
