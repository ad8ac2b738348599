/* Which of several servers a session takes, and when one counts as down. */
#include "house.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVERS = 2 };

/** Two servers; fds[i] listens on ports[i], or is -1. */
static int fds[SERVERS];
static uint16_t ports[SERVERS];

static bool begin(struct house *h)
{
        bool ok = house_init(h);
        for (int i = 0; i < SERVERS; i++) {
                int one = 1;
                fds[i] = listen_somewhere(16, &ports[i]);
                (void)setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); /* for start_server */
        }
        (void)snprintf(h->settings.remote, sizeof h->settings.remote, "127.0.0.1:%u, 127.0.0.1:%u", ports[0],
                       ports[1]);
        h->settings.upstream.check_ms = 10;
        return ok;
}

static void stop_server(int i)
{
        (void)close(fds[i]);
        fds[i] = -1;
}

static void end(struct house *h)
{
        house_close(h);
        for (int i = 0; i < SERVERS; i++) {
                if (fds[i] >= 0) {
                        (void)close(fds[i]);
                }
        }
}

/** Listen on the port again. */
static void start_server(int i)
{
        const struct sockaddr_in in = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(ports[i])};
        int one = 1;
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        CU_ASSERT_EQUAL_FATAL(bind(fds[i], (const struct sockaddr *)&in, sizeof in), 0);
        CU_ASSERT_EQUAL_FATAL(listen(fds[i], 16), 0);
}

struct wanted_state {
        unsigned i;
        bool up;
};

static bool has_state(struct house *h, void *arg)
{
        const struct wanted_state *w = arg;
        struct proxy_upstream u;
        return proxy_upstream(h->proxy, w->i, &u) && (u.up != 0) == w->up;
}

static bool becomes(struct house *h, unsigned i, bool up)
{
        struct wanted_state w = {i, up};
        return house_until(h, has_state, &w);
}

/** The connection of a new client arrives at server @p i, which greets. @return the server's socket; @p client is the client's. */
static int client_of(struct house *h, int i, int *client)
{
        char hello[16];
        *client = house_client(h);
        int server = accept(fds[i], NULL, NULL);
        CU_ASSERT_TRUE(put(server, "SSH-2.0-none\r\n", 14)); /* not MySQL: it passes as it is */
        CU_ASSERT_EQUAL(take(h, *client, hello, 14), 14);
        return server;
}

static void close_both(int a, int b)
{
        (void)close(a);
        (void)close(b);
}

static void sessions_take_the_first_one_that_is_up(void)
{
        struct house h;
        int client;
        if (begin(&h) && house_open(&h)) {
                int server = client_of(&h, 0, &client);
                close_both(server, client);
                CU_ASSERT_PTR_NULL(proxy_cut_off(h.proxy));
                stop_server(0);
                server = client_of(&h, 1, &client); /* the client does not notice */
                struct proxy_upstream u;
                CU_ASSERT_TRUE(becomes(&h, 0, false));
                CU_ASSERT_TRUE(proxy_upstream(h.proxy, 0, &u));
                CU_ASSERT_STRING_EQUAL(u.error, "Connection refused");
                CU_ASSERT_TRUE(proxy_upstream(h.proxy, 1, &u));
                CU_ASSERT_EQUAL(u.sessions, 1);
                CU_ASSERT_FALSE(proxy_upstream(h.proxy, 2, &u));
                CU_ASSERT_PTR_NULL(proxy_cut_off(h.proxy)); /* the second one serves */
                /* it is back: a check finds that out, by its greeting, and sessions return */
                start_server(0);
                int check = accept(fds[0], NULL, NULL);
                CU_ASSERT_TRUE(put(check, "x", 1));
                CU_ASSERT_TRUE(becomes(&h, 0, true));
                CU_ASSERT_TRUE(at_end(&h, check));
                int other;
                int first = client_of(&h, 0, &other);
                close_both(first, other);
                close_both(server, client);
                CU_ASSERT_TRUE(house_sessions(&h, 0));
                CU_ASSERT_TRUE(proxy_upstream(h.proxy, 1, &u));
                CU_ASSERT_EQUAL(u.sessions, 0);
                (void)close(check);
        }
        end(&h);
}

static void a_check_needs_a_greeting(void)
{
        struct house h;
        int client;
        if (begin(&h)) {
                h.settings.limits.connect_timeout_ms = 100;
                if (house_open(&h)) {
                        stop_server(0);
                        int server = client_of(&h, 1, &client);
                        CU_ASSERT_TRUE(becomes(&h, 0, false));
                        start_server(0);
                        int check = accept(fds[0], NULL, NULL);
                        CU_ASSERT_TRUE(at_end(&h, check)); /* after the timeout */
                        CU_ASSERT_TRUE(becomes(&h, 0, false));
                        (void)close(check);
                        check = accept(fds[0], NULL, NULL); /* it is tried again */
                        (void)close(check);
                        check = accept(fds[0], NULL, NULL); /* an end is not a greeting, either */
                        CU_ASSERT_TRUE(put(check, "x", 1));
                        CU_ASSERT_TRUE(becomes(&h, 0, true));
                        (void)close(check);
                        close_both(server, client);
                }
        }
        end(&h);
}

