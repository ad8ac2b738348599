/** @file journal_counts.h  What became of the records of a journal, as counts of each sink and of all of them together.
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_JOURNAL_COUNTS_H
#define JOURNAL_JOURNAL_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct journal;

/** Counts of one sink, or the sums over all sinks. Each record is, for each sink, counted in records, dropped or filtered. */
struct journal_counts {
        const char *file;     /**< the setting of the sink; NULL in sums */
        uint64_t records;     /**< written; gap records are not counted */
        uint64_t dropped;     /**< never written, because a ring or the sink was full */
        uint64_t bytes;       /**< written */
        uint64_t filtered;    /**< not written, because filter.* excludes them */
        uint64_t undecided;   /**< written although a pattern of a filter could not be evaluated to its end */
        uint64_t sink_errors; /**< failed writes, rotations, hooks and the like */
        uint64_t rotations;
        /** Records whose session was not known, because memory was out; only in sums. */
        uint64_t sessions_lost;
        /** Recent records that were discarded because their sessions reached the bound on memory; only in sums. */
        uint64_t recent_cut;
        uint64_t triggers_fired; /**< only in sums, as is the next */
        uint64_t
            triggers_dropped; /**< of these: no packets are saved, because there is no space in the queue */
        uint64_t torn;        /**< times that a file ended within a line, so that a new line was begun */
};

/** The counts of sink @p i. @return false if there are not so many sinks. */
bool journal_sink_counts(const struct journal *j, unsigned i, struct journal_counts *out);
/** The sums over all sinks. What was put and is in no count is still on its way; with log.file = "off", in no sink at all. */
struct journal_counts journal_counts(struct journal *j);
/** After journal_stop: warn if records were dropped, or packets were not saved. */
void journal_report_dropped(struct journal *j);

#endif
