/* The textbook's pass-through: two bufferevents, each one's input added to the other's output, with a high-water mark
 * (as le-proxy.c among libevent's samples does it). */
#include "pass.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { HIGH_WATER = 512 * 1024 };

static struct event_base *base;
static uint16_t server_port;

static void on_read(struct bufferevent *from, void *arg);

static void on_event(struct bufferevent *b, short what, void *arg)
{
        struct bufferevent *other = arg;
        if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
                bufferevent_free(b);
                bufferevent_free(other);
        }
}

static void on_drained(struct bufferevent *to, void *arg)
{
        struct bufferevent *from = arg;
        bufferevent_setcb(to, on_read, NULL, on_event, from);
        bufferevent_setwatermark(to, EV_WRITE, 0, 0);
        (void)bufferevent_enable(from, EV_READ);
}

static void on_read(struct bufferevent *from, void *arg)
{
        struct bufferevent *to = arg;
        struct evbuffer *out = bufferevent_get_output(to);
        (void)evbuffer_add_buffer(out, bufferevent_get_input(from));
        if (evbuffer_get_length(out) >= HIGH_WATER) {
                bufferevent_setcb(to, on_read, on_drained, on_event, from);
                bufferevent_setwatermark(to, EV_WRITE, HIGH_WATER / 2, HIGH_WATER);
                (void)bufferevent_disable(from, EV_READ);
        }
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
        (void)what;
        (void)arg;
        int client_fd = pass_take(listener);
        if (client_fd < 0) {
                return;
        }
        int server_fd = pass_connect(server_port);
        struct bufferevent *client = bufferevent_socket_new(base, client_fd, BEV_OPT_CLOSE_ON_FREE);
        struct bufferevent *server = bufferevent_socket_new(base, server_fd, BEV_OPT_CLOSE_ON_FREE);
        if (server_fd < 0 || client == NULL || server == NULL) {
                perror("accept");
                exit(1);
        }
        bufferevent_setcb(client, on_read, NULL, on_event, server);
        bufferevent_setcb(server, on_read, NULL, on_event, client);
        (void)bufferevent_enable(client, EV_READ | EV_WRITE);
        (void)bufferevent_enable(server, EV_READ | EV_WRITE);
}

void pass_watch(struct half *h, bool reading, bool writing)
{
        (void)h; /* bufferevents watch by themselves */
        (void)reading;
        (void)writing;
}

int main(int argc, char **argv)
{
        struct pass_ports ports = pass_arguments(argc, argv);
        server_port = ports.server;
        base = event_base_new();
        struct event *accepting =
            base != NULL ? event_new(base, pass_listen(ports.listen), EV_READ | EV_PERSIST, on_accept, NULL)
                         : NULL;
        if (accepting == NULL || event_add(accepting, NULL) != 0) {
                return 1;
        }
        return event_base_dispatch(base) == 0 ? 0 : 1;
}
