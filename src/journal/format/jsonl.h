/** @file jsonl.h  A record as a line of JSON.
 * Knows: which records are alike, and what their lines have in common.   Does not know: how a value is told
 * (jsonl_field.h). */
#ifndef JOURNAL_FORMAT_JSONL_H
#define JOURNAL_FORMAT_JSONL_H

#include "base/writer.h"
#include "mysql/record/record.h"

void jsonl_record(struct writer *w, const struct record *r);
/** The same, field by field: for any record, and what a test compares with. */
void jsonl_record_slowly(struct writer *w, const struct record *r);

#endif
