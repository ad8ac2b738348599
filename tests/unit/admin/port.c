#include "admin/port.h"

#include "profile/export/snapshot.h"
#include "profile/export/symbol.h"
#include "tap.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings settings;
struct event_base *base;
struct journal *journal;
struct proxy *proxy;
struct admin *admin;
bool reload_fails;

static void reload_for_test(void *arg, control_on_reloaded *done, void *done_arg)
{
        static const struct settings_changes changes = {
            .reloadable = {"remote", "tls.key"}, .n_reloadable = 2, .others = {"listen"}, .n_others = 1};
        (void)arg;
        const struct control_reloaded failed = {.errors = "q.cfg:1: \x1b one\nq.cfg:2: two"};
        const struct control_reloaded good = {.changes = &changes};
        done(done_arg, reload_fails ? &failed : &good);
}

static const struct control control = {.reload = reload_for_test};

void open_port_with(uint64_t recent_bytes)
{
        settings_defaults(&settings);
        settings.log.recent_bytes = recent_bytes;
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "listen", "127.0.0.1:0", "test"), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "admin", "127.0.0.1:0", "test"), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&settings, "log.file", "off", "test"), STATUS_OK);
        settings.workers = 2;
        settings.profile.fault_injection = true;
        base = event_base_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(base);
        /* a port more: the tests put records, too */
        CU_ASSERT_EQUAL_FATAL(journal_new(&settings, proxy_workers(&settings) + 1, &journal), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(journal_start(journal), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(proxy_new(&settings, base, journal, &proxy), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(admin_new(&settings, base, proxy, journal, &admin), STATUS_OK);
        admin_set_control(admin, &control);
}

void close_port(void)
{
        proxy_free(proxy);
        journal_stop(journal);
        admin_free(admin);
        journal_free(journal);
        event_base_free(base);
        snapshot_fini();
        symbol_fini();
}

void open_port(void)
{
        struct settings defaults;
        settings_defaults(&defaults);
        open_port_with(defaults.log.recent_bytes);
}

static void copy_header(struct evhttp_request *req, const char *name, char *out, size_t size)
{
        const char *value = evhttp_find_header(evhttp_request_get_input_headers(req), name);
        (void)snprintf(out, size, "%s", value != NULL ? value : "");
}

static void on_reply(struct evhttp_request *req, void *arg)
{
        struct reply *reply = arg;
        if (req != NULL) {
                reply->code = evhttp_request_get_response_code(req);
                ev_ssize_t n = evbuffer_copyout(evhttp_request_get_input_buffer(req), reply->body,
                                                sizeof reply->body - 1);
                reply->len = n > 0 ? (size_t)n : 0;
                reply->body[reply->len] = '\0';
                copy_header(req, "Content-Type", reply->type, sizeof reply->type);
                copy_header(req, "Allow", reply->allow, sizeof reply->allow);
                copy_header(req, "Content-Disposition", reply->disposition, sizeof reply->disposition);
                copy_header(req, "X-Go-Pprof", reply->go_pprof, sizeof reply->go_pprof);
                copy_header(req, "X-Content-Type-Options", reply->sniff, sizeof reply->sniff);
                copy_header(req, "Content-Security-Policy", reply->policy, sizeof reply->policy);
                copy_header(req, "ETag", reply->tag, sizeof reply->tag);
                copy_header(req, "Content-Length", reply->length, sizeof reply->length);
        }
        (void)event_base_loopbreak(base);
}

/** Ask the port, through the same loop. @p headers: name, value, …, NULL. */
const struct reply *ask(enum evhttp_cmd_type method, const char *path, const char *body,
                        const char *const *headers)
{
        static struct reply reply;
        memset(&reply, 0, sizeof reply);
        const char *addr = admin_addr(admin);
        struct evhttp_connection *connection = evhttp_connection_base_new(
            base, NULL, "127.0.0.1", (uint16_t)strtoul(strrchr(addr, ':') + 1, NULL, 10));
        struct evhttp_request *req = evhttp_request_new(on_reply, &reply);
        CU_ASSERT_PTR_NOT_NULL_FATAL(connection);
        CU_ASSERT_PTR_NOT_NULL_FATAL(req);
        evhttp_connection_set_timeout(connection, 20);
        struct evkeyvalq *out = evhttp_request_get_output_headers(req);
        bool has_host = false;
        for (size_t i = 0; headers != NULL && headers[i] != NULL; i += 2) {
                (void)evhttp_add_header(out, headers[i], headers[i + 1]);
                has_host = has_host || strcmp(headers[i], "Host") == 0;
        }
        if (!has_host) {
                (void)evhttp_add_header(out, "Host", addr);
        }
        if (body != NULL) {
                (void)evbuffer_add(evhttp_request_get_output_buffer(req), body, strlen(body));
        }
        CU_ASSERT_EQUAL_FATAL(evhttp_make_request(connection, req, method, path), 0);
        (void)event_base_dispatch(base);
        evhttp_connection_free(connection);
        return &reply;
}

const struct reply *get(const char *path)
{
        return ask(EVHTTP_REQ_GET, path, NULL, HEADERS("Accept", "*/*")); /* as curl */
}

static int connect_port(void)
{
        struct sockaddr_in in = {.sin_family = AF_INET};
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        in.sin_port = htons((uint16_t)strtoul(strrchr(admin_addr(admin), ':') + 1, NULL, 10));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        CU_ASSERT_EQUAL_FATAL(connect(fd, (const struct sockaddr *)&in, sizeof in), 0);
        return fd;
}

int send_get_with(const char *path, const char *headers)
{
        char text[512];
        int fd = connect_port();
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
        CU_ASSERT_EQUAL_FATAL(write(fd, text, (size_t)n), n);
        return fd;
}

int send_get(const char *path)
{
        return send_get_with(path, "");
}

void put_notice(struct span reason)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_NOTICE;
        record_set_text(&r, FIELD_REASON, reason);
        CU_ASSERT_TRUE(journal_put(journal_port(journal, proxy_workers(&settings)), record_raw_of(&r)));
}

bool loop_until(bool (*condition)(uint64_t), uint64_t wanted)
{
        const struct timeval limit = {60, 0};
        const struct timeval step = {0, 1000};
        struct timeval now;
        struct timeval end;
        (void)evutil_gettimeofday(&now, NULL);
        evutil_timeradd(&now, &limit, &end);
        while (!condition(wanted) && evutil_timercmp(&now, &end, <)) {
                (void)event_base_loopexit(base, &step);
                (void)event_base_dispatch(base);
                (void)evutil_gettimeofday(&now, NULL);
        }
        return condition(wanted);
}
