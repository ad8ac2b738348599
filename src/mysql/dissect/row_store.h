/** @file row_store.h  The first rows of a command's results and the columns that they have, until the command's record is made.
 *
 * Knows: how they are stored and what they take of the session's budget.   Does not know: packets, commands.
 * Threads: one owner.   Memory: STAGE_DISSECT; row_store_free returns all of it to the budget. */
#ifndef MYSQL_DISSECT_ROW_STORE_H
#define MYSQL_DISSECT_ROW_STORE_H

#include "mysql/dissect/budget.h"
#include "mysql/wire/value.h"

/** The parts of a column's definition that are needed. */
struct column {
        uint8_t type;
        uint8_t charset;
        uint8_t decimals;
        uint8_t zerofill; /**< its width in characters with ZEROFILL; 0 = without */
        bool is_unsigned;
        bool is_secret;  /**< its name, or its name within its table, suggests that it contains passwords */
        bool is_derived; /**< it belongs to no table */
        bool is_catalog; /**< it belongs to one of the server's own tables */
        size_t name_at;  /**< offset of the name after the array of columns */
        size_t name_len;
};

/** The columns of a result, in one block that can be handed to a statement. The names follow the array of columns. */
struct columns {
        size_t n;
        size_t have; /**< definitions so far */
        size_t names_len;
        size_t names_size;
        struct column at[];
};

static inline struct span columns_name(const struct columns *c, size_t i)
{
        return span_of((const uint8_t *)(c->at + c->n) + c->at[i].name_at, c->at[i].name_len);
}

/** A list of values for a record; it grows. */
struct value_vector {
        struct value *at;
        size_t n;
        size_t size;
};

struct row_block;

struct row_store {
        struct columns *columns;   /**< of the current result; NULL: not known, or the statement has them */
        struct value_vector names; /**< of columns; a mark before those of each result */
        struct value_vector rows;  /**< values; a mark before each result and each row */
        struct row_block *blocks;  /**< the bytes that names and values point to */
        struct budget *budget;
        size_t retained; /**< bytes of the budget */
        bool
            columns_lost; /**< definitions came and could not be kept: older ones of the statement do not count */
        uint64_t cut;     /**< rows that were wanted and not kept */
};

/** @return NULL when memory is out. @p budget must outlive the store. */
struct row_store *row_store_new(struct budget *budget);
/** NULL is allowed. */
void row_store_free(struct row_store *store);

/** A result of @p n columns begins; the definitions of the one before are freed. 0: its definitions will not come. */
void row_store_expect(struct row_store *store, uint64_t n);
/** Its next column. Beyond the budget all columns of the result are lost. */
void row_store_add_column(struct row_store *store, struct column column, struct span name);
/** The columns of the result will not be known: its values are recorded as unknown. */
void row_store_lose_columns(struct row_store *store);
/** Hand over the columns, if all of them are there, as one block of *@p size bytes; else @return NULL. */
struct columns *row_store_take_columns(struct row_store *store, size_t *size);
/** Append @p values to @p list, one of the store's, behind a value of the role @p mark. Their bytes are copied.
 *  @return false if budget or memory do not suffice for all of it: then nothing is appended. */
bool row_store_append(struct row_store *store, struct value_vector *list, enum value_role mark,
                      const struct value *values, size_t n);

#endif
