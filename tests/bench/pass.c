#include "pass.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct half *gone;
static uint8_t room[65536];

struct pass_ports pass_arguments(int argc, char **argv)
{
        long listen_port = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
        long server_port = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
        if (listen_port < 1 || listen_port > 65535 || server_port < 1 || server_port > 65535) {
                (void)fprintf(stderr, "Usage: %s LISTEN-PORT SERVER-PORT\n", argv[0]);
                exit(2);
        }
        (void)signal(SIGPIPE, SIG_IGN);
        return (struct pass_ports){(uint16_t)listen_port, (uint16_t)server_port};
}

static struct sockaddr_in loopback(uint16_t port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
}

int pass_listen(uint16_t port)
{
        struct sockaddr_in a = loopback(port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int on = 1;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 4096) != 0) {
                perror("listen");
                exit(1);
        }
        return fd;
}

/** Small packets shall not wait for each other. */
static int at_once(int fd)
{
        int on = 1;
        if (fd >= 0) {
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        return fd;
}

int pass_connect(uint16_t port)
{
        struct sockaddr_in a = loopback(port);
        int fd = at_once(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0 && errno != EINPROGRESS) {
                (void)close(fd);
                return -1;
        }
        return fd;
}

int pass_take(int listener)
{
        return at_once(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void pass_accept(int listener, uint16_t server_port)
{
        int fd = pass_take(listener);
        if (fd < 0) {
                return;
        }
        struct half *client = calloc(1, sizeof *client);
        struct half *server = calloc(1, sizeof *server);
        int server_fd = pass_connect(server_port);
        if (client == NULL || server == NULL || server_fd < 0) {
                perror("accept");
                exit(1);
        }
        *client = (struct half){.fd = fd, .other = server};
        *server = (struct half){.fd = server_fd, .other = client};
        pass_watch(client, true, false);
        pass_watch(server, true, false);
}

static void close_half(struct half *h)
{
        h->closed = true;
        pass_watch(h, false, false);
        (void)close(h->fd);
        h->next = gone;
        gone = h;
}

static void close_both(struct half *h)
{
        close_half(h);
        close_half(h->other);
}

void pass_readable(struct half *h)
{
        if (h->closed || h->other->rest_len > 0) {
                return;
        }
        struct half *to = h->other;
        ssize_t n = read(h->fd, room, sizeof room);
        if (n <= 0) {
                if (n == 0 || errno != EAGAIN) {
                        close_both(h);
                }
                return;
        }
        ssize_t written = write(to->fd, room, (size_t)n);
        if (written == n) {
                return;
        }
        if (written < 0 && errno != EAGAIN) {
                close_both(h);
                return;
        }
        written = written < 0 ? 0 : written;
        to->rest_len = (size_t)(n - written);
        to->rest = malloc(to->rest_len);
        if (to->rest == NULL) {
                abort();
        }
        memcpy(to->rest, room + written, to->rest_len);
        pass_watch(h, false, h->rest_len > 0);
        pass_watch(to, h->rest_len == 0, true);
}

void pass_writable(struct half *h)
{
        if (h->closed || h->rest_len == 0) {
                return;
        }
        ssize_t written = write(h->fd, h->rest, h->rest_len);
        if (written < 0) {
                if (errno != EAGAIN) {
                        close_both(h);
                }
                return;
        }
        h->rest_len -= (size_t)written;
        if (h->rest_len > 0) {
                memmove(h->rest, h->rest + written, h->rest_len);
                return;
        }
        free(h->rest);
        h->rest = NULL;
        pass_watch(h, h->other->rest_len == 0, false);
        pass_watch(h->other, true, h->other->rest_len > 0);
}

void pass_sweep(void)
{
        while (gone != NULL) {
                struct half *h = gone;
                gone = h->next;
                free(h->rest);
                free(h);
        }
}
