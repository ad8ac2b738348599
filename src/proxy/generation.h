/** @file generation.h  The settings that new sessions begin with. A reload makes a new generation; each session keeps the one that it began
 * with, so that an old generation ends with its last session.
 * Threads: made by main; held and released by any, since the references are counted atomically; all else is constant.
 * Memory: STAGE_WORKER, and STAGE_TLS for the certificates. */
#ifndef PROXY_GENERATION_H
#define PROXY_GENERATION_H

#include "proxy/net/address.h"
#include "proxy/net/tls_context.h"
#include "proxy/servers.h"
#include "settings/settings.h"

#include <stdatomic.h>

/** Bounds of a session, by settings limits.*. */
struct session_limits {
        uint64_t connect_timeout_ms;
        uint64_t login_timeout_ms;
        uint64_t half_close_timeout_ms;
        uint64_t idle_timeout_ms; /**< 0 = none, as for the following */
        uint64_t transaction_timeout_ms;
        uint64_t sessions_per_client;
        uint64_t sessions_per_user;
        uint64_t memory_bytes; /**< of all stages */
};

/** An address on which clients are accepted, and where their sessions lead. */
struct generation_listener {
        struct address address; /**< as the settings have it */
        char *text;             /**< the same */
        mode_t mode;            /**< of the file of a UNIX socket */
        struct address
            bound; /**< where it listens; the proxy sets this once it is known (generation_bound) */
        char addr[ADDRESS_TEXT_MAX]; /**< the same, as text */
        struct server_group *servers;
};

struct generation {
        _Atomic unsigned references;
        uint64_t sessions; /**< limits.sessions */
        struct session_limits limits;
        struct generation_listener *listeners;
        unsigned n_listeners;
        struct settings_networks balancers; /**< their connections begin with a PROXY header */
        bool refuses_headers;               /**< PROXY headers of others are not passed on to the server */
        unsigned sends_header;              /**< version of the PROXY header for the server; 0 = none */
        uint64_t check_ms;                  /**< between two checks of a server that is down */
        struct tls_context *tls;
};

/** Read the files that @p settings names. @p servers are those of all generations; it must outlive them. *@p out has one reference, which belongs to the caller.
 *  @return STATUS_INVALID, STATUS_IO or STATUS_NOMEM (reported with diag). */
enum status generation_new(const struct settings *settings, struct servers *servers, struct generation **out);
/** Listener number @p i listens on @p addr, in the form of address_format. Before other threads have the generation. */
void generation_bound(struct generation *g, unsigned i, const char *addr);
/** Does the connection @p fd lead to one of the listeners? */
bool generation_leads_to_self(const struct generation *g, int fd);
/** Must the connection from @p client_addr begin with a PROXY header? */
bool generation_wants_header(const struct generation *g, const char *client_addr);
/** Add a reference. @return @p g */
struct generation *generation_hold(struct generation *g);
/** Drop a reference; the last one frees it. NULL is allowed. */
void generation_release(struct generation *g);

#endif
