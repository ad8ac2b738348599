/* The same as pass_epoll by libevent's plain events: what the event loop itself costs, without bufferevents. */
#include "pass.h"

#include <event2/event.h>
#include <stdlib.h>

static struct event_base *base;
static uint16_t server_port;

static void on_event(evutil_socket_t fd, short what, void *arg)
{
        struct half *h = arg;
        (void)fd;
        if ((what & EV_WRITE) != 0) {
                pass_writable(h);
        }
        if ((what & EV_READ) != 0) {
                pass_readable(h);
        }
        pass_sweep(); /* an event that was freed is not called any more */
}

void pass_watch(struct half *h, bool reading, bool writing)
{
        short what = (short)((reading ? EV_READ : 0) | (writing ? EV_WRITE : 0));
        if (h->watch != NULL) {
                event_free(h->watch);
                h->watch = NULL;
        }
        if (what != 0) {
                h->watch = event_new(base, h->fd, (short)(what | EV_PERSIST), on_event, h);
                if (h->watch == NULL || event_add(h->watch, NULL) != 0) {
                        abort();
                }
        }
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
        (void)what;
        (void)arg;
        pass_accept(fd, server_port);
}

int main(int argc, char **argv)
{
        struct pass_ports ports = pass_arguments(argc, argv);
        struct event_config *config = event_config_new();
        server_port = ports.server;
        if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) != 0) {
                return 1;
        }
        base = event_base_new_with_config(config);
        event_config_free(config);
        struct event *accepting =
            base != NULL ? event_new(base, pass_listen(ports.listen), EV_READ | EV_PERSIST, on_accept, NULL)
                         : NULL;
        if (accepting == NULL || event_add(accepting, NULL) != 0) {
                return 1;
        }
        return event_base_dispatch(base) == 0 ? 0 : 1;
}
