#include "journal/conflict_gather.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "journal/conflict_statements.h"
#include "journal/enrich/conflict_statement.h"
#include "journal/port.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

enum {
        LOOK_BACK = 1024, /* recent records to search for transactions that have ended since */
        TRANSACTIONS_MAX = 256,
};

/* --- the statements of a conflict ---------------------------------------------------------------------------------------- */

static struct conflict_transaction *find(struct conflict *c, uint64_t conn_id, uint64_t trx_id)
{
        for (unsigned i = 0; i < c->n; i++) {
                if (c->transactions[i].conn_id == conn_id && c->transactions[i].trx_id == trx_id) {
                        return &c->transactions[i];
                }
        }
        return NULL;
}

/** Copy @p s to the texts of @p t, as far as it fits. */
static struct span copy_text(struct conflict_transaction *t, size_t *used, struct span s)
{
        struct span head = span_head(s, sizeof t->texts - *used);
        head = head.len < s.len ? utf8_trim(head) : head;
        uint8_t *to = t->texts + *used;
        *used += head.len;
        (void)span_copy(to, head);
        return span_of(to, head.len);
}

/** Who @p session is, which may be NULL. */
static void set_session(struct conflict_transaction *t, const struct record_session *session)
{
        if (session == NULL || t->has_session) {
                return;
        }
        size_t used = 0;
        t->has_session = true;
        if (field_set_has(&session->fields, FIELD_CLIENT_ADDR)) {
                t->client_addr = copy_text(t, &used, session->client_addr);
        }
        if (field_set_has(&session->fields, FIELD_USERNAME)) {
                t->username = copy_text(t, &used, session->username);
        }
        if (field_set_has(&session->fields, FIELD_DATABASE)) {
                t->database = copy_text(t, &used, session->database);
        }
        if (field_set_has(&session->fields, FIELD_SERVER_CONN_ID)) {
                t->server_conn_id = session->server_conn_id;
        }
}

/** A copy of @p packed, decoded as *@p r. @return NULL when memory is out; otherwise the caller frees. */
static struct record_packed *copy_packed(const struct record_packed *packed, struct record **r)
{
        struct record_packed *copy = prof_alloc(STAGE_JOURNAL, packed->size);
        if (copy != NULL) {
                memcpy(copy, packed, packed->size);
                *r = record_unpack(copy);
        }
        return copy;
}

/** Add the statement that is at the front of a chain, with @p older_count before it. @return false if no older one is to be added. */
static bool keep_packed(const struct conflict_sources *from, struct conflict *c,
                        struct conflict_transaction *t, const struct record_packed *packed,
                        uint64_t older_count)
{
        struct record *r = NULL;
        struct record_packed *copy =
            t->kept < from->settings->log.conflict_statements ? copy_packed(packed, &r) : NULL;
        if (copy == NULL) {
                t->omitted += 1 + older_count;
                return false;
        }
        bool is_end = t->kept == 0 && !t->is_victim && conflict_ends_transaction(r);
        t->is_gone = is_end && conflict_end_of(r) < c->since_ns;
        bool was_kept =
            !t->is_gone && (is_end || conflict_keep(c, t, r)); /* the end came after the conflict */
        prof_free(copy);
        t->omitted += was_kept ? 0 : older_count;
        return was_kept;
}

/** Add the statements of @p chain that began before the conflict, from the newest. */
static void keep_chain(const struct conflict_sources *from, struct conflict *c,
                       struct conflict_transaction *t, struct recent_chain chain)
{
        while (chain.count > 0) {
                const struct record_session *session;
                struct recent_chain older;
                const struct record_packed *packed = recent_at(from->recent, chain.newest, &session, &older);
                if (packed == NULL) {
                        t->overwritten += chain.count;
                        return;
                }
                const struct record *own = record_packed_own(packed);
                if (own->event != EVENT_QUERY) { /* a gap record in its place */
                        t->overwritten++;
                } else if (own->mono_ns <= c->at_ns) {
                        set_session(t, session);
                        if (!keep_packed(from, c, t, packed, chain.count - 1)) {
                                return;
                        }
                        t->began_wall_ns = own->wall_ns;
                }
                chain = older;
        }
}

/* --- the transactions of a conflict -------------------------------------------------------------------------------------- */

static unsigned n_notes(const struct conflict *c)
{
        return c->omitted < CONFLICT_NOTED ? (unsigned)c->omitted : CONFLICT_NOTED;
}

