/** @file jsonl_map.h  A list of values with names as a JSON object.
 *
 * Peers choose the names: several values may have the same one. An object has each key once, so these values become one member,
 * {"repeated":[…]}, in their order.
 * Threads: any.   Memory: STAGE_JOURNAL, during the call, for lists of more than a few values. */
#ifndef JOURNAL_FORMAT_JSONL_MAP_H
#define JOURNAL_FORMAT_JSONL_MAP_H

#include "mysql/wire/value.h"

/** Append @p list. If memory is out and @p list is long, it becomes {"unknown":{"unknown":true}}. */
void jsonl_map(struct writer *w, struct value_list list);

#endif
