/** @file redact.h  Removes from records what must not be logged, before anything else sees them.
 *
 * Passwords are always replaced by '<secret>' (mysql/sql/secret.h). As log.redact says, constants of statements and
 * values (parameters, attributes, rows, what errors quote) are replaced by a token, which is the same for the same value wherever
 * it stands, and can't be reversed without the key:
 *
 *      SELECT * FROM t WHERE mail = 'redacted:9c1f0c5be0a41d77'      stmt_execute_values ["redacted:9c1f0c5be0a41d77"]
 *
 * A token is the first 8 bytes of HMAC-SHA-256 of the value as text; of numbers, their decimal digits.
 * Threads: the journal's.   Memory: STAGE_JOURNAL, in proportion to the largest record. */
#ifndef JOURNAL_ENRICH_REDACT_H
#define JOURNAL_ENRICH_REDACT_H

#include "base/status.h"
#include "mysql/record/record.h"

struct redact;

/** What is replaced by tokens. */
struct redact_options {
        bool literals;        /**< constants in statements */
        bool values;          /**< parameters, attributes, rows and what errors quote */
        const char *key_file; /**< of the tokens; "" = make a random key */
        const char *place;    /**< "FILE:LINE: " where key_file is set, for messages; NULL = unknown */
};

/** @return STATUS_IO if the key can't be read or made, STATUS_NOMEM; both are reported with diag. */
enum status redact_new(const struct redact_options *options, struct redact **out);
/** NULL is allowed. */
void redact_free(struct redact *f);

/** Change @p r; its new texts are valid until the next call. @p suspected: its statement may hold a password (secret_suspected).
 *  When memory is out, the fields are removed, and the record says so. */
void redact_record(struct redact *f, struct record *r, bool suspected);
/** The last record is no longer needed: large buffers are freed. */
void redact_shrink(struct redact *f);

#endif
