/** @file n_plus_one.h  What the order of a session's statements shows: statements that are run once for each row of a result before
 * them (N+1; row_loops.h), and writes for each row.
 *
 * A statement whose values are in no list of its own session can belong to a loop over the list of another one: of the same user,
 * database and client address, if its session was idle before, or has run only such statements since then, if it begins while the list is read or
 * directly after it or after another statement of the loop, and if the rows come more or less in their order. If the statement returns a
 * list itself, the next ones of its session belong to that list only if the loop that it was run for has none like them.
 *
 * Loops end when their list is read again (the next page), when a list without any value of the known rows comes, when the session does
 * nothing for a second and much longer than its statements take, when it is reset, or when it ends.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; what a session needs is embedded in its owner, and for each parent and each shape
 * about 1 KiB besides, and up to 8 KiB for the example of each loop, until it pauses. */
#ifndef JOURNAL_ENRICH_N_PLUS_ONE_H
#define JOURNAL_ENRICH_N_PLUS_ONE_H

#include "journal/enrich/digests.h"
#include "journal/enrich/row_loops.h"

struct n_plus_one;

/** What is known of a session; its owner embeds it. Private to n_plus_one.c. */
struct n_plus_one_session {
        uint64_t ended_ns;  /**< end of its last statement, monotonic */
        uint64_t worked_ns; /**< end of the last one that reads or writes tables */
        struct row_loops loops;
        struct n_plus_one_session *newer; /**< sessions with loops are in a list */
        struct n_plus_one_session *older;
        bool is_listed;
        uint64_t scope; /**< of what pool it may be (pool_statements.h), while it is listed; 0 = not known */
        uint64_t conn_id; /**< while it is listed */
        uint64_t list_ns; /**< when its newest parent began */
        uint64_t lent_ns; /**< end of the last statement of another session in its loops */
        unsigned
            n_lent; /**< statements since it was idle that are in no loop yet, and 1; 0: it works for itself */
        bool
            serves; /**< its newest parent was read for a loop of another session, which may need its further statements */
};

/** @p least statements make a loop; 0 = no loops are looked for. */
enum status n_plus_one_new(unsigned least, struct n_plus_one **out);
/** After its sessions have ended. NULL is allowed. */
void n_plus_one_free(struct n_plus_one *n);

void n_plus_one_begin(struct n_plus_one *n, struct n_plus_one_session *s);
void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s);

/** Look at @p r, the next record of session @p s, with @p found of its statement. Sets its findings, and adds the loops that it ended to
 *  @p ended. @return whether it has a value of a row that no statement of its shape had before: it is run for that row, and does not ask
 *  again what another statement did. */
bool n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                    const struct digest_found *found, struct row_loops_ended *ended);

/** Keep @p r, which is as it is logged, as an example, if it is the first that is marked in a loop. After n_plus_one_see. */
void n_plus_one_keep_example(struct n_plus_one *n, const struct record *r);

/** Are there sessions with loops that n_plus_one_expire could end? */
bool n_plus_one_is_waiting(const struct n_plus_one *n);
/** End the loops of the next session that has done nothing for a second and much longer than its statements take.
 *  @p after is the session that the call before returned; NULL at first.
 *  @return the session, with the loops to report added to @p ended; NULL if there is none. */
struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns, struct row_loops_ended *ended);

#endif
