/** @file row_single.h  The last results of one row, whose statements were executed for no row of another result. What is asked next may
 * have their values, and those of the rows of an older list by chance. Private to row_loops.c.
 * Threads: the journal thread.   Memory: the owner's; fixed. A zeroed struct row_singles is valid and empty. */
#ifndef JOURNAL_ENRICH_ROW_SINGLE_H
#define JOURNAL_ENRICH_ROW_SINGLE_H

#include "journal/enrich/statement_keys.h"
#include "mysql/record/row_hashes.h"

enum { ROW_SINGLES = 2 /**< that are remembered: the most recent ones */ };

struct row_single {
        uint64_t step;    /**< struct row_loops.steps when it arrived; 0: there is none */
        uint32_t columns; /**< the number of values at `at` */
        uint32_t at[ROW_HASHES_COLUMNS];
};

struct row_singles {
        struct row_single at[ROW_SINGLES]; /**< a ring */
        unsigned n;                        /**< added so far */
};

/** What a single row has of the values of a statement. */
struct row_fresh {
        uint64_t step; /**< when it was read; 0: there is none */
        uint64_t keys; /**< a bit for each key that it has */
};

/** Keep the values of the one row that @p r returned in step @p step. */
void row_singles_add(struct row_singles *s, uint64_t step, const struct record *r);
/** Find the newest single row since step @p after that has values of @p keys. */
struct row_fresh row_singles_find(const struct row_singles *s, uint64_t after,
                                  const struct statement_keys *keys);

#endif
