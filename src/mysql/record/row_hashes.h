/** @file row_hashes.h  Hashes of the values in the first rows of a result, by which the journal recognizes the values of later statements.
 *
 *      SELECT id, author FROM post LIMIT 20        (1, 7), (2, 3), … : one hash for each value
 *      SELECT name FROM author WHERE id = 7           has the hash of a value of the second column
 *
 * A value has the same hash in the text protocol, in the binary protocol, and as a constant of a statement: it is that of the text form.
 * Knows: which forms of a value are equal.   Does not know: which columns are of interest (mysql/dissect/row_columns.h).
 * Threads: any.   Memory: none. */
#ifndef MYSQL_RECORD_ROW_HASHES_H
#define MYSQL_RECORD_ROW_HASHES_H

#include "mysql/wire/value.h"

enum {
        ROW_HASHES_ROWS = 32,
        ROW_HASHES_COLUMNS = 8,
        ROW_HASH_MAX = 64, /**< bytes of the longest value that has a hash; keys are not longer */
};

/** In a record it is cut behind the last row. */
struct row_hashes {
        uint32_t rows;
        uint32_t columns;
        uint32_t at[ROW_HASHES_ROWS * ROW_HASHES_COLUMNS]; /**< row by row; 0: the value has no hash */
};

static inline size_t row_hashes_size(const struct row_hashes *h)
{
        return offsetof(struct row_hashes, at) + sizeof h->at[0] * h->rows * h->columns;
}

/** The hash of a value in text form, as the server sends it. A name and a number (tt:74) has the hash of the number. 0 if it is empty or
 *  too long. */
uint32_t row_hash_text(struct span text);
/** The hash of any value. 0 for NULL, for what is empty, long, cut or unknown, for the binary form of dates, and for that of
 *  numbers with a fraction. */
uint32_t row_hash_value(const struct value *v);

#endif
