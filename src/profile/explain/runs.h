/** @file runs.h  Which dumps of a set are of one process, and in which order they were taken.
 *
 * The names of files are not used, and their order only where the dumps have nothing better: the time of a collection (LastGC,
 * time_nanos) orders dumps, and counts that never decrease (TotalAlloc, the allocations of each record) show which are of one
 * process. Go keeps the ends of the last 256 pauses, so two dumps of one process have some in common.
 * Memory: its own. Threads: one. */
#ifndef PROFILE_EXPLAIN_RUNS_H
#define PROFILE_EXPLAIN_RUNS_H

#include "profile/explain/dump_set.h"

#define RUNS_MAX 256

/** The dumps of one process. */
struct run {
        const uint32_t *order; /**< indices of its dumps in the set, as they were taken; part of runs.order */
        size_t n;
        bool same_program; /**< the same program as in the run before: it was started again */
};

struct runs {
        uint32_t *order;  /**< indices of dumps: run after run, each as it was taken */
        struct run *runs; /**< by their first dumps */
        size_t n;
        uint64_t twice;  /**< duplicate dumps */
        uint64_t strays; /**< dumps of more than RUNS_MAX processes */
};

/** @return STATUS_NOMEM, or STATUS_OK. */
enum status runs_find(struct runs *r, struct dump_set *s);
void runs_fini(struct runs *r);

#endif
