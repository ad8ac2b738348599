/** @file n_plus_one.h  What the order of a session's statements tells: runs of one statement for each row of a result before them
 * (N+1), and the same again within a transaction.
 *
 *      SELECT * FROM post LIMIT 20           20 rows: a parent
 *      SELECT * FROM author WHERE id = 7     ─┐
 *      SELECT * FROM tag WHERE post = 1       │ up to four shapes in turn, each with other values each time
 *      SELECT * FROM author WHERE id = 3      │
 *      …                                     ─┘ told once, when something else comes
 *
 * A run is told if it has at least log.n_plus_one statements of a shape: one, two, three or four for each row, or for at least
 * half of the rows; of 20 and more, for a fifth. What a loop writes between them does not end it, nor do transactions of each
 * row, but the end of the transaction that the parent is in. A statement of a run can be a parent itself.
 * Threads: the writer.   Memory: STAGE_JOURNAL, some 100 bytes a session, less than 1 KiB while it needs
 * it; bounded. */
#ifndef JOURNAL_ENRICH_N_PLUS_ONE_H
#define JOURNAL_ENRICH_N_PLUS_ONE_H

#include "journal/enrich/digests.h"

struct track;

/** @p sessions is how many are followed at once; those beyond are not, and counted. */
enum status track_new(unsigned n_plus_one, size_t sessions, struct track **out);
void track_free(struct track *t);

/** A run that ended. */
struct track_run {
        uint64_t count;
        uint64_t parent_rows;
        uint64_t sum_us;
        uint8_t hash[DIGEST_HASH];   /**< of its shape */
        uint8_t parent[DIGEST_HASH]; /**< of the statement that gave the rows */
};
enum { TRACK_RUNS_MAX = 4 };

/** Look at @p r, the next record of its session, with @p found of its statement. Sets its findings.
 *  @return how many runs it ended, which are in @p runs. */
unsigned track_see(struct track *t, struct record *r, const struct digest_found *found,
                   struct track_run runs[TRACK_RUNS_MAX]);
/** Sessions that could not be followed. */
uint64_t track_missed(const struct track *t);

#endif
