#include "proxy/generation.h"

#include "base/diag.h"
#include "mysql/record/client_host.h"
#include "profile/heap/prof.h"
#include "settings/listeners.h"

#include <stdio.h>

/** Errors are reported. @p copy becomes a copy of @p text. */
static enum status parse(const char *text, const char *name, struct address *out, char **copy)
{
        enum status status = address_parse(text, out);
        *copy = prof_strdup(STAGE_WORKER, text);
        if (*copy == NULL) {
                diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "setting '%s' must be host:port, [v6]:port or unix:/path, not '%s'", name,
                     text);
        }
        return status;
}

static enum status fill_listeners(struct generation *g, const struct settings *s)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        struct address listen[SETTINGS_LISTENERS];
        struct address remote[SETTINGS_LISTENERS];
        enum status status;
        const unsigned n = listeners_all(s, all);
        g->listeners = prof_calloc(STAGE_WORKER, n, sizeof *g->listeners);
        if (g->listeners == NULL) {
                diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        for (; g->n_listeners < n; g->n_listeners++) {
                const struct listeners_one *one = &all[g->n_listeners];
                struct generation_listener *l = &g->listeners[g->n_listeners];
                l->mode = (mode_t)one->socket_mode;
                if ((status = parse(one->address, "listen", &l->address, &l->text)) != STATUS_OK ||
                    (status = parse(one->upstream, "remote", &l->remote, &l->remote_text)) != STATUS_OK) {
                        prof_free(l->text);
                        prof_free(l->remote_text);
                        return status;
                }
                listen[g->n_listeners] = l->address;
                remote[g->n_listeners] = l->remote;
        }
        return tls_context_new(s, &(struct tls_ends){listen, n, remote, n}, &g->tls);
}

static enum status fill(struct generation *g, const struct settings *s)
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
        return fill_listeners(g, s);
}

enum status generation_new(const struct settings *settings, struct generation **out)
{
        struct generation *g = prof_calloc(STAGE_WORKER, 1, sizeof *g);
        if (g == NULL) {
                diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        atomic_init(&g->references, 1);
        enum status status = fill(g, settings);
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
                        prof_free(g->listeners[i].remote_text);
                }
                prof_free(g->listeners);
                prof_free(g);
        }
}
