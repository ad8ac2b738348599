/** @file redact.h  What records must not tell is taken out of them, before anything sees them.
 *
 * Passwords always (mysql/sql/secret.h): '<secret>' stands in their place. As log.redact says, constants of statements and
 * values (parameters, attributes, rows, what errors quote): a token that is the same for the same value wherever it
 * stands, and can't be turned back without the key:
 *
 *      SELECT * FROM t WHERE mail = 'redacted:9c1f0c5be0a41d77'      stmt_execute_values ["redacted:9c1f0c5be0a41d77"]
 *
 * A token is the first 8 bytes of HMAC-SHA-256 of the value as text; of numbers, their decimal digits.
 * Threads: the writer.   Memory: STAGE_JOURNAL, in proportion to the largest record. */
#ifndef JOURNAL_ENRICH_REDACT_H
#define JOURNAL_ENRICH_REDACT_H

#include "base/status.h"
#include "mysql/record/record.h"

struct settings;
struct redact;

/** The key is read from log.redact_key, or made at random. Errors are said. */
enum status redact_new(const struct settings *settings, struct redact **out);
void redact_free(struct redact *f);

/** Change @p r: its new texts live until the next call. @p suspected: its statement may hold a password (secret_suspected).
 *  When memory is out, the fields go and the record says so. */
void redact_record(struct redact *f, struct record *r, bool suspected);

#endif
