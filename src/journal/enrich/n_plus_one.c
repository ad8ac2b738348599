#include "journal/enrich/n_plus_one.h"

#include "base/clock.h"
#include "base/seed.h"
#include "journal/enrich/parameter_hash.h"
#include "journal/enrich/pool_statements.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

enum {
        POOL_SESSIONS = 16, /* sessions with lists that are considered for a statement */
        GONE_SESSIONS = 16, /* that are kept for the loops of others */
        SLOW_TIMES = 4,     /* so many times as long as the longest statement of a loop is no pause */
};
#define PAUSE_NS                                                                                             \
        CLOCK_S_NS /* so long without a statement ends a loop: a pool gave the connection to somebody else */
#define UNDECIDED_NS (10 * CLOCK_S_NS) /* so long without a record ends what is no loop yet */

#define GONE_NS   (200 * CLOCK_MS_NS) /* so long without a statement ends the loops of a session that is gone */
#define MOMENT_NS (500 * CLOCK_MS_NS) /* between two statements of a loop that uses several sessions */

struct n_plus_one {
        size_t sessions;                   /* that are open, or gone */
        unsigned n_gone;                   /* of those, the ones that are gone */
        struct n_plus_one_session *newest; /* of those that have parents or shapes */
        struct row_loops_pool loops;
        struct n_plus_one_session *latest; /* whose loops the last statement is in */
        struct pool_statements idle;       /* of sessions that were idle */
};

enum status n_plus_one_new(unsigned least, struct n_plus_one **out)
{
        *out = prof_calloc(STAGE_JOURNAL, 1, sizeof **out);
        if (*out == NULL) {
                return STATUS_NOMEM;
        }
        row_loops_pool_init(&(*out)->loops, least);
        return STATUS_OK;
}

/* --- what a session needs for a while ------------------------------------------------------------------------ */

static bool has_loops(const struct n_plus_one_session *s)
{
        return s->loops.n_parents > 0 || s->loops.n_shapes > 0;
}

static void unlist(struct n_plus_one *n, struct n_plus_one_session *s)
{
        *(s->newer != NULL ? &s->newer->older : &n->newest) = s->older;
        if (s->older != NULL) {
                s->older->newer = s->newer;
        }
        s->is_listed = false;
}

/** @p s becomes the first in the list of sessions with loops: statements of a pool are for the rows that were read last. */
static void bring_forward(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (s->is_listed) {
                unlist(n, s);
        }
        s->newer = NULL;
        s->older = n->newest;
        if (n->newest != NULL) {
                n->newest->newer = s;
        }
        n->newest = s;
        s->is_listed = true;
}

/** Keep the list of sessions with loops: after each change of @p s. */
static void list_session(struct n_plus_one *n, struct n_plus_one_session *s)
{
        if (has_loops(s) && !s->is_listed) {
                bring_forward(n, s);
        } else if (!has_loops(s) && s->is_listed) {
                unlist(n, s);
        }
}

static void end_loops(struct n_plus_one *n, struct n_plus_one_session *s, struct row_loops_ended *ended)
{
        row_loops_end(&n->loops, &s->loops, ended);
        list_session(n, s);
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

void n_plus_one_begin(struct n_plus_one *n, struct n_plus_one_session *s)
{
        *s = (struct n_plus_one_session){.is_listed = false};
        n->sessions++;
}

void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s)
{
        end_loops(n, s, NULL);
        n->latest = NULL;
        n->n_gone -= s->gone_ns != 0 ? 1 : 0;
        n->sessions--;
        if (n->sessions == 0) { /* an idle proxy keeps no spare blocks: how many there are is chance */
                row_loops_pool_fini(&n->loops);
        }
}

struct n_plus_one_session *n_plus_one_any_gone(const struct n_plus_one *n)
{
        struct n_plus_one_session *s = n->n_gone > 0 ? n->newest : NULL;
        while (s != NULL && s->gone_ns == 0) {
                s = s->older;
        }
        return s;
}

void n_plus_one_free(struct n_plus_one *n)
{
        if (n != NULL) {
                row_loops_pool_fini(&n->loops);
                prof_free(n);
        }
}

/* --- time ----------------------------------------------------------------------------------------------------------- */

/** When @p s, which is gone, or another session with a statement of its loops was open last. */
static uint64_t last_open_ns(const struct n_plus_one_session *s)
{
        return s->loop_ns > s->gone_ns ? s->loop_ns : s->gone_ns;
}

