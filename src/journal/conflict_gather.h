/** @file conflict_gather.h  Which transactions and statements belong to a conflict. Private to conflict.c.
 * Threads: the journal thread.   Memory: what conflict_statements.h keeps. */
#ifndef JOURNAL_CONFLICT_GATHER_H
#define JOURNAL_CONFLICT_GATHER_H

#include "journal/conflict_sources.h"
#include "journal/pending_conflict.h"
#include "journal/sessions.h"

/** Add the victim, the transaction of @p session (NULL: not known) whose statement @p r has failed. @return false if there is no space. */
bool conflict_add_victim(const struct conflict_sources *from, struct conflict *c,
                         const struct session *session, const struct record *r);
/** Add the transactions that have ended since, of records of other workers that were read before the victim's. */
void conflict_add_past(const struct conflict_sources *from, struct conflict *c);
/** Add the transactions that are open. */
void conflict_add_open(const struct conflict_sources *from, struct conflict *c);
/** Look at @p r, the newest recent record, of another session than the victim's. */
void conflict_see_later(const struct conflict_sources *from, struct conflict *c, struct session *session,
                        const struct record *r);

#endif
