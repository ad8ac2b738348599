/** @file redact_text.h  Statements and error texts without passwords, and without constants where log.redact says so.
 * Threads: the journal's.   Memory: that of struct redact. */
#ifndef JOURNAL_ENRICH_REDACT_TEXT_H
#define JOURNAL_ENRICH_REDACT_TEXT_H

#include "journal/enrich/redact_token.h"

/** What was found in the statements of a record. */
struct redact_found {
        unsigned taken; /**< the REDACTED_ bits of what was replaced */
        uint64_t
            parameters; /**< bit i: the i-th parameter is a password; bit 63 stands for all from there on */
        uint64_t reply; /**< bit i: the i-th column of the result has passwords; all bits: any column may */
        unsigned n_parameters;
        bool has_secret_tag; /**< set by the caller: a comment has a password that may be encoded in it */
};

/** Replace what must be replaced in the statement in @p field of @p r, and add to @p found. */
void redact_statement(struct redact *f, struct record *r, enum record_field field,
                      struct redact_found *found);
/** The same for the error of @p r. @p sql is the statement, redacted already; @p has_secret: it has a password.
 *  @return the REDACTED_ bits of what was replaced. */
unsigned redact_error(struct redact *f, struct record *r, struct span sql, bool has_secret);

#endif
