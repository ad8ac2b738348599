/** @file row_pair.h  How the statements of one shape go through the rows of one result.
 * Knows: which rows had a value, and when they are a loop.   Does not know: statements, records.
 * Threads: the journal thread.   Memory: the owner's; fixed. A struct row_pair that is zeroed has seen nothing. */
#ifndef JOURNAL_ENRICH_ROW_PAIR_H
#define JOURNAL_ENRICH_ROW_PAIR_H

#include "journal/enrich/row_parent.h"

struct row_pair {
        uint64_t count;                     /**< statements since the parent came */
        uint64_t found;                     /**< of those, with a value of the parent's rows */
        uint64_t took;                      /**< of those, with one of a row that was not used yet */
        uint64_t count_at;                  /**< the count when the last one was found */
        uint32_t used[ROW_HASHES_COLUMNS];  /**< rows, a bit for each, in each column */
        uint8_t rows[ROW_HASHES_COLUMNS];   /**< the number of those */
        uint8_t values[ROW_HASHES_COLUMNS]; /**< different values in them */
        uint8_t last[ROW_HASHES_COLUMNS];   /**< the row that was used last */
        uint8_t near[ROW_HASHES_COLUMNS];   /**< rows that are near the one that was used before */
};

/** Which row has a value? */
enum row_pair_took {
        ROW_PAIR_NONE,     /**< no row */
        ROW_PAIR_USED,     /**< only rows that were used before */
        ROW_PAIR_ANY_ROW,  /**< one that was not used yet */
        ROW_PAIR_ROW,      /**< the same, in a column whose values tell rows apart */
        ROW_PAIR_NEXT_ROW, /**< one whose turn it is: the first of a column that was not used yet, or almost */
};

/** Use a row of @p parent for the value @p hash, in each column that has it. @return the best one. */
enum row_pair_took row_pair_take(struct row_pair *pair, struct row_parent *parent, uint32_t hash);
/** Are the statements a loop over the rows of @p parent? @p least and more make one; with those behind the rows that are known, there
 *  are @p count. @p in_order: only if the rows were used more or less in their order. */
bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent, unsigned least, uint64_t count,
                      bool in_order);
/** The number of rows that were used in the column with the most. */
unsigned row_pair_rows(const struct row_pair *pair);

#endif
