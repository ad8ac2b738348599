#include "proxy/generation.h"

#include "base/diag.h"
#include "mysql/record/client_host.h"
#include "profile/heap/prof.h"
#include "settings/listeners.h"

#include <stdio.h>

static enum status out_of_memory(void)
{
        diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
        return STATUS_NOMEM;
}

/** What it allocates is the generation's, also on failure. */
static enum status fill_listener(struct generation_listener *l, const struct listeners_one *one,
                                 const struct settings *s, struct servers *servers)
{
        const bool least = s->upstream.policy == SETTINGS_POLICY_LEAST_SESSIONS;
        l->mode = (mode_t)one->socket_mode;
        l->text = prof_strdup(STAGE_WORKER, one->address);
        if (l->text == NULL) {
                return out_of_memory();
        }
        if (address_parse(one->address, &l->address) != STATUS_OK) {
                diag(DIAG_ERROR, "setting '%s' must be host:port, [v6]:port or unix:/path, not '%s'",
                     one->name, one->address);
                return STATUS_INVALID;
        }
        return server_group_new(servers, one->upstream, "remote", least, &l->servers);
}

static enum status fill_tls(struct generation *g, const struct settings *s)
{
        struct address listen[SETTINGS_LISTENERS];
        struct address remote[SETTINGS_LISTENERS * SETTINGS_SERVERS];
        struct tls_ends ends = {.listen = listen, .remote = remote};
        for (unsigned i = 0; i < g->n_listeners; i++) {
                const struct server_group *servers = g->listeners[i].servers;
                listen[ends.n_listen++] = g->listeners[i].address;
                for (unsigned k = 0; k < servers->n; k++) {
                        remote[ends.n_remote++] = servers->at[k]->address;
                }
        }
        return tls_context_new(s, &ends, &g->tls);
}

static enum status fill_listeners(struct generation *g, const struct settings *s, struct servers *servers)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        enum status status = STATUS_OK;
        const unsigned n = listeners_all(s, all);
        g->listeners = prof_calloc(STAGE_WORKER, n, sizeof *g->listeners);
        if (g->listeners == NULL) {
                return out_of_memory();
        }
        while (g->n_listeners < n && status == STATUS_OK) {
                const unsigned i = g->n_listeners++;
                status = fill_listener(&g->listeners[i], &all[i], s, servers);
        }
        return status == STATUS_OK ? fill_tls(g, s) : status;
}

static enum status fill(struct generation *g, const struct settings *s, struct servers *servers)
{
        g->sessions = s->limits.sessions;
        g->limits = (struct session_limits){.connect_timeout_ms = s->limits.connect_timeout_ms,
                                            .login_timeout_ms = s->limits.login_timeout_ms,
                                            .half_close_timeout_ms = s->limits.half_close_timeout_ms,
                                            .idle_timeout_ms = s->limits.idle_timeout_ms,
                                            .transaction_timeout_ms = s->limits.transaction_timeout_ms,
                                            .sessions_per_client = s->limits.sessions_per_client,
                                            .sessions_per_user = s->limits.sessions_per_user,
                                            .memory_bytes = s->limits.memory_bytes};
        (void)settings_read_networks(s->proxy_protocol.networks,
                                     &g->balancers); /* settings_check has read it */
        g->sends_header = (unsigned)s->proxy_protocol.send;
        g->refuses_headers = *s->proxy_protocol.networks != '\0' || g->sends_header != 0;
        g->check_ms = s->upstream.check_ms;
        return fill_listeners(g, s, servers);
}

enum status generation_new(const struct settings *settings, struct servers *servers, struct generation **out)
{
        struct generation *g = prof_calloc(STAGE_WORKER, 1, sizeof *g);
        if (g == NULL) {
                return out_of_memory();
        }
        atomic_init(&g->references, 1);
        enum status status = fill(g, settings, servers);
        if (status != STATUS_OK) {
                generation_release(g);
                return status;
        }
        *out = g;
        return STATUS_OK;
}

void generation_bound(struct generation *g, unsigned i, const char *addr)
{
        (void)snprintf(g->listeners[i].addr, sizeof g->listeners[i].addr, "%s", addr);
        (void)address_parse(addr, &g->listeners[i].bound); /* as it was printed */
}

bool generation_leads_to_self(const struct generation *g, int fd)
{
        bool leads = false;
        for (unsigned i = 0; i < g->n_listeners && !leads; i++) {
                leads = address_leads_to(fd, &g->listeners[i].bound);
        }
        return leads;
}

bool generation_wants_header(const struct generation *g, const char *client_addr)
{
        struct network address;
        bool found = g->balancers.has_unix && client_is_local(span_str(client_addr));
        if (!found && g->balancers.n > 0 && network_of_host(client_host(span_str(client_addr)), &address)) {
                for (unsigned i = 0; i < g->balancers.n && !found; i++) {
                        found = network_has(&g->balancers.at[i], &address);
                }
        }
        return found;
}

struct generation *generation_hold(struct generation *g)
{
        atomic_fetch_add_explicit(&g->references, 1, memory_order_relaxed);
        return g;
}

void generation_release(struct generation *g)
{
        if (g != NULL && atomic_fetch_sub_explicit(&g->references, 1, memory_order_acq_rel) == 1) {
                tls_context_free(g->tls);
                for (unsigned i = 0; i < g->n_listeners; i++) {
                        prof_free(g->listeners[i].text);
                        server_group_free(g->listeners[i].servers);
                }
                prof_free(g->listeners);
                prof_free(g);
        }
}
