/** @file conflict_statements.h  The statements of a conflict: packed records, one after the other in the conflict's block.
 * Threads: the journal thread.   Memory: the conflict's; allocates nothing. */
#ifndef JOURNAL_CONFLICT_STATEMENTS_H
#define JOURNAL_CONFLICT_STATEMENTS_H

#include "journal/pending_conflict.h"

/** Add @p r to the statements of @p t. @return false if there is no space; then it is counted. */
bool conflict_keep(struct conflict *c, struct conflict_transaction *t, const struct record *r);
/** Omit the oldest statement of @p t. */
void conflict_omit_oldest(struct conflict *c, struct conflict_transaction *t);
/** Remove the statements of @p t, and use their space again. Pointers to other statements than c->failed and the last ones of transactions
 *  become invalid. */
void conflict_remove_statements(struct conflict *c, struct conflict_transaction *t);

#endif