/** The note of a transaction that was counted. NULL if there is none. */
static struct conflict_note *find_note(struct conflict *c, uint64_t conn_id, uint64_t trx_id)
{
        for (unsigned i = 0; i < n_notes(c) && trx_id != 0; i++) {
                if (c->noted[i].conn_id == conn_id && c->noted[i].trx_id == trx_id) {
                        return &c->noted[i];
                }
        }
        return NULL;
}

/** Count a transaction for which there is no place, once. */
static void omit(struct conflict *c, uint64_t conn_id, uint64_t trx_id)
{
        unsigned n = n_notes(c);
        if (find_note(c, conn_id, trx_id) != NULL) {
                return;
        }
        if (n < CONFLICT_NOTED) {
                c->noted[n] = (struct conflict_note){conn_id, trx_id};
        }
        c->omitted++;
}

static void begin_transaction(const struct conflict *c, struct conflict_transaction *t, uint64_t conn_id,
                              uint64_t trx_id)
{
        *t = (struct conflict_transaction){.conn_id = conn_id, .trx_id = trx_id, .space = c->size - c->used};
}

/** A place for one more transaction. @return NULL if there is none. */
static struct conflict_transaction *new_transaction(struct conflict *c, uint64_t conn_id, uint64_t trx_id)
{
        struct conflict_transaction *t = NULL;
        for (unsigned i = 0; i < c->n && t == NULL; i++) {
                bool is_unused = c->transactions[i].is_gone && c->transactions[i].kept == 0;
                t = is_unused ? &c->transactions[i] : NULL;
        }
        if (t == NULL && c->n == c->most) {
                return NULL;
        }
        t = t != NULL ? t : &c->transactions[c->n++];
        begin_transaction(c, t, conn_id, trx_id);
        return t;
}

/** The transaction of a deadlock that is least likely to be involved: one that ran nothing, and was active least recently. NULL if there is
 *  none. */
static struct conflict_transaction *find_idle(struct conflict *c)
{
        struct conflict_transaction *idle = NULL;
        for (unsigned i = 0; i < c->n && c->errnum == CONFLICT_DEADLOCK; i++) {
                struct conflict_transaction *t = &c->transactions[i];
                bool is_idle = !t->is_victim && t->last_end_ns < c->since_ns;
                if (is_idle && (idle == NULL || t->last_end_ns < idle->last_end_ns)) {
                        idle = t;
                }
        }
        return idle;
}

/** @p idle is counted from now on, instead of the transaction that takes its place, if that was counted. */
static void trade(struct conflict *c, const struct conflict_transaction *idle, uint64_t conn_id,
                  uint64_t trx_id)
{
        struct conflict_note *note = find_note(c, conn_id, trx_id);
        if (note != NULL) {
                *note = (struct conflict_note){idle->conn_id, idle->trx_id};
        } else if (c->omitted <= CONFLICT_NOTED) { /* otherwise it was most likely counted, too */
                omit(c, idle->conn_id, idle->trx_id);
        }
}

/** A place for a transaction; if there is none, it is counted. In a deadlock, one of which a statement was running when it occurred
 *  (@p was_running) takes the place of one that was idle, and so can't be involved. */
static struct conflict_transaction *place_for(struct conflict *c, uint64_t conn_id, uint64_t trx_id,
                                              bool was_running)
{
        struct conflict_transaction *t = new_transaction(c, conn_id, trx_id);
        struct conflict_transaction *idle = t == NULL && was_running ? find_idle(c) : NULL;
        if (idle != NULL) {
                trade(c, idle, conn_id, trx_id);
                conflict_remove_statements(c, idle);
                begin_transaction(c, idle, conn_id, trx_id);
                t = idle;
        } else if (t == NULL) {
                omit(c, conn_id, trx_id);
        }
        return t;
}

/* Sessions with open transactions, those first that were active last. */
struct choice {
        unsigned n;
        unsigned most;
        struct session *sessions[TRANSACTIONS_MAX];
};

static uint64_t newest_of(const struct session *s)
{
        return s->transaction.chain.newest.number;
}

