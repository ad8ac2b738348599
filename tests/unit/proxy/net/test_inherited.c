#include "base/diag.h"
#include "proxy/net/inherited.h"
#include "tap.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** A listening socket on a free port of @p ip (host order). */
static int listen_on(uint32_t ip, struct address *out)
{
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};
        socklen_t len = sizeof in;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0 && listen(fd, 1) == 0 &&
                        getsockname(fd, (struct sockaddr *)&in, &len) == 0);
        *out = (struct address){.port = ntohs(in.sin_port), .host = "127.0.0.1"};
        return fd;
}

static void start_server_names_descriptors(void)
{
        struct address one;
        struct address all;
        struct address other = {.port = 1, .host = "127.0.0.1"};
        char text[200];
        int a = listen_on(INADDR_LOOPBACK, &one);
        int b = listen_on(INADDR_ANY, &all);
        diag_set_level(DIAG_ERROR);
        (void)snprintf(text, sizeof text, "127.0.0.1:%u=%d;%u=%d;nonsense;x=;y=99999999999;z=0", one.port, a,
                       all.port, b);
        CU_ASSERT_EQUAL(setenv("SERVER_STARTER_PORT", text, 1), 0);
        inherited_init();
        CU_ASSERT_PTR_NULL(getenv("SERVER_STARTER_PORT"));
        CU_ASSERT_EQUAL(inherited_take(&other), -1);
        CU_ASSERT_EQUAL(inherited_take_only(), -1); /* there are two */
        CU_ASSERT_EQUAL(inherited_take(&all), b);   /* bound to all addresses, this one among them */
        CU_ASSERT_EQUAL(inherited_take(&one), a);
        CU_ASSERT_EQUAL(inherited_take(&one), -1);
        (void)close(a);
        (void)close(b);
        diag_set_level(DIAG_INFO);
}

static void systemd_counts_them_from_three(void)
{
        struct address any;
        char pid[32];
        enum { FIRST = 3 };
        int fd = listen_on(INADDR_LOOPBACK, &any);
        int saved = dup(FIRST);
        diag_set_level(DIAG_ERROR);
        CU_ASSERT_EQUAL_FATAL(dup2(fd, FIRST), FIRST);
        CU_ASSERT_EQUAL(setenv("LISTEN_FDS", "1", 1), 0);
        CU_ASSERT_EQUAL(setenv("LISTEN_PID", "1", 1), 0);
        inherited_init(); /* they are another process's */
        CU_ASSERT_EQUAL(inherited_take(&any), -1);
        (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
        CU_ASSERT_EQUAL(setenv("LISTEN_FDS", "1", 1), 0);
        CU_ASSERT_EQUAL(setenv("LISTEN_PID", pid, 1), 0);
        inherited_init();
        CU_ASSERT_PTR_NULL(getenv("LISTEN_FDS"));
        CU_ASSERT_EQUAL(inherited_take_only(), FIRST);
        CU_ASSERT_EQUAL(inherited_take_only(), -1);
        inherited_end();
        diag_set_level(DIAG_INFO);
        (void)close(fd);
        (void)close(FIRST);
        if (saved >= 0) {
                CU_ASSERT_EQUAL(dup2(saved, FIRST), FIRST);
                (void)close(saved);
        }
}

static void a_path_is_an_address_too(void)
{
        char dir[] = "/tmp/querytap-inherited-XXXXXX";
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        struct address address = {.is_unix = true};
        char text[256];
        CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
        (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/s", dir);
        (void)snprintf(address.host, sizeof address.host, "%s", un.sun_path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof un) == 0 && listen(fd, 1) == 0);
        (void)snprintf(text, sizeof text, "%s=%d", un.sun_path, fd);
        CU_ASSERT_EQUAL(setenv("SERVER_STARTER_PORT", text, 1), 0);
        inherited_init();
        CU_ASSERT_EQUAL(inherited_take(&address), fd);
        (void)close(fd);
        (void)unlink(un.sun_path);
        (void)rmdir(dir);
}

static const struct tap_test tests[] = {
    {"start_server names descriptors", start_server_names_descriptors},
    {"systemd counts them from three", systemd_counts_them_from_three},
    {"a path is an address, too", a_path_is_an_address_too},
};

int main(void)
{
        return TAP_RUN("inherited", tests);
}
