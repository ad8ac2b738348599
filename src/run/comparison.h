/** @file comparison.h  Two runs side by side: which shapes are new, gone, sent more or less often, or slower than in the report of another
 * run. What an upgrade of an ORM or a server changed.
 *
 * Slower: with at least COMPARE_LEAST statements in both runs, the median and the 95th percentile are both half as long again, and the
 * median by at least COMPARE_LEAST_US. Differences are notes: they fail nothing.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_COMPARISON_H
#define RUN_COMPARISON_H

#include "run/outcome.h"

enum { COMPARE_LEAST = 5, COMPARE_LEAST_US = 200 };

struct comparison_shape {
        struct span text;
        uint64_t count;
        uint64_t p50_us;
        uint64_t p95_us;
};

struct comparison {
        char *bytes;                     /**< the texts */
        struct comparison_shape *shapes; /**< sorted by text */
        size_t n;
        size_t room;
};

/** Read the JSON report @p path. @return STATUS_IO, STATUS_INVALID and the like (reported). */
enum status comparison_read(struct comparison *c, const char *path);
/** Add a note to @p o for each difference; their texts are those of @p c and of the tally. */
void comparison_add(const struct comparison *c, struct outcome *o);
void comparison_fini(struct comparison *c);

#endif
