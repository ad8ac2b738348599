/** @file proxy_state.h  What proxy.c and proxy_requests.c share; nobody else includes it. */
#ifndef PROXY_PROXY_STATE_H
#define PROXY_PROXY_STATE_H

#include "proxy/generation.h"
#include "proxy/net/listener.h"
#include "proxy/packet_saver.h"
#include "proxy/proxy.h"
#include "proxy/server_check.h"
#include "proxy/worker.h"

/** What a listener reports to: on the first worker's thread. */
struct entrance {
        struct proxy *proxy;
        unsigned index; /* of the listener */
};

struct proxy {
        const struct settings *settings;
        struct journal *journal;
        struct listener *listeners[SETTINGS_LISTENERS];
        struct entrance entrances[SETTINGS_LISTENERS];
        unsigned n_listeners;
        struct servers servers; /* of all generations */
        struct server_checks *checks;
        struct packet_saver *saver;    /* NULL = there are no triggers */
        struct quota *quota;           /* what limits.sessions_per_client and _user count */
        struct generation *generation; /* of new sessions; main */
        struct mailbox mailbox;        /* answers of the workers */
        struct worker **workers;
        unsigned n_workers;
        bool draining;                                           /* main: proxy_drain was called */
        bool stopping;                                           /* requests are not answered any more */
        char listen_addr[SETTINGS_LISTENERS * ADDRESS_TEXT_MAX]; /* of all listeners */
        uint64_t
            next_id; /* changed on the first worker's thread only, where the listener is; the next two are read by main */
        _Atomic uint64_t accepted;
        _Atomic uint64_t refused;
};

#endif
