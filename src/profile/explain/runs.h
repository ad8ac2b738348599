/** @file runs.h  Which in the set's dumps are of one process, and in which order they were taken.
 *
 * Nothing is taken from the names of files, or from their order where the dumps tell better: a collection's time (LastGC,
 * time_nanos) orders dumps, and counts that never go back (TotalAlloc, each record's allocations) say which are of one
 * process. Go keeps the ends of the last 256 pauses: two dumps of one process have those in common.
 * Memory: its own. Threads: one. */
#ifndef PROFILE_EXPLAIN_RUNS_H
#define PROFILE_EXPLAIN_RUNS_H

#include "profile/explain/dump_set.h"

#define RUNS_MAX 256

/** The dumps of one process. */
struct run {
        const uint32_t *order; /**< indices of its dumps in the set, as they were taken; part of runs.order */
        size_t n;
        bool same_program; /**< as the run before: it was started again */
};

struct runs {
        uint32_t *order;  /**< indices of dumps: run after run, each as it was taken */
        struct run *runs; /**< by their first dumps */
        size_t n;
        uint64_t twice;  /**< dumps that are there already */
        uint64_t strays; /**< dumps of more than RUNS_MAX processes */
};

/** @return STATUS_NOMEM, or STATUS_OK. */
enum status runs_find(struct runs *r, struct dump_set *s);
void runs_fini(struct runs *r);

#endif
