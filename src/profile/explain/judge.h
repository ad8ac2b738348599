/** @file judge.h  What the bytes of one process do: the answer, and the trends.
 * Memory: its own, freed before it returns. Threads: one. */
#ifndef PROFILE_EXPLAIN_JUDGE_H
#define PROFILE_EXPLAIN_JUDGE_H

#include "profile/explain/explain_types.h"
#include "profile/explain/runs.h"

/** Find the answer about bytes, from rounds that births_find has filled in. @return false when memory is out. */
bool judge_bytes(struct explain_run *run, const struct dump_set *set, const struct run *dumps);
/** Trends of live bytes, independent of that answer. @return false when memory is out. */
bool judge_trends(struct explain_run *run);

#endif
