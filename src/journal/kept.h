/** @file kept.h  Copies of texts that live as long as their list: lasting texts of records.
 * Threads: one owner.   Memory: STAGE_JOURNAL, a block each. */
#ifndef JOURNAL_KEPT_H
#define JOURNAL_KEPT_H

#include "base/span.h"

struct kept_text; /**< a list of them begins with NULL */

/** @return a copy of @p text, or an empty one: of an empty one, or when memory is out. */
struct span kept_add(struct kept_text **list, struct span text);
void kept_free(struct kept_text **list);

#endif