/** When a pause of at least @p least_ns is long enough to end the loops of @p s. */
static uint64_t pause_end_ns(const struct n_plus_one_session *s, uint64_t least_ns)
{
        uint64_t slow_ns = SLOW_TIMES * s->loops.longest_us * CLOCK_US_NS;
        if (s->gone_ns != 0) {
                return last_open_ns(s) + GONE_NS + slow_ns;
        }
        uint64_t last = s->loop_ns > s->ended_ns ? s->loop_ns : s->ended_ns;
        return last + (slow_ns > least_ns ? slow_ns : least_ns);
}

/** When the loops of @p s end if no record of it arrives before. What is no loop yet waits longer, because a slow statement may be under
 *  way, whose record tells when it began. */
static uint64_t expiry_ns(const struct n_plus_one_session *s)
{
        return pause_end_ns(s, s->loops.n_loops > 0 ? PAUSE_NS : UNDECIDED_NS);
}

bool n_plus_one_is_over(const struct n_plus_one *n)
{
        return n->n_gone > 0 && n->n_gone == n->sessions;
}

bool n_plus_one_is_waiting(const struct n_plus_one *n)
{
        return n->newest != NULL;
}

struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns, struct row_loops_ended *ended)
{
        /* a session that has left the list still knows which one follows */
        struct n_plus_one_session *first = after != NULL ? after->older : n->newest;
        bool is_over = n_plus_one_is_over(n);
        for (struct n_plus_one_session *s = first; s != NULL; s = s->older) {
                if (is_over || now_mono_ns > expiry_ns(s)) {
                        end_loops(n, s, ended);
                        return s;
                }
        }
        return NULL;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/** A hash of all values of a statement: the constants in its text, and its parameters. */
static uint64_t hash_values(const struct record *r, const struct digest_found *found)
{
        uint64_t values = found->values;
        (void)parameter_hash(r, &values, seed_of_process());
        return values;
}

/** Preparing and closing belong to the statement that they are about. */
static bool is_upkeep(const struct record *r)
{
        switch (r->command_id) {
        case COM_STMT_PREPARE:
        case COM_STMT_CLOSE:
        case COM_STMT_RESET:
        case COM_STMT_SEND_LONG_DATA:
        case COM_PING: return true;
        default: return false;
        }
}

/** Is it a statement that a loop can have, and not a whole list of its executions? Questions about definitions, of each table of an
 *  application for example, are not statements of a loop. */
static bool may_loop(const struct record *r, const struct digest_found *found)
{
        return found->stat != NULL && !record_has(r, FIELD_ERRNO) && r->command_id != COM_STMT_BULK_EXECUTE &&
               n_plus_one_uses_tables(&found->stat->shape);
}

/** Is another user of the session's pool at work from now on? Pools also reset connections between the statements of one user, and a
 *  user who is logged in again may be another one. */
static bool begins_afresh(const struct record *r)
{
        return r->command_id == COM_CHANGE_USER;
}

/* --- pools ----------------------------------------------------------------------------------------------------------- */

/** Is @p at a moment at which a statement for the loops of @p s may begin? */
static bool is_moment(const struct n_plus_one_session *s, uint64_t at)
{
        return at >= s->list_ns && at <= s->loop_ns + MOMENT_NS;
}

/** May @p s, which ends with @p r, have read a list for whose rows other sessions of its pool run statements? */
static bool may_be_needed(const struct n_plus_one *n, const struct n_plus_one_session *s,
                          const struct record *r)
{
        return s->loops.n_parents > 0 && s->scope != 0 && r->mono_ns <= s->loop_ns + GONE_NS &&
               n->n_gone < GONE_SESSIONS;
}

/** May statements of @p s, which works for itself or for others, be in the loops of @p o? Those of sessions that are gone go on only in
 *  sessions that overlap with them: others belong to something that came later. */
static bool may_share(const struct n_plus_one_session *s, const struct n_plus_one_session *o)
{
        return o != s && (o->gone_ns == 0 || s->began_ns <= last_open_ns(o));
}

/** @p r is in a loop of @p s. */
static void note_statement(struct n_plus_one_session *s, const struct record *r)
{
        uint64_t end_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        s->loop_ns = end_ns > s->loop_ns ? end_ns : s->loop_ns;
}

/** Let @p r be seen by the loops of @p s, another session. */
static bool lend(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                 const struct row_statement *statement, const struct statement_keys *keys, uint64_t values)
{
        if (!is_moment(s, r->mono_ns) ||
            !row_loops_see_elsewhere(&n->loops, &s->loops, r, statement, keys, values)) {
                return false;
        }
        note_statement(s, r);
        n->latest = s;
        return true;
}

/** Which loops of other sessions may have a statement, the best ones first. */
enum candidates {
        GO_ON, /* loops with such statements, and a row that none of these was for: so that the next page has its own */
        BEGIN,     /* lists that have no such statement for a row yet */
        ASK_AGAIN, /* loops with such statements */
        ANY,
        CANDIDATES
};

static bool is_candidate(const struct n_plus_one_session *o, enum candidates which,
                         const struct row_statement *statement, const struct statement_keys *keys)
{
        bool is_known = row_loops_have(&o->loops, statement->hash);
        switch (which) {
        case GO_ON: return is_known && row_loops_have_row(&o->loops, statement->hash, keys);
        case BEGIN: return row_loops_have_row(&o->loops, statement->hash, keys);
        case ASK_AGAIN: return is_known;
        case ANY:
        case CANDIDATES: break;
        }
        return true;
}

/** Let the loops of other sessions see @p r, a statement of @p s: first the loops of those that have read their list for themselves.
 *  @p which are considered. @return whether it belongs to one. */
static bool lend_to(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                    const struct row_statement *statement, const struct statement_keys *keys, uint64_t values,
                    enum candidates which)
{
        uint64_t scope = pool_scope(r);
        for (unsigned serving = 0; serving < 2; serving++) {
                unsigned left = POOL_SESSIONS;
                for (struct n_plus_one_session *o = n->newest; o != NULL && left > 0; o = o->older, left--) {
                        bool fits = may_share(s, o) && o->scope == scope && o->serves == (serving != 0) &&
                                    is_moment(o, r->mono_ns) && is_candidate(o, which, statement, keys);
                        if (fits && lend(n, o, r, statement, keys, values)) {
                                s->n_lent = 1;
                                return true;
                        }
                }
        }
        return false;
}

/** The same with all candidates, or only with those that have such statements. */
static bool lend_to_any(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                        const struct row_statement *statement, const struct statement_keys *keys,
                        uint64_t values, bool is_known)
{
        for (unsigned which = GO_ON; which < CANDIDATES; which++) {
                bool has_known = which == GO_ON || which == ASK_AGAIN;
                if ((has_known || !is_known) &&
                    lend_to(n, s, r, statement, keys, values, (enum candidates)which)) {
                        return true;
                }
        }
        return false;
}

/** @p r, a statement of @p s, is for no row of any list: the loops that have such statements learn that there are others. */
static void note_misses(struct n_plus_one *n, const struct n_plus_one_session *s, const struct record *r,
                        const struct row_statement *statement)
{
        uint64_t scope = pool_scope(r);
        unsigned left = POOL_SESSIONS;
        for (struct n_plus_one_session *o = n->newest; o != NULL && left > 0; o = o->older, left--) {
                if (may_share(s, o) && o->scope == scope && is_moment(o, r->mono_ns) &&
                    row_loops_have(&o->loops, statement->hash)) {
                        row_loops_miss(&o->loops, statement->hash);
                }
        }
}

/** @p r is in no loop of its own session @p s: look for one of another session, or keep it until the list comes. @return whether there
 *  is one. */
static bool see_pool(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                     const struct row_statement *statement, const struct statement_keys *keys,
                     uint64_t values)
{
        if (lend_to_any(n, s, r, statement, keys, values, false)) {
                return true;
        }
        note_misses(n, s, r, statement);
        pool_statements_add(&n->idle, r, pool_scope(r), statement, keys, values);
        s->n_lent++;
        return false;
}

/** @p s has just read a list: the statements for its rows may have come before. They are not marked any more. */
static void see_kept(struct n_plus_one *n, struct n_plus_one_session *s)
{
        for (unsigned i = 0; i < POOL_STATEMENTS; i++) {
                struct pool_statement *kept = &n->idle.at[(n->idle.next + i) % POOL_STATEMENTS];
                if (kept->scope != s->scope || kept->conn_id == s->conn_id) {
                        continue;
                }
                struct record r;
                struct statement_keys keys = {.n = kept->n};
                memcpy(keys.at, kept->keys, kept->n * sizeof keys.at[0]);
                record_clear(&r);
                r.conn_id = kept->conn_id;
                r.mono_ns = kept->mono_ns;
                r.wall_ns = kept->wall_ns;
                r.duration_us = kept->duration_us;
                if (lend(n, s, &r, &kept->statement, &keys, kept->values)) {
                        kept->scope = 0;
                }
        }
}

/** @p r, which was seen, has returned a list: who may run statements for its rows? @p is_own: it was read for a row of another list of
 *  @p s, for which other sessions may have begun statements before. */
static void note_list(struct n_plus_one *n, struct n_plus_one_session *s, const struct record *r, bool is_own)
{
        s->scope = pool_scope(r);
        s->conn_id = r->conn_id;
        s->list_ns = is_own && s->is_listed ? s->list_ns : r->mono_ns;
        if (!is_own && has_loops(s)) {
                bring_forward(n, s);
        }
        note_statement(s, r);
        /* what is known of r stays: its loop may want an example */
        struct n_plus_one_session *latest = n->latest;
        struct row_shape *shape = s->loops.latest;
        enum row_use use = s->loops.use;
        see_kept(n, s);
        n->latest = latest;
        s->loops.latest = shape;
        s->loops.use = use;
}

void n_plus_one_keep_example(struct n_plus_one *n, const struct record *r)
{
        if (n->latest != NULL) {
                row_loops_keep_example(&n->latest->loops, r);
        }
}

/** @p r may be a statement of a loop. @p may_lend: of one of another session, too. */
static void see_statement(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                          const struct digest_found *found, uint64_t values, bool may_lend,
                          struct row_loops_ended *ended)
{
        const struct shape *shape = &found->stat->shape;
        bool is_list = r->row_hashes.len > 0 && r->rows >= 2;
        struct statement_keys keys;
        struct row_statement statement = {.shape = *shape};
        memcpy(statement.hash, found->stat->hash, DIGEST_HASH);
        statement_keys_read(r, found->sql, shape, &keys);
        bool was_idle = r->mono_ns > s->worked_ns + N_PLUS_ONE_IDLE_NS;
        /* such as the number of all rows, before the statements of a loop, and not between them */
        bool is_neutral = may_lend && keys.n == 0 && !is_list && (was_idle || s->is_neutral);
        s->is_neutral = is_neutral;
        may_lend = may_lend && keys.n > 0;
        bool is_own = false;
        bool is_lent = may_lend && s->serves && lend_to_any(n, s, r, &statement, &keys, values, true);
        if (!is_lent) {
                is_own = row_loops_see(&n->loops, &s->loops, r, &statement, &keys, values, ended);
                if (is_own) {
                        note_statement(s, r);
                }
                if (is_own || !(may_lend || is_neutral)) {
                        s->n_lent = 0;
                } else if (is_neutral) {
                        s->n_lent++;
                } else {
                        is_lent = see_pool(n, s, r, &statement, &keys, values);
                }
        } else if (is_list) {
                row_loops_see_list(&n->loops, &s->loops, r, &statement, &keys, ended);
        }
        if (is_list) {
                s->serves = is_lent;
                note_list(n, s, r, is_own);
        }
}

static void see_loops(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                      const struct digest_found *found, uint64_t values, struct row_loops_ended *ended)
{
        const struct shape *shape = found->stat != NULL ? &found->stat->shape : NULL;
        if (r->mono_ns > pause_end_ns(s, PAUSE_NS) || begins_afresh(r)) {
                end_loops(n, s, ended);
        }
        n->latest = s;
        s->loops.use = ROW_USE_NONE;
        if (!may_loop(r, found)) {
                row_loops_see_other(&n->loops, &s->loops, shape, ended);
        } else {
                bool may_lend = n_plus_one_may_be_lent(s, r);
                if (may_lend || row_loops_are_waiting(&s->loops, shape) || r->row_hashes.len > 0) {
                        see_statement(n, s, r, found, values, may_lend, ended);
                } else {
                        s->n_lent = 0;
                }
        }
        list_session(n, s);
}

static void see_order(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                      const struct digest_found *found, struct row_loops_ended *ended)
{
        if (n->loops.least > 0) {
                uint64_t values = found->stat != NULL ? hash_values(r, found) : 0;
                see_loops(n, s, r, found, values, ended);
        }
}

/** @p r is the disconnect of @p s. */
static void end_session(struct n_plus_one *n, struct n_plus_one_session *s, const struct record *r,
                        struct row_loops_ended *ended)
{
        if (may_be_needed(n, s, r)) {
                s->gone_ns = r->mono_ns;
                n->n_gone++;
        } else {
                end_loops(n, s, ended);
        }
}

enum row_use n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                            const struct digest_found *found, struct row_loops_ended *ended)
{
        n->latest = NULL;
        s->began_ns = s->began_ns == 0 ? r->mono_ns : s->began_ns;
        if (r->event == EVENT_DISCONNECT) {
                end_session(n, s, r, ended);
        }
        if (r->event != EVENT_QUERY || is_upkeep(r)) {
                return ROW_USE_NONE;
        }
        see_order(n, s, r, found, ended);
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        s->worked_ns =
            may_loop(r, found) ? s->ended_ns : s->worked_ns; /* and did not only set up its session */
        return n->latest != NULL ? n->latest->loops.use : ROW_USE_NONE;
}
