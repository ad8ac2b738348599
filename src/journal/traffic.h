/** @file traffic.h  How many statements there were in each of the last seconds, with their errors, time and rows.
 * Threads: the journal thread counts; any thread reads, without a lock: a second that is being counted may be read in part.
 * Memory: fixed. */
#ifndef JOURNAL_TRAFFIC_H
#define JOURNAL_TRAFFIC_H

#include "mysql/record/record.h"

#include <stdatomic.h>

enum { TRAFFIC_SECONDS = 900 };

/** A second, or the sum of several. */
struct traffic_sums {
        uint64_t statements; /**< that were executed: COM_QUERY and COM_STMT_EXECUTE */
        uint64_t errors;     /**< those of them that failed */
        uint64_t time_us;    /**< their durations */
        uint64_t rows;       /**< that they returned */
        uint64_t affected_rows;
};

struct traffic {
        struct traffic_second {
                _Atomic uint64_t second; /**< since 1970, at which they ended; 0 = never used */
                _Atomic uint64_t statements;
                _Atomic uint64_t errors;
                _Atomic uint64_t time_us;
                _Atomic uint64_t rows;
                _Atomic uint64_t affected_rows;
        } seconds[TRAFFIC_SECONDS];
};

/** Count @p r, a query record. */
void traffic_count(struct traffic *t, const struct record *r);
/** Add the second @p second since 1970 to @p sums. @return false if it is too long ago, or nothing ended in it. */
bool traffic_add(const struct traffic *t, uint64_t second, struct traffic_sums *sums);

#endif
