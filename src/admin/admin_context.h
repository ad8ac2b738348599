/** @file admin_context.h  What the handlers of requests share: the parts of the proxy that they look into, and what is under way.
 * admin.c makes it and hands it to each call (call.h); it outlives them all.
 * Threads: main.   Memory: embedded in struct admin. */
#ifndef ADMIN_ADMIN_CONTEXT_H
#define ADMIN_ADMIN_CONTEXT_H

#include "admin/endpoint.h"
#include "journal/journal.h"
#include "proxy/proxy.h"
#include "settings/settings.h"

struct admin_listener;
struct event_base;

struct admin_context {
        const struct settings *settings;
        struct event_base *base;
        struct proxy *proxy;
        struct journal *journal;
        struct admin_listener *listener;
        const struct endpoint *endpoints; /**< the table, for the pages that list it */
        size_t n_endpoints;
        struct stream *streams; /**< records being followed (records.c) */
        struct delta *deltas;   /**< profiles over some seconds that are under way (heap.c) */
        unsigned n_streams;
        unsigned n_deltas;
        uint64_t streams_served;
        uint64_t requests;
        uint64_t refused;
};

#endif
