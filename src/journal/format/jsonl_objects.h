/** @file jsonl_objects.h  A list of objects as a JSON array. Their members may be values, lists and maps. */
#ifndef JOURNAL_FORMAT_JSONL_OBJECTS_H
#define JOURNAL_FORMAT_JSONL_OBJECTS_H

#include "base/writer.h"
#include "mysql/wire/value.h"

/** Append @p list (RECORD_OBJECTS). Whatever marks it has, the result is valid JSON. */
void jsonl_objects(struct writer *w, struct value_list list);

#endif
