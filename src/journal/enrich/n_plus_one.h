/** @file n_plus_one.h  What the order of a session's statements shows: runs of one statement for each row of a result before them
 * (N+1), and repetitions within a transaction.
 *
 *      SELECT * FROM post LIMIT 20           20 rows: a parent
 *      SELECT * FROM author WHERE id = 7     ─┐
 *      SELECT * FROM tag WHERE post = 1       │ up to four shapes that take turns, each with other values each time
 *      SELECT * FROM author WHERE id = 3      │
 *      …                                     ─┘ reported once, when something else follows
 *
 * A run is reported if it has at least log.n_plus_one statements of a shape: one, two, three or four for each row, or for at least
 * half of the rows; if there are 20 and more, for a fifth of them. What a loop writes between them does not end the run, nor do
 * transactions of each row, but the end of the transaction that the parent is in does. A statement of a run can be a parent itself.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; what a session needs is embedded in its owner, and less than 1 KiB besides
 * while it needs it. */
#ifndef JOURNAL_ENRICH_N_PLUS_ONE_H
#define JOURNAL_ENRICH_N_PLUS_ONE_H

#include "journal/enrich/digests.h"

enum { N_PLUS_ONE_RUNS = 4 }; /**< shapes that can take turns */

/** A run of statements. */
struct n_plus_one_run {
        uint64_t count;
        uint64_t parent_rows;
        uint64_t sum_us;
        uint8_t hash[DIGEST_HASH];   /**< of its shape */
        uint8_t parent[DIGEST_HASH]; /**< of the statement that returned the rows */
};

struct n_plus_one;
struct n_plus_one_shape;

/** What is known of a session; its owner embeds it. Private to n_plus_one.c. */
struct n_plus_one_session {
        uint64_t ended_ns; /**< end of its last statement, monotonic */
        /* the statement before, if it returned rows */
        uint64_t rows;
        uint64_t rows_trx; /**< its transaction; 0 = none */
        uint8_t hash[DIGEST_HASH];
        unsigned others;   /**< statements other than SELECT since then */
        uint64_t runs_trx; /**< transaction of the first shape's parent */
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

#endif
