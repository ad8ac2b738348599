/** @file budget.h  How much a scope, or the whole run, may send.
 *
 * Of several budgets that fit a scope, the last one that has a metric counts for that metric, so that exceptions can follow a rule.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_BUDGET_H
#define RUN_BUDGET_H

#include "run/outcome.h"

enum { BUDGETS_MAX = 1000, BUDGET_METRICS = 10 };

/** One metric of a budget. */
struct budget {
        char *scope; /**< a pattern in which * and ? stand for any characters; NULL: the whole run */
        unsigned metric;
        uint64_t most;
};

struct budgets {
        struct budget *at;
        size_t n;
        size_t room;
};

/** The name of a metric, such as "statements"; NULL behind the last. */
const char *budget_metric(unsigned metric);
/** Add "statements=50,n_plus_one=0" for @p scope, or the whole run if it is NULL. @return STATUS_INVALID (reported, with @p where). */
enum status budget_parse(struct budgets *b, const char *scope, const char *text, const char *where);
/** Add a budget of one metric. @return STATUS_INVALID if there is no such metric or there are too many (reported, with @p where). */
enum status budget_add(struct budgets *b, const char *scope, struct span metric, uint64_t most,
                       const char *where);
/** Add an item to @p o for each budget that is exceeded. */
void budget_check(const struct budgets *b, struct outcome *o);
void budget_free(struct budgets *b);

#endif
