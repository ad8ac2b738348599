/** @file n_plus_one.h  What the order of a session's statements shows: statements that are run once for each row of a result before
 * them (N+1; row_loops.h), and writes for each row.
 *
 * A statement whose values are in no list of its own session can belong to a loop over the list of another one: of the same user,
 * database and client address, if its session was idle before, or has run only such statements since then, if it begins while the list is read or
 * directly after it or after another statement of the loop, and if the rows come more or less in their order. If the statement returns a
 * list itself, the next ones of its session belong to that list only if the loop that it was run for has none like them.
 *
 * Loops end when their list is read again (the next page), when a list without any value of the known rows comes, when the session does
 * nothing for a second and much longer than its statements take, when its user changes, or a moment after its end: a pool may close
 * the connection of a list while its loop goes on in others. Only sessions that began while that loop was under way can go on with it.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; what a session needs is embedded in its owner, and for each parent and each shape
 * about 1 KiB besides, and up to 8 KiB for the example of each loop, until it pauses. */
#ifndef JOURNAL_ENRICH_N_PLUS_ONE_H
#define JOURNAL_ENRICH_N_PLUS_ONE_H

#include "base/clock.h"
#include "journal/enrich/digests.h"
#include "journal/enrich/row_loops.h"
#include "mysql/wire/command.h"

/** A session that has done nothing for so long may work for another one, … */
#define N_PLUS_ONE_IDLE_NS (100 * CLOCK_MS_NS)
enum { N_PLUS_ONE_LENT_MAX = 32 /**< … until it has run so many statements that are in no loop */ };

struct n_plus_one;

/** What is known of a session; its owner embeds it. Private to n_plus_one.c. */
struct n_plus_one_session {
        uint64_t began_ns;  /**< its first record, monotonic */
        uint64_t gone_ns;   /**< its end, if its loops are kept for a while; 0 otherwise */
        uint64_t ended_ns;  /**< end of its last statement, monotonic */
        uint64_t worked_ns; /**< end of the last one that reads or writes tables */
        struct row_loops loops;
        struct n_plus_one_session *newer; /**< sessions with loops are in a list */
        struct n_plus_one_session *older;
        bool is_listed;
        uint64_t scope; /**< of what pool it may be (pool_statements.h), while it is listed; 0 = not known */
        uint64_t conn_id; /**< while it is listed */
        uint64_t list_ns; /**< when its newest parent began that was read for no row of another one */
        uint64_t
            loop_ns; /**< end of the last statement in its loops, of any session, or of its newest parent */
        unsigned
            n_lent; /**< statements since it was idle that are in no loop yet, and 1; 0: it works for itself */
        bool
            is_neutral; /**< its statements since it was idle show neither that it works for itself nor for others */
        bool
            serves; /**< its newest parent was read for a loop of another session, which may need its further statements */
};

/** @p least statements make a loop; 0 = no loops are looked for. */
enum status n_plus_one_new(unsigned least, struct n_plus_one **out);
/** After its sessions have ended. NULL is allowed. */
void n_plus_one_free(struct n_plus_one *n);

void n_plus_one_begin(struct n_plus_one *n, struct n_plus_one_session *s);
void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s);
/** Does @p s, whose disconnect was seen, keep its loops for a while? Then its owner keeps it, too, until n_plus_one_expire or
 *  n_plus_one_any_gone returns it. */
static inline bool n_plus_one_is_gone(const struct n_plus_one_session *s)
{
        return s->gone_ns != 0;
}
/** A session that is gone, for its owner to end; NULL if there is none. */
struct n_plus_one_session *n_plus_one_any_gone(const struct n_plus_one *n);

/** Does a statement with @p shape read or write tables? What an application asks about definitions (of each of its tables, say) does
 *  not. */
static inline bool n_plus_one_uses_tables(const struct shape *shape)
{
        bool reads = shape->reads_qualified || shape->reads_unqualified || shape->is_opaque;
        return shape->kind == SHAPE_WRITE || (shape->kind == SHAPE_QUERY && reads);
}

/** May @p r be run for another session? Its own session was idle, or has run nothing else since then. */
static inline bool n_plus_one_may_be_lent(const struct n_plus_one_session *s, const struct record *r)
{
        bool goes_on = s->n_lent - 1U < N_PLUS_ONE_LENT_MAX; /* 0 - 1 is not less */
        return goes_on || r->mono_ns > s->worked_ns + N_PLUS_ONE_IDLE_NS;
}

/** Is @p r a SELECT that can neither go on with a loop nor begin or end one? So are most statements. */
static inline bool n_plus_one_is_quiet(const struct n_plus_one_session *s, const struct record *r,
                                       const struct digest_stat *stat)
{
        return (r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE) && stat != NULL &&
               r->row_hashes.len == 0 && !row_loops_are_waiting(&s->loops, &stat->shape) &&
               !n_plus_one_may_be_lent(s, r);
}

/** See @p r, the next record of session @p s and a command whose statement has @p stat (NULL: it has none), if it is quiet.
 *  @return false if it is not: n_plus_one_see is to see it. */
static inline bool n_plus_one_pass(struct n_plus_one_session *s, const struct record *r,
                                   const struct digest_stat *stat)
{
        if (!n_plus_one_is_quiet(s, r, stat)) {
                return false;
        }
        s->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        if (n_plus_one_uses_tables(&stat->shape) && !record_has(r, FIELD_ERRNO)) {
                s->worked_ns = s->ended_ns;
        }
        return true;
}

/** Look at @p r, the next record of session @p s, which n_plus_one_pass has not seen, with @p found of its statement. Sets its findings,
 *  and adds the loops that it ended to @p ended. @return why it is run. */
enum row_use n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                            const struct digest_found *found, struct row_loops_ended *ended);

/** Keep @p r, which is as it is logged, as an example, if it is the first that is marked in a loop. After n_plus_one_see. */
void n_plus_one_keep_example(struct n_plus_one *n, const struct record *r);

/** Are there sessions with loops that n_plus_one_expire could end? */
bool n_plus_one_is_waiting(const struct n_plus_one *n);
/** Are all sessions gone? Then nobody can go on with their loops. */
bool n_plus_one_is_over(const struct n_plus_one *n);
/** All records so far were seen: end the loops of the next session that has done nothing for a second and much longer than its statements
 *  take, or that is gone and nobody goes on with its loops: its owner ends it after the next call.
 *  @p after is the session that the call before returned; NULL at first.
 *  @return the session, with the loops to report added to @p ended; NULL if there is none. */
struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns, struct row_loops_ended *ended);

#endif
