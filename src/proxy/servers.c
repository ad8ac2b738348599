#include "proxy/servers.h"

#include "base/counter.h"
#include "base/diag.h"
#include "profile/heap/prof.h"
#include "settings/values.h"

#include <stdio.h>
#include <string.h>

/* --- all servers --------------------------------------------------------------------------------------------------- */

/** The server at @p text, a reference to it; NULL, with *@p status, if it can't be made. */
static struct server *hold(struct servers *all, const char *text, enum status *status)
{
        struct server **end = &all->first;
        for (; *end != NULL; end = &(*end)->next) {
                if (strcmp((*end)->text, text) == 0) {
                        atomic_fetch_add_explicit(&(*end)->holders, 1, memory_order_relaxed);
                        return *end;
                }
        }
        struct server *server = prof_calloc(STAGE_WORKER, 1, sizeof *server + strlen(text) + 1);
        if (server == NULL) {
                *status = STATUS_NOMEM;
                return NULL;
        }
        memcpy(server->text, text, strlen(text) + 1);
        *status = address_parse(text, &server->address);
        if (*status != STATUS_OK) {
                prof_free(server);
                return NULL;
        }
        atomic_init(&server->holders, 1);
        *end = server;
        return server;
}

void servers_prune(struct servers *all)
{
        for (struct server **at = &all->first; *at != NULL;) {
                struct server *server = *at;
                if (atomic_load_explicit(&server->holders, memory_order_acquire) == 0) {
                        *at = server->next;
                        prof_free(server);
                } else {
                        at = &server->next;
                }
        }
}

struct server *servers_at(const struct servers *all, unsigned i)
{
        struct server *server = all->first;
        while (server != NULL) {
                if (atomic_load_explicit(&server->holders, memory_order_relaxed) > 0 && i-- == 0) {
                        break;
                }
                server = server->next;
        }
        return server;
}

void servers_free(struct servers *all)
{
        servers_prune(all);
}

/* --- groups -------------------------------------------------------------------------------------------------------- */

static unsigned count(const char *text)
{
        unsigned n = 1;
        for (; *text != '\0'; text++) {
                n += *text == ',';
        }
        return n;
}

/** Add the servers in @p text, which is changed. @return the address that is wrong or for which there was no memory; NULL if all are
 *  there. */
static const char *add_all(struct server_group *g, char *text, enum status *status)
{
        char *rest = text;
        char *word;
        while ((word = strsep(&rest, ",")) != NULL) {
                word += strspn(word, " ");
                struct server *server = hold(g->all, word, status);
                if (server == NULL) {
                        return word;
                }
                g->at[g->n++] = server;
        }
        return NULL;
}

enum status server_group_new(struct servers *all, const char *text, const char *name, bool least_sessions,
                             struct server_group **out)
{
        char copy[SETTINGS_TEXT_MAX];
        enum status status = STATUS_OK;
        struct server_group *g =
            prof_calloc(STAGE_WORKER, 1, sizeof *g + count(text) * sizeof(struct server *));
        if (g != NULL) {
                g->text = prof_strdup(STAGE_WORKER, text);
        }
        if (g == NULL || g->text == NULL) {
                prof_free(g);
                diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                return STATUS_NOMEM;
        }
        g->all = all;
        g->least_sessions = least_sessions;
        (void)snprintf(copy, sizeof copy, "%s", text);
        const char *wrong = add_all(g, copy, &status);
        if (wrong != NULL) {
                if (status == STATUS_NOMEM) {
                        diag(DIAG_ERROR, "the settings of sessions can't be stored: out of memory");
                } else {
                        diag(DIAG_ERROR, "setting '%s' must be host:port, [v6]:port or unix:/path, not '%s'",
                             name, wrong);
                }
                server_group_free(g);
                return status;
        }
        *out = g;
        return STATUS_OK;
}

void server_group_free(struct server_group *g)
{
        if (g == NULL) {
                return;
        }
        for (unsigned i = 0; i < g->n; i++) {
                atomic_fetch_sub_explicit(&g->at[i]->holders, 1, memory_order_release);
        }
        prof_free(g->text);
        prof_free(g);
}

/** Among those in @p state that were not tried. */
static int choose(const struct server_group *g, uint32_t tried, bool up)
{
        int best = -1;
        for (unsigned i = 0; i < g->n; i++) {
                if ((tried >> i & 1U) != 0 || server_is_up(g->at[i]) != up) {
                        continue;
                }
                if (best < 0 || (g->least_sessions &&
                                 counter_read(&g->at[i]->sessions) < counter_read(&g->at[best]->sessions))) {
                        best = (int)i;
                }
        }
        return best;
}

int server_group_choose(const struct server_group *g, uint32_t tried)
{
        int up = choose(g, tried, true);
        return up >= 0 ? up : choose(g, tried, false);
}

bool server_group_is_up(const struct server_group *g)
{
        return choose(g, 0, true) >= 0;
}

/* --- states -------------------------------------------------------------------------------------------------------- */

/** The only place where the state changes. @return whether it did. */
static bool enter(struct server *server, enum server_state state, uint64_t now_ns)
{
        if (atomic_exchange_explicit(&server->state, state, memory_order_relaxed) == (int)state) {
                return false;
        }
        atomic_store_explicit(&server->since_ns, now_ns, memory_order_relaxed);
        return true;
}

void server_failed(struct server *server, const char *error, uint64_t now_ns)
{
        atomic_fetch_add_explicit(&server->failures, 1, memory_order_relaxed);
        lock_take(&server->lock);
        (void)snprintf(server->error, sizeof server->error, "%s", error);
        lock_give(&server->lock);
        if (enter(server, SERVER_DOWN, now_ns)) {
                diag(DIAG_WARNING, "the upstream %s is down: %s", server->text, error);
        }
}

void server_reached(struct server *server, uint64_t now_ns)
{
        if (!server_is_up(server) && enter(server, SERVER_UP, now_ns)) {
                diag(DIAG_INFO, "the upstream %s is up again", server->text);
        }
}

void server_error(struct server *server, char out[SERVERS_ERROR_MAX])
{
        lock_take(&server->lock);
        memcpy(out, server->error, SERVERS_ERROR_MAX);
        lock_give(&server->lock);
}
