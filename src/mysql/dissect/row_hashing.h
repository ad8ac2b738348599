/** @file row_hashing.h  Hashes the first rows of the result under way, for the record of its command. Nothing happens here while
 * settings->hash_rows is 0.
 *
 * Only the first result of a query or of an execution is hashed, and only one with two and more rows reaches the record. For a while
 * after such a result, those of one row do as well: a loop over the rows of a list may go on to the rows that it finds.
 * Threads: one owner.   Memory: STAGE_DISSECT: a block of 1 KiB while such a result is under way; some are kept in the thread's pool. */
#ifndef MYSQL_DISSECT_ROW_HASHING_H
#define MYSQL_DISSECT_ROW_HASHING_H

#include "mysql/dissect/dissector.h"

/** Will the row after @p rows rows of the command's result be hashed? */
static inline bool row_hashing_wants(const struct dissect *d, const struct command *cmd, uint64_t rows)
{
        return rows < d->settings->hash_rows && cmd->results == 1 &&
               (cmd->code == COM_QUERY || cmd->code == COM_STMT_EXECUTE);
}

/** A block from @p pool, which has one, or a new one. @return NULL when memory is out. */
struct row_hashes *row_hashing_take(struct dissect_pool *pool);
/** The definition of the next column came, in a packet with the content @p body. */
void row_hashing_definition(struct dissect *d, const struct command *cmd, struct span body);
/** Where the server may leave definitions out, keep those that came for the statement of @p cmd, or take the ones that are kept if none
 *  came: after the definitions of COM_STMT_PREPARE, and before the rows of an execution. */
void row_hashing_keep_columns(struct dissect *d, const struct command *cmd);
/** Hash row number @p row, counted from 0, whose packet has the content @p body and which is wanted. After the rows before it. */
void row_hashing_add(struct dissect *d, const struct command *cmd, uint64_t row, struct span body);
/** Put the hashes into the record of the head of the queue. They live until row_hashing_drop. */
void row_hashing_put(struct dissect *d, const struct command *cmd, struct record *r);
/** The result is no longer under way. */
void row_hashing_drop(struct dissect *d);

#endif
