/** @file row_sighting.h  What the values of one statement have to do with the results that were read before it. Private to row_loops.c.
 * Knows: rows and results.   Does not know: which statements are loops, records.
 * Threads: the journal thread.   Memory: none. */
#ifndef JOURNAL_ENRICH_ROW_SIGHTING_H
#define JOURNAL_ENRICH_ROW_SIGHTING_H

#include "journal/enrich/row_loop.h"
#include "journal/enrich/row_shape.h"
#include "journal/enrich/row_single.h"

/** What was found of the values of one statement. */
struct row_sighting {
        uint32_t parents; /**< a bit for each parent that has one of its values */
        uint32_t further; /**< a bit for each parent that has one in a row that was not used before */
        unsigned
            outer; /**< the parent, not of its own shape, that has the best of these rows; ROW_LOOPS_PARENTS: none has */
        enum row_pair_took best; /**< of all parents */
        bool may_be_behind;      /**< it may belong to a row that is not known */
        bool is_news; /**< it takes its value from a row that came after the last statement of its shape */
};

/** Find what a statement of @p shape has in common with the rows of @p parents, and note it in the pairs of @p shape. The statement is the
 *  session's number @p step, and began at @p mono_ns. @p repeats statements of its shape
 *  before it had the same values. @p fresh is what a single
 *  row has of its values. */
struct row_sighting row_sighting_see(struct row_parent *const parents[ROW_LOOPS_PARENTS], uint64_t step,
                                     struct row_shape *shape, const struct row_statement *stat,
                                     const struct statement_keys *keys, uint64_t mono_ns, unsigned repeats,
                                     const struct row_fresh *fresh);
/** Why the statement was executed, the last one of @p shape (NULL: it has none). @p again: the statement of @p shape before it had the same
 *  @p n values, and if it @p follows, no other came in between. Then a further row is a reason only if it is the next one, or has come
 *  since: some row of some list has most small numbers. Nor is the next one if the statements before were all asked again for no row. */
enum row_use row_sighting_use(const struct row_sighting *seen, const struct row_shape *shape, bool again,
                              bool follows, unsigned n);
/** Does the list with the index @p i, of which there is one for each row of another list, go on with the one that the statement returned?
 *  It begins again if the statement has the value of a row of a list that was read after it began, and of no further row of the list for
 *  which it was read until then. */
bool row_sighting_goes_on(const struct row_sighting *seen,
                          struct row_parent *const parents[ROW_LOOPS_PARENTS], unsigned i);

#endif
