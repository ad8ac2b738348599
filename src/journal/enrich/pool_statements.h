/** @file pool_statements.h  Statements of sessions that were idle, which may belong to a loop over the rows of a list that another session
 * of the same pool has read.
 *
 * Records of several sessions do not arrive in order: the list may come after the statements. So the last ones are kept.
 * Knows: whose sessions may be one pool: those of the same user, database and client address (without the port).
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_POOL_STATEMENTS_H
#define JOURNAL_ENRICH_POOL_STATEMENTS_H

#include "journal/enrich/row_loops.h"

enum { POOL_STATEMENTS = 64, POOL_KEYS = 4 };

struct pool_statement {
        uint64_t scope; /**< pool_scope of its session; 0 = it is used up, or none was here */
        uint64_t conn_id;
        uint64_t mono_ns; /**< when it began */
        uint64_t wall_ns;
        uint64_t duration_us;
        uint64_t values; /**< a hash of all of its values */
        struct row_statement statement;
        unsigned n;
        uint32_t keys[POOL_KEYS];
};

/** The newest ones, as a ring. */
struct pool_statements {
        struct pool_statement at[POOL_STATEMENTS];
        unsigned next; /**< the oldest: its place is the next to be used */
};

/** A number for the pool that the session of @p r may be part of; never 0. */
uint64_t pool_scope(const struct record *r);
/** Keep @p r. One with more than POOL_KEYS keys is not kept. */
void pool_statements_add(struct pool_statements *p, const struct record *r, uint64_t scope,
                         const struct row_statement *statement, const struct statement_keys *keys,
                         uint64_t values);

#endif
