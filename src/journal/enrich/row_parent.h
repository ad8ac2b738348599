/** @file row_parent.h  Hashes of the first rows of a result, in which the values of later statements are looked up.
 * Knows: hashes, rows and columns.   Does not know: statements.
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_ROW_PARENT_H
#define JOURNAL_ENRICH_ROW_PARENT_H

#include "journal/enrich/statement_keys.h"
#include "mysql/record/row_hashes.h"
#include "mysql/sql/digest.h"

enum { ROW_PARENT_FILTER = 16 /**< words of 64 bits */ };

struct row_parent {
        uint8_t hash[DIGEST_HASH]; /**< digest of the statement that returned the rows */
        uint64_t rows;             /**< rows of the result, hashed or not */
        uint64_t step;             /**< struct row_loops.steps when the (last) result arrived */
        uint64_t began;            /**< the same of its first rows */
        uint64_t used;             /**< the same when a statement last had one of its values */
        uint32_t own; /**< the columns by which its own statement may have selected, a bit for each */
        /** Its statement is executed for each row of another result, and each execution adds rows. */
        bool is_nested;
        unsigned
            outer;  /**< if it is nested: the index of that other result; ROW_LOOPS_PARENTS if it is gone */
        unsigned n; /**< rows that are hashed: the first ones */
        unsigned columns;
        /** What row_parent_distinct returns for each column; 0 if rows were added since it was counted. */
        uint8_t distinct[ROW_HASHES_COLUMNS];
        /** A Bloom filter of the hashes, which excludes most values that no row has. */
        uint64_t filter[ROW_PARENT_FILTER];
        uint32_t at[ROW_HASHES_COLUMNS][ROW_HASHES_ROWS];
};

/** Add the rows of @p hashes (a struct row_hashes) of a result of @p rows rows, as long as there is space. Columns by whose values (@p own)
 *  the statement itself selected are omitted. */
void row_parent_add(struct row_parent *p, struct span hashes, uint64_t rows,
                    const struct statement_keys *own);
/** The rows whose value in @p column has the hash @p hash, a bit for each. */
uint32_t row_parent_find(const struct row_parent *p, unsigned column, uint32_t hash);
/** The number of different values in @p column. */
unsigned row_parent_distinct(struct row_parent *p, unsigned column);

/** May a row have the value @p hash? False positives are possible. */
static inline bool row_parent_may_have(const struct row_parent *p, uint32_t hash)
{
        return (p->filter[hash % ROW_PARENT_FILTER] >> (hash >> 26) & 1) != 0;
}

/** Is any of the @p n values @p hashes in any column? */
bool row_parent_has_any(const struct row_parent *p, const uint32_t *hashes, unsigned n);

/** Does the result have rows that are not hashed? */
static inline bool row_parent_is_cut(const struct row_parent *p)
{
        return p->rows > p->n;
}

#endif
