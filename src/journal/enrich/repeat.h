/** @file repeat.h  What the text of a digest shows about a statement that is run again, and about statements before it.
 *
 * Knows: functions and variables whose value differs from call to call; statements that write.   Does not know: stored functions.
 * Source: the MySQL 9 manual, "Functions and Operators"; the MariaDB documentation of sequences.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_ENRICH_REPEAT_H
#define JOURNAL_ENRICH_REPEAT_H

#include "journal/enrich/shape.h"

enum repeat {
        REPEAT_IS_NOTHING,    /**< it may give another result each time, and changes nothing */
        REPEAT_IS_DUPLICATE,  /**< it gives the same result while nothing is written to its tables */
        REPEAT_WRITES_TABLES, /**< it writes some of shape.tables */
        REPEAT_WRITES_ANY,    /**< it may write any table */
        REPEAT_CONTROLS,      /**< it changes its session only: transactions, variables */
};

/** @p text is that of a digest with @p shape. */
enum repeat repeat_of(struct span text, const struct shape *shape);

#endif
