/** @file row_pair.h  How often statements of one shape had values of the rows of one result, and whether they are a loop over these rows.
 * Knows: which rows have been matched, and in which order.   Does not know: statements, records.
 * Threads: the journal thread.   Memory: the owner's; fixed. A zeroed struct row_pair is valid and has matched nothing. */
#ifndef JOURNAL_ENRICH_ROW_PAIR_H
#define JOURNAL_ENRICH_ROW_PAIR_H

#include "journal/enrich/row_parent.h"

struct row_pair {
        uint64_t count;    /**< statements since the result arrived */
        uint64_t found;    /**< how many of them had a value of one of its rows */
        uint64_t took;     /**< how many of these had the value of a row that was not used before */
        uint64_t count_at; /**< `count` at the last statement that was found */
        /* for each column: */
        uint32_t used[ROW_HASHES_COLUMNS];  /**< the rows whose value was used, a bit for each */
        uint8_t rows[ROW_HASHES_COLUMNS];   /**< the number of these rows */
        uint8_t values[ROW_HASHES_COLUMNS]; /**< the number of different values in them */
        uint8_t last[ROW_HASHES_COLUMNS];   /**< the row that was used last */
        uint8_t near[ROW_HASHES_COLUMNS];   /**< rows that were near the row used before them */
};

/** How well a value matches the rows, in ascending order. */
enum row_pair_took {
        ROW_PAIR_NONE,     /**< no row has it */
        ROW_PAIR_USED,     /**< only rows that were used before have it */
        ROW_PAIR_ANY_ROW,  /**< a row that was not used before has it */
        ROW_PAIR_ROW,      /**< the same, in a column with few equal values */
        ROW_PAIR_NEXT_ROW, /**< the next unused row of a column has it, or almost the next */
};

/** Mark a row of @p parent with the value @p hash as used, in each column that has the value. @return the best match of all columns. */
enum row_pair_took row_pair_take(struct row_pair *pair, struct row_parent *parent, uint32_t hash);
/** Are the statements a loop over the rows of @p parent? A loop needs @p least statements. @p count is their number, including those whose
 *  rows were not hashed. With @p in_order, they are a loop only if they used the rows more or less in order. */
bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent, unsigned least, uint64_t count,
                      bool in_order);
/** The number of rows that were used, in the column in which it is highest. */
unsigned row_pair_rows(const struct row_pair *pair);

#endif
