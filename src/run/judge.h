/** @file judge.h  Compares what a run sent with budgets, contract and baseline, and writes the files again if that is wanted.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_JUDGE_H
#define RUN_JUDGE_H

#include "run/baseline.h"
#include "run/budget.h"
#include "run/contract.h"

struct judge {
        const struct budgets *budgets;
        uint64_t findings;         /**< bits by enum record_finding */
        const char *contract_path; /**< "" = there is none */
        const char *baseline_path;
        enum contract_mode mode;
        bool prune;
        struct contract contract;
        struct baseline baseline;
};

/** Read the files, before the command is run. @return STATUS_INVALID and the like (reported). */
enum status judge_read(struct judge *j);
/** Add the items to @p o, which has everything else, and write the files in the modes for that.
 *  @return false if memory is out or a file can't be written (reported). */
bool judge_run(struct judge *j, struct outcome *o);
/** The items refer to the files: after they are no longer needed. */
void judge_fini(struct judge *j);

#endif
