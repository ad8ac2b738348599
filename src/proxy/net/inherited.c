#include "proxy/net/inherited.h"

#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { SYSTEMD_FIRST = 3 };

static int sockets[INHERITED_MAX];
static unsigned n_sockets;

static bool is_listening(int fd)
{
        int value = 0;
        socklen_t len = sizeof value;
        return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

static void add(int fd, const char *variable)
{
        for (unsigned i = 0; i < n_sockets; i++) {
                if (sockets[i] == fd) {
                        return;
                }
        }
        if (n_sockets == INHERITED_MAX || !is_listening(fd)) {
                diag(DIAG_WARNING, "%s: descriptor %d is not used: %s", variable, fd,
                     n_sockets == INHERITED_MAX ? "too many sockets" : "it is not a listening socket");
                return;
        }
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        sockets[n_sockets++] = fd;
}

/** A number from 0 to INT16_MAX that ends at one of @p ends or with the text; -1 = it is not one. */
static long number(const char *text, const char *ends)
{
        char *end = NULL;
        long value = text != NULL && text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : -1;
        return value >= 0 && value <= INT16_MAX && (*end == '\0' || strchr(ends, *end) != NULL) ? value : -1;
}

/** LISTEN_PID says for whom the sockets are: a program that was started by another one may have its environment. */
static void from_systemd(void)
{
        const char *pid = getenv("LISTEN_PID");
        long n = number(getenv("LISTEN_FDS"), "");
        if (pid == NULL || strtol(pid, NULL, 10) != (long)getpid()) {
                return;
        }
        for (long i = 0; i < n && i < INHERITED_MAX; i++) {
                add(SYSTEMD_FIRST + (int)i, "LISTEN_FDS");
        }
}

/** ADDRESS=DESCRIPTOR;ADDRESS=DESCRIPTOR; */
static void from_start_server(void)
{
        const char *entry = getenv("SERVER_STARTER_PORT");
        while (entry != NULL && *entry != '\0') {
                const char *end = strchrnul(entry, ';');
                const char *last = memrchr(entry, '=', (size_t)(end - entry));
                long fd = last != NULL ? number(last + 1, ";") : -1;
                if (fd >= 0) {
                        add((int)fd, "SERVER_STARTER_PORT");
                } else {
                        diag(DIAG_WARNING, "SERVER_STARTER_PORT: '%.*s' is not ADDRESS=DESCRIPTOR",
                             (int)(end - entry < 200 ? end - entry : 200), entry);
                }
                entry = *end == ';' ? end + 1 : end;
        }
}

void inherited_init(void)
{
        n_sockets = 0;
        from_systemd();
        from_start_server();
        (void)unsetenv("LISTEN_PID");
        (void)unsetenv("LISTEN_FDS");
        (void)unsetenv("LISTEN_FDNAMES");
        (void)unsetenv("SERVER_STARTER_PORT");
}

static int take(unsigned i)
{
        int fd = sockets[i];
        sockets[i] = sockets[--n_sockets];
        return fd;
}

/** Is the socket address @p bound the same as @p wanted or, if @p any, its port on all addresses? */
static bool matches(const struct sockaddr_storage *bound, const struct sockaddr_storage *wanted, bool any)
{
        if (bound->ss_family == AF_UNIX || wanted->ss_family == AF_UNIX) {
                return bound->ss_family == wanted->ss_family &&
                       strcmp(((const struct sockaddr_un *)bound)->sun_path,
                              ((const struct sockaddr_un *)wanted)->sun_path) == 0;
        }
        struct sockaddr_storage zero = {.ss_family = bound->ss_family};
        struct address_bytes a = address_bytes(bound);
        struct address_bytes b = address_bytes(any ? &zero : wanted);
        return address_port(bound) == address_port(wanted) && a.len == b.len &&
               memcmp(a.at, b.at, a.len) == 0;
}

int inherited_take(const struct address *address)
{
        struct sockaddr_storage wanted;
        socklen_t len;
        if (!address_numeric(address, &wanted, &len)) {
                return -1;
        }
        for (unsigned pass = 0; pass < 2; pass++) {
                for (unsigned i = 0; i < n_sockets; i++) {
                        struct sockaddr_storage bound = {0};
                        socklen_t size = sizeof bound;
                        if (getsockname(sockets[i], (struct sockaddr *)&bound, &size) == 0 &&
                            matches(&bound, &wanted, pass == 1)) {
                                return take(i);
                        }
                }
        }
        return -1;
}

bool inherited_any(void)
{
        return n_sockets > 0;
}

int inherited_take_only(void)
{
        return n_sockets == 1 ? take(0) : -1;
}

void inherited_end(void)
{
        while (n_sockets > 0) {
                char text[ADDRESS_TEXT_MAX];
                int fd = take(0);
                address_own(fd, text);
                diag(DIAG_WARNING,
                     "the socket on %s, with which querytap was started, is the address of no "
                     "listener and not of 'admin': it is closed",
                     text);
                (void)close(fd);
        }
}
