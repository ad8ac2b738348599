/** @file row_pair.h  How often statements of one shape had values of the rows of one result, and whether they are a loop over these rows.
 * Knows: which rows have been matched, and in which order.   Does not know: statements, records.
 * Threads: the journal thread.   Memory: the owner's; fixed. A zeroed struct row_pair is valid and has matched nothing. */
#ifndef JOURNAL_ENRICH_ROW_PAIR_H
#define JOURNAL_ENRICH_ROW_PAIR_H

#include "journal/enrich/row_parent.h"
#include "journal/enrich/row_timeline.h"

struct row_pair {
        uint64_t count;    /**< statements since the result arrived */
        uint64_t found;    /**< how many of them had a value of one of its rows */
        uint64_t took;     /**< how many of these had the value of a row that was not used before */
        uint64_t count_at; /**< `count` at the last statement that was found */
        uint64_t
            fresh; /**< how many that were found had a value of a single row that came after the result */
        /* of those that were found, without the ones that directly repeat the statement before: */
        uint64_t turns; /**< all */
        uint64_t next;  /**< those for the row of the one before, or for the next row */
        uint8_t place;  /**< the row of the last one */
        /* for each column: */
        uint16_t hits[ROW_HASHES_COLUMNS];   /**< of `turns`, those with a value of the column */
        uint16_t ascend[ROW_HASHES_COLUMNS]; /**< of these, those for a row behind that of the one before */
        uint8_t passed[ROW_HASHES_COLUMNS];  /**< the rows up to that one */
        uint8_t near[ROW_HASHES_COLUMNS];    /**< for one of the next rows */
        uint32_t used[ROW_HASHES_COLUMNS];   /**< the rows whose value was used, a bit for each */
        uint32_t asked[ROW_HASHES_COLUMNS];  /**< these, and the other rows that have the same values */
        uint8_t rows[ROW_HASHES_COLUMNS];    /**< the number of the rows in `used` */
        uint8_t values[ROW_HASHES_COLUMNS];  /**< the number of different values in them */
        uint8_t last[ROW_HASHES_COLUMNS];    /**< the row that was used last */
        uint64_t last_ns
            [ROW_HASHES_COLUMNS]; /**< when the statement for the row that was used last began, monotonic */
};

/** How well a value matches the rows, in ascending order. */
enum row_pair_took {
        ROW_PAIR_NONE,      /**< no row has it */
        ROW_PAIR_USED,      /**< only rows that were used before have it */
        ROW_PAIR_ANY_ROW,   /**< a row that was not used before has it */
        ROW_PAIR_ROW,       /**< the same, in a column with few equal values */
        ROW_PAIR_NEXT_ROW,  /**< the next unused row of a column has it, or almost the next */
        ROW_PAIR_SAME_NEXT, /**< the same, directly behind the row used last, which has the same value, in a column with few equal values */
};

/** Mark a row of @p parent as used for each value of @p keys, in each column that has the value; if @p parent is nested, also for the values
 *  in lists. The statement began at @p mono_ns. @p repeats: the one of the same shape before it had the same values.
 *  @return the best match of all. */
enum row_pair_took row_pair_take_any(struct row_pair *pair, struct row_parent *parent,
                                     const struct statement_keys *keys, uint64_t mono_ns, bool repeats);

/** What row_pair_is_loop needs to know besides the pair. */
struct row_pair_case {
        unsigned least; /**< a loop needs so many statements */
        uint64_t count; /**< their number, including those whose rows were not hashed */
        /** Some statements are of other sessions: two more of them make a loop, and these are the last ones. NULL: none are. */
        const struct row_timeline *elsewhere;
        const uint32_t *
            shared; /**< for each column, the rows that only other shapes used, a bit for each; NULL if this is not known */
};

/** Are the statements a loop over the rows of @p parent? Then they are for its rows one after the other, for some of the rows in ascending
 *  order, or for each value of a column once. Look-ups of random values, of which the result has most, are not. */
bool row_pair_is_loop(const struct row_pair *pair, struct row_parent *parent,
                      const struct row_pair_case *what);
/** Has a row of @p parent that was not used a value of @p keys? @p pair may be NULL: none was used. */
bool row_pair_has_row(const struct row_pair *pair, const struct row_parent *parent,
                      const struct statement_keys *keys);
/** Has the loop reached the end of the rows that were hashed, and does the result have more? */
bool row_pair_is_behind(const struct row_pair *pair, const struct row_parent *parent);
/** The first of the columns in which most rows were used. */
unsigned row_pair_column(const struct row_pair *pair);
/** The number of rows that were used in it. */
unsigned row_pair_rows(const struct row_pair *pair);

#endif
