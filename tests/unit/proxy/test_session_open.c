/* How sessions begin when the server does not answer, or is the proxy itself. */
#include "house.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_server_that_is_silent_is_given_up(void)
{
        struct house h;
        if (house_init(&h)) {
                h.settings.limits.connect_timeout_ms = 100;
                h.settings.limits.login_timeout_ms = 4 * PATIENCE_MS;
                if (house_open(&h)) {
                        static const char part[] = "\x40"; /* of a greeting that does not go on */
                        for (size_t n = 0; n < sizeof part; n++) {
                                int client = house_client(&h);
                                int server = house_server(&h);
                                CU_ASSERT_TRUE(put(server, part, n));
                                expect_error(&h, client, 1053,
                                             "the server sent no greeting within limits.connect_timeout_ms");
                                CU_ASSERT_TRUE(
                                    house_record(&h, "\"event\":\"disconnect\"", "sent no greeting within"));
                                (void)close(server);
                        }
                }
        }
        house_close(&h);
}

/** Without an end, each session would accept the connection of the one before. */
static void a_server_that_is_the_proxy_itself_is_found(void)
{
        static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", "[::]"};
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                struct house h;
                uint16_t port;
                int v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
                (void)close(v6);
                if (v6 < 0 && hosts[i][0] == '[') {
                        continue; /* a machine without IPv6 */
                }
                if (house_init(&h)) {
                        (void)close(listen_somewhere(1, &port)); /* a free one */
                        (void)snprintf(h.settings.listen, sizeof h.settings.listen, "%s:%u", hosts[i], port);
                        (void)snprintf(h.settings.remote, sizeof h.settings.remote, "127.0.0.1:%u", port);
                        h.settings.workers = 2;
                        if (house_open(&h)) {
                                expect_error(&h, connect_to(h.settings.remote), 1053,
                                             "querytap itself listens");
                                CU_ASSERT_TRUE(house_sessions(&h, 0));
                                CU_ASSERT_TRUE(proxy_counts(h.proxy).accepted < 20);
                        }
                }
                house_close(&h);
        }
}

static const struct tap_test tests[] = {
    {"a server that is silent is given up", a_server_that_is_silent_is_given_up},
    {"a server that is the proxy itself is found", a_server_that_is_the_proxy_itself_is_found},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("session open", tests);
        libevent_global_shutdown();
        return status;
}
