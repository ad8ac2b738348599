/** @file row_shape.h  Statements of one shape, and the result whose rows they go through. Private to row_loops.c.
 * Knows: which of several results explains the statements best.   Does not know: records.
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_ROW_SHAPE_H
#define JOURNAL_ENRICH_ROW_SHAPE_H

#include "journal/enrich/row_loop.h"
#include "journal/enrich/row_pair.h"

struct row_shape {
        struct row_loop loop;
        uint64_t values;  /* of its last statement */
        uint64_t step;    /* when that came */
        uint64_t began;   /* when its first one came */
        unsigned repeats; /* statements before the last one that were the same */
        uint64_t loose;   /* statements that were found in no parent */
        uint64_t tables;  /* of an INSERT of given values */
        unsigned chain;   /* such statements so far with nothing else between them */
        unsigned gap;     /* commands since the last of those */
        bool is_loop;     /* it has been recognized: statements are marked from then on */
        bool wants_example;
        unsigned parent; /* of a loop: its place; ROW_LOOPS_PARENTS = it has none */
        struct row_pair pairs[ROW_LOOPS_PARENTS];
};

/** Statements of the loop over @p parent: those that were found in it, and if it has rows that are not known, what followed them. */
uint64_t row_shape_count(const struct row_shape *shape, const struct row_parent *parent);
/** Find the one of @p parents whose rows @p shape goes through with at least @p least statements.
 *  @return ROW_LOOPS_PARENTS if there is none. */
unsigned row_shape_find_loop(const struct row_shape *shape,
                             struct row_parent *const parents[ROW_LOOPS_PARENTS], unsigned least);

#endif
