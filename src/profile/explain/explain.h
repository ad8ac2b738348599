/** @file explain.h  Is it a leak, and why do allocation records grow? Answers from saved heap profiles: a dump is a round of a soak.
 *
 *      struct explain e;
 *      explain_init(&e);
 *      explain_add(&e, text);        once for each file, in any order
 *      explain_finish(&e);           assigns the dumps to processes and judges each process
 *      explain_print_text(&e, stdout);
 *      explain_fini(&e);
 *
 * There are two independent answers for each process: what its bytes do, and what its records do. The records of the first dump
 * are the base: births are counted and predicted (stat.h) from then on. Threads: one. */
#ifndef PROFILE_EXPLAIN_EXPLAIN_H
#define PROFILE_EXPLAIN_EXPLAIN_H

#include "base/status.h"
#include "profile/explain/dump_set.h"
#include "profile/explain/explain_types.h"
#include "profile/explain/runs.h"

#include <stdio.h>

struct explain {
        struct dump_set set;
        struct runs runs;
        struct explain_run *run; /**< as many as runs.n, the newest process last */
        size_t n_run;
        bool failed; /**< memory ran out */
        bool
            verbose; /**< print all tables instead of a screenful. This and the next three are set by the caller */
        size_t list_first; /**< list the new records of these rounds, from 1; 0 = only of the newest */
        size_t list_last;
        bool watching; /**< give the advice for a reader who is taking the profiles right now */
};

void explain_init(struct explain *e);
/** Read all dumps in @p file; what can't be read is counted. The text is copied. @return STATUS_NOMEM, or STATUS_OK. */
enum status explain_add(struct explain *e, struct span file);
/** Judge all dumps that were added. More can be added afterwards, and judged again. */
enum status explain_finish(struct explain *e);
void explain_fini(struct explain *e);
/** Whether one of the processes leaks. */
bool explain_rises(const struct explain *e);

/** For a person: the two answers of each process on a screenful, or all tables. */
void explain_print_text(const struct explain *e, FILE *out);
/** A row for each round of the newest process. */
void explain_print_csv(const struct explain *e, FILE *out);
void explain_print_json(const struct explain *e, FILE *out);
/** A picture of the newest process: records with the band of the prediction, and bytes below. */
void explain_print_svg(const struct explain *e, FILE *out);

#endif
