/* PROXY headers in a whole proxy: from load balancers, from others, and for the server. */
#include "house.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char header[] = "PROXY TCP4 10.1.2.3 10.0.0.1 5000 3306\r\n";
static const char hello[] = "SSH-2.0-none\r\n";

static bool open_house(struct house *h, const char *networks, uint64_t send)
{
        if (!house_init(h)) {
                return false;
        }
        (void)snprintf(h->settings.proxy_protocol.networks, sizeof h->settings.proxy_protocol.networks, "%s",
                       networks);
        h->settings.proxy_protocol.send = send;
        h->settings.limits.login_timeout_ms = 2 * PATIENCE_MS;
        return house_open(h);
}

/** The client gets an ERR with @p part in its text, and then the end; the record of the disconnect says why. */
static void expect_refusal(struct house *h, int fd, const char *part)
{
        expect_error(h, fd, 1043, part);
        CU_ASSERT_TRUE(house_record(h, "\"event\":\"error\"", part));
        CU_ASSERT_TRUE(
            house_record(h, "\"event\":\"disconnect\"", "the PROXY header is missing, wrong or not allowed"));
        CU_ASSERT_TRUE(house_sessions(h, 0));
}

/** What comes with the header or after it is the session's, wherever it is cut. */
static void a_header_names_the_client(void)
{
        static const char after[] = "SSH-2.0-client\r\n";
        struct house h;
        if (open_house(&h, "192.0.2.0/24, 127.0.0.0/8", SETTINGS_PROXY_SEND_OFF)) {
                for (size_t cut = 1; cut < sizeof header; cut += 13) {
                        char all[sizeof header + sizeof after];
                        char got[sizeof after];
                        int client = house_client(&h);
                        (void)snprintf(all, sizeof all, "%s%s", header, after);
                        CU_ASSERT_TRUE(put(client, all, cut));
                        CU_ASSERT_TRUE(house_sessions(&h, 1));
                        CU_ASSERT_TRUE(put(client, all + cut, strlen(all) - cut));
                        int server = house_server(&h);
                        CU_ASSERT_TRUE(put(server, hello, sizeof hello));
                        CU_ASSERT_EQUAL(take(&h, server, got, strlen(after)), strlen(after));
                        CU_ASSERT_EQUAL(memcmp(got, after, strlen(after)), 0);
                        CU_ASSERT_TRUE(
                            house_record(&h, "\"event\":\"connect\"", "\"client_addr\":\"10.1.2.3:5000\""));
                        CU_ASSERT_PTR_NOT_NULL(strstr(h.record, "through 127.0.0.1:"));
                        (void)close(client);
                        (void)close(server);
                        CU_ASSERT_TRUE(house_sessions(&h, 0));
                }
                int client = house_client(&h);
                CU_ASSERT_TRUE(put(client, "PROXY UNKNOWN\r\n", 15));
                int server = house_server(&h);
                CU_ASSERT_TRUE(house_record(&h, "\"event\":\"connect\"", "\"client_addr\":\"127.0.0.1:"));
                (void)close(client);
                (void)close(server);
        }
        house_close(&h);
}

static void a_wrong_header_ends_the_session(void)
{
        struct house h;
        if (open_house(&h, "127.0.0.1", SETTINGS_PROXY_SEND_OFF)) {
                int fd = house_client(&h);
                CU_ASSERT_TRUE(put(fd, "PROXY TCP5 ", 11) && put(fd, "1\r\n", 3));
                expect_refusal(&h, fd, "TCP4");
                fd = house_client(&h);
                CU_ASSERT_TRUE(put(fd, hello, sizeof hello));
                expect_refusal(&h, fd, "there is no PROXY header");
                fd = house_client(&h); /* one that leaves */
                CU_ASSERT_TRUE(put(fd, header, 9));
                CU_ASSERT_TRUE(house_sessions(&h, 1));
                (void)close(fd);
                CU_ASSERT_TRUE(
                    house_record(&h, "\"event\":\"disconnect\"", "the client closed the connection"));
                fd = house_client(&h); /* and one that is waited for when the proxy stops */
                CU_ASSERT_TRUE(house_sessions(&h, 1));
                house_stop(&h);
                CU_ASSERT_TRUE(house_record(&h, "\"event\":\"disconnect\"", "the proxy is stopping"));
                (void)close(fd);
        }
        house_close(&h);
}

