/** @file redact_rows.h  The rows of results without passwords, and without values where log.redact says so.
 * Threads: the journal's.   Memory: that of struct redact. */
#ifndef JOURNAL_ENRICH_REDACT_ROWS_H
#define JOURNAL_ENRICH_REDACT_ROWS_H

#include "journal/enrich/redact_text.h"

/** Replace values of the first rows of @p r. @p sql is the statement, redacted already; @p suspected as in redact_record.
 *  @return the REDACTED_ bits of what was replaced. */
unsigned redact_rows(struct redact *f, struct record *r, const struct redact_found *found, struct span sql,
                     bool suspected);

#endif
