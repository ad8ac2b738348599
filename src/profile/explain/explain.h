/** @file explain.h  Is it a leak, and why do records grow? From saved heap profiles: a dump is a round of a soak.
 *
 *      struct explain e;
 *      explain_init(&e);
 *      explain_add(&e, text);        as often as there are files, in any order
 *      explain_finish(&e);           sorts the dumps to processes and judges each
 *      explain_print_text(&e, stdout);
 *      explain_fini(&e);
 *
 * Two answers for each process, which never contradict each other: what its bytes do, and what its records do. Records of the
 * first dump are what was there before: births are counted and predicted (stat.h) from then on. Threads: one. */
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
        bool failed;       /**< memory ran out */
        bool verbose;      /**< the text has all tables, not a screenful. These three are the caller's */
        size_t list_first; /**< rounds whose new records the text lists, from 1; 0 = only the newest */
        size_t list_last;
        bool watching; /**< the advice is for one who takes the profiles right now */
};

void explain_init(struct explain *e);
/** Read all dumps in @p file; what can't be read is counted. The text need not live on. @return STATUS_NOMEM, or STATUS_OK. */
enum status explain_add(struct explain *e, struct span file);
/** Judge all that was added. More can be added, and judged again. */
enum status explain_finish(struct explain *e);
void explain_fini(struct explain *e);
/** Does one of the processes leak? */
bool explain_rises(const struct explain *e);

/** For a person: the two answers of each process on a screenful, or all tables. */
void explain_print_text(const struct explain *e, FILE *out);
/** A row a round, of the newest process. */
void explain_print_csv(const struct explain *e, FILE *out);
void explain_print_json(const struct explain *e, FILE *out);
/** Records with the band of the prediction, and bytes beneath, of the newest process. */
void explain_print_svg(const struct explain *e, FILE *out);

#endif
