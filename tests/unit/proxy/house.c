#include "house.h"

#include "base/clock.h"
#include "proxy/net/address.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char hello[] = "SSH-2.0-none\r\n";

uint64_t now_ms(void)
{
        return clock_mono_ns() / CLOCK_MS_NS;
}

static void bound_waiting(int fd)
{
        const struct timeval patience = {PATIENCE_MS / 1000, 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

int listen_somewhere(int backlog, uint16_t *port)
{
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof in;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) != 0 || listen(fd, backlog) != 0 ||
            getsockname(fd, (struct sockaddr *)&in, &len) != 0) {
                CU_FAIL("a listening socket is needed");
                return -1;
        }
        *port = ntohs(in.sin_port);
        return fd;
}

int connect_to(const char *text)
{
        struct address address;
        struct sockaddr_storage ss;
        socklen_t len = 0;
        if (address_parse(text, &address) != STATUS_OK || !address_numeric(&address, &ss, &len)) {
                return -1;
        }
        int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&ss, len) != 0) {
                (void)close(fd);
                return -1;
        }
        bound_waiting(fd);
        return fd;
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

bool house_init(struct house *h)
{
        uint16_t port = 0;
        *h = (struct house){0};
        settings_defaults(&h->settings);
        h->server_fd = listen_somewhere(64, &port);
        (void)snprintf(h->folder, sizeof h->folder, "/tmp/querytap-unit-XXXXXX");
        (void)snprintf(h->settings.listen, sizeof h->settings.listen, "127.0.0.1:0");
        (void)snprintf(h->settings.remote, sizeof h->settings.remote, "127.0.0.1:%u", port);
        (void)snprintf(h->settings.sinks[0].file, sizeof h->settings.sinks[0].file, "off");
        h->settings.workers = 1;
        h->settings.log.flush_ms = 0;
        return h->server_fd >= 0 && mkdtemp(h->folder) != NULL;
}

bool house_open(struct house *h)
{
        h->base = event_base_new();
        bool ok = h->base != NULL &&
                  journal_new(&h->settings, proxy_workers(&h->settings) + 1, &h->journal) == STATUS_OK &&
                  journal_start(h->journal) == STATUS_OK &&
                  proxy_new(&h->settings, h->base, h->journal, &h->proxy) == STATUS_OK;
        CU_ASSERT_TRUE(ok);
        return ok;
}

void house_stop(struct house *h)
{
        proxy_free(h->proxy);
        h->proxy = NULL;
}

void house_close(struct house *h)
{
        house_stop(h);
        if (h->journal != NULL) {
                journal_stop(h->journal);
                journal_free(h->journal);
        }
        if (h->base != NULL) {
                event_base_free(h->base);
        }
        (void)close(h->server_fd);
        CU_ASSERT_EQUAL(rmdir(h->folder), 0); /* nothing may be left in it */
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

bool house_until(struct house *h, bool (*holds)(struct house *h, void *arg), void *arg)
{
        const struct timeval turn = {0, 2000};
        uint64_t end_ms = now_ms() + PATIENCE_MS;
        while (!holds(h, arg)) {
                if (now_ms() > end_ms) {
                        return false;
                }
                (void)event_base_loopexit(h->base, &turn);
                (void)event_base_loop(h->base, EVLOOP_NO_EXIT_ON_EMPTY);
        }
        return true;
}

struct wanted {
        const char *a;
        const char *b;
};

static bool has_record(struct house *h, void *arg)
{
        const struct wanted *wanted = arg;
        for (;;) {
                struct writer w = writer_over(h->record, sizeof h->record - 1);
                if (!journal_recent(h->journal, &h->cursor, NULL, FORMAT_JSON, &w)) {
                        return false;
                }
                h->record[w.at] = '\0';
                if (strstr(h->record, wanted->a) != NULL && strstr(h->record, wanted->b) != NULL) {
                        return true;
                }
        }
}

bool house_record(struct house *h, const char *a, const char *b)
{
        struct wanted wanted = {a, b};
        return house_until(h, has_record, &wanted);
}

static bool has_sessions(struct house *h, void *arg)
{
        return proxy_counts(h->proxy).sessions == *(uint64_t *)arg;
}

bool house_sessions(struct house *h, uint64_t n)
{
        return house_until(h, has_sessions, &n);
}

static bool is_ready(struct house *h, void *arg)
{
        struct pollfd p = {.fd = *(int *)arg, .events = POLLIN};
        (void)h;
        return poll(&p, 1, 0) != 0;
}

/* --- sockets --------------------------------------------------------------------------------------------------------- */

int house_client(struct house *h)
{
        int fd = connect_to(proxy_listen_addr(h->proxy));
        CU_ASSERT_TRUE(fd >= 0);
        return fd;
}

int house_server(struct house *h)
{
        int fd = house_until(h, is_ready, &h->server_fd) ? accept(h->server_fd, NULL, NULL) : -1;
        CU_ASSERT_TRUE(fd >= 0);
        bound_waiting(fd);
        return fd;
}

bool house_pair(struct house *h, int *client, int *server)
{
        char got[sizeof hello];
        *client = house_client(h);
        *server = house_server(h);
        bool ok = *client >= 0 && *server >= 0 && put(*server, hello, sizeof hello) &&
                  take(h, *client, got, sizeof got) == sizeof got && memcmp(got, hello, sizeof got) == 0;
        CU_ASSERT_TRUE(ok);
        return ok;
}

size_t take(struct house *h, int fd, void *to, size_t n)
{
        size_t at = 0;
        while (at < n && house_until(h, is_ready, &fd)) {
                ssize_t got = recv(fd, (char *)to + at, n - at, 0);
                if (got <= 0) {
                        break;
                }
                at += (size_t)got;
        }
        return at;
}

void expect_error(struct house *h, int fd, unsigned errnum, const char *part)
{
        char got[300];
        size_t n = take(h, fd, got, sizeof got - 1);
        got[n] = '\0';
        CU_ASSERT_TRUE_FATAL(n > 7);
        CU_ASSERT_EQUAL((uint8_t)got[4], 0xff);
        CU_ASSERT_EQUAL((uint8_t)got[5] | (unsigned)(uint8_t)got[6] << 8, errnum);
        CU_ASSERT_PTR_NOT_NULL(strstr(got + 7, part));
        (void)close(fd);
}

bool at_end(struct house *h, int fd)
{
        char c;
        return house_until(h, is_ready, &fd) && recv(fd, &c, 1, 0) == 0;
}

bool put(int fd, const void *bytes, size_t n)
{
        size_t at = 0;
        while (at < n) {
                ssize_t sent = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
                if (sent <= 0) {
                        return false;
                }
                at += (size_t)sent;
        }
        return true;
}
