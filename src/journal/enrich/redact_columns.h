/** @file redact_columns.h  Names of columns that repeat a constant or an expression of their statement.
 * Threads: the journal's.   Memory: that of struct redact, and STAGE_JOURNAL during the call. */
#ifndef JOURNAL_ENRICH_REDACT_COLUMNS_H
#define JOURNAL_ENRICH_REDACT_COLUMNS_H

#include "journal/enrich/redact_token.h"

/** Replace the names of columns of @p r that show a password, or that are the text of an expression or of a constant in @p sql. Call it
 *  after redact_rows, which needs the names. @p secret: the statement has a password. @return the REDACTED_ bits. */
unsigned redact_column_names(struct redact *f, struct record *r, struct span sql, bool secret);

#endif
