/** @file admin_context.h  What request handlers share: the parts of the proxy that they read, and the requests that are not finished.
 * admin.c creates it and passes it to each call (call.h); it outlives all calls.
 * Threads: main.   Memory: embedded in struct admin. */
#ifndef ADMIN_ADMIN_CONTEXT_H
#define ADMIN_ADMIN_CONTEXT_H

#include "admin/control.h"
#include "admin/endpoint.h"
#include "admin/log_marks.h"
#include "journal/journal.h"
#include "proxy/proxy.h"
#include "settings/settings.h"

struct admin_listener;
struct call;
struct event_base;

enum { ADMIN_RUN_SIZE = 17 };

struct admin_context {
        const struct settings *settings;
        struct event_base *base;
        struct proxy *proxy;
        struct journal *journal;
        const struct control *control; /**< NULL = there is none */
        struct admin_listener *listener;
        const struct endpoint *endpoints; /**< the table, for the pages that list it */
        size_t n_endpoints;
        /** Answers a call as an endpoint does (route.h), for handlers that need what others tell. */
        void (*route)(struct call *call, const char *method, const char *path);
        /** Identifies this start of the proxy in the IDs of records (RUN:NUMBER): hex digits. */
        char run[ADMIN_RUN_SIZE];
        struct stream *streams;           /**< open record streams (stream.c) */
        struct pcap_stream *pcap_streams; /**< open streams of packets (pcap_stream.c) */
        struct delta *deltas;             /**< profiles over an interval that has not ended (heap.c) */
        struct log_marks log_marks;
        struct waiter *waiters; /**< requests that wait for the stop of the proxy (health.c) */
        uint64_t start_wall_ns; /**< when the port was opened */
        unsigned n_streams;
        unsigned n_pcap_streams;
        unsigned n_followers; /**< those of them that may follow the feed (journal/feed.h) */
        unsigned n_deltas;
        unsigned n_waiters;
        uint64_t streams_served;
        uint64_t requests;
        uint64_t refused;
};

#endif
