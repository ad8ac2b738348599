/** @file row_shape.h  The statements of one digest in a session, and the result over whose rows they are a loop. Private to row_loops.c.
 * Knows: which of several results explains the statements best.   Does not know: records.
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_ROW_SHAPE_H
#define JOURNAL_ENRICH_ROW_SHAPE_H

#include "journal/enrich/row_chain.h"
#include "journal/enrich/row_loop.h"
#include "journal/enrich/row_pair.h"

struct row_shape {
        struct row_loop loop;
        uint64_t values;      /* hash of all values of the last statement */
        uint64_t step;        /* struct row_loops.steps at the last statement */
        uint64_t began;       /* the same at the first statement */
        unsigned repeats;     /* how many statements before the last one had the same values */
        unsigned turns;       /* statements with other values than the one before them */
        unsigned turns_again; /* turns whose values were asked again, for no further row */
        uint64_t loose;       /* statements without a value of any result */
        uint64_t fresh;       /* the step of the last single row that one of its statements had a value of */
        bool is_loop;         /* the loop was recognized; its statements are marked from then on */
        bool wants_example;
        unsigned parent;        /* the index of the loop's result; ROW_LOOPS_PARENTS: the loop has none */
        struct row_chain chain; /* if it is an INSERT of one row */
        struct row_timeline timeline;
        struct row_pair pairs[ROW_LOOPS_PARENTS];
};

/** The number of statements in the loop over @p parent: those with a value of its rows, and if some rows were not hashed, also those
 *  without, which may belong to these rows. */
uint64_t row_shape_count(const struct row_shape *shape, const struct row_parent *parent);
/** Are some INSERTs of the chain of @p shape for no row of the result with the index @p best? Then the others have values of its rows by
 *  chance. */
bool row_shape_exceeds(const struct row_shape *shape, struct row_parent *const parents[ROW_LOOPS_PARENTS],
                       unsigned best);
/** Is @p shape (NULL: none) a loop over a result that has rows which were not hashed? Its last statement may be for one of them. */
bool row_shape_may_be_behind(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS]);
/** Were statements of @p shape found in another result than the one with the index @p i, or do they need none? */
bool row_shape_is_found_elsewhere(const struct row_shape *shape, unsigned i);
/** Find the result among @p parents over whose rows @p shape is a loop of at least @p least statements. @p others are the session's
 *  @p n_others shapes, some of them NULL; @p shape may be one of them. @return ROW_LOOPS_PARENTS if there is none. */
unsigned row_shape_find_loop(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS],
                             struct row_shape *const *others, unsigned n_others, unsigned least);

#endif
