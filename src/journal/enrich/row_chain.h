/** @file row_chain.h  INSERTs of one row each, one after the other: a loop that needs no result. Private to row_loops.c.
 *
 *      INSERT INTO audit VALUES (1, 'x')
 *      SELECT LAST_INSERT_ID()                reads of the same table, and statements of transactions, may come between
 *      INSERT INTO audit VALUES (2, 'x')
 *
 * A chain ends at other statements, and at the borders of a transaction that holds a whole loop: each of two functions of an application
 * inserts its rows in a transaction, or only one of them does. A transaction for each row does not end it.
 * Knows: commands and transactions.   Does not know: time, sessions.
 * Threads: the journal thread.   Memory: the owner's; fixed. A zeroed struct row_chain is valid and empty. */
#ifndef JOURNAL_ENRICH_ROW_CHAIN_H
#define JOURNAL_ENRICH_ROW_CHAIN_H

#include "journal/enrich/digests.h"
#include "journal/enrich/statement_keys.h"

struct row_chain {
        uint64_t tables;   /**< of the INSERTs, as in struct shape */
        uint64_t trx_id;   /**< transaction of the last INSERT; 0: it was in none */
        unsigned n;        /**< INSERTs; 0: there is no chain */
        unsigned n_in_trx; /**< of these, the last ones, which are in the same transaction or all in none */
        unsigned gap;      /**< commands since the last one */
};

/** Can the statement with @p shape and @p keys be in a chain: is it an INSERT of one given row, and are its
 *  tables known? */
bool row_chain_fits(const struct shape *shape, const struct statement_keys *keys);
/** Does a border of a transaction end the chain before @p r, an INSERT that would be its next one? @p least INSERTs are a loop. */
bool row_chain_ends_before(const struct row_chain *chain, const struct record *r, unsigned least);
/** Does another command, with the shape @p shape (NULL: unknown), end the chain? It is counted. */
bool row_chain_ends_at(struct row_chain *chain, const struct shape *shape);
/** Add @p r, an INSERT with @p shape. */
void row_chain_add(struct row_chain *chain, const struct record *r, const struct shape *shape);

#endif
