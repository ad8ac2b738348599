/** @file conflict_event.h  The record of a conflict.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, one block for the lists of the record; it is freed with the conflict. */
#ifndef JOURNAL_CONFLICT_EVENT_H
#define JOURNAL_CONFLICT_EVENT_H

#include "journal/pending_conflict.h"

/** Make @p r the record of a conflict, without its transactions, statements and session; it points at what @p failed, the victim's
 *  statement, points at. */
void conflict_describe(struct record *r, const struct record *failed);
/** Make c->record. */
void conflict_event(struct conflict *c);

#endif
