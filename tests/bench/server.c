/* A server that costs next to nothing: it lets everybody in, answers "result" with 64 MB of rows of so many bytes, and
 * everything else with OK.
 *
 *      server PORT ROW-BYTES
 *
 * For what a real server would hide or could not hold: thousands of idle sessions, results as fast as the loopback. */
#include "pass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { RESULT_BYTES = 64 * 1000 * 1000, ROOM = 4096 };

static int loop;
static uint8_t *result; /* a whole reply */
static size_t result_len;

static void put(uint8_t seq, const void *payload, size_t n)
{
        uint8_t *p = result + result_len;
        p[0] = (uint8_t)n;
        p[1] = (uint8_t)(n >> 8);
        p[2] = (uint8_t)(n >> 16);
        p[3] = seq;
        memcpy(p + 4, payload, n);
        result_len += n + 4;
}

static void make_result(size_t row_bytes)
{
        static const char column[] =
            "\3def\0\0\0\1x\0\x0c\x2d\0\0\0\0\1\xfd\0\0\0\0"; /* the literal's NUL is its last byte */
        static const char end[] = {'\xfe', 0, 0, 2, 0};
        size_t rows = RESULT_BYTES / row_bytes;
        uint8_t *row = malloc(row_bytes + 4);
        uint8_t seq = 1;
        result = malloc(rows * (row_bytes + 8) + ROOM);
        if (row == NULL || result == NULL) {
                abort();
        }
        row[0] = 0xfd; /* a length in three bytes */
        row[1] = (uint8_t)row_bytes;
        row[2] = (uint8_t)(row_bytes >> 8);
        row[3] = (uint8_t)(row_bytes >> 16);
        memset(row + 4, 'x', row_bytes);
        put(seq++, "\1", 1);
        put(seq++, column, sizeof column);
        put(seq++, end, sizeof end);
        for (size_t i = 0; i < rows; i++) {
                put(seq++, row, row_bytes + 4);
        }
        put(seq, end, sizeof end);
        free(row);
}

/* Of struct half only these are used here: fd; rest and rest_len are what is still to be sent, and not owned. */
static void watch(struct half *h, uint32_t events, int what)
{
        struct epoll_event e = {.data.ptr = h, .events = events};
        if (epoll_ctl(loop, what, h->fd, &e) != 0) {
                perror("epoll_ctl");
                exit(1);
        }
}

static void push(struct half *h)
{
        while (h->rest_len > 0) {
                ssize_t n = write(h->fd, h->rest, h->rest_len);
                if (n < 0) {
                        if (errno != EAGAIN) {
                                h->rest_len = 0;
                        }
                        break;
                }
                h->rest += n;
                h->rest_len -= (size_t)n;
        }
        watch(h, h->rest_len > 0 ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

static void welcome(int listener)
{
        static const char greeting[] =
            "\x4a\0\0\0\n8.0.99\0\7\0\0\0abcdefgh\0\x8f\xa2\xff\2\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0"
            "abcdefghijkl\0mysql_native_password";
        uint8_t packet[sizeof greeting];
        struct half *h = calloc(1, sizeof *h);
        int fd = pass_take(listener);
        if (fd < 0 || h == NULL) {
                free(h);
                return;
        }
        h->fd = fd;
        memcpy(packet, greeting, sizeof greeting);
        packet[0] = sizeof greeting - 4;
        if (write(fd, packet, sizeof packet) != (ssize_t)sizeof packet) {
                perror("greeting");
                exit(1);
        }
        watch(h, EPOLLIN, EPOLL_CTL_ADD);
}

static void answer(struct half *h)
{
        static uint8_t ok[] = {7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0};
        static uint8_t in[ROOM];
        ssize_t n = read(h->fd, in, sizeof in);
        if (n < 5 || (in[3] == 0 && in[4] == 1)) { /* COM_QUIT */
                (void)close(h->fd);
                free(h);
                return;
        }
        ok[3] = (uint8_t)(in[3] + 1);
        int wanted = in[3] == 0 && n >= 11 && strncasecmp((char *)in + 5, "RESULT", 6) == 0;
        h->rest = wanted ? result : ok;
        h->rest_len = wanted ? result_len : sizeof ok;
        push(h);
}

void pass_watch(struct half *h, bool reading, bool writing)
{
        (void)h; /* nothing is passed on here */
        (void)reading;
        (void)writing;
}

int main(int argc, char **argv)
{
        long port = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
        long row_bytes = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
        if (port < 1 || port > 65535 || row_bytes < 1 || row_bytes > 1 << 23) {
                (void)fprintf(stderr, "Usage: server PORT ROW-BYTES\n");
                return 2;
        }
        make_result((size_t)row_bytes);
        int listener = pass_listen((uint16_t)port);
        struct epoll_event events[256] = {{.events = EPOLLIN, .data.ptr = NULL}};
        loop = epoll_create1(EPOLL_CLOEXEC);
        if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, events) != 0) {
                perror("epoll");
                return 1;
        }
        for (;;) {
                int n = epoll_wait(loop, events, sizeof events / sizeof events[0], -1);
                for (int i = 0; i < n; i++) {
                        struct half *h = events[i].data.ptr;
                        if (h == NULL) {
                                welcome(listener);
                        } else if (h->rest_len > 0) {
                                push(h);
                        } else {
                                answer(h);
                        }
                }
        }
}
