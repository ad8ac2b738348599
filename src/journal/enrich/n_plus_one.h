/** @file n_plus_one.h  What the order of a session's statements shows: runs of one statement for each row of a result before them
 * (N+1), and repetitions within a transaction.
 *
 *      SELECT * FROM post LIMIT 20           20 rows: a parent
 *      SELECT * FROM author WHERE id = 7     ─┐
 *      SELECT * FROM tag WHERE post = 1       │ up to eight shapes that take turns, each with other values each time
 *      SELECT * FROM author WHERE id = 3      │
 *      …                                     ─┘ reported once, when something else follows
 *
 * A result of two and more rows can be the parent of a run until a pause, the end of its transaction, or too many other shapes follow:
 * statements that load relations or count rows may come between a list and its loop. Of the results that can be the parent of a run, the
 * one whose rows its statements fit best is reported.
 * A run has at least log.n_plus_one statements of a shape: one to four for each row, or one for at least half of the rows; with 20
 * statements or more, for a fifth of them. What a loop writes between them does not end the run, nor do transactions of each row, but
 * the end of the transaction that the parent is in does. A statement of a run can be a parent itself. When the parent comes again, that
 * is the next page, and the run is reported; a run that nothing follows is reported by n_plus_one_expire.
 * Batches of a whole table, which are read by LIMIT together with a range or an offset, are never part of a run, and a statement that
 * selects by a range is never its own parent.
 * Does not know: rows. A loop over a result, and a loop of the same length that has nothing to do with it, look the same.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; what a session needs is embedded in its owner, and less than 3 KiB besides
 * while it needs it. */
#ifndef JOURNAL_ENRICH_N_PLUS_ONE_H
#define JOURNAL_ENRICH_N_PLUS_ONE_H

#include "journal/enrich/digests.h"

enum {
        N_PLUS_ONE_RUNS = 8,    /**< shapes that can take turns */
        N_PLUS_ONE_PARENTS = 4, /**< results that can be the parent of what follows */
};

/** A result of two and more rows. */
struct n_plus_one_parent {
        uint64_t rows;
        uint64_t values;           /**< the hash of its constants and parameters */
        uint8_t hash[DIGEST_HASH]; /**< of the statement's shape */
        unsigned age;              /**< shapes that followed it */
};

/** A run of statements. */
struct n_plus_one_run {
        uint64_t count;
        uint64_t parent_rows;
        uint64_t sum_us;
        uint64_t mono_ns; /**< begin of its first statement */
        uint64_t wall_ns;
        uint8_t hash[DIGEST_HASH];   /**< of its shape */
        uint8_t parent[DIGEST_HASH]; /**< of the statement that returned the rows */
};

struct n_plus_one;
struct n_plus_one_shape;

/** What is known of a session; its owner embeds it. Private to n_plus_one.c. */
struct n_plus_one_session {
        uint64_t ended_ns;                                    /**< end of its last statement, monotonic */
        struct n_plus_one_parent parents[N_PLUS_ONE_PARENTS]; /**< the newest first */
        unsigned n_parents;
        unsigned others;                  /**< statements other than SELECT since the last SELECT */
        uint64_t parents_trx;             /**< transaction of the newest parent; 0 = none */
        uint64_t runs_trx;                /**< transaction of the first shape's parent */
        uint64_t longest_us;              /**< the longest statement of the runs */
        struct n_plus_one_session *newer; /**< sessions with shapes are in a list */
        struct n_plus_one_session *older;
        unsigned n_shapes;
        unsigned n_seen;                 /**< in all; the newest are kept */
        struct n_plus_one_shape *shapes; /**< NULL while there are none */
        uint64_t trx_id;                 /**< whose statements are in `seen` */
        uint64_t *seen;                  /**< NULL while there are none */
};

/** @p least statements make a run; 0 = no runs are looked for. */
enum status n_plus_one_new(unsigned least, struct n_plus_one **out);
/** After its sessions have ended. NULL is allowed. */
void n_plus_one_free(struct n_plus_one *n);

void n_plus_one_begin(struct n_plus_one *n, struct n_plus_one_session *s);
void n_plus_one_end(struct n_plus_one *n, struct n_plus_one_session *s);

/** Look at @p r, the next record of session @p s, with @p found of its statement. Sets its findings.
 *  @return how many runs it ended, which are in @p runs. */
unsigned n_plus_one_see(struct n_plus_one *n, struct n_plus_one_session *s, struct record *r,
                        const struct digest_found *found, struct n_plus_one_run runs[N_PLUS_ONE_RUNS]);

/** Are there sessions with runs that n_plus_one_expire could end? */
bool n_plus_one_is_waiting(const struct n_plus_one *n);
/** End the runs of the next session that has done nothing for a second and much longer than its statements take.
 *  @p after is the session that the call before returned; NULL at first.
 *  @return the session, with the number of runs to report in @p ended, which may be 0; NULL if there is none. */
struct n_plus_one_session *n_plus_one_expire(struct n_plus_one *n, const struct n_plus_one_session *after,
                                             uint64_t now_mono_ns,
                                             struct n_plus_one_run runs[N_PLUS_ONE_RUNS], unsigned *ended);

#endif
