/** @file jsonl_field.h  A field of a record as JSON text.
 * Valid UTF-8 whatever a client sent, and nothing is lost: of a text that is no UTF-8, NAME_hex has the exact bytes. */
#ifndef JOURNAL_FORMAT_JSONL_FIELD_H
#define JOURNAL_FORMAT_JSONL_FIELD_H

#include "base/writer.h"
#include "mysql/record/record.h"

/* All are of a field that the record has. */

/** Its value: a number, string, array or object. */
void jsonl_value(struct writer *w, const struct record *r, enum record_field f);
/** Its value, and NAME_hex behind it if that is needed. */
void jsonl_value_and_hex(struct writer *w, const struct record *r, enum record_field f);
/** All of it, as it stands within an object: a comma, the name, what jsonl_value_and_hex gives. */
void jsonl_field(struct writer *w, const struct record *r, enum record_field f);
/** The same for each field of @p fields, in order. */
void jsonl_fields(struct writer *w, const struct record *r, struct field_set fields);

#endif