static void a_server_without_a_greeting_is_down(void)
{
        struct house h;
        int client;
        struct proxy_upstream u;
        if (begin(&h)) {
                h.settings.upstream.check_ms = 100000;
                h.settings.limits.connect_timeout_ms = 100;
                if (house_open(&h)) {
                        client = house_client(&h); /* it closes at once */
                        (void)close(accept(fds[0], NULL, NULL));
                        CU_ASSERT_TRUE(at_end(&h, client));
                        CU_ASSERT_TRUE(becomes(&h, 0, false));
                        (void)close(client);
                        int server = client_of(&h, 1, &client);
                        close_both(server, client);
                        client = house_client(&h); /* the other one hangs */
                        server = accept(fds[1], NULL, NULL);
                        expect_error(&h, client, 1053, "sent no greeting within");
                        CU_ASSERT_TRUE(becomes(&h, 1, false));
                        CU_ASSERT_TRUE(proxy_upstream(h.proxy, 1, &u));
                        CU_ASSERT_PTR_NOT_NULL(strstr(u.error, "sent no greeting within"));
                        CU_ASSERT_PTR_NOT_NULL(proxy_cut_off(h.proxy));
                        (void)close(server);
                        /* all are down: the first one is tried nevertheless, and what it sends shows that it is not */
                        server = client_of(&h, 0, &client);
                        CU_ASSERT_TRUE(becomes(&h, 0, true));
                        close_both(server, client);
                }
        }
        end(&h);
}

static void the_client_is_told_when_none_is_left(void)
{
        struct house h;
        if (begin(&h) && house_open(&h)) {
                stop_server(0);
                stop_server(1);
                expect_error(&h, house_client(&h), 1053, "can't connect to any upstream (127.0.0.1:");
                CU_ASSERT_TRUE(house_record(&h, "\"event\":\"error\"", "Connection refused"));
                CU_ASSERT_STRING_EQUAL(proxy_cut_off(h.proxy), proxy_listen_addr(h.proxy));
        }
        end(&h);
}

static void one_that_never_answers_leaves_time_to_the_next(void)
{
        struct house h;
        int client;
        int waiting[8];
        if (begin(&h)) {
                h.settings.limits.connect_timeout_ms = 400;
                CU_ASSERT_EQUAL(listen(fds[0], 0),
                                0); /* its queue is full: the kernel drops further clients */
                for (int i = 0; i < 8; i++) {
                        struct sockaddr_in in = {.sin_family = AF_INET,
                                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                                 .sin_port = htons(ports[0])};
                        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                        (void)connect(waiting[i], (struct sockaddr *)&in, sizeof in);
                }
                if (house_open(&h)) {
                        int server = client_of(&h, 1, &client);
                        CU_ASSERT_TRUE(becomes(&h, 0, false));
                        close_both(server, client);
                }
                for (int i = 0; i < 8; i++) {
                        (void)close(waiting[i]);
                }
        }
        end(&h);
}

static void least_sessions_are_spread(void)
{
        struct house h;
        int clients[4];
        int servers[4];
        struct proxy_upstream u;
        if (begin(&h)) {
                h.settings.upstream.policy = SETTINGS_POLICY_LEAST_SESSIONS;
                if (house_open(&h)) {
                        for (int i = 0; i < 4; i++) {
                                servers[i] = client_of(&h, i % 2, &clients[i]);
                        }
                        close_both(servers[1], clients[1]);
                        CU_ASSERT_TRUE(house_sessions(&h, 3));
                        servers[1] = client_of(&h, 1, &clients[1]);
                        for (unsigned i = 0; i < 2; i++) {
                                CU_ASSERT_TRUE(proxy_upstream(h.proxy, i, &u));
                                CU_ASSERT_EQUAL(u.sessions, 2);
                        }
                        for (int i = 0; i < 4; i++) {
                                close_both(servers[i], clients[i]);
                        }
                }
        }
        end(&h);
}

static void on_taken(void *arg)
{
        *(bool *)arg = true;
}

static bool is_taken(struct house *h, void *arg)
{
        (void)h;
        return *(bool *)arg;
}

static void a_reload_changes_servers(void)
{
        struct house h;
        int client;
        int other;
        struct proxy_upstream u;
        if (begin(&h) && house_open(&h)) {
                int first = client_of(&h, 0, &client);
                struct settings settings = h.settings;
                bool taken = false;
                (void)snprintf(settings.remote, sizeof settings.remote, "127.0.0.1:%u", ports[1]);
                CU_ASSERT_EQUAL(proxy_reload(h.proxy, &settings, on_taken, &taken), STATUS_OK);
                CU_ASSERT_TRUE(house_until(&h, is_taken, &taken));
                int second = client_of(&h, 1, &other);
                CU_ASSERT_TRUE(put(client, "still here", 10)); /* it stays with its server */
                char text[10];
                CU_ASSERT_EQUAL(take(&h, first, text, 10), 10);
                CU_ASSERT_TRUE(proxy_upstream(h.proxy, 1, &u)); /* while its session is open it is shown */
                close_both(first, client);
                CU_ASSERT_TRUE(house_sessions(&h, 1));
                CU_ASSERT_TRUE(proxy_upstream(h.proxy, 0, &u));
                CU_ASSERT_EQUAL(u.sessions, 1);
                CU_ASSERT_FALSE(proxy_upstream(h.proxy, 1, &u)); /* nobody names it any more */
                close_both(second, other);
        }
        end(&h);
}

static const struct tap_test tests[] = {
    {"sessions take the first one that is up", sessions_take_the_first_one_that_is_up},
    {"a check needs a greeting", a_check_needs_a_greeting},
    {"a server without a greeting is down", a_server_without_a_greeting_is_down},
    {"the client is told when none is left", the_client_is_told_when_none_is_left},
    {"one that never answers leaves time to the next", one_that_never_answers_leaves_time_to_the_next},
    {"sessions are spread", least_sessions_are_spread},
    {"a reload changes servers", a_reload_changes_servers},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("servers", tests);
        libevent_global_shutdown();
        return status;
}
