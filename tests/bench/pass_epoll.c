/* The least that a pass-through can do: a loop of epoll, one read and one write for what came. */
#include "pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

static int loop;

void pass_watch(struct half *h, bool reading, bool writing)
{
        struct epoll_event e = {.data.ptr = h,
                                .events = (reading ? EPOLLIN : 0U) | (writing ? EPOLLOUT : 0U)};
        int what = h->watch == NULL ? EPOLL_CTL_ADD : h->closed ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        h->watch = &loop;
        if (epoll_ctl(loop, what, h->fd, &e) != 0) {
                perror("epoll_ctl");
                exit(1);
        }
}

int main(int argc, char **argv)
{
        struct pass_ports ports = pass_arguments(argc, argv);
        int listener = pass_listen(ports.listen);
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
                                pass_accept(listener, ports.server);
                                continue;
                        }
                        if ((events[i].events & EPOLLOUT) != 0) {
                                pass_writable(h);
                        }
                        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                                pass_readable(h);
                        }
                }
                pass_sweep();
        }
}
