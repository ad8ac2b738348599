/** @file births.h  The allocation records of one process, round by round: which are new, and how many were to be expected.
 * Memory: the rounds and births of the run, which the caller frees. Threads: one. */
#ifndef PROFILE_EXPLAIN_BIRTHS_H
#define PROFILE_EXPLAIN_BIRTHS_H

#include "profile/explain/explain_types.h"
#include "profile/explain/runs.h"

/** Fill in what @p run has about records, from its dumps in the set. @return false when memory is out. */
bool births_find(struct explain_run *run, const struct dump_set *set, const struct run *dumps);

#endif