static void a_header_that_does_not_come_is_not_waited_for(void)
{
        struct house h;
        if (house_init(&h)) {
                (void)snprintf(h.settings.proxy_protocol.networks, sizeof h.settings.proxy_protocol.networks,
                               "127.0.0.1");
                h.settings.limits.login_timeout_ms = 50;
                if (house_open(&h)) {
                        int fd = house_client(&h);
                        CU_ASSERT_TRUE(
                            house_record(&h, "\"event\":\"disconnect\"", "the PROXY header is missing"));
                        CU_ASSERT_TRUE(at_end(&h, fd));
                        (void)close(fd);
                }
        }
        house_close(&h);
}

/** A header from elsewhere would be believed by a server that trusts our address. */
static void a_forged_header_ends_the_session(void)
{
        struct house h;
        if (open_house(&h, "192.0.2.0/24", SETTINGS_PROXY_SEND_OFF)) {
                for (size_t cut = 1; cut < 12; cut += 5) {
                        int client;
                        int server;
                        CU_ASSERT_TRUE(house_pair(&h, &client, &server));
                        CU_ASSERT_TRUE(put(client, header, cut));
                        CU_ASSERT_TRUE(put(client, header + cut, sizeof header - 1 - cut));
                        expect_refusal(&h, client, "not in proxy_protocol.networks");
                        (void)close(server);
                }
        }
        house_close(&h);
}

/** Without the settings, a header is like all bytes. */
static void a_header_passes_unless_it_is_set(void)
{
        struct house h;
        if (open_house(&h, "", SETTINGS_PROXY_SEND_OFF)) {
                char got[sizeof header];
                int client;
                int server;
                CU_ASSERT_TRUE(house_pair(&h, &client, &server));
                CU_ASSERT_TRUE(put(client, header, sizeof header));
                CU_ASSERT_EQUAL(take(&h, server, got, sizeof got), sizeof got);
                CU_ASSERT_EQUAL(memcmp(got, header, sizeof got), 0);
                (void)close(client);
                (void)close(server);
        }
        house_close(&h);
}

static void the_server_gets_a_header(void)
{
        for (uint64_t version = SETTINGS_PROXY_SEND_V1; version <= SETTINGS_PROXY_SEND_V2; version++) {
                struct house h;
                if (open_house(&h, "", version)) {
                        char got[28];
                        char wanted[64] = "PROXY TCP4 127.0.0.1 127.0.0.1 ";
                        size_t n = version == SETTINGS_PROXY_SEND_V1 ? strlen("PROXY TCP4 127.0.0.1 127.0.0")
                                                                     : sizeof got;
                        int client = house_client(&h);
                        int server = house_server(&h);
                        CU_ASSERT_EQUAL(take(&h, server, got, n), n);
                        if (version == SETTINGS_PROXY_SEND_V2) {
                                memcpy(wanted, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\14\x7f\0\0\1\x7f\0\0\1", 24);
                                n = 24;
                        }
                        CU_ASSERT_EQUAL(memcmp(got, wanted, n), 0);
                        (void)close(client);
                        (void)close(server);
                }
                house_close(&h);
        }
}

static const struct tap_test tests[] = {
    {"a header names the client", a_header_names_the_client},
    {"a wrong header ends the session", a_wrong_header_ends_the_session},
    {"a header that does not come is not waited for", a_header_that_does_not_come_is_not_waited_for},
    {"a forged header ends the session", a_forged_header_ends_the_session},
    {"a header passes unless it is set", a_header_passes_unless_it_is_set},
    {"the server gets a header", the_server_gets_a_header},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("session header", tests);
        libevent_global_shutdown();
        return status;
}
