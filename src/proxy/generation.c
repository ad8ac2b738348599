#include "proxy/generation.h"

#include "base/diag.h"
#include "mysql/record/client_host.h"
#include "profile/heap/prof.h"

static enum status parse(const char *text, const char *name, struct address *out)
{
        enum status status = address_parse(text, out);
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "setting '%s' must be host:port, [v6]:port or unix:/path, not '%s'", name,
                     text);
        }
        return status;
}

static enum status fill(struct generation *g, const struct settings *s)
{
        enum status status;
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
        g->remote_text = prof_strdup(STAGE_WORKER, s->remote);
        if (g->remote_text == NULL) {
                diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        if ((status = parse(s->listen, "listen", &g->listen)) != STATUS_OK ||
            (status = parse(s->remote, "remote", &g->remote)) != STATUS_OK) {
                return status;
        }
        return tls_context_new(s, &g->listen, &g->remote, &g->tls);
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
                prof_free(g->remote_text);
                prof_free(g);
        }
}
