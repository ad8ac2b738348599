#include "proxy/net/loop.h"

#include "profile/heap/prof.h"

#include <event2/dns.h>
#include <event2/event.h>

void loop_read_wall(struct loop *loop)
{
        loop->wall_read_ns = loop->now_ns;
        loop->wall_offset_ns = clock_wall_ns() - loop->now_ns;
}

enum status loop_add(struct event *event, const struct timeval *timeout)
{
        PROF_SCOPE(STAGE_WORKER);
        return event_add(event, timeout) == 0 ? STATUS_OK : STATUS_NOMEM;
}

void loop_begin(struct loop *loop)
{
        loop->ticker = ticker_new();
        loop_tick(loop);
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

static struct event_base *new_base(void)
{
        struct event_config *config = event_config_new();
        struct event_base *base = NULL;
        /* Not EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST: it would take a descriptor out of the poll set only after it was closed,
         * when another thread may have it already; and since links write at once there is next to nothing to save. */
        if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
            /* nor does libevent need to read the clock: loop_tick does, and there are few timers */
            event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0) {
                base = event_base_new_with_config(config);
        }
        if (config != NULL) {
                event_config_free(config);
        }
        return base;
}

/** Needs /etc/resolv.conf; without one there is still /etc/hosts, and maybe a name server on this machine. */
static struct evdns_base *new_dns(struct event_base *base)
{
        struct evdns_base *dns =
            evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (dns == NULL && (dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE)) != NULL) {
                (void)evdns_base_load_hosts(dns, "/etc/hosts");
                (void)evdns_base_nameserver_ip_add(dns, "127.0.0.1");
        }
        return dns;
}

enum status loop_init(struct loop *loop)
{
        PROF_SCOPE(STAGE_WORKER);
        *loop = (struct loop){.base = new_base()};
        return loop->base != NULL ? STATUS_OK : STATUS_NOMEM;
}

struct evdns_base *loop_dns(struct loop *loop)
{
        PROF_SCOPE(STAGE_WORKER);
        if (loop->dns == NULL) {
                loop->dns = new_dns(loop->base);
        }
        return loop->dns;
}

void loop_fini(struct loop *loop)
{
        PROF_SCOPE(STAGE_WORKER);
        if (loop->dns != NULL) {
                /* cancelled look-ups end here and free themselves; they would use the evdns_base after its end */
                (void)event_base_loop(loop->base, EVLOOP_NONBLOCK);
                evdns_base_free(loop->dns, 1);
                (void)event_base_loop(loop->base, EVLOOP_NONBLOCK);
        }
        if (loop->base != NULL) {
                event_base_free(loop->base);
        }
        *loop = (struct loop){0};
}
