/** @file row_columns.h  Which columns of a result are worth hashing: those by whose values an application may look up something else.
 *
 * Columns that the server reports as part of a key come first, then integers, then texts and decimals. Numbers with fractions, dates and
 * large objects are never chosen.
 * Source: MySQL's protocol documentation (ColumnDefinition41, ProtocolText::ResultsetRow, Binary Protocol Resultset Row).
 * Threads: any.   Memory: none; a struct row_columns that is zeroed has no columns. */
#ifndef MYSQL_DISSECT_ROW_COLUMNS_H
#define MYSQL_DISSECT_ROW_COLUMNS_H

#include "mysql/record/row_hashes.h"

enum { ROW_COLUMNS_SEEN = 32 /**< further columns are not considered */ };

struct row_columns {
        uint8_t seen;                   /**< columns so far */
        uint8_t n;                      /**< columns that are chosen */
        uint8_t at[ROW_HASHES_COLUMNS]; /**< which, in ascending order */
        uint8_t rank[ROW_HASHES_COLUMNS];
        uint8_t types[ROW_COLUMNS_SEEN]; /**< of all columns; private */
};

/** There are no columns yet. */
static inline void row_columns_begin(struct row_columns *c)
{
        c->seen = 0;
        c->n = 0;
}

/** Add the next column, which has the definition @p body. One that cannot be read ends the list: binary rows cannot be read beyond it. */
void row_columns_add(struct row_columns *c, struct span body);
/** Hash the chosen columns of one row in text form, whose packet has the content @p body, to @p out. Values that cannot be read have no
 *  hash. */
void row_columns_hash_text(const struct row_columns *c, struct span body, uint32_t out[ROW_HASHES_COLUMNS]);
/** The same of a row in binary form, which has @p columns columns in all. */
void row_columns_hash_binary(const struct row_columns *c, uint64_t columns, struct span body,
                             uint32_t out[ROW_HASHES_COLUMNS]);

#endif