/** Put @p s in its place, and count the one for which there is no place any more. */
static void consider(struct choice *choice, struct conflict *c, struct session *s)
{
        unsigned at = choice->n;
        while (at > 0 && newest_of(choice->sessions[at - 1]) < newest_of(s)) {
                at--;
        }
        if (at == choice->most) {
                omit(c, s->conn_id, s->transaction.id);
                return;
        }
        if (choice->n == choice->most) {
                const struct session *last = choice->sessions[--choice->n];
                omit(c, last->conn_id, last->transaction.id);
        }
        memmove((void *)&choice->sessions[at + 1], (void *)&choice->sessions[at],
                (choice->n - at) * sizeof(struct session *));
        choice->sessions[at] = s;
        choice->n++;
}

/** It may have ended since: its records came from another worker and were read before the victim's. */
static bool was_open(const struct conflict *c, const struct session_transaction *t)
{
        return t->began_ns <= c->at_ns && (t->is_open || t->ended_ns >= c->since_ns) && t->id != 0;
}

void conflict_add_open(const struct conflict_sources *from, struct conflict *c)
{
        struct choice choice = {.n = 0, .most = c->most - c->n};
        for (unsigned i = 0; i < from->n_ports; i++) {
                const struct sessions *sessions = &from->ports[i]->sessions;
                for (size_t k = 0; k < sessions->n; k++) {
                        struct session *s = sessions->places[k];
                        if (s != NULL && was_open(c, &s->transaction) &&
                            find(c, s->conn_id, s->transaction.id) == NULL) {
                                consider(&choice, c, s);
                        }
                }
        }
        for (unsigned i = 0; i < choice.n; i++) {
                const struct session *s = choice.sessions[i];
                struct conflict_transaction *t = new_transaction(c, s->conn_id, s->transaction.id);
                t->space /= choice.n - i + 1; /* some is left for statements that are still running */
                set_session(t, &s->identity->session);
                keep_chain(from, c, t, s->transaction.chain);
                t->began_wall_ns = s->transaction.began_wall_ns;
                t->space = c->size;
                t->is_settled = !s->transaction.is_open;
                if (s->transaction.ended_ns >
                    t->last_end_ns) { /* its last statement is not a recent record */
                        t->last_end_ns = s->transaction.ended_ns;
                }
        }
}

/** Add @p r, a single statement outside transactions, if it may have locked something. */
static void add_single(struct conflict *c, const struct record *r, const struct record_session *session)
{
        struct conflict_transaction *t = conflict_may_lock(r) ? place_for(c, r->conn_id, 0, true) : NULL;
        if (t != NULL) {
                set_session(t, session);
                (void)conflict_keep(c, t, r);
                t->began_wall_ns = r->wall_ns;
                t->is_settled = true;
        }
}

/** The same of a recent record. If memory is out, it is counted. */
static void add_past_single(struct conflict *c, const struct record_packed *packed,
                            const struct record_session *session)
{
        struct record *r = NULL;
        struct record_packed *copy = copy_packed(packed, &r);
        if (copy != NULL) {
                add_single(c, r, session);
        } else {
                omit(c, record_packed_own(packed)->conn_id, 0);
        }
        prof_free(copy);
}

/** Add the transaction of the record at @p place, if it was open when the conflict occurred. */
static void add_ended(const struct conflict_sources *from, struct conflict *c, struct recent_place place,
                      const struct record *own, struct recent_chain older)
{
        const struct record_session *session;
        struct recent_chain oldest;
        const struct record_packed *before = recent_at(from->recent, older.newest, &session, &oldest);
        bool is_statement = conflict_is_statement(own);
        bool is_involved = (is_statement && own->mono_ns <= c->at_ns) ||
                           (before != NULL && record_packed_own(before)->mono_ns <= c->at_ns);
        if (!is_involved || find(c, own->conn_id, own->trx_id) != NULL) {
                return;
        }
        struct conflict_transaction *t = place_for(c, own->conn_id, own->trx_id, true);
        if (t == NULL) {
                return;
        }
        t->is_settled = true;
        t->space /= 2;
        keep_chain(from, c, t, is_statement ? (struct recent_chain){place, older.count + 1} : older);
        t->space = c->size;
}

/** Look for transactions that have ended since: records of another worker that were read before the victim's. */
void conflict_add_past(const struct conflict_sources *from, struct conflict *c)
{
        struct recent_place place = recent_newest(from->recent);
        for (unsigned i = 0; i < LOOK_BACK; i++) {
                const struct record_session *session;
                struct recent_chain older;
                const struct record_packed *packed = recent_at(from->recent, place, &session, &older);
                if (packed == NULL) {
                        return;
                }
                const struct record *own = record_packed_own(packed);
                bool is_other = own->event == EVENT_QUERY && own->conn_id != c->conn_id;
                if (is_other && conflict_end_of(own) >= c->since_ns) {
                        if (conflict_trx_of(own) != 0) {
                                add_ended(from, c, place, own, older);
                        } else if (own->mono_ns <= c->at_ns) {
                                add_past_single(c, packed, session);
                        }
                }
                place = recent_before(place);
        }
}

