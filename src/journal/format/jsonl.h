/** @file jsonl.h  A record as a line of JSON.
 * Does not know how a value is written (jsonl_field.h). */
#ifndef JOURNAL_FORMAT_JSONL_H
#define JOURNAL_FORMAT_JSONL_H

#include "base/writer.h"
#include "mysql/record/record.h"

void jsonl_record(struct writer *w, const struct record *r);
/** The same, always field by field: what a test compares with. */
void jsonl_record_by_field(struct writer *w, const struct record *r);

#endif
