/** @file row_parent.h  The first rows of a result, by which values of later statements are found again.
 * Knows: hashes, rows and columns.   Does not know: statements.
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_ROW_PARENT_H
#define JOURNAL_ENRICH_ROW_PARENT_H

#include "journal/enrich/statement_keys.h"
#include "mysql/record/row_hashes.h"
#include "mysql/sql/digest.h"

enum { ROW_PARENT_FILTER = 16 /**< words of 64 bits */ };

struct row_parent {
        uint8_t hash[DIGEST_HASH]; /**< of the statement's shape */
        uint64_t rows;             /**< in all */
        uint64_t step;             /**< when it came */
        uint64_t used;             /**< when it came, or was found last */
        uint32_t own;   /**< the columns by which its statement may have selected, a bit for each */
        bool is_nested; /**< its statement is run for rows of another result: rows are added each time */
        unsigned n;     /**< rows that are hashed: the first ones */
        unsigned columns;
        uint8_t distinct
            [ROW_HASHES_COLUMNS]; /**< see row_parent_distinct; 0: they were not counted since rows were added */
        uint64_t filter
            [ROW_PARENT_FILTER]; /**< a bit for each hash, so that most values that are not there are found quickly */
        uint32_t at[ROW_HASHES_COLUMNS][ROW_HASHES_ROWS];
};

/** Add the rows of @p hashes (struct row_hashes) of a result of @p rows rows, as far as there is space. The columns by which the statement
 *  itself selected, with the values @p own, are left out. */
void row_parent_add(struct row_parent *p, struct span hashes, uint64_t rows,
                    const struct statement_keys *own);
/** The rows whose value in @p column has the hash @p hash, a bit for each. */
uint32_t row_parent_find(const struct row_parent *p, unsigned column, uint32_t hash);
/** The number of different values in @p column. */
unsigned row_parent_distinct(struct row_parent *p, unsigned column);

/** Can it have @p hash in a row? */
static inline bool row_parent_may_have(const struct row_parent *p, uint32_t hash)
{
        return (p->filter[hash % ROW_PARENT_FILTER] >> (hash >> 26) & 1) != 0;
}

/** Does it have rows that are not hashed? */
static inline bool row_parent_is_cut(const struct row_parent *p)
{
        return p->rows > p->n;
}

#endif
