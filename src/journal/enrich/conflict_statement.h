/** @file conflict_statement.h  What the text of a statement says about its locks and its transaction. */
#ifndef JOURNAL_ENRICH_CONFLICT_STATEMENT_H
#define JOURNAL_ENRICH_CONFLICT_STATEMENT_H

#include "mysql/record/record.h"

/** Is @p r, a command, the execution of a statement? */
bool conflict_is_statement(const struct record *r);
/** May @p r, a statement outside transactions, have held locks that others waited for? */
bool conflict_may_lock(const struct record *r);
/** Does @p r, a statement, end its transaction, even if another one begins with it (COMMIT AND CHAIN)? */
bool conflict_ends_transaction(const struct record *r);

#endif
