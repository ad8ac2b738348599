/** @file findings.h  The findings of records (N+1 and others) as items of the outcome.
 * Threads: main.   Memory: none. */
#ifndef RUN_FINDINGS_H
#define RUN_FINDINGS_H

#include "run/outcome.h"

/** The findings that fail a run if nothing else is set. */
#define FINDINGS_DEFAULT "n_plus_one,in_write_loop"

/** Read names of findings with commas between them, "all" or "none". @return false if one is unknown; then @p unknown is it. */
bool findings_parse(const char *text, uint64_t *set, struct span *unknown);
/** What to do about @p finding, a sentence. */
const char *findings_advice(enum record_finding finding);
/** Add an item for each finding of @p set (bits by enum record_finding) in a scope and shape. @p is_known, called with @p arg, says which
 *  ones are accepted already. */
void findings_add(struct outcome *o, uint64_t set,
                  bool (*is_known)(void *arg, struct span scope, const char *finding, struct span shape),
                  void *arg);

#endif
