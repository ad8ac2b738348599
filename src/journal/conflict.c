#include "journal/conflict.h"

#include "base/clock.h"
#include "journal/conflict_event.h"
#include "journal/conflict_gather.h"
#include "journal/enrich/conflict_statement.h"
#include "journal/enrich/open_transaction.h"
#include "journal/port.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

enum {
        SLACK_MS = 200,
        WAIT_MS = 2000, /* the longest time until the record is written */
        LEAST_MS = 100, /* the shortest: records of other workers may be late */
};

void conflicts_init(struct conflicts *cs, const struct settings *settings, struct recent *recent,
                    struct journal_port *const *ports, unsigned n_ports)
{
        *cs = (struct conflicts){.from = {settings, recent, ports, n_ports}};
}

static void free_conflict(struct conflict *c)
{
        prof_free(c->lists);
        prof_free(c->memory);
        prof_free(c);
}

void conflicts_fini(struct conflicts *cs)
{
        for (unsigned i = 0; i < cs->n; i++) {
                free_conflict(cs->pending[i]);
        }
        cs->n = 0;
}

/* --- the transactions of sessions --------------------------------------------------------------------------------------- */

static void follow(struct conflicts *cs, struct session_transaction *t, const struct record *r)
{
        if (t->id != r->trx_id) {
                *t = (struct session_transaction){
                    .id = r->trx_id, .began_ns = r->mono_ns, .began_wall_ns = r->wall_ns, .is_open = true};
        }
        if (conflict_is_statement(r)) {
                recent_chain(cs->from.recent, &t->chain);
        } else { /* such as COM_QUIT, by which a transaction that was open can still be found */
                recent_refer_to_chain(cs->from.recent, &t->chain);
        }
        t->ended_ns = conflict_end_of(r);
        t->is_open = transaction_is_open_after(r, t->is_open);
}

/* --- a conflict begins ---------------------------------------------------------------------------------------------------------- */

static bool is_conflict(const struct record *r)
{
        return r->event == EVENT_QUERY && record_has(r, FIELD_ERRNO) &&
               (r->errno_ == CONFLICT_DEADLOCK || r->errno_ == CONFLICT_TIMEOUT);
}

/** @return NULL if memory is out. */
static struct conflict *new_conflict(const struct conflicts *cs, const struct record *r)
{
        unsigned most = (unsigned)cs->from.settings->log.conflict_transactions;
        struct conflict *c =
            prof_calloc(STAGE_JOURNAL, 1, sizeof *c + most * sizeof(struct conflict_transaction));
        if (c == NULL) {
                return NULL;
        }
        c->most = most;
        c->conn_id = r->conn_id;
        c->errnum = r->errno_;
        c->began_ns = r->mono_ns;
        c->at_ns = conflict_end_of(r);
        uint64_t slack_ns = SLACK_MS * CLOCK_MS_NS;
        c->since_ns = c->at_ns > c->began_ns + slack_ns ? c->at_ns - slack_ns : c->began_ns;
        c->created_ns = cs->now_ns != 0 ? cs->now_ns : clock_mono_ns();
        c->size = cs->from.settings->log.conflict_bytes;
        c->memory = prof_alloc(STAGE_JOURNAL, c->size);
        if (c->memory == NULL) {
                free_conflict(c);
                return NULL;
        }
        return c;
}

/** Let @p to, which may outlive the journal's record @p r, have the session of that. */
static void take_session(struct record *to, const struct record *r)
{
        struct field_set fields = field_set_both(&r->present, &fields_session);
        if (r->session_source == RECORD_SESSION_REFERRED) {
                record_refer(to, r->referred, fields);
        } else if (r->session_source == RECORD_SESSION_CARRIED) { /* nobody else has it */
                to->carried = r->carried;
                to->session_source = RECORD_SESSION_CARRIED;
                to->present.words[0] |= fields.words[0];
        }
}

/** The record of a conflict that can't be followed because of @p why: the statement that failed, and how many are missing. */
static const struct record *make_brief(struct conflicts *cs, const struct session *session,
                                       const struct record *r, const char *why)
{
        bool is_followed = session != NULL && conflict_trx_of(r) != 0 && session->transaction.id == r->trx_id;
        struct writer w = writer_over(cs->brief_info, sizeof cs->brief_info);
        writer_format(&w, "%llu statements of the transaction, and all other transactions, are omitted: %s",
                      (unsigned long long)(is_followed ? session->transaction.chain.count : 1), why);
        conflict_describe(&cs->brief, r);
        take_session(&cs->brief, r);
        record_set_text(&cs->brief, FIELD_INFO, writer_span(&w));
        return &cs->brief;
}

const struct record *conflicts_see(struct conflicts *cs, struct session *session, const struct record *r)
{
        if (cs->from.settings->log.conflict_statements == 0) {
                return NULL;
        }
        if (session != NULL && r->event == EVENT_QUERY && conflict_trx_of(r) != 0) {
                follow(cs, &session->transaction, r);
        }
        for (unsigned i = 0; i < cs->n; i++) {
                struct conflict *c = cs->pending[i];
                if (c->conn_id != r->conn_id && !c->is_made) { /* its record points at what would be moved */
                        conflict_see_later(&cs->from, c, session, r);
                }
        }
        if (!is_conflict(r)) {
                return NULL;
        }
        if (cs->n == CONFLICTS_PENDING) {
                return make_brief(cs, session, r, "too many conflicts at once");
        }
        struct conflict *c = new_conflict(cs, r);
        if (c == NULL) {
                return make_brief(cs, session, r, "out of memory");
        }
        if (!conflict_add_victim(&cs->from, c, session, r)) {
                free_conflict(c);
                return make_brief(cs, session, r, "the statement is too large");
        }
        conflict_add_past(&cs->from, c);
        conflict_add_open(&cs->from, c);
        cs->pending[cs->n++] = c;
        return NULL;
}

/* --- its record ----------------------------------------------------------------------------------------------------------------- */

/** Is nothing more to be expected? */
static bool is_complete(const struct conflict *c)
{
        bool was_running = c->errnum == CONFLICT_TIMEOUT && c->n > 1;
        for (unsigned i = 0; i < c->n; i++) {
                const struct conflict_transaction *t = &c->transactions[i];
                if (!t->is_settled && !t->is_gone) {
                        return false;
                }
                was_running = was_running || (!t->is_victim && t->last_end_ns >= c->since_ns);
        }
        return was_running;
}

static bool is_due(const struct conflict *c, uint64_t now_ns)
{
        uint64_t age_ns = now_ns > c->created_ns ? now_ns - c->created_ns : 0;
        return age_ns >= WAIT_MS * CLOCK_MS_NS || (age_ns >= LEAST_MS * CLOCK_MS_NS && is_complete(c));
}

const struct record *conflicts_due(struct conflicts *cs, uint64_t now_ns, bool all)
{
        for (unsigned i = 0; i < cs->n; i++) {
                struct conflict *c = cs->pending[i];
                if (all || c->is_made || is_due(c, now_ns)) {
                        cs->pending[i] = cs->pending[0]; /* the one that conflicts_done removes */
                        cs->pending[0] = c;
                        if (!c->is_made) {
                                conflict_event(c);
                        }
                        return &c->record;
                }
        }
        return NULL;
}

void conflicts_done(struct conflicts *cs)
{
        free_conflict(cs->pending[0]);
        cs->n--;
        memmove((void *)cs->pending, (void *)(cs->pending + 1), cs->n * sizeof(struct conflict *));
}
