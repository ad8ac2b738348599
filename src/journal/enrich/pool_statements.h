/** @file pool_statements.h  The last statements of sessions that had been idle. They may belong to a loop over rows that another session of
 * the same connection pool has read.
 *
 * Records of different sessions do not arrive in order, so the record with the rows may come after the statements of the loop. Therefore
 * the statements are kept for a while.
 * Knows: which sessions may belong to one pool: those of the same user, database and client host.
 * Threads: the journal thread.   Memory: the owner's; fixed. */
#ifndef JOURNAL_ENRICH_POOL_STATEMENTS_H
#define JOURNAL_ENRICH_POOL_STATEMENTS_H

#include "journal/enrich/row_loops.h"

enum { POOL_STATEMENTS = 64, POOL_KEYS = 4 };

struct pool_statement {
        uint64_t scope; /**< pool_scope of its session; 0 = the entry is free */
        uint64_t conn_id;
        uint64_t mono_ns; /**< when it began */
        uint64_t wall_ns;
        uint64_t duration_us;
        uint64_t values; /**< a hash of all its values */
        struct row_statement statement;
        unsigned n;
        uint32_t keys[POOL_KEYS];
};

/** A ring of the newest statements. */
struct pool_statements {
        struct pool_statement at[POOL_STATEMENTS];
        unsigned next; /**< index of the oldest one, which is replaced next */
};

/** A number that is the same for all sessions that may belong to the pool of @p r's session; never 0. */
uint64_t pool_scope(const struct record *r);
/** Keep @p r, unless it has no keys or more than POOL_KEYS. */
void pool_statements_add(struct pool_statements *p, const struct record *r, uint64_t scope,
                         const struct row_statement *statement, const struct statement_keys *keys,
                         uint64_t values);

#endif
