/** @file jsonl.h  A record as a line of JSON, and a field's value as JSON text.
 * Valid UTF-8 whatever a client sent, and nothing is lost: of a text that is no UTF-8, NAME_hex has the exact bytes. */
#ifndef JOURNAL_JSONL_H
#define JOURNAL_JSONL_H

#include "base/writer.h"
#include "mysql/record.h"

void jsonl_record(struct writer *w, const struct record *r);

/** The value of field @p f, which @p r has: a number, string, array or object. */
void jsonl_value(struct writer *w, const struct record *r, enum record_field f);

#endif
