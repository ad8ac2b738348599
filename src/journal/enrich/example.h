/** @file example.h  One statement of many, as it is logged: its text, its values and its tags.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; at most 8 KiB for each. */
#ifndef JOURNAL_ENRICH_EXAMPLE_H
#define JOURNAL_ENRICH_EXAMPLE_H

#include "mysql/record/record_packed.h"

/** A copy of what @p r, which is as it is logged, says about its statement. @return NULL if memory is out; the receiver frees it. */
struct record_packed *example_of(const struct record *r);

#endif