/* --- records after a conflict ----------------------------------------------------------------------------------------------- */

/** @p r belongs to a transaction that the conflict does not have yet. */
static void add_late(const struct conflict_sources *from, struct conflict *c, struct session *session,
                     const struct record *r)
{
        bool ended_before = conflict_end_of(r) < c->since_ns;
        if (conflict_trx_of(r) == 0) {
                if (!ended_before) {
                        add_single(c, r, record_session(r));
                }
                return;
        }
        struct session_transaction *known =
            session != NULL && session->transaction.id == r->trx_id ? &session->transaction : NULL;
        if (ended_before && (known == NULL || !known->is_open)) {
                return;
        }
        bool was_running = !ended_before && !conflict_ends_transaction(r);
        struct conflict_transaction *t = place_for(c, r->conn_id, r->trx_id, was_running);
        if (t == NULL) {
                return;
        }
        struct recent_chain alone = {recent_newest(from->recent), 1};
        set_session(t, record_session(r));
        keep_chain(from, c, t, known != NULL ? known->chain : alone);
        if (was_running && t->kept == 0 && t->overwritten > 0) { /* it was not kept as a recent record */
                t->overwritten--;
                (void)conflict_keep(c, t, r);
        }
        t->is_settled = !ended_before;
}

static void settle(struct conflict *c, uint64_t conn_id)
{
        for (unsigned i = 0; i < c->n; i++) {
                struct conflict_transaction *t = &c->transactions[i];
                t->is_settled = t->is_settled || t->conn_id == conn_id;
        }
}

void conflict_see_later(const struct conflict_sources *from, struct conflict *c, struct session *session,
                        const struct record *r)
{
        if (r->event == EVENT_DISCONNECT || r->mono_ns > c->at_ns) {
                settle(c, r->conn_id);
                return;
        }
        uint64_t trx_id = conflict_trx_of(r);
        struct conflict_transaction *t = trx_id != 0 ? find(c, r->conn_id, trx_id) : NULL;
        if (t == NULL) { /* each single statement is one of its own */
                if (conflict_is_statement(r)) {
                        add_late(from, c, session, r);
                }
                return;
        }
        if (t->is_settled || t->is_gone) {
                return;
        }
        bool ended_before = conflict_end_of(r) < c->since_ns;
        bool is_open =
            session == NULL || session->transaction.id != t->trx_id || session->transaction.is_open;
        if (conflict_is_statement(r) && !conflict_ends_transaction(r)) {
                if (t->kept >= from->settings->log.conflict_statements) {
                        conflict_omit_oldest(c, t);
                }
                (void)conflict_keep(c, t, r);
        }
        t->is_gone = ended_before && !is_open;
        t->is_settled = !ended_before;
}

/* --- the victim ---------------------------------------------------------------------------------------------------------------- */

/** Add the victim, whose statement @p r has failed. @return false if there is no space. */
bool conflict_add_victim(const struct conflict_sources *from, struct conflict *c,
                         const struct session *session, const struct record *r)
{
        struct conflict_transaction *t = new_transaction(c, r->conn_id, conflict_trx_of(r));
        t->is_victim = true;
        t->is_settled = true;
        t->began_wall_ns = r->wall_ns;
        set_session(t, record_session(r));
        if (!conflict_keep(c, t, r)) {
                return false;
        }
        c->failed = c->statements;
        c->failed->is_failed = true;
        bool is_followed = session != NULL && conflict_trx_of(r) != 0 && session->transaction.id == r->trx_id;
        if (is_followed) {
                const struct record_session *who;
                struct recent_chain chain = session->transaction.chain;
                struct recent_chain older = {{0, NULL},
                                             chain.count - 1}; /* if the last one was not kept, none was */
                (void)recent_at(from->recent, chain.newest, &who, &older);
                t->space = (c->size - c->used) / 2;
                keep_chain(from, c, t, conflict_is_statement(r) ? older : chain);
                t->space = c->size;
                t->began_wall_ns = session->transaction.began_wall_ns;
        }
        return true;
}
